"""Benchmarks: what Tickmesh costs, beside what nothing can beat and what people use instead, in the same run.

    python -m bench            the whole suite, a result file and a report (`tickmesh bench`, `make bench`)
    python -m bench --quick    the same with little data, within 90 s
    python -m bench --only core --compare var/bench/last.json
    python -m bench --against ../before    this checkout and another in turns, their main figures as ratios

Read it from the outside in: `command` (options) -> `suite` (which scenarios, progress, targets) -> `scenarios/` (one noun
each; every one says in its docstring what is measured and what is not) -> `measure` (rounds, statistics) -> `result` (what
is written) -> `targets`, `compare`, `report`; `against` runs the bench of two checkouts in turns. Programs that scenarios
run: `agent` (a real agent process with the bench's venue behind it), `peers/` (the same work in C, and in what people use
instead).

Method, the same everywhere:

- Variants of one measurement run interleaved, round by round, in turning order. A figure is the median of its rounds,
  shown with a bootstrap interval; ratios are taken within a round, so that a slow minute hits both sides.
- Latency under load is measured from the time at which the tick was due, not from when it could be sent (Tene: "How not to
  measure latency"): a stall counts for every tick that it delayed.
- Before the first measured tick each chain has carried a few hundred. Python processes collect and freeze before that and
  run without the collector from there on: agents call it in their duty cycle, between two turns, peers and
  micro-benchmarks not at all.
- A chain is driven back to back (`closed`), where the acks and logs of an order compete with the next tick, and from rest
  (`rested`), where they have ended: a feed behind everybody else on its CPU keeps it awake and sees when it is idle.
- One CPU carries the chain, the rest of the bench stays on the others (`--cpu`; -1 pins nothing). Ratios from one CPU
  compare path lengths and repeat; absolute times are those of this machine on this day.

We chose ratios to a C program on the same libzmq as the measure of the message path, because absolute microseconds say more
about the hypervisor than about us. We gave up gating p99: on a small shared machine it measures the neighbours.
"""

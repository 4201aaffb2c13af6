"""Tick to order: the four real agents in their own processes, from a venue frame to the order that leaves.

Measured from the receipt of the frame in market data (`closed`: the next tick when the order of the last is out; `rested`:
the next when the CPU has come to rest) or from the time at which the frame was due (1 k/s, 10 k/s, the gaps between the
frames of a recorded capture, all at once), to the moment at which execution hands the create to its venue. Every tick is
a made-up trade frame and is answered by an order, in the drain too.

On the way: normalise, log, publish, sequence check, strategy, log, ask; every risk check, log, ask; log twice, create.
Beside it, in turns: the same three hops in C; the same agents with zmq.asyncio for their transport
(`agents_on_asyncio`); agents and C once more with all code at the same addresses (`address_layout`, one tick at a time);
and then bare hops on what people use instead, with no log, no checks and no decision. The venue is `bench.shells`: frames
in, orders out, no websocket and no HTTP.
"""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from agents.paper.market.capture_files import CaptureFile
from bench.chain import ChainRun, Launch, Plan, run_chain
from bench.cost import can_profile, profile, sampled
from bench.events import can_count
from bench.launch import agents, c_chain, stages
from bench.measure import told
from bench.peers.brokers import broker, missing
from bench.result import Source
from bench.scenario import US, Bench
from bench.settings import Mode, capture
from bench.tape import Column
from mesh.node.tuning import may_fix_addresses

NAME = "tick_to_order"
TITLE = "Tick to order, four processes"
WEIGHT = 9.0
CAPTURE = "binance-spot/hftbacktest/btcusdt_20240809.gz"
CAPTURE_PER_SECOND = 2_000
"""A capture is sped up to this many frames a second on average; its bursts stay bursts."""

TRANSPORTS = ("grpc", "redis", "nats")
CLOSED = ("closed", "rested")
FLOORS = ("c_ipc", "c_tcp", "c_fixed")
FLOOR_OF = {"agents_ipc": "c_ipc", "agents_tcp": "c_tcp", "agents_fixed": "c_fixed", "group": "c_ipc"}
OURS = tuple(FLOOR_OF)
SLOW = ("agents_on_asyncio",)
"""What cannot keep up with any of the rates: an open loop would measure how long its queue has grown."""

ONE_AT_A_TIME = (*SLOW, "agents_fixed", "c_fixed")
"""What is driven in no open loop."""

COUNTED = ("agents_ipc", "c_ipc", "group")
"""Of these it is told what an order has the kernel do."""

CALLS_ROUNDS = 3
"""System calls are counted in so many rounds; they hardly scatter."""

UPTO = 0.7
"""The share of the time for what the targets take ratios of, in as many rounds as fit; the others follow."""


def run(bench: Bench) -> None:
    """Measure."""
    made = bench.programs()
    if not made:
        return
    cpu = bench.settings.cpu
    chains = {"agents_ipc": ours(bench), "c_ipc": c_chain(made["chain"], cpu=cpu)}
    chains["agents_on_asyncio"] = ours(bench, on_asyncio=True)
    if lack := may_fix_addresses():
        bench.skip(f"fixed addresses: {lack}")
    else:
        chains |= {"agents_fixed": ours(bench, fixed=True), "c_fixed": c_chain(made["chain"], cpu=cpu, fixed=True)}
    others: dict[str, Launch] = {"zmq_asyncio": stages("zmq.asyncio", cpu=cpu)}
    if bench.settings.mode is Mode.FULL:
        others |= {"agents_tcp": ours(bench, tcp=True), "c_tcp": c_chain(made["chain"], cpu=cpu, tcp=True)}
    if bench.settings.peers:
        for transport in TRANSPORTS:
            if lack := missing(transport):
                bench.skip(lack)
            else:
                others[transport] = stages(transport, cpu=cpu, broker=broker(transport, cpu))
    plan = make_plan(bench)
    found = drive(bench, chains, plan, made["feed"], upto=UPTO)
    rounds = None if bench.settings.mode is Mode.FULL else 1
    tell(bench, found | drive(bench, others, plan, made["feed"], rounds=rounds))


def ours(bench: Bench, **kind: bool) -> Launch:
    """Return what starts the real agents as the settings place them; `kind` is that of `bench.launch.agents`."""
    return agents(cpu=bench.settings.cpu, beside_cpu=bench.settings.helper_cpu, **kind)


def drive(
    bench: Bench, chains: dict[str, Launch], plan: Plan, feed: str, *, upto: float = 1.0, rounds: int | None = None
) -> dict[str, list[ChainRun]]:
    """Run every chain, interleaved, each time in a folder of its own; those of `ONE_AT_A_TIME` not in open loops."""

    rounds_of: Counter[str] = Counter()

    def once(name: str) -> ChainRun:
        rounds_of[name] += 1
        with bench.folder() as folder:
            chosen = Plan(closed=plan.closed, rested=plan.rested) if name in ONE_AT_A_TIME else plan
            if name not in COUNTED or rounds_of[name] > CALLS_ROUNDS:
                chosen = replace(chosen, calls=0)
            return run_chain(chains[name], chosen, folder, feed, bench.settings)

    found = bench.rounds({name: partial(once, name) for name in chains}, upto, rounds)
    if bench.settings.profile:
        for name in [name for name in chains if name in OURS]:
            _profile(bench, name, chains[name], feed)
    return found


def _profile(bench: Bench, name: str, launch: Launch, feed: str) -> None:
    """Run a chain once more, back to back only, and sample where its time goes."""
    if lack := can_profile():
        bench.skip(f"profile: {lack}")
        return
    plan = Plan(closed=bench.settings.n(10_000, 4_000, 200))
    with bench.folder() as folder, bench.folder() as samples:
        file = samples / "samples"
        around = partial(sampled, bench.settings.cpu, file)
        run_chain(launch, plan, folder, feed, bench.settings, around)
        bench.result.profiles.append(profile(name, file))


def make_plan(bench: Bench) -> Plan:
    """Return how many ticks are driven in each way."""
    n = bench.settings.n
    return Plan(
        closed=n(2500, 400, 30),
        rested=n(2500, 400, 30),
        rates={1000: n(1500, 200, 20), 10_000: n(3000, 500, 20)},
        gaps_ns=capture_gaps(bench, n(2000, 300, 0)),
        drain=n(5_000, 600, 20),
        calls=calls_ticks(bench),
    )


def calls_ticks(bench: Bench) -> int:
    """Return over how many ticks system calls are counted, 0 (and told) if they cannot be."""
    if lack := can_count():
        bench.skip(f"system calls: {lack}")
        return 0
    return bench.settings.n(400, 200, 10)


def capture_gaps(bench: Bench, count: int) -> list[int]:
    """Return the gaps between `count` frames of a recorded capture, sped up."""
    path: Path | None = capture(bench.settings, CAPTURE)
    if path is None:
        bench.skip(f"recorded pace: no {CAPTURE} in {bench.settings.data} (TICKMESH_DATA)")
        return []
    if not count:
        return []
    times_ns = [line.ts_ns for _, line in zip(range(count + 1), CaptureFile(path).lines(), strict=False)]
    gaps = np.maximum(np.diff(np.array(times_ns)), 0)
    return [int(gap) for gap in gaps * (1e9 / CAPTURE_PER_SECOND / max(1.0, float(gaps.mean())))]


def tell(bench: Bench, found: dict[str, list[ChainRun]]) -> None:
    """Hand over the figures of all chains."""
    for name, runs in found.items():
        ours = name in OURS or (name.startswith("agents_") and name not in SLOW)
        source: Source = "tickmesh" if ours else "floor" if name in FLOORS else "peer"
        floor = FLOOR_OF.get(name, "")
        floor = floor if floor in found else ""
        bench.hops(name, [each.hops for each in runs], source)
        bench.costs(name, [each.cost for each in runs], source)
        for way in runs[0].phases:
            _tell_way(bench, name, way, source, runs, floor)
    bench.events({name: [each.events for each in runs] for name, runs in found.items() if name in COUNTED})


def _tell_way(bench: Bench, name: str, way: str, source: Source, runs: list[ChainRun], floor: str) -> None:
    found = [each.phases[way] for each in runs]
    group = way.replace("/s", "ps")
    if way == "drain":
        rates = [each.per_second / 1e3 for each in found]
        beside = f"{floor}.drain" if floor else ""
        bench.figure(f"{name}.drain", "k ticks/s", rates, source=source, better="higher", floor=beside)
    else:
        first = Column.MD if way in CLOSED else Column.SCHEDULED
        latencies = [each.between(first, Column.ORDERED) for each in found]
        if all(len(each) for each in latencies):
            bench.latencies(group, name, latencies, source=source, floor=floor)
    late = [told(each.late_ns, US) for each in found if len(each.late_ns)]
    for word in ("p50", "p99", "max") if late else ():
        bench.figure(f"{name}.{group}.feed_late.{word}", "us", [each[word] for each in late], source="info")
    shares = [each.missing / (each.missing + len(each.columns[0])) for each in found]
    if any(shares):
        bench.figure(f"{name}.{group}.no_order", "share", shares, source="info")

"""Repair under loss: one follower is stopped until its queues overflow, and goes on; another one follows live beside it.

Told: how long after it goes on until the stopped one has every message that was published meanwhile, each once and in order
(from the publisher's log), and what the publisher's answers to it cost the live one, on the publisher's own CPU: its
latency, from the time at which each message was due, before, while the other is stopped, and while it is repaired.

Both follow over ZeroMQ, as agents of another host do: who reads the publisher's log itself misses nothing.
"""

import signal
import time
from pathlib import Path

import msgspec
import numpy as np

from bench.chain import pace
from bench.processes import Processes
from bench.scenario import Bench
from bench.streams import PUBLISHER, Watch, start_streams, stream_config
from bench.tape import Column, Tape, create

NAME = "repair"
TITLE = "Repair under loss"
WEIGHT = 1.0
RATE = 10_000
QUEUE = 500
LIVE, STOPPED = "live", "stopped"
BEFORE_S = 0.3
TIMEOUT_S = 60.0


class Healing(msgspec.Struct):
    """One run: ns until healed, how many messages were repaired, and the live follower's latencies by phase in ns."""

    healed_ns: int
    repaired: int
    lost: int
    latencies: dict[str, np.ndarray]


def run(bench: Bench) -> None:
    """Measure."""
    made = bench.programs()
    if not made:
        return
    stop_s = bench.settings.n(10, 6, 3) / 10
    rounds = bench.rounds({"run": lambda: once(bench, stop_s, made["feed"])}).get("run", [])
    if not rounds:
        return
    bench.figure("time_to_heal", "ms", [each.healed_ns / 1e6 for each in rounds])
    bench.figure("repaired", "messages", [float(each.repaired) for each in rounds], source="info", better="higher")
    bench.figure("lost", "messages", [float(each.lost) for each in rounds], source="info")
    per_second = [each.repaired * 1e9 / max(1, each.healed_ns) / 1e3 for each in rounds]
    bench.figure("repaired_per_second", "k msg/s", per_second, better="higher")
    for phase in rounds[0].latencies:
        bench.latencies("live_path", phase, [each.latencies[phase] for each in rounds])


def once(bench: Bench, stop_s: float, feed: str) -> Healing:
    """Stop one of two followers for `stop_s`, and see it healed."""
    count = int(RATE * (BEFORE_S + stop_s + 1.0))
    with bench.folder() as folder, Processes(folder) as processes:
        tapes = {LIVE: create(folder / "live.bin", count), STOPPED: create(folder / "stopped.bin", count)}
        paths: dict[str, Path] = {name: tape.path for name, tape in tapes.items()} | {PUBLISHER: tapes[LIVE].path}
        config = stream_config(folder, {LIVE: count, STOPPED: QUEUE}, publisher_hwm=QUEUE, same_host="zmq")
        cpus = dict.fromkeys(config.agents, bench.settings.cpu) | {STOPPED: bench.settings.helper_cpu}
        start_streams(processes, folder, config, count, cpus, paths)
        try:
            with Watch(config, processes) as watch:
                watch.until_live(list(config.agents))
                pace(tapes[LIVE], 0, np.full(count, 1e9 / RATE), processes, feed, bench.settings.helper_cpu)
                time.sleep(BEFORE_S)
                processes.signal(STOPPED, signal.SIGSTOP)
                stopped_ns = time.monotonic_ns()
                time.sleep(stop_s)
                processes.signal(STOPPED, signal.SIGCONT)
                continued_ns = time.monotonic_ns()
                statuses = watch.until_seen([LIVE, STOPPED], count, TIMEOUT_S)
            link = statuses[STOPPED].links[0]
            return _read(tapes, stopped_ns, continued_ns, link.repaired, link.lost)
        finally:
            for tape in tapes.values():
                tape.close()


def _read(tapes: dict[str, Tape], stopped_ns: int, continued_ns: int, repaired: int, lost: int) -> Healing:
    due = tapes[LIVE].array(Column.SCHEDULED)
    live = tapes[LIVE].array(Column.ORDERED)
    late = tapes[STOPPED].array(Column.ORDERED)
    missed = due < continued_ns
    healed_ns = int(late[missed].max())
    phases = {
        "before": due < stopped_ns,
        "while_stopped": (due >= stopped_ns) & (due < continued_ns),
        "while_repaired": (due >= continued_ns) & (due < max(healed_ns, continued_ns + 20_000_000)),
    }
    latencies = {name: (live - due)[chosen] for name, chosen in phases.items() if chosen.any()}
    return Healing(healed_ns - continued_ns, repaired, lost, latencies)

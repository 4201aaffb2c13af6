"""PUB/SUB: one publisher as fast as it can, through log, sequence check and dispatch into Python handlers, to 1, 4, 16.

The nodes are live ones with stand-in agents: publish is a call of the real engine, a message ends in a Python handler.
The rate of a follower is from its first to its last message; with several, the slowest counts. The publisher has the
measured CPU, followers the other. `agents` follow as agents of one host do, `agents_zmq` as those of another one;
`compiled` and `compiled_zmq` are the same without Python per message on either side (`bench.compiled_stream`: append,
send or ring of ready frames; the receiver of an agent that has the stream conflated), in two processes too. Beside it
C, and zmq.asyncio into a coroutine.
"""

import sys
from collections.abc import Callable
from statistics import median
from typing import Literal

import numpy as np

from bench.chain import pace
from bench.processes import Processes
from bench.scenario import Bench
from bench.streams import PUBLISHER, Watch, start_streams, stream_config
from bench.tape import create

NAME = "fanout"
TITLE = "PUB/SUB throughput and fan-out"
WEIGHT = 1.5
SUBSCRIBERS = (1, 4, 16)
TIMEOUT_S = 120.0
HWM = 4_000_000
M = 1e-6


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n(200_000, 30_000, 300)
    made = bench.programs()
    if not made:
        return
    counts = SUBSCRIBERS[: bench.settings.n(3, 2, 1)]
    cases: dict[str, Callable[[], float]] = {
        "compiled.1": lambda: compiled(bench, n, "-local"),
        "compiled_zmq.1": lambda: compiled(bench, n, ""),
    }
    for k in counts:
        cases[f"agents.{k}"] = lambda k=k: agents(bench, max(100, n // k), k, made["feed"])  # type: ignore[misc]
        cases[f"c.{k}"] = lambda k=k: in_c(bench, made["fanout"], n * 2 // k, k)  # type: ignore[misc]
    cases["agents_zmq.1"] = lambda: agents(bench, n, 1, made["feed"], same_host="zmq")
    cases["zmq_asyncio.1"] = lambda: asyncio_peer(bench, max(100, n // 4))
    found = bench.rounds(cases)
    for name, rounds in found.items():
        source = "floor" if name.startswith("c.") else "peer" if name.startswith("zmq") else "tickmesh"
        floor = f"c.{name.rpartition('.')[2]}" if source == "tickmesh" else ""
        bench.figure(name, "M msg/s", rounds, source=source, better="higher", floor=floor)  # type: ignore[arg-type]
    for kind in ("agents", "c"):
        points = [(float(k), median(found[f"{kind}.{k}"])) for k in counts if f"{kind}.{k}" in found]
        if len(points) > 1:
            bench.growth("subscribers", kind, "subscribers", "M msg/s each", points)


def agents(bench: Bench, n: int, subscribers: int, feed: str, same_host: Literal["memory", "zmq"] = "memory") -> float:
    """Return millions of messages a second at the slowest of the followers."""
    names = [f"f{i}" for i in range(subscribers)]
    with bench.folder() as folder, Processes(folder) as processes:
        config = stream_config(folder, dict.fromkeys(names, HWM), same_host=same_host)
        cpus = {PUBLISHER: bench.settings.cpu, **dict.fromkeys(names, bench.settings.helper_cpu)}
        tape = create(folder / "tape.bin", n)
        start_streams(processes, folder, config, n, cpus, {PUBLISHER: tape.path})
        with Watch(config, processes) as watch:
            watch.until_live([PUBLISHER, *names])
            pace(tape, 0, np.zeros(n), processes, feed, bench.settings.helper_cpu)
            statuses = watch.until_seen(names, n, TIMEOUT_S)
        tape.close()
        slowest_ns = max(
            int(s.figures.values["last_ns"]) - int(s.figures.values["first_ns"]) for s in statuses.values()
        )
        return (n - 1) * 1e9 / slowest_ns * M


def compiled(bench: Bench, n: int, way: str) -> float:
    """Return millions of messages a second with nothing but compiled calls per message on both sides."""
    with bench.folder() as folder, Processes(folder) as processes:
        for end, cpu in (("sub", bench.settings.helper_cpu), ("pub", bench.settings.cpu)):
            processes.python(end, "bench.compiled_stream", end + way, str(folder), str(n), cpu=cpu)
        processes.wait("sub", TIMEOUT_S)
        return float((folder / "sub.log").read_text()) * M


def in_c(bench: Bench, program: str, n: int, subscribers: int) -> float:
    """Return millions of messages a second at the slowest of the C subscribers."""
    with bench.folder() as folder, Processes(folder) as processes:
        endpoint = f"ipc://{folder}/p"
        for number in range(subscribers):
            command = [program, "sub", endpoint, str(n)]
            processes.start(f"sub{number}", command, cpu=bench.settings.helper_cpu)
        processes.start("pub", [program, "pub", endpoint, str(n), str(subscribers)], cpu=bench.settings.cpu)
        for number in range(subscribers):
            processes.wait(f"sub{number}", TIMEOUT_S)
        return min(float((folder / f"sub{i}.log").read_text()) for i in range(subscribers)) * M


def asyncio_peer(bench: Bench, n: int) -> float:
    """Return millions of messages a second into a coroutine over zmq.asyncio, from a plain pyzmq PUB."""
    with bench.folder() as folder, Processes(folder) as processes:
        command = [sys.executable, "-m", "bench.peers.fanout", str(folder), str(n)]
        processes.start("sub", [*command, "sub"], cpu=bench.settings.helper_cpu)
        processes.start("pub", [*command, "pub"], cpu=bench.settings.cpu)
        processes.wait("sub", TIMEOUT_S)
        return float((folder / "sub.log").read_text()) * M

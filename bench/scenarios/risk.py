"""The round trip to risk: a signal asked of the real risk agent, until its answer is decoded.

Risk judges every limit, logs its decision and answers; execution, portfolio and market data run beside it as they do live,
on the other CPUs. Beside it the same in C on the same libzmq, and on what people use instead with nothing to decide.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from bench.agent import TAPE
from bench.desk import desk_config
from bench.peers.brokers import broker, missing
from bench.processes import Processes
from bench.result import Source
from bench.scenario import Bench
from bench.tape import create

NAME = "risk"
TITLE = "Risk round trip"
WEIGHT = 1.6
TIMEOUT_S = 90.0
PEERS = ("grpc", "redis", "nats")
TICKS = 1000

Start = Callable[[Processes, Path, Path], None]
"""Starts servers and then a process named `client`: (processes, folder, file for the times)."""


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n(10_000, 1_500, 50)
    made = bench.programs()
    starts: dict[str, Start] = {kind: _ours(bench, kind, n) for kind in ("approve", "deny")}
    if made:
        starts["c"] = _c(bench, made["roundtrip"], n)
    for transport in ("zmq.asyncio", *(PEERS if bench.settings.peers else ())):
        if lack := missing(transport):
            bench.skip(lack)
        else:
            starts[transport.replace(".", "_")] = _peer(bench, transport, n)
    for name, rounds in bench.rounds({name: partial(once, bench, start) for name, start in starts.items()}).items():
        source: Source = "tickmesh" if name in ("approve", "deny") else "floor" if name == "c" else "peer"
        floor = "c" if source == "tickmesh" and "c" in starts else ""
        bench.latencies("round_trip", name, rounds, source=source, floor=floor)


def once(bench: Bench, start: Start) -> np.ndarray:
    """Run one variant and return its round trips in ns."""
    with bench.folder() as folder, Processes(folder) as processes:
        out = folder / "times.bin"
        # The pipe must stay open: what waits in one that nobody holds is gone.
        tape = create(folder / "tape.bin", TICKS)
        tape.send(0)
        start(processes, folder, out)
        processes.wait("client", TIMEOUT_S)
        tape.close()
        return np.fromfile(out, dtype=np.int64)


def _ours(bench: Bench, kind: str, n: int) -> Start:
    cpu, beside = bench.settings.cpu, bench.settings.helper_cpu

    def start(processes: Processes, folder: Path, out: Path) -> None:
        desk_config(folder)
        config = str(folder / "config.json")
        env = {TAPE: str(folder / "tape.bin")}
        for name in ("execution", "portfolio", "md", "risk"):
            at = cpu if name == "risk" else beside
            processes.python(name, "bench.agent", name, config, cpu=at, env=env)
        processes.python("client", "bench.risk_client", config, kind, str(n), str(out), cpu=cpu)

    return start


def _c(bench: Bench, program: str, n: int) -> Start:
    cpu = bench.settings.cpu

    def start(processes: Processes, folder: Path, out: Path) -> None:
        endpoint = f"ipc://{folder}/r"
        processes.start("server", [program, "server", endpoint], cpu=cpu)
        processes.start("client", [program, "client", endpoint, str(n), str(out)], cpu=cpu)

    return start


def _peer(bench: Bench, transport: str, n: int) -> Start:
    cpu = bench.settings.cpu

    def start(processes: Processes, folder: Path, out: Path) -> None:
        serve = broker(transport, cpu)
        if serve is not None:
            serve(processes, folder)
        for role in ("server", "client"):
            processes.python(role, "bench.peers.roundtrip", transport, role, str(folder), str(n), str(out), cpu=cpu)

    return start

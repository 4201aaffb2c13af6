"""PUB/SUB: one publisher as fast as it can, through log, sequence check and dispatch into Python handlers, to 1, 4, 16.

The nodes are live ones with stand-in agents: publish is a call of the real engine, a message ends in a Python handler. The
rate of a follower is from its first to its last message; with several, the slowest counts. The publisher has the measured
CPU, followers the other. `compiled` is the same path with no Python per message on the way in (log append and send of ready
frames, drain and sequence check into a built-in), both ends in threads of this process. Beside it C, and zmq.asyncio into a
coroutine.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from bench.processes import Processes
from bench.scenario import Bench
from bench.streams import PUBLISHER, Watch, start_streams, stream_config
from bench.workloads import frames
from core.log import LogWriter
from core.sequence import SequenceTracker
from mesh.sockets import Sockets
from schemas.streams import Kind, stream_id

NAME = "fanout"
TITLE = "PUB/SUB throughput and fan-out"
WEIGHT = 1.5
SUBSCRIBERS = (1, 4, 16)
TIMEOUT_S = 120.0
HWM = 4_000_000
STREAM = stream_id(Kind.TRADE, 1, 1)
M = 1e-6


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n(200_000, 30_000, 300)
    made = bench.programs()
    counts = SUBSCRIBERS[: bench.settings.n(3, 2, 1)]
    cases: dict[str, Callable[[], float]] = {"compiled.1": lambda: compiled(bench, n)}
    for k in counts:
        cases[f"agents.{k}"] = lambda k=k: agents(bench, max(100, n // k), k)  # type: ignore[misc]
        if made:
            cases[f"c.{k}"] = lambda k=k: in_c(bench, made["fanout"], n * 2 // k, k)  # type: ignore[misc]
    if bench.settings.peers:
        cases["zmq_asyncio.1"] = lambda: asyncio_peer(bench, n // 4)
    found = bench.rounds(cases)
    for name, rounds in found.items():
        source = "floor" if name.startswith("c.") else "peer" if name.startswith("zmq") else "tickmesh"
        bench.figure(name, "M msg/s", rounds, source=source, better="higher")  # type: ignore[arg-type]
    for kind in ("agents", "c"):
        points = [(float(k), sorted(found[f"{kind}.{k}"])[0]) for k in counts if f"{kind}.{k}" in found]
        if len(points) > 1:
            bench.growth("subscribers", kind, "subscribers", "M msg/s each", points)


def agents(bench: Bench, n: int, subscribers: int) -> float:
    """Return millions of messages a second at the slowest of the followers."""
    names = [f"f{i}" for i in range(subscribers)]
    with bench.folder() as folder, Processes(folder) as processes:
        config = stream_config(folder, dict.fromkeys(names, HWM))
        cpus = {PUBLISHER: bench.settings.cpu, **dict.fromkeys(names, bench.settings.helper_cpu)}
        tape = create(folder / "tape.bin", n)
        start_streams(processes, folder, config, n, cpus, {PUBLISHER: tape.path})
        with Watch(config, processes) as watch:
            watch.until_live([PUBLISHER, *names])
            pace(tape, 0, np.zeros(n), processes, feed, bench.settings.helper_cpu)
            statuses = watch.until_seen(names, n, TIMEOUT_S)
        tape.close()
        slowest_ns = max(int(s.figures["last_ns"]) - int(s.figures["first_ns"]) for s in statuses.values())
        return (n - 1) * 1e9 / slowest_ns * M


def compiled(bench: Bench, n: int) -> float:
    """Return millions of messages a second with nothing but compiled calls per message on the receiving side."""
    with bench.folder() as folder:
        made = frames(n)
        log = LogWriter(str(folder / "log"))
        sockets, ours = Sockets(), Sockets()
        endpoint = f"ipc://{folder}/p"
        out = sockets.publisher(endpoint, HWM)
        follower = ours.follower(endpoint, [b""], HWM)
        tracker = SequenceTracker()
        tracker.set(STREAM, 1, 0)
        seen: deque[bytes] = deque(maxlen=1)
        while not follower.wire.received:
            out.wire.events()
            out.wire.send(made[0])
            time.sleep(0.005)
            follower.wire.drain(seen.append, 100)
        time.sleep(0.05)
        follower.wire.drain(seen.append, 1000)

        def publish() -> None:
            append, send = log.append, out.wire.send
            for frame in made:
                append(frame)
                send(frame)

        before = follower.wire.received
        sender = threading.Thread(target=publish)
        begun_ns = time.perf_counter_ns()
        sender.start()
        while follower.wire.received - before < n:
            follower.wire.drain_tracked(tracker, seen.append, seen.append, 4096)
            time.sleep(0)
        took_ns = time.perf_counter_ns() - begun_ns
        sender.join()
        sockets.close()
        ours.close()
        log.close()
        return n * 1e9 / took_ns * M


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

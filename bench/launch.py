"""How each chain is started: the real agents, and the same hops in C, zmq.asyncio, gRPC, Redis Streams and NATS."""

from collections.abc import Callable
from pathlib import Path

from bench.agent import ASYNCIO, TAPE
from bench.chain import Launch, Percentiles
from bench.desk import BESIDE, CHAIN, GROUP, desk_config
from bench.measure import TOLD
from bench.processes import NEVER, Processes
from core.histogram import LatencyHistogram
from mesh.client import Client
from mesh.embedded import free_port
from schemas.config import Config

HOPS = {"md > signal": ("signal", "md>signal"), "signal > risk": ("risk", "signal>risk")}
HOPS |= {"risk > execution": ("execution", "risk>execution")}
"""Hop -> (agent that measured it, name of its histogram)."""

PORTS_HIGH = 40


def agents(
    *, cpu: int, tcp: bool = False, grouped: bool = False, on_asyncio: bool = False, beside_cpu: int = NEVER
) -> Launch:
    """Return what starts the real agents over ipc, over TCP, in one process, or on zmq.asyncio."""

    def launch(processes: Processes, folder: Path, tape: Path) -> Callable[[], Percentiles]:
        port = free_port() % 20_000 + 20_000 if tcp else 0
        config = desk_config(folder, tcp_port=port, grouped=grouped)
        env = {TAPE: str(tape)} | ({ASYNCIO: "1"} if on_asyncio else {})
        for name in (GROUP,) if grouped else CHAIN:
            processes.python(name, "bench.agent", name, str(folder / "config.json"), cpu=cpu, env=env)
        processes.python(BESIDE, "bench.agent", BESIDE, str(folder / "config.json"), cpu=beside_cpu, env=env)
        return lambda: hops_of(config)

    return launch


def c_chain(program: str, *, cpu: int, tcp: bool = False) -> Launch:
    """Return what starts the chain in C."""

    def launch(processes: Processes, folder: Path, tape: Path) -> None:
        market, risk, execution = _endpoints(folder, tcp)
        ends = {"execution": (execution, "-"), "risk": (risk, execution), "signal": (market, risk), "md": ("-", market)}
        for role, (takes, gives) in ends.items():
            processes.start(role, [program, role, str(tape), takes, gives], cpu=cpu)

    return launch


def stages(transport: str, *, cpu: int, broker: Callable[[Processes, Path], None] | None = None) -> Launch:
    """Return what starts the chain of `bench.peers.stage` on `transport`, with its broker if it needs one."""

    def launch(processes: Processes, folder: Path, tape: Path) -> None:
        if broker is not None:
            broker(processes, folder)
        for role in CHAIN:
            processes.python(role, "bench.peers.stage", transport, role, str(tape), str(folder), cpu=cpu)

    return launch


def hops_of(config: Config) -> Percentiles:
    """Return each hop's latencies in ns, as the agents have measured them since their start."""
    with Client(config) as client:
        statuses = client.statuses(CHAIN)
    found = {}
    for hop, (name, key) in HOPS.items():
        if name in statuses and key in statuses[name].latency:
            histogram = LatencyHistogram.from_bytes(statuses[name].latency[key])
            found[hop] = {word: float(histogram.percentile(p)) for word, p in TOLD.items()}
    return found


def _endpoints(folder: Path, tcp: bool) -> list[str]:
    if not tcp:
        return [f"ipc://{folder}/{name}" for name in ("m", "r", "e")]
    port = free_port() % 20_000 + 20_000
    return [f"tcp://127.0.0.1:{port + i}" for i in range(3)]

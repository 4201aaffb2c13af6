"""How each chain is started: the real agents, and the same hops in C, zmq.asyncio, gRPC, Redis Streams and NATS."""

from collections.abc import Callable
from pathlib import Path

from bench.agent import ASYNCIO, TAPE
from bench.chain import Launch
from bench.desk import BESIDE, CHAIN, GROUP, desk_config
from bench.hops import Served
from bench.processes import NEVER, Processes, ProcessFailedError
from mesh.run.default_config import free_port
from mesh.transport.client import Client
from schemas.config import Config

ANSWER_S_MAX = 10.0
FIXED = ("setarch", "-R")
"""Has a program loaded at the same addresses each time (util-linux)."""


def agents(
    *,
    cpu: int,
    tcp: bool = False,
    grouped: bool = False,
    fixed: bool = False,
    on_asyncio: bool = False,
    beside_cpu: int = NEVER,
) -> Launch:
    """Return what starts the real agents over ipc, over TCP, in one process, at fixed addresses, or on zmq.asyncio."""

    def launch(processes: Processes, folder: Path, tape: Path) -> Callable[[], Served]:
        port = free_port() if tcp else 0
        config = desk_config(folder, tcp_port=port, grouped=grouped, fixed=fixed)
        env = {TAPE: str(tape)} | ({ASYNCIO: "1"} if on_asyncio else {})
        for name in (GROUP,) if grouped else CHAIN:
            processes.python(name, "bench.agent", name, str(folder / "config.json"), cpu=cpu, env=env)
        processes.python(BESIDE, "bench.agent", BESIDE, str(folder / "config.json"), cpu=beside_cpu, env=env)
        return lambda: histograms_of(config)

    return launch


def c_chain(program: str, *, cpu: int, tcp: bool = False, fixed: bool = False) -> Launch:
    """Return what starts the chain in C, over ipc or TCP, or at fixed addresses."""
    before = FIXED if fixed else ()

    def launch(processes: Processes, folder: Path, tape: Path) -> None:
        market, risk, execution = _endpoints(folder, tcp)
        ends = {"execution": (execution, "-"), "risk": (risk, execution), "signal": (market, risk), "md": ("-", market)}
        for role, (takes, gives) in ends.items():
            processes.start(role, [*before, program, role, str(tape), takes, gives], cpu=cpu)

    return launch


def stages(transport: str, *, cpu: int, broker: Callable[[Processes, Path], None] | None = None) -> Launch:
    """Return what starts the chain of `bench.peers.stage` on `transport`, with its broker if it needs one."""

    def launch(processes: Processes, folder: Path, tape: Path) -> None:
        if broker is not None:
            broker(processes, folder)
        for role in CHAIN:
            processes.python(role, "bench.peers.stage", transport, role, str(tape), str(folder), cpu=cpu)

    return launch


def histograms_of(config: Config) -> Served:
    """Return the histograms of the agents of the path, as they are served: counted since each agent's start.

    Raises:
        ProcessFailedError: If one does not answer.
    """
    with Client(config) as client:
        statuses = client.statuses(CHAIN, ANSWER_S_MAX)
    if lacking := set(CHAIN) - statuses.keys():
        raise ProcessFailedError(f"no status of {', '.join(sorted(lacking))} within {ANSWER_S_MAX:.0f} s")
    return {name: status.latency for name, status in statuses.items()}


def _endpoints(folder: Path, tcp: bool) -> list[str]:
    if not tcp:
        return [f"ipc://{folder}/{name}" for name in ("m", "r", "e")]
    port = free_port()
    return [f"tcp://127.0.0.1:{port + i}" for i in range(3)]

"""What each agent costs before it does anything: import, memory, and the time from its start until it is live.

`import` is a fresh interpreter importing what the agent's process imports, less the interpreter itself; `live` runs from
the start of the process to a status that says that every stream is live, with its peers there already. Memory is resident
then, of a first start and (`rss_restarted`) of one that found a log. `group` is the four agents of the path in one process.
`bare` is the least that such a process could be: zmq, msgspec, uvloop, a context and three sockets.
"""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from bench.agent import TAPE
from bench.desk import ARCHIVE, BESIDE, CHAIN, GROUP, PAPER, desk_config
from bench.processes import ROOT, Processes
from bench.scenario import Bench
from bench.tape import create
from mesh.run.default_config import free_port
from mesh.transport.client import Client

NAME = "startup"
TITLE = "Start-up time and memory of each agent"
WEIGHT = 1.0
START_S_MAX = 30.0
BARE = """
import zmq, msgspec, uvloop
context = zmq.Context()
sockets = [context.socket(kind) for kind in (zmq.PUB, zmq.ROUTER, zmq.XPUB)]
[socket.bind_to_random_port("tcp://127.0.0.1") for socket in sockets]
"""
ROLES = {
    "md": ("market_data",),
    "signal": ("signal",),
    "risk": ("risk",),
    "execution": ("execution",),
    "portfolio": ("portfolio",),
    "archive": ("archive",),
    "paper": ("paper",),
    "group": ("market_data", "signal", "risk", "execution"),
}
"""Process -> roles that it imports."""

DESK = {name: (name,) for name in (PAPER, BESIDE, *CHAIN, ARCHIVE)}
GROUPED = {BESIDE: (BESIDE,), GROUP: CHAIN}
"""Process, in the order of starting -> agents in it."""

WITH_VENUE = frozenset({"md", "execution"})
TOLD_AS = {GROUP: "group"}
CREDENTIALS = "TICKMESH_BENCH_STARTUP"
RSS = """
with open("/proc/self/statm") as statm: print(int(statm.read().split()[1]) * 4096 / 1e6)
"""
MB = 1e6


def run(bench: Bench) -> None:
    """Measure."""
    cases: dict[str, Callable[[], dict[str, float]]] = {
        "imports": lambda: imports(bench),
        "desk": lambda: desk(bench, DESK, [*DESK] if bench.settings.peers else ["signal"]),
        "group": lambda: desk(bench, GROUPED, [GROUP], grouped=True),
    }
    found = bench.rounds(cases)
    for rounds in found.values():
        for name in rounds[0] if rounds else ():
            unit = {"import": "ms", "rss": "MB", "rss_restarted": "MB", "live": "s"}[name.rpartition(".")[2]]
            source = "floor" if name.startswith("bare") else "tickmesh"
            bench.figure(name, unit, [each[name] for each in rounds], source=source)  # type: ignore[arg-type]


def imports(bench: Bench) -> dict[str, float]:
    """Return ms of import by process, and the memory of a bare one."""
    empty = _took_ms("pass")
    found = {"bare.import": _took_ms(BARE) - empty, "bare.rss": float(_output(BARE + RSS))}
    for name in [*ROLES] if bench.settings.peers else ["signal"]:
        modules = ", ".join(f"agents.{role}" for role in ROLES[name])
        found[f"{name}.import"] = _took_ms(f"import mesh.node.node, {modules}") - empty
    return found


def desk(
    bench: Bench, parts: Mapping[str, Sequence[str]], told: Sequence[str], grouped: bool = False
) -> dict[str, float]:
    """Start a desk of processes, then each of `told` once more with the others there; return s until live, and memory."""
    found: dict[str, float] = {}
    agents = [name for names in parts.values() for name in names]
    with bench.folder() as folder, Processes(folder) as processes:
        config = desk_config(
            folder,
            grouped=grouped,
            archived=ARCHIVE in parts,
            paper_port=free_port() if PAPER in parts else 0,
            venue={"credentials": CREDENTIALS},
        )
        tape = create(folder / "tape.bin", 10)
        keys = {f"{CREDENTIALS}_{end}": secrets.token_hex(16) for end in ("KEY", "SECRET")}
        with Client(config) as client:

            def live(wanted: Sequence[str]) -> bool:
                statuses = client.statuses(wanted, 1.0)
                return len(statuses) == len(wanted) and all(s.state == "live" for s in statuses.values())

            def start(process: str) -> None:
                # Only who talks to a venue needs the bench's, which would bring numpy into the others.
                env = keys | ({TAPE: str(tape.path)} if WITH_VENUE.intersection(parts[process]) else {})
                processes.python(process, "bench.agent", process, str(folder / "config.json"), env=env)

            for process in parts:
                start(process)
            processes.until(lambda: live(agents), START_S_MAX, "the desk live")
            for process in told:
                name, first = TOLD_AS.get(process, process), parts[process][0]
                found[f"{name}.rss"] = client.statuses([first])[first].rss_bytes / MB
                processes.end(process)
                begun_s = time.monotonic()
                start(process)
                processes.until(lambda wanted=parts[process]: live(wanted), START_S_MAX, f"{process} live")  # type: ignore[misc]
                found[f"{name}.live"] = time.monotonic() - begun_s
                found[f"{name}.rss_restarted"] = client.statuses([first])[first].rss_bytes / MB
        tape.close()
    return found


def _took_ms(code: str) -> float:
    begun_s = time.monotonic()
    _output(code)
    return (time.monotonic() - begun_s) * 1e3


def _output(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout

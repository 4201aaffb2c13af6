"""What each agent costs before it does anything: import, memory, and the time from its start until it is live.

`import` is a fresh interpreter importing what the agent's process imports, less the interpreter itself; `live` runs from
the start of the process to a status that says that every stream is live, with its peers there already. Memory is resident
then, of a first start and (`rss_restarted`) of one that found a log. `bare` is the least that such a process could be: zmq,
msgspec, uvloop, a context and three sockets.
"""

import subprocess
import sys
import time
from collections.abc import Callable

from bench.agent import TAPE
from bench.desk import CHAIN, desk_config
from bench.processes import ROOT, Processes
from bench.scenario import Bench
from bench.tape import create
from mesh.client import Client

NAME = "startup"
TITLE = "Start-up time and memory of each agent"
WEIGHT = 0.8
START_S_MAX = 30.0
BARE = """
import zmq, msgspec, uvloop
context = zmq.Context()
sockets = [context.socket(kind) for kind in (zmq.PUB, zmq.ROUTER, zmq.XPUB)]
[socket.bind_to_random_port("tcp://127.0.0.1") for socket in sockets]
"""
ROLES = {"md": "market_data", "signal": "signal", "risk": "risk", "execution": "execution", "portfolio": "portfolio"}
ORDER = ("portfolio", *CHAIN)
RSS = """
with open("/proc/self/statm") as statm: print(int(statm.read().split()[1]) * 4096 / 1e6)
"""
MB = 1e6


def run(bench: Bench) -> None:
    """Measure."""
    cases: dict[str, Callable[[], dict[str, float]]] = {"imports": lambda: imports(bench), "desk": lambda: desk(bench)}
    found = bench.rounds(cases)
    for rounds in found.values():
        for name in rounds[0] if rounds else ():
            unit = {"import": "ms", "rss": "MB", "rss_restarted": "MB", "live": "s"}[name.rpartition(".")[2]]
            source = "floor" if name.startswith("bare") else "tickmesh"
            bench.figure(name, unit, [each[name] for each in rounds], source=source)  # type: ignore[arg-type]


def imports(bench: Bench) -> dict[str, float]:
    """Return ms of import by agent, and the memory of a bare process."""
    empty = _took_ms("pass")
    found = {"bare.import": _took_ms(BARE) - empty, "bare.rss": float(_output(BARE + RSS))}
    for name in [*ROLES] if bench.settings.peers else ["signal"]:
        found[f"{name}.import"] = _took_ms(f"import mesh.node, agents.{ROLES[name]}") - empty
    return found


def desk(bench: Bench) -> dict[str, float]:
    """Start a desk, then each agent of it once more with the others there; return seconds until live, and memory."""
    found: dict[str, float] = {}
    names = ORDER if bench.settings.peers else ("signal",)
    with bench.folder() as folder, Processes(folder) as processes:
        config = desk_config(folder)
        tape = create(folder / "tape.bin", 10)
        env = {TAPE: str(tape.path)}
        with Client(config) as client:

            def live(wanted: tuple[str, ...]) -> bool:
                statuses = client.statuses(wanted, 1.0)
                return len(statuses) == len(wanted) and all(s.state == "live" for s in statuses.values())

            for name in ORDER:
                processes.python(name, "bench.agent", name, str(folder / "config.json"), env=env)
            processes.until(lambda: live(ORDER), START_S_MAX, "the desk live")
            found |= {f"{name}.rss": status.rss_bytes / MB for name, status in client.statuses(names).items()}
            for name in names:
                processes.end(name)
                begun_s = time.monotonic()
                processes.python(name, "bench.agent", name, str(folder / "config.json"), env=env)
                processes.until(lambda name=name: live((name,)), START_S_MAX, f"{name} live")  # type: ignore[misc]
                found[f"{name}.live"] = time.monotonic() - begun_s
                found[f"{name}.rss_restarted"] = client.statuses([name])[name].rss_bytes / MB
        tape.close()
    return found


def _took_ms(code: str) -> float:
    begun_s = time.monotonic()
    _output(code)
    return (time.monotonic() - begun_s) * 1e3


def _output(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout

"""One `tickmesh up` in a process of its own, for tests: its agents by process number, its statuses, its report.

Everything is in folders of the test. A test that fails shows the last lines that every agent wrote.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mesh.config import load
from mesh.run.default_config import default_tree, toml_text
from mesh.transport.client import Client
from schemas.config import Config, PaperConfig
from schemas.messages import AgentStatus
from tests.integration.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
AGENTS = ("archive", "paper", "portfolio", "execution", "reaper", "risk", "signal", "md")
READY_S_MAX = 90.0
FILLS_S_MAX = 60.0
END_S_MAX = 60.0
FAULT_S_MAX = 10.0
LOOK_S = 0.1
TAIL_LINES = 15

T = TypeVar("T")


class WholeMesh:
    """A running `up` and what can be asked of it; made by `whole_mesh`."""

    def __init__(self, folder: Path, run_dir: str) -> None:
        """Keep state, configuration and output in `folder`, and the sockets in `run_dir`."""
        self.state = folder / "state"
        self.config_file = folder / "mesh.toml"
        self._folder = folder
        self.run_dir = run_dir
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder),
            "XDG_RUNTIME_DIR": run_dir,
        }
        self._up: subprocess.Popen[bytes] | None = None
        self._client: Client | None = None

    @property
    def config(self) -> Config:
        """Return the configuration of the run; its sockets are found in this process too."""
        return load(self.config_file)

    def write_config(self, change: Callable[[dict[str, Any]], None], **options: Any) -> None:
        """Write the embedded configuration as `change` alters it; `options` are those of `default_tree`."""
        tree = default_tree(self.state, free_ports(1)[0], **options)
        tree["mesh"]["run_dir"] = self.run_dir
        change(tree)
        self.config_file.write_text(toml_text(tree))

    def start(self, *arguments: object) -> None:
        """Start `up`."""
        with open(self._folder / "up.out", "wb") as out, open(self._folder / "up.err", "wb") as errors:
            self._up = subprocess.Popen(
                self._line(("up", *arguments)), env=self._environment, stdout=out, stderr=errors, cwd=self._folder
            )

    def command(self, *arguments: object, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run another command to its end."""
        return subprocess.run(
            self._line(arguments), env=self._environment, capture_output=True, text=True, timeout=timeout_s
        )

    def spawn(self, *arguments: object, out: Path) -> subprocess.Popen[bytes]:
        """Start another command, which writes to the file `out`."""
        with open(out, "wb") as output, open(f"{out}.err", "wb") as errors:
            return subprocess.Popen(self._line(arguments), env=self._environment, stdout=output, stderr=errors)

    def pid(self, name: str) -> int:
        """Return the process number of an agent, 0 while it has none."""
        for pid in self.agent_pids():
            if _arguments(pid)[1:5] == ["-m", "mesh", "agent", name]:
                return pid
        return 0

    def agent_pids(self) -> list[int]:
        """Return the process numbers of the agents that `up` has started and that have not ended."""
        assert self._up is not None
        try:
            children = Path(f"/proc/{self._up.pid}/task/{self._up.pid}/children").read_text()
        except FileNotFoundError:
            return []
        return [int(pid) for pid in children.split()]

    def statuses(self, *names: str) -> dict[str, AgentStatus]:
        """Return the status of every agent (of `names`, if any are given) that answers."""
        if self._client is None:
            self._client = Client(self.config)
        return self._client.statuses(names)

    def status(self, name: str) -> AgentStatus:
        """Return the status of one agent, as soon as it answers."""
        return self.until(lambda: self.statuses(name).get(name), f"{name} answers", READY_S_MAX)

    def wait_until_live(self) -> dict[str, AgentStatus]:
        """Wait until every agent is live, and return their statuses."""

        def live() -> dict[str, AgentStatus] | None:
            found = self.statuses()
            return (
                found
                if set(found) == set(self.config.agents) and all(s.state == "live" for s in found.values())
                else None
            )

        return self.until(live, "every agent is live", READY_S_MAX)

    def wait_for_fills(self, count: int) -> int:
        """Wait until the paper venue has filled orders `count` times, and return how often it has."""

        def filled() -> int:
            fills = int(figures(self.statuses("paper"), "paper").get("fills", 0))
            return fills if fills >= count else 0

        return self.until(filled, f"{count} fills", FILLS_S_MAX)

    def until(self, done: Callable[[], T | None], what: str, deadline_s: float, *, look_s: float = LOOK_S) -> T:
        """Call `done` until it returns something true, and return that; fail after `deadline_s` or if `up` ends."""
        assert self._up is not None
        end_s = time.monotonic() + deadline_s
        while True:
            found = done()
            if found:
                return found
            assert self._up.poll() is None, f"`up` ended with {self._up.returncode} before this was so: {what}"
            assert time.monotonic() < end_s, f"not so within {deadline_s:.0f} s: {what}"
            time.sleep(look_s)

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Let an agent's process stand still (SIGSTOP) meanwhile."""
        pid = self.pid(name)
        assert pid, name
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def fault(self, name: str, **fields: Any) -> None:
        """Have the paper venue misbehave (`agents.paper.faults`)."""
        paper = self.config.agents["paper"]
        assert isinstance(paper, PaperConfig)
        body = json.dumps({"fault": name, **fields}).encode()
        request = urllib.request.Request(f"http://{paper.listen}/paper/fault", body, method="POST")
        with urllib.request.urlopen(request, timeout=FAULT_S_MAX) as answer:
            assert answer.status == 200, answer.read()

    def wait_s(self, seconds: float) -> None:
        """Wait for `seconds`, as long as `up` runs."""
        over_s = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= over_s, f"{seconds} s are over", seconds + 1)

    def last_figures(self, name: str) -> dict[str, Any]:
        """Ask an agent for its figures until it is gone; return the last that it gave."""
        last: dict[str, Any] = {}
        while now := figures(self.statuses(name), name):
            last = now
            time.sleep(LOOK_S)
        return last

    def ask_to_end(self) -> None:
        """Send `up` what Ctrl-C sends."""
        assert self._up is not None
        self._up.send_signal(signal.SIGINT)

    def wait_for_end(self, timeout_s: float = END_S_MAX) -> int:
        """Wait until `up` ends, however it ends, and return its exit status."""
        assert self._up is not None
        return self._up.wait(timeout_s)

    def report(self, timeout_s: float = END_S_MAX) -> dict[str, Any]:
        """Wait until `up --json` ends well, and return its report; every number that is not whole is a Decimal."""
        assert self._up is not None
        try:
            status = self._up.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
        assert status == 0, f"`up` ended with {status} (None: not within {timeout_s:.0f} s)"
        found: dict[str, Any] = json.loads((self._folder / "up.out").read_text(), parse_float=Decimal)
        return found

    def kill(self) -> None:
        """Kill `up` and all its agents at a stroke: none is started again, none hears of it."""
        assert self._up is not None
        self._up.send_signal(signal.SIGSTOP)
        for pid in self.agent_pids():
            os.kill(pid, signal.SIGKILL)
        self._up.kill()
        self._up.wait()

    def end(self) -> None:
        """End whatever still runs."""
        if self._client is not None:
            self._client.close()
        if self._up is None or self._up.poll() is not None:
            return
        agents = self.agent_pids()
        self._up.kill()
        self._up.wait()
        for pid in agents:
            if _arguments(pid)[1:4] == ["-m", "mesh", "agent"]:
                os.kill(pid, signal.SIGKILL)

    def tails(self) -> str:
        """Return the last lines of what `up` and the agents wrote."""
        files = [self._folder / "up.err", *sorted(self.state.glob("*/stderr.log"))]
        return "\n".join(f"--- {file}\n{_tail(file)}" for file in files if file.exists() and file.stat().st_size)

    @staticmethod
    def _line(arguments: tuple[object, ...]) -> list[str]:
        return [sys.executable, "-m", "mesh", *(str(argument) for argument in arguments)]


@contextmanager
def whole_mesh(folder: Path) -> Iterator[WholeMesh]:
    """Give a mesh that is ended in any case; what goes wrong carries the agents' last lines."""
    run_dir = tempfile.mkdtemp(prefix="tm", dir="/tmp")
    mesh = WholeMesh(folder, run_dir)
    try:
        yield mesh
    except BaseException as error:
        error.add_note(mesh.tails())
        raise
    finally:
        mesh.end()
        shutil.rmtree(run_dir, ignore_errors=True)


def trade_eagerly(tree: dict[str, Any]) -> None:
    """Change a configuration: strategies take and make, each a few times a second in each instrument."""
    symbols = [each["symbol"] for each in tree["instruments"]]
    path = "agents.strategies.book_imbalance:BookImbalance"
    lean = {"threshold": 0.05, "cooldown_ms": 250, "order_notional": 200.0}
    tree["agents"]["signal"]["strategies"] += [
        {"name": "taker", "path": path, "instruments": symbols, "params": lean},
        {"name": "maker", "path": path, "instruments": symbols, "params": lean | {"maker": True, "hold_ms": 1000}},
    ]


def links(found: dict[str, Any], **where: str) -> list[dict[str, Any]]:
    """Return the links of a report whose keys begin as given: `subscriber="signal", stream="TRADE/"`."""
    return [link for link in found["links"] if all(link[key].startswith(start) for key, start in where.items())]


def assert_nothing_lost(found: dict[str, Any]) -> None:
    """Assert what must hold of every run, whatever happened in it."""
    assert found["links"]
    assert [link for link in found["links"] if link["lost"]] == []
    assert found["ticks"]["archived"] == found["ticks"]["published"] > 0
    assert [book for book in found["books"] if book["equal"] != book["compared"]] == []
    assert found["orders"]["unknown"] == 0
    assert {name: Decimal(qty) for name, qty in found["positions"].items()} == {
        name: Decimal(found["account"].get(name, 0)) for name in found["positions"]
    }


def figures(statuses: dict[str, AgentStatus], name: str) -> dict[str, Any]:
    """Return an agent's own figures, none while it does not answer."""
    status = statuses.get(name)
    return msgspec.to_builtins(status.figures) if status else {}


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _tail(file: Path) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-TAIL_LINES:])

"""The supervisor: real processes started in order, watched, started again, stopped in reverse."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import uvloop

from mesh.run.supervisor import FINAL, AgentFailedError, ProcessState, ProcessStatus, Supervisor
from schemas.errors import ExitStatus
from tests.integration.live import DEADLINE_S, ROOT, Operator, command, make_config, roles
from tests.integration.live import until as until_now

SUPERVISE = """
import asyncio, sys, uvloop
from pathlib import Path
from mesh.run.supervisor import Supervisor
async def main(folder):
    line = lambda name: [sys.executable, "tests/integration/supervised.py", name, folder]
    await Supervisor(["a"], line, Path(folder), stop_timeout_ms=1000).run()
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main(sys.argv[1]))
"""


class Mesh:
    """Processes that do as the test says, under a supervisor."""

    def __init__(self, folder: Path, stop_timeout_ms: int = 10_000, watchdog_s: float = 5.0, **does: str) -> None:
        self.folder = folder
        for name, what in does.items():
            (folder / f"{name}.does").write_text(what)
        self.seen: list[ProcessStatus] = []
        self.supervisor = Supervisor(
            list(does),
            lambda name: [sys.executable, str(ROOT / "tests/integration/supervised.py"), name, str(folder)],
            folder / "state",
            stop_timeout_ms=stop_timeout_ms,
            watchdog_s=watchdog_s,
            changed=self.seen.append,
        )

    def status(self, name: str) -> ProcessStatus:
        return next(status for status in self.supervisor.statuses() if status.name == name)

    def starts(self, name: str) -> list[float]:
        return [int(line) / 1e9 for line in (self.folder / f"{name}.starts").read_text().split()]

    def order(self) -> list[str]:
        return (self.folder / "order").read_text().splitlines()


async def until(done: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    end_s = time.monotonic() + deadline_s
    while not done():
        assert time.monotonic() < end_s, "not within the deadline"
        await asyncio.sleep(0.01)


async def during(supervisor: Supervisor, script: Coroutine[Any, Any, None]) -> None:
    """Run the supervisor while `script` goes on, then stop it."""
    running = asyncio.create_task(supervisor.run())
    try:
        await script
    finally:
        supervisor.stop()
        await running


def play(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario)


@pytest.fixture(autouse=True)
def _import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def all_ready(mesh: Mesh) -> bool:
    return all(status.state is ProcessState.READY for status in mesh.supervisor.statuses())


def ready(mesh: Mesh, name: str) -> bool:
    return mesh.status(name).state is ProcessState.READY


def test_agents_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="run", b="run", c="run")
        await during(mesh.supervisor, until(lambda: all_ready(mesh)))
        assert mesh.order() == ["a ready", "b ready", "c ready", "c stopped", "b stopped", "a stopped"]
        assert {s.state for s in mesh.supervisor.statuses()} == {ProcessState.STOPPED}
        assert {s.status for s in mesh.supervisor.statuses()} == {0}

    play(scenario())


def test_killed_agent_is_started_again_and_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="run", b="run")

        async def script() -> None:
            await until(lambda: all_ready(mesh))
            os.kill(mesh.status("a").pid, signal.SIGKILL)
            await until(lambda: mesh.status("a").restarts == 1 and all_ready(mesh))
            assert mesh.status("a").status == -signal.SIGKILL
            assert mesh.status("b").restarts == 0

        await during(mesh.supervisor, script())

    play(scenario())


def test_pause_before_a_start_doubles_while_an_agent_keeps_falling(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="run")

        async def script() -> None:
            await until(lambda: all_ready(mesh))
            (tmp_path / "a.does").write_text("exit 70")
            os.kill(mesh.status("a").pid, signal.SIGKILL)
            await until(lambda: len(mesh.starts("a")) == 5)

        await during(mesh.supervisor, script())
        pauses = [after - before for before, after in pairwise(mesh.starts("a")[1:])]
        assert [pause > least for pause, least in zip(pauses, (0.2, 0.4, 0.8), strict=True)] == [True] * 3

    play(scenario())


def test_exit_that_another_start_would_repeat_is_final(tmp_path: Path) -> None:
    async def scenario() -> None:
        ends = {f"a{status.value}": status.value for status in FINAL}
        mesh = Mesh(tmp_path, **dict.fromkeys(ends, "run"), b="run")

        async def script() -> None:
            await until(lambda: all_ready(mesh), deadline_s=DEADLINE_S * len(ends))
            for name, status in ends.items():
                (tmp_path / f"{name}.does").write_text(f"exit {status}")
                os.kill(mesh.status(name).pid, signal.SIGKILL)
            failed = {ProcessState.FAILED}
            await until(lambda: {mesh.status(name).state for name in ends} == failed, deadline_s=DEADLINE_S * len(ends))
            # Another agent falls as often meanwhile, and is started again after pauses that are as long.
            for restarts in (1, 2):
                os.kill(mesh.status("b").pid, signal.SIGKILL)
                await until(lambda restarts=restarts: mesh.status("b").restarts == restarts and ready(mesh, "b"))
            assert {name: len(mesh.starts(name)) for name in ends} == dict.fromkeys(ends, 2)
            assert {name: mesh.status(name).tail for name in ends} == {n: f"{n} ends with {s}" for n, s in ends.items()}

        await during(mesh.supervisor, script())

    play(scenario())


def test_agent_that_cannot_start_stops_the_others_and_is_told_with_its_last_lines(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="run", b="exit 78", c="run")
        with pytest.raises(
            AgentFailedError, match="agent b cannot be started: exit status 78\nb ends with 78"
        ) as failed:
            await mesh.supervisor.run()
        assert failed.value.exit_status == ExitStatus.CONFIG
        assert mesh.order() == ["a ready", "a stopped"]
        assert mesh.status("c").state is ProcessState.WAITING

    play(scenario())


def test_agent_that_falls_at_its_first_start_gets_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="exit 70 once", b="run")
        await during(mesh.supervisor, until(lambda: all_ready(mesh)))
        assert len(mesh.starts("a")) == 2

    play(scenario())


def test_agent_that_keeps_falling_before_it_was_ready_is_given_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="exit 70")
        with pytest.raises(AgentFailedError, match="exit status 70"):
            await mesh.supervisor.run()
        assert len(mesh.starts("a")) == 3

    play(scenario())


def test_hung_agent_is_killed_and_started_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="hang", watchdog_s=2.0)

        async def script() -> None:
            await until(lambda: all_ready(mesh))
            (tmp_path / "a.does").write_text("run")
            await until(lambda: mesh.status("a").restarts == 1 and all_ready(mesh))
            assert mesh.status("a").watchdog_kills == 1

        await during(mesh.supervisor, script())

    play(scenario())


def test_agent_that_is_deaf_to_the_stop_is_killed(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="run", b="deaf", stop_timeout_ms=2000)
        await during(mesh.supervisor, until(lambda: all_ready(mesh)))
        assert mesh.status("b").status == -signal.SIGKILL
        assert mesh.status("a").status == 0

    play(scenario())


def test_stop_before_an_agent_is_ready_ends_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="mute", b="run")

        async def script() -> None:
            await until((tmp_path / "a.starts").exists)
            mesh.supervisor.stop()
            await until(lambda: mesh.status("a").state is ProcessState.STOPPED)

        await during(mesh.supervisor, script())
        assert not (tmp_path / "b.starts").exists()

    play(scenario())


def test_stop_does_not_wait_for_the_end_of_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesh.run.supervisor.BACKOFF_S_MIN", 10 * DEADLINE_S)
    monkeypatch.setattr("mesh.run.supervisor.BACKOFF_S_MAX", 10 * DEADLINE_S)

    async def scenario() -> None:
        mesh = Mesh(tmp_path, a="run")

        async def script() -> None:
            await until(lambda: all_ready(mesh))
            os.kill(mesh.status("a").pid, signal.SIGKILL)
            await until(lambda: mesh.status("a").state is ProcessState.BACKOFF)
            mesh.supervisor.stop()
            await until(lambda: mesh.status("a").state is ProcessState.STOPPED)

        await during(mesh.supervisor, script())

    play(scenario())


def test_agents_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    (tmp_path / "a.does").write_text("run")
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(tmp_path)], cwd=ROOT)
    until_now(lambda: (tmp_path / "order").exists() and "a ready" in (tmp_path / "order").read_text())
    supervisor.kill()
    supervisor.wait()
    until_now(lambda: "a stopped" in (tmp_path / "order").read_text())


def test_live_nodes_run_under_the_supervisor(tmp_path: Path) -> None:
    async def scenario() -> None:
        config = make_config(tmp_path, roles(total=1000))
        supervisor = Supervisor(
            ["md", "ar"],
            lambda name: command(tmp_path, name),
            tmp_path / "state",
            stop_timeout_ms=config.mesh.stop_timeout_ms,
        )

        async def script() -> None:
            await until(lambda: {s.state for s in supervisor.statuses()} == {ProcessState.READY})
            os.kill(supervisor.statuses()[0].pid, signal.SIGKILL)
            with Operator(config) as operator:
                # In a thread: a question waits for its answer, and the supervisor lives on this loop.
                await asyncio.to_thread(until_now, lambda: operator.status("ar").figures.values["count"] == 1000)
                assert (await asyncio.to_thread(operator.status, "ar")).figures.values == {
                    "count": 1000,
                    "misplaced": 0,
                }
                assert (await asyncio.to_thread(operator.status, "md")).epoch == 2

        await during(supervisor, script())
        assert [s.status for s in supervisor.statuses()] == [0, 0]

    play(scenario())

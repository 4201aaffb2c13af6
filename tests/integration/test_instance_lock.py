"""The guard: one process per agent, whatever ipc would allow."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mesh.node.instance_lock import InstanceLock
from schemas.errors import AlreadyRunningError
from tests.integration.live import ROOT

HOLDER = """
import sys, pathlib
from mesh.node.instance_lock import InstanceLock
guard = InstanceLock(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(name: str, state_dir: Path, run_dir: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, name, str(state_dir), str(run_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def test_second_holder_is_refused_by_name_and_pid(tmp_path: Path) -> None:
    with (
        holder("md", tmp_path / "md", tmp_path) as first,
        pytest.raises(AlreadyRunningError, match=f"agent md is already running: process {first.pid} holds .*/lock"),
    ):
        InstanceLock("md", tmp_path / "md", str(tmp_path))


def test_same_sockets_with_another_state_folder_are_refused(tmp_path: Path) -> None:
    with (
        holder("md", tmp_path / "one", tmp_path) as first,
        pytest.raises(AlreadyRunningError, match=f"process {first.pid} holds the sockets in"),
    ):
        InstanceLock("md", tmp_path / "two", str(tmp_path))


def test_refused_start_leaves_no_lock_behind(tmp_path: Path) -> None:
    with holder("md", tmp_path / "one", tmp_path):
        with pytest.raises(AlreadyRunningError):
            InstanceLock("md", tmp_path / "two", str(tmp_path))
        InstanceLock("md", tmp_path / "two", str(tmp_path / "elsewhere")).close()


def test_kill_frees_the_right(tmp_path: Path) -> None:
    with holder("md", tmp_path / "md", tmp_path) as first:
        first.kill()
        first.wait()
        InstanceLock("md", tmp_path / "md", str(tmp_path)).close()


def test_stopped_holder_keeps_the_right(tmp_path: Path) -> None:
    with holder("md", tmp_path / "md", tmp_path) as first:
        first.send_signal(signal.SIGSTOP)
        with pytest.raises(AlreadyRunningError):
            InstanceLock("md", tmp_path / "md", str(tmp_path))


def test_other_agents_and_other_meshes_do_not_meet(tmp_path: Path) -> None:
    with holder("md", tmp_path / "md", tmp_path):
        InstanceLock("risk", tmp_path / "risk", str(tmp_path)).close()
        InstanceLock("md", tmp_path / "other" / "md", str(tmp_path / "other")).close()


def test_removed_lock_file_does_not_let_a_second_process_in(tmp_path: Path) -> None:
    with holder("md", tmp_path / "md", tmp_path):
        os.unlink(tmp_path / "md" / "lock")
        with pytest.raises(AlreadyRunningError):
            InstanceLock("md", tmp_path / "md", str(tmp_path))


def test_guard_can_be_taken_again_after_it_was_given_up(tmp_path: Path) -> None:
    for _ in range(3):
        InstanceLock("md", tmp_path / "md", str(tmp_path)).close()
    assert (tmp_path / "md" / "lock").read_text() == f"{os.getpid()}\n"

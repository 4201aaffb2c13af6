"""What a tick has the kernel do: switches, faults and system calls of processes."""

import mmap
import os
import threading
from pathlib import Path

import pytest

from bench.events import CALLS, FAULTS, TAKEN, WAITED, can_count, counted, events, system_calls

TIMES = 200
SELF = {"self": os.getpid()}


def test_each_time_a_thread_waits_for_another_is_a_switch() -> None:
    (ping, pinged), (pong, ponged) = os.pipe(), os.pipe()

    def answer() -> None:
        while os.read(ping, 1) == b".":
            os.write(ponged, b".")

    thread = threading.Thread(target=answer)
    thread.start()
    before = events(SELF)["self"]
    for _ in range(TIMES):
        os.write(pinged, b".")
        os.read(pong, 1)
    after = events(SELF)["self"]
    os.write(pinged, b"!")
    thread.join()
    for file in (ping, pinged, pong, ponged):
        os.close(file)
    assert after[WAITED] - before[WAITED] >= TIMES / 2
    assert after[TAKEN] >= before[TAKEN]


def test_each_page_touched_for_the_first_time_is_a_fault() -> None:
    before = events(SELF)["self"]
    with mmap.mmap(-1, TIMES * mmap.PAGESIZE) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(TIMES):
            memory[page * mmap.PAGESIZE] = 1
        assert events(SELF)["self"][FAULTS] - before[FAULTS] >= TIMES


def test_calls_of_threads_are_added_up_by_process_and_those_that_did_not_run_are_none(tmp_path: Path) -> None:
    file = tmp_path / "calls"
    ours = os.getpid()
    counted_by_thread = f"py-{ours}|7||raw_syscalls:sys_enter|1|100.00||\nother-1|5||raw_syscalls:sys_enter|1|100.00||"
    file.write_text(f"# started on a day\n\n{counted_by_thread}\n")
    assert system_calls(SELF, file) == {"self": {CALLS: 7.0}}
    file.write_text(f"py-{ours}|<not counted>||raw_syscalls:sys_enter|0|100.00||")
    assert system_calls(SELF, file) == {"self": {CALLS: 0.0}}


@pytest.mark.skipif(bool(can_count()), reason="no perf that may count system calls")
def test_system_calls_are_counted_while_they_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "calls"
    os.getppid()
    with counted(SELF, file):
        for _ in range(TIMES):
            os.getppid()
    assert TIMES <= system_calls(SELF, file)["self"][CALLS] < 2 * TIMES


def test_counting_that_is_not_there_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert can_count() == "no `perf` on the PATH"

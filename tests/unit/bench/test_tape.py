"""The tape that the processes of a chain share."""

import os
from pathlib import Path

import pytest

from bench.tape import TICK, Column, Head, Tape, create


def waiting(tape: Tape) -> list[int]:
    try:
        return [tick for (tick,) in TICK.iter_unpack(os.read(tape.pipe, 1 << 16))]
    except BlockingIOError:
        return []


def test_two_processes_see_the_same_times(tmp_path: Path) -> None:
    ours = create(tmp_path / "tape.bin", 10)
    theirs = Tape(tmp_path / "tape.bin")
    theirs.columns[Column.RISK][9] = 123
    assert ours.columns[Column.RISK].tolist() == [0] * 9 + [123]
    assert ours.columns[Column.EXECUTION].tolist() == [0] * 10
    assert theirs.count == 10


def test_an_order_asks_for_the_next_tick_until_the_last(tmp_path: Path) -> None:
    tape = create(tmp_path / "tape.bin", 10)
    tape.words[Head.CHAIN_UNTIL] = 3
    for tick in (0, 1, 2):
        tape.ordered(tick, 1_000 + tick)
    assert waiting(tape) == [1, 2]
    assert tape.words[Head.ARRIVED] == 3


@pytest.mark.parametrize("repeats", [1, 3])
def test_an_order_that_comes_again_counts_once_at_its_first_time(tmp_path: Path, repeats: int) -> None:
    tape = create(tmp_path / "tape.bin", 10)
    tape.words[Head.CHAIN_UNTIL] = 10
    for number in range(repeats):
        tape.ordered(4, 1_000 + number)
    assert tape.columns[Column.ORDERED][4] == 1_000
    assert waiting(tape) == [5]

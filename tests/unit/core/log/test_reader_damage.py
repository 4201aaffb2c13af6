"""Readers of a damaged log: they stop where a tail is torn, and refuse damage before valid records."""

import os
from pathlib import Path

import pytest

from core import frame
from core.log import LogReader, LogWriter
from schemas.errors import LogDamagedError
from tests.unit.core.log.damaged_log import FIRST, SEGMENT, STREAM, make, put, write

PAYLOAD = 8 + 64  # where the payload begins in a record


def test_reader_stops_at_a_torn_tail_and_goes_on_when_it_was_cut(folder: Path) -> None:
    *_, last = write(folder, 5)
    put(folder / FIRST, last + PAYLOAD + 4, b"\x00")
    reader = LogReader(str(folder))
    assert [frame.unpack(each).seq for each in reader.poll()] == [1, 2, 3, 4]
    assert reader.last(STREAM) == (1, 4)
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    log.append(make(5, size=3))
    assert reader.poll() == [make(5, size=3)]
    log.close()


def test_reader_of_a_file_that_was_cut_short_goes_on_when_it_is_whole_again(folder: Path) -> None:
    *_, last = write(folder, 5)
    os.truncate(folder / FIRST, last + 30)
    reader = LogReader(str(folder))
    assert len(reader.poll()) == 4
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    log.append(make(6))
    assert reader.poll() == [make(6)]
    log.close()


def test_reader_refuses_damage_before_valid_records(folder: Path) -> None:
    positions = write(folder, 5)
    put(folder / FIRST, positions[2] + PAYLOAD + 4, b"\x00")
    reader = LogReader(str(folder))
    assert reader.poll() == [make(1), make(2)]
    with pytest.raises(LogDamagedError) as refusal:
        reader.poll()
    assert refusal.value.offset == positions[2]
    with pytest.raises(LogDamagedError):
        reader.last(STREAM)


def test_reader_tells_what_lies_behind_the_last_whole_record(folder: Path) -> None:
    *_, last = write(folder, 5)
    reader = LogReader(str(folder))
    assert (len(reader.poll()), reader.torn_bytes()) == (5, 0)
    put(folder / FIRST, last + PAYLOAD + 4, b"\x00")
    reader = LogReader(str(folder))
    assert (len(reader.poll()), reader.torn_bytes()) == (4, PAYLOAD + 21)


def test_reader_from_a_position_reads_nothing_of_older_segments(folder: Path) -> None:
    positions = write(folder, 120)
    put(folder / FIRST, 0, bytes(64))
    behind = next(n for n, position in enumerate(positions) if position > SEGMENT)
    reader = LogReader(str(folder), positions[behind])
    assert [frame.unpack(each).seq for each in reader.poll()] == list(range(behind + 1, 121))
    assert reader.first(STREAM) == (1, next(n for n, position in enumerate(positions) if position > SEGMENT) + 1)

"""The index of a log: any record is found by stream, epoch and sequence."""

from pathlib import Path

import pytest

from core import frame
from core.log import LogWriter
from schemas.errors import LogDamagedError
from tests.unit.core.log.log_files import ALL, BOOKS, SEGMENT, TRADES, make


def test_first_and_last_are_kept_for_each_stream(log: LogWriter) -> None:
    for seq in range(1, 11):
        log.append(make(BOOKS, seq))
    log.append(make(TRADES, 7, epoch=3))
    log.append(make(BOOKS, 1, epoch=2))
    assert log.streams() == {BOOKS: (2, 1), TRADES: (3, 7)}
    assert (log.first(BOOKS), log.last(BOOKS)) == ((1, 1), (2, 1))
    assert log.first(TRADES) == log.last(TRADES) == (3, 7)


def test_record_is_found_behind_many_of_another_stream(log: LogWriter) -> None:
    log.append(make(TRADES, 1))
    for seq in range(1, 1000):
        log.append(make(BOOKS, seq))
    log.append(make(TRADES, 2))
    assert log.read(TRADES, 1, 1, **ALL) == [make(TRADES, 2)]


def test_index_stays_right_while_thousands_of_records_come_and_go(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT, retention_bytes=9 * SEGMENT)
    appended: list[tuple[int, int]] = []
    for count in range(1, 6001):
        stream = BOOKS if count % 5 else TRADES
        seq = log.last(stream)[1] + 1
        log.append(make(stream, seq, size=count % 3))
        appended.append((stream, seq))
        if count % 397 == 0:
            held = [(header.stream, header.seq) for header in (frame.unpack(data) for _, data in log.scan())]
            assert held == appended[-len(held) :]
            for stream in (BOOKS, TRADES):
                expected = [seq for each, seq in held if each == stream]
                assert log.first(stream) == (1, expected[0])
                for after in (0, expected[0], expected[len(expected) // 2], expected[-1] - 1, expected[-1]):
                    found = [frame.unpack(data).seq for data in log.read(stream, 1, after, **ALL)]
                    assert found == [seq for seq in expected if seq > after]
    log.close()


def test_records_are_found_in_blocks_and_segments_far_longer_than_these(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=3 << 17)
    rare = range(500, 20_000, 1_999)
    for seq in range(1, 20_000):
        log.append(make(BOOKS, seq))
        if seq in rare:
            log.append(make(TRADES, seq, epoch=2))
    assert [frame.unpack(data).seq for data in log.read(TRADES, 0, 0, **ALL)] == list(rare)
    for after in (0, 1, 371, 372, 373, 9_000, 19_998, 19_999):
        found = log.read(BOOKS, 1, after, count_max=400, bytes_max=1 << 40)
        assert [frame.unpack(data).seq for data in found] == list(range(after + 1, 20_000))[:400]
    log.close()


@pytest.mark.parametrize("length", [0, 39, 1 << 20, 0xFFFFFFFF])
def test_a_length_that_was_damaged_since_is_told_and_not_walked_by(log: LogWriter, folder: Path, length: int) -> None:
    places = [log.append(make(BOOKS, seq)) for seq in range(1, 5)]
    with next(folder.glob("*.log")).open("r+b") as file:
        file.seek(places[2])
        file.write(length.to_bytes(4, "little"))
    with pytest.raises(LogDamagedError, match="a length that no record can have"):
        log.read(BOOKS, 1, 2, **ALL)

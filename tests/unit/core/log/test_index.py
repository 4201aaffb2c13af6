"""The index of a log: any record is found by stream, epoch and sequence."""

from pathlib import Path

from core import frame
from core.log import LogWriter
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

"""The view of a log: scans by position, reads by stream and sequence, within bounds."""

from pathlib import Path

from core.log import LogWriter
from tests.unit.core.log.log_files import ALL, BOOKS, TRADES, make, segments


def test_scan_begins_with_the_first_record_at_or_after_a_position(log: LogWriter) -> None:
    positions = [log.append(make(BOOKS, seq)) for seq in range(1, 100)]
    for index in (0, 1, 30, 50, 98):
        assert [at for at, _ in log.scan(positions[index])] == positions[index:]
        assert [at for at, _ in log.scan(positions[index] - 3)] == positions[index:]
        assert [at for at, _ in log.scan(positions[index] + 8)] == positions[index + 1 :]
    assert list(log.scan(log.position)) == list(log.scan(1 << 40)) == list(log.scan((1 << 63) - 1)) == []
    assert [at for at, _ in log.scan(-1)] == positions


def test_scan_goes_on_after_its_end_when_more_is_appended(log: LogWriter) -> None:
    scan = log.scan()
    assert next(scan, None) is None
    log.append(make(BOOKS, 1))
    assert [data for _, data in scan] == [make(BOOKS, 1)]


def test_read_returns_what_follows_across_epochs_and_segments(log: LogWriter, folder: Path) -> None:
    frames = [make(BOOKS, seq, epoch) for epoch in (1, 3) for seq in range(1, 151)]
    for index, each in enumerate(frames, 1):
        log.append(each)
        log.append(make(TRADES, index))
    assert len(segments(folder)) > 10
    assert log.read(BOOKS, 0, 0, **ALL) == frames
    assert log.read(BOOKS, 1, 0, **ALL) == frames
    assert log.read(BOOKS, 1, 149, **ALL) == frames[149:]
    assert log.read(BOOKS, 1, 150, **ALL) == log.read(BOOKS, 2, 5, **ALL) == frames[150:]
    assert log.read(BOOKS, 3, 64, **ALL) == frames[214:]
    assert log.read(BOOKS, 3, 150, **ALL) == log.read(BOOKS, 9, 1, **ALL) == []


def test_read_is_bounded_by_count_and_bytes_but_returns_one_frame(log: LogWriter) -> None:
    frames = [make(BOOKS, seq) for seq in range(1, 100)]
    for each in frames:
        log.append(each)
    size = len(frames[0])
    assert log.read(BOOKS, 1, 9, count_max=5, bytes_max=1 << 30) == frames[9:14]
    assert log.read(BOOKS, 1, 9, count_max=99, bytes_max=3 * size) == frames[9:12]
    assert log.read(BOOKS, 1, 9, count_max=99, bytes_max=3 * size - 1) == frames[9:11]
    assert log.read(BOOKS, 1, 9, count_max=1, bytes_max=1) == frames[9:10]

"""Readers: they see what the writer appends, while it appends, syncs and drops."""

from pathlib import Path

import pytest

from core import frame
from core.log import LogReader, LogWriter
from tests.unit.core.log.log_files import BOOKS, RECORD, SEGMENT, make, segments


def test_reader_sees_what_the_writer_appends(log: LogWriter, folder: Path) -> None:
    reader = LogReader(str(folder))
    assert reader.poll() == []
    frames = [make(BOOKS, seq) for seq in range(1, 201)]
    for start in range(0, 200, 20):
        for each in frames[start : start + 20]:
            log.append(each)
        assert reader.last(BOOKS) == (1, start + 20)
        assert reader.poll(count_max=15) == frames[start : start + 15]
        assert reader.poll() == frames[start + 15 : start + 20]
        assert reader.poll() == []
    assert reader.position == log.position
    assert reader.first(BOOKS) == (1, 1)
    assert reader.streams() == log.streams()
    assert reader.read(BOOKS, 1, 63, count_max=80, bytes_max=1 << 30) == frames[63:143]
    assert list(reader.scan()) == list(log.scan())
    reader.close()


def test_reader_goes_on_from_a_position(log: LogWriter, folder: Path) -> None:
    positions = [log.append(make(BOOKS, seq)) for seq in range(1, 100)]
    for index in (0, 1, 40, 98):
        assert LogReader(str(folder), positions[index]).poll() == [make(BOOKS, seq) for seq in range(index + 1, 100)]
    reader = LogReader(str(folder), log.position)
    assert reader.poll() == []
    log.append(make(BOOKS, 100))
    assert reader.poll() == [make(BOOKS, 100)]


def test_reader_gets_mapped_segments_that_retention_removed_and_counts_the_others(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT, retention_bytes=2 * SEGMENT)
    reader, early = LogReader(str(folder)), LogReader(str(folder), 1)
    for seq in range(1, 10):
        log.append(make(BOOKS, seq))
    assert len(reader.poll(5)) == 5
    for seq in range(10, 501):
        log.append(make(BOOKS, seq))
    polled = [frame.unpack(each).seq for each in reader.poll()]
    oldest = log.first(BOOKS)[1]
    in_first_segment = (SEGMENT - 64 - 8) // RECORD
    assert polled == [*range(6, in_first_segment + 1), *range(oldest, 501)]
    assert reader.skipped_bytes == int(segments(folder)[0].split(".")[0]) - SEGMENT
    assert early.skipped_bytes == 0
    assert [frame.unpack(each).seq for each in early.poll(1)] == [1]
    assert LogReader(str(folder), 64).poll(1) == [make(BOOKS, oldest)]
    log.close()


def test_reader_that_keeps_up_misses_nothing_that_retention_removes(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT, retention_bytes=SEGMENT)
    reader = LogReader(str(folder))
    for seq in range(1, 501):
        log.append(make(BOOKS, seq))
        assert reader.poll() == [make(BOOKS, seq)]
    assert reader.skipped_bytes == 0
    log.close()


def test_reader_of_no_folder_is_an_os_error_and_of_an_empty_one_waits(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogReader(str(tmp_path / "none"))
    reader = LogReader(str(tmp_path))
    assert reader.poll() == []
    assert reader.last(BOOKS) == (0, 0)
    log = LogWriter(str(tmp_path), segment_bytes=SEGMENT)
    log.append(make(BOOKS, 1))
    assert reader.poll() == [make(BOOKS, 1)]
    assert reader.last(BOOKS) == (1, 1)
    log.close()
    reader.close()
    with pytest.raises(ValueError, match="closed"):
        reader.poll()

"""Segments: each is prepared before it is needed, and kept while it is synced."""

import errno
import os
import resource
from pathlib import Path

import pytest

from core.log import LogReader, LogWriter
from core.log.tail import LogTail
from tests.unit.core.log.log_files import ALL, BOOKS, RECORD, SEGMENT, make, segments


def test_next_segment_is_prepared_once_the_active_one_is_half_full(log: LogWriter, folder: Path) -> None:
    log.append(make(BOOKS, 1))
    log.prepare()
    assert len(segments(folder)) == 1
    seq = 1
    while log.position < SEGMENT // 2:
        seq += 1
        log.append(make(BOOKS, seq))
    log.prepare()
    log.prepare()
    assert segments(folder)[1:] == ["spare.tmp"]
    prepared = (folder / "spare.tmp").stat()
    while log.position < SEGMENT:
        seq += 1
        log.append(make(BOOKS, seq))
    second = segments(folder)[-1]
    assert (second, (folder / second).stat().st_ino) == (f"{SEGMENT:020d}.log", prepared.st_ino)
    assert prepared.st_size == SEGMENT
    assert [data for _, data in log.scan()] == [make(BOOKS, each) for each in range(1, seq + 1)]
    log.close()
    again = LogWriter(str(folder), segment_bytes=SEGMENT)
    assert again.read(BOOKS, 0, 0, **ALL) == [make(BOOKS, each) for each in range(1, seq + 1)]
    assert again.torn_bytes == 0
    again.close()


def test_prepared_segment_is_no_part_of_the_log(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    reader, tail = LogReader(str(folder)), LogTail(str(folder))
    frames = []
    while log.position < SEGMENT // 2:
        frames.append(make(BOOKS, len(frames) + 1))
        log.append(frames[-1])
    log.sync()
    log.prepare()
    assert "spare.tmp" in segments(folder)
    assert reader.poll() == tail.poll() == frames
    assert LogTail(str(folder)).poll() == []
    log.close()
    assert len(segments(folder)) == 1


def test_full_disk_refuses_to_prepare_and_the_append_that_needs_the_segment_tells(log: LogWriter, folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    seq = 1
    while log.position + RECORD < SEGMENT:
        log.append(make(BOOKS, seq))
        seq += 1
    before = (log.position, list(log.scan()), segments(folder))
    resource.setrlimit(resource.RLIMIT_FSIZE, (SEGMENT // 2, hard))
    try:
        for _ in range(3):
            log.prepare()
            with pytest.raises(OSError, match="File too large"):
                log.append(make(BOOKS, seq))
        assert (log.position, list(log.scan()), segments(folder)) == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    while log.position < SEGMENT * 3 // 2:
        log.append(make(BOOKS, seq))
        seq += 1
    log.prepare()
    assert "spare.tmp" in segments(folder)
    assert [data for _, data in log.scan()] == [make(BOOKS, each) for each in range(1, seq)]


def test_prepared_segment_that_cannot_be_renamed_leaves_the_log_as_it_was(
    log: LogWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: str, target: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    seq = 1
    while log.position + RECORD < SEGMENT:
        log.append(make(BOOKS, seq))
        seq += 1
    log.prepare()
    before = (log.position, list(log.scan()), segments(folder))
    with monkeypatch.context() as broken:
        broken.setattr(os, "rename", fail)
        for _ in range(2):
            with pytest.raises(OSError, match="Input/output error"):
                log.append(make(BOOKS, seq))
    assert (log.position, list(log.scan()), segments(folder)) == before
    log.append(make(BOOKS, seq))
    assert [data for _, data in log.scan()] == [make(BOOKS, each) for each in range(1, seq + 1)]


def test_prepared_segment_that_somebody_removed_is_made_anew(log: LogWriter, folder: Path) -> None:
    seq = 1
    while log.position + RECORD < SEGMENT:
        log.append(make(BOOKS, seq))
        seq += 1
    log.prepare()
    (folder / "spare.tmp").unlink()
    for each in range(seq, seq + 40):
        log.append(make(BOOKS, each))
    assert [data for _, data in log.scan()] == [make(BOOKS, each) for each in range(1, seq + 40)]
    log.prepare()
    (folder / "spare.tmp").unlink(missing_ok=True)
    log.close()
    LogWriter(str(folder), segment_bytes=SEGMENT).close()


def test_retention_goes_on_while_segments_are_prepared(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT, retention_bytes=2 * SEGMENT)
    tail = LogTail(str(folder))
    frames = [make(BOOKS, seq) for seq in range(1, 601)]
    seen = []
    for each in frames:
        log.append(each)
        log.prepare()
        seen += tail.poll()
    assert seen == frames
    assert len([name for name in segments(folder) if name.endswith(".log")]) == 2
    oldest = log.first(BOOKS)[1]
    assert log.read(BOOKS, 0, 0, **ALL) == frames[oldest - 1 :]
    log.close()

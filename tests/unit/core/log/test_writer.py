"""The publication log in ordinary use: append, read back, rotate, retain, follow."""

import errno
import os
import resource
from pathlib import Path

import pytest

from core import frame
from core.log import LogWriter
from schemas.errors import FrameError, LogBusyError
from tests.unit.core.log.log_files import ALL, BOOKS, RECORD, SEGMENT, TRADES, make, segments


def test_new_log_is_empty(log: LogWriter) -> None:
    assert log.streams() == {}
    assert log.last(BOOKS) == log.first(BOOKS) == (0, 0)
    assert log.read(BOOKS, 0, 0, **ALL) == []
    assert list(log.scan()) == []
    assert log.torn_bytes == 0


def test_frames_come_back_as_they_were_at_rising_positions(log: LogWriter) -> None:
    frames = [make(BOOKS, seq, size=seq) for seq in range(1, 200)]
    positions = [log.append(each) for each in frames]
    assert positions == sorted(set(positions))
    assert list(log.scan()) == list(zip(positions, frames, strict=True))
    assert all(position % 8 == 0 for position in positions)


def test_log_is_the_same_after_opening_again(folder: Path) -> None:
    with_epochs = [make(BOOKS, seq, epoch) for epoch in (1, 2, 3) for seq in range(1, 100)]
    expected: list[tuple[int, bytes]] = []
    for start in range(0, len(with_epochs), 37):
        log = LogWriter(str(folder), segment_bytes=SEGMENT)
        assert log.torn_bytes == 0
        assert list(log.scan()) == expected
        expected += [(log.append(each), each) for each in with_epochs[start : start + 37]]
        assert log.read(BOOKS, 0, 0, **ALL) == with_epochs[: start + 37]
        log.close()


def test_segment_size_may_change_between_openings(folder: Path) -> None:
    frames = [make(BOOKS, seq) for seq in range(1, 121)]
    for part, size in enumerate((8192, 4096, 65536)):
        log = LogWriter(str(folder), segment_bytes=size)
        for each in frames[40 * part : 40 * part + 40]:
            log.append(each)
        log.close()
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    assert log.read(BOOKS, 0, 0, **ALL) == frames
    log.close()


def test_frame_that_fills_a_segment_fits_and_a_larger_one_is_refused(log: LogWriter) -> None:
    room = SEGMENT - 64 - 8 - 8
    largest = make(BOOKS, 1, size=room - frame.HEADER_SIZE)
    log.append(largest)
    log.append(make(BOOKS, 2, size=room - frame.HEADER_SIZE))
    with pytest.raises(ValueError, match=f"{room + 1} bytes: a segment of 4096 holds {room}"):
        log.append(make(BOOKS, 3, size=room - frame.HEADER_SIZE + 1))
    log.append(make(BOOKS, 3))
    assert log.read(BOOKS, 0, 0, count_max=1, bytes_max=1) == [largest]
    assert log.last(BOOKS) == (1, 3)


def test_frame_without_a_header_is_refused(log: LogWriter) -> None:
    with pytest.raises(FrameError, match="47 bytes"):
        log.append(make(BOOKS, 1)[:47])
    with pytest.raises(FrameError, match="version 9"):
        log.append(make(BOOKS, 1)[:4] + b"\x09" + make(BOOKS, 1)[5:])
    assert list(log.scan()) == []


@pytest.mark.parametrize(("epoch", "seq"), [(2, 5), (2, 4), (1, 9)])
def test_frame_that_does_not_follow_its_stream_is_refused(log: LogWriter, epoch: int, seq: int) -> None:
    log.append(make(BOOKS, 5, epoch=2))
    with pytest.raises(ValueError, match="the log is at epoch 2, seq 5"):
        log.append(make(BOOKS, seq, epoch))
    assert len(list(log.scan())) == 1


@pytest.mark.parametrize("size", [0, 2048, 5000, 1 << 32])
def test_segment_size_that_cannot_be_is_refused(folder: Path, size: int) -> None:
    with pytest.raises(ValueError, match=f"segment_bytes {size}"):
        LogWriter(str(folder), segment_bytes=size)


def test_second_writer_is_refused_until_the_first_has_closed(log: LogWriter, folder: Path) -> None:
    with pytest.raises(LogBusyError):
        LogWriter(str(folder), segment_bytes=SEGMENT)
    log.append(make(BOOKS, 1))
    log.close()
    second = LogWriter(str(folder), segment_bytes=SEGMENT)
    assert second.last(BOOKS) == (1, 1)
    second.close()


def test_closed_log_refuses_use(log: LogWriter) -> None:
    log.close()
    log.close()
    for use in (lambda: log.append(make(BOOKS, 1)), log.sync, lambda: log.last(BOOKS), log.scan):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_retention_drops_whole_oldest_segments_but_never_the_active_one(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT, retention_bytes=3 * SEGMENT)
    frames = [make(BOOKS, seq) for seq in range(1, 301)]
    log.append(make(TRADES, 1))
    for each in frames:
        log.append(each)
    held = segments(folder)
    assert len(held) == 3
    oldest = log.first(BOOKS)[1]
    assert 1 < oldest < 300
    assert log.read(BOOKS, 0, 0, **ALL) == frames[oldest - 1 :]
    assert next(log.scan())[1] == frames[oldest - 1]
    assert log.first(TRADES) == (0, 0)
    assert log.last(TRADES) == (1, 1)
    assert log.read(TRADES, 0, 0, **ALL) == []
    log.close()
    log = LogWriter(str(folder), segment_bytes=SEGMENT, retention_bytes=1)
    assert log.read(BOOKS, 0, 0, **ALL) == frames[oldest - 1 :]
    for seq in range(301, 340):
        log.append(make(BOOKS, seq))
    assert len(segments(folder)) == 1
    log.close()


def test_sync_covers_closed_and_active_segments(log: LogWriter) -> None:
    for seq in range(1, 200):
        log.append(make(BOOKS, seq))
        if seq % 50 == 0:
            log.sync()
    log.sync()
    assert log.last(BOOKS) == (1, 199)


def test_retention_keeps_a_segment_while_it_is_synced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT, retention_bytes=1)
    frames = [make(BOOKS, seq) for seq in range(1, 201)]
    during: list[str] = []

    def append_meanwhile(descriptor: int) -> None:
        for each in frames[1:120]:
            log.append(each)
        during.extend(segments(folder))

    log.append(frames[0])
    [first] = segments(folder)
    with monkeypatch.context() as busy:
        busy.setattr(os, "fsync", append_meanwhile)
        log.sync()
    assert during[0] == first
    assert len(during) > 2
    for each in frames[120:]:
        log.append(each)
    assert len(segments(folder)) == 1
    log.close()


def test_failed_sync_ends_the_use_of_the_log(log: LogWriter, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    log.append(make(BOOKS, 1))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output error"):
            log.sync()
    for use in (log.sync, log.prepare, lambda: log.append(make(BOOKS, 2))):
        with pytest.raises(OSError, match="an earlier sync of the log failed"):
            use()
    log.close()
    again = LogWriter(str(folder), segment_bytes=SEGMENT)
    assert again.last(BOOKS) == (1, 1)
    again.close()


def test_full_disk_appends_nothing_and_the_log_goes_on_when_there_is_room(log: LogWriter, folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    seq = 1
    while log.position + RECORD < SEGMENT:
        log.append(make(BOOKS, seq))
        seq += 1
    before = (log.position, list(log.scan()), segments(folder))
    resource.setrlimit(resource.RLIMIT_FSIZE, (SEGMENT // 2, hard))
    try:
        for _ in range(3):
            with pytest.raises(OSError, match="File too large"):
                log.append(make(BOOKS, seq))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (log.position, list(log.scan()), segments(folder)) == before
    assert log.last(BOOKS) == (1, seq - 1)
    log.append(make(BOOKS, seq))
    assert [data for _, data in log.scan()] == [make(BOOKS, each) for each in range(1, seq + 1)]


def test_hundreds_of_small_logs_are_open_at_once(tmp_path: Path) -> None:
    logs = [LogWriter(str(tmp_path / str(number)), segment_bytes=SEGMENT) for number in range(300)]
    for number, each in enumerate(logs):
        each.append(make(BOOKS, number + 1))
    assert [each.last(BOOKS)[1] for each in logs] == list(range(1, 301))
    for each in logs:
        each.close()


def test_what_is_no_frame_is_refused(log: LogWriter) -> None:
    with pytest.raises(TypeError):
        log.append(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        log.append(bytearray(make(BOOKS, 1)))  # type: ignore[arg-type]
    assert list(log.scan()) == []

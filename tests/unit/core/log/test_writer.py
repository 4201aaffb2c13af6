"""The publication log in ordinary use: append, read back, rotate, retain, follow."""

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import frame
from core.log import LogReader, LogWriter
from core.log.tail import LogTail
from schemas.errors import FrameError, LogBusyError

SEGMENT = 4096
RECORD = 176  # of a frame with a payload of 100 bytes: length, checksum, header, payload, padding
ALL = {"count_max": 1 << 30, "bytes_max": 1 << 40}
BOOKS, TRADES = 0x0101_0001, 0x0201_0001


def make(stream: int, seq: int, epoch: int = 1, size: int = 100) -> bytes:
    return frame.pack(stream=stream, type=1, sender=1, epoch=epoch, seq=seq, payload=bytes([seq & 0xFF]) * size)


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def log(folder: Path) -> Iterator[LogWriter]:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    yield log
    log.close()


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


def test_first_and_last_are_kept_for_each_stream(log: LogWriter) -> None:
    for seq in range(1, 11):
        log.append(make(BOOKS, seq))
    log.append(make(TRADES, 7, epoch=3))
    log.append(make(BOOKS, 1, epoch=2))
    assert log.streams() == {BOOKS: (2, 1), TRADES: (3, 7)}
    assert (log.first(BOOKS), log.last(BOOKS)) == ((1, 1), (2, 1))
    assert log.first(TRADES) == log.last(TRADES) == (3, 7)


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


def test_record_is_found_behind_many_of_another_stream(log: LogWriter) -> None:
    log.append(make(TRADES, 1))
    for seq in range(1, 1000):
        log.append(make(BOOKS, seq))
    log.append(make(TRADES, 2))
    assert log.read(TRADES, 1, 1, **ALL) == [make(TRADES, 2)]


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

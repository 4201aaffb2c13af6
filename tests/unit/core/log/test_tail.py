"""The tail of a log: what is appended from now on, across segments, restarts of its writer, and retention."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import frame
from core.log import LogWriter
from core.log.tail import LogTail
from schemas.errors import LogDamagedError

SEGMENT = 4096
STREAM = 0x0201_0001


def make(seq: int, epoch: int = 1, size: int = 100) -> bytes:
    return frame.pack(stream=STREAM, type=1, sender=1, epoch=epoch, seq=seq, payload=bytes([seq & 0xFF]) * size)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def log(folder: Path) -> Iterator[LogWriter]:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    yield log
    log.close()


def append(log: LogWriter, first: int, last: int, epoch: int = 1) -> list[bytes]:
    frames = [make(seq, epoch) for seq in range(first, last + 1)]
    for each in frames:
        log.append(each)
    return frames


def test_tail_begins_behind_what_is_there(folder: Path, log: LogWriter) -> None:
    append(log, 1, 100)
    tail = LogTail(str(folder))
    assert tail.poll() == []
    assert tail.poll() == [] == LogTail(str(folder)).poll()
    later = append(log, 101, 103)
    assert tail.poll() == later
    assert tail.poll() == []


def test_tail_of_an_empty_log_begins_with_its_first_record(folder: Path, log: LogWriter) -> None:
    tail = LogTail(str(folder))
    frames = append(log, 1, 3)
    assert tail.poll() == frames


def test_tail_of_a_folder_without_a_log_waits_for_one(folder: Path) -> None:
    folder.mkdir()
    tail = LogTail(str(folder))
    assert tail.poll() == []
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    frames = append(log, 1, 3)
    assert tail.poll() == frames
    log.close()


def test_tail_without_a_folder_is_an_error(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogTail(str(folder))


def test_tail_crosses_segments_and_gives_up_those_it_has_read(folder: Path, log: LogWriter) -> None:
    append(log, 1, 10)
    tail = LogTail(str(folder))
    frames = append(log, 11, 400)
    got: list[bytes] = []
    while found := tail.poll(7):
        got += found
        mapped = Path("/proc/self/maps").read_text().count(str(folder))
        # The writer keeps its own: what is beyond that is the tail's.
        assert mapped <= 2 * len(list(folder.iterdir())) + 1
    assert got == frames
    segments = len(list(folder.iterdir()))
    assert Path("/proc/self/maps").read_text().count(str(folder)) == segments + 1


def test_tail_goes_on_with_the_next_life_of_its_writer(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    append(log, 1, 50)
    tail = LogTail(str(folder))
    frames = append(log, 51, 60)
    log.close()
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    frames += append(log, 1, 100, epoch=2)
    log.close()
    assert tail.poll() == frames


def test_tail_that_retention_left_behind_says_how_much_it_missed(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT, retention_bytes=3 * SEGMENT)
    append(log, 1, 5)
    tail = LogTail(str(folder))
    frames = append(log, 6, 500)
    got = tail.poll()
    # The segment that it had open is read to the end, those that were removed before it came to them are not there.
    assert got[0] == frames[0]
    assert got[-1] == frames[-1]
    assert tail.skipped_bytes > 0
    assert tail.skipped_bytes % SEGMENT == 0
    log.close()


def test_damage_is_found_where_it_is(folder: Path, log: LogWriter) -> None:
    tail = LogTail(str(folder))
    append(log, 1, 10)
    path = next(folder.iterdir())
    data = bytearray(path.read_bytes())
    data[data.index(make(5)) + 70] ^= 1
    path.write_bytes(data)
    with pytest.raises(LogDamagedError, match="checksum"):
        tail.poll()

"""Segments that lie elsewhere: read through, written to never, and named where they are absent."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.frame import unpack
from core.log import LogReader, LogWriter
from core.log.moved import absent_in, lies_at, look_in, move
from schemas.errors import LogAwayError, LogDamagedError, LogMoveError
from tests.unit.core.log.log_files import ALL, BOOKS, SEGMENT, make

MOVED = 3
FRAMES = 200
Known = tuple[int, int, dict[int, tuple[tuple[int, int], tuple[int, int]]]]


@pytest.fixture(autouse=True)
def nothing_brought() -> Iterator[None]:
    yield
    look_in(None)


@pytest.fixture
def away(tmp_path: Path) -> Path:
    return tmp_path / "cold/agent/log"


def filled(folder: Path, frames: int = FRAMES) -> tuple[list[bytes], Known]:
    """Write a log, and return its frames and what an anchor behind all of them tells."""
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    for seq in range(1, frames + 1):
        position = log.append(make(BOOKS, seq))
    made = [frame for _, frame in log.scan()]
    log.close()
    return made, (position, 0, {BOOKS: ((1, 1), (1, frames))})


def move_oldest(folder: Path, away: Path, count: int = MOVED) -> list[Path]:
    paths = sorted(folder.glob("*.log"))[:count]
    for path in paths:
        move(path, away)
    return paths


def read(folder: Path) -> list[bytes]:
    reader = LogReader(str(folder))
    frames = reader.poll(1 << 20)
    reader.close()
    return frames


def test_what_was_moved_is_read_where_it_lies(folder: Path, away: Path) -> None:
    made, known = filled(folder)
    (first, *_) = move_oldest(folder, away)
    assert first.is_symlink()
    assert first.resolve() == away / first.name
    assert read(folder) == made
    reader = LogReader(str(folder))
    assert reader.read(BOOKS, 0, 0, **ALL) == made
    reader.close()
    for each in (None, known):
        log = LogWriter(str(folder), segment_bytes=SEGMENT, known=each)
        assert log.first(BOOKS) == (1, 1)
        frames = log.read(BOOKS, 0, 0, **ALL)
        assert frames == made[: len(frames)]
        assert frames
        log.close()


def test_a_move_is_done_once(folder: Path, away: Path) -> None:
    made, _ = filled(folder)
    (path,) = move_oldest(folder, away, 1)
    moved = path.stat()
    move(path, away)
    assert path.stat() == moved
    # Killed between its name there and the link here: what lies there is taken.
    copy = path.read_bytes()
    path.unlink()
    path.write_bytes(copy)
    move(path, away)
    assert path.is_symlink()
    assert read(folder) == made


def test_another_file_of_the_name_is_left_alone(folder: Path, away: Path) -> None:
    made, _ = filled(folder)
    away.mkdir(parents=True)
    path = min(folder.glob("*.log"))
    (away / path.name).write_bytes(b"of another mesh")
    with pytest.raises(LogMoveError, match="another file lies at"):
        move(path, away)
    assert (away / path.name).read_bytes() == b"of another mesh"
    assert read(folder) == made


def test_a_relative_link_holds_where_both_are_copied(folder: Path, tmp_path: Path) -> None:
    made, _ = filled(tmp_path / "run/state/agent/log")
    path = min((tmp_path / "run/state/agent/log").glob("*.log"))
    move(path, tmp_path / "run/moved/agent/log", "../../../moved/agent/log")
    (tmp_path / "run").rename(tmp_path / "copied")
    assert read(tmp_path / "copied/state/agent/log") == made


def test_what_was_brought_elsewhere_is_looked_for_there(tmp_path: Path) -> None:
    made, _ = filled(tmp_path / "state/agent/log")
    folder = tmp_path / "state/agent/log"
    paths = move_oldest(folder, tmp_path / "cold/agent/log")
    (tmp_path / "cold").rename(tmp_path / "brought")
    assert absent_in(folder) == paths
    assert read(folder) == made[-len(read(folder)) :] != made
    look_in(tmp_path / "brought")
    assert lies_at(str(paths[0])) == str(tmp_path / "brought/agent/log" / paths[0].name)
    assert absent_in(folder) == []
    assert read(folder) == made


def test_without_what_was_moved_a_log_begins_with_what_is_kept(folder: Path, away: Path) -> None:
    made, known = filled(folder)
    paths = move_oldest(folder, away)
    away.rename(away.with_name("gone"))
    kept = read(folder)
    assert 0 < len(kept) < len(made)
    with pytest.raises(LogAwayError, match=f"{paths[-1].name}: moved to {away}"):
        LogWriter(str(folder), segment_bytes=SEGMENT)
    log = LogWriter(str(folder), segment_bytes=SEGMENT, known=known)
    first = unpack(kept[0])
    assert log.first(BOOKS) == (first.epoch, first.seq)
    assert log.last(BOOKS) == (1, FRAMES)
    assert log.read(BOOKS, 0, 0, **ALL)[0] == kept[0]
    log.append(make(BOOKS, FRAMES + 1))
    log.close()
    # An anchor that lies in what is away is none.
    with pytest.raises(LogAwayError):
        LogWriter(str(folder), segment_bytes=SEGMENT, known=(64, 0, {BOOKS: ((1, 1), (1, 1))}))


def test_a_segment_that_is_missing_behind_one_that_is_kept_is_no_log(folder: Path, away: Path) -> None:
    filled(folder)
    path = sorted(folder.glob("*.log"))[1]
    move(path, away)
    (away / path.name).unlink()
    with pytest.raises(OSError, match=path.name):
        LogWriter(str(folder), segment_bytes=SEGMENT)


def test_a_live_writer_gives_up_the_room_of_what_was_moved(folder: Path, away: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    seq = 0
    while len(list(folder.glob("*.log"))) < 2 + MOVED:
        seq += 1
        log.append(make(BOOKS, seq))
    paths = move_oldest(folder, away)
    held = [str(path) for path in paths]
    assert mapped(held) == MOVED
    while mapped(held):
        seq += 1
        log.append(make(BOOKS, seq))
        log.sync()
        log.prepare()
        assert seq < FRAMES
    assert mapped([str(away / path.name) for path in paths]) == MOVED
    frames: list[bytes] = []
    while more := log.read(BOOKS, 1, len(frames), count_max=50, bytes_max=1 << 20):
        frames += more
    assert [unpack(frame).seq for frame in frames] == [*range(1, seq + 1)]
    log.close()
    assert mapped([str(away / path.name) for path in paths]) == 0


def mapped(paths: list[str]) -> int:
    """Return how many of these files this process has mapped, those that lost their name among them."""
    lines = [line for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line]
    named = {line.split(maxsplit=5)[5].removesuffix(" (deleted)") for line in lines}
    return sum(path in named for path in paths)


def test_a_live_writer_goes_on_where_what_was_moved_cannot_be_read(folder: Path, away: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    for seq in range(1, 61):
        log.append(make(BOOKS, seq))
    move_oldest(folder, away, 1)
    away.rename(away.with_name("gone"))
    for seq in range(61, FRAMES):
        log.append(make(BOOKS, seq))
        log.sync()
        log.prepare()
    assert unpack(log.read(BOOKS, 0, 0, count_max=1, bytes_max=1)[0]).seq == 1
    log.close()


def test_damage_in_what_was_moved_is_named_and_not_mended(folder: Path, away: Path) -> None:
    made, known = filled(folder)
    (path,) = move_oldest(folder, away, 1)
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    (away / path.name).write_bytes(data)
    os.chmod(away / path.name, 0o400)
    with pytest.raises(LogDamagedError, match=path.name):
        LogWriter(str(folder), segment_bytes=SEGMENT)
    log = LogWriter(str(folder), segment_bytes=SEGMENT, known=known)
    with pytest.raises(LogDamagedError, match=path.name):
        log.read(BOOKS, 0, 0, **ALL)
    log.close()
    assert (away / path.name).read_bytes() == data
    assert made

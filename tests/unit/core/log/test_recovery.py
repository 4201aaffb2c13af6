"""Opening a log after a crash: a torn tail is cut at whatever byte it broke, damage anywhere else is refused."""

import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from core import frame
from core.crc32c import crc32c
from core.log import LogReader, LogWriter
from core.log.tail import LogTail
from schemas.errors import ExitStatus, LogDamagedError, LogVersionError
from tests.unit.core.log.damaged_log import FIRST, SEGMENT, STREAM, make, put, write

HEADER = 64
ALL = {"count_max": 1 << 30, "bytes_max": 1 << 40}
SECOND = f"{SEGMENT:020d}.log"
THIRD = f"{2 * SEGMENT:020d}.log"


def seqs(folder: Path) -> tuple[list[int], int]:
    """Open, check that every frame is whole, append one more, and return the seqs that were found and what was cut."""
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    found = [frame.unpack(data).seq for _, data in log.scan()]
    assert log.read(STREAM, 0, 0, **ALL) == [data for _, data in log.scan()]
    torn = log.torn_bytes
    log.append(make(1000))
    log.close()
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    assert [frame.unpack(data).seq for _, data in log.scan()] == [*found, 1000]
    assert log.torn_bytes == 0
    log.close()
    return found, torn


def refused(folder: Path) -> LogDamagedError:
    with pytest.raises(LogDamagedError) as refusal:
        LogWriter(str(folder), segment_bytes=SEGMENT)
    return refusal.value


def flip(file: Path, offset: int, bit: int) -> None:
    put(file, offset, bytes([file.read_bytes()[offset] ^ 1 << bit]))


@pytest.fixture
def restore(folder: Path, tmp_path: Path) -> Callable[[], None]:
    """Return a function that puts the log back as it was when the function was first called."""
    copy = tmp_path / "copy"

    def put_back() -> None:
        if copy.exists():
            shutil.rmtree(folder)
            shutil.copytree(copy, folder)
        else:
            shutil.copytree(folder, copy)

    return put_back


LAST_RECORD = 8 + 64 + 21  # length, checksum and frame; three bytes of padding follow
RECORD = LAST_RECORD + 3


@pytest.mark.parametrize("tail", ["file ends", "zeros", "garbage", "ones"])
def test_torn_last_record_is_cut_at_every_byte(folder: Path, restore: Callable[[], None], tail: str) -> None:
    *_, last = write(folder, 5)
    restore()
    for cut in range(LAST_RECORD):
        restore()
        file = folder / FIRST
        if tail == "file ends":
            os.truncate(file, last + cut)
        else:
            fill = {"zeros": b"\x00", "garbage": b"\xa5\x01\x7e", "ones": b"\xff"}[tail] * LAST_RECORD
            put(file, last + cut, fill[cut:LAST_RECORD])
        found, torn = seqs(folder)
        assert found == [1, 2, 3, 4], f"cut at byte {cut}"
        assert 0 <= torn <= LAST_RECORD
        assert torn > 0 or cut == 0


def test_file_that_ends_behind_the_last_frame_has_lost_nothing(folder: Path, restore: Callable[[], None]) -> None:
    *_, last = write(folder, 5)
    restore()
    for end in (LAST_RECORD, LAST_RECORD + 1, LAST_RECORD + 3, LAST_RECORD + 100):
        restore()
        os.truncate(folder / FIRST, last + end)
        assert seqs(folder) == ([1, 2, 3, 4, 5], 0)


@pytest.mark.parametrize("keep", [0, 1, 2, 3])
def test_tail_that_lost_several_records_is_cut(folder: Path, keep: int) -> None:
    positions = write(folder, 4)
    put(folder / FIRST, positions[keep], bytes(SEGMENT - positions[keep]))
    assert seqs(folder) == (list(range(1, keep + 1)), 0)


def test_writer_that_died_before_storing_the_length_leaves_a_tail_that_is_cleared(folder: Path) -> None:
    *_, last = write(folder, 3)
    put(folder / FIRST, last, bytes(4))
    assert seqs(folder) == ([1, 2], LAST_RECORD)


def test_flipped_bit_anywhere_in_an_earlier_record_is_refused(folder: Path, restore: Callable[[], None]) -> None:
    positions = write(folder, 5)
    restore()
    for damaged in (positions[0], positions[2]):
        for offset in range(damaged, damaged + LAST_RECORD + 3):
            restore()
            flip(folder / FIRST, offset, offset % 8)
            before = (folder / FIRST).read_bytes()
            error = refused(folder)
            assert (error.path, error.offset) == (str(folder / FIRST), damaged)
            assert (folder / FIRST).read_bytes() == before
            assert str(damaged) in str(error)


def test_length_of_zero_before_valid_records_is_refused(folder: Path) -> None:
    positions = write(folder, 5)
    put(folder / FIRST, positions[1], bytes(4))
    error = refused(folder)
    assert (error.offset, error.found) == (positions[1], "no record, though valid ones follow")


def test_flipped_bit_in_the_last_record_of_a_closed_segment_is_refused(folder: Path) -> None:
    positions = write(folder, 120)
    last = max(position for position in positions if position < SEGMENT)
    flip(folder / FIRST, last + 60, 2)
    assert (refused(folder).path, refused(folder).offset) == (str(folder / FIRST), last)


@pytest.mark.parametrize("offset", range(40))
def test_flipped_bit_in_a_segment_header_is_refused(folder: Path, offset: int) -> None:
    write(folder, 120)
    for file in (FIRST, SECOND, THIRD):
        flip(folder / file, offset, 4)
        error = refused(folder)
        assert (error.path, error.offset) == (str(folder / file), 0)
        flip(folder / file, offset, 4)


@pytest.mark.parametrize(("one", "other"), [(FIRST, SECOND), (SECOND, THIRD), (FIRST, THIRD)])
def test_swapped_segments_are_refused(folder: Path, one: str, other: str) -> None:
    write(folder, 120)
    (folder / one).rename(folder / "x")
    (folder / other).rename(folder / one)
    (folder / "x").rename(folder / other)
    assert refused(folder).offset == 0


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_segment_of_another_log_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    write(folder, 120)
    write(tmp_path / "other", 120, start=2)
    shutil.copy(tmp_path / "other" / name, folder / name)
    assert "does not continue" in refused(folder).found


def test_older_copy_of_a_segment_is_refused(folder: Path, tmp_path: Path) -> None:
    write(folder, 20)
    shutil.copy(folder / FIRST, tmp_path / "old")
    write(folder, 100, start=21)
    shutil.copy(tmp_path / "old", folder / FIRST)
    assert refused(folder).path == str(folder / FIRST)


def test_missing_segment_is_refused_unless_it_is_the_oldest(folder: Path, restore: Callable[[], None]) -> None:
    write(folder, 160)
    assert len(list(folder.iterdir())) == 4
    restore()
    for missing in (SECOND, THIRD):
        (folder / missing).unlink()
        assert refused(folder).found == "the segment that follows is missing"
        restore()
    (folder / max(os.listdir(folder))).unlink()
    assert refused(folder).found == "the segment that follows is missing"
    restore()
    (folder / FIRST).unlink()
    found, torn = seqs(folder)
    assert (found[-1], torn) == (160, 0)


def test_closed_segment_that_was_cut_short_is_refused(folder: Path, restore: Callable[[], None]) -> None:
    write(folder, 120)
    restore()
    for size in (0, 63, 64, 100, 2000, SEGMENT - 100):
        restore()
        os.truncate(folder / FIRST, size)
        assert refused(folder).path == str(folder / FIRST)


def test_torn_header_of_a_segment_without_records_is_made_anew(folder: Path, restore: Callable[[], None]) -> None:
    count = len([position for position in write(folder, 120) if position < 2 * SEGMENT])
    restore()
    for size in (0, 10, 63, 64):
        restore()
        os.truncate(folder / THIRD, size)
        if size == 64:
            flip(folder / THIRD, 8, 0)
        found, _ = seqs(folder)
        assert found == list(range(1, count + 1))


def test_segment_that_was_never_finished_is_removed(folder: Path) -> None:
    write(folder, 5)
    (folder / f"{SECOND}.tmp").write_bytes(b"begun")
    assert seqs(folder) == ([1, 2, 3, 4, 5], 0)
    assert os.listdir(folder) == [FIRST]


def test_segment_that_was_prepared_and_never_used_is_removed(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    for seq in range(1, 41):
        log.append(make(seq))
    log.sync()
    log.prepare()
    left = folder.with_name("left")
    shutil.copytree(folder, left)
    log.close()
    assert sorted(os.listdir(left)) == [FIRST, "spare.tmp"]
    assert seqs(left) == (list(range(1, 41)), 0)
    assert os.listdir(left) == [FIRST]


def test_segment_before_the_last_that_was_cut_short_is_refused(folder: Path) -> None:
    in_first = len([position for position in write(folder, 60) if position < SEGMENT])
    end = HEADER + in_first * RECORD
    os.truncate(folder / FIRST, end)
    refusal = refused(folder)
    assert f"{folder / FIRST}" in str(refusal)
    assert f"{end}" in str(refusal)
    assert "cut short" in str(refusal)


def test_writer_that_died_between_making_a_segment_and_sealing_the_one_before(folder: Path) -> None:
    in_first = len([position for position in write(folder, 60) if position < SEGMENT])
    end = HEADER + in_first * RECORD
    content = bytearray((folder / SECOND).read_bytes())
    content[HEADER:] = bytes(SEGMENT - HEADER)
    (folder / SECOND).rename(folder / "away")
    put(folder / FIRST, end, bytes(8))
    tail = LogTail(str(folder))
    (folder / "away").unlink()
    (folder / SECOND).write_bytes(content)
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    assert (log.torn_bytes, log.position) == (0, SEGMENT + HEADER)
    log.append(make(in_first + 1))
    assert tail.poll() == [make(in_first + 1)]
    log.close()
    assert seqs(folder) == (list(range(1, in_first + 2)), 0)


def write_old(folder: Path, version: int, count: int) -> None:
    """Write a log of a version before: of 1, whose frames had headers of 56 bytes, or of 2, with other messages."""
    head = b"TMLOG\x00\x00" + bytes([version]) + struct.pack("<qqqI", 0, SEGMENT, 0, 0)
    content = bytearray(head + struct.pack("<I", crc32c(head)) + bytes(24))
    for seq in range(1, count + 1):
        first = make(seq)
        data = first[:4] + bytes([version]) + (first[5:56] + first[64:] if version == 1 else first[5:])
        content += struct.pack("<II", len(data), crc32c(struct.pack("<QQ", len(content), len(data)) + data)) + data
        content += bytes(-len(content) % 8)
    folder.mkdir()
    (folder / FIRST).write_bytes(content.ljust(SEGMENT, b"\x00"))


@pytest.mark.parametrize("count", [0, 1, 5])
@pytest.mark.parametrize("version", [1, 2])
def test_log_of_a_version_before_is_refused_with_what_to_do_and_left_as_it_is(
    folder: Path, version: int, count: int
) -> None:
    write_old(folder, version, count)
    (folder / "spare.tmp").write_bytes(b"prepared")
    before = (folder / FIRST).read_bytes()
    for open_log in (lambda path: LogWriter(path, segment_bytes=SEGMENT), LogReader, LogTail):
        with pytest.raises(LogVersionError) as refusal:
            open_log(str(folder))
        error = refusal.value
        assert (error.path, error.found, error.allowed) == (str(folder / FIRST), version, 3)
        assert f"a log of version {version}: only version 3 is read; start with a fresh state folder" in str(error)
        assert "with the version of Tickmesh that wrote it" in str(error)
        assert error.exit_status == ExitStatus.CONFIG
    assert (folder / FIRST).read_bytes() == before
    assert sorted(os.listdir(folder)) == [FIRST, "spare.tmp"]


def test_later_segment_of_version_1_is_refused_too(folder: Path, tmp_path: Path) -> None:
    write(folder, 5)
    write_old(tmp_path / "first", 1, 5)
    content = bytearray((tmp_path / "first" / FIRST).read_bytes())
    content[8:16] = struct.pack("<q", SEGMENT)
    content[36:40] = struct.pack("<I", crc32c(content[:36]))
    (folder / SECOND).write_bytes(content)
    with pytest.raises(LogVersionError):
        LogWriter(str(folder), segment_bytes=SEGMENT)
    assert (folder / SECOND).read_bytes() == content


def test_record_out_of_order_is_refused(folder: Path) -> None:
    *_, last = write(folder, 5)
    forged = make(4)
    checksum = crc32c(struct.pack("<QQ", last, len(forged)) + forged)
    record = struct.pack("<II", len(forged), checksum) + forged
    put(folder / FIRST, last, record)
    assert refused(folder).found == "a record that is not after the one before it in its stream"


def other_boot(file: Path, synced: int) -> None:
    """Make the segment look as if it was written before the machine was booted, and synced up to a position."""
    put(file, 40, struct.pack("<q", synced) + b"another boot id!")


def test_after_power_loss_what_was_not_synced_may_be_missing_in_any_order(folder: Path) -> None:
    positions = write(folder, 20)
    other_boot(folder / FIRST, synced=positions[10])
    put(folder / FIRST, positions[12], b"\x00")
    found, torn = seqs(folder)
    assert found == list(range(1, 13))
    assert torn == 8 * RECORD - 3


def test_after_power_loss_damage_to_what_was_synced_is_refused(folder: Path) -> None:
    positions = write(folder, 20)
    other_boot(folder / FIRST, synced=positions[10])
    put(folder / FIRST, positions[9], b"\x00")
    assert refused(folder).offset == positions[9]


def test_what_was_read_back_after_a_boot_counts_as_synced(folder: Path) -> None:
    positions = write(folder, 20)
    other_boot(folder / FIRST, synced=0)
    write(folder, 5, start=21)
    put(folder / FIRST, 48, b"a third boot id!")
    put(folder / FIRST, positions[9], b"\x00")
    assert refused(folder).offset == positions[9]


def test_after_power_loss_segments_behind_the_hole_are_removed(folder: Path) -> None:
    positions = write(folder, 150)
    other_boot(folder / max(os.listdir(folder)), synced=positions[10])
    put(folder / FIRST, positions[20], bytes(SEGMENT - positions[20]))
    assert seqs(folder)[0] == list(range(1, 21))
    assert os.listdir(folder) == [FIRST]


def test_sync_marks_what_was_synced_before(folder: Path) -> None:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    ends = []
    for seq in range(1, 4):
        log.append(make(seq))
        ends.append(log.position)
        log.sync()
        mark = struct.unpack_from("<q", (folder / FIRST).read_bytes(), 40)[0]
        assert mark == ([0, *ends])[seq - 1]
    log.close()

"""Files of a recording: appended to, packed, and mended after a process that was killed."""

import gzip
import os

import pytest

from agents.recorder import segments
from agents.recorder.segments import SegmentWriter, left_open, pack
from schemas.errors import RecordingError

LINES = [b'{"t":"recv","n":%d}\n' % number for number in range(5_000)]


def begun(folder, name="v", ts_ns=1_764_518_400_000_000_042):
    writer = SegmentWriter(folder, name)
    writer.begin(ts_ns)
    return writer


def test_a_full_file_is_packed_under_its_own_name(tmp_path):
    writer = begun(tmp_path)
    for line in LINES:
        writer.append(line)
    assert writer.size == sum(map(len, LINES))
    done = pack(writer.finish())
    assert done.name == "v-20251130T160000.000000042Z.jsonl.gz"
    assert gzip.decompress(done.read_bytes()) == b"".join(LINES)
    assert list(tmp_path.iterdir()) == [done]


def test_names_sort_as_times_pass(tmp_path):
    paths = [begun(tmp_path, ts_ns=ts_ns).path for ts_ns in (10**18, 10**18 + 1, 10**18 + 10**9, 10**18 + 10**14)]
    assert paths == sorted(paths)


@pytest.mark.parametrize("torn", [b"", b'{"t":"re', b"x" * (3 * segments.CHUNK_BYTES)])
def test_a_torn_last_line_is_cut_off(tmp_path, torn):
    path = begun(tmp_path).path
    path.write_bytes(b"".join(LINES) + torn)
    assert gzip.decompress(pack(path).read_bytes()) == b"".join(LINES)


@pytest.mark.parametrize("text", [b"", b"no whole line"])
def test_a_file_without_a_whole_line_goes(tmp_path, text):
    path = begun(tmp_path).path
    path.write_bytes(text)
    assert pack(path) is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_packed_already_is_not_packed_again(tmp_path):
    path = begun(tmp_path).path
    path.write_bytes(b"".join(LINES))
    before = path.read_bytes()
    done = pack(path)
    # Killed between the two names: both are there.
    path.write_bytes(before)
    taken = done.stat().st_ino
    assert pack(path) == done
    assert done.stat().st_ino == taken
    assert not path.exists()


def test_what_another_process_left_is_found_oldest_first(tmp_path):
    later, first = (begun(tmp_path, ts_ns=ts_ns).path for ts_ns in (2 * 10**18, 10**18))
    other = begun(tmp_path, "v-2").path
    half = first.with_name(first.name.replace(segments.OPEN, segments.PART))
    half.write_bytes(b"half")
    assert left_open(tmp_path, "v") == [first, later]
    assert not half.exists()
    assert left_open(tmp_path, "v-2") == [other]


def test_lines_that_are_not_taken_whole_are_taken_back(tmp_path, monkeypatch):
    writer = begun(tmp_path)
    writer.append(LINES[0])
    write = os.write

    def full(descriptor, lines):
        if len(lines) < 100:
            raise OSError(28, "No space left on device")
        return write(descriptor, lines[:100])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RecordingError, match=r"No space left on device; it ends after 19 bytes"):
        writer.append(b"".join(LINES[:8]))
    assert writer.finish().read_bytes() == LINES[0]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RecordingError, match="cannot be made"):
        begun(tmp_path / "gone")


def test_what_cannot_be_packed_stays_open(tmp_path, monkeypatch):
    path = begun(tmp_path).path
    path.write_bytes(LINES[0])

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordingError, match=r"No space left on device; v-.*open stays"):
        pack(path)
    assert list(tmp_path.iterdir()) == [path]

"""The publication log between real processes, threads, signals and full disks."""

import os
import shutil
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import frame
from core.log import LogReader, LogWriter, claim_epoch
from core.log.tail import LogTail
from schemas.errors import LogBusyError

ROOT = Path(__file__).resolve().parents[2]
STREAM = 0x0101_0001
SEGMENT = 1 << 16
WAIT_S = 60


def make(seq: int, size: int = 150) -> bytes:
    return frame.pack(
        stream=STREAM, type=1, sender=1, epoch=1, seq=seq, payload=seq.to_bytes(8, "little") * (size // 8)
    )


def start(program: str, *arguments: str | Path, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


FOLLOW = """
import sys, time, zlib
from core import frame
from core.log import LogReader
reader, count, checksum = LogReader(sys.argv[1]), int(sys.argv[2]), 0
print("ready", flush=True)
seen, deadline = 0, time.monotonic() + 60
while seen < count and time.monotonic() < deadline:
    for data in reader.poll():
        seen += 1
        assert frame.unpack(data).seq == seen
        checksum = zlib.crc32(data, checksum)
    assert reader.last(int(sys.argv[3]))[1] >= seen
print(seen, checksum, reader.skipped_bytes)
"""


def test_reader_in_another_process_gets_every_frame_while_the_writer_appends(tmp_path: Path) -> None:
    count, checksum = 20_000, 0
    log = LogWriter(str(tmp_path), segment_bytes=SEGMENT)
    reader = start(FOLLOW, tmp_path, count, STREAM)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    for seq in range(1, count + 1):
        data = make(seq, size=seq % 400)
        checksum = zlib.crc32(data, checksum)
        log.append(data)
    output, errors = reader.communicate(timeout=WAIT_S)
    assert (output.split(), errors) == ([str(count), str(checksum), "0"], "")
    log.close()


APPEND_UNTIL_KILLED = """
import os, sys
from core import frame
from core.log import LogWriter
log = LogWriter(sys.argv[1], segment_bytes=1 << 16)
seq = log.last(int(sys.argv[2]))[1]
while True:
    seq += 1
    payload = seq.to_bytes(8, "little") * (seq % 60)
    log.append(frame.pack(stream=int(sys.argv[2]), type=1, sender=1, epoch=1, seq=seq, payload=payload))
    os.write(1, b"%d\\n" % seq)
"""


def test_killed_writer_loses_nothing_that_it_had_appended(tmp_path: Path) -> None:
    for round_ in range(6):
        writer = start(APPEND_UNTIL_KILLED, tmp_path, STREAM)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(500 + 377 * round_)]
        writer.kill()
        # A line may have come in two parts.
        whole = "".join([*lines, writer.communicate(timeout=WAIT_S)[0]]).split("\n")[:-1]
        confirmed = max(int(line) for line in whole if line)
        log = LogWriter(str(tmp_path), segment_bytes=SEGMENT)
        found = [frame.unpack(data).seq for _, data in log.scan()]
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= confirmed
        log.close()


APPEND_PREPARED_UNTIL_KILLED = """
import sys, threading
from core import frame
from core.log import LogWriter
log = LogWriter(sys.argv[1], segment_bytes=1 << 16, retention_bytes=int(sys.argv[3]))
def sync():
    while True:
        log.sync()
        log.prepare()
threading.Thread(target=sync, daemon=True).start()
seq = log.last(int(sys.argv[2]))[1]
print(seq, flush=True)
for _ in range(10_000):
    seq += 1
    log.append(frame.pack(stream=int(sys.argv[2]), type=1, sender=1, epoch=1, seq=seq, payload=b"x" * (seq % 500)))
sys.stdin.read()
"""


@pytest.mark.parametrize("retention", [0, 1 << 19])
def test_killed_writer_whose_segments_are_prepared_is_followed_across_its_lives(tmp_path: Path, retention: int) -> None:
    last, followed = 0, 0
    LogWriter(str(tmp_path), segment_bytes=SEGMENT).close()
    tail = LogTail(str(tmp_path))
    for wanted in (1, 500, 2_000, 5_000, 10_000):
        writer = start(APPEND_PREPARED_UNTIL_KILLED, tmp_path, STREAM, str(retention))
        assert writer.stdout is not None
        assert int(writer.stdout.readline()) == last
        deadline = time.monotonic() + WAIT_S
        while followed < last + wanted and time.monotonic() < deadline:
            for data in tail.poll():
                seq = frame.unpack(data).seq
                assert seq > followed if retention else seq == followed + 1
                followed = seq
        writer.kill()
        writer.communicate(timeout=WAIT_S)
        log = LogWriter(str(tmp_path), segment_bytes=SEGMENT, retention_bytes=retention)
        found = [frame.unpack(data).seq for _, data in log.scan()]
        assert found == list(range(found[0], found[-1] + 1))
        assert found[-1] >= followed >= last + wanted
        assert not (tmp_path / "spare.tmp").exists()
        last = found[-1]
        log.close()


def test_second_writer_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    first = start(APPEND_UNTIL_KILLED, tmp_path, STREAM)
    assert first.stdout is not None
    assert first.stdout.readline() == "1\n"
    with pytest.raises(LogBusyError, match="another process writes this log"):
        LogWriter(str(tmp_path), segment_bytes=SEGMENT)
    first.kill()
    first.communicate(timeout=WAIT_S)
    LogWriter(str(tmp_path), segment_bytes=SEGMENT).close()


def test_sync_runs_in_a_thread_while_another_appends_and_retention_drops(tmp_path: Path) -> None:
    log = LogWriter(str(tmp_path), segment_bytes=SEGMENT, retention_bytes=4 * SEGMENT)
    stop = threading.Event()
    syncs = []

    def sync() -> None:
        while not stop.is_set():
            log.sync()
            log.prepare()
            syncs.append(log.position)

    thread = threading.Thread(target=sync)
    thread.start()
    for seq in range(1, 20_001):
        log.append(make(seq))
    deadline = time.monotonic() + WAIT_S
    while len(syncs) < 3 and time.monotonic() < deadline:
        log.append(make(log.last(STREAM)[1] + 1))
    stop.set()
    thread.join(WAIT_S)
    assert len(syncs) >= 3
    last = log.last(STREAM)[1]
    log.close()
    again = LogWriter(str(tmp_path), segment_bytes=SEGMENT)
    assert [frame.unpack(data).seq for _, data in again.scan()] == list(range(again.first(STREAM)[1], last + 1))
    again.close()


SYNC_TWICE = """
import sys
from core import frame
from core.log import LogWriter
log = LogWriter(sys.argv[1], segment_bytes=4096)
for seq in (1, 2, 3):
    try:
        log.append(frame.pack(stream=1, type=1, sender=1, epoch=1, seq=seq))
        log.sync()
        print("synced", seq)
    except OSError as error:
        print(error.errno, error.strerror)
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is needed to make msync fail")
def test_disk_error_on_sync_is_raised_once_and_never_retried(tmp_path: Path) -> None:
    inject = ("strace", "-f", "-q", "-o", "/dev/null", "-e", "inject=msync:error=EIO:when=2")
    program = start(SYNC_TWICE, tmp_path, prefix=inject)
    output, _ = program.communicate(timeout=WAIT_S)
    if not output:
        pytest.skip("strace may not trace here")
    assert output.splitlines() == ["synced 1", "5 Input/output error", "5 an earlier sync of the log failed"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small tmpfs cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def append_until_full(log: LogWriter) -> int:
    """Return the seq of the frame that did not fit."""
    for seq in range(1, 10_000):
        try:
            log.append(make(seq))
        except OSError:
            return seq
    pytest.fail("the disk was never full")


def append_prepared(log: LogWriter, position: float) -> None:
    """Append up to `position`, as the loop and its group sync do."""
    while log.position < position:
        log.append(make(log.last(STREAM)[1] + 1))
        log.sync()
        log.prepare()


def test_full_disk_refuses_to_prepare_and_room_lets_the_log_go_on(small_disk: Path) -> None:
    log = LogWriter(str(small_disk / "log"), segment_bytes=SEGMENT)
    spare = small_disk / "log" / "spare.tmp"
    append_prepared(log, 3.6 * SEGMENT)
    assert not spare.exists()
    with pytest.raises(OSError, match="No space left on device"):
        append_prepared(log, 5 * SEGMENT)
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    append_prepared(log, 4.6 * SEGMENT)
    assert spare.exists()
    assert [frame.unpack(data).seq for _, data in log.scan()] == list(range(1, log.last(STREAM)[1] + 1))
    log.close()


def test_full_disk_stops_appends_and_room_lets_them_go_on(small_disk: Path) -> None:
    log = LogWriter(str(small_disk / "log"), segment_bytes=SEGMENT)
    seq = append_until_full(log)
    for _ in range(3):
        with pytest.raises(OSError, match="No space left on device"):
            log.append(make(seq))
    assert log.last(STREAM) == (1, seq - 1)
    assert LogReader(str(small_disk / "log")).last(STREAM) == (1, seq - 1)
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    for each in range(seq, seq + 500):
        log.append(make(each))
    log.sync()
    assert [frame.unpack(data).seq for _, data in log.scan()] == list(range(1, seq + 500))
    log.close()


CLAIM = """
import sys
from core.log import claim_epoch
from schemas.errors import LogBusyError
for _ in range(20):
    try:
        print(claim_epoch(sys.argv[1]))
    except LogBusyError:
        pass
"""


def test_epochs_claimed_by_several_processes_are_all_different(tmp_path: Path) -> None:
    path = tmp_path / "epoch"
    programs = [start(CLAIM, path) for _ in range(3)]
    claimed = [int(line) for each in programs for line in each.communicate(timeout=WAIT_S)[0].split()]
    assert sorted(claimed) == list(range(1, len(claimed) + 1))
    assert claim_epoch(str(path)) == len(claimed) + 1

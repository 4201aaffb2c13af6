"""Wherever the move of a segment is killed, the log is whole: here or there, never in neither place."""

import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.frame import pack
from core.log import LogReader, LogWriter
from core.log.moved import move

SEGMENT = 4096
STEPS_MAX = 60
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from core.log.moved import move
left = int(sys.argv[3])
def step(event, arguments):
    global left
    if event.split('.')[0] in ('open', 'os', 'fcntl', 'shutil'):
        left -= 1
        if left == -1:
            os.kill(os.getpid(), signal.SIGKILL)
paths = [Path(path) for path in sys.argv[4:]]
sys.addaudithook(step)
for path in paths:
    move(path, Path(sys.argv[1]))
print(int(sys.argv[3]) - left)
"""


@settings(max_examples=6, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 600), min_size=20, max_size=120),
    kills=st.lists(st.floats(0, 1), min_size=1, max_size=4),
)
def test_a_killed_move_loses_nothing(sizes: list[int], kills: list[float]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, away = Path(name, "state/agent/log"), Path(name, "cold/agent/log")
        made = write(folder, [*sizes, *[600] * 8])
        paths = sorted(folder.glob("*.log"))[:-1]
        copied = Path(name, "copied")
        shutil.copytree(folder, copied)
        steps = int(run(Path(name, "unkilled"), STEPS_MAX * len(paths), sorted(copied.glob("*.log"))[:-1]).stdout)
        for at in sorted(kills):
            killed = run(away, int(at * steps), paths)
            assert killed.returncode in (0, -signal.SIGKILL), killed.stderr
            assert read(folder) == made
            writer = LogWriter(str(folder), segment_bytes=SEGMENT)
            assert [frame for _, frame in writer.scan()] == made
            writer.close()
        for path in paths:
            move(path, away)
        assert all(path.is_symlink() for path in paths)
        assert sorted(path.name for path in away.iterdir()) == [path.name for path in paths]
        assert read(folder) == made


def run(away: Path, at: int, paths: list[Path]) -> subprocess.CompletedProcess[str]:
    """Move in a process of its own that is killed before it calls the system for the `at`th time."""
    command = [sys.executable, "-c", KILLED_AT, str(away), "", str(at), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def write(folder: Path, sizes: list[int]) -> list[bytes]:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    frames = [pack(stream=1, type=1, sender=1, epoch=1, seq=n, payload=bytes(size)) for n, size in enumerate(sizes, 1)]
    for frame in frames:
        log.append(frame)
    log.close()
    return frames


def read(folder: Path) -> list[bytes]:
    reader = LogReader(str(folder))
    frames = reader.poll(1 << 20)
    reader.close()
    return frames

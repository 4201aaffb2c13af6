"""The files of a recording: lines are appended to the open one; a full one is packed, and takes its name only when it is
whole on disk.

`NAME-TIME.jsonl.open` is written to, `NAME-TIME.jsonl.gz.part` is being packed, `NAME-TIME.jsonl.gz` is done; times sort as
they passed. Whatever kills the process leaves an open file, and the next start cuts a torn last line off, packs it, and
removes what was half packed. A batch that cannot be written whole is taken back, so the file ends with a line even then.
"""

import contextlib
import os
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import RecordingError
from schemas.units import SECOND

OPEN, PART, DONE = ".jsonl.open", ".jsonl.gz.part", ".jsonl.gz"
CHUNK_BYTES = 1 << 20
GZIP = 16 + zlib.MAX_WBITS
LEVEL = 6
MODE = 0o640


class SegmentWriter:
    """Appends to one open file of a folder at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        """Write files called `name` and their time; nothing is opened before `begin`."""
        self._folder = folder
        self._name = name
        self._file = -1
        self._path = folder
        self.size = 0
        """Bytes in the open file."""

    @property
    def path(self) -> Path:
        """The open file, or the last one."""
        return self._path

    @property
    def is_open(self) -> bool:
        """Whether there is an open file."""
        return self._file >= 0

    def begin(self, ts_ns: int) -> None:
        """Open the file of that time.

        Raises:
            RecordingError: If it cannot be made.
        """
        self._path = self._folder / f"{self._name}-{_stamp(ts_ns)}{OPEN}"
        try:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, MODE)
            _sync_folder(self._folder)
        except OSError as error:
            raise RecordingError(f"{self._path}: cannot be made: {error.strerror}") from error
        self.size = 0

    def append(self, lines: bytes) -> None:
        """Append whole lines, all of them or none.

        Raises:
            RecordingError: If the disk does not take them.
        """
        written = 0
        try:
            while written < len(lines):
                written += os.write(self._file, lines[written:] if written else lines)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self.size)
            raise RecordingError(
                f"{self._path}: cannot be written: {error.strerror}; it ends after {self.size} bytes, with a whole line"
            ) from error
        self.size += written

    def finish(self) -> Path:
        """Close the file and return it; it is to be packed."""
        os.close(self._file)
        self._file = -1
        return self._path


def pack(path: Path) -> Path | None:
    """Compress an open file that nobody writes any more, and return the one that takes its place; None for an empty one.

    Raises:
        RecordingError: If the disk does not take it; the open file stays.
    """
    done, part = (path.with_name(path.name.removesuffix(OPEN) + end) for end in (DONE, PART))
    try:
        if not _mended_size(path):
            path.unlink()
            return None
        if not done.exists():
            _compress(path, part)
            part.rename(done)
            _sync_folder(path.parent)
        path.unlink()
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise RecordingError(f"{done}: cannot be written: {error.strerror}; {path.name} stays") from error
    return done


def left_open(folder: Path, name: str) -> list[Path]:
    """Return the files that a process which is no more has left, oldest first; what it had half packed is removed."""
    ours = re.compile(re.escape(name) + r"-[0-9TZ.]+")
    for part in folder.glob(f"{name}-*{PART}"):
        if ours.fullmatch(part.name.removesuffix(PART)):
            part.unlink()
    return sorted(path for path in folder.glob(f"{name}-*{OPEN}") if ours.fullmatch(path.name.removesuffix(OPEN)))


def _mended_size(path: Path) -> int:
    """Cut off a last line that is not whole; return how large the file is then."""
    with path.open("r+b") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - CHUNK_BYTES)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end != size:
            file.truncate(end)
    return end


def _compress(path: Path, part: Path) -> None:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
    with path.open("rb") as source, os.fdopen(descriptor, "wb") as target:
        while chunk := source.read(CHUNK_BYTES):
            target.write(packer.compress(chunk))
        target.write(packer.flush())
        target.flush()
        os.fsync(target.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stamp(ts_ns: int) -> str:
    """Return a time as it stands in a file's name, whose digits sort as the times do."""
    return f"{datetime.fromtimestamp(ts_ns // SECOND, UTC):%Y%m%dT%H%M%S}.{ts_ns % SECOND:09}Z"

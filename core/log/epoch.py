"""The start counter of an agent: durable before its first use.

The file holds the number in decimal and its CRC32C in hexadecimal. A new number is written to a second file, which
then takes the place of the first, so that at no moment there is neither; file and folder are synced before the number
is handed out.
"""

import fcntl
import os
from pathlib import Path

from core.crc32c import crc32c
from schemas.errors import LogBusyError, LogDamagedError

EPOCH_MAX = (1 << 32) - 1


def claim_epoch(path: str) -> int:
    """Return a number one above that of the call before, 1 at first; it is on disk when this returns.

    Raises:
        LogBusyError: If another process is claiming from this file at this moment.
        LogDamagedError: If the file does not hold what was written.
        OSError: If the number cannot be made durable; it is then not to be used.
    """
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        _lock(lock, path)
        epoch = _read(file) + 1
        _write(file, epoch)
        os.fsync(folder)
    finally:
        os.close(lock)
        os.close(folder)
    return epoch


def _lock(descriptor: int, path: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LogBusyError(f"{path}: another process claims an epoch") from error


def _read(file: Path) -> int:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return 0
    number, _, _ = content.partition(b" ")
    if not number.isdigit() or content != _content(int(number)) or int(number) >= EPOCH_MAX:
        raise LogDamagedError(str(file), 0, f"no epoch below {EPOCH_MAX} and its checksum: {content[:32]!r}")
    return int(number)


def _write(file: Path, epoch: int) -> None:
    fresh = file.with_name(file.name + ".tmp")
    with fresh.open("wb") as stream:
        stream.write(_content(epoch))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _content(epoch: int) -> bytes:
    return b"%d %08x\n" % (epoch, crc32c(b"%d" % epoch))

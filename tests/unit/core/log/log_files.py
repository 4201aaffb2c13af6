"""Small logs for tests of the writer, its readers and its segments."""

from pathlib import Path

from core import frame

SEGMENT = 4096
RECORD = 176  # of a frame with a payload of 100 bytes: length, checksum, header, payload, padding
ALL = {"count_max": 1 << 30, "bytes_max": 1 << 40}
BOOKS, TRADES = 0x0101_0001, 0x0201_0001


def make(stream: int, seq: int, epoch: int = 1, size: int = 100) -> bytes:
    return frame.pack(stream=stream, type=1, sender=1, epoch=epoch, seq=seq, payload=bytes([seq & 0xFF]) * size)


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())

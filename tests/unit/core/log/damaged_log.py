"""Logs that a crash or a hand has damaged: the files, their records, and what opening them does."""

from pathlib import Path

from core import frame
from core.log import LogWriter

SEGMENT = 4096
STREAM = 0x0201_0001
FIRST = f"{0:020d}.log"


def make(seq: int, size: int = 21) -> bytes:
    payload = bytes((seq * 7 + i * 13) % 255 + 1 for i in range(size))
    return frame.pack(stream=STREAM, type=1, sender=1, epoch=1, seq=seq, payload=payload)


def write(folder: Path, count: int, size: int = 21, start: int = 1) -> list[int]:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    positions = [log.append(make(seq, size)) for seq in range(start, start + count)]
    log.close()
    return positions


def put(file: Path, offset: int, data: bytes) -> None:
    content = bytearray(file.read_bytes())
    content[offset : offset + len(data)] = data
    file.write_bytes(content)

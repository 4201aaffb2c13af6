"""The lines of a text file, plain, gzipped or the one file in a ZIP, in blocks, as far as the file is whole.

What cannot be unpacked is damage and the end of the file; the lines before it are handed out. A last line that such an end
has cut is left out.
"""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from agents.importer.faults import Faults
from schemas.errors import CaptureError

BLOCK_BYTES = 4 << 20
"""Unpacked bytes of one block, about."""
_READ_BYTES = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC, _ZIP_MAGIC = b"\x1f\x8b", b"PK\x03\x04"


class LineBlock(NamedTuple):
    """Lines that follow each other: the number of the first, from 1, and how many bytes of the file are read so far."""

    first: int
    lines: list[bytes]
    read_bytes: int


def line_blocks(path: Path, faults: Faults) -> Iterator[LineBlock]:
    """Yield the lines of a file.

    Raises:
        CaptureError: If there is no such file, it cannot be read, or it is a ZIP with other than one file in it.
        DamagedFileError: If the file is damaged and `faults` is strict.
    """
    try:
        with path.open("rb") as file:
            yield from _split(_pieces(path, file, faults))
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read: {error.strerror or error}") from error


def name_within(path: Path) -> str:
    """Return the name of what is imported: that of the one file in a ZIP, else the file's own.

    Raises:
        CaptureError: As `line_blocks` does.
    """
    try:
        with path.open("rb") as file:
            return _member(path, zipfile.ZipFile(file)).filename if _is_zip(file) else path.name
    except (OSError, zipfile.BadZipFile) as error:
        raise CaptureError(f"{path}: cannot be read: {error}") from error


def head(path: Path, size: int) -> bytes:
    """Return the first unpacked bytes of a file, at most `size`; what is damaged later does not matter here.

    Raises:
        CaptureError: As `line_blocks` does.
    """
    found = b""
    for block in line_blocks(path, Faults(str(path), strict=False)):
        found += b"\n".join(block.lines)
        break
    return found[:size]


class _Piece(NamedTuple):
    data: bytes
    read_bytes: int
    whole: bool = True
    """False at the end of a file that ends where it should not."""


def _pieces(path: Path, file: BinaryIO, faults: Faults) -> Iterator[_Piece]:
    magic = file.read(4)
    file.seek(0)
    if magic == _ZIP_MAGIC:
        yield from _zipped(path, file, faults)
    elif magic[:2] == _GZIP_MAGIC:
        yield from _gzipped(file, faults)
    else:
        while data := file.read(_READ_BYTES):
            yield _Piece(data, file.tell())


def _gzipped(file: BinaryIO, faults: Faults) -> Iterator[_Piece]:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        while data := file.read(_READ_BYTES):
            while data:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(_GZIP)
                found = unpacker.decompress(data)
                data = unpacker.unused_data
                if found:
                    yield _Piece(found, file.tell())
        trouble = "" if unpacker.eof else "the gzip file ends early"
    except zlib.error as error:
        trouble = f"the gzip file is damaged: {error}"
    if trouble:
        yield _Piece(b"", file.tell(), whole=False)
        faults.add(trouble)


def _zipped(path: Path, file: BinaryIO, faults: Faults) -> Iterator[_Piece]:
    trouble = ""
    try:
        packed = zipfile.ZipFile(file)
        with packed.open(_member(path, packed)) as member:
            while data := member.read(_READ_BYTES):
                yield _Piece(data, file.tell())
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        trouble = f"the ZIP file is damaged: {error}"
    if trouble:
        yield _Piece(b"", file.tell(), whole=False)
        faults.add(trouble)


def _member(path: Path, packed: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [each for each in packed.infolist() if not each.is_dir()]
    if len(members) != 1:
        raise CaptureError(
            f"{path}: holds {len(members)} files, {[each.filename for each in members]}; unpack it first"
        )
    return members[0]


def _is_zip(file: BinaryIO) -> bool:
    magic = file.read(4)
    file.seek(0)
    return magic == _ZIP_MAGIC


def _split(pieces: Iterator[_Piece]) -> Iterator[LineBlock]:
    number, rest, parts, size, read_bytes = 1, b"", [b""], 0, 0
    for piece in pieces:
        parts.append(piece.data)
        size += len(piece.data)
        read_bytes = piece.read_bytes
        if size < BLOCK_BYTES and piece.whole:
            continue
        lines = (rest + b"".join(parts)).split(b"\n")
        rest, parts, size = lines.pop(), [], 0
        if not piece.whole:
            rest = b""
        if lines:
            yield LineBlock(number, lines, read_bytes)
            number += len(lines)
    lines = (rest + b"".join(parts)).split(b"\n")
    if not lines[-1]:
        lines.pop()
    if lines:
        yield LineBlock(number, lines, read_bytes)

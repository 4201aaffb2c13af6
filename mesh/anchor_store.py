"""Anchors on disk: one file each, named after the place in the log, written whole or not at all.

A file is a magic number, the CRC32C of the rest, its length, and the anchor in msgpack. It is written aside, synced, and
then takes its name. One that is damaged, of another version, of another configuration or of another log is passed over
with a reason, and the one before is tried: what an anchor saves is time, never truth.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from core.crc32c import crc32c
from core.log import LogReader
from mesh.anchor import FORMAT, Anchor
from schemas.config import Config
from schemas.errors import LogDamagedError

FOLDER = "anchors"
"""Beside the agent's log."""
LOG = "log"
SUFFIX = ".anchor"
MAGIC = b"TMANCHR1"
HEAD_BYTES = len(MAGIC) + 12
KEPT = 256
"""Of more, those are removed that leave the smallest gap: what is kept covers the whole log evenly (`tickmesh state`)."""

KnownLog = tuple[int, int, dict[int, tuple[tuple[int, int], tuple[int, int]]]]

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Anchor)


def world_of(config: Config, counted_by: tuple[object, ...] = ()) -> int:
    """Return the checksum of what an agent's state is counted by: instruments, venues, and what the agent names."""
    return crc32c(msgspec.json.encode((config.instruments, config.venues, *counted_by)))


def encode(anchor: Anchor) -> bytes:
    """Return an anchor's file."""
    payload = _ENCODER.encode(anchor)
    rest = len(payload).to_bytes(8, "little") + payload
    return MAGIC + crc32c(rest).to_bytes(4, "little") + rest


def decode(data: bytes) -> Anchor | str:
    """Return the anchor in a file's bytes, or what is wrong with them."""
    if data[: len(MAGIC)] != MAGIC:
        return "no anchor of this version of the file"
    rest = data[len(MAGIC) + 4 :]
    length = int.from_bytes(rest[:8], "little")
    if length != len(rest) - 8 or crc32c(rest) != int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "little"):
        return "damaged"
    try:
        found = _DECODER.decode(rest[8:])
    except msgspec.MsgspecError as error:
        return f"not readable: {error}"
    return found if found.format == FORMAT else f"of format {found.format} (allowed: {FORMAT})"


def write(folder: Path, anchor: Anchor, kept: int = KEPT) -> Path:
    """Write an anchor so that it is there whole after a power loss, or not at all; return its file.

    Raises:
        OSError: If the disk does not take it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{anchor.position:020d}{SUFFIX}"
    fresh = path.with_suffix(".tmp")
    with fresh.open("wb") as stream:
        stream.write(encode(anchor))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for old in _spare(files(folder), kept):
        old.unlink(missing_ok=True)
    return path


def _spare(paths: Sequence[Path], kept: int) -> list[Path]:
    """Return the files to remove, so that `kept` are left and cover the log evenly; never the newest."""
    left, spare = list(paths), []
    while len(left) > max(kept, 1):
        places = [0, *(int(path.stem) for path in left)]
        gaps = [places[n + 2] - places[n] for n in range(len(left) - 1)]
        spare.append(left.pop(gaps.index(min(gaps))))
    return spare


def files(folder: Path) -> list[Path]:
    """Return the files of a folder's anchors, the oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit())


class AnchorStore:
    """The anchors of one agent, and why any was passed over."""

    def __init__(
        self, folder: Path, name: str, version: int, config: Config, counted_by: tuple[object, ...] = ()
    ) -> None:
        """Look into the `folder` of the agent `name` for anchors of this version of its state and this configuration.

        `counted_by` is what the agent names of its own.
        """
        self._folder = folder / FOLDER
        self._name = name
        self._version = version
        self._world = world_of(config, counted_by)
        self.refused: list[str] = []

    def newest(self, before: Mapping[str, int] | None = None) -> Anchor | None:
        """Return the newest anchor that fits the agent's log.

        `before`, if given, has a position in the agent's log and in those of its publishers, by name: the anchor is then
        the newest that knows nothing beyond them.
        """
        if not self._version:
            return None
        for path in reversed(files(self._folder)):
            if before is not None and int(path.stem) > before[self._name]:
                continue
            found = decode(path.read_bytes())
            wrong = found if isinstance(found, str) else self._wrong(found)
            if not wrong and isinstance(found, Anchor):
                if before is None or all(each.at <= before[each.publisher] for each in found.followed):
                    return found
                continue
            self.refused.append(f"{path}: {wrong}")
        return None

    def _wrong(self, anchor: Anchor) -> str:
        if anchor.agent != self._name:
            return f"an anchor of {anchor.agent}"
        if anchor.version != self._version:
            return f"its state is of version {anchor.version} (this version of Tickmesh: {self._version})"
        if anchor.world != self._world:
            return "what its state is of (instruments, venues, strategies) is configured otherwise since"
        return "" if self._is_of(anchor) else "the log is another one"

    def _is_of(self, anchor: Anchor) -> bool:
        """Return whether the log has the record that an anchor was taken behind, where it was; one before all is of any."""
        if not anchor.records:
            return True
        try:
            log = LogReader(str(self._folder.parent / LOG), anchor.last_position)
        except FileNotFoundError:
            return False
        try:
            frames = log.poll(1) if log.position == anchor.last_position else []
            return bool(frames) and crc32c(frames[0]) == anchor.last_crc
        except LogDamagedError:
            return False
        finally:
            log.close()


def known(anchor: Anchor | None) -> KnownLog | None:
    """Return what an anchor tells of its log, as who opens that takes it."""
    return None if anchor is None or not anchor.records else (anchor.last_position, anchor.oldest, dict(anchor.streams))


def told(refused: Sequence[str]) -> str:
    """Return why anchors were passed over, in a line."""
    return f"anchors passed over: {'; '.join(refused)}; more of the log is folded instead"

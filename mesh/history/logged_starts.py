"""An agent's log, start by start: what a start began from, laid out as it lay then, and what it appended."""

from pathlib import Path

from core.frame import unpack
from core.log import LogReader
from mesh.history.journal import NoLogError, segment_name, segments_in

LOCKS = Path("/proc/locks")
SYNCED = slice(40, 48)
"""Of a segment's header: up to where its writer has made the log durable."""


class LoggedStarts:
    """The records of one log in order, each with the start that it belongs to."""

    def __init__(self, folder: Path, begin: int = 0) -> None:
        """Read the log in `folder`, from the record at `begin` on.

        Raises:
            NoLogError: If there is none.
        """
        if not folder.is_dir() or not segments_in(folder):
            raise NoLogError(f"no log in {folder}: its inputs have nothing to be compared with")
        self.live = _is_written(folder)
        """Whether its agent runs."""
        self._folder = folder
        self._reader = LogReader(str(folder))
        self._records = self._reader.scan(begin)
        self._waiting = next(self._records, None)
        self.begin = 0 if self._waiting is None else self._waiting[0]
        """Where the oldest record lies that is kept."""

    @property
    def is_running(self) -> bool:
        """Whether the agent may have logged more since than was read."""
        return self.live and self._waiting is None

    def close(self) -> None:
        """Close the log."""
        self._reader.close()

    def pass_to(self, epoch: int) -> None:
        """Pass what is left of earlier starts."""
        while self._waiting is not None and unpack(self._waiting[1]).epoch < epoch:
            self._waiting = next(self._records, None)

    def next(self, epoch: int) -> bytes | None:
        """Pass and return the next record of a start, None if there is none."""
        if self._waiting is None or unpack(self._waiting[1]).epoch != epoch:
            return None
        frame = self._waiting[1]
        self._waiting = next(self._records, None)
        return frame

    def copy_before(self, folder: Path) -> None:
        """Lay out a log in `folder` that ends in front of the next record, with every record where it lies.

        The segment that is appended to is copied, those before it are linked to.
        """
        lay_out_log(self._folder, folder, None if self._waiting is None else self._waiting[0])


def lay_out_log(source: Path, folder: Path, end: int | None) -> None:
    """Lay out the log in `source` up to a position, None for all of it, in the new folder `folder`.

    Every record lies where it lies there. The segment that is appended to is copied, those before it are linked to.
    """
    folder.mkdir(parents=True)
    bases = [base for base in segments_in(source) if end is None or base < end]
    for base in bases[:-1]:
        (folder / segment_name(base)).symlink_to((source / segment_name(base)).absolute())
    if bases:
        _copy(source / segment_name(bases[-1]), folder / segment_name(bases[-1]), bases[-1], end)


def _copy(source: Path, target: Path, base: int, end: int | None) -> None:
    """Copy a segment up to a position of the log; what follows is as if nothing had been written there yet."""
    size = source.stat().st_size
    with source.open("rb") as read, target.open("wb") as write:
        data = bytearray(read.read(size if end is None else min(size, end - base)))
        if end is not None:
            synced = min(int.from_bytes(data[SYNCED], "little"), end)
            data[SYNCED] = synced.to_bytes(8, "little")
        write.write(data)
        write.truncate(size)


def _is_written(folder: Path) -> bool:
    """Return whether a process has the log open for writing: looked up, as to try its lock could stop one that starts."""
    inode = folder.stat().st_ino
    return any(line.split()[5].endswith(f":{inode}") for line in LOCKS.read_text().splitlines() if " FLOCK " in line)

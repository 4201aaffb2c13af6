"""What the agents of a run have published, looked up by place in their logs."""

from collections.abc import Mapping
from pathlib import Path

from core.frame import unpack
from core.log import LogReader
from schemas.errors import ExitStatus, TickmeshError
from schemas.streams import stream_name

AHEAD_FRAMES = 512
AHEAD_BYTES = 1 << 20


class MissingInputError(TickmeshError):
    """What reached an agent is not in the log that holds it any more."""

    exit_status = ExitStatus.NO_INPUT


class Published:
    """The logs of all agents of one state folder, each opened when it is first asked for."""

    def __init__(self, state_dir: Path, begins: Mapping[str, int] | None = None) -> None:
        """Look below `state_dir`; into what is before `begins` in a publisher's log only if it is not found there."""
        self._state_dir = state_dir
        self._begins = dict(begins or {})
        self._logs: dict[str, LogReader] = {}
        self._ahead: dict[tuple[str, int], list[bytes]] = {}

    def frame(self, publisher: str, stream: int, epoch: int, seq: int) -> bytes:
        """Return one publication, as it was sent.

        Raises:
            MissingInputError: If the log is not there, or does not hold it any more.
        """
        ahead = self._ahead.get((publisher, stream), [])
        if (found := _pop(ahead, (epoch, seq))) is not None:
            return found
        ahead = self._ahead[publisher, stream] = self._read(publisher, stream, epoch, seq)
        ahead.reverse()
        if (found := _pop(ahead, (epoch, seq))) is None:
            if self._begins.pop(publisher, 0):
                self._logs.pop(publisher).close()
                return self.frame(publisher, stream, epoch, seq)
            raise MissingInputError(
                f"{stream_name(stream)} {epoch}/{seq} is not in the log of {publisher}: "
                "retention has removed it, or it was moved elsewhere"
            )
        return found

    def close(self) -> None:
        """Close the logs."""
        for log in self._logs.values():
            log.close()

    def _read(self, publisher: str, stream: int, epoch: int, seq: int) -> list[bytes]:
        log = self._logs.get(publisher)
        if log is None:
            folder = self._state_dir / publisher / "log"
            if not folder.is_dir():
                raise MissingInputError(f"no log of agent {publisher} in {folder}: what it published cannot be read")
            log = self._logs[publisher] = LogReader(str(folder), self._begins.get(publisher, 0))
        return log.read(stream, epoch, seq - 1, count_max=AHEAD_FRAMES, bytes_max=AHEAD_BYTES)


def _pop(ahead: list[bytes], wanted: tuple[int, int]) -> bytes | None:
    """Drop what is before a place, and return what is there, the last of `ahead`."""
    while ahead:
        header = unpack(ahead[-1])
        place = (header.epoch, header.seq)
        if place > wanted:
            return None
        frame = ahead.pop()
        if place == wanted:
            return frame
    return None

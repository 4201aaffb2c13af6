"""The publication logs of a state folder, read by whoever asks after the fact: by kind, by stream, by cause.

A log is opened when it is first needed, and reading it reaches only the streams that are asked for: of a log of market
data, which is the large one, the index is built once and single records are fetched.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from core.frame import Header, payload, unpack
from core.log import LogReader
from mesh.protocol.codec import decode
from schemas.config import Config, RoleConfig
from schemas.errors import ExitStatus, TickmeshError
from schemas.messages import Cause, Message
from schemas.streams import stream_kind

CHUNK_FRAMES = 4096
CHUNK_BYTES = 1 << 22
SEQ_MAX = 2**63 - 1
PEER_KEYS = ("market_data", "execution", "portfolio")
"""Keys of an agent's table that name whom it follows."""


class OrderNotFoundError(TickmeshError):
    """No log that was searched knows the order, or there is no log."""

    exit_status = ExitStatus.NO_INPUT


class Record(msgspec.Struct, frozen=True):
    """One record of one agent's log."""

    agent: str
    header: Header
    message: Message

    @property
    def place(self) -> Cause:
        """Stream, epoch and seq."""
        return self.header.stream, self.header.epoch, self.header.seq


class Logs:
    """The publication logs in a state folder, each opened when it is first needed."""

    def __init__(self, state_dir: Path, config: Config | None = None) -> None:
        """Read the logs of all agents with a folder here; `config` tells who follows whom.

        Raises:
            OrderNotFoundError: If there is no log.
        """
        self.state_dir = state_dir
        self._config = config
        self._readers: dict[str, LogReader] = {}
        folders = sorted(state_dir.iterdir()) if state_dir.is_dir() else []
        self.agents = [each.name for each in folders if (each / "log").is_dir()]
        if not self.agents:
            raise OrderNotFoundError(f"no agent's log in {state_dir}; name the state folder of the run")

    def close(self) -> None:
        """Unmap every log."""
        for reader in self._readers.values():
            reader.close()

    def folders(self) -> list[Path]:
        """Return the folder of each log."""
        return [self.state_dir / agent / "log" for agent in self.agents]

    def streams(self, agent: str, kind: int) -> list[int]:
        """Return the streams of a kind in an agent's log."""
        return [stream for stream in self._reader(agent).streams() if stream_kind(stream) == kind]

    def with_kind(self, kind: int) -> list[tuple[str, int]]:
        """Return (agent, stream) of every stream of a kind."""
        return [(agent, stream) for agent in self.agents for stream in self.streams(agent, kind)]

    def records(self, agent: str, stream: int, after: tuple[int, int] = (0, 0), text: bytes = b"") -> Iterator[Record]:
        """Yield the records of a stream after (epoch, seq), oldest first; only those that contain `text`."""
        reader = self._reader(agent)
        while frames := reader.read(stream, *after, count_max=CHUNK_FRAMES, bytes_max=CHUNK_BYTES):
            for frame in frames:
                if text in frame:
                    yield _record(agent, frame)
            last = unpack(frames[-1])
            after = (last.epoch, last.seq)

    def at(self, cause: Cause, follower: str) -> Record | None:
        """Return the record of a cause that `follower` named, None if no log here holds it."""
        stream, epoch, seq = cause
        for agent in self._publishers(follower):
            for frame in self._reader(agent).read(stream, epoch, max(0, seq - 1), count_max=1, bytes_max=1):
                found = _record(agent, frame)
                if found.place == cause:
                    return found
        return None

    def _publishers(self, follower: str) -> list[str]:
        """Return whom `follower` follows, as far as a log is here; all where the configuration does not tell.

        Execution follows those who have it act, and they name it.
        """
        tables = {} if self._config is None else self._config.agents
        peers = _named(tables.get(follower), PEER_KEYS)
        if peers:
            peers |= {name for name, table in tables.items() if follower in _named(table, ("execution",))}
        return [agent for agent in self.agents if agent in peers or not peers]

    def _reader(self, agent: str) -> LogReader:
        if agent not in self._readers:
            self._readers[agent] = LogReader(str(self.state_dir / agent / "log"))
        return self._readers[agent]


def _named(table: RoleConfig | None, keys: Iterable[str]) -> set[str]:
    """Return the agents that a table names under these keys."""
    found = [getattr(table, key, ()) for key in keys]
    return {peer for each in found for peer in (each if isinstance(each, tuple) else (each,))}


def _record(agent: str, frame: bytes) -> Record:
    header = unpack(frame)
    return Record(agent, header, decode(header.type, payload(frame)))

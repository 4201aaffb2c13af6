"""The logs that a backtest left, read stream by stream, with all times on the wall clock of the recording.

Logs of the desk have monotonic times, which a replay begins anew; what they are on the wall clock is told by the first
message that holds both. Market data agents are played in a pass of their own, and tell the wall clock in each message.
"""

from collections.abc import Iterator
from pathlib import Path

from core.frame import HEADER_SIZE, Header, unpack
from core.log import LogReader
from mesh.protocol.codec import decode
from schemas.messages import Equity, Message, OrderUpdated
from schemas.streams import Kind, stream_kind

FRAMES_AT_ONCE = 4096
BYTES_AT_ONCE = 1 << 22


class RunLogs:
    """The logs below a folder, each agent's at AGENT/log."""

    def __init__(self, folder: Path) -> None:
        """Open every log."""
        self._readers = {path.parent.name: LogReader(str(path)) for path in sorted(folder.glob("*/log"))}
        self.wall_of_zero_ns = self._wall_of_zero_ns()
        """What the wall clock showed when the monotonic one of the desk was 0; 0 if nothing tells."""

    def close(self) -> None:
        """Unmap every log."""
        for reader in self._readers.values():
            reader.close()

    def streams(self, kind: int) -> list[tuple[str, int]]:
        """Return (agent, stream) of every stream of a kind, in the order of names and numbers."""
        found = [(name, stream) for name, reader in self._readers.items() for stream in reader.streams()]
        return sorted(each for each in found if stream_kind(each[1]) == kind)

    def records(self, agent: str, stream: int) -> Iterator[tuple[Header, Message]]:
        """Yield what a stream holds, oldest first."""
        reader, after = self._readers[agent], (0, 0)
        while frames := reader.read(stream, *after, count_max=FRAMES_AT_ONCE, bytes_max=BYTES_AT_ONCE):
            for frame in frames:
                header = unpack(frame)
                yield header, decode(header.type, frame[HEADER_SIZE:])
            after = (header.epoch, header.seq)

    def wall_ns(self, monotonic_ns: int) -> int:
        """Return a time of the desk's monotonic clock on the wall clock."""
        return monotonic_ns + self.wall_of_zero_ns

    def _wall_of_zero_ns(self) -> int:
        for kind, told in ((Kind.EQUITY, Equity), (Kind.ORDER, OrderUpdated)):
            for agent, stream in self.streams(kind):
                for header, message in self.records(agent, stream):
                    if isinstance(message, told):
                        return message.ts_recv_ns - (header.send_ns if told is Equity else header.recv_ns)
        return 0

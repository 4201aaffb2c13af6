"""The publishing side: every frame is numbered, logged, then sent; what was missed is read back from the log.

A publication is one call: the next sequence of its stream, one log append, one non-blocking send. The publisher never
waits for a subscriber and never knows how many there are. Loss is the subscriber's to find: a BEAT carries the last
sequence of every stream, or where there are many, of those that changed during the last `FULL_EVERY` beats (so that one
lost BEAT hides nothing), and of all every `FULL_EVERY` beats.
"""

from collections.abc import Callable

from core.frame import FLAG_SNAPSHOT
from core.log import LogWriter
from mesh.codec import Packer
from schemas.messages import (
    Beat,
    Message,
    ReplayAnswer,
    ReplayRequest,
    SnapshotAnswer,
    SnapshotRequest,
)
from schemas.streams import CONTROL_STREAM, StreamClass, stream_class

FULL_EVERY = 10
"""A subscriber that joins between two full tables waits at most this many beats."""

FULL_STREAMS_MAX = 64
"""Up to this many streams every beat is a full one."""

REPLAY_BYTES_MAX = 256 * 1024
"""One answer stays small, so that repair never delays live traffic by more than one answer."""


class _Stream:
    """How far a stream of this epoch has come, and whether the next beat tells of it anyway."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.changed = False


class Publisher:
    """Numbers, logs and sends the publications of one agent in one epoch."""

    def __init__(self, sender: int, epoch: int, log: LogWriter, send: Callable[[bytes], None]) -> None:
        """Continue the EVENT streams of `log` where they end; STATE streams start again at 1 with `epoch`."""
        self.epoch = epoch
        self._packer = Packer(sender)
        self._log = log
        self._send = send
        self._last: dict[int, tuple[int, int]] = dict(log.streams())
        self._streams = {s: _Stream(seq) for s, (_, seq) in self._last.items() if stream_class(s) is StreamClass.EVENT}
        self._changed: dict[int, int] = {}
        self._beats = 0

    def publish(
        self, stream: int, message: Message, flags: int, corr: int, origin_ns: int, recv_ns: int, send_ns: int
    ) -> int:
        """Log `message` as the next of `stream`, send it, and return its sequence.

        Raises:
            OSError: If the log cannot take it; nothing was sent then.
        """
        state = self._streams.get(stream)
        if state is None:
            state = _Stream(0)
        seq = state.seq + 1
        frame = self._packer.pack(message, stream, self.epoch, seq, origin_ns, recv_ns, send_ns, corr, flags)
        self._log.append(frame)
        state.seq = seq
        if not state.changed:
            state.changed = True
            self._streams[stream] = state
            self._changed[stream] = FULL_EVERY
        self._send(frame)
        return seq

    def beat(self, now_ns: int, ending: bool = False) -> None:
        """Send a BEAT: this loop is alive, and this is how far each stream has come."""
        for stream in self._changed:
            state = self._streams[stream]
            state.changed = False
            self._last[stream] = (self.epoch, state.seq)
        full = len(self._last) <= FULL_STREAMS_MAX or self._beats % FULL_EVERY == 0 or ending
        streams = self._last if full else self._changed
        table = tuple([(stream, *self._last[stream]) for stream in streams])
        self._changed = {stream: left - 1 for stream, left in self._changed.items() if left > 1}
        self._beats += 1
        self._send(
            self._packer.pack(Beat(full, table, ending), CONTROL_STREAM, self.epoch, self._beats, 0, 0, now_ns, 0)
        )

    def replay(self, request: ReplayRequest) -> ReplayAnswer:
        """Answer with what the log holds of the stream after the given position."""
        frames = self._log.read(
            request.stream,
            request.epoch,
            request.seq,
            count_max=request.count_max,
            bytes_max=REPLAY_BYTES_MAX,
        )
        oldest = self._log.first(request.stream)
        return ReplayAnswer(request.stream, tuple(frames), oldest, self._log.last(request.stream))

    def snapshot(self, request: SnapshotRequest, message: Message | None, now_ns: int) -> SnapshotAnswer:
        """Answer with the state `message` as of the last publication of the stream."""
        state = self._streams.get(request.stream)
        last = (self.epoch, 0 if state is None else state.seq)
        if message is None:
            return SnapshotAnswer(request.stream, b"", last)
        frame = self._packer.pack(message, request.stream, self.epoch, last[1], 0, 0, now_ns, 0, FLAG_SNAPSHOT)
        return SnapshotAnswer(request.stream, frame, last)

    def published(self) -> dict[int, int]:
        """Return the last sequence of each stream of this epoch."""
        return {stream: state.seq for stream, state in self._streams.items()}

"""The publishing side: every frame is numbered and logged, then its owner sends it; what was missed is read from the log.

A publication is one call: the next sequence of its stream, and one log append. The publisher never waits for a subscriber
and never knows how many there are. Loss is the subscriber's to find: a BEAT carries the last
sequence of every stream, or where there are many, of those that changed during the last `FULL_EVERY` beats (so that one
lost BEAT hides nothing), and of all every `FULL_EVERY` beats.
"""

from core.frame import FLAG_SNAPSHOT
from core.log.writer import LogWriter
from mesh.protocol.codec import Packer
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


class _Place:
    """Where one stream stands: its last publication in this epoch, and what the last beat told of it."""

    def __init__(self, seq: int, told: tuple[int, int] | None) -> None:
        self.seq = seq
        self.told = told
        """Epoch and sequence; of an earlier epoch until there is one of this."""
        self.changed = 0
        """For so many beats the stream counts as changed."""


class Publisher:
    """Numbers and logs the publications of one agent in one epoch; what was published last is the packer's frame."""

    def __init__(self, packer: Packer, epoch: int, log: LogWriter) -> None:
        """Continue the EVENT streams of `log` where they end; STATE streams start again at 1 with `epoch`."""
        self.epoch = epoch
        self._packer = packer
        self._log = log
        self._places: dict[int, _Place] = {}
        self._place: _Place | None = None
        self._stream = 0
        self._beats = 0
        for stream, told in log.streams().items():
            self._places[stream] = _Place(told[1] if stream_class(stream) is StreamClass.EVENT else 0, told)

    def publish(
        self, stream: int, message: Message, flags: int, corr: int, origin_ns: int, recv_ns: int, decided_ns: int
    ) -> int:
        """Log `message` as the next of `stream` and return its sequence.

        Raises:
            OSError: If the log cannot take it; nothing may be sent then.
        """
        place = self._place
        if place is None or stream != self._stream:
            place = self._place_of(stream)
        seq = place.seq + 1
        frame = self._packer.pack(message, stream, self.epoch, seq, origin_ns, recv_ns, decided_ns, corr, flags)
        self._log.append(frame)
        place.seq = seq
        place.changed = FULL_EVERY
        return seq

    def beat(self, now_ns: int, ending: bool = False) -> bytes:
        """Return the frame of a BEAT: this loop is alive, and this is how far each stream has come."""
        known: list[tuple[int, int, int]] = []
        changed: list[tuple[int, int, int]] = []
        for stream, place in self._places.items():
            if place.changed:
                place.changed -= 1
                place.told = (self.epoch, place.seq)
                changed.append((stream, *place.told))
            if place.told is not None:
                known.append((stream, *place.told))
        full = len(known) <= FULL_STREAMS_MAX or self._beats % FULL_EVERY == 0 or ending
        table = tuple(known if full else changed)
        self._beats += 1
        return self._packer.pack(Beat(full, table, ending), CONTROL_STREAM, self.epoch, self._beats, 0, 0, now_ns, 0)

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

    def snapshot(self, request: SnapshotRequest, state: Message | None, now_ns: int) -> SnapshotAnswer:
        """Answer with `state` as of the last publication of the stream."""
        place = self._places.get(request.stream)
        last = (self.epoch, 0 if place is None else place.seq)
        if state is None:
            return SnapshotAnswer(request.stream, b"", last)
        frame = self._packer.pack(state, request.stream, self.epoch, last[1], 0, 0, now_ns, 0, FLAG_SNAPSHOT)
        return SnapshotAnswer(request.stream, frame, last)

    def published(self) -> dict[int, int]:
        """Return the last sequence of each stream of this epoch."""
        return {stream: place.seq for stream, place in self._places.items() if place.seq}

    def _place_of(self, stream: int) -> _Place:
        place = self._places.get(stream)
        if place is None:
            place = self._places[stream] = _Place(0, None)
        self._place, self._stream = place, stream
        return place

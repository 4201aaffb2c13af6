"""One subscription link: what a subscriber knows of one publisher's streams, and how it makes good what it missed.

PUB drops silently, so loss is found and repaired here. Every stream has a position, the (epoch, seq) of the last
message applied, and a target, the highest the publisher is known to have reached: from a frame that came too early, from
a BEAT, or from a repair answer. Joining late, a gap, a lost tail and the publisher's restart are then one case: while
the position is short of the target, ask the publisher's log for what comes after the position; frames that arrive
meanwhile are held and applied when their turn comes. Only who follows the state of a STATE stream, and has no position
or one too far back, asks for a snapshot instead.

What a stream then counts as is worked out in one place, of what is learnt of it (`mesh.protocol.stream_states`).

A PUB/SUB pipe is first in, first out and subscriptions are made control stream last, so a BEAT that is ahead of the
position proves a loss at once; so it does to who reads the publisher's log, and looks at a BEAT when that is read. This
file is sans-I/O: frames, answers and the time come in as arguments.
"""

from collections.abc import Callable, Sequence

from core.frame import FLAG_REPLAY, unpack, with_flags
from core.histogram import LatencyHistogram
from core.sequence import SequenceTracker
from core.stream_table import StreamTable
from mesh.agent import Start, Subscription
from mesh.context import Outcome, Reply
from mesh.protocol.codec import decode_frame
from mesh.protocol.followed_stream import FollowedStream, StreamPosition
from mesh.protocol.stream_states import TRANSITIONS, Evidence
from schemas.config import MeshConfig
from schemas.errors import FrameError
from schemas.messages import (
    Beat,
    LinkStatus,
    Message,
    ReplayAnswer,
    ReplayRequest,
    SnapshotAnswer,
    SnapshotRequest,
)
from schemas.streams import CONTROL_STREAM, StreamState
from schemas.units import MS

REPAIRS_MAX = 4
"""Repairs under way at once on one link: more would only wait for each other at the publisher."""

SNAPSHOT_GAP = 1_000
"""A longer gap in a followed state costs less as one snapshot than as that many messages."""

BACKOFF_FIRST_NS = 50 * MS
BACKOFF_MAX_NS = 2_000 * MS
TTL_MS_MAX = 5_000

SILENT_GAPS_MAX = 2
"""So many gaps in a row that only a BEAT told of: libzmq has lost the subscription (`reliability.md`, F6)."""

NEVER_NS = 2**63 - 1
DOWN = StreamState.DOWN


def _leave(publisher: str) -> None:
    """Make no subscription anew: there is no socket."""


class Link:
    """Follows the streams of one publisher and delivers each message once, in order."""

    def __init__(
        self,
        publisher: str,
        subscriptions: Sequence[Subscription],
        config: MeshConfig,
        *,
        deliver: Callable[[str, bytes], None],
        ask: Callable[[str, Message, int, int], int],
        tell: Callable[[str, int, StreamState], None],
        same_host: bool = True,
        reopen: Callable[[str], None] = _leave,
    ) -> None:
        """Follow `subscriptions` of `publisher`.

        Args:
            publisher: Name of the publisher.
            subscriptions: One for each stream.
            config: Timers.
            deliver: Called with (publisher, frame) for each message in its turn.
            ask: Called with (publisher, request, ttl_ms, now_ns) to ask for a repair; returns the request id.
            same_host: Whether the publisher's monotonic clock is ours, so that the age of a BEAT can be told.
            tell: Called with (publisher, stream, state) at each change of state.
            reopen: Called with (publisher) when the subscription has become deaf and must be made again.
        """
        self.publisher = publisher
        self.tracker = SequenceTracker()
        self._deliver = deliver
        self._ask = ask
        self._tell = tell
        self._reopen = reopen
        self.transit = LatencyHistogram()
        self.same_host = same_host
        self._ttl_ms = config.repair_timeout_ms
        self._suspect_ns = config.suspect_beats * config.beat_interval_ms * MS
        self._down_ns = config.down_beats * config.beat_interval_ms * MS
        self._heard_ns = 0
        self._silent = True
        self._doubted = False
        self._epoch = 0
        self._streams = {s.stream: FollowedStream(s) for s in subscriptions}
        self._table = StreamTable(self._streams)
        for subscription in subscriptions:
            self.tracker.set(subscription.stream, *(subscription.position or (0, 0)), live=False)

    @property
    def prefixes(self) -> list[bytes]:
        """Return what to subscribe to, in order: the control stream last proves the others."""
        return [s.to_bytes(4, "big") for s in (*self._streams, CONTROL_STREAM)]

    @property
    def conflated(self) -> bytes:
        """Return the kinds of stream of which only the newest message is wanted, a byte each."""
        wanted = [s.subscription for s in self._streams.values()]
        whole = {subscription.stream >> 24 for subscription in wanted if not subscription.conflate}
        return bytes({subscription.stream >> 24 for subscription in wanted} - whole)

    @property
    def due_ns(self) -> int:
        """When `on_timer` must next be called."""
        if self._silent:
            due = NEVER_NS
        else:
            due = self._heard_ns + (self._down_ns if self._doubted else self._suspect_ns)
        for stream in self._streams.values():
            if stream.retry_ns:
                due = min(due, stream.retry_ns)
        return due

    def state(self, stream: int) -> StreamState:
        """Return the state of a followed stream, DOWN for any other."""
        found = self._table.get(stream)
        return DOWN if found is None else found.state

    def on_frame(self, frame: bytes, now_ns: int) -> None:
        """Take a frame that the tracker did not pass as in order; a BEAT comes here too.

        Raises:
            FrameError: If it is not a frame, or a BEAT that does not decode.
        """
        header = unpack(frame)
        if header.epoch < self._epoch:
            return
        self.heard(now_ns)
        if header.stream == CONTROL_STREAM:
            late = self.same_host and now_ns - header.send_ns >= self._suspect_ns
            self._on_beat(header.epoch, decode_frame(header, frame), late, now_ns)
            return
        stream = self._streams.get(header.stream)
        if stream is None:
            return
        where = (header.epoch, header.seq)
        stream.came += 1
        if where <= self.tracker.position(header.stream):
            stream.duplicates += 1
            return
        stream.hold(where, frame)
        stream.target = max(stream.target, where)
        self._advance(header.stream, stream, now_ns)

    def heard(self, now_ns: int) -> None:
        """Note that a frame came at `now_ns`."""
        self._heard_ns = now_ns

    def count_lost(self, stream: int) -> None:
        """Count one message that came but could not be read."""
        self._streams[stream].lost += 1

    def on_reply(self, reply: Reply, now_ns: int) -> None:
        """Take the end of a repair request."""
        request = reply.request
        if not isinstance(request, ReplayRequest | SnapshotRequest):
            return
        stream = self._streams[request.stream]
        if reply.request_id != stream.asked:
            return
        stream.asked = 0
        answer = reply.message
        self._next_repairs(request.stream, now_ns)
        if reply.outcome is Outcome.ANSWERED and isinstance(answer, ReplayAnswer):
            self._on_replay(request.stream, stream, answer)
        elif reply.outcome is Outcome.ANSWERED and isinstance(answer, SnapshotAnswer):
            self._on_snapshot(request.stream, stream, answer)
        else:
            stream.failures += 1
            stream.backoff_ns = min(max(2 * stream.backoff_ns, BACKOFF_FIRST_NS), BACKOFF_MAX_NS)
            stream.retry_ns = now_ns + stream.backoff_ns
            return
        stream.backoff_ns = stream.retry_ns = stream.failures = 0
        stream.let_go(self.tracker.position(request.stream))
        self._advance(request.stream, stream, now_ns)

    def on_timer(self, now_ns: int) -> None:
        """Find silence, and repeat repairs that failed."""
        silence_ns = 0 if self._silent else now_ns - self._heard_ns
        if silence_ns >= self._down_ns:
            self._fall_silent()
        elif silence_ns >= self._suspect_ns and not self._doubted:
            self._doubt()
        for number, stream in self._streams.items():
            if stream.retry_ns and now_ns >= stream.retry_ns:
                stream.retry_ns = 0
                if not self._silent:
                    self._advance(number, stream, now_ns)

    def on_pause(self, now_ns: int) -> None:
        """Take note that this process stood still: nothing counts as live until the publisher is heard again."""
        self._heard_ns = now_ns
        if not self._silent:
            self._doubt()

    def status(self) -> list[LinkStatus]:
        """Return the counts of every stream."""
        return [
            LinkStatus(
                self.publisher,
                number,
                s.state,
                *self.tracker.position(number),
                s.received + self.tracker.passed(number),
                s.repaired,
                s.lost,
                s.gaps,
                s.duplicates,
                s.skipped,
            )
            for number, s in self._streams.items()
        ]

    # How a stream goes on

    def _on_beat(self, epoch: int, beat: Message, late: bool, now_ns: int) -> None:
        if not isinstance(beat, Beat):
            raise FrameError(f"a {type(beat).__name__} on the control stream of {self.publisher} (allowed: Beat)")
        if beat.ending:
            self._targets(beat)
            self._fall_silent()
            return
        if (epoch > self._epoch or self._silent) and not beat.full:
            return
        new = epoch > self._epoch
        joined = new or self._silent
        deaf = False
        self._epoch = epoch
        self._silent = False
        self._targets(beat)
        for number, stream in self._streams.items():
            if new:
                self._on_epoch(number, stream, epoch)
        if late:
            self._doubt()
            return
        self._doubted = False
        for number, stream in self._streams.items():
            if not joined and stream.state is StreamState.LIVE and stream.target > self.tracker.position(number):
                deaf = self._is_deaf(number, stream) or deaf
            if joined or stream.state is not StreamState.LIVE or stream.target > self.tracker.position(number):
                self._advance(number, stream, now_ns)
        if deaf:
            self._reopen(self.publisher)

    def _is_deaf(self, number: int, stream: FollowedStream) -> bool:
        """Note a gap that only the BEAT told of; return whether it is the second without a live message between."""
        came = stream.came + self.tracker.passed(number)
        stream.silent_gaps = 1 if came != stream.came_before else stream.silent_gaps + 1
        stream.came_before = came
        if stream.silent_gaps < SILENT_GAPS_MAX:
            return False
        stream.silent_gaps = 0
        return True

    def _targets(self, beat: Beat) -> None:
        for number, epoch, seq in beat.table:
            stream = self._streams.get(number)
            if stream is not None:
                stream.target = max(stream.target, (epoch, seq))

    def _on_epoch(self, number: int, stream: FollowedStream, epoch: int) -> None:
        """Begin with a publisher that is new to us or was restarted."""
        position = self.tracker.position(number)
        stream.begin(self.publisher, position)
        if stream.event and position == (0, 0) and not stream.joined and stream.subscription.start is Start.NEXT:
            first = min(stream.held, default=(stream.target[0], stream.target[1] + 1))
            self.tracker.set(number, first[0], first[1] - 1, live=False)
        if stream.wants_state and stream.target[0] < epoch:
            # Nothing published yet in this epoch: what was known of the state does not count any more.
            stream.target = (epoch, 0)

    def _advance(self, number: int, stream: FollowedStream, now_ns: int) -> None:
        """Apply what is held and next, then be LIVE or ask for what is missing."""
        if self._silent:
            return
        self._apply_held(number, stream)
        position = self.tracker.position(number)
        if position >= stream.target and not stream.held and (stream.joined or not stream.wants_state):
            if not self._doubted:
                self._live(number, stream)
            return
        if stream.state is StreamState.LIVE:
            stream.gaps += 1
        self._learn(number, stream, Evidence.BEHIND)
        self.tracker.hold(number)
        if stream.asked or stream.retry_ns or self._repairing() >= REPAIRS_MAX:
            return
        ttl_ms = min(self._ttl_ms << stream.failures, TTL_MS_MAX)
        if stream.wants_state and self._too_far(stream, position):
            stream.asked = self._ask(self.publisher, SnapshotRequest(number), ttl_ms, now_ns)
        else:
            stream.asked = self._ask(self.publisher, ReplayRequest(number, *position), ttl_ms, now_ns)

    def _apply_held(self, number: int, stream: FollowedStream) -> None:
        while stream.held:
            position = self.tracker.position(number)
            following = stream.following(position, self._epoch)
            frame = stream.held.pop(following, None)
            if frame is None:
                return
            stream.received += 1
            self.tracker.set(number, *following, live=False)
            self._deliver(self.publisher, frame)

    def _on_replay(self, number: int, stream: FollowedStream, answer: ReplayAnswer) -> None:
        stream.target = max(stream.target, answer.last)
        for frame in answer.frames:
            header = unpack(frame)
            where = (header.epoch, header.seq)
            position = self.tracker.position(number)
            if header.stream != number or where <= position:
                continue
            stream.miss(self.publisher, position, where, answer.oldest)
            if stream.joined:
                stream.repaired += 1
            else:
                stream.received += 1
            stream.held.pop(where, None)
            self.tracker.set(number, *where, live=False)
            self._deliver(self.publisher, with_flags(frame, FLAG_REPLAY))
        position = self.tracker.position(number)
        if not answer.frames and position < answer.last:
            stream.miss(self.publisher, position, (answer.last[0], answer.last[1] + 1), answer.oldest)
            self.tracker.set(number, *answer.last, live=False)
        if not answer.frames:
            stream.target = max(answer.last, max(stream.held, default=answer.last))

    def _on_snapshot(self, number: int, stream: FollowedStream, answer: SnapshotAnswer) -> None:
        position = self.tracker.position(number)
        if answer.last[0] < self._epoch or answer.last < position:
            return
        if stream.joined:
            same = position[0] == answer.last[0]
            stream.repaired += answer.last[1] - (position[1] if same else 0)
        stream.joined = True
        stream.target = max(stream.target, answer.last)
        self.tracker.set(number, *answer.last, live=False)
        if answer.frame:
            self._deliver(self.publisher, answer.frame)

    def _repairing(self) -> int:
        return sum([1 for s in self._streams.values() if s.asked])

    def _next_repairs(self, ended: int, now_ns: int) -> None:
        """Go on with streams that waited for a place among the repairs under way."""
        for number, stream in self._streams.items():
            waits = not stream.asked and not stream.retry_ns and number != ended
            if waits and stream.state is not StreamState.LIVE:
                self._advance(number, stream, now_ns)

    def _live(self, number: int, stream: FollowedStream) -> None:
        stream.joined = True
        self.tracker.set(number, *self.tracker.position(number), live=True)
        self._learn(number, stream, Evidence.CAUGHT_UP)

    def _doubt(self) -> None:
        """Call nothing live before a BEAT that is not late: what waits in the pipe may be old."""
        self._doubted = True
        for number, stream in self._streams.items():
            if stream.state is StreamState.LIVE:
                self.tracker.hold(number)
            self._learn(number, stream, Evidence.DOUBTED)

    def _fall_silent(self) -> None:
        """Expect nothing any more until a full BEAT comes."""
        self._silent = True
        for number, stream in self._streams.items():
            self.tracker.hold(number)
            stream.asked = stream.retry_ns = 0
            self._learn(number, stream, Evidence.SILENT)

    def _learn(self, number: int, stream: FollowedStream, evidence: Evidence) -> None:
        state = TRANSITIONS[stream.state][evidence]
        if state is not stream.state:
            stream.state = state
            self._tell(self.publisher, number, state)

    def _too_far(self, stream: FollowedStream, position: StreamPosition) -> bool:
        return position[0] != stream.target[0] or not position[0] or stream.target[1] - position[1] > SNAPSHOT_GAP

"""What the books of a file begin with, so that the file can be played without those before it.

Where a book is joined by REST, a snapshot is asked for when the first update of the file came, and again until one reaches
that update: then the book is known from there on. Where books begin in the stream, a file that begins in the middle of one
has its snapshots from a connection of its own, which is closed when each book has told its own (`want_in_stream`).
"""

from collections.abc import Callable, Iterable, Sequence

from agents.market_data.rest_calls import RestCalls
from agents.venues.base import Channel, FeedKind
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import MarketFeeds
from mesh.context import CallOutcome, Context, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.units import SECOND

SNAPSHOT = "snapshot:"
"""A timer's name begins with it; the stream follows."""
AGAIN_NS = SECOND
AGAIN_NS_MAX = 60 * SECOND


class _Wanted:
    """One book that still needs a snapshot."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.first_id: int | None = None
        """Id of the first update that the snapshot must reach, once that came."""
        self.wait_ns = AGAIN_NS


class BookSnapshots:
    """The books of one venue that need a snapshot, and the calls for them."""

    def __init__(
        self, feeds: MarketFeeds, calls: RestCalls, depth: int, on_answer: Callable[[VenueReply], None]
    ) -> None:
        """Ask for `depth` levels; `on_answer` records an answer."""
        self._feeds = feeds
        self._calls = calls
        self._depth = depth
        self._on_answer = on_answer
        self._wanted: dict[str, _Wanted] = {}
        books = [channel for channel in feeds.channels if channel.kind == FeedKind.DEPTH]
        self._in_stream = [channel for channel in books if feeds.snapshot_requests(channel)]
        self._by_rest = [channel for channel in books if not feeds.snapshot_requests(channel)]

    @property
    def wanted(self) -> bool:
        """Whether frames are to be shown to `on_frame`."""
        return bool(self._wanted)

    @property
    def missing(self) -> list[str]:
        """The symbols of the books without a snapshot yet."""
        return [each.channel.info.symbol for each in self._wanted.values()]

    def in_stream(self, line: str) -> Sequence[Channel]:
        """Return the channels of a connection whose books begin in the stream."""
        return [channel for channel in self._in_stream if channel.connection == line]

    def begin(self, ctx: Context, lines: Iterable[str]) -> None:
        """Want a snapshot of each book of these connections that is joined by REST."""
        self._ctx = ctx
        lines = set(lines)
        for channel in self._by_rest:
            if channel.connection in lines:
                self._wanted[_timer(channel)] = _Wanted(channel)

    def on_frame(self, channel: Channel, frame: bytes) -> None:
        """Ask for a book whose first update this is."""
        wanted = self._wanted.get(_timer(channel))
        if wanted is None or wanted.first_id is not None:
            return
        try:
            update = self._feeds.decode(channel, frame, self._ctx.wall_ns)
        except VenueError:
            self._ctx.count(Counter.VENUE_FRAME_BAD)
            return
        if isinstance(update, DepthUpdate):
            wanted.first_id = update.first_update_id
            self._ask(wanted)

    def on_timer(self, name: str) -> None:
        """Ask again."""
        if name in self._wanted:
            self._ask(self._wanted[name])

    def _ask(self, wanted: _Wanted) -> None:
        call = self._feeds.snapshot_call(wanted.channel.info, self._depth)
        assert call is not None, "a book that is joined by REST has a call for its snapshot"
        if self._calls.may_call(_timer(wanted.channel)):
            self._calls.make(call, lambda reply: self._on_reply(wanted, reply))

    def _on_reply(self, wanted: _Wanted, reply: VenueReply) -> None:
        name = _timer(wanted.channel)
        if reply.outcome == CallOutcome.ANSWERED and reply.status == 200:
            self._on_answer(reply)
            if self._reaches(wanted, reply.body):
                # A later connection may have begun to want it anew.
                if self._wanted.get(name) is wanted:
                    del self._wanted[name]
                return
        else:
            self._ctx.count(Counter.SNAPSHOT_FAILED)
        if self._wanted.get(name) is wanted:
            self._ctx.set_timer(name, self._ctx.now_ns + wanted.wait_ns)
            wanted.wait_ns = min(2 * wanted.wait_ns, AGAIN_NS_MAX)

    def _reaches(self, wanted: _Wanted, body: bytes) -> bool:
        assert wanted.first_id is not None, "asked for once the first update came"
        try:
            snapshot = self._feeds.decode_snapshot(wanted.channel.info, body, self._ctx.wall_ns)
        except VenueError:
            self._ctx.count(Counter.SNAPSHOT_FAILED)
            return False
        return snapshot.last_update_id + 1 >= wanted.first_id


def _timer(channel: Channel) -> str:
    return f"{SNAPSHOT}{channel.stream}"

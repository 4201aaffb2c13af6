"""The connections of market data: each is replaced before the venue ends it, so that no stream has a hole there.

A venue that ends connections says after how long (`MarketFeeds.connection_life_ms`), or announces it (`ends_soon`). Before
that a second connection to the same address is opened and subscribed; each stream goes over to it when it is proven where
it goes on (`handover`), and when all have, the first is closed. If the venue is faster, the rest goes over then.

While there is one connection only, nothing of this is asked for any frame.
"""

from collections.abc import Iterable, Sequence

from agents.market_data.feeds import SPARE, VenueFeed
from agents.market_data.frame_path import FramePath
from agents.market_data.handover import Handover
from agents.market_data.subscriptions import Subscriptions
from agents.venues.connection_life import ConnectionLife
from agents.venues.market_port import MarketFeeds
from mesh.context import Context
from schemas.counters import Counter

LIFE = "life:"
"""Name of a timer begins with it; the connection follows, which has lived for so long that another must take over."""
HANDOVER = "handover:"
"""Likewise; the streams of the connection have had time enough to go over to it."""


class _Line:
    """One address of the venue, the connection that the streams come over, and the one that takes over from it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.current = name
        self.spare = ""
        self.spare_is_up = False
        self.announced = False
        """Whether the end of the spare connection was announced before it had taken over."""
        self.feeds: list[VenueFeed] = []


class Connections:
    """Opens the venue's connections, and has another take over from each before its end."""

    def __init__(
        self,
        venue_feeds: MarketFeeds,
        feeds: Iterable[VenueFeed],
        path: FramePath,
        subscriptions: Subscriptions,
        life_ms: int,
    ) -> None:
        """Take the feeds and the path of their frames; `life_ms` is 0 where the venue ends no connection by its age."""
        self._lines = {name: _Line(name, url) for name, url in venue_feeds.urls().items()}
        self._path = path
        self._subscriptions = subscriptions
        self._life = ConnectionLife(life_ms)
        self._handovers: dict[int, Handover] = {}
        for feed in feeds:
            self._lines[feed.connection].feeds.append(feed)

    def begin(self, ctx: Context) -> None:
        """Open each connection."""
        self._ctx = ctx
        for line in self._lines.values():
            ctx.open_socket(line.current, line.url)

    def on_socket(self, connection: str, up: bool) -> Sequence[VenueFeed]:
        """Take note of a connection that is up or down; return the feeds that begin anew, or are down, with it."""
        line = self._line(connection)
        if up and self._life.young_ns:
            self._ctx.set_timer(LIFE + connection, self._ctx.now_ns + self._life.young_ns)
        elif not up:
            self._ctx.cancel_timer(LIFE + connection)
        if connection == line.spare:
            self._on_spare(line, up)
            return ()
        self._subscriptions.begin(self._ctx, line.name, connection, up)
        if not up and line.spare:
            lost = () if line.spare_is_up else line.feeds
            self._end(line)
            return lost
        return line.feeds

    def on_announced(self, connection: str) -> None:
        """Have another connection take over from one that the venue ends."""
        self._ctx.count(Counter.CONNECTION_ENDS_ANNOUNCED)
        line = self._line(connection)
        if connection == line.spare:
            line.announced = True
        else:
            self._open_spare(line)

    def on_timer(self, name: str) -> bool:
        """Open another connection, or close the one that it took over from; return whether the timer was for that."""
        if name.startswith(LIFE):
            line = self._line(name.removeprefix(LIFE))
            if name == LIFE + line.current:
                self._open_spare(line)
        elif name.startswith(HANDOVER):
            self._on_window(self._lines[name.removeprefix(HANDOVER)])
        else:
            return False
        return True

    def on_frame(self, connection: str, frame: bytes) -> None:
        """Take a frame while some stream is going over to another connection (`FramePath.overlap`)."""
        feed = self._path.find(connection, frame)
        if feed is None:
            return
        message = self._path.read(feed, frame)
        handover = self._handovers.get(feed.stream)
        if handover is None:
            self._path.take(feed, message)
        elif message is not None:
            doubled = handover.doubled
            for each in message if isinstance(message, list) else [message]:
                handover.on_message(connection, each)
            self._count_doubled(handover.doubled - doubled)
            if handover.done:
                self._on_done(feed)

    # Inside

    def _line(self, connection: str) -> _Line:
        return next(line for line in self._lines.values() if connection in (line.current, line.spare))

    def _open_spare(self, line: _Line) -> None:
        if not line.spare:
            line.spare = line.name if line.current != line.name else f"{line.name}{SPARE}"
            line.announced = False
            self._ctx.open_socket(line.spare, line.url)

    def _on_spare(self, line: _Line, up: bool) -> None:
        """Subscribe the second connection and take the streams from both; or leave them to the first, if it is lost."""
        line.spare_is_up = up
        self._subscriptions.begin(self._ctx, line.name, line.spare, up)
        for feed in line.feeds:
            feed.connection = line.current
            if up:
                self._handovers[feed.stream] = Handover(feed, line.spare, self._path.take)
            else:
                self._handovers.pop(feed.stream, None)
        self._path.set_overlap(self if self._handovers else None)
        if up:
            self._ctx.set_timer(HANDOVER + line.name, self._ctx.now_ns + self._life.window_ns)
        else:
            self._ctx.cancel_timer(HANDOVER + line.name)

    def _on_window(self, line: _Line) -> None:
        """Close the first connection, unless some stream still speaks there alone; once it is closed, forget the rest."""
        if not line.spare:
            for feed in line.feeds:
                self._forget(feed)
        elif any(self._handovers[feed.stream].deaf for feed in line.feeds):
            self._ctx.set_timer(HANDOVER + line.name, self._ctx.now_ns + self._life.window_ns)
        else:
            self._end(line)

    def _on_done(self, feed: VenueFeed) -> None:
        """Close the first connection when all streams are the second's, or forget what was known of a stream's way."""
        line = self._line(feed.connection)
        if line.spare:
            if all(self._handovers[each.stream].done for each in line.feeds):
                self._end(line)
        else:
            self._forget(feed)

    def _end(self, line: _Line) -> None:
        """Have the second connection be the only one."""
        ctx, old, again = self._ctx, line.current, line.announced
        line.current, line.spare = line.spare, ""
        ctx.close_socket(old)
        ctx.cancel_timer(LIFE + old)
        ctx.cancel_timer(HANDOVER + line.name)
        ctx.count(Counter.CONNECTIONS_REPLACED)
        for feed in line.feeds:
            handover = self._handovers.get(feed.stream)
            if handover is None:
                feed.connection = line.current
                continue
            doubled = handover.doubled
            if handover.end():
                ctx.count(Counter.HANDOVERS_UNPROVEN)
            self._count_doubled(handover.doubled - doubled)
            if handover.done:
                self._forget(feed)
        if any(feed.stream in self._handovers for feed in line.feeds):
            ctx.set_timer(HANDOVER + line.name, ctx.now_ns + self._life.window_ns)
        if again:
            self._open_spare(line)

    def _forget(self, feed: VenueFeed) -> None:
        self._handovers.pop(feed.stream, None)
        if not self._handovers:
            self._path.set_overlap(None)

    def _count_doubled(self, count: int) -> None:
        if count:
            self._ctx.count(Counter.FRAMES_DOUBLED, count)

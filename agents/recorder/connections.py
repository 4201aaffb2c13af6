"""The connections of a recorder: each is replaced before the venue ends it, and while two are there each frame is recorded
once.

The times are those of market data (`agents.venues.connection_life`): a second connection is opened before a known end, or
when an end is announced; the streams go over one by one (`takeover`), and then the first is closed. What nobody could prove
goes over when the first ends, and is counted.
"""

from collections.abc import Sequence

from agents.market_data.feeds import SPARE
from agents.market_data.subscriptions import Subscriptions
from agents.recorder.takeover import StreamTakeover, frame_key
from agents.venues.base import Channel
from agents.venues.connection_life import ConnectionLife
from agents.venues.market_port import MarketFeeds
from mesh.context import Context
from schemas.counters import Counter

LIFE = "life:"
WINDOW = "window:"


class RecordedLine:
    """One address of the venue: the connection that is recorded, and the one that takes over from it."""

    def __init__(self, name: str, url: str, channels: Sequence[Channel]) -> None:
        """Begin with no connection up."""
        self.name = name
        self.url = url
        self.channels = channels
        self.current = name
        self.is_up = False
        self.spare = ""
        self.spare_is_up = False
        self.announced = False
        self.takeovers: dict[int, StreamTakeover] = {}
        """By stream: while two connections are up, and after that until the second is past what the first had told."""


class RecordedConnections:
    """Opens one venue's connections, and says of each frame what is to be recorded while there are two."""

    def __init__(self, feeds: MarketFeeds, subscriptions: Subscriptions, life_ms: int) -> None:
        """Take the venue's feeds; `life_ms` is 0 where the venue ends no connection by its age."""
        self._feeds = feeds
        self._subscriptions = subscriptions
        self._life = ConnectionLife(life_ms)
        self.lines = {
            name: RecordedLine(name, url, [each for each in feeds.channels if each.connection == name])
            for name, url in feeds.urls().items()
        }

    def begin(self, ctx: Context) -> None:
        """Open each connection."""
        self._ctx = ctx
        for line in self.lines.values():
            ctx.open_socket(line.current, line.url)

    def line(self, connection: str) -> RecordedLine:
        """Return whose connection it is."""
        return self.lines[connection.removesuffix(SPARE)]

    def on_socket(self, connection: str, up: bool) -> list[bytes]:
        """Take note of a connection that is up or down; return the frames that are to be recorded with that."""
        line = self.line(connection)
        self._subscriptions.begin(self._ctx, line.name, connection, up)
        if up and self._life.young_ns:
            self._ctx.set_timer(LIFE + connection, self._ctx.now_ns + self._life.young_ns)
        elif not up:
            self._ctx.cancel_timer(LIFE + connection)
        if connection == line.spare:
            self._on_spare(line, up)
            return []
        line.is_up = up
        return self._end(line) if not up and line.spare else []

    def on_announced(self, connection: str) -> None:
        """Have another connection take over from one that the venue ends."""
        self._ctx.count(Counter.CONNECTION_ENDS_ANNOUNCED)
        line = self.line(connection)
        if connection == line.spare:
            line.announced = True
        else:
            self._open_spare(line)

    def on_timer(self, name: str) -> list[bytes]:
        """Open another connection, or close the one that it took over from; return the frames to record with that."""
        if name.startswith(LIFE):
            connection = name.removeprefix(LIFE)
            line = self.line(connection)
            if connection == line.current:
                self._open_spare(line)
            return []
        line = self.lines[name.removeprefix(WINDOW)]
        if any(each.deaf for each in line.takeovers.values()):
            self._ctx.set_timer(name, self._ctx.now_ns + self._life.window_ns)
            return []
        return self._end(line) if line.spare else []

    def on_frame(self, line: RecordedLine, connection: str, channel: Channel, frame: bytes) -> list[bytes]:
        """Take a frame of a line that has takeovers; return the frames that are to be recorded now."""
        takeover = line.takeovers.get(channel.stream)
        if takeover is None:
            return [frame]
        key = frame_key(self._feeds, channel, frame)
        if not line.spare:
            told = [frame] if takeover.is_new(key) else []
            if takeover.done:
                self._ctx.count(Counter.FRAMES_DOUBLED, takeover.doubled)
                del line.takeovers[channel.stream]
            return told
        if connection != line.spare:
            takeover.on_old(key)
            told = [frame]
        else:
            takeover.on_new(key, frame)
            told = []
        if takeover.full or all(each.proven for each in line.takeovers.values()):
            told += self._end(line)
        return told

    # Inside

    def _open_spare(self, line: RecordedLine) -> None:
        if not line.spare:
            line.spare = line.name if line.current != line.name else f"{line.name}{SPARE}"
            line.announced = False
            self._ctx.open_socket(line.spare, line.url)

    def _on_spare(self, line: RecordedLine, up: bool) -> None:
        """Take the streams from both connections; or leave them to the first, if the second is lost."""
        line.spare_is_up = up
        if up:
            line.takeovers = {channel.stream: StreamTakeover() for channel in line.channels}
            self._ctx.set_timer(WINDOW + line.name, self._ctx.now_ns + self._life.window_ns)
        else:
            line.takeovers = {}
            self._ctx.cancel_timer(WINDOW + line.name)

    def _end(self, line: RecordedLine) -> list[bytes]:
        """Have the second connection be the only one; return what is to be recorded of it."""
        old, again = line.current, line.announced
        told: list[bytes] = []
        for stream, takeover in list(line.takeovers.items()):
            if not takeover.proven:
                self._ctx.count(Counter.HANDOVERS_UNPROVEN)
            told += takeover.end()
            if takeover.done:
                self._ctx.count(Counter.FRAMES_DOUBLED, takeover.doubled)
                del line.takeovers[stream]
        line.current, line.spare, line.is_up = line.spare, "", line.spare_is_up
        line.spare_is_up = False
        self._ctx.close_socket(old)
        self._ctx.cancel_timer(LIFE + old)
        self._ctx.cancel_timer(WINDOW + line.name)
        self._ctx.count(Counter.CONNECTIONS_REPLACED)
        if again:
            self._open_spare(line)
        return told

"""Bars as streams: what a bar is by now, and what it was once it has ended.

A bar is told every second if it has changed, and once as ended, a little later than it ends: by then all that was traded in
it has been played. Venues differ in how often they tell a bar that is not ended (Binance every second or two, on futures
four times a second); that a client relies on the last word alone they have in common. What is told is what REST answers.

Only of a market that is not recorded: of one that is, those bars come that were recorded with it.
"""

from collections.abc import Callable

import msgspec

from agents.paper.market.klines import SILENT_BARS_MAX, TradedBar
from agents.paper.market.market import VenueMarket
from agents.paper.subscribers import Subscribers
from schemas.units import MS, SECOND

SETTLED_NS = 200 * MS
"""How long after its end a bar is told as ended."""


class BarTopic(msgspec.Struct, frozen=True):
    """Which bars a stream is of: our symbol, and what the venue calls that instrument and the bar's length."""

    symbol: str
    venue_symbol: str
    interval: str
    interval_ms: int


class ToldBar(msgspec.Struct, frozen=True):
    """A bar that is to be told."""

    topic: BarTopic
    bar: TradedBar
    now_ms: int
    ended: bool


class _Followed(msgspec.Struct):
    topic: BarTopic
    open_ms: int = -1
    """Of the bar that was not ended when it was told last, -1 before any."""
    told: TradedBar | None = None


class BarStreams:
    """The bars that somebody hears."""

    def __init__(
        self,
        market: VenueMarket,
        hub: Subscribers,
        read: Callable[[str], BarTopic | None],
        write: Callable[[ToldBar], bytes],
    ) -> None:
        """Tell the bars of `market`: `read` says which those of a stream are, None if of none, `write` writes a frame."""
        self._market = market
        self._hub = hub
        self._read = read
        self._write = write
        self._followed: dict[str, _Followed] = {}
        self._changes = 0
        self._due_ns = 0

    def advance(self, wall_ns: int) -> int | None:
        """Tell what is to be told by now; return when to call again, None if nobody hears bars."""
        if self._market.kind != "model":
            return None
        if self._changes != self._hub.changes:
            self._follow()
        if not self._followed:
            return None
        if wall_ns >= self._due_ns:
            self._due_ns = (wall_ns - SETTLED_NS) // SECOND * SECOND + SECOND + SETTLED_NS
            for stream, followed in self._followed.items():
                self._tell(stream, followed, wall_ns)
        return self._due_ns

    def _follow(self) -> None:
        self._changes = self._hub.changes
        before, self._followed = self._followed, {}
        for stream in self._hub.streams():
            topic = self._read(stream)
            if topic is not None:
                self._followed[stream] = before.get(stream) or _Followed(topic)

    def _tell(self, stream: str, followed: _Followed, wall_ns: int) -> None:
        """Tell the bars that have ended since the last one was told, and the one that has not."""
        length_ms = followed.topic.interval_ms
        open_ms = (wall_ns - SETTLED_NS) // MS // length_ms * length_ms
        since_ms = open_ms if followed.open_ms < 0 else max(followed.open_ms, open_ms - SILENT_BARS_MAX * length_ms)
        for ended_ms in range(since_ms, open_ms, length_ms):
            self._send(stream, followed, ended_ms, wall_ns // MS, ended=True)
        self._send(stream, followed, open_ms, wall_ns // MS, ended=False)
        followed.open_ms = open_ms

    def _send(self, stream: str, followed: _Followed, open_ms: int, now_ms: int, *, ended: bool) -> None:
        topic = followed.topic
        bar = self._market.tapes[topic.symbol].klines.bar(topic.interval_ms, open_ms)
        if bar is None or (bar == followed.told and not ended):
            return
        followed.told = bar
        self._market.listener.market_frame(stream, int(ended), self._write(ToldBar(topic, bar, now_ms, ended)))

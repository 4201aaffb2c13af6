"""The best prices of what the account trades, and what the venue takes, as far as market data is named to execution.

Execution decides nothing by the market; it needs a price where it closes something by itself, and the venue's steps and
bounds. Quotes are conflated: only the newest counts. A price is known while its stream is LIVE and the quote is of the last
seconds; what the venue takes is what it said last, and what the configuration says before that.
"""

from collections.abc import Callable, Iterable
from typing import Any

from agents.instruments import InstrumentInfo
from agents.state.market_view import MarketView
from agents.state.venue_filters import Filters, filters_of
from core.frame import Header
from mesh.agent import Subscription
from mesh.context import Context
from mesh.message_handler import MessageHandler
from schemas.messages import Instrument, Message
from schemas.orders import Side
from schemas.streams import Kind, StreamState
from schemas.units import MS

QUOTE_AGE_NS_MAX = 5_000 * MS


class Quotes(MessageHandler):
    """The newest quote of each instrument."""

    def __init__(self, feeds: Iterable[MarketView]) -> None:
        """Take the feeds of the account's instruments; none if no market data is named."""
        self.moved: Callable[[int], None] | None = None
        """Told of each instrument whose quote is new, while anything is `watched`."""
        self.watched: dict[str, Any] = {}
        self._feeds = {(feed.publisher, feed.info.stream(Kind.QUOTE)): feed for feed in feeds}
        self._filters: dict[int, Filters] = {}
        """By instrument, what the venue has said that it takes."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def __bool__(self) -> bool:
        """Return whether any market data is named."""
        return bool(self._feeds)

    def subscriptions(self) -> list[Subscription]:
        """Return the streams of quotes, and of what the venue takes."""
        quotes = [Subscription(publisher, stream, conflate=True) for publisher, stream in self._feeds]
        listed = [(publisher, feed.info.stream(Kind.INSTRUMENT)) for (publisher, _), feed in self._feeds.items()]
        return [*quotes, *(Subscription(publisher, stream) for publisher, stream in listed)]

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Take a quote, what is told of its feed, or what the venue takes; anything else is none."""
        if isinstance(message, Instrument):
            self._take_listed(message)
            return
        feed = self._feeds.get((publisher, header.stream))
        if feed is not None:
            feed.apply(header, message, self._ctx.now_ns, self._ctx.wall_ns)
            if self.watched and self.moved is not None:
                self.moved(feed.info.id)

    def can_wait(self) -> bool:
        """Return whether nobody watches a price."""
        return not self.watched

    def filters(self, info: InstrumentInfo) -> Filters:
        """Return what the venue takes in an instrument, as far as it is known."""
        return self._filters.get(info.id) or filters_of(info, None)

    def _take_listed(self, stated: Instrument) -> None:
        for feed in self._feeds.values():
            if feed.info.id == stated.instrument_id:
                self._filters[feed.info.id] = filters_of(feed.info, stated)

    def best_ticks(self, instrument_id: int, side: int) -> int:
        """Return the best price that an order of `side` meets, 0 if none is known."""
        for (publisher, stream), feed in self._feeds.items():
            if feed.info.id != instrument_id or self._ctx.stream_state(publisher, stream) is not StreamState.LIVE:
                continue
            if feed.quotes.healthy and self._ctx.now_ns - feed.quotes.seen_ns <= QUOTE_AGE_NS_MAX:
                return feed.quote_bid_ticks if side == Side.SELL else feed.quote_ask_ticks
        return 0

"""The market of one signal agent, and the strategies that see it: feeds, bars, indicators.

One call takes one message, or the messages of one stream that came together, and hands on what they mean: trades and
books as they are, bars when they close. Bars are built from trades; those of one length may be the venue's own, of its
stream, for strategies that say so: they come seldom, and go another way than what comes with each tick. A strategy that
takes batches (it defines `on_trades`) is called once for the trades that came together, the others once for each; for
these it makes no difference how the trades came.

What is needed to judge what a strategy asks for is noted with each message: which one it is, and whether it is too old to
act on. This file is compiled (`shard.pxd`).
"""

from collections.abc import Callable, Sequence

from agents.signal.bar_series import BarSeries
from agents.signal.bars import Bar, BarBuilder
from agents.signal.feed_watch import FeedWatch
from agents.signal.runner import Runner, Takers
from agents.signal.signal_client import SignalClient
from agents.signal.strategy_context import LastQuote
from agents.state.market_view import KINDS, MarketView
from core.frame import FLAG_REPLAY, FLAG_STALE, Header
from core.stream_table import StreamTable
from mesh.context import Context
from mesh.message_handler import MessageHandler
from schemas.messages import FeedState, Message, OrderFilled, Quote, Trade, VenueBar, VenueClock
from schemas.streams import Kind, StreamState
from schemas.units import MS

BARS_TIMER = "bars"
LIVE = StreamState.LIVE


class InstrumentRoute:
    """One instrument of the shard: its feed, the bars that are built of it, and the strategies that see it."""

    def __init__(self, feed: MarketView, runners: Sequence[Runner]) -> None:
        """Begin without a bar."""
        self.feed = feed
        self.info = feed.info
        self.runners = [runner for runner in runners if feed.info.id in runner.feeds]
        built: dict[int, list[Runner]] = {}
        told: list[Runner] = []
        for runner in self.runners:
            for bar_ms in runner.bars_ms:
                takers = told if bar_ms == runner.venue_bar_ms else built.setdefault(bar_ms, [])
                takers.append(runner)
        self.builders = [BarBuilder(bar_ms) for bar_ms in built]
        self.series = {
            bar_ms * MS: BarSeries(feed.publisher, feed.info, bar_ms, takers) for bar_ms, takers in built.items()
        }
        # An instrument has one feed of bars, so those who take the venue's are all told of the same length.
        self.venue_bars = BarSeries(feed.publisher, feed.info, told[0].venue_bar_ms, told) if told else None
        self.last_quote = LastQuote()
        self.book_stream = feed.info.stream(Kind.BOOK)
        self.on_trade = Takers("on_trade")
        self.on_trades = Takers("on_trades")
        self.on_book = Takers("on_book")
        self.on_quote = Takers("on_quote")

    def interrupt(self) -> None:
        """Take note that trades may be missing from the last one to the next."""
        for builder in self.builders:
            builder.interrupt()

    def refresh(self) -> None:
        """Take in which of the strategies are told of what: those that are active and have the handler."""
        active = [runner for runner in self.runners if runner.active]
        self.on_trade.set([runner for runner in active if runner.takes_trades])
        self.on_trades.set([runner for runner in active if runner.takes_batches])
        self.on_book.set([runner for runner in active if runner.takes_books])
        self.on_quote.set([runner for runner in active if runner.takes_quotes])


class Shard(MessageHandler):
    """Takes the messages of the market of some instruments."""

    def __init__(self, runners: Sequence[Runner], feeds: Sequence[MarketView], client: SignalClient) -> None:
        """Follow `feeds`, those of `runners`; each is handed what it may see in this order."""
        self.feeds = list(feeds)
        self._client = client
        self._routes = [InstrumentRoute(feed, runners) for feed in self.feeds]
        self._by_stream = StreamTable({p.info.stream(kind): p for p in self._routes for kind in KINDS})
        self._bars_by_stream = {p.info.stream(Kind.BAR): p for p in self._routes if p.venue_bars is not None}
        self._stream_before = 0
        self._route_before: InstrumentRoute | None = None
        self._bars_due_ns = 0
        self._watch: FeedWatch | None = None

    def bind(
        self,
        ctx: Context,
        take_fill: Callable[[OrderFilled], None],
        take_other: Callable[[Header, Message], None],
        watch: FeedWatch | None,
    ) -> None:
        """Take the context, what takes new fills and messages of neither market nor account, and who watches feeds."""
        self._ctx = ctx
        self._take_fill = take_fill
        self._take_other = take_other
        self._watch = watch

    def refresh(self) -> None:
        """Take in which strategies are told what happens, after that has changed."""
        for route in self._routes:
            route.refresh()

    def last_quotes(self) -> dict[int, LastQuote]:
        """Return where the last quote of each instrument is found, by its number."""
        return {route.info.id: route.last_quote for route in self._routes}

    def begin(self, trigger: Header | None) -> None:
        """Note what is being handled, if it is not a message of the market."""
        self._client.trigger = trigger
        self._client.muted = False

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Apply a message and hand on what it means."""
        # A tick mostly follows one of its own stream.
        if header.stream != self._stream_before:
            self._route_before = self._by_stream.get(header.stream)
            self._stream_before = header.stream
        route = self._route_before
        if route is None:
            self._take_another(publisher, header, message)
            return
        self._apply(route, header, message)
        if route.on_trades.count and type(message) is Trade:
            self._hand_batch(route, [message])

    def on_messages(self, publisher: str, headers: list[Header], messages: list[Message]) -> None:
        """Apply messages of one stream that came together."""
        route = self._by_stream.get(headers[0].stream)
        if route is None:
            for header, message in zip(headers, messages, strict=True):
                self._take_another(publisher, header, message)
            return
        trades: list[Trade] = []
        for header, message in zip(headers, messages, strict=True):
            if type(message) is Trade:
                trades.append(message)
            elif trades:
                self._hand_batch(route, trades)
                trades = []
            self._apply(route, header, message)
        if trades:
            self._hand_batch(route, trades)

    def close_bars(self) -> None:
        """Close the bars whose time has come."""
        now_ns = self._ctx.now_ns
        self._bars_due_ns = 0
        for route in self._routes:
            for builder in route.builders:
                feed = route.feed
                seen_ns = max(feed.trades.seen_ns, feed.books.seen_ns, feed.quotes.seen_ns)
                bar = builder.close_due(now_ns, seen_ns)
                if bar is not None:
                    self._hand_bars(route, builder, [bar])
        self._set_bar_timer()

    def series(self) -> list[BarSeries]:
        """Return the bars of each instrument and length, as strategies get them."""
        built = [each for route in self._routes for each in route.series.values()]
        return built + [route.venue_bars for route in self._routes if route.venue_bars is not None]

    def bar_streams(self) -> list[tuple[str, int]]:
        """Return publisher and stream of the venue's own bars of each instrument where a strategy takes them."""
        return [(route.feed.publisher, stream) for stream, route in self._bars_by_stream.items()]

    def interrupt(self, publisher: str, stream: int) -> None:
        """Take note that a stream is not LIVE; if it has trades, some may be missing."""
        route = self._by_stream.get(stream)
        if route is not None and (publisher, stream) == (route.feed.publisher, route.feed.trades.stream):
            route.interrupt()

    def late_trades(self) -> int:
        """Return how many trades came too late for their bar."""
        return sum([builder.late for route in self._routes for builder in route.builders])

    def _take_another(self, publisher: str, header: Header, message: Message) -> None:
        self.begin(header)
        if type(message) is VenueClock:
            for feed in self.feeds:
                feed.take_clock(publisher, header.stream, message)
            return
        account = self._client.account_of(header.stream)
        if account is None:
            if type(message) is VenueBar:
                self._take_venue_bar(header, message)
            else:
                self._take_other(header, message)
            return
        fill = self._client.take_order(account, header, message)
        if fill is not None:
            self._take_fill(fill)
        news = self._client.news
        if news is not None and (fill is not None or type(message) is not OrderFilled):
            news.of_order(header, message)

    def _take_venue_bar(self, header: Header, bar: VenueBar) -> None:
        """Hand on a bar of the venue's stream; one that comes behind newer ones was asked for where its hole showed."""
        route = self._bars_by_stream.get(header.stream)
        series = None if route is None else route.venue_bars
        if series is None or bar.interval_ms != series.bar_ms or header.flags & FLAG_STALE:
            return
        age_ns = self._ctx.wall_ns - bar.ts_recv_ns
        self._client.muted = bool(header.flags & FLAG_REPLAY and age_ns > self._client.age_ns_max)
        prices = (bar.open_ticks, bar.high_ticks, bar.low_ticks, bar.close_ticks)
        series.take([Bar(bar.open_ns, series.duration_ns, *prices, bar.volume_lots, bar.trades)])

    def _apply(self, route: InstrumentRoute, header: Header, message: Message) -> None:
        """Do all that is done for each single message."""
        now_ns, wall_ns = self._ctx.now_ns, self._ctx.wall_ns
        self._client.trigger = header
        self._client.muted = False
        usable = route.feed.apply(header, message, now_ns, wall_ns)
        if type(message) is Trade:
            if header.flags:
                late = header.flags & FLAG_REPLAY and wall_ns - message.ts_recv_ns > self._client.age_ns_max
                self._client.muted = bool(late or header.flags & FLAG_STALE)
            self._hand_trade(route, message, now_ns, header.flags & FLAG_STALE)
        elif not usable:
            if header.stream == route.feed.trades.stream and type(message) is FeedState and message.state != LIVE:
                route.interrupt()
            if self._watch is not None:
                self._watch.check()
        elif header.stream == route.book_stream:
            if route.on_book.count:
                route.on_book.tell(route.info, route.feed.book)
        elif type(message) is Quote:
            route.last_quote.quote = message
            if route.on_quote.count:
                route.on_quote.tell(route.info, message)

    def _hand_trade(self, route: InstrumentRoute, trade: Trade, now_ns: int, stale: int) -> None:
        # One that comes behind newer ones is of bars that are partial without it, and would be the close of another.
        if not stale:
            self._build_bars(route, trade, now_ns)
        if route.on_trade.count:
            route.on_trade.tell(route.info, trade)

    def _build_bars(self, route: InstrumentRoute, trade: Trade, now_ns: int) -> None:
        for builder in route.builders:
            due_ns = builder.due_ns
            bars = builder.add(trade, now_ns)
            if builder.due_ns != due_ns:
                self._set_bar_timer()
            if bars is not None:
                self._hand_bars(route, builder, bars)

    def _hand_batch(self, route: InstrumentRoute, trades: list[Trade]) -> None:
        if route.on_trades.count:
            route.on_trades.tell(route.info, trades)

    def _hand_bars(self, route: InstrumentRoute, builder: BarBuilder, bars: list[Bar]) -> None:
        route.series[builder.duration_ns].take(bars)

    def _set_bar_timer(self) -> None:
        due_ns = min([b.due_ns for route in self._routes for b in route.builders if b.due_ns], default=0)
        if due_ns and due_ns != self._bars_due_ns:
            self._bars_due_ns = due_ns
            self._ctx.set_timer(BARS_TIMER, due_ns)

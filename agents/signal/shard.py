"""The market of one signal agent, and the strategies that see it: feeds, bars, indicators.

One call takes one message, or the messages of one stream that came together, and hands on what they mean: trades and
books as they are, bars when they close. A strategy that takes batches (it defines `on_trades`) is called once for the
trades that came together, the others once for each; for these it makes no difference how the trades came.

What is needed to judge what a strategy asks for is noted with each message: which one it is, and whether it is too old to
act on. This file is compiled (`shard.pxd`).
"""

from collections.abc import Callable, Sequence

from agents.instruments import InstrumentInfo
from agents.signal.bars import Bar, BarBuilder
from agents.signal.signal_client import SignalClient
from agents.signal.strategy import Market, Strategy
from agents.signal.strategy_path import find_class
from agents.state.market_view import KINDS, MarketView
from core.frame import FLAG_REPLAY, FLAG_STALE, Header
from core.stream_table import StreamTable
from mesh.context import Context
from mesh.message_handler import MessageHandler
from schemas.config import StrategyConfig
from schemas.errors import ConfigError
from schemas.messages import Message, OrderFilled, Trade, VenueClock
from schemas.streams import Kind
from schemas.units import MS

BARS_TIMER = "bars"


class Runner:
    """One strategy with its feeds, bars and indicators, by instrument number."""

    def __init__(self, config: StrategyConfig, feeds: Sequence[MarketView], folder: str) -> None:
        """Find the strategy, in `folder` too, and build it; ConfigError if that cannot be done."""
        self.name = config.name
        self.bar_ms = config.bar_ms
        self.feeds = {feed.info.id: feed for feed in feeds}
        market = Market(instruments=tuple([feed.info for feed in feeds]), bar_ms=config.bar_ms)
        self.strategy = _build(config, market, folder)
        self.indicators = {number: self.strategy.make_indicators() for number in self.feeds}
        self.bars = 0
        self.fills = 0
        cls = type(self.strategy)
        self.takes_batches = cls.on_trades is not Strategy.on_trades
        self.takes_trades = cls.on_trade is not Strategy.on_trade and not self.takes_batches
        self.takes_books = cls.on_book is not Strategy.on_book

    @property
    def timer(self) -> str:
        """Name of the strategy's timer."""
        return f"strategy:{self.name}"

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Update the indicators with a closed bar and hand it to the strategy."""
        to_float = instrument.price.to_float
        self.indicators[instrument.id].update(
            to_float(bar.high_ticks),
            to_float(bar.low_ticks),
            to_float(bar.close_ticks),
            instrument.qty.to_float(bar.volume_lots),
        )
        self.bars += 1
        self.strategy.on_bar(instrument, bar)


def _build(config: StrategyConfig, market: Market, folder: str) -> Strategy:
    """Return the strategy that `config` names, with its parameters; an error says which strategy it is of."""
    try:
        cls = find_class(config.path, folder)
    except ConfigError as error:
        raise ConfigError(f"strategies.{config.name}.path: {config.path!r} {error}") from error
    try:
        return cls(config.params, market)
    except ConfigError as error:
        raise ConfigError(f"strategies.{config.name}.{error}") from error


class InstrumentRoute:
    """One instrument of the shard: its feed, the bars that are built of it, and the strategies that see it."""

    def __init__(self, feed: MarketView, runners: Sequence[Runner]) -> None:
        """Begin without a bar."""
        self.feed = feed
        self.info = feed.info
        self.runners = [runner for runner in runners if feed.info.id in runner.feeds]
        self.on_trade = [runner.strategy.on_trade for runner in self.runners if runner.takes_trades]
        self.on_trades = [runner.strategy.on_trades for runner in self.runners if runner.takes_batches]
        self.on_book = [runner.strategy.on_book for runner in self.runners if runner.takes_books]
        self.builders = [BarBuilder(bar_ms) for bar_ms in dict.fromkeys([r.bar_ms for r in self.runners])]
        self.book_stream = feed.info.stream(Kind.BOOK)


class Shard(MessageHandler):
    """Takes the messages of the market of some instruments."""

    def __init__(self, runners: Sequence[Runner], feeds: Sequence[MarketView], client: SignalClient) -> None:
        """Follow `feeds`, those of `runners`; each is handed what it may see in this order."""
        self.feeds = list(feeds)
        self._client = client
        self._routes = [InstrumentRoute(feed, runners) for feed in self.feeds]
        self._by_stream = StreamTable({p.info.stream(kind): p for p in self._routes for kind in KINDS})
        self._stream_before = 0
        self._route_before: InstrumentRoute | None = None
        self._bars_due_ns = 0

    def bind(
        self, ctx: Context, take_fill: Callable[[OrderFilled], None], take_other: Callable[[Message], None]
    ) -> None:
        """Take the agent's context, what takes new fills, and what takes messages of neither market nor account."""
        self._ctx = ctx
        self._take_fill = take_fill
        self._take_other = take_other

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
        if route.on_trades and type(message) is Trade:
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
                bar = builder.close_due(now_ns)
                if bar is not None:
                    self._hand_bar(route, builder, bar)
        self._set_bar_timer()

    def late_trades(self) -> int:
        """Return how many trades came too late for their bar."""
        return sum([builder.late for route in self._routes for builder in route.builders])

    def _take_another(self, publisher: str, header: Header, message: Message) -> None:
        self.begin(header)
        if type(message) is VenueClock:
            for feed in self.feeds:
                feed.take_clock(publisher, header.stream, message)
            return
        if header.stream != self._client.order_stream:
            self._take_other(message)
            return
        fill = self._client.take_order(header, message)
        if fill is not None:
            self._take_fill(fill)

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
            self._hand_trade(route, message, now_ns)
        elif usable and header.stream == route.book_stream:
            for on_book in route.on_book:
                on_book(route.info, route.feed.book)

    def _hand_trade(self, route: InstrumentRoute, trade: Trade, now_ns: int) -> None:
        for builder in route.builders:
            due_ns = builder.due_ns
            bar = builder.add(trade, now_ns)
            if builder.due_ns != due_ns:
                self._set_bar_timer()
            if bar is not None:
                self._hand_bar(route, builder, bar)
        for on_trade in route.on_trade:
            on_trade(route.info, trade)

    def _hand_batch(self, route: InstrumentRoute, trades: list[Trade]) -> None:
        for on_trades in route.on_trades:
            on_trades(route.info, trades)

    def _hand_bar(self, route: InstrumentRoute, builder: BarBuilder, bar: Bar) -> None:
        for runner in route.runners:
            if runner.bar_ms * MS == builder.duration_ns:
                runner.on_bar(route.info, bar)

    def _set_bar_timer(self) -> None:
        due_ns = min([b.due_ns for route in self._routes for b in route.builders if b.due_ns], default=0)
        if due_ns and due_ns != self._bars_due_ns:
            self._bars_due_ns = due_ns
            self._ctx.set_timer(BARS_TIMER, due_ns)

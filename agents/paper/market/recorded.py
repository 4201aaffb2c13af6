"""The market of a recorded capture: every frame sent again as it was, paced by its own time, and a book to trade on.

Frame i is due at start + (ts_i - ts_0) / speed, where start is `lead_in_ns` after `start()`. A frame is applied to
the book before it is sent, so a depth answer is always as of the end of the last frame sent: the next one has U =
lastUpdateId + 1 on spot, pu = lastUpdateId on USDT-M. A later recorded REST snapshot replaces the book only if it is
newer than the last update; updates that the book already holds are sent but not applied again.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from agents.paper.market.capture import TICK_KINDS, Capture, CaptureEvent
from agents.paper.market.market import DepthView, Listener, Match, PublicTrade, Tape
from agents.paper.market.queueing import RestingOrders
from agents.paper.market.starting_book import RecordedDepth, RestSnapshot, decode_depth
from agents.paper.money import E8, Listing, parse_e8
from agents.paper.orders import VenueOrder
from core.book import ASK, BID, OrderBook
from core.decimals import Scale, pack_levels, unpack_levels
from schemas.errors import CaptureError, ConfigError, DecimalError
from schemas.orders import Side


class _TradeData(msgspec.Struct, gc=False):
    p: str
    q: str
    T: int
    m: bool
    t: int = 0
    a: int = 0
    f: int = 0
    l: int = 0  # noqa: E741 - the venue's name of the field


class _TradeFrame(msgspec.Struct, gc=False):
    data: _TradeData


class _Times(msgspec.Struct, gc=False):
    E: int = 0
    T: int = 0


class _TimesFrame(msgspec.Struct, gc=False):
    data: _Times


_trades = msgspec.json.Decoder(_TradeFrame)
_times = msgspec.json.Decoder(_TimesFrame)


class _SymbolMarket:
    """Book and resting orders of one recorded symbol."""

    def __init__(self, price: Scale, qty: Scale, price_decimals: int, qty_decimals: int) -> None:
        self.price = price
        self.qty = qty
        self.price_decimals = price_decimals
        self.qty_decimals = qty_decimals
        self.book = OrderBook()
        self.resting = RestingOrders(self.book)
        self.last_update_id = 0
        self.depth_frame = b""
        self.trade_id = 0

    def replace(self, last_update_id: int, bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> None:
        self.book.replace(pack_levels(bids, self.price, self.qty), pack_levels(asks, self.price, self.qty))
        self.last_update_id = last_update_id

    def apply(self, update: RecordedDepth) -> list[tuple[VenueOrder, int]]:
        if update.u <= self.last_update_id:
            return []
        bids, asks = pack_levels(update.b, self.price, self.qty), pack_levels(update.a, self.price, self.qty)
        self.book.apply(bids, asks)
        self.last_update_id = update.u
        if not len(self.resting) and not self.resting.consuming:
            return []
        return self.resting.on_levels([p for p, _ in unpack_levels(bids)], [p for p, _ in unpack_levels(asks)])


class RecordedMarket:
    """The frames of a capture in their own time, and the account's orders on its books."""

    def __init__(
        self, capture: Capture, listings: Mapping[str, Listing], *, speed: float, lead_in_ns: int, listener: Listener
    ) -> None:
        """Set up the books; `listings` are the instruments that can be traded, by symbol.

        Raises:
            ConfigError: If an instrument's tick or lot size cannot hold every recorded price or quantity.
        """
        self.kind = capture.market
        self.symbols = capture.symbols
        self.tick_count = capture.tick_count
        self.done = False
        self.listener = listener
        self.tapes = {symbol: Tape() for symbol in capture.symbols}
        self._capture = capture
        self._speed = speed
        self._lead_in_ns = lead_in_ns
        self._start_ns: int | None = None
        self._next = 0
        self._next_snapshot = 0
        self._markets = {symbol: _symbol_market(capture, symbol, listings.get(symbol)) for symbol in capture.symbols}
        for symbol, seed in capture.books.items():
            self._markets[symbol].replace(seed.last_update_id, seed.bids, seed.asks)

    def number_from(self, first_id: int) -> None:
        """Give executions of the account ids above `first_id`; recorded frames keep theirs."""
        for market in self._markets.values():
            market.trade_id = first_id

    def start(self, wall_ns: int) -> None:
        """Let the first frame be due `lead_in_ns` after `wall_ns`; later calls do nothing."""
        if self._start_ns is None:
            self._start_ns = wall_ns + self._lead_in_ns

    def clock_ns(self, wall_ns: int) -> int:
        """Return the time of the recording: what its recorder's clock showed when it received what is due now.

        It stands still until the market has started, and runs as fast as the market is played.
        """
        elapsed_ns = -self._lead_in_ns if self._start_ns is None else wall_ns - self._start_ns
        return self._capture.ts_ns(0) + int(elapsed_ns * self._speed)

    def advance(self, wall_ns: int, count_max: int) -> int | None:
        """Send at most `count_max` frames that are due; return when the next is due, None if there is none."""
        for _ in range(count_max):
            due_ns = self._due_ns()
            if due_ns is None or due_ns > wall_ns:
                return due_ns
            self._play(self._capture.event(self._next))
            self._next += 1
        self.done = self._next == len(self._capture)
        return self._due_ns()

    def depth(self, symbol: str, count: int) -> DepthView:
        """Return the book of `symbol` as of its last frame, in the decimals that were recorded."""
        market = self._markets[symbol]
        times = _times.decode(market.depth_frame).data if market.depth_frame else _Times()
        return DepthView(
            market.last_update_id, _texts(market, BID, count), _texts(market, ASK, count), times.E, times.T or times.E
        )

    def liquidity(self, symbol: str, side: Side) -> Iterator[tuple[int, int]]:
        """Yield what the recorded book displays to an order of `side`, less what the account took of it."""
        return self._markets[symbol].resting.available(side)

    def take(self, order: VenueOrder, limit_ticks: int, wall_ns: int) -> list[Match]:
        """Walk the displayed levels with `order`."""
        market = self._markets[order.listing.symbol]
        taken = market.resting.take(order.side, order.leaves_qty_lots, limit_ticks)
        return [self._match(market, price, qty) for price, qty in taken]

    def rest(self, order: VenueOrder) -> None:
        """Queue `order` behind the recorded quantity at its price."""
        self._markets[order.listing.symbol].resting.rest(order)

    def withdraw(self, order: VenueOrder) -> None:
        """Take a resting order out of the queue."""
        self._markets[order.listing.symbol].resting.withdraw(order)

    def _due_ns(self) -> int | None:
        if self._start_ns is None or self._next == len(self._capture):
            self.done = self._next == len(self._capture)
            return None
        return self._start_ns + int((self._capture.ts_ns(self._next) - self._capture.ts_ns(0)) / self._speed)

    def _play(self, event: CaptureEvent) -> None:
        market = self._markets[event.symbol]
        self._renew_books()
        filled: list[tuple[VenueOrder, int]] = []
        try:
            if event.kind == "depth":
                market.depth_frame = event.frame
                filled = market.apply(decode_depth(event.frame))
            elif event.kind in ("trade", "aggTrade"):
                filled = self._on_trade(market, event)
        except (DecimalError, ValueError) as error:
            raise CaptureError(f"{event.stream} at {event.ts_ns}: {error}") from error
        self.listener.market_frame(event.stream, event.kind in TICK_KINDS, event.frame)
        for order, qty in filled:
            self.listener.maker_fill(order, self._match(market, order.price_ticks, qty))

    def _renew_books(self) -> None:
        """Take over recorded REST snapshots that precede the next frame and are newer than their book."""
        snapshots = self._capture.snapshots
        while self._next_snapshot < len(snapshots) and snapshots[self._next_snapshot][0] <= self._next:
            snapshot: RestSnapshot = snapshots[self._next_snapshot][1]
            self._next_snapshot += 1
            market = self._markets.get(snapshot.symbol)
            if market is not None and snapshot.last_update_id > market.last_update_id:
                market.replace(snapshot.last_update_id, snapshot.bids, snapshot.asks)

    def _on_trade(self, market: _SymbolMarket, event: CaptureEvent) -> list[tuple[VenueOrder, int]]:
        trade = _trades.decode(event.frame).data
        number = trade.t or trade.a
        first, last = (trade.f, trade.l) if trade.a else (number, number)
        self.tapes[event.symbol].add(
            PublicTrade(number, trade.p, trade.q, trade.T, trade.m, first, last), parse_e8(trade.p), parse_e8(trade.q)
        )
        if not len(market.resting):
            return []
        aggressor = Side.SELL if trade.m else Side.BUY
        return market.resting.on_trade(market.price.parse(trade.p), market.qty.parse(trade.q), aggressor)

    def _match(self, market: _SymbolMarket, price_ticks: int, qty_lots: int) -> Match:
        market.trade_id += 1
        return Match(price_ticks, qty_lots, market.trade_id)


def _symbol_market(capture: Capture, symbol: str, listing: Listing | None) -> _SymbolMarket:
    sizes = capture.sizes[symbol]
    spot = capture.market == "binance-spot"
    decimals = (8, 8) if spot else (sizes.price_text_decimals, sizes.qty_text_decimals)
    if listing is None:
        return _SymbolMarket(Scale(sizes.tick_size), Scale(sizes.lot_size), *decimals)
    for name, recorded, unit_e8 in (
        ("tick_size", sizes.tick_size, listing.tick_e8),
        ("lot_size", sizes.lot_size, listing.lot_e8),
    ):
        if parse_e8(recorded) % unit_e8:
            raise ConfigError(
                f"instrument {symbol}: {name} {unit_e8 / E8:.8g} cannot hold the recorded {recorded}; use {recorded}"
            )
    return _SymbolMarket(listing.price, listing.qty, *decimals)


def _texts(market: _SymbolMarket, side: int, count: int) -> list[tuple[str, str]]:
    return [
        (
            _padded(market.price.format(price), market.price_decimals),
            _padded(market.qty.format(qty), market.qty_decimals),
        )
        for price, qty in market.book.depth(side, count)
    ]


def _padded(text: str, decimals: int) -> str:
    """Return a plain decimal with at least `decimals` decimals."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(decimals, '0')}" if decimals or fraction else whole

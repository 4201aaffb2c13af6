"""The market of a recorded capture: every frame sent again as it was, paced by its own time, and a book to trade on.

Frame i is due at start + (ts_i - ts_0) / speed, where start is `lead_in_ns` after `start()`. A frame is applied to
the book before it is sent, so a depth answer is always as of the end of the last frame sent: the next one joins it. A later
recorded REST snapshot replaces the book only if it is newer than the last update; updates that the book already holds are
sent but not applied again.
"""

from collections.abc import Iterator, Mapping, Sequence

from agents.paper.market.capture import Capture, CaptureEvent
from agents.paper.market.market import ContractMark, DepthView, Listener, Match, PublicTrade, Tape
from agents.paper.market.queue_models import QueueModel
from agents.paper.market.queueing import RestingOrders
from agents.paper.market.recorded_venue import RecordedBook, RestSnapshot
from agents.paper.money import E8, Listing, parse_e8
from agents.paper.orders import VenueOrder
from core.book import ASK, BID, OrderBook
from core.decimals import Scale, pack_levels, unpack_levels
from schemas.errors import CaptureError, ConfigError, DecimalError
from schemas.markets import CATEGORIES
from schemas.orders import Side

_UNMARKED = ContractMark(0)


class _SymbolMarket:
    """Book and resting orders of one recorded symbol."""

    def __init__(
        self, price: Scale, qty: Scale, price_decimals: int, qty_decimals: int, queue: QueueModel | None
    ) -> None:
        self.price = price
        self.qty = qty
        self.price_decimals = price_decimals
        self.qty_decimals = qty_decimals
        self.book = OrderBook()
        self.resting = RestingOrders(self.book, queue)
        self.last_update_id = 0
        self.seq = self.event_ms = self.transact_ms = 0
        self.trade_id = 0

    def replace(self, last_update_id: int, bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> None:
        self.book.replace(pack_levels(bids, self.price, self.qty), pack_levels(asks, self.price, self.qty))
        self.last_update_id = last_update_id

    def apply(self, update: RecordedBook) -> list[tuple[VenueOrder, int]]:
        """Take over a frame of the book; return what it fills."""
        self.seq, self.event_ms, self.transact_ms = update.seq, update.event_ms, update.transact_ms
        if update.repeats and update.last_id <= self.last_update_id:
            return []
        bids, asks = pack_levels(update.bids, self.price, self.qty), pack_levels(update.asks, self.price, self.qty)
        if update.whole:
            self.book.replace(bids, asks)
        else:
            self.book.apply(bids, asks)
        self.last_update_id = update.last_id
        if not len(self.resting) and not self.resting.consuming:
            return []
        return self.resting.on_levels([p for p, _ in unpack_levels(bids)], [p for p, _ in unpack_levels(asks)])


class RecordedMarket:
    """The frames of a capture in their own time, and the account's orders on its books."""

    def __init__(
        self,
        capture: Capture,
        listings: Mapping[str, Listing],
        *,
        speed: float,
        lead_in_ns: int,
        listener: Listener,
        queue: QueueModel | None = None,
    ) -> None:
        """Set up the books; `listings` are the instruments that can be traded, by symbol, and orders in them `queue`.

        Raises:
            ConfigError: If an instrument's tick or lot size cannot hold every recorded price or quantity.
        """
        self.kind = capture.market
        self._names = _names(capture, listings)
        self.symbols = tuple(self._names.values())
        self.tick_count = capture.tick_count
        self.done = False
        self.listener = listener
        self.tapes = {symbol: Tape() for symbol in self.symbols}
        self._capture = capture
        self._marks: dict[str, ContractMark] = {}
        self._mark_kinds = capture.venue.mark_kinds
        self._speed = speed
        self._lead_in_ns = lead_in_ns
        self._start_ns: int | None = None
        self._next = 0
        self._next_snapshot = 0
        self._markets = {
            name: _symbol_market(capture, symbol, listings.get(name), queue) for symbol, name in self._names.items()
        }
        for symbol, seed in capture.books.items():
            self._markets[self._names[symbol]].replace(seed.last_update_id, seed.bids, seed.asks)

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

    @property
    def played(self) -> int:
        """How many frames have been sent."""
        return self._next

    def put_off(self, duration_ns: int) -> None:
        """Do nothing: a recording is sent as fast as it is taken until it is in time again."""

    def depth(self, symbol: str, count: int) -> DepthView:
        """Return the book of `symbol` as of its last frame, in the decimals that were recorded."""
        market = self._markets[symbol]
        sides = _texts(market, BID, count), _texts(market, ASK, count)
        return DepthView(market.last_update_id, *sides, market.event_ms, market.transact_ms, market.seq)

    def mark(self, symbol: str) -> ContractMark | None:
        """Return the last mark that was recorded, None as long as none has been played."""
        return self._marks.get(symbol)

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

    def reduce(self, order: VenueOrder) -> None:
        """Leave an order where it stands: what is left of it is asked when it trades."""

    def withdraw(self, order: VenueOrder) -> None:
        """Take a resting order out of the queue."""
        self._markets[order.listing.symbol].resting.withdraw(order)

    def _due_ns(self) -> int | None:
        if self._start_ns is None or self._next == len(self._capture):
            self.done = self._next == len(self._capture)
            return None
        return self._start_ns + int((self._capture.ts_ns(self._next) - self._capture.ts_ns(0)) / self._speed)

    def _play(self, event: CaptureEvent) -> None:
        name = self._names[event.symbol]
        market = self._markets[name]
        self._renew_books()
        filled: list[tuple[VenueOrder, int]] = []
        try:
            if event.kind == "depth":
                filled = market.apply(self._capture.venue.book(event.frame))
            elif event.kind in ("trade", "aggTrade"):
                for trade in self._capture.venue.trades(event.frame):
                    filled += self._on_trade(market, name, trade)
            elif event.kind in self._mark_kinds:
                self._marks[name] = self._capture.venue.mark(event.frame, self._marks.get(name, _UNMARKED))
        except (DecimalError, ValueError) as error:
            raise CaptureError(f"{event.stream} at {event.ts_ns}: {error}") from error
        self.listener.market_frame(event.stream, event.ticks, event.frame)
        for order, qty in filled:
            self.listener.maker_fill(order, self._match(market, order.price_ticks, qty))

    def _renew_books(self) -> None:
        """Take over recorded REST snapshots that precede the next frame and are newer than their book."""
        snapshots = self._capture.snapshots
        while self._next_snapshot < len(snapshots) and snapshots[self._next_snapshot][0] <= self._next:
            snapshot: RestSnapshot = snapshots[self._next_snapshot][1]
            self._next_snapshot += 1
            market = self._markets.get(self._names.get(snapshot.symbol, ""))
            if market is not None and snapshot.last_update_id > market.last_update_id:
                market.replace(snapshot.last_update_id, snapshot.bids, snapshot.asks)

    def _on_trade(self, market: _SymbolMarket, name: str, trade: PublicTrade) -> list[tuple[VenueOrder, int]]:
        self.tapes[name].add(trade, parse_e8(trade.price), parse_e8(trade.qty))
        if not len(market.resting):
            return []
        aggressor = Side.SELL if trade.buyer_maker else Side.BUY
        return market.resting.on_trade(market.price.parse(trade.price), market.qty.parse(trade.qty), aggressor)

    def _match(self, market: _SymbolMarket, price_ticks: int, qty_lots: int) -> Match:
        market.trade_id += 1
        return Match(price_ticks, qty_lots, market.trade_id)


def _names(capture: Capture, listings: Mapping[str, Listing]) -> dict[str, str]:
    """Return what each symbol of the capture is called here: as its listing is, else by its own name."""
    ours = {listing.wire: name for name, listing in listings.items()}
    names: dict[str, str] = {}
    usual = CATEGORIES[capture.market.replace("-", "_")][0]
    for symbol in capture.symbols:
        said = capture.venue.instrument(symbol)
        names[symbol] = ours.get((said.get("category", usual), said.get("venue_symbol", symbol)), symbol)
    return names


def _symbol_market(capture: Capture, symbol: str, listing: Listing | None, queue: QueueModel | None) -> _SymbolMarket:
    sizes = capture.sizes[symbol]
    decimals = capture.venue.decimals(symbol, capture.market, sizes)
    if listing is None:
        return _SymbolMarket(Scale(sizes.tick_size), Scale(sizes.lot_size), *decimals, queue)
    for name, recorded, unit_e8 in (
        ("tick_size", sizes.tick_size, listing.tick_e8),
        ("lot_size", sizes.lot_size, listing.lot_e8),
    ):
        if parse_e8(recorded) % unit_e8:
            raise ConfigError(
                f"instrument {symbol}: {name} {unit_e8 / E8:.8g} cannot hold the recorded {recorded}; use {recorded}"
            )
    return _SymbolMarket(listing.price, listing.qty, *decimals, queue)


def _texts(market: _SymbolMarket, side: int, count: int) -> list[tuple[str, str]]:
    return [
        (
            _padded(market.price.format(price), market.price_decimals),
            _padded(market.qty.format(qty), market.qty_decimals),
        )
        for price, qty in market.book.depth(side, count)
    ]


def _padded(text: str, decimals: int) -> str:
    """Return a plain decimal with `decimals` decimals, more only where it has more that matter."""
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(decimals, "0")
    return f"{whole}.{fraction}" if fraction else whole

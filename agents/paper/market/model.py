"""The market of the seeded order-flow model: one matching engine per symbol, in which the account's orders are orders
like any.

Each symbol has its own flow (`agents.paper.market.flow`) on a grid of `step_ticks` around its starting mid. What the engine
does is told to the dialect's writer (`market_writer`), and what that makes of it is sent; an update id is spent on each
change of a level. Times are wall times.
"""

from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heapreplace

from agents.paper.market.flow import (
    DISTANCE_MAX,
    Arrival,
    CancelArrival,
    LimitArrival,
    OrderFlow,
    cancel_probability,
    initial_orders,
)
from agents.paper.market.market import (
    FUNDING_INTERVAL_NS,
    FUNDING_RATE_E8,
    ContractMark,
    DepthView,
    Listener,
    Match,
    PublicTrade,
    Tape,
)
from agents.paper.market.market_writer import MarketFrame, MarketWriter
from agents.paper.market.matching import MatchedExecution, MatchingEngine
from agents.paper.money import E8, Listing, parse_e8
from agents.paper.orders import VenueOrder
from schemas.orders import Side
from schemas.units import MS

TYPICAL_PRICES = {"BTC": "60000", "ETH": "3000", "BNB": "500", "SOL": "150", "LTC": "80", "XRP": "0.5", "ADA": "0.4"}
OTHER_PRICE = "100"
TYPICAL_NOTIONAL_E8 = 20_000 * E8
GRID = 50_000
"""The model's price step is the mid divided by this, in whole ticks: 0.2 basis points."""


class ModelMarket:
    """Seeded markets of all listings, each with its own engine."""

    kind = "model"
    done = False
    tick_count = 0

    def __init__(
        self,
        listings: Mapping[str, Listing],
        *,
        seed: int,
        speed: float,
        prices: Mapping[str, str],
        listener: Listener,
        writer: MarketWriter,
    ) -> None:
        """Set up the books; `prices` are starting mids by symbol, where the typical price will not do."""
        self.symbols = tuple(listings)
        self.listener = listener
        self._markets = {
            symbol: SymbolModel(listing, OrderFlow(f"{seed}:{symbol}"), prices.get(symbol), speed, self, writer)
            for symbol, listing in listings.items()
        }
        self.tapes = {symbol: market.tape for symbol, market in self._markets.items()}
        self._due: list[tuple[int, int, SymbolModel]] = []

    def number_from(self, first_id: int) -> None:
        """Give trades and updates ids above `first_id`."""
        for market in self._markets.values():
            market.number_from(first_id)

    def start(self, wall_ns: int) -> None:
        """Let all flows begin at `wall_ns`, if they have not begun."""
        if not self._due:
            markets = self._markets.values()
            self._due = [(market.start(wall_ns), index, market) for index, market in enumerate(markets)]
            heapify(self._due)

    def clock_ns(self, wall_ns: int) -> int:
        """Return the time of the market, which is that of the venue, at whatever speed it is played."""
        return wall_ns

    def advance(self, wall_ns: int, count_max: int) -> int:
        """Play at most `count_max` events that are due; return when the next one is due: the flow never ends."""
        self.start(wall_ns)
        for _ in range(count_max):
            due_ns, index, market = self._due[0]
            if due_ns > wall_ns:
                break
            heapreplace(self._due, (market.play(), index, market))
        return self._due[0][0]

    def put_off(self, duration_ns: int) -> None:
        """Let the flows stand still for `duration_ns`: what they do next is due, and stamped, so much later."""
        for market in self._markets.values():
            market.put_off(duration_ns)
        self._due = [(due_ns + duration_ns, index, market) for due_ns, index, market in self._due]

    def depth(self, symbol: str, count: int) -> DepthView:
        """Return the book of `symbol` as of its last depth frame or later."""
        return self._markets[symbol].depth(count)

    def mark(self, symbol: str) -> ContractMark | None:
        """Return the mid as the mark, and the rate that all writers tell."""
        return self._markets[symbol].mark()

    def liquidity(self, symbol: str, side: Side) -> Iterator[tuple[int, int]]:
        """Yield the levels that an order of `side` would meet."""
        return self._markets[symbol].engine.levels(Side(-side))

    def take(self, order: VenueOrder, limit_ticks: int, wall_ns: int) -> list[Match]:
        """Match `order` in the engine."""
        market = self._markets[order.listing.symbol]
        return market.execute(order.side, order.leaves_qty_lots, limit_ticks, wall_ns)

    def rest(self, order: VenueOrder) -> None:
        """Put `order` into the engine, behind all orders at its price."""
        self._markets[order.listing.symbol].rest_account(order)

    def reduce(self, order: VenueOrder) -> None:
        """Make a resting order smaller where it stands."""
        self._markets[order.listing.symbol].reduce_account(order)

    def withdraw(self, order: VenueOrder) -> None:
        """Take a resting order out of the engine."""
        self._markets[order.listing.symbol].withdraw_account(order)


class SymbolModel:
    """One symbol: its flow, its engine, and the frames that tell of it."""

    def __init__(
        self,
        listing: Listing,
        flow: OrderFlow,
        price: str | None,
        speed: float,
        venue: ModelMarket,
        writer: MarketWriter,
    ) -> None:
        """Fill the book as the flow would have it in the long run."""
        self.listing = listing
        self.engine = MatchingEngine()
        self.tape = Tape()
        mid = parse_e8(price or TYPICAL_PRICES.get(listing.base, OTHER_PRICE)) // listing.tick_e8
        self.step_ticks = max(1, mid // GRID)
        self._mid = max(mid, 2 * DISTANCE_MAX * self.step_ticks)
        self._unit_lots = max(1, TYPICAL_NOTIONAL_E8 // max(1, listing.notional_e8(self._mid, 1)))
        self._flow = flow
        self._speed = speed
        self._venue = venue
        self._writer = writer
        self._ids: list[int] = []
        self._places: dict[int, int] = {}
        self._accounts: dict[int, VenueOrder] = {}
        self._next_id = 0
        self._trade_id = 0
        self.update_id = 1
        self.now_ns = self._arrival_ns = 0
        self._due: list[tuple[int, int]] = []
        for distance in range(1, DISTANCE_MAX + 1):
            for _ in range(initial_orders(distance)):
                self._rest(Side.BUY, self._mid - distance * self.step_ticks, flow.units())
                self._rest(Side.SELL, self._mid + distance * self.step_ticks, flow.units())
        self.engine.changed.clear()
        writer.begin(self)

    def number_from(self, first_id: int) -> None:
        """Give trades and updates ids above `first_id`."""
        self._trade_id = first_id
        self.update_id = first_id + 1
        self._writer.begin(self)

    def start(self, wall_ns: int) -> int:
        """Begin at `wall_ns`; return when the first event is due."""
        self.now_ns = wall_ns
        self._due = [(wall_ns + self._scaled(interval_ns), interval_ns) for interval_ns in self._writer.intervals_ns]
        heapify(self._due)
        self._arrival_ns = wall_ns + self._wait_ns()
        return min(self._arrival_ns, self._due[0][0])

    def play(self) -> int:
        """Play the next event; return when the one after it is due."""
        due_ns, interval_ns = self._due[0]
        self.now_ns = max(self.now_ns, min(self._arrival_ns, due_ns))
        if self._arrival_ns <= due_ns:
            self._act(self._flow.arrival(len(self._ids)))
            self._arrival_ns += self._wait_ns()
        else:
            self._send(self._writer.due(self, interval_ns))
            heapreplace(self._due, (due_ns + self._scaled(interval_ns), interval_ns))
        return min(self._arrival_ns, self._due[0][0])

    def put_off(self, duration_ns: int) -> None:
        """Have the next event, and every frame at its interval, be due `duration_ns` later."""
        self._arrival_ns += duration_ns
        self._due = [(due_ns + duration_ns, interval_ns) for due_ns, interval_ns in self._due]

    def execute(self, side: Side, qty_lots: int, limit_ticks: int, wall_ns: int) -> list[Match]:
        """Match an arriving order, send the trades, and tell the account of its orders that were met."""
        self.now_ns = max(self.now_ns, wall_ns)
        executions = self.engine.take(side, qty_lots, limit_ticks)
        matches = [self._report(side, execution) for execution in executions]
        self._send_changes()
        return matches

    def rest_account(self, order: VenueOrder) -> None:
        """Put an order of the account into the book, under a negative id."""
        self._accounts[-order.order_id] = order
        self.engine.rest(-order.order_id, order.side, order.price_ticks, order.leaves_qty_lots)
        self._send_changes()

    def reduce_account(self, order: VenueOrder) -> None:
        """Leave no more of an order of the account in the book than is left of it."""
        self.engine.reduce(-order.order_id, order.leaves_qty_lots)
        self._send_changes()

    def withdraw_account(self, order: VenueOrder) -> None:
        """Take an order of the account out of the book."""
        if self._accounts.pop(-order.order_id, None) is not None:
            self.engine.cancel(-order.order_id)
            self._send_changes()

    def depth(self, count: int) -> DepthView:
        """Return the book as of the last update id spent."""
        now_ms, texts = self.now_ns // MS, self._writer.texts
        bids, asks = (
            [texts(self.listing, *level) for level in self.best(side, count)] for side in (Side.BUY, Side.SELL)
        )
        return DepthView(self.update_id, bids, asks, now_ms, now_ms)

    def mark(self) -> ContractMark | None:
        """Return the mid, None as long as a side is empty."""
        bid, ask = self.engine.best_bid, self.engine.best_ask
        if not bid or not ask:
            return None
        mid_e8 = (self.listing.px_e8(bid) + self.listing.px_e8(ask)) // 2
        return ContractMark(mid_e8, FUNDING_RATE_E8, (self.now_ns // FUNDING_INTERVAL_NS + 1) * FUNDING_INTERVAL_NS)

    def best(self, side: Side, count: int) -> list[tuple[int, int]]:
        """Return the best `count` levels of a side."""
        return self.engine.depth(side, count)

    def qty_at(self, side: Side, price_ticks: int) -> int:
        """Return the quantity at a price."""
        return self.engine.qty_at(side, price_ticks)

    def _act(self, arrival: Arrival) -> None:
        if isinstance(arrival, LimitArrival):
            reference = self._best(Side(-arrival.side)) or self._mid
            price = self._grid(reference) - arrival.side * arrival.distance * self.step_ticks
            self._rest(arrival.side, max(price, self.step_ticks), arrival.units)
        elif isinstance(arrival, CancelArrival):
            self._cancel(self._ids[arrival.index], arrival.chance)
        else:
            self.execute(arrival.side, self._lots(arrival.units), 0, self.now_ns)
            return
        self._send_changes()

    def _rest(self, side: Side, price_ticks: int, units: float) -> None:
        opposite = self._best(Side(-side))
        if opposite and (price_ticks - opposite) * side >= 0:
            price_ticks = opposite - side
        self._next_id += 1
        self._places[self._next_id] = len(self._ids)
        self._ids.append(self._next_id)
        self.engine.rest(self._next_id, side, price_ticks, self._lots(units))

    def _cancel(self, order_id: int, chance: float) -> None:
        order = self.engine.order(order_id)
        assert order is not None, "the model's orders are forgotten when they leave the book"
        opposite = self._best(Side(-order.side)) or self._mid
        if chance < cancel_probability(abs(opposite - order.price_ticks) // self.step_ticks):
            self.engine.cancel(order_id)
            self._forget(order_id)

    def _forget(self, order_id: int) -> None:
        """Drop a model order from the list that cancellations are drawn from."""
        place, last = self._places.pop(order_id), self._ids.pop()
        if last != order_id:
            self._ids[place] = last
            self._places[last] = place

    def _report(self, side: Side, execution: MatchedExecution) -> Match:
        self._trade_id += 1
        match = Match(execution.price_ticks, execution.qty_lots, self._trade_id)
        self._send_trade(side, match)
        maker = execution.maker
        if maker.id < 0:
            order = self._accounts[maker.id]
            if match.qty_lots == order.leaves_qty_lots:
                del self._accounts[maker.id]
            self._venue.listener.maker_fill(order, match)
        elif self.engine.order(maker.id) is None and maker.id in self._places:
            self._forget(maker.id)
        return match

    def _send_trade(self, side: Side, match: Match) -> None:
        price, qty = self._writer.texts(self.listing, match.price_ticks, match.qty_lots)
        buyer_maker = side == Side.SELL
        trade = PublicTrade(match.trade_id, price, qty, self.now_ns // MS, buyer_maker, match.trade_id, match.trade_id)
        self.tape.add(trade, self.listing.px_e8(match.price_ticks), self.listing.size_e8(match.qty_lots))
        self._send(self._writer.traded(self, side, match))

    def _send_changes(self) -> None:
        """Spend an update id on each changed level, and tell of them."""
        levels = list(self.engine.changed)
        self.engine.changed.clear()
        self.update_id += len(levels)
        self._send(self._writer.changed(self, levels))

    def _send(self, frames: Iterable[MarketFrame]) -> None:
        for stream, ticks, frame in frames:
            self._venue.listener.market_frame(stream, ticks, frame)

    def _best(self, side: Side) -> int:
        return self.engine.best_bid if side == Side.BUY else self.engine.best_ask

    def _grid(self, price_ticks: int) -> int:
        return round(price_ticks / self.step_ticks) * self.step_ticks

    def _lots(self, units: float) -> int:
        return max(1, round(units * self._unit_lots))

    def _wait_ns(self) -> int:
        return max(1, self._scaled(int(self._flow.wait_s(len(self._ids)) * 1e9)))

    def _scaled(self, duration_ns: int) -> int:
        return int(duration_ns / self._speed)

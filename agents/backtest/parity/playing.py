"""The orders of a run through the simulated venue, under one model, on the market of the run.

The venue is a backtest's: books made of the same messages (`agents.backtest.venue_market`), the paper venue's matching and
account (`agents.paper.account.trading`). It is told of each order, amend and cancel when that arrives by the model's
latency. The account can pay for everything and has no position, so an order that only reduces is taken as any: whether an
order was affordable was the run's matter, and of the run's orders the venue took them on.

An order that the real venue ended without being asked to is taken out when it did; one of which no end was asked for,
because it was filled, stands for as long as the comparison looks (`window_ns`).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from agents.backtest.assumptions import fees_of
from agents.backtest.parity.entry_hops import EntryHops
from agents.backtest.parity.run_market import RunMarket
from agents.backtest.parity.run_orders import OrderLife, RunOrder, TradedPart
from agents.backtest.parity.venue_models import VenueModel
from agents.backtest.venue_market import MessageMarket
from agents.instruments import InstrumentTable
from agents.paper.account.balances import Balances
from agents.paper.account.new_order import NewOrder
from agents.paper.account.told import AccountEvent, OrderTold
from agents.paper.account.trading import Trading
from agents.paper.market.market import Match
from agents.paper.money import Listing
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused
from mesh.sim.replay import Replay
from mesh.sim.venue_side import Latency, LedRecording, VenueSide
from schemas.config import Config, MarketDataConfig, VenueConfig
from schemas.orders import TERMINAL, OrderStatus, Side, TimeInForce
from schemas.units import SECOND

PLENTY = "1000000000000000000"
"""Of each asset."""
LOOK_NS_MIN = SECOND
TERMS = {
    TimeInForce.GTC: ("LIMIT", "GTC"),
    TimeInForce.IOC: ("LIMIT", "IOC"),
    TimeInForce.FOK: ("LIMIT", "FOK"),
    TimeInForce.GTX: ("LIMIT_MAKER", "GTC"),
}
ENDED = frozenset(each.name for each in TERMINAL)


def window_ns(order: RunOrder, last_ns: int) -> int:
    """Return until when an order's two lives are compared: for as long again as the real one was, a second at least.

    One that did not end is compared up to `last_ns`.
    """
    ended_ns = order.life.ended_ns
    if not ended_ns or order.life.status not in ENDED:
        return max(last_ns, order.sent_ns + 1)
    return ended_ns + max(ended_ns - order.sent_ns, LOOK_NS_MIN)


class SimulatedAccount:
    """One venue's account in a simulation; implements `agents.paper.market.market.Listener`."""

    def __init__(self, config: Config, venue: VenueConfig, model: VenueModel, lives: dict[str, OrderLife]) -> None:
        """Begin with plenty of everything; what becomes of orders goes to `lives`, by client order id."""
        infos = InstrumentTable(config).at_venue(venue.name)
        self.listings = {each.symbol: Listing.of(each.config, each.category, margin=each.margin) for each in infos}
        instruments = [(venue.id, each.config) for each in infos]
        self.market = MessageMarket(self.listings, instruments, self, model.queue_model())
        self.market.settle = _nothing_to_settle
        assets = {asset for each in self.listings.values() for asset in (each.base, each.quote)}
        self.trading = Trading(
            Balances(dict.fromkeys(sorted(assets), PLENTY), *fees_of(config, venue)),
            self.listings,
            self.market,
            self._told,
        )
        self.now_ns = 0
        self.replay: Replay
        self._lives = lives
        self._placed: dict[str, VenueOrder] = {}
        self._names: dict[int, str] = {}
        """By the venue's number, under which of our ids an order goes that was amended."""

    def create(self, order: RunOrder) -> None:
        """Take an order on, or refuse it."""
        self.now_ns = self.replay.wall_ns
        kind, time_in_force = TERMS[TimeInForce(order.time_in_force)]
        terms = (kind, time_in_force, order.price_ticks, order.qty_lots, 0, order.client_order_id)
        self._lives[order.client_order_id] = OrderLife(parts=[])
        try:
            new = NewOrder(self.listings[order.info.symbol], Side(order.side), *terms)
            self._placed[order.client_order_id] = self.trading.create(new, self.now_ns)
        except Refused:
            self._end(order.client_order_id, OrderStatus.REJECTED)

    def amend(self, order: RunOrder) -> None:
        """Make an open order into this one, which keeps its place if only its quantity becomes less."""
        self.now_ns = self.replay.wall_ns
        self._lives[order.client_order_id] = OrderLife(parts=[])
        placed = self._placed.get(order.amends)
        if placed is None or not placed.open or self._name(placed) != order.amends:
            self._end(order.client_order_id, OrderStatus.REJECTED)
            return
        self._end(order.amends, OrderStatus.CANCELED)
        self._names[placed.order_id] = order.client_order_id
        self._placed[order.client_order_id] = placed
        self._lives[order.client_order_id].accepted_ns = self.now_ns
        smaller = placed.price_ticks == order.price_ticks and placed.cum_qty_lots < order.total_lots < placed.qty_lots
        try:
            if smaller:
                self.trading.reduce(placed, order.total_lots, self.now_ns)
            else:
                self.trading.amend(placed, order.price_ticks, order.total_lots, self.now_ns)
        except Refused:
            self.trading.cancel(placed, "", self.now_ns)

    def cancel(self, client_order_id: str) -> None:
        """Cancel an order, if it is open and none of another name by now."""
        self.now_ns = self.replay.wall_ns
        placed = self._placed.get(client_order_id)
        if placed is not None and placed.open and self._name(placed) == client_order_id:
            self.trading.cancel(placed, "", self.now_ns)

    def market_frame(self, stream: str, ticks: int, frame: bytes) -> None:
        """Nobody hears the market."""

    def maker_fill(self, order: VenueOrder, match: Match) -> None:
        """Book an execution of a resting order."""
        self.now_ns = self.replay.wall_ns
        self.trading.maker_fill(order, match, self.now_ns)

    def mark_e8(self, symbol: str) -> int:
        """Return what an instrument is worth by its book as it is, or its last trade; 0 if neither tells."""
        found, listing = self.market.instrument(symbol), self.listings[symbol]
        if found.book.best_bid and found.book.best_ask:
            return (found.book.best_bid + found.book.best_ask) * listing.tick_e8 // 2
        return found.last_ticks * listing.tick_e8

    def _name(self, order: VenueOrder) -> str:
        return self._names.get(order.order_id, order.client_order_id)

    def _told(self, event: AccountEvent) -> None:
        if not isinstance(event, OrderTold):
            return
        order, fill = event.order, event.fill
        name = self._name(order)
        life = self._lives[name]
        life.status = order.status
        if event.change == "NEW":
            life.accepted_ns = self.now_ns
        if fill is not None:
            fee = (fill.commission_e8, fill.commission_asset)
            life.parts.append(TradedPart(self.now_ns, fill.price_ticks, fill.qty_lots, *fee, fill.maker))
        if not order.open:
            life.ended_ns = self.now_ns

    def _end(self, client_order_id: str, status: OrderStatus) -> None:
        life = self._lives[client_order_id]
        life.status, life.ended_ns = status.name, self.now_ns


class SimulatedDay:
    """The orders of a run through all its venues under one model: `play`, then look at `lives`."""

    def __init__(
        self,
        config: Config,
        market: RunMarket,
        orders: Sequence[RunOrder],
        hops: EntryHops,
        model: VenueModel,
        seed: int,
    ) -> None:
        """Get ready; `seed` is that of what is drawn."""
        self.lives: dict[str, OrderLife] = {}
        venues = {venue.name: venue for venue in config.venues}
        self.accounts = {
            name: SimulatedAccount(config, venues[name], model, self.lives)
            for name in dict.fromkeys(each.account for each in orders)
        }
        # No agent is run: nobody but the venues has the market.
        replay = self._replay = Replay(config, self._led(config, market), state_dir=Path())
        replay.begin()
        for account in self.accounts.values():
            account.replay = replay
        self.first_ns = replay.wall_ns
        self._hops = hops
        self._entry = model.entry_ns
        self._drawn = Latency("measured", 0, hops.steps if model.entry_ns is None else [], seed)
        self._last_ns = market.last_ns
        for each in orders:
            if each.sent_ns >= self.first_ns:
                self._schedule(each)

    def play(self) -> None:
        """Play the market to its end, and what is on its way then."""
        self._replay.play()
        self._replay.run(5 * SECOND)
        self._replay.end()

    def _led(self, config: Config, market: RunMarket) -> Mapping[str, Sequence[LedRecording]]:
        found = {}
        for name, recordings in market.open().items():
            table = config.agents[name]
            assert isinstance(table, MarketDataConfig), "market data is what is recorded"
            account = self.accounts.get(table.venue)
            side = VenueSide() if account is None else account.market
            found[name] = [LedRecording(each, side, None, market.clocks_ns.get(name, 0)) for each in recordings]
        return found

    def _schedule(self, order: RunOrder) -> None:
        account, name = self.accounts[order.account], order.client_order_id
        arrival_ns = order.sent_ns + self._entry_ns(order)
        self._at(arrival_ns, partial(account.amend if order.amends else account.create, order))
        until_ns = self._until_ns(order)
        if until_ns:
            self._at(max(until_ns, arrival_ns), partial(account.cancel, name))

    def _until_ns(self, order: RunOrder) -> int:
        """Return when an order is taken out if it is open then, 0 if it was left open."""
        if order.cancel_ns:
            return self._canceled_ns(order)
        if order.life.status == OrderStatus.FILLED.name:
            return window_ns(order, self._last_ns)
        return order.life.ended_ns if order.life.status in ENDED else 0

    def _entry_ns(self, order: RunOrder) -> int:
        if self._entry is not None:
            return self._entry
        hop_ns = self._hops.by_order.get(order.client_order_id)
        return self._drawn.draw() if hop_ns is None else hop_ns

    def _canceled_ns(self, order: RunOrder) -> int:
        """Return when the cancel of an order arrives."""
        if self._entry is not None:
            return order.cancel_ns + self._entry
        if order.life.status == OrderStatus.CANCELED.name and order.life.ended_ns >= order.cancel_ns:
            return order.life.ended_ns
        return order.cancel_ns + self._drawn.draw()

    def _at(self, wall_ns: int, event: partial[None]) -> None:
        self._replay.schedule(max(0, wall_ns - self._replay.wall_ns), event)


def _nothing_to_settle() -> None:
    """Fills are told of as they happen."""

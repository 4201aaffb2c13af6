"""What must hold of a simulated desk's account, judged out of its logs and the venue's books by a model of its own.

O7 no order rests that nobody owns; O8 what only reduces a position is refused by no limit; O9 equity is the account's, by
the venue's balances at the portfolio's own marks. The agents' own figures are asked for nothing but their marks.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from agents.paper.orders import VenueOrder
from core.frame import HEADER_SIZE, Header, unpack
from mesh.protocol.codec import decode
from schemas.config import Config
from schemas.messages import (
    Approved,
    Denied,
    Equity,
    Message,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Position,
    Released,
    Signal,
)
from schemas.orders import TERMINAL, Reason, Side
from schemas.streams import Kind
from tests.sim.desk import Desk
from tests.sim.oracles import MANUAL

E8 = 10**8
LIMITS = frozenset(
    {
        Reason.MAX_POSITION,
        Reason.MAX_OPEN_ORDERS,
        Reason.MAX_EXPOSURE_GROSS,
        Reason.MAX_EXPOSURE_NET,
        Reason.ORDER_RATE,
        Reason.DAILY_LOSS,
        Reason.DRAWDOWN,
        Reason.CORRELATION,
        Reason.STALE_MARKET_DATA,
        Reason.MARKET_LAG,
        Reason.BOOK_INVALID,
        Reason.UNKNOWN_ORDERS_OUTSTANDING,
        Reason.PORTFOLIO_UNAVAILABLE,
        Reason.TRADING_REDUCING,
        Reason.RECONCILIATION_TROUBLE,
        Reason.INSUFFICIENT_BALANCE,
        Reason.VENUE_CLOCK,
        Reason.BREAKER_OPEN,
    }
)
"""Reasons for which nobody may be kept from getting out; form, the venue's filters, and the account not being known are
others."""


def log_of(desk: Desk, name: str) -> Iterator[tuple[Header, Message]]:
    """Yield all that an agent has published, oldest first."""
    for _, frame in desk.simulator.nodes[name].log.scan():
        header = unpack(frame)
        yield header, decode(header.type, frame[HEADER_SIZE:])


class NaiveOrder:
    """One order as the venue's words in the log make it: what it may still trade, at worst."""

    def __init__(self, instrument_id: int, side: int, qty_lots: int) -> None:
        self.instrument_id = instrument_id
        self.side = side
        self.qty_lots = qty_lots
        self.counted = self.booked = 0
        """Lots that the venue says have traded, and lots of fills that came."""
        self.ended = False

    @property
    def leaves_lots(self) -> int:
        return max(0, (self.counted if self.ended else self.qty_lots) - self.booked)


class NaiveAccount:
    """Positions and orders by execution's log, and what risk has approved and execution not shown."""

    def __init__(self, config: Config) -> None:
        self._lot_e8 = {each.id: int(Decimal(each.lot_size) * E8) for each in config.instruments}
        self._base = {each.id: each.base for each in config.instruments}
        self.held_e8 = dict.fromkeys(self._lot_e8, 0)
        self.orders: dict[str, NaiveOrder] = {}
        self.fills: set[tuple[int, str, str]] = set()

    def approve(self, approved: Approved) -> None:
        key = approved.client_order_id
        self.orders.setdefault(key, NaiveOrder(approved.instrument_id, approved.side, approved.qty_lots))

    def release(self, released: Released) -> None:
        self.orders.pop(released.client_order_id, None)

    def apply(self, message: Message) -> None:
        if isinstance(message, OrderInitialized):
            key = message.client_order_id
            self.orders.setdefault(key, NaiveOrder(message.instrument_id, message.side, message.qty_lots))
        elif isinstance(message, OrderUpdated):
            order = self.orders[message.client_order_id]
            order.counted = max(order.counted, message.cum_qty_lots)
            order.ended = message.status in TERMINAL
        elif isinstance(message, OrderFilled):
            key = (message.instrument_id, message.venue_order_id, message.trade_id)
            if key not in self.fills:
                self.fills.add(key)
                self._book(message)

    def reduces(self, signal: Signal) -> bool:
        """Return whether the signal can only bring the position nearer to zero, whatever else trades."""
        number, lot_e8 = signal.instrument_id, self._lot_e8[signal.instrument_id]
        same_side = sum(
            order.leaves_lots
            for order in self.orders.values()
            if order.instrument_id == number and order.side == signal.side
        )
        return (same_side + signal.qty_lots) * lot_e8 <= -signal.side * self.held_e8[number]

    def _book(self, fill: OrderFilled) -> None:
        order = self.orders[fill.client_order_id]
        order.booked += fill.last_qty_lots
        order.counted = max(order.counted, fill.cum_qty_lots)
        order.ended = fill.status in TERMINAL
        self.held_e8[fill.instrument_id] += fill.side * fill.last_qty_lots * self._lot_e8[fill.instrument_id]
        for number, base in self._base.items():
            if base == fill.commission_asset:
                self.held_e8[number] -= fill.commission_e8


def refused_reductions(desk: Desk) -> list[str]:
    """Return each denial by a limit of what only reduces, by what risk had been told of the account at that moment (O8)."""
    account = NaiveAccount(desk.config)
    signals = {m.signal_id: m for _, m in log_of(desk, "signal") if isinstance(m, Signal)}
    events = [(h, m) for h, m in log_of(desk, "execution") if h.stream >> 24 == Kind.ORDER]
    seen = 0
    found = []
    for _, message in log_of(desk, "risk"):
        if isinstance(message, Approved | Denied):
            known = [cause for cause in message.causes if cause[0] >> 24 == Kind.ORDER]
            while known and seen < len(events) and (events[seen][0].epoch, events[seen][0].seq) <= known[0][1:]:
                account.apply(events[seen][1])
                seen += 1
        if isinstance(message, Approved):
            account.approve(message)
        elif isinstance(message, Released):
            account.release(message)
        elif isinstance(message, Denied) and message.reason in LIMITS:
            signal = signals.get(message.signal_id)
            if signal is not None and account.reduces(signal):
                found.append(f"O8: {Reason(message.reason).name} {message.figures}: {signal}")
    return found


def ownerless_orders(desk: Desk, dead: set[str]) -> list[VenueOrder]:
    """Return the orders at the venue that nobody owns while the agents `dead` have been so for long (O7).

    Without execution no order has an owner; without risk, or the agent of the strategies, none that opens a position. On
    this desk, which cannot be short, that is each that buys.
    """
    if not dead & {"execution", "risk", "signal"}:
        return []
    orders = [o for o in desk.venue.exchange.trading.ledger.open.values() if not o.client_order_id.startswith(MANUAL)]
    return orders if "execution" in dead else [order for order in orders if order.side == Side.BUY]


def equity_difference_e8(desk: Desk) -> int | None:
    """Return by how much the last equity differs from the venue's account at the marks that it was measured by (O9).

    None if the venue's account has changed since, or none was published.
    """
    equity: Equity | None = None
    marks: dict[int, int] = {}
    marked: dict[int, int] = {}
    for _, message in log_of(desk, "portfolio"):
        if isinstance(message, Position):
            marks[message.instrument_id] = message.mark_px_e8
        elif isinstance(message, Equity):
            equity, marked = message, dict(marks)
    if equity is None:
        return None
    account = desk.venue.exchange.figures().account
    worth = Decimal(0)
    for each in desk.config.instruments:
        if each.base in account:
            worth += _total(account[each.base]) * Decimal(marked.get(each.id, 0)) / E8
    worth += _total(account[desk.config.instruments[0].quote])
    return equity.equity_e8 - int(worth * E8)


def _total(balance: Any) -> Decimal:
    return Decimal(balance.free) + Decimal(balance.locked)

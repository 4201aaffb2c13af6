"""The orders of a run out of the logs of its execution agents: what was sent and when, and what the venue did with it.

Times are on the wall clock of the host that ran. What execution sent has the time of its header, which is monotonic; what
the difference of both clocks is, is told by the venue's answers of the same epoch. What the venue did has the venue's own
time, less what its clock shows more than ours.

An order that names another (`replaces`) amends it if that one was open and nobody was canceling it; else the venue was
asked for a new order.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from agents.backtest.result.run_logs import RunLogs
from agents.instruments import InstrumentInfo, InstrumentTable
from core.frame import Header
from schemas.config import Config
from schemas.messages import Message, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import CANCEL_REASONS, TERMINAL, Liquidity, OrderStatus, Reason, TimeInForce
from schemas.streams import Kind, stream_venue
from schemas.units import MS, US


class TradedPart(msgspec.Struct, frozen=True):
    """One fill of an order; a commission is in its asset."""

    ts_ns: int
    price_ticks: int
    qty_lots: int
    fee_e8: int
    fee_asset: str
    maker: bool


class OrderLife(msgspec.Struct):
    """What became of an order, at a venue or in a simulation of one; times are 0 where they are not known."""

    accepted_ns: int = 0
    ended_ns: int = 0
    status: str = ""
    parts: list[TradedPart] = []

    @property
    def filled_lots(self) -> int:
        """Return how much was filled."""
        return sum(each.qty_lots for each in self.parts)

    @property
    def first_fill_ns(self) -> int:
        """Return when it first traded, 0 if it did not."""
        return self.parts[0].ts_ns if self.parts else 0

    @property
    def average_ticks(self) -> float | None:
        """Return the average price of what was filled, in ticks."""
        filled = self.filled_lots
        return sum(each.price_ticks * each.qty_lots for each in self.parts) / filled if filled else None


class RunOrder(msgspec.Struct, eq=False):
    """One order of a run; `cancel_ns` is when execution first had it canceled (`canceling`), 0 if that is not known.

    `amends` names the order that it was made of by an amend, and `total_lots` what that was to be for in all, with all that
    it had traded; else both are empty.
    """

    client_order_id: str
    account: str
    info: InstrumentInfo
    strategy: str
    side: int
    time_in_force: int
    price_ticks: int
    qty_lots: int
    sent_ns: int = 0
    cancel_ns: int = 0
    amends: str = ""
    total_lots: int = 0
    external: bool = False
    canceling: bool = False
    reason: int = 0
    life: OrderLife = msgspec.field(default_factory=OrderLife)

    @property
    def left_out(self) -> str:
        """Return why it cannot be compared, "" if it can.

        What a venue refuses for the account's sake says nothing of its market; that an order would not have rested does.
        """
        if self.external:
            return "not sent by this run"
        if not self.sent_ns:
            return "no clock tells when it was sent"
        if self.life.status == OrderStatus.REJECTED.name:
            kept = self.time_in_force == TimeInForce.GTX and self.reason == Reason.VENUE_REJECTED and not self.amends
            return "" if kept else "refused by the venue"
        if self.life.status in (OrderStatus.UNKNOWN.name, OrderStatus.INITIALIZED.name, OrderStatus.SUBMITTED.name):
            return "its outcome is not known"
        return ""


class RunOrders(msgspec.Struct, frozen=True):
    """All orders of a run in the order of sending, and by account how fine the venue's times are (`step_ns`)."""

    orders: list[RunOrder]
    step_ns: dict[str, int]


def read_orders(config: Config, logs: RunLogs, clocks_ns: Mapping[str, int]) -> RunOrders:
    """Return what the logs tell; `clocks_ns` is by venue what its clock showed more than ours."""
    table = InstrumentTable(config)
    names = {venue.id: venue.name for venue in table.venues.values()}
    orders: list[RunOrder] = []
    steps_ns: dict[str, int] = {}
    for agent, stream in logs.streams(Kind.ORDER):
        account = names.get(stream_venue(stream), "")
        folding = _Folding(account, table, clocks_ns.get(account, 0))
        orders += folding.fold(logs.records(agent, stream))
        steps_ns[account] = min(steps_ns.get(account, MS), folding.step_ns)
    return RunOrders(sorted(orders, key=lambda each: (each.sent_ns, each.client_order_id)), steps_ns)


class _Folding:
    """Folds the ORDER stream of one account."""

    def __init__(self, account: str, table: InstrumentTable, clock_ns: int) -> None:
        self._account = account
        self._infos = table.by_id
        self._clock_ns = clock_ns
        self._orders: dict[str, RunOrder] = {}
        self._times_gcd = 0
        self._epoch = 0
        self._ahead_ns: int | None = None
        self._pending: list[tuple[RunOrder, str, int]] = []
        """Times of headers that nothing has told the wall clock of yet: the order, the field, the time."""

    @property
    def step_ns(self) -> int:
        """Return how fine the venue's times are."""
        return next((step for step in (MS, US) if self._times_gcd % step == 0), 1)

    def fold(self, records: Iterator[tuple[Header, Message]]) -> Iterable[RunOrder]:
        for header, message in records:
            if header.epoch != self._epoch:
                self._epoch, self._ahead_ns = header.epoch, None
                self._pending.clear()
            if isinstance(message, OrderInitialized):
                self._begin(header, message)
            elif isinstance(message, OrderUpdated):
                self._learn(header, message.ts_recv_ns)
                self._update(header, message)
            elif isinstance(message, OrderFilled):
                self._learn(header, message.ts_recv_ns)
                self._fill(message)
        return self._orders.values()

    def _begin(self, header: Header, message: OrderInitialized) -> None:
        info = self._infos.get(message.instrument_id)
        if info is None:
            return
        order = self._orders[message.client_order_id] = RunOrder(
            client_order_id=message.client_order_id,
            account=self._account,
            info=info,
            strategy=message.strategy,
            side=message.side,
            time_in_force=message.time_in_force,
            price_ticks=message.price_ticks,
            qty_lots=message.qty_lots,
            external=message.external,
        )
        order.life.status = message.status.name
        self._stamp(order, "sent_ns", header.send_ns)
        old = self._orders.get(message.replaces)
        if old is not None and not old.canceling and OrderStatus[old.life.status] not in TERMINAL:
            order.amends = old.client_order_id
            order.total_lots = self._traded_before(old) + message.qty_lots

    def _traded_before(self, order: RunOrder) -> int:
        """Return what an order and all that it was made of by amends have traded."""
        traded = order.life.filled_lots
        return traded + (self._traded_before(self._orders[order.amends]) if order.amends else 0)

    def _update(self, header: Header, message: OrderUpdated) -> None:
        order = self._orders.get(message.client_order_id)
        if order is None:
            return
        status, life = OrderStatus(message.status), order.life
        asked = status in (OrderStatus.PENDING_CANCEL, OrderStatus.UNKNOWN) and message.reason in CANCEL_REASONS
        if asked and not order.canceling:
            order.canceling = True
            self._stamp(order, "cancel_ns", header.send_ns)
        if status is not OrderStatus.PENDING_CANCEL and message.ts_event_ns:
            ts_ns = self._ours(message.ts_event_ns)
            if status is OrderStatus.NEW and not life.accepted_ns:
                life.accepted_ns = ts_ns
            if status in TERMINAL:
                life.ended_ns = ts_ns
        elif status in TERMINAL:
            life.ended_ns = message.ts_recv_ns
        life.status = status.name
        order.reason = message.reason or order.reason

    def _fill(self, message: OrderFilled) -> None:
        order = self._orders.get(message.client_order_id)
        if order is None:
            return
        life, ts_ns = order.life, self._ours(message.ts_event_ns)
        taken = message.liquidity == Liquidity.TAKER
        if taken and not life.accepted_ns and not life.parts:
            life.accepted_ns = ts_ns
        life.parts.append(
            TradedPart(
                ts_ns,
                message.last_px_ticks,
                message.last_qty_lots,
                message.commission_e8,
                message.commission_asset,
                not taken,
            )
        )
        life.status = OrderStatus(message.status).name
        if OrderStatus(message.status) in TERMINAL:
            life.ended_ns = max(life.ended_ns, ts_ns)

    def _ours(self, ts_event_ns: int) -> int:
        """Return a time of the venue on our clock."""
        self._times_gcd = math.gcd(self._times_gcd, ts_event_ns)
        return ts_event_ns - self._clock_ns

    def _stamp(self, order: RunOrder, field: str, mono_ns: int) -> None:
        if self._ahead_ns is None:
            self._pending.append((order, field, mono_ns))
        else:
            setattr(order, field, mono_ns + self._ahead_ns)

    def _learn(self, header: Header, ts_recv_ns: int) -> None:
        """Take what a word of the venue tells of both clocks."""
        if not ts_recv_ns or not header.recv_ns:
            return
        self._ahead_ns = ts_recv_ns - header.recv_ns
        for order, field, mono_ns in self._pending:
            setattr(order, field, mono_ns + self._ahead_ns)
        self._pending.clear()

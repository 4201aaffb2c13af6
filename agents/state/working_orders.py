"""Own orders that still bind an account, folded from execution's order events and risk's approvals.

Who follows an account's ORDER stream from its first event knows every order that may still trade. An order holds its
unfilled quantity while its state is open (UNKNOWN included); once the venue has said that it ended, it holds only the
fills that the venue counted and that have not arrived yet. Fills count once, by (instrument, venue order id, trade id).
Late evidence wins: an order that was rejected and then shows up as NEW holds its quantity again.

A reservation is an order that risk approved and execution has not shown yet; it holds its full quantity.

States are plain numbers here, those of `OrderStatus`, and 0 for a reservation: three agents fold every event. This file is
compiled (`working_orders.pxd` has the C types).
"""

from collections.abc import Iterator

from agents.state.message_fields import APPROVED, ORDER_FILLED, ORDER_INITIALIZED, ORDER_UPDATED, OrderTerms
from agents.state.recent import Recent
from schemas.messages import Approved, Message, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import OPEN, OrderStatus

SETTLED_MAX = 10_000
"""Ended orders that are remembered for late evidence."""
FILLS_MAX = 32_768
"""Fills that are remembered against a second booking."""
QTY_LOTS_MAX = 2**62
"""No order has more, so what is filled beyond it need not be counted."""

RESERVED = 0
"""Status of an order that execution has not shown yet."""

_INITIALIZED = int(OrderStatus.INITIALIZED)
_SUBMITTED = int(OrderStatus.SUBMITTED)
_UNKNOWN = int(OrderStatus.UNKNOWN)
_LAST = int(max(OrderStatus))
_OPEN = sum(1 << status for status in (RESERVED, *OPEN))
"""Bit N is set if an order of status N may still trade."""


class OpenQuantity:
    """The quantities of one instrument that orders may still buy and sell, in lots: sums, in 128 bits.

    `cost` is what the buys may cost, in ticks times lots.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.buys = 0
        self.sells = 0
        self.cost = 0


class WorkingOrder:
    """One order as its follower sees it; `WorkingOrders` makes it."""

    def begin(self, order: Approved | OrderInitialized, terms: OrderTerms, held: OpenQuantity, since_ns: int) -> None:
        """Begin with what was approved or initialised; `since_ns` is the follower's monotonic time.

        `held` is what all orders of its instrument hold together.
        """
        self.client_order_id: str = terms.client_order_id.of(order)
        self.strategy: str = terms.strategy.of(order)
        self.instrument_id: int = terms.instrument_id.of(order)
        self.side = terms.side.int_of(order)
        self.qty_lots = terms.qty_lots.int_of(order)
        self.price_ticks = terms.price_ticks.int_of(order)
        self.time_in_force: int = terms.time_in_force.of(order)
        self.external = False
        self.held = held
        self.since_ns = since_ns
        self.status = RESERVED
        """An OrderStatus, or RESERVED."""
        self.cum_qty_lots = 0
        self.filled_qty_lots = 0
        self.reserved = True
        """Whether execution has not shown the order yet."""
        self.doubted = False
        """Set by risk while it is not proven whether execution took a reserved order."""
        self.open = True
        """Whether the order may still trade, as far as is proven."""
        self.unknown = False
        """Whether it is not proven what became of the order."""
        self.leaves_qty_lots = self.qty_lots
        """Quantity that may still be booked: unfilled while open, else fills that the venue counted ahead of us."""
        self.binds = True
        """Whether it holds quantity."""
        self.older: WorkingOrder | None = None
        self.newer: WorkingOrder | None = None
        """The orders before and after it in its chain."""

    def weigh(self) -> None:
        """Work out what follows from status and quantities, after one of them has changed."""
        self.open = _OPEN >> self.status & 1 != 0
        self.reserved = self.status == RESERVED
        self.unknown = self.doubted if self.reserved else self.status == _UNKNOWN
        bound = self.qty_lots if self.open else self.cum_qty_lots
        self.leaves_qty_lots = bound - self.filled_qty_lots if bound > self.filled_qty_lots else 0
        self.binds = self.open or self.leaves_qty_lots > 0


class Chain:
    """Orders that are linked from the oldest to the newest; an order is in one chain at a time."""

    def __init__(self) -> None:
        self.count = 0
        self.oldest: WorkingOrder | None = None
        self.newest: WorkingOrder | None = None

    def add(self, order: WorkingOrder) -> None:
        """Put an order at the end."""
        order.older = self.newest
        if self.newest is None:
            self.oldest = order
        else:
            self.newest.newer = order
        self.newest = order
        self.count += 1

    def remove(self, order: WorkingOrder) -> None:
        """Take out an order that is in."""
        older, newer = order.older, order.newer
        if older is None:
            self.oldest = newer
        else:
            older.newer = newer
        if newer is None:
            self.newest = older
        else:
            newer.older = older
        order.older = order.newer = None
        self.count -= 1


class WorkingOrders:
    """All orders of one account that hold quantity, by client order id, oldest first.

    Sums over them are kept as they change, so asking for one costs the same however many orders there are.
    """

    def __init__(self) -> None:
        """Start with no orders."""
        self.binding = Chain()
        """The orders that hold quantity, oldest first."""
        self.count_open = 0
        """How many orders may still trade."""
        self.count_unknown = 0
        """Of how many orders it is not proven what became of them."""
        self._known: dict[str, WorkingOrder] = {}
        self.all_held: dict[int, OpenQuantity] = {}
        """What the orders of each instrument hold together; an instrument stays once it was ordered."""
        self._ended = Chain()
        self._fills: set[tuple[int, str, str]] = set()
        self._recent_fills = Recent(FILLS_MAX)

    def all_binding(self) -> list[WorkingOrder]:
        """Return the orders that hold quantity, oldest first."""
        found = []
        order = self.binding.oldest
        while order is not None:
            found.append(order)
            order = order.newer
        return found

    def hold(self, instrument_id: int) -> OpenQuantity:
        """Return what orders in an instrument hold, from now on also if it never had one."""
        held = self.all_held.get(instrument_id)
        if held is None:
            held = self.all_held[instrument_id] = OpenQuantity()
        return held

    def adopt(self, terms: OrderInitialized, now_ns: int, status: int, cum_qty_lots: int, filled_qty_lots: int) -> None:
        """Take up an order as an anchor has it, after those that are older in its chain."""
        order = self._begin(terms, ORDER_INITIALIZED, now_ns)
        order.external = ORDER_INITIALIZED.external.of(terms)
        order.cum_qty_lots = cum_qty_lots
        self._change(order, status, cum_qty_lots, filled_qty_lots)

    def reserve(self, approved: Approved, now_ns: int) -> None:
        """Hold the quantity of an approved order."""
        self._begin(approved, APPROVED, now_ns)

    def release(self, client_order_id: str) -> bool:
        """Give back a reservation; False if there is none, or execution has shown the order."""
        order = self._known.get(client_order_id)
        if order is None or not order.reserved:
            return False
        self.count_open -= 1
        self.count_unknown -= order.unknown
        self._hold(order, -order.leaves_qty_lots)
        self.binding.remove(order)
        del self._known[client_order_id]
        return True

    def doubt(self, client_order_id: str) -> None:
        """Note that it is not proven whether execution took a reserved order."""
        order = self._known.get(client_order_id)
        if order is not None and order.binds:
            order.doubted = True
            self._change(order, order.status, 0, 0)

    def get(self, client_order_id: str) -> WorkingOrder | None:
        """Return an order that holds quantity or ended not long ago."""
        return self._known.get(client_order_id)

    def apply(self, message: Message, now_ns: int) -> OrderFilled | None:
        """Apply one event of the ORDER stream; return it if it is a fill that was not seen before."""
        if type(message) is OrderUpdated:
            order = self._known.get(ORDER_UPDATED.client_order_id.of(message))
            if order is not None:
                self._change(order, ORDER_UPDATED.status.int_of(message), ORDER_UPDATED.cum_qty_lots.int_of(message), 0)
        elif type(message) is OrderInitialized:
            self._initialized(message, now_ns)
        elif type(message) is OrderFilled:
            return message if self._filled(message) else None
        return None

    def of(self, instrument_id: int, strategy: str | None = None) -> Iterator[WorkingOrder]:
        """Yield the orders in one instrument that hold quantity, of one strategy if given."""
        for order in self.all_binding():
            if order.instrument_id == instrument_id and strategy in (None, order.strategy):
                yield order

    def count_of(self, instrument_id: int, strategy: str) -> int:
        """Return how many orders of a strategy in an instrument hold quantity."""
        count, order = 0, self.binding.oldest
        while order is not None:
            count += order.instrument_id == instrument_id and order.strategy == strategy
            order = order.newer
        return count

    def held(self, instrument_id: int) -> OpenQuantity | None:
        """Return what orders in an instrument hold, None if it never had one."""
        return self.all_held.get(instrument_id)

    def leaves_qty_lots(self, instrument_id: int, side: int) -> int:
        """Return the quantity that orders on `side` of an instrument may still trade."""
        held = self.all_held.get(instrument_id)
        if held is None:
            return 0
        return held.buys if side > 0 else held.sells

    def instruments(self) -> list[int]:
        """Return the instruments in which an order holds quantity, in the order of their first order ever."""
        return [number for number, held in self.all_held.items() if held.buys or held.sells]

    def hold_only(self, instrument_id: int) -> bool:
        """Return whether orders in no other instrument may still trade."""
        elsewhere = 0
        for number, held in self.all_held.items():
            if number != instrument_id:
                elsewhere += held.buys + held.sells
        return elsewhere == 0

    def _initialized(self, message: OrderInitialized, now_ns: int) -> None:
        order = self._known.get(ORDER_INITIALIZED.client_order_id.of(message))
        if order is None:
            order = self._begin(message, ORDER_INITIALIZED, now_ns)
            order.external = ORDER_INITIALIZED.external.of(message)
        if order.reserved:
            self._change(order, _INITIALIZED if ORDER_INITIALIZED.external.of(message) else _SUBMITTED, 0, 0)

    def _filled(self, message: OrderFilled) -> bool:
        key = (
            ORDER_FILLED.instrument_id.of(message),
            ORDER_FILLED.venue_order_id.of(message),
            ORDER_FILLED.trade_id.of(message),
        )
        if key in self._fills:
            return False
        self._fills.add(key)
        forgotten = self._recent_fills.push(key)
        if forgotten is not None:
            self._fills.remove(forgotten)
        order = self._known.get(ORDER_FILLED.client_order_id.of(message))
        if order is not None:
            qty_lots = ORDER_FILLED.last_qty_lots.int_of(message)
            self._change(
                order, ORDER_FILLED.status.int_of(message), ORDER_FILLED.cum_qty_lots.int_of(message), qty_lots
            )
        return True

    def _begin(self, message: Approved | OrderInitialized, terms: OrderTerms, now_ns: int) -> WorkingOrder:
        instrument_id = terms.instrument_id.of(message)
        held = self.hold(instrument_id)
        order = WorkingOrder.__new__(WorkingOrder)
        order.begin(message, terms, held, now_ns)
        self.binding.add(order)
        self._known[order.client_order_id] = order
        self.count_open += 1
        self._hold(order, order.leaves_qty_lots)
        return order

    def _change(self, order: WorkingOrder, status: int, cum_qty_lots: int, filled_qty_lots: int) -> None:
        if status != order.status and not RESERVED < status <= _LAST:
            raise ValueError(f"order {order.client_order_id}: status {status} is not known")
        was_open, was_unknown, did_bind, leaves = order.open, order.unknown, order.binds, order.leaves_qty_lots
        order.status = status
        order.cum_qty_lots = max(order.cum_qty_lots, cum_qty_lots)
        order.filled_qty_lots += min(filled_qty_lots, QTY_LOTS_MAX - order.filled_qty_lots)
        order.weigh()
        if order.leaves_qty_lots != leaves:
            self._hold(order, order.leaves_qty_lots - leaves)
        self.count_open += order.open - was_open
        self.count_unknown += order.unknown - was_unknown
        if order.binds != did_bind:
            self._move(order)

    def _hold(self, order: WorkingOrder, qty_lots: int) -> None:
        """Add to what is held in the order's instrument on its side."""
        if order.side > 0:
            order.held.buys += qty_lots
            price_ticks = order.price_ticks
            order.held.cost += price_ticks * qty_lots
        else:
            order.held.sells += qty_lots

    def _move(self, order: WorkingOrder) -> None:
        """Put an order among those that hold quantity, or among those that do not any more."""
        if order.binds:
            self._ended.remove(order)
            self.binding.add(order)
            return
        self.binding.remove(order)
        self._ended.add(order)
        oldest = self._ended.oldest
        if oldest is not None and self._ended.count > SETTLED_MAX:
            self._ended.remove(oldest)
            del self._known[oldest.client_order_id]

"""Own orders that still bind an account, folded from execution's order events and risk's approvals.

Who follows an account's ORDER stream from its first event knows every order that may still trade. An order holds its
unfilled quantity while its state is open (UNKNOWN included); once the venue has said that it ended, it holds only the
fills that the venue counted and that have not arrived yet. Fills count once, by (instrument, venue order id, trade id).
Late evidence wins: an order that was rejected and then shows up as NEW holds its quantity again.

A reservation is an order that risk approved and execution has not shown yet; it holds its full quantity.

States are plain numbers here, those of `OrderStatus`, and 0 for a reservation: three agents fold every event. This file is
compiled (`working.pxd` has the C types).
"""

from collections import OrderedDict
from collections.abc import Iterator

from core.int_field import IntField
from schemas.messages import Approved, Message, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import OPEN, OrderStatus

SETTLED_MAX = 10_000
"""Ended orders that are remembered for late evidence."""
FILLS_MAX = 65_536
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

UPDATED_STATUS = IntField(OrderUpdated, "status")
UPDATED_CUM_QTY_LOTS = IntField(OrderUpdated, "cum_qty_lots")
FILLED_STATUS = IntField(OrderFilled, "status")
FILLED_CUM_QTY_LOTS = IntField(OrderFilled, "cum_qty_lots")
FILLED_LAST_QTY_LOTS = IntField(OrderFilled, "last_qty_lots")


class WorkingOrder:
    """One order as its follower sees it."""

    def __init__(self, order: Approved | OrderInitialized, since_ns: int) -> None:
        """Begin with what was approved or initialised; `since_ns` is the follower's monotonic time."""
        self.client_order_id = order.client_order_id
        self.strategy = order.strategy
        self.instrument_id = order.instrument_id
        self.side = order.side
        self.qty_lots = order.qty_lots
        self.price_ticks = order.price_ticks
        self.time_in_force = order.time_in_force
        self.external = type(order) is OrderInitialized and order.external
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

    def weigh(self) -> None:
        """Work out what follows from status and quantities, after one of them has changed."""
        self.open = _OPEN >> self.status & 1 != 0
        self.reserved = self.status == RESERVED
        self.unknown = self.doubted if self.reserved else self.status == _UNKNOWN
        bound = self.qty_lots if self.open else self.cum_qty_lots
        self.leaves_qty_lots = bound - self.filled_qty_lots if bound > self.filled_qty_lots else 0


class Held:
    """The quantities of one instrument that orders may still buy and sell, in lots: sums, of any size."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.buys = 0
        self.sells = 0


class WorkingOrders:
    """All orders of one account that hold quantity, by client order id, oldest first.

    Sums over them are kept as they change, so asking for one costs the same however many orders there are.
    """

    def __init__(self) -> None:
        """Start with no orders."""
        self.live: dict[str, WorkingOrder] = {}
        self.count_open = 0
        """How many orders may still trade."""
        self.count_unknown = 0
        """Of how many orders it is not proven what became of them."""
        self._held: dict[int, Held] = {}
        self._settled: OrderedDict[str, WorkingOrder] = OrderedDict()
        self._fills: OrderedDict[tuple[int, str, int], None] = OrderedDict()

    def reserve(self, approved: Approved, now_ns: int) -> None:
        """Hold the quantity of an approved order."""
        self._begin(WorkingOrder(approved, now_ns))

    def release(self, client_order_id: str) -> bool:
        """Give back a reservation; False if there is none, or execution has shown the order."""
        order = self.live.get(client_order_id)
        if order is None or not order.reserved:
            return False
        self.count_open -= 1
        self.count_unknown -= order.unknown
        self._hold(order, -order.leaves_qty_lots)
        del self.live[client_order_id]
        return True

    def doubt(self, client_order_id: str) -> None:
        """Note that it is not proven whether execution took a reserved order."""
        order = self.live.get(client_order_id)
        if order is not None:
            order.doubted = True
            self._change(order, order.status, 0, 0)

    def get(self, client_order_id: str) -> WorkingOrder | None:
        """Return an order that holds quantity or ended not long ago."""
        order = self.live.get(client_order_id)
        return order if order is not None else self._settled.get(client_order_id)

    def apply(self, message: Message, now_ns: int) -> OrderFilled | None:
        """Apply one event of the ORDER stream; return it if it is a fill that was not seen before."""
        if type(message) is OrderUpdated:
            order = self.get(message.client_order_id)
            if order is not None:
                self._change(order, UPDATED_STATUS.of(message), UPDATED_CUM_QTY_LOTS.of(message), 0)
        elif type(message) is OrderInitialized:
            self._initialized(message, now_ns)
        elif type(message) is OrderFilled:
            return message if self._filled(message) else None
        return None

    def of(self, instrument_id: int, strategy: str | None = None) -> Iterator[WorkingOrder]:
        """Yield the orders in one instrument that hold quantity, of one strategy if given."""
        for order in self.live.values():
            if order.instrument_id == instrument_id and strategy in (None, order.strategy):
                yield order

    def count_of(self, instrument_id: int, strategy: str) -> int:
        """Return how many orders of a strategy in an instrument hold quantity."""
        count = 0
        for order in self.live.values():
            count += order.instrument_id == instrument_id and order.strategy == strategy
        return count

    def leaves_qty_lots(self, instrument_id: int, side: int) -> int:
        """Return the quantity that orders on `side` of an instrument may still trade."""
        held = self._held.get(instrument_id)
        if held is None:
            return 0
        return held.buys if side > 0 else held.sells

    def instruments(self) -> list[int]:
        """Return the instruments in which an order holds quantity, in the order of their first order ever."""
        return [number for number, held in self._held.items() if held.buys or held.sells]

    def hold_only(self, instrument_id: int) -> bool:
        """Return whether orders in no other instrument may still trade."""
        elsewhere = 0
        for number, held in self._held.items():
            if number != instrument_id:
                elsewhere += held.buys + held.sells
        return elsewhere == 0

    def _initialized(self, message: OrderInitialized, now_ns: int) -> None:
        order = self.get(message.client_order_id)
        if order is None:
            order = WorkingOrder(message, now_ns)
            self._begin(order)
        if order.reserved:
            self._change(order, _INITIALIZED if order.external else _SUBMITTED, 0, 0)

    def _filled(self, message: OrderFilled) -> bool:
        key = (message.instrument_id, message.venue_order_id, message.trade_id)
        if key in self._fills:
            return False
        self._fills[key] = None
        if len(self._fills) > FILLS_MAX:
            self._fills.popitem(last=False)
        order = self.get(message.client_order_id)
        if order is not None:
            qty_lots = FILLED_LAST_QTY_LOTS.of(message)
            self._change(order, FILLED_STATUS.of(message), FILLED_CUM_QTY_LOTS.of(message), qty_lots)
        return True

    def _begin(self, order: WorkingOrder) -> None:
        self.live[order.client_order_id] = order
        self.count_open += 1
        self._hold(order, order.leaves_qty_lots)

    def _change(self, order: WorkingOrder, status: int, cum_qty_lots: int, filled_qty_lots: int) -> None:
        if status != order.status and not RESERVED < status <= _LAST:
            raise ValueError(f"order {order.client_order_id}: status {status} is not known")
        was_open, was_unknown, leaves = order.open, order.unknown, order.leaves_qty_lots
        order.status = status
        order.cum_qty_lots = max(order.cum_qty_lots, cum_qty_lots)
        order.filled_qty_lots += min(filled_qty_lots, QTY_LOTS_MAX - order.filled_qty_lots)
        order.weigh()
        if order.leaves_qty_lots != leaves:
            self._hold(order, order.leaves_qty_lots - leaves)
        self.count_open += order.open - was_open
        self.count_unknown += order.unknown - was_unknown
        bound, binds = was_open or leaves > 0, order.open or order.leaves_qty_lots > 0
        if bound != binds:
            self._move(order, binds)

    def _hold(self, order: WorkingOrder, qty_lots: int) -> None:
        """Add to what is held in the order's instrument on its side."""
        held = self._held.get(order.instrument_id)
        if held is None:
            held = self._held[order.instrument_id] = Held()
        if order.side > 0:
            held.buys += qty_lots
        else:
            held.sells += qty_lots

    def _move(self, order: WorkingOrder, binds: bool) -> None:
        """Put an order among those that hold quantity, or among those that do not any more."""
        if binds:
            del self._settled[order.client_order_id]
            self.live[order.client_order_id] = order
            return
        del self.live[order.client_order_id]
        self._settled[order.client_order_id] = order
        if len(self._settled) > SETTLED_MAX:
            self._settled.popitem(last=False)

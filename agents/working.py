"""Own orders that still bind an account, folded from execution's order events and risk's approvals.

Who follows an account's ORDER stream from its first event knows every order that may still trade. An order holds its
unfilled quantity while its state is open (UNKNOWN included); once the venue has said that it ended, it holds only the
fills that the venue counted and that have not arrived yet. Fills count once, by (instrument, venue order id, trade id).
Late evidence wins: an order that was rejected and then shows up as NEW holds its quantity again.

A reservation is an order that risk approved and execution has not shown yet; it holds its full quantity.
"""

from collections import OrderedDict
from collections.abc import Iterator

from schemas.messages import Approved, Message, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import OPEN, OrderStatus

SETTLED_MAX = 10_000
"""Ended orders that are remembered for late evidence."""
FILLS_MAX = 65_536
"""Fills that are remembered against a second booking."""


class WorkingOrder:
    """One order as its follower sees it; `status` is None while it is only reserved."""

    def __init__(self, order: Approved | OrderInitialized, since_ns: int) -> None:
        """Begin with what was approved or initialised; `since_ns` is the follower's monotonic time."""
        self.client_order_id = order.client_order_id
        self.strategy = order.strategy
        self.instrument_id = order.instrument_id
        self.side = order.side
        self.qty_lots = order.qty_lots
        self.price_ticks = order.price_ticks
        self.time_in_force = order.time_in_force
        self.external = isinstance(order, OrderInitialized) and order.external
        self.since_ns = since_ns
        self.status: OrderStatus | None = None
        self.cum_qty_lots = 0
        self.filled_qty_lots = 0
        self.doubted = False
        """Set by risk while it is not proven whether execution took a reserved order."""

    @property
    def open(self) -> bool:
        """Whether the order may still trade, as far as is proven."""
        return self.status is None or self.status in OPEN

    @property
    def unknown(self) -> bool:
        """Whether it is not proven what became of the order."""
        return self.status is OrderStatus.UNKNOWN or (self.status is None and self.doubted)

    @property
    def leaves_qty_lots(self) -> int:
        """Quantity that may still be booked: unfilled while open, else fills that the venue counted ahead of us."""
        bound = self.qty_lots if self.open else self.cum_qty_lots
        return max(0, bound - self.filled_qty_lots)


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
        self._leaves: dict[tuple[int, int], int] = {}
        self._settled: OrderedDict[str, WorkingOrder] = OrderedDict()
        self._fills: OrderedDict[tuple[int, str, int], None] = OrderedDict()

    def reserve(self, approved: Approved, now_ns: int) -> None:
        """Hold the quantity of an approved order."""
        order = WorkingOrder(approved, now_ns)
        self.live[approved.client_order_id] = order
        self._add(order, 1)

    def release(self, client_order_id: str) -> bool:
        """Give back a reservation; False if there is none, or execution has shown the order."""
        order = self.live.get(client_order_id)
        if order is None or order.status is not None:
            return False
        self._add(order, -1)
        del self.live[client_order_id]
        return True

    def doubt(self, client_order_id: str) -> None:
        """Note that it is not proven whether execution took a reserved order."""
        order = self.live.get(client_order_id)
        if order is not None:
            self._add(order, -1)
            order.doubted = True
            self._add(order, 1)

    def get(self, client_order_id: str) -> WorkingOrder | None:
        """Return an order that holds quantity or ended not long ago."""
        return self.live.get(client_order_id) or self._settled.get(client_order_id)

    def apply(self, message: Message, now_ns: int) -> OrderFilled | None:
        """Apply one event of the ORDER stream; return it if it is a fill that was not seen before."""
        if isinstance(message, OrderInitialized):
            self._initialized(message, now_ns)
        elif isinstance(message, OrderUpdated):
            self._change(message, message.cum_qty_lots, 0)
        elif isinstance(message, OrderFilled):
            return message if self._filled(message) else None
        return None

    def of(self, instrument_id: int, strategy: str | None = None) -> Iterator[WorkingOrder]:
        """Yield the orders in one instrument that hold quantity, of one strategy if given."""
        for order in self.live.values():
            if order.instrument_id == instrument_id and strategy in (None, order.strategy):
                yield order

    def leaves_qty_lots(self, instrument_id: int, side: int) -> int:
        """Return the quantity that orders on `side` of an instrument may still trade."""
        return self._leaves.get((instrument_id, side), 0)

    def hold_only(self, instrument_id: int) -> bool:
        """Return whether orders in no other instrument may still trade."""
        elsewhere = 0
        for (number, _), leaves in self._leaves.items():
            if number != instrument_id:
                elsewhere += leaves
        return elsewhere == 0

    def _initialized(self, message: OrderInitialized, now_ns: int) -> None:
        order = self.get(message.client_order_id)
        if order is None:
            order = self.live[message.client_order_id] = WorkingOrder(message, now_ns)
        elif order.status is not None:
            return
        else:
            self._add(order, -1)
        order.status = OrderStatus.INITIALIZED
        self._add(order, 1)

    def _filled(self, message: OrderFilled) -> bool:
        key = (message.instrument_id, message.venue_order_id, message.trade_id)
        if key in self._fills:
            return False
        self._fills[key] = None
        if len(self._fills) > FILLS_MAX:
            self._fills.popitem(last=False)
        self._change(message, message.cum_qty_lots, message.last_qty_lots)
        return True

    def _change(self, message: OrderUpdated | OrderFilled, cum_qty_lots: int, filled_qty_lots: int) -> None:
        order = self.get(message.client_order_id)
        if order is None:
            return
        self._add(order, -1)
        order.status = OrderStatus(message.status)
        order.cum_qty_lots = max(order.cum_qty_lots, cum_qty_lots)
        order.filled_qty_lots += filled_qty_lots
        self._add(order, 1)
        self._place(order)

    def _add(self, order: WorkingOrder, sign: int) -> None:
        key = (order.instrument_id, order.side)
        self._leaves[key] = self._leaves.get(key, 0) + sign * order.leaves_qty_lots
        self.count_open += sign * order.open
        self.count_unknown += sign * order.unknown

    def _place(self, order: WorkingOrder) -> None:
        binds = order.open or order.leaves_qty_lots > 0
        home, other = (self.live, self._settled) if binds else (self._settled, self.live)
        if other.pop(order.client_order_id, None) is not None:
            home[order.client_order_id] = order
        if len(self._settled) > SETTLED_MAX:
            self._settled.popitem(last=False)

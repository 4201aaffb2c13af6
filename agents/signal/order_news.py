"""What became of signals and orders, told to the strategies whose they are.

Only strategies that have an `on_order` are told, and only from their `on_start` on; if there is none, nothing here is
called.
"""

from collections.abc import Callable, Mapping

from agents.instruments import InstrumentInfo
from agents.signal.order_event import Figures, OrderChange, OrderEvent
from agents.state.working_orders import WorkingOrder
from core.frame import Header
from schemas.messages import Message, OrderFilled, OrderInitialized, OrderUpdated, Signal
from schemas.orders import OrderStatus

Listener = Callable[[OrderEvent], None]


class OrderNews:
    """Makes the events of the accounts' orders and of the signals to risk."""

    def __init__(
        self, order_of: Callable[[str], WorkingOrder | None], instruments: Mapping[int, InstrumentInfo]
    ) -> None:
        """Tell of the orders that `order_of` knows by their client order id, in these instruments."""
        self.listeners: dict[str, Listener] = {}
        """Who is told, by strategy."""
        self._order_of = order_of
        self._instruments = instruments
        self.signal_ids: dict[str, int] = {}
        """Which signal an order comes of, while it may trade."""

    def of_signal(
        self, signal: Signal, change: OrderChange, reason: int, text: str = "", figures: Figures | None = None
    ) -> None:
        """Tell what became of a signal that is no order."""
        listener = self.listeners.get(signal.strategy)
        if listener is not None:
            event = OrderEvent(
                instrument=self._instruments[signal.instrument_id],
                change=change,
                signal_id=signal.signal_id,
                side=signal.side,
                qty_lots=signal.qty_lots,
                price_ticks=signal.price_ticks,
                reason=reason,
                text=text,
                figures=figures or {},
            )
            listener(event)

    def of_cancel(self, client_order_id: str, reason: int, text: str) -> None:
        """Tell that a cancel came to nothing."""
        order = self._order_of(client_order_id)
        if order is not None:
            self._tell(order, OrderChange.CANCEL_REFUSED, reason, text)

    def of_order(self, header: Header, message: Message) -> None:
        """Tell the change of an order that an event of the account says, which is applied already."""
        if not isinstance(message, OrderInitialized | OrderUpdated | OrderFilled):
            return
        order = self._order_of(message.client_order_id)
        if order is None or order.strategy not in self.listeners:
            return
        if isinstance(message, OrderInitialized):
            self.signal_ids[order.client_order_id] = header.corr
        if message.status != OrderStatus.INITIALIZED:
            updated = message if isinstance(message, OrderUpdated) else None
            reason, text = (updated.reason, updated.text) if updated is not None else (0, "")
            self._tell(order, OrderChange(message.status), reason, text)
        if not order.binds:
            self.signal_ids.pop(order.client_order_id, None)

    def _tell(self, order: WorkingOrder, change: OrderChange, reason: int, text: str) -> None:
        listener = self.listeners.get(order.strategy)
        instrument = self._instruments.get(order.instrument_id)
        if listener is not None and instrument is not None:
            event = OrderEvent(
                instrument=instrument,
                change=change,
                signal_id=self.signal_ids.get(order.client_order_id, 0),
                client_order_id=order.client_order_id,
                side=order.side,
                qty_lots=order.qty_lots,
                price_ticks=order.price_ticks,
                cum_qty_lots=order.cum_qty_lots,
                reason=reason,
                text=text,
            )
            listener(event)

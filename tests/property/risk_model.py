"""What risk has been told, counted naively: the model that its answers are held against.

Every approval counts in full until it is shown or released; an order that was shown counts what its last word leaves open;
one that ended counts what the venue filled beyond the fills that came. Nothing is summed up ahead: each question walks over
all that was ever told.
"""

from typing import NamedTuple

from schemas.messages import Approved, OrderFilled, OrderInitialized, OrderUpdated, Released, TradingState
from schemas.orders import OPEN, OrderStatus, Side, TradingMode


class Told:
    """One order, by what risk knows of it."""

    def __init__(self, order):
        self.order = order
        self.shown = False
        self.status = OrderStatus.INITIALIZED
        self.cum = 0
        self.filled = 0

    @property
    def open(self):
        return not self.shown or self.status in OPEN

    @property
    def leaves(self):
        return max(0, (self.order.qty_lots if self.open else self.cum) - self.filled)


class Range(NamedTuple):
    """Lots that are held, and that orders may still buy and sell."""

    net: int
    buys: int
    sells: int


class RiskModel:
    """Approvals, events and trading modes of one account, as one risk agent was told of them."""

    def __init__(self):
        self.orders = {}
        self.modes = {}

    def forget_events(self):
        """Begin a life of risk: events come again, what it logged is kept."""
        self.orders = {key: Told(told.order) for key, told in self.orders.items()}

    def logged(self, message):
        if isinstance(message, Approved):
            assert message.client_order_id not in self.orders
            self.orders[message.client_order_id] = Told(message)
        elif isinstance(message, Released):
            del self.orders[message.client_order_id]
        elif isinstance(message, TradingState):
            self.mode("risk", message)

    def mode(self, publisher, state):
        self.modes[publisher, state.strategy, state.instrument_id, state.reason] = state.mode

    def event(self, message):
        if isinstance(message, OrderInitialized):
            told = self.orders.setdefault(message.client_order_id, Told(message))
            if not told.shown:
                told.shown, told.status = True, OrderStatus.SUBMITTED
        elif isinstance(message, OrderUpdated | OrderFilled):
            told = self.orders[message.client_order_id]
            told.shown, told.status = True, OrderStatus(message.status)
            told.cum = max(told.cum, message.cum_qty_lots)
            if isinstance(message, OrderFilled):
                told.filled += message.last_qty_lots

    def range(self, instrument):
        mine = [told for told in self.orders.values() if told.order.instrument_id == instrument]
        net = sum(told.order.side * told.filled for told in mine)
        return Range(net, *(sum(t.leaves for t in mine if t.order.side == side) for side in (Side.BUY, Side.SELL)))

    def reduces(self, signal):
        """Return whether a signal can only bring the position nearer to zero, whatever else trades."""
        held = self.range(signal.instrument_id)
        if signal.side == Side.SELL:
            return held.net - held.sells - signal.qty_lots >= 0
        return held.net + held.buys + signal.qty_lots <= 0

    def crosses(self, signal):
        """Return whether a signal would meet an own order that may be open."""
        return any(
            told.open
            and told.order.instrument_id == signal.instrument_id
            and told.order.side == -signal.side
            and (signal.price_ticks - told.order.price_ticks) * signal.side >= 0
            for told in self.orders.values()
        )

    def strictest(self, signal):
        fitting = [
            mode
            for (_, strategy, instrument, _), mode in self.modes.items()
            if strategy in ("", signal.strategy) and instrument in (0, signal.instrument_id)
        ]
        return TradingMode(max(fitting, default=0))

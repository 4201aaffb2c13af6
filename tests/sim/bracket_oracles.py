"""What must hold of brackets and replacements, judged by what risk and execution publish and by the venue's books.

O2 an exit is an order of its parent's decision, on the terms of its bracket; an order in place of another begins when that
one has ended and has traded nothing since it was approved, or is what the venue has made of that one, which then ends at
once. O10 what an order has opened is closed once: exits together
are never more than it has traded, less what it paid of that as commission. What must be so at the end, when all is
quiet, is in `tests.sim.kept_brackets`.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from agents.paper.account.trading import Trading
from schemas.config import Config
from schemas.messages import Message, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import TERMINAL, ExecInst, TimeInForce

E8 = 10**8


class PublishedOrder:
    """One order as execution has published it."""

    def __init__(self, terms: OrderInitialized) -> None:
        self.terms = terms
        self.traded_lots = 0
        self.paid_e8 = 0
        """Commission in the base currency."""
        self.status = int(terms.status)
        self.venue_order_id = ""
        self.reasons: set[int] = set()

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL

    @property
    def bound_lots(self) -> int:
        """What it has traded or may still trade."""
        return self.traded_lots if self.ended else self.terms.qty_lots


class Published:
    """All orders of a desk, by execution's events as they come."""

    def __init__(self, config: Config) -> None:
        self._base = {each.id: each.base for each in config.instruments}
        self._lot_e8 = {each.id: int(Decimal(each.lot_size) * E8) for each in config.instruments}
        self.orders: dict[str, PublishedOrder] = {}
        self.exits: dict[str, list[PublishedOrder]] = defaultdict(list)
        """By the order that they close."""

    def apply(self, message: Message) -> None:
        if isinstance(message, OrderInitialized):
            order = self.orders[message.client_order_id] = PublishedOrder(message)
            if message.parent:
                self.exits[message.parent].append(order)
        elif isinstance(message, OrderUpdated):
            order = self.orders[message.client_order_id]
            order.status = message.status
            order.venue_order_id = order.venue_order_id or message.venue_order_id
            order.reasons.add(message.reason)
        elif isinstance(message, OrderFilled):
            order = self.orders[message.client_order_id]
            order.traded_lots += message.last_qty_lots
            order.venue_order_id = order.venue_order_id or message.venue_order_id
            order.status = message.status
            if message.commission_asset == self._base[message.instrument_id]:
                order.paid_e8 += message.commission_e8

    def opened_lots(self, order: PublishedOrder) -> int:
        """Return what an order has opened and not paid as commission."""
        lot_e8 = self._lot_e8[order.terms.instrument_id]
        return max(0, order.traded_lots * lot_e8 - order.paid_e8) // lot_e8


class BracketOracle:
    """Judges each exit and each replacement as it begins, and all of them at the venue."""

    def __init__(self, config: Config, violations: list[str]) -> None:
        self._published = Published(config)
        self._approved_lots: dict[str, int] = {}
        """By replacement, what the order that it replaces had traded when it was approved."""
        self._amending: dict[str, str] = {}
        """Orders that began while the one that they replace was open, and that one."""
        self._to_end = ""
        """The order of which the next event is to tell that it has ended."""
        self._violations = violations

    def approved(self, client_order_id: str, replaces: str) -> None:
        """Take note that risk approved an order in place of another."""
        old = self._published.orders.get(replaces)
        self._approved_lots[client_order_id] = 0 if old is None else old.traded_lots

    def published(self, message: Message) -> None:
        """Take an event of execution, after `wrong` was asked of it."""
        if self._to_end:
            if getattr(message, "client_order_id", "") != self._to_end or message.status not in TERMINAL:  # type: ignore[attr-defined]
                self._violations.append(f"O2: {self._to_end} was amended and has not ended: {message}")
            self._to_end = ""
        self._published.apply(message)
        if isinstance(message, OrderUpdated | OrderFilled) and message.client_order_id in self._amending:
            self._take_over(message.client_order_id)

    def is_taken_over(self, message: Message) -> bool:
        """Return whether an event tells that the venue has made an order of the one that it replaces."""
        if not isinstance(message, OrderUpdated) or message.client_order_id not in self._amending:
            return False
        old = self._published.orders[self._amending[message.client_order_id]]
        return bool(message.venue_order_id) and message.venue_order_id == old.venue_order_id

    def _take_over(self, client_order_id: str) -> None:
        order = self._published.orders[client_order_id]
        old = self._published.orders[self._amending[client_order_id]]
        if order.venue_order_id or order.ended:
            del self._amending[client_order_id]
        if order.venue_order_id and order.venue_order_id == old.venue_order_id:
            self._to_end = old.terms.client_order_id
        elif order.venue_order_id and not old.ended:
            self._violations.append(f"O2: begins although {old.terms.client_order_id} has not ended: {order.terms}")

    def wrong(self, order: OrderInitialized) -> Iterator[str]:
        """Return what is wrong with an exit that begins."""
        parent = self._published.orders.get(order.parent)
        if parent is None:
            yield f"O2: closes {order.parent}, which is no order"
            return
        terms = parent.terms
        if (order.approver, order.causes) != (terms.approver, terms.causes) or not order.approver:
            yield "O2: an exit that is not on its parent's decision"
        if (order.strategy, order.instrument_id, order.side) != (terms.strategy, terms.instrument_id, -terms.side):
            yield f"O2: an exit that does not reduce what {terms} opens"
        if order.exec_inst != ExecInst.REDUCE_ONLY or order.parent == order.client_order_id:
            yield "O2: an exit that is none"
        rests = order.time_in_force == TimeInForce.GTC
        if rests and order.price_ticks != terms.take_profit_ticks:
            yield f"O2: an exit that rests elsewhere than at {terms.take_profit_ticks}"
        if not rests and (order.time_in_force != TimeInForce.IOC or not terms.stop_ticks):
            yield "O2: an exit that is neither a take-profit nor a stop"
        bound = sum(each.bound_lots for each in self._published.exits[order.parent])
        opened = self._published.opened_lots(parent)
        if bound + order.qty_lots > opened:
            yield f"O10: {bound} lots of exits are there or have traded of {opened} that {order.parent} has opened"

    def wrong_replacement(self, order: OrderInitialized) -> Iterator[str]:
        """Return what is wrong with an order that begins in place of another."""
        old = self._published.orders.get(order.replaces)
        if old is None:
            yield f"O2: replaces {order.replaces}, which is no order"
        elif not old.ended:
            self._amending[order.client_order_id] = order.replaces
        elif old.traded_lots > self._approved_lots.get(order.client_order_id, 0):
            yield f"O2: begins although {order.replaces} has traded {old.traded_lots} lots meanwhile"

    def check(self, trading: Trading) -> None:
        """Judge the venue's books: exits close no more than their parent has traded there, whatever anyone was told."""
        there = {order.client_order_id: order for order in trading.orders.values()}
        for parent, exits in self._published.exits.items():
            found = [there[each.terms.client_order_id] for each in exits if each.terms.client_order_id in there]
            closed = sum(order.cum_qty_lots + (order.leaves_qty_lots if order.open else 0) for order in found)
            traded = there[parent].cum_qty_lots if parent in there else 0
            if closed > traded:
                self._violations.append(f"O10: {closed} lots of exits at the venue, {parent} has traded {traded}")

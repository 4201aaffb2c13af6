"""Take-profit and stop of an order, kept here so that they outlive whoever wanted them.

What an order with a bracket (the entry) has traded is closed at its take-profit or at its stop, whichever comes first.
The take-profit rests at the venue, an order for each part of the entry that was filled (its exits, which name it as
their parent and rest on its decision). The stop is a price that is watched: when the best price to close at has reached
it, exits and what is left of the entry are canceled, and once the venue has said that they ended, what is left is closed
at once, by a bounded price, in steps. So an exit never closes more than its entry has opened, nor more than its strategy
and the account still hold: who has sold by himself what a stop was to close is not made short by it, and sells nothing that
another strategy holds. Of two exits one trades (OCO).

An exit that its strategy or an operator cancels, or that its strategy replaces, ends the bracket: they want to close
otherwise, or not at all. What ends exits for another reason (a stop of execution, the venue) has them made anew. Nothing is
done while the account is not reconciled, execution is ending, or trading is halted for the entry; a stop needs quotes, and
says so while there are none. Once nothing is held any more that a bracket could close, the bracket is over for good: what
is held later was opened by others. The entry is published with BRACKET_NOT_KEPT then.

All of this is in the orders themselves, so that a restart finds it there. This file is not compiled: it has work only while
an order with a bracket is there.
"""

from agents.execution.opening_orders import OpeningOrders
from agents.execution.order_desk import OrderDesk
from agents.execution.order_table import Order
from agents.execution.quotes import Quotes
from agents.execution.readiness import Readiness
from agents.instruments import InstrumentInfo
from agents.state.bounded_price import STEPS, bounded_price_ticks
from agents.state.trading_states import TradingStates
from mesh.context import Context
from schemas.counters import Counter
from schemas.messages import OrderInitialized
from schemas.orders import ExecInst, OrderStatus, Reason, TimeInForce, TradingMode
from schemas.units import MS

BRACKETS = "brackets"
AGAIN_NS = 500 * MS
AGAIN_NS_MAX = 60_000 * MS
BOUND_PPB = 10_000_000
"""No stop is closed further through the market than this share of the best price."""
ENDS_IT = frozenset({int(Reason.CANCELED_BY_STRATEGY), int(Reason.CANCELED_BY_OPERATOR), int(Reason.REPLACED)})
NOT_KEPT = int(Reason.BRACKET_NOT_KEPT)
OTHER_LEG = int(Reason.CANCELED_BY_OTHER_LEG)
IOC, GTC = int(TimeInForce.IOC), int(TimeInForce.GTC)


class Bracket:
    """One entry, and how far closing it is; its exits are with the entry."""

    def __init__(self, entry: Order, info: InstrumentInfo) -> None:
        """Take an entry, with the exits that it has."""
        self.entry = entry
        self.info = info
        self.triggered = False
        self.steps = 0
        self.failures = 0
        self.not_before_ns = 0

    @property
    def exits(self) -> list[Order]:
        """The orders that close what the entry has opened, the oldest first."""
        return self.entry.exits

    @property
    def opened_lots(self) -> int:
        """What the entry has traded, less what it paid of it as commission."""
        cost_e8 = self.entry.costs_e8.get(self.info.config.base, 0) if self.entry.side > 0 else 0
        return max(0, self.entry.cum_qty_lots * self.info.lot_e8 - cost_e8) // self.info.lot_e8

    @property
    def left_lots(self) -> int:
        """What is open yet of what the entry has opened."""
        return max(0, self.opened_lots - sum(order.cum_qty_lots for order in self.exits))

    @property
    def uncovered_lots(self) -> int:
        """What is open yet and no exit rests for."""
        bound = sum(order.cum_qty_lots if order.ended else order.qty_lots for order in self.exits)
        return max(0, self.opened_lots - bound)

    @property
    def given_up(self) -> bool:
        """Whether somebody has canceled an exit who may."""
        return any(order.ended and order.cancel_reason in ENDS_IT for order in self.exits)


class Brackets:
    """The brackets of one account."""

    def __init__(
        self,
        desk: OrderDesk,
        instruments: dict[int, InstrumentInfo],
        quotes: Quotes,
        readiness: Readiness,
        states: TradingStates,
        venue_id: int,
        opening: OpeningOrders,
    ) -> None:
        """Take who creates and cancels, what tells prices, and what may keep anything from being done."""
        self._desk = desk
        self._instruments = instruments
        self._quotes = quotes
        self._readiness = readiness
        self._states = states
        self._venue_id = venue_id
        self._opening = opening
        self._open: dict[str, Bracket] = {}
        self.traded: set[int] = set()
        """The instruments in which there was an order with a bracket."""
        quotes.moved, quotes.watched = self._on_quote, self._open

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def start(self) -> None:
        """Take up the brackets of earlier lives."""
        for order in list(self._desk.table.orders.values()):
            self.note(order)

    def refusal(self, stop_ticks: int) -> tuple[Reason, str] | None:
        """Return why a bracket cannot be kept, None if it can."""
        if stop_ticks and not self._quotes:
            return Reason.BRACKET_NOT_KEPT, "no market_data is configured for execution, so no stop can be watched"
        return None

    def note(self, order: Order) -> None:
        """Take that an order is there or has changed, if it is of a bracket; act on it when all else is done."""
        name = order.parent or order.client_order_id
        bracket = self._open.get(name)
        if bracket is None:
            entry = self._desk.table.orders.get(order.parent) if order.parent else order
            if entry is None or not (entry.take_profit_ticks or entry.stop_ticks) or entry.reason == NOT_KEPT:
                return
            bracket = self._open[name] = Bracket(entry, self._instruments[entry.instrument_id])
            self.traded.add(entry.instrument_id)
        bracket.triggered = any(each.time_in_force == IOC for each in bracket.exits) or bracket.triggered
        self._ctx.set_timer(BRACKETS, self._ctx.now_ns)

    def keep(self, entry: Order) -> bool:
        """Return whether an entry that has ended has something left to close, as far as its own orders tell."""
        if not (entry.take_profit_ticks or entry.stop_ticks) or entry.reason == NOT_KEPT:
            return False
        bracket = Bracket(entry, self._instruments[entry.instrument_id])
        return not bracket.given_up and self._orderable_lots(bracket, bracket.left_lots) > 0

    def on_timer(self) -> None:
        """Do what each bracket needs now."""
        for bracket in list(self._open.values()):
            self._advance(bracket)
        if any(bracket.opened_lots for bracket in self._open.values()):
            self._ctx.set_timer(BRACKETS, self._ctx.now_ns + AGAIN_NS)

    def figures(self) -> list[str]:
        """Return each bracket that has something to close in a line for people."""
        return [
            f"BRACKET {each.info.symbol} {each.entry.client_order_id}: {self._told(each)}"
            for each in self._open.values()
            if each.opened_lots
        ]

    def _advance(self, bracket: Bracket) -> None:
        if self._is_over(bracket):
            self._end(bracket)
        elif not self._held_up(bracket):
            if bracket.triggered or self._is_reached(bracket):
                self._stop(bracket)
            elif bracket.entry.take_profit_ticks:
                self._take_profit(bracket)

    def _is_over(self, bracket: Bracket) -> bool:
        """Return whether nothing is to be closed any more: all is, or it is too little, or somebody gave it up.

        What is held counts, whether or not orders of others are to sell it: they may be canceled.
        """
        if bracket.given_up:
            return True
        entry = bracket.entry
        if not entry.ended or self._resting(bracket):
            return False
        held_lots = bracket.left_lots
        if self._readiness.reconciled:
            cover_lots = self._opening.cover_lots(entry.instrument_id, -entry.side)
            held_lots = min(held_lots, cover_lots, self._own_lots(bracket))
        return not self._orderable_lots(bracket, held_lots)

    def _end(self, bracket: Bracket) -> None:
        """Keep a bracket no more: cancel what rests of it, and tell if what it was to close is not there to be closed."""
        entry = bracket.entry
        del self._open[entry.client_order_id]
        for order in self._resting(bracket):
            self._desk.cancel(order, OTHER_LEG)
        if (
            entry.ended
            and not (entry.presumed or bracket.given_up)
            and self._orderable_lots(bracket, bracket.left_lots)
        ):
            left = bracket.info.qty.format(bracket.left_lots)
            self._desk.update(entry, entry.status, NOT_KEPT, f"nothing is held any more of the {left} left to close")

    def _take_profit(self, bracket: Bracket) -> None:
        """Rest an exit for what was traded since the last, unless that is too little yet."""
        price_ticks = bracket.entry.take_profit_ticks
        most_lots = min(bracket.uncovered_lots, self._spare_lots(bracket))
        lots = self._quotes.filters(bracket.info).fit_lots(bracket.info, most_lots, price_ticks)
        if lots and self._ctx.now_ns >= bracket.not_before_ns:
            self._exit(bracket, lots, price_ticks, GTC)

    def _stop(self, bracket: Bracket) -> None:
        """Cancel what rests, and when the venue has said that it ended, close what is left."""
        if not bracket.triggered:
            bracket.triggered = True
            bracket.failures = bracket.not_before_ns = 0
            self._ctx.count(Counter.STOPS_TRIGGERED)
        waiting = [order for order in (bracket.entry, *bracket.exits) if not order.ended]
        for order in waiting:
            if not order.cancel_reason:
                self._desk.cancel(order, OTHER_LEG)
        lots = self._orderable_lots(bracket, self._held_lots(bracket))
        if waiting or not lots or not self._best_ticks(bracket) or self._ctx.now_ns < bracket.not_before_ns:
            return
        bracket.steps += 1
        self._exit(bracket, lots, self._bounded_ticks(bracket, bracket.steps), IOC)

    def _exit(self, bracket: Bracket, lots: int, price_ticks: int, time_in_force: int) -> None:
        entry, decision = bracket.entry, bracket.entry.decision
        assert decision is not None, "an entry is ours"
        if bracket.exits and bracket.exits[-1].status == OrderStatus.REJECTED:
            bracket.failures += 1
            bracket.not_before_ns = self._ctx.now_ns + min(AGAIN_NS << min(bracket.failures, 10), AGAIN_NS_MAX)
        terms = OrderInitialized(
            client_order_id=f"{entry.client_order_id}-{len(bracket.exits) + 1}",
            strategy=entry.strategy,
            instrument_id=entry.instrument_id,
            side=-entry.side,
            qty_lots=lots,
            price_ticks=price_ticks,
            time_in_force=time_in_force,
            causes=(decision[1],),
            approver=decision[0],
            exec_inst=int(ExecInst.REDUCE_ONLY),
            parent=entry.client_order_id,
        )
        self._desk.create(terms, bracket.info, entry.corr)

    def _on_quote(self, instrument_id: int) -> None:
        """Look at the stops of an instrument whose best prices may have changed."""
        for bracket in self._open.values():
            watched = bracket.entry.instrument_id == instrument_id and not bracket.triggered
            if watched and self._is_reached(bracket):
                self._ctx.set_timer(BRACKETS, self._ctx.now_ns)

    def _is_reached(self, bracket: Bracket) -> bool:
        """Return whether the best price to close at is at the stop or beyond."""
        stop_ticks, best_ticks = bracket.entry.stop_ticks, self._best_ticks(bracket)
        if not stop_ticks or not best_ticks or not bracket.opened_lots:
            return False
        return best_ticks <= stop_ticks if bracket.entry.side > 0 else best_ticks >= stop_ticks

    def _held_lots(self, bracket: Bracket) -> int:
        """Return how much of what is left to close is held, as far as no other order is to close it."""
        return min(bracket.left_lots, self._spare_lots(bracket))

    def _spare_lots(self, bracket: Bracket) -> int:
        """Return how much more can be ordered and closes what the account and the strategy hold, if all else trades."""
        entry, side = bracket.entry, -bracket.entry.side
        own_lots = self._own_lots(bracket) - sum(
            max(0, order.qty_lots - order.cum_qty_lots)
            for order in self._desk.table.open.values()
            if (order.strategy, order.instrument_id, order.side) == (entry.strategy, entry.instrument_id, side)
        )
        return max(0, min(own_lots, self._opening.spare_lots(entry.instrument_id, side)))

    def _own_lots(self, bracket: Bracket) -> int:
        """Return what the strategy holds by its own fills, on the side of its entry."""
        entry = bracket.entry
        return max(0, entry.side * self._desk.table.own_lots.get((entry.strategy, entry.instrument_id), 0))

    def _best_ticks(self, bracket: Bracket) -> int:
        return self._quotes.best_ticks(bracket.entry.instrument_id, -bracket.entry.side)

    def _bounded_ticks(self, bracket: Bracket, step: int) -> int:
        """Return the price of a step of the stop, 0 if the market is not known."""
        price_step_ticks = self._quotes.filters(bracket.info).price_step_ticks
        return bounded_price_ticks(self._best_ticks(bracket), -bracket.entry.side, step, BOUND_PPB, price_step_ticks)

    def _orderable_lots(self, bracket: Bracket, lots: int) -> int:
        """Return how much of so many lots the venue takes in one order, at the worst price that it may have; 0: none."""
        worst_ticks = self._bounded_ticks(bracket, STEPS) if bracket.triggered else 0
        price_ticks = worst_ticks or bracket.entry.take_profit_ticks or bracket.entry.stop_ticks
        return self._quotes.filters(bracket.info).fit_lots(bracket.info, lots, price_ticks)

    def _held_up(self, bracket: Bracket) -> str:
        """Return why nothing can be done for a bracket now, empty if something can."""
        entry = bracket.entry
        if self._readiness.closed:
            return self._readiness.closed
        if not self._readiness.reconciled:
            return self._readiness.trouble
        if self._desk.calls.is_blocked() or not self._desk.calls.has_order(True):
            return "the venue asked to wait"
        if self._quotes.filters(bracket.info).fault:
            return self._quotes.filters(bracket.info).fault
        state = self._states.of(self._venue_id, entry.strategy, entry.instrument_id) if self._states.any else None
        return "trading is halted" if state is not None and state.mode == TradingMode.HALTED else ""

    def _told(self, bracket: Bracket) -> str:
        if self._held_up(bracket):
            return self._held_up(bracket)
        if bracket.triggered:
            return f"stopped, {bracket.info.qty.format(bracket.left_lots)} left"
        if bracket.entry.stop_ticks and not self._best_ticks(bracket):
            return "the stop is not watched: no price is known"
        return f"{bracket.info.qty.format(bracket.left_lots)} to close"

    def _resting(self, bracket: Bracket) -> list[Order]:
        return [order for order in bracket.exits if not order.ended]

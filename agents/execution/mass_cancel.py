"""Canceling many orders for one reason: those of a scope, and of them all or only those that open a position."""

from agents.execution.opening_orders import OpeningOrders
from agents.execution.order_desk import OrderDesk
from agents.execution.order_table import Order
from schemas.orders import ExecInst, Reason


class MassCancel:
    """Has the open orders of a scope canceled; the desk follows each to its end."""

    def __init__(self, desk: OrderDesk, opening: OpeningOrders) -> None:
        """Take the desk that cancels, and what tells which orders open a position."""
        self._desk = desk
        self._opening = opening

    def all(self, reason: Reason, instrument_id: int = 0, strategy: str = "", *, again: bool = False) -> None:
        """Cancel every order of a scope (0 and "": any), those that are not ours too if no strategy is named.

        What is being canceled already is left to that, unless it is to be canceled `again`.
        """
        for order in self._in_scope(instrument_id, strategy):
            if again or not order.cancel_reason:
                self._desk.cancel(order, reason)

    def own(self, reason: Reason) -> None:
        """Cancel every order of ours that is not being canceled yet."""
        for order in list(self._desk.table.open.values()):
            if not (order.external or order.cancel_reason):
                self._desk.cancel(order, reason)

    def opening(self, reason: Reason, instrument_id: int = 0, strategy: str = "") -> None:
        """Cancel every order of ours in a scope that opens a position and is not being canceled yet."""
        for order in self._opening.find():
            if not order.cancel_reason and _fits(order, instrument_id, strategy):
                self._desk.cancel(order, reason)

    def opening_of(self, reason: Reason, traded: frozenset[tuple[str, int]]) -> None:
        """Cancel every order that opens a position and is of one of the pairs of strategy and instrument."""
        for order in self._opening.find():
            if not order.cancel_reason and (order.strategy, order.instrument_id) in traded:
                self._desk.cancel(order, reason)

    def but_closing(self, reason: Reason, instrument_id: int, strategy: str = "") -> None:
        """Cancel every order of ours in a scope that does not close a position on an operator's word."""
        for order in self._in_scope(instrument_id, strategy):
            if not (order.external or order.cancel_reason or order.exec_inst & ExecInst.CLOSE):
                self._desk.cancel(order, reason)

    def _in_scope(self, instrument_id: int, strategy: str) -> list[Order]:
        return [order for order in self._desk.table.open.values() if _fits(order, instrument_id, strategy)]


def _fits(order: Order, instrument_id: int, strategy: str) -> bool:
    return instrument_id in (0, order.instrument_id) and strategy in ("", order.strategy)

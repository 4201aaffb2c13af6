"""What execution is asked beside creating an order: to cancel, and what operators ask. Cancels are always taken on."""

from collections.abc import Callable

from agents.execution.account_view import AccountView
from agents.execution.bookings import Bookings
from agents.execution.flatten import AccountFlatten
from agents.execution.life_cycle import LifeCycle
from agents.execution.mass_cancel import MassCancel
from agents.execution.order_desk import OrderDesk
from agents.execution.trading_modes import OPERATOR_SENDER, TradingModes
from mesh.context import Request
from schemas.messages import (
    Ack,
    CancelAll,
    CancelOrder,
    Flatten,
    OpenOrdersRequest,
    ResetRequest,
    SetTradingMode,
    Transfer,
)
from schemas.orders import CANCEL_REASONS, OrderStatus, Reason


class OtherRequests:
    """Takes requests that submit nothing."""

    def __init__(
        self,
        desk: OrderDesk,
        mass_cancel: MassCancel,
        modes: TradingModes,
        view: AccountView,
        flatten: AccountFlatten,
        bookings: Bookings,
        life: LifeCycle,
    ) -> None:
        """Take who does what is asked; `book_differences` is set by who knows of contracts."""
        self.book_differences: Callable[[], list[str]] = list
        self._life = life
        self._flatten = flatten
        self._desk = desk
        self._mass_cancel = mass_cancel
        self._modes = modes
        self._view = view
        self._bookings = bookings

    def on_request(self, request: Request) -> None:
        """Do what is asked, or refuse what execution does not take."""
        message = request.message
        if isinstance(message, CancelOrder):
            self._cancel(request, message)
        elif isinstance(message, CancelAll):
            self._cancel_all(request, message)
        elif isinstance(message, SetTradingMode):
            self._modes.set(request, message)
        elif isinstance(message, Flatten):
            self._flatten_scope(request, message)
        elif isinstance(message, OpenOrdersRequest):
            self._desk.ctx.reply(request, self._view.answer(message))
        elif isinstance(message, ResetRequest):
            self._reset(request, message)
        elif isinstance(message, Transfer):
            self._bookings.book(request, message)
        else:
            text = f"execution does not take {type(message).__name__}"
            self._desk.ctx.reply(request, Ack(False, Reason.NONE, text))

    def _reset(self, request: Request, message: ResetRequest) -> None:
        """Have differences of positions booked; all else that an operator resets is the portfolio's."""
        ctx = self._desk.ctx
        if request.header.sender != OPERATOR_SENDER or not message.positions:
            ctx.reply(request, Ack(False, Reason.FENCED, "an operator may have differences of positions booked here"))
            return
        found = self.book_differences()
        text = f"booked with the next pass: {', '.join(found)}"
        none = "the venue's positions are what fills add up to"
        ctx.reply(request, Ack(bool(found), text=text if found else none))

    def _flatten_scope(self, request: Request, message: Flatten) -> None:
        ctx = self._desk.ctx
        if request.header.sender != OPERATOR_SENDER:
            ctx.reply(request, Ack(False, Reason.FENCED, "positions are closed for operators only"))
        elif message.ended:
            self._flatten.end(message.instrument_id)
            ctx.reply(request, Ack(True))
        elif (refused := self._flatten.refusal(message)) is not None:
            ctx.reply(request, Ack(False, *refused))
        else:
            ctx.reply(request, Ack(True))
            self._modes.halt(message.instrument_id, message.text)
            self._flatten.begin(message)

    def _cancel(self, request: Request, message: CancelOrder) -> None:
        ctx = self._desk.ctx
        order = self._desk.table.orders.get(message.client_order_id)
        if order is None:
            ctx.reply(request, Ack(False, Reason.ORDER_NOT_FOUND, message.client_order_id))
        elif order.ended:
            ctx.reply(request, Ack(False, Reason.ALREADY_TERMINAL, OrderStatus(order.status).name))
        else:
            ctx.reply(request, Ack(True))
            self._desk.cancel(order, _cancel_reason(message.reason))

    def _cancel_all(self, request: Request, message: CancelAll) -> None:
        self._desk.ctx.reply(request, Ack(True))
        reason = _cancel_reason(message.reason)
        if reason is Reason.CANCELED_AT_STOP and request.header.sender == OPERATOR_SENDER:
            self._life.end_run()
        elif message.opening_only:
            self._mass_cancel.opening(reason, message.instrument_id, message.strategy)
        else:
            self._mass_cancel.all(reason, message.instrument_id, message.strategy, again=True)


def _cancel_reason(reason: int) -> Reason:
    return Reason(reason) if reason in CANCEL_REASONS else Reason.CANCELED_BY_STRATEGY

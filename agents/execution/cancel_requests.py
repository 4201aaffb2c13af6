"""What execution is asked beside creating an order: to cancel one, or many. Cancels are always taken on."""

from agents.execution.order_desk import OrderDesk
from agents.execution.order_table import CANCEL_REASONS
from mesh.context import Request
from schemas.messages import Ack, CancelAll, CancelOrder
from schemas.orders import OrderStatus, Reason


class CancelRequests:
    """Takes requests that submit nothing."""

    def __init__(self, desk: OrderDesk) -> None:
        """Take the desk that cancels."""
        self._desk = desk

    def on_request(self, request: Request) -> None:
        """Take a cancel, or refuse what is neither that nor an order."""
        message = request.message
        if isinstance(message, CancelOrder):
            self._cancel(request, message)
        elif isinstance(message, CancelAll):
            self._cancel_all(request, message)
        else:
            text = f"execution does not take {type(message).__name__}"
            self._desk.ctx.reply(request, Ack(False, Reason.NONE, text))

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
        for order in list(self._desk.table.open.values()):
            if message.instrument_id in (0, order.instrument_id):
                self._desk.cancel(order, _cancel_reason(message.reason))


def _cancel_reason(reason: int) -> Reason:
    return Reason(reason) if reason in CANCEL_REASONS else Reason.CANCELED_BY_STRATEGY

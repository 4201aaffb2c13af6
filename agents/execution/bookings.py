"""What an operator has booked: a difference between the venue's balances and what fills and transfers come to.

The portfolio holds the two against each other and asks for this on an operator's word. It is told as a transfer on the
order stream, as one that the venue tells of is, so that whoever follows the account has the same balances and positions.
"""

from agents.amounts import parse_amount_e8
from agents.execution.order_desk import OrderDesk
from mesh.context import Request
from schemas.errors import DecimalError
from schemas.messages import Ack, Transfer
from schemas.orders import Reason


class Bookings:
    """Publishes transfers that the account's portfolios ask for."""

    def __init__(self, desk: OrderDesk, stream: int, portfolios: frozenset[str]) -> None:
        """Publish on `stream`; `portfolios` are the peers that may ask."""
        self._desk = desk
        self._stream = stream
        self._portfolios = portfolios

    def book(self, request: Request, transfer: Transfer) -> None:
        """Publish a transfer, or refuse one that is not from a portfolio or no amount."""
        ctx = self._desk.ctx
        if request.client not in self._portfolios:
            ctx.reply(request, Ack(False, Reason.FENCED, f"transfers are taken from {sorted(self._portfolios)} only"))
            return
        try:
            parse_amount_e8(transfer.amount)
        except DecimalError as error:
            ctx.reply(request, Ack(False, Reason.NONE, str(error)))
            return
        ctx.publish(self._stream, transfer)
        ctx.reply(request, Ack(True))

"""Which orders execution takes on: the checks of one `SubmitOrder`, and the same answer whenever it is asked again.

An id that was refused once stays refused; one that was taken on is taken on again only with the same terms, and the order
is not created a second time.

This file is compiled (`order_entry.pxd` has the C types).
"""

from collections import OrderedDict
from collections.abc import Callable

from agents.execution.order_desk import OrderDesk
from agents.execution.order_table import Order
from agents.execution.venue_calls import WAITING
from agents.instruments import InstrumentInfo
from core.frame import Header
from core.int_field import IntField, ObjectField
from mesh.agent import Request
from mesh.protocol.engine import answer_of
from schemas.messages import Ack, OrderInitialized, SubmitOrder
from schemas.orders import Reason, Side, TimeInForce

REFUSED_REMEMBERED_MAX = 1024
SIDES = frozenset(int(side) for side in Side)
TIMES_IN_FORCE = frozenset(int(time_in_force) for time_in_force in TimeInForce)
TAKEN_ON = Ack(True)

_CLIENT = ObjectField(Request, "client")
_HEADER = ObjectField(Request, "header")
_MESSAGE = ObjectField(Request, "message")
_ID = ObjectField(SubmitOrder, "client_order_id")
_STRATEGY = ObjectField(SubmitOrder, "strategy")
_INSTRUMENT = ObjectField(SubmitOrder, "instrument_id")
_SIDE = ObjectField(SubmitOrder, "side")
_QTY = ObjectField(SubmitOrder, "qty_lots")
_PRICE = ObjectField(SubmitOrder, "price_ticks")
_TIME_IN_FORCE = ObjectField(SubmitOrder, "time_in_force")
_CAUSES = ObjectField(SubmitOrder, "causes")
_QTY_LOTS = IntField(SubmitOrder, "qty_lots")
_PRICE_TICKS = IntField(SubmitOrder, "price_ticks")


class OrderEntry:
    """Takes orders on, logs them and has them sent, or refuses them with a reason."""

    def __init__(
        self,
        desk: OrderDesk,
        instruments: dict[int, InstrumentInfo],
        submitters: frozenset[str],
        open_orders_max: int,
    ) -> None:
        """Take the desk that sends; `submitters` are the peers that may have orders created."""
        self.reconciled = False
        """Whether the account agrees with the venue; nothing new is taken on while it does not."""
        self.trouble = "starting"
        """Why it does not, empty if it does."""
        self._desk = desk
        self._instruments = instruments
        self._submitters = submitters
        self._open_orders_max = open_orders_max
        self._refused: OrderedDict[str, Ack] = OrderedDict()

    def bind(self, take_other: Callable[[Request], None]) -> None:
        """Take what takes requests that submit nothing."""
        self._take_other = take_other

    def take_request(self, request: Request) -> None:
        """Act on a submission; hand on any other request."""
        message = _MESSAGE.of(request)
        if type(message) is SubmitOrder:
            self._submit(request, message)
        else:
            self._take_other(request)

    def _submit(self, request: Request, message: SubmitOrder) -> None:
        desk = self._desk
        client_order_id: str = _ID.of(message)
        order: Order | None = desk.table.orders.get(client_order_id)
        if order is not None:
            same = order.same_terms(message) and not order.external
            answer = TAKEN_ON if same else Ack(False, Reason.DUPLICATE_ID, "id taken by another order")
            answer_of(desk.ctx, request, answer)
            return
        info = self._instruments.get(_INSTRUMENT.of(message))
        refused = client_order_id in self._refused
        ack = self._refused[client_order_id] if refused else self._refusal(request, message, info)
        if ack is not None:
            self._refuse(request, client_order_id, ack)
            return
        assert info is not None, "refused"
        terms = OrderInitialized(
            client_order_id,
            _STRATEGY.of(message),
            _INSTRUMENT.of(message),
            _SIDE.of(message),
            _QTY.of(message),
            _PRICE.of(message),
            _TIME_IN_FORCE.of(message),
            _CAUSES.of(message),
        )
        header: Header = _HEADER.of(request)
        desk.create(terms, info, header.corr)
        answer_of(desk.ctx, request, TAKEN_ON)

    def _refuse(self, request: Request, client_order_id: str, ack: Ack) -> None:
        """Refuse an order, and its id from now on: a repeat must not find another answer."""
        self._desk.ctx.count("submits_refused")
        self._refused[client_order_id] = ack
        if len(self._refused) > REFUSED_REMEMBERED_MAX:
            self._refused.popitem(last=False)
        self._desk.ctx.reply(request, ack)

    def _refusal(self, request: Request, message: SubmitOrder, info: InstrumentInfo | None) -> Ack | None:
        """Return why the order, which is in the instrument `info`, is not taken on; None if it is."""
        if _CLIENT.of(request) not in self._submitters:
            return Ack(False, Reason.FENCED, f"orders are taken from {sorted(self._submitters)} only")
        if not self.reconciled:
            return Ack(False, Reason.RECONCILING, self.trouble)
        if self._desk.calls.is_blocked():
            return Ack(False, Reason.VENUE_RATE_LIMIT, WAITING)
        if info is None:
            return Ack(False, Reason.INSTRUMENT_NOT_FOUND, f"instrument {message.instrument_id} is not of this venue")
        if _SIDE.of(message) not in SIDES:
            return Ack(False, Reason.INVALID_SIDE, f"side {message.side}")
        if _QTY_LOTS.of(message) < 1:
            return Ack(False, Reason.ORDER_QTY_BELOW_MINIMUM, "quantity 0")
        if _PRICE_TICKS.of(message) < 1:
            return Ack(False, Reason.INVALID_PRICE, "price 0")
        if _TIME_IN_FORCE.of(message) not in TIMES_IN_FORCE:
            return Ack(False, Reason.UNSUPPORTED_TIME_IN_FORCE, f"time in force {message.time_in_force}")
        if len(self._desk.table.open) >= self._open_orders_max:
            return Ack(False, Reason.MAX_OPEN_ORDERS, f"{self._open_orders_max} orders are open")
        return None

"""Which orders execution takes on: the checks of one `SubmitOrder`, and the same answer whenever it is asked again.

An order is created on a decision of risk, in its terms, and on each decision once: whoever submits it again is told that it
was taken on, in a later life of execution too, because the order's record names it. An id that was refused once stays
refused. A submission for which no decision stands is refused and counted, and leaves no trace else.

This file is compiled (`order_entry.pxd` has the C types).
"""

from collections import OrderedDict
from collections.abc import Callable, Container

from agents.execution.amendments import can_amend
from agents.execution.approval import Approval, approval_in
from agents.execution.brackets import Brackets
from agents.execution.opening_orders import OpeningOrders
from agents.execution.order_desk import OrderDesk
from agents.execution.order_table import Order
from agents.execution.readiness import Readiness
from agents.execution.replacements import Replacements
from agents.execution.trading_modes import TradingModes
from agents.execution.venue_calls import WAITING
from agents.instruments import InstrumentInfo
from agents.state.message_fields import APPROVED, SUBMIT_ORDER
from agents.state.trading_states import TradingStates
from core.frame import Header
from mesh.context import Request
from schemas.counters import Counter
from schemas.messages import Ack, Approved, OrderInitialized, SubmitOrder
from schemas.orders import ExecInst, Reason, Side, TimeInForce

CLOSES = int(ExecInst.REDUCE_ONLY | ExecInst.CLOSE)
"""Risk has seen to it that such an order only reduces."""

REDUCE_ONLY = int(ExecInst.REDUCE_ONLY)
REFUSED_REMEMBERED_MAX = 1024
SIDES = frozenset(int(side) for side in Side)
TIMES_IN_FORCE = frozenset(int(time_in_force) for time_in_force in TimeInForce)
TAKEN_ON = Ack(True)
"""An order with one of these only closes what is held, as risk has made sure."""


class OrderEntry:
    """Takes orders on, logs them and has them sent, or refuses them with a reason."""

    def __init__(
        self,
        desk: OrderDesk,
        readiness: Readiness,
        instruments: dict[int, InstrumentInfo],
        submitters: frozenset[str],
        open_orders_max: int,
        modes: TradingModes,
        opening: OpeningOrders,
        brackets: Brackets,
        replacements: Replacements,
    ) -> None:
        """Take the desk that sends; `submitters` are the peers that may have orders created."""
        self._desk = desk
        self._readiness = readiness
        self._instruments = instruments
        self._submitters = submitters
        self._open_orders_max = open_orders_max
        self._modes = modes
        self._states: TradingStates = modes.states
        self._opening = opening
        self._brackets = brackets
        self._replacements = replacements
        self._replacing: Container[str] = replacements.waiting
        self._refused: OrderedDict[str, Ack] = OrderedDict()

    def bind(self, take_other: Callable[[Request], None]) -> None:
        """Take what takes requests that submit nothing."""
        self._take_other = take_other

    def on_request(self, request: Request) -> None:
        """Act on a submission; hand on any other request."""
        message = request.message
        if type(message) is SubmitOrder:
            self._submit(request, message)
        else:
            self._take_other(request)

    def _submit(self, request: Request, message: SubmitOrder) -> None:
        desk = self._desk
        asked = request.header
        if request.client not in self._submitters:
            self._deny(request, Reason.FENCED, f"orders are taken from {sorted(self._submitters)} only")
            return
        found: Approval | str = approval_in(SUBMIT_ORDER.decision.of(message), asked, desk.ctx)
        if isinstance(found, str):
            self._deny(request, Reason.NOT_APPROVED, found)
            return
        approval = found
        order: Order | None = desk.table.by_decision(approval.decision)
        if order is None:
            self._take_on(request, asked, approval)
        elif order.same_terms(approval.terms):
            desk.ctx.reply(request, TAKEN_ON)
        else:
            self._deny(request, Reason.NOT_APPROVED, f"that decision was on order {order.client_order_id}")

    def _take_on(self, request: Request, asked: Header, approval: Approval) -> None:
        """Create the order of an approval that was not acted on before, or refuse it."""
        desk, terms = self._desk, approval.terms
        client_order_id: str = APPROVED.client_order_id.of(terms)
        if client_order_id in desk.table.orders or client_order_id in self._replacing:
            desk.ctx.reply(request, Ack(False, Reason.DUPLICATE_ID, "id taken by another order"))
            return
        info = self._instruments.get(APPROVED.instrument_id.of(terms))
        refused = client_order_id in self._refused
        ack = self._refused[client_order_id] if refused else self._refusal(terms, info)
        if ack is not None:
            self._refuse(request, client_order_id, ack)
            return
        assert info is not None, "refused"
        if APPROVED.replaces.of(terms):
            self._replace(request, asked, approval, info)
        else:
            self._create(request, asked, approval, info)

    def _replace(self, request: Request, asked: Header, approval: Approval, info: InstrumentInfo) -> None:
        """Have the order amended that it replaces, if that can be done.

        Else create it when that one has ended and nothing speaks against it then, or refuse it.
        """
        terms, desk = approval.terms, self._desk
        old = self._replacements.replaced(terms)
        if old is not None and can_amend(desk.account, old, terms):
            initialized = self._initialized(approval)
            desk.amendments.begin(initialized, old, info, asked.corr, asked.ttl_ms, lambda: self._refusal(terms, info))
            desk.ctx.reply(request, TAKEN_ON)
            return

        def decide(refused: Ack | None) -> None:
            if refused is None:
                refused = self._refusal(approval.terms, info)
            if refused is None:
                self._create(request, asked, approval, info)
            else:
                self._refuse(request, approval.terms.client_order_id, refused)

        self._replacements.begin(approval.terms, asked.ttl_ms, decide)

    def _create(self, request: Request, asked: Header, approval: Approval, info: InstrumentInfo) -> None:
        desk = self._desk
        desk.create(self._initialized(approval), info, asked.corr)
        desk.ctx.reply(request, TAKEN_ON)

    def _initialized(self, approval: Approval) -> OrderInitialized:
        """Return the event that begins the order of an approval."""
        terms = approval.terms
        return OrderInitialized(
            APPROVED.client_order_id.of(terms),
            APPROVED.strategy.of(terms),
            APPROVED.instrument_id.of(terms),
            APPROVED.side.of(terms),
            APPROVED.qty_lots.of(terms),
            APPROVED.price_ticks.of(terms),
            APPROVED.time_in_force.of(terms),
            (approval.decision[1],),
            False,
            approval.decision[0],
            APPROVED.exec_inst.of(terms),
            APPROVED.lifetime_ms.of(terms),
            APPROVED.take_profit_ticks.of(terms),
            APPROVED.stop_ticks.of(terms),
            APPROVED.replaces.of(terms),
        )

    def _deny(self, request: Request, reason: Reason, text: str) -> None:
        """Refuse what no decision of risk stands for; it may name any id, so nothing is remembered of it."""
        self._desk.ctx.count(Counter.SUBMITS_UNAPPROVED)
        self._desk.ctx.reply(request, Ack(False, reason, text))

    def _refuse(self, request: Request, client_order_id: str, ack: Ack) -> None:
        """Refuse an order, and its id from now on: a repeat must not find another answer."""
        self._desk.ctx.count(Counter.SUBMITS_REFUSED)
        self._refused[client_order_id] = ack
        if len(self._refused) > REFUSED_REMEMBERED_MAX:
            self._refused.popitem(last=False)
        self._desk.ctx.reply(request, ack)

    def _refusal(self, terms: Approved, info: InstrumentInfo | None) -> Ack | None:
        """Return why an order on these terms, in the instrument `info`, is not taken on; None if it is."""
        desk, readiness = self._desk, self._readiness
        if readiness.closed:
            return Ack(False, Reason.EXECUTION_UNAVAILABLE, readiness.closed)
        if not readiness.reconciled:
            return Ack(False, Reason.RECONCILING, readiness.trouble)
        if desk.calls.is_blocked():
            return Ack(False, Reason.VENUE_RATE_LIMIT, WAITING)
        if info is None:
            return Ack(False, Reason.INSTRUMENT_NOT_FOUND, f"instrument {terms.instrument_id} is not of this venue")
        if readiness.barred or not desk.calls.has_order(False):
            closes = bool(terms.exec_inst & CLOSES) or not self._opening.opens(info.id, terms.side, terms.qty_lots)
            if readiness.barred and not closes:
                return Ack(False, readiness.reason, readiness.text)
            if not desk.calls.has_order(closes):
                return Ack(False, Reason.VENUE_RATE_LIMIT, desk.calls.budget.lacking(closes))
        if self._states.any and (ack := self._modes.refusal(terms)) is not None:
            return ack
        if APPROVED.exec_inst.of(terms) & REDUCE_ONLY and self._is_overtaken(terms):
            return Ack(False, Reason.DOES_NOT_REDUCE, "what it was to close is closed or being closed by an exit")
        if APPROVED.side.of(terms) not in SIDES:
            return Ack(False, Reason.INVALID_SIDE, f"side {terms.side}")
        if APPROVED.qty_lots.int_of(terms) < 1:
            return Ack(False, Reason.ORDER_QTY_BELOW_MINIMUM, "quantity 0")
        if APPROVED.price_ticks.int_of(terms) < 1:
            return Ack(False, Reason.INVALID_PRICE, "price 0")
        if APPROVED.time_in_force.of(terms) not in TIMES_IN_FORCE:
            return Ack(False, Reason.UNSUPPORTED_TIME_IN_FORCE, f"time in force {terms.time_in_force}")
        if APPROVED.stop_ticks.int_of(terms) and (no := self._brackets.refusal(terms.stop_ticks)) is not None:
            return Ack(False, *no)
        full = len(desk.table.open) >= self._open_orders_max and not terms.replaces
        if full and self._opening.opens(info.id, terms.side, terms.qty_lots):
            return Ack(False, Reason.MAX_OPEN_ORDERS, f"{self._open_orders_max} orders are open")
        return None

    def _is_overtaken(self, terms: Approved) -> bool:
        """Return whether an order that was to reduce would open by now: risk had not heard of an exit that came first.

        What it is to replace makes room for it. Only brackets have exits, so nothing else is asked where there was none.
        """
        if terms.instrument_id not in self._brackets.traded:
            return False
        old: Order | None = self._desk.table.open.get(terms.replaces)
        room_lots = old.qty_lots - old.cum_qty_lots if old is not None and old.side == terms.side else 0
        return bool(self._opening.opens(terms.instrument_id, terms.side, terms.qty_lots - room_lots))

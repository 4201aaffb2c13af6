"""Closing what the venue's account holds, on an operator's word, when there is no risk to do it.

With risk there, risk flattens: through its own checks, as any order. Execution does it only while no risk agent is heard
of, and stops as soon as one is. It halts the scope, which cancels whatever rests in it, waits until the venue has confirmed
that, asks the venue for its balances and its positions in contracts, and closes what they are at a bounded price, at once
or not at all; and so on, each step a little further through the market, until less is held than can be ordered. A step is
never more than the venue has just told, so that it only reduces. An order that the venue rejects has the next one be half
as large.

It needs a price: without a market-data agent in the configuration there is none. A strategy has no position of its own
here. What is being flattened is not kept over a restart: the operator asks again; the halt is kept.
"""

from collections.abc import Callable

from agents.execution.account_view import AccountView
from agents.execution.mass_cancel import MassCancel
from agents.execution.order_desk import OrderDesk
from agents.execution.order_table import Order
from agents.execution.quotes import Quotes
from agents.execution.readiness import Readiness
from agents.execution.venue_calls import ReconcilePass
from agents.instruments import InstrumentInfo
from agents.state.bounded_price import bounded_price_ticks
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, PositionReport
from mesh.context import Context, VenueCall, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.messages import Flatten, OrderInitialized
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TimeInForce
from schemas.units import MS

FLATTEN = "flatten"
STRATEGY = "flatten"
"""Named by the orders of this file, which no decision stands for."""

STEP_NS = 500 * MS
BOUND_PPB = 10_000_000
"""No order is further through the market than this share of the best price."""


class AccountFlatten:
    """The instruments that are being flattened, step by step."""

    def __init__(
        self,
        desk: OrderDesk,
        account: TradingAccount,
        instruments: list[InstrumentInfo],
        view: AccountView,
        quotes: Quotes,
        readiness: Readiness,
        mass_cancel: MassCancel,
        heard_risk: Callable[[], str],
    ) -> None:
        """Take who creates, cancels and knows what is held; `heard_risk` names a risk agent that is there, if one is."""
        self._desk = desk
        self._account = account
        self._infos = {info.id: info for info in instruments}
        self._view = view
        self._quotes = quotes
        self._readiness = readiness
        self._mass_cancel = mass_cancel
        self._heard_risk = heard_risk
        self._text = ""
        self._scope: dict[int, str] = {}
        """What is being flattened, and what holds it up."""
        self._orders: dict[int, Order] = {}
        """The last order of each instrument."""
        self._halvings: dict[int, int] = {}
        self._steps = 0
        self._count = 0
        self._asking = 0
        """How many calls for what is held are out."""
        self._untold = ""
        """Why the venue has not told all that is held."""
        self._positions: list[PositionReport] = []

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def refusal(self, asked: Flatten) -> tuple[Reason, str] | None:
        """Return why the scope cannot be flattened here, None if it can."""
        risk = self._heard_risk()
        if risk:
            return Reason.NONE, f"{risk} is there, and flattens"
        if asked.strategy:
            return Reason.NONE, "without risk only the account's positions can be closed, not a strategy's"
        if asked.instrument_id and asked.instrument_id not in self._infos:
            return Reason.INSTRUMENT_NOT_FOUND, f"instrument {asked.instrument_id} is not traded on this account"
        if not self._quotes:
            return Reason.NONE, "no market_data is configured for execution, so there is no price to close at"
        return None

    def begin(self, asked: Flatten) -> None:
        """Begin with a scope that was not refused, and is halted."""
        self._text = asked.text
        self._steps = 0
        self._scope |= dict.fromkeys([asked.instrument_id] if asked.instrument_id else self._infos, "begun")
        self._ctx.set_timer(FLATTEN, self._ctx.now_ns)

    def end(self, instrument_id: int = 0) -> None:
        """Close no more of an instrument, or of all."""
        for number in [instrument_id] if instrument_id else list(self._scope):
            self._scope.pop(number, None)

    def figures(self) -> list[str]:
        """Return each instrument in a line for people: `FLATTENING BTCUSDT: words: what holds it up`."""
        return [f"FLATTENING {self._infos[n].symbol}: {self._text}: {why}" for n, why in self._scope.items()]

    def on_timer(self) -> None:
        """Make a step, if there is anything left to close and nothing holds it up."""
        risk = self._heard_risk()
        if risk:
            self.end()
        if not self._scope:
            return
        self._ctx.set_timer(FLATTEN, self._ctx.now_ns + STEP_NS)
        open_there = {order.instrument_id for order in self._desk.table.open.values()} & self._scope.keys()
        for number in open_there:
            self._scope[number] = "orders are open yet"
            self._mass_cancel.but_closing(Reason.CANCELED_BY_OPERATOR, number)
        if not self._readiness.reconciled:
            self._hold_up(self._readiness.trouble)
        elif self._desk.calls.is_blocked():
            self._hold_up("the venue's rate limiter asked to wait")
        elif not self._asking and self._scope.keys() - open_there:
            self._untold, self._positions = "", []
            self._ask(self._account.balances(), self._read_balances)
            for call in self._account.position_calls():
                self._ask(call, self._read_positions)

    def _hold_up(self, why: str) -> None:
        self._scope = dict.fromkeys(self._scope, why)

    def _ask(self, call: VenueCall, read: Callable[[VenueReply], None]) -> None:
        self._asking += 1
        self._desk.calls.call(call, self._on_held, read)

    def _on_held(self, reply: VenueReply, read: Callable[[VenueReply], None], run: ReconcilePass | None) -> None:
        """Close what the venue says that it holds, when it has told all of it."""
        self._asking -= 1
        verdict = self._desk.calls.proof(reply)
        if verdict.result != CallResult.ACCEPTED:
            self._untold = verdict.text or verdict.result.name
        else:
            try:
                read(reply)
            except VenueError as error:
                self._ctx.count(Counter.VENUE_REPLY_BAD)
                self._untold = str(error)
        if self._asking:
            return
        if self._untold:
            self._hold_up(self._untold)
            return
        self._view.take_positions(self._positions)
        self._steps += 1
        open_there = {order.instrument_id for order in self._desk.table.open.values()}
        for number in [number for number in self._scope if number not in open_there]:
            self._step(number)

    def _read_balances(self, reply: VenueReply) -> None:
        self._view.take_balances(self._account.balance_report(reply.body).balances_e8)

    def _read_positions(self, reply: VenueReply) -> None:
        positions, more = self._account.position_page(reply)
        self._positions += positions
        if more is not None:
            self._ask(more, self._read_positions)

    def _step(self, number: int) -> None:
        info = self._infos[number]
        lots = self._view.position_lots(info)
        if not lots:
            del self._scope[number]
            return
        side, held_lots = Side.SELL if lots > 0 else Side.BUY, abs(lots)
        best_ticks = self._quotes.best_ticks(number, side)
        if not best_ticks or not self._readiness.reconciled:
            self._scope[number] = f"no price is known of {info.symbol}" if not best_ticks else self._readiness.trouble
            return
        last = self._orders.get(number)
        if last is not None:
            rejected = last.status == OrderStatus.REJECTED
            self._halvings[number] = self._halvings.get(number, 0) + 1 if rejected else 0
        filters = self._quotes.filters(info)
        if filters.fault:
            self._scope[number] = filters.fault
            return
        price_ticks = bounded_price_ticks(best_ticks, side, self._steps, BOUND_PPB, filters.price_step_ticks)
        halved_lots = max(1, held_lots >> self._halvings.get(number, 0))
        qty_lots = filters.fit_lots(info, halved_lots, price_ticks) or filters.fit_lots(info, held_lots, price_ticks)
        if qty_lots:
            self._close(info, side, qty_lots, price_ticks)
        else:
            del self._scope[number]

    def _close(self, info: InstrumentInfo, side: Side, qty_lots: int, price_ticks: int) -> None:
        self._count += 1
        terms = OrderInitialized(
            client_order_id=f"flatten-{self._ctx.epoch}-{self._count}",
            strategy=STRATEGY,
            instrument_id=info.id,
            side=int(side),
            qty_lots=qty_lots,
            price_ticks=price_ticks,
            time_in_force=int(TimeInForce.IOC),
            exec_inst=int(ExecInst.CLOSE | ExecInst.REDUCE_ONLY),
        )
        does = "sells" if side == Side.SELL else "buys"
        self._scope[info.id] = f"{does} {info.qty.format(qty_lots)} at {info.price.format(price_ticks)} or better"
        self._desk.create(terms, info, 0)
        self._orders[info.id] = self._desk.table.orders[terms.client_order_id]

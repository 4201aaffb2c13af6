"""Contracts on an account: what a pass of the reconciliation asks of them, and what becomes of all that the venue tells.

A pass that asks for balances asks on what terms contracts are traded too (`contract_terms`), and when the fills are booked,
for positions and funding: they are compared (`position_check`), told (`venue_margin`, `funding`), and what is wrong with a
contract keeps it to what reduces. The private stream tells of the same meanwhile. An account without contracts has none of
this.
"""

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from agents.execution.contract_terms import fault_of, terms_text
from agents.execution.funding import FundingBook
from agents.execution.margin_call import MarginCalls
from agents.execution.order_desk import OrderDesk
from agents.execution.position_check import PositionCheck
from agents.execution.trading_modes import TradingModes
from agents.execution.venue_calls import Handler, ReconcilePass
from agents.execution.venue_margin import VenueMargin
from agents.venues.port import TradingAccount
from agents.venues.reports import (
    BalanceReport,
    CallResult,
    ContractTerms,
    FillReport,
    FundingDue,
    FundingReport,
    MarginCalled,
    PositionReport,
    PrivateEvent,
)
from core.frame import Header
from mesh.context import Context, VenueCall, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.figures import ContractFigures
from schemas.messages import AccountMargin, FundingSettled, Message, OrderFilled
from schemas.orders import Reason

FORCED_TOLD_MAX = 20
"""The newest of them are told."""
Answer = TypeVar("Answer")


class ContractLook:
    """What one pass has found of contracts so far."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self.booked_lots: dict[int, int] = {}
        """What fills came to when the positions were asked for."""
        self.positions: list[PositionReport] = []
        self.funding: list[FundingReport] = []


class Contracts:
    """Positions, terms, margin and funding of one account."""

    def __init__(
        self,
        stream: int,
        desk: OrderDesk,
        account: TradingAccount,
        venue: VenueMargin,
        modes: TradingModes,
    ) -> None:
        """Follow the contracts that `venue` knows; `stream` is that of the orders."""
        self._infos = venue.contracts
        self._desk = desk
        self._account = account
        self._modes = modes
        self._venue = venue
        self.funding = FundingBook(stream, account)
        """What was told of funding."""
        self._calls_for_margin = MarginCalls(venue, modes)
        self._check = PositionCheck(desk, self._infos.values(), self._venue, modes, account.query_lag_ns)
        self._faults: dict[int, str] = {}
        self._forced: deque[str] = deque(maxlen=FORCED_TOLD_MAX)
        self._look: ContractLook | None = None
        """Of the pass that is under way, if it asks."""
        desk.forced = self._on_forced

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx
        self._venue.bind(ctx)
        self.funding.bind(ctx)
        self._calls_for_margin.bind(ctx)

    def restore(self, header: Header, message: Message) -> None:
        """Fold one event of the own log: what was compared, and which funding was told."""
        if isinstance(message, AccountMargin):
            self._check.opened |= message.leverages_e8.keys()
            self.funding.agreed(message.ts_recv_ns)
        elif isinstance(message, FundingSettled):
            self.funding.restore(message)
        elif isinstance(message, OrderFilled) and self.funding.since_ns and message.instrument_id in self._infos:
            # Nothing is traded before it was compared, whether or not a leverage was told of it.
            self._check.opened.add(message.instrument_id)

    @property
    def opened(self) -> set[int]:
        """Instruments whose positions were compared before."""
        return self._check.opened

    @property
    def looks_again(self) -> bool:
        """Whether the next pass is to ask again, and to come soon."""
        return bool(self._infos) and (self._check.looks_again or self.funding.looks_again)

    @property
    def is_margin_old(self) -> bool:
        """Whether something has filled since the venue told the account's margin, so that a pass is to ask for it."""
        return 0 < self._venue.margin_ns < self._desk.table.filled_ns

    # What a pass asks

    def begin(self, run: ReconcilePass) -> None:
        """Ask for the terms, if there are contracts; positions are asked for later."""
        self._look = look = ContractLook() if self._infos else None
        if look is not None:
            for call in self._account.terms_calls():
                self._desk.calls.call(call, self._on_terms, look, run)

    def skip(self) -> None:
        """Take note that the pass which begins now asks for none of it."""
        self._look = None

    def ask(self, run: ReconcilePass) -> None:
        """Ask for positions and funding: what was filled before is booked."""
        look = self._look
        if look is not None:
            look.booked_lots = self._check.booked_lots()
            for call in self._account.position_calls():
                self._desk.calls.call(call, self._on_positions, look, run)
            for call in self.funding.calls():
                self._desk.calls.call(call, self._on_funding, look, run)

    def end(self, run: ReconcilePass) -> str:
        """Take all that a whole pass has found; return why it does not agree with the venue, if it does not."""
        look = self._look
        if look is None:
            return ""
        self.funding.take(look.funding, reconciled=True)
        self._venue.replace(look.positions)
        self._look_at_terms()
        return self._check.check(look.booked_lots, run)

    def agreed(self) -> None:
        """Tell of the account, which agrees with its venue; funding counts from the first time on."""
        if self._infos:
            self.funding.agreed(self._ctx.wall_ns)
            self._venue.tell(self._desk.table.filled_ns)
            self._calls_for_margin.look()

    def _on_terms(self, reply: VenueReply, look: ContractLook, run: ReconcilePass | None) -> None:
        for terms in self._read(self._account.terms, reply, run) or ():
            self._venue.take_terms(terms)

    def _on_positions(self, reply: VenueReply, look: ContractLook, run: ReconcilePass | None) -> None:
        page = self._read(self._account.position_page, reply, run)
        if page is not None:
            look.positions += page[0]
            self._ask_rest(page[1], self._on_positions, look, run)

    def _on_funding(self, reply: VenueReply, look: ContractLook, run: ReconcilePass | None) -> None:
        page = self._read(self._account.funding_page, reply, run)
        if page is not None:
            look.funding += page[0]
            self._ask_rest(page[1], self._on_funding, look, run)

    # What the venue tells

    def on_balances(self, report: BalanceReport) -> None:
        """Take what was told of the account's margin beside its balances."""
        if report.margin is not None and self._infos:
            self._venue.take_margin(report.margin)

    def on_event(self, event: PrivateEvent) -> bool:
        """Take an event of the private stream; return whether balances have changed, and must be asked for."""
        if not self._infos:
            return False
        if isinstance(event, FundingReport):
            self.funding.take([event], reconciled=False)
            return False
        if isinstance(event, FundingDue):
            self.funding.expect()
            return True
        if isinstance(event, MarginCalled):
            self._calls_for_margin.take(event)
            return True
        if isinstance(event, PositionReport):
            if self._venue.take_position(event):
                self._look_at_terms()
        elif isinstance(event, ContractTerms):
            self._venue.take_terms(event)
            self._look_at_terms()
        elif isinstance(event, BalanceReport):
            self.on_balances(event)
        else:
            return False
        if self.funding.since_ns:
            self._venue.tell_soon(self._desk.table.filled_ns)
        return False

    def book_differences(self) -> list[str]:
        """Have the next pass book what positions differ by, on an operator's word; return of which contracts."""
        return self._check.book_differences()

    def on_timer(self) -> None:
        """Tell what the private stream has told meanwhile."""
        self._venue.tell(self._desk.table.filled_ns)

    def figures(self) -> ContractFigures | None:
        """Return how contracts are traded, what is wrong with them, and what the venue has forced; None without any."""
        if not self._infos:
            return None
        return ContractFigures(
            mode=self._account.mode(),
            terms={self._infos[number].name: terms_text(each) for number, each in self._venue.terms.items()},
            faults={self._infos[number].name: fault for number, fault in self._faults.items()},
            forced=list(self._forced),
        )

    @property
    def told(self) -> str:
        """What is wrong, for people: contracts that are kept to what reduces, and what the venue has forced."""
        return "; ".join((*self._calls_for_margin.told, *self._faults.values(), *self._forced))

    def _look_at_terms(self) -> None:
        for number, info in self._infos.items():
            fault = fault_of(info, self._venue.terms.get(number))
            if fault != self._faults.get(number, ""):
                self._faults[number] = fault
                if not fault:
                    del self._faults[number]
            self._modes.keep_closed(number, Reason.INSTRUMENT_NOT_USABLE, fault)

    def _on_forced(self, fill: FillReport) -> None:
        """Take note of a fill that the venue has forced on the account."""
        info = self._desk.instrument(fill.instrument_id)
        self._ctx.count(Counter.FILLS_FORCED)
        did = "bought" if fill.side > 0 else "sold"
        what = f"{did} {info.qty.format(fill.qty_lots)} at {info.price.format(fill.price_ticks)}"
        self._forced.append(f"{info.name}: {fill.forced} by the venue: {what}")

    # Calls

    def _read(
        self, read: Callable[[VenueReply], Answer], reply: VenueReply, run: ReconcilePass | None
    ) -> Answer | None:
        """Return what an answer says; None if it proves nothing, which fails the pass."""
        assert run is not None
        verdict = self._desk.calls.proof(reply)
        if verdict.result != CallResult.ACCEPTED:
            run.fail(verdict)
            return None
        try:
            return read(reply)
        except VenueError as error:
            self._ctx.count(Counter.VENUE_REPLY_BAD)
            run.failed = str(error)
            return None

    def _ask_rest(
        self, call: VenueCall | None, handler: Handler, look: ContractLook, run: ReconcilePass | None
    ) -> None:
        if call is not None:
            self._desk.calls.call(call, handler, look, run)

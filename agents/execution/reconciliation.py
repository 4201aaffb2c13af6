"""Bringing execution's view in line with the venue's: at start, after the private stream was away, and all the time.

One pass asks in this order, so that what comes later explains what came before: open orders (now and then balances too,
which only people read); then the fills of every instrument since the last that is known to be complete; then, one by one,
the orders that are open here and not in the venue's list. The fills are fetched after the list, so no order in it has a
fill that is not booked when it is merged. Live events go on being booked meanwhile: merging never goes back
(`agents.execution.order_table.judge`), and an order that moved after the pass began is not looked up because of it.
Positions in contracts are asked for when the fills are booked (`agents.execution.contracts`).

A pass that lacks one answer, or leaves a fill whose order is not known, proves nothing and is repeated.
"""

from agents.execution.contracts import Contracts
from agents.execution.order_desk import OrderDesk
from agents.execution.transfers import TransferBook
from agents.execution.venue_calls import WAITING, ReconcilePass
from agents.instruments import InstrumentInfo
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult
from mesh.context import VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.orders import OrderStatus


class Reconciliation:
    """Runs one pass at a time; `advance` is called whenever a pass has no call out any more."""

    def __init__(
        self,
        desk: OrderDesk,
        account: TradingAccount,
        instruments: list[InstrumentInfo],
        contracts: Contracts,
        transfers: TransferBook,
    ) -> None:
        """Take the desk that books and publishes, and what follows contracts and transfers."""
        self.run: ReconcilePass | None = None
        self.passes = 0
        self._desk = desk
        self._account = account
        self._instruments = instruments
        self._contracts = contracts
        self._transfers = transfers
        self._asks_transfers = False
        self._phases = (self._ask_fills, contracts.ask, self._merge_orders)

    def begin(self, *, balances: bool) -> ReconcilePass:
        """Begin a pass; one that is under way is given up, and what it still learns is booked all the same."""
        run = self.run = ReconcilePass(self._desk.ctx.now_ns)
        for call in self._account.open_order_calls():
            self._desk.calls.call(call, self._on_open_orders, None, run)
        self._asks_transfers = balances
        if balances:
            for call in self._transfers.calls():
                self._desk.calls.call(call, self._on_transfers, None, run)
            self._desk.calls.call(self._account.balances(), self._on_balances, None, run)
            for call in self._account.setup_calls():
                self._desk.calls.call(call, self._on_setup, None, run)
            self._contracts.begin(run)
        else:
            self._contracts.skip()
        return run

    def advance(self, run: ReconcilePass) -> bool:
        """Go on with the pass when all its calls have ended; return whether it has ended, `run.failed` says how."""
        while run is self.run and not run.outstanding:
            if self._desk.calls.is_blocked():
                run.failed = run.failed or WAITING
            if run.failed or run.phase == len(self._phases):
                self.run = None
                self.passes += 1
                run.failed = run.failed or self._missing() or self._contracts.end(run)
                if self._asks_transfers and not run.failed:
                    self._transfers.take(run.transfers)
                if not run.failed:
                    self._desk.fills.agree(run.cursors, run.started_ns)
                return True
            phase = self._phases[run.phase]
            run.phase += 1
            phase(run)
        return False

    def _on_open_orders(self, reply: VenueReply, _: None, run: ReconcilePass | None) -> None:
        assert run is not None
        if self._proved(reply, run):
            try:
                reports, foreign, more = self._account.open_page(reply)
            except VenueError as error:
                run.failed = str(error)
                return
            run.reports += reports
            if more is not None:
                self._desk.calls.call(more, self._on_open_orders, None, run)
            if foreign:
                self._desk.ctx.count(Counter.OPEN_ORDERS_OF_OTHER_INSTRUMENTS, foreign)

    def _on_balances(self, reply: VenueReply, _: None, run: ReconcilePass | None) -> None:
        assert run is not None
        if self._proved(reply, run):
            try:
                report = self._account.balance_report(reply.body)
            except VenueError as error:
                run.failed = str(error)
                return
            run.balances_e8 = report.balances_e8
            self._contracts.on_balances(report)

    def _on_transfers(self, reply: VenueReply, _: None, run: ReconcilePass | None) -> None:
        assert run is not None
        if self._proved(reply, run):
            try:
                reports, more = self._account.transfer_page(reply)
            except VenueError as error:
                run.failed = str(error)
                return
            run.transfers += reports
            if more is not None:
                self._desk.calls.call(more, self._on_transfers, None, run)

    def _on_setup(self, reply: VenueReply, _: None, run: ReconcilePass | None) -> None:
        """Have the account learn; it asks again with a later pass for what it has not learned."""
        if self._desk.calls.proof(reply).result == CallResult.ACCEPTED:
            try:
                self._account.learn(reply)
            except VenueError:
                self._desk.ctx.count(Counter.VENUE_REPLY_BAD)

    def _ask_fills(self, run: ReconcilePass) -> None:
        for info in self._instruments:
            self._desk.calls.call(self._desk.fills.call_for(info), self._on_fills, info, run)

    def _on_fills(self, reply: VenueReply, info: InstrumentInfo, run: ReconcilePass | None) -> None:
        assert run is not None
        page = self._desk.fills.take(reply, info, run)
        if page is None:
            return
        if page.cursor:
            run.cursors[info.id] = page.cursor
        if page.more and not run.failed:
            call = self._account.fills_since(info, page.next_page, self._desk.fills.since_ns)
            self._desk.calls.call(call, self._on_fills, info, run)

    def _merge_orders(self, run: ReconcilePass) -> None:
        listed = {(report.instrument_id, report.venue_order_id) for report in run.reports}
        for report in run.reports:
            self._desk.merge(report, run, reconciled=True)
        for order in list(self._desk.table.open.values()):
            moved = order.create_out or order.touched_ns > run.started_ns
            if moved or (order.instrument_id, order.venue_order_id) in listed:
                continue
            order.unlisted_ns = run.started_ns
            if order.proven and order.status != OrderStatus.UNKNOWN:
                self._desk.lookup.query(order, run)

    def _missing(self) -> str:
        """Return why a pass that got all its answers still does not agree with the venue, empty if it does."""
        if unfit := self._account.unfit():
            return unfit
        if waiting := list(self._desk.waiting):
            return f"fills of {waiting[:3]} are not told yet"
        if orphaned := self._desk.fills.orphaned:
            return f"fills of unknown orders {orphaned[:3]}"
        return ""

    def _proved(self, reply: VenueReply, run: ReconcilePass) -> bool:
        verdict = self._desk.calls.proof(reply)
        if verdict.result != CallResult.ACCEPTED:
            run.fail(verdict)
        return verdict.result == CallResult.ACCEPTED

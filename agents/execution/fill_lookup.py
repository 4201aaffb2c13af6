"""Fills as the venue lists them: asked for from where all are booked on, and of orders that are not known yet.

A venue's lists may lag behind (`query_lag_ns`), and not in order: a fill may come to be listed after younger ones. So a
place in the list is only passed for good by a pass that began so much later than the first that came to it.

A fill of an order that is not known has the order looked up by the venue's id. Until it is found no pass of a
reconciliation agrees with the venue, so none moves the cursor over its fills.
"""

from typing import Protocol

from agents.execution.order_table import Order, OrderTable
from agents.execution.venue_calls import WAITING, ReconcilePass, VenueCalls
from agents.instruments import InstrumentInfo
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, FillPage, FillReport, OrderReport, Verdict
from mesh.context import VenueCall, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError


class Books(Protocol):
    """What books the fills that are found."""

    table: OrderTable

    def book(self, order: Order, fill: FillReport, run: ReconcilePass | None, reconciled: bool) -> None:
        """Book a fill, unless it is booked."""
        ...

    def order_of(self, report: OrderReport) -> Order:
        """Return the order that a statement is about; one that is not ours is adopted."""
        ...

    def merge(self, report: OrderReport, run: ReconcilePass | None = None, reconciled: bool = False) -> None:
        """Take a statement about any order."""
        ...


class FillLookup:
    """How far the fills of each instrument are booked, and the fills whose order is being looked up."""

    def __init__(self, account: TradingAccount, calls: VenueCalls, books: Books) -> None:
        """Begin with nothing known."""
        self.since_ns = 0
        """Unix time from which on fills are ours to book, as long as there is no cursor."""
        self.cursors: dict[int, str] = {}
        """The venue's place up to which all fills are known to be booked, by instrument."""
        self.moved = False
        """Whether a cursor has moved since that was last set to False."""
        self._reached: dict[int, tuple[str, int]] = {}
        """By instrument a place that a pass came to, and when that pass began: older fills may yet be listed."""
        self.orphans: dict[tuple[int, str], list[FillReport]] = {}
        """Fills of orders that are not known yet, by instrument and venue order id; each is being looked up."""
        self._account = account
        self._calls = calls
        self._books = books

    @property
    def orphaned(self) -> list[str]:
        """The venue's ids of orders that are not known and of which fills were told."""
        return [venue_order_id for _, venue_order_id in self.orphans]

    def call_for(self, info: InstrumentInfo) -> VenueCall:
        """Return the call for all fills of the instrument that are not known to be booked."""
        return self._account.fills_since(info, self.cursors.get(info.id, ""), self.since_ns)

    def agree(self, reached: dict[int, str], began_ns: int) -> None:
        """Take that a pass that began then has booked every fill listed up to these places."""
        for number, place in reached.items():
            before, since_ns = self._reached.get(number, ("", began_ns))
            if not before or began_ns - since_ns >= self._account.query_lag_ns:
                self._reached[number] = (place, began_ns)
                if before:
                    self.moved = self.moved or self.cursors.get(number) != before
                    self.cursors[number] = before

    def take(self, reply: VenueReply, info: InstrumentInfo, run: ReconcilePass | None) -> FillPage | None:
        """Book the fills in a reply; one of an order that is not known has the order looked up. None: no proof."""
        verdict = self._calls.proof(reply)
        try:
            page = self._account.fill_page(info, reply) if verdict.result == CallResult.ACCEPTED else None
        except VenueError as error:
            self._calls.ctx.count(Counter.VENUE_REPLY_BAD)
            verdict, page = Verdict(CallResult.UNKNOWN, text=str(error)), None
        if page is not None and False in [self._take_fill(info, fill, run) for fill in page.fills]:
            verdict, page = Verdict(CallResult.REFUSED, text=WAITING), None
        if page is None and run is not None:
            run.fail(verdict)
        return page

    def _take_fill(self, info: InstrumentInfo, fill: FillReport, run: ReconcilePass | None) -> bool:
        """Book the fill, or ask whose it is; False if that may not be asked now."""
        table = self._books.table
        order = table.by_venue_id(info.id, fill.venue_order_id)
        if order is not None:
            self._books.book(order, fill, run, reconciled=True)
        elif not table.is_booked(fill):
            key = (info.id, fill.venue_order_id)
            if key not in self.orphans:
                if self._calls.is_blocked():
                    return False
                self._calls.call(self._account.query(info, "", fill.venue_order_id), self._on_owner, key, run)
            self.orphans.setdefault(key, []).append(fill)
        return True

    def _on_owner(self, reply: VenueReply, key: tuple[int, str], run: ReconcilePass | None) -> None:
        """Learn whose fills they are; without an answer they are found again by the next reconciliation."""
        verdict = self._calls.verdict(reply)
        elsewhere = self._account.query_elsewhere(reply) if verdict.result == CallResult.NOT_FOUND else None
        if elsewhere is not None:
            self._calls.call(elsewhere, self._on_owner, key, run)
            return
        fills = self.orphans.pop(key)
        if verdict.order is None or (verdict.order.instrument_id, verdict.order.venue_order_id) != key:
            if run is not None:
                run.fail(verdict)
            return
        order = self._books.order_of(verdict.order)
        for fill in fills:
            self._books.book(order, fill, run, reconciled=True)
        self._books.merge(verdict.order, run, reconciled=True)

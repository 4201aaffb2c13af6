"""One sweep: the open orders of an account are canceled in rounds, until the venue shows none twice in a row.

A round asks the venue for all open orders and cancels what it shows: where the venue can, by one call for each instrument,
and what that has left (or where it cannot) order by order, in parallel up to a bound. Where the venue does not tell what is
open, whole instruments are canceled all the same. Nothing is concluded from the answer to a cancel: gone is what was listed
once and is not listed any more. One look that shows nothing is not enough, for a create may still have been on its way, or
a list may lag behind; whoever has to wait for that longer begins another sweep.

Rounds follow each other the faster, the better they go: after one that has left something, or failed, the pause doubles.
"""

from collections.abc import Callable, Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.reaper.account_calls import TROUBLE_MAX, AccountCalls, AccountLook
from agents.venues.reports import CallResult, OrderReport, PositionReport, Verdict
from mesh.context import VenueCall
from schemas.counters import Counter

SWEEP = "sweep"
"""The timer that begins the next round."""
PARALLEL_MAX = 32
"""Cancels that are out at once: so many connections to the venue, and so much of its limits at a stroke."""
PAUSES_MAX = 10
"""A pause grows to so many times the first."""
CLEAR_LOOKS = 2

OrderKey = tuple[int, str]
"""Instrument and the venue's order id."""


class Sweep:
    """Cancels the open orders in `instruments`; orders in others are left alone."""

    def __init__(
        self,
        calls: AccountCalls,
        instruments: Mapping[int, InstrumentInfo],
        pause_ns: int,
        cause: str,
        done: Callable[["Sweep"], None],
    ) -> None:
        """Prepare to cancel for `cause`; `done` is called when nothing is left."""
        self.cause = cause
        self.trouble = ""
        """Why the venue's last word is missing, empty if it is not."""
        self.left: Mapping[OrderKey, OrderReport] = {}
        """What the venue showed last."""
        self.balances_e8: Mapping[str, int] | None = None
        self.positions: Sequence[PositionReport] | None = None
        self.others = 0
        self.over = False
        self._calls = calls
        self._instruments = instruments
        self._pause_ns = self._pause_ns_first = pause_ns
        self._done = done
        self._seen: set[OrderKey] = set()
        self._canceled_whole: set[int] = set()
        """Instruments of which all was canceled by one call."""
        self._queue: list[tuple[VenueCall, Callable[..., Verdict]]] = []
        self._cancels_out = 0
        self._clear = 0
        self._is_blind = False
        """Whether the venue did not tell what is open when it was last asked."""
        self._began_ns = 0

    @property
    def canceled(self) -> int:
        """How many orders were shown once and are gone."""
        return len(self._seen) - len(self.left)

    def begin_round(self) -> None:
        """Ask the venue what is open, if it may be asked now."""
        wait_ns = self._calls.wait_ns()
        if wait_ns:
            self._go_on_in(wait_ns)
            return
        self._began_ns = self._calls.ctx.now_ns
        self._calls.look(self._on_look, balances=self._clear > 0)

    def end(self) -> None:
        """Send nothing more; what is out is not waited for."""
        self.over = True
        self._queue.clear()
        self._calls.ctx.cancel_timer(SWEEP)

    def _on_look(self, look: AccountLook) -> None:
        if self.over:
            return
        if self._is_blind and not look.trouble:
            self._pause_ns = self._pause_ns_first
        self.trouble = look.trouble
        self._is_blind = bool(look.trouble)
        if self._is_blind:
            self._calls.ctx.count(Counter.REAPER_LOOKS_FAILED)
            self._clear = 0
            if self._calls.account.has_cancel_all:
                self._queue = [self._cancel_whole(number) for number in self._instruments]
        else:
            self.others = look.others
            self.balances_e8, self.positions = look.balances_e8, look.positions
            self.left = {
                (order.instrument_id, order.venue_order_id): order
                for order in look.orders
                if order.instrument_id in self._instruments
            }
            self._seen |= self.left.keys()
            self._clear = 0 if self.left else self._clear + 1
            self._queue = self._cancels()
        self._send()

    def _cancels(self) -> list[tuple[VenueCall, Callable[..., Verdict]]]:
        """Return the calls that cancel what is left: by instrument once, then by order."""
        account = self._calls.account
        whole: set[int] = set()
        if account.has_cancel_all:
            whole = {number for number, _ in self.left} - self._canceled_whole
        return [self._cancel_whole(number) for number in sorted(whole)] + [
            (account.cancel(self._instruments[number], order.client_order_id, venue_order_id), account.order_verdict)
            for (number, venue_order_id), order in self.left.items()
            if number not in whole
        ]

    def _cancel_whole(self, number: int) -> tuple[VenueCall, Callable[..., Verdict]]:
        self._canceled_whole.add(number)
        account = self._calls.account
        return account.cancel_all(self._instruments[number]), account.proof

    def _send(self) -> None:
        """Send what waits, as much as may be out at once; end the round when nothing is."""
        while self._queue and self._cancels_out < PARALLEL_MAX and not self._calls.wait_ns():
            call, read = self._queue.pop()
            self._cancels_out += 1
            self._calls.call(call, lambda reply, read=read: self._on_cancel(read(reply)))  # type: ignore[misc]
        if not self._cancels_out:
            self._end_round()

    def _on_cancel(self, verdict: Verdict) -> None:
        self._cancels_out -= 1
        self._calls.note(verdict)
        if verdict.result in (CallResult.REFUSED, CallResult.NOT_SENT, CallResult.UNKNOWN):
            self._calls.ctx.count(Counter.CANCELS_NOT_PROVEN)
            self.trouble = (verdict.text or verdict.result.name)[:TROUBLE_MAX]
        if not self.over:
            self._send()

    def _end_round(self) -> None:
        self._queue.clear()
        if self._clear == CLEAR_LOOKS:
            self.end()
            self._done(self)
            return
        passed_ns = self._calls.ctx.now_ns - self._began_ns
        pause_ns = self._pause_ns_first if self._clear else self._pause_ns
        self._pause_ns = min(2 * pause_ns, PAUSES_MAX * self._pause_ns_first)
        self._go_on_in(max(pause_ns - passed_ns, self._calls.wait_ns(), 0))

    def _go_on_in(self, wait_ns: int) -> None:
        self._calls.ctx.set_timer(SWEEP, self._calls.ctx.now_ns + wait_ns)

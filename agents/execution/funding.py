"""Funding of contracts: what the venue settles between longs and shorts, told once each in the order stream.

It comes with the private stream, or is asked for: at each pass that asks for balances too, and at once when the venue says
that there was some and not how much.
"""

from collections.abc import Iterable, Sequence

from agents.amounts import amount_text
from agents.execution.listed_once import ListedOnce
from agents.venues.port import TradingAccount
from agents.venues.reports import FundingReport
from mesh.context import VenueCall
from schemas.counters import Counter
from schemas.messages import FundingSettled


class FundingBook(ListedOnce[tuple[int, str]]):
    """Which was told, by instrument and the venue's id."""

    def __init__(self, stream: int, account: TradingAccount) -> None:
        """Publish on the order stream."""
        super().__init__()
        self._stream = stream
        self._account = account

    def restore(self, message: FundingSettled) -> None:
        """Fold an event of the own log."""
        self.note((message.instrument_id, message.funding_id), message.ts_event_ns)

    def calls(self) -> Sequence[VenueCall]:
        """Return the calls for what may not have been told yet."""
        return self._account.funding_calls(*self.ask()) if self.since_ns else ()

    def take(self, reports: Iterable[FundingReport], *, reconciled: bool) -> None:
        """Tell what is new, the oldest first; `reconciled` says that it is all that a whole pass has found."""
        if reconciled:
            self.had_all()
        for report in sorted(reports, key=lambda each: each.ts_event_ns):
            if self.is_new((report.instrument_id, report.funding_id), report.ts_event_ns):
                self._ctx.count(Counter.FUNDING_SETTLED)
                self._ctx.publish(self._stream, _settled(report, self._ctx.wall_ns, reconciled))


def _settled(report: FundingReport, ts_recv_ns: int, reconciled: bool) -> FundingSettled:
    return FundingSettled(
        report.instrument_id,
        report.asset,
        amount_text(report.amount_e8),
        report.funding_id,
        report.ts_event_ns,
        ts_recv_ns,
        reconciled,
    )

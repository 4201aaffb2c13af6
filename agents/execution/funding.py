"""Funding of contracts: what the venue settles between longs and shorts, told once each in the order stream.

It comes with the private stream, or is asked for: at each pass that asks for balances too, from where the last such pass
had all of it, and at once when the venue says that there was some and not how much. The venue's own id says which was told
before, in an earlier life as well. What was settled before the account first agreed with its venue is in the balance that
it begins with, and is not told.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from agents.amounts import amount_text
from agents.venues.port import TradingAccount
from agents.venues.reports import FundingReport
from mesh.context import Context, VenueCall
from schemas.counters import Counter
from schemas.messages import FundingSettled
from schemas.units import SECOND

LATE_NS = 3_600 * SECOND
"""A venue's list may get a settlement so much later than younger ones."""
EXPECTED_NS = 60 * SECOND
"""How long to look again and again for what the venue said that there is."""
REMEMBERED_MAX = 16_384


class FundingBook:
    """What was told, and from when on to ask."""

    def __init__(self, stream: int, account: TradingAccount) -> None:
        """Publish on the order stream."""
        self.since_ns = 0
        """When the account first agreed, Unix time; 0 while it has not."""
        self._stream = stream
        self._account = account
        self.newest_ns = 0
        """The venue's time of the newest that was told."""
        self._asked_ns = 0
        self._whole_ns = 0
        """Until when a pass has had all of it."""
        self.known: OrderedDict[tuple[int, str], None] = OrderedDict()
        """By instrument and the venue's id, what was told, the oldest first."""
        self._expected_until_ns = 0

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def restore(self, message: FundingSettled) -> None:
        """Fold an event of the own log."""
        self._note(message.instrument_id, message.funding_id, message.ts_event_ns)

    def resume(self, since_ns: int, newest_ns: int, known: Iterable[tuple[int, str]]) -> None:
        """Begin with what an anchor has of the same three."""
        self.since_ns, self.newest_ns = since_ns, newest_ns
        self.known = OrderedDict.fromkeys(known)

    def expect(self) -> None:
        """Take note that there was some: it is looked for until it is found, or long enough."""
        self._expected_until_ns = self._ctx.now_ns + EXPECTED_NS

    @property
    def looks_again(self) -> bool:
        """Whether some is expected yet."""
        return self._ctx.now_ns < self._expected_until_ns

    def calls(self) -> Sequence[VenueCall]:
        """Return the calls for what may not have been told yet."""
        if not self.since_ns:
            return ()
        self._asked_ns = self._ctx.wall_ns
        since_ns = max(self.since_ns, max(self.newest_ns, self._whole_ns) - LATE_NS)
        return self._account.funding_calls(since_ns, self._asked_ns)

    def take(self, reports: Iterable[FundingReport], *, reconciled: bool) -> None:
        """Tell what is new, the oldest first; `reconciled` says that it is all that a whole pass has found."""
        if reconciled:
            self._whole_ns = max(self._whole_ns, self._asked_ns)
        for report in sorted(reports, key=lambda each: each.ts_event_ns):
            known = (report.instrument_id, report.funding_id) in self.known
            if known or not self.since_ns or report.ts_event_ns < self.since_ns:
                continue
            self._note(report.instrument_id, report.funding_id, report.ts_event_ns)
            self._expected_until_ns = 0
            self._ctx.count(Counter.FUNDING_SETTLED)
            self._ctx.publish(
                self._stream,
                FundingSettled(
                    report.instrument_id,
                    report.asset,
                    amount_text(report.amount_e8),
                    report.funding_id,
                    report.ts_event_ns,
                    self._ctx.wall_ns,
                    reconciled,
                ),
            )

    def _note(self, instrument_id: int, funding_id: str, ts_event_ns: int) -> None:
        self.known[instrument_id, funding_id] = None
        self.newest_ns = max(self.newest_ns, ts_event_ns)
        if len(self.known) > REMEMBERED_MAX:
            self.known.popitem(last=False)

"""Deposits and withdrawals of a venue that lists them: told once each in the order stream, whenever they were.

A venue whose private stream tells how much came in or went out is not asked. Of all others the list is asked for with each
pass that asks for balances, from where the last such pass had all of it, and at once when the venue says that there was
one; where it tells balances and never why they changed, with each pass before which they have. The venue's own id says
which was told before, in an earlier life as well, so what came while nobody was here is told with the first pass. What
came before the account first agreed with its venue is in the balance that it begins with.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from agents.execution.account_balances import transfer
from agents.venues.port import TradingAccount
from agents.venues.reports import BalancesChanged, PrivateEvent, TransferDue, TransferReport
from mesh.context import Context, VenueCall
from schemas.counters import Counter
from schemas.messages import Message, Reconciled, Transfer
from schemas.units import SECOND

LATE_NS = 3_600 * SECOND
"""A venue's list may get a transfer so much later than younger ones."""
EXPECTED_NS = 60 * SECOND
"""How long to look again and again for what the venue said that there is."""
REMEMBERED_MAX = 16_384


class TransferBook:
    """What was told, and from when on to ask."""

    def __init__(self, stream: int, account: TradingAccount) -> None:
        """Publish on the order stream."""
        self.since_ns = 0
        """When the account first agreed, Unix time; 0 while it has not."""
        self._stream = stream
        self._account = account
        self._asked_ns = 0
        self.whole_ns = 0
        """Until when it is known that all was told."""
        self.known: OrderedDict[str, None] = OrderedDict()
        """The venue's ids of those that were told, the oldest first."""
        self._expected_until_ns = 0

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def restore(self, message: Message) -> None:
        """Fold an event of the own log."""
        if isinstance(message, Reconciled):
            self.since_ns = self.since_ns or message.ts_ns
        elif isinstance(message, Transfer) and message.transfer_id:
            self._note(message.transfer_id, message.ts_event_ns)

    def resume(self, since_ns: int, whole_ns: int, known: Iterable[str]) -> None:
        """Begin with what an anchor has of the same three."""
        self.since_ns, self.whole_ns = since_ns, whole_ns
        self.known = OrderedDict.fromkeys(known)

    def agreed(self) -> None:
        """Take that the account agrees with its venue; transfers count from the first time on."""
        self.since_ns = self.since_ns or self._ctx.wall_ns

    def on_event(self, event: PrivateEvent) -> bool:
        """Take an event of the private stream; return whether balances have changed by no trade, and must be asked for.

        That there was a transfer has it looked for until it is found, or long enough.
        """
        if isinstance(event, TransferReport):
            self._ctx.publish(self._stream, transfer(event, self._ctx.wall_ns))
        elif isinstance(event, TransferDue):
            self._expected_until_ns = self._ctx.now_ns + EXPECTED_NS
        return isinstance(event, TransferReport | TransferDue | BalancesChanged)

    @property
    def looks_again(self) -> bool:
        """Whether one is expected yet."""
        return self._ctx.now_ns < self._expected_until_ns

    def calls(self) -> Sequence[VenueCall]:
        """Return the calls for what may not have been told yet."""
        if not self.since_ns:
            return ()
        self._asked_ns = self._ctx.wall_ns
        return self._account.transfer_calls(max(self.since_ns, self.whole_ns - LATE_NS), self._asked_ns)

    def take(self, reports: Iterable[TransferReport]) -> None:
        """Tell what is new of all that a whole pass has found, the oldest first."""
        self.whole_ns = max(self.whole_ns, self._asked_ns)
        for report in sorted(reports, key=lambda each: each.ts_event_ns):
            if report.transfer_id in self.known or report.ts_event_ns < self.since_ns:
                continue
            self._note(report.transfer_id, report.ts_event_ns)
            self._expected_until_ns = 0
            self._ctx.count(Counter.BALANCES_CHANGED)
            self._ctx.publish(self._stream, transfer(report, self._ctx.wall_ns))

    def _note(self, transfer_id: str, ts_event_ns: int) -> None:
        self.known[transfer_id] = None
        self.whole_ns = max(self.whole_ns, ts_event_ns)
        if len(self.known) > REMEMBERED_MAX:
            self.known.popitem(last=False)

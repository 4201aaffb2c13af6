"""Deposits and withdrawals of a venue that lists them: told once each in the order stream, whenever they were.

A venue whose private stream tells how much came in or went out is not asked. Of all others the list is asked for with each
pass that asks for balances, and at once when the venue says that there was one; where it tells balances and never why they
changed, with each pass before which they have. So what came while nobody was here is told with the first pass.
"""

from collections.abc import Iterable, Sequence

from agents.execution.account_balances import transfer
from agents.execution.listed_once import ListedOnce
from agents.venues.port import TradingAccount
from agents.venues.reports import BalancesChanged, PrivateEvent, TransferDue, TransferReport
from mesh.context import VenueCall
from schemas.counters import Counter
from schemas.messages import Message, Reconciled, Transfer


class TransferBook(ListedOnce[str]):
    """Which were told, by the venue's id."""

    def __init__(self, stream: int, account: TradingAccount) -> None:
        """Publish on the order stream."""
        super().__init__()
        self._stream = stream
        self._account = account

    def restore(self, message: Message) -> None:
        """Fold an event of the own log."""
        if isinstance(message, Reconciled):
            self.agreed(message.ts_ns)
        elif isinstance(message, Transfer) and message.transfer_id:
            self.note(message.transfer_id, message.ts_event_ns)

    def on_event(self, event: PrivateEvent) -> bool:
        """Take an event of the private stream; return whether balances have changed by no trade, and must be asked for."""
        if isinstance(event, TransferReport):
            self._ctx.publish(self._stream, transfer(event, self._ctx.wall_ns))
        elif isinstance(event, TransferDue):
            self.expect()
        return isinstance(event, TransferReport | TransferDue | BalancesChanged)

    def calls(self) -> Sequence[VenueCall]:
        """Return the calls for what may not have been told yet."""
        return self._account.transfer_calls(*self.ask()) if self.since_ns else ()

    def take(self, reports: Iterable[TransferReport]) -> None:
        """Tell what is new of all that a whole pass has found, the oldest first."""
        self.had_all()
        for report in sorted(reports, key=lambda each: each.ts_event_ns):
            if self.is_new(report.transfer_id, report.ts_event_ns):
                self._ctx.count(Counter.BALANCES_CHANGED)
                self._ctx.publish(self._stream, transfer(report, self._ctx.wall_ns))

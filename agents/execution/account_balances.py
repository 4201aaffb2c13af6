"""The account's balances as its venue last told of them, and what of them the log says.

They come whole with a pass of the reconciliation, and asset by asset on the private stream. Whoever holds them against
positions of its own reads them in `Reconciled`, which is published whenever a pass finds others than the last one told.
"""

from agents.amounts import amount_text, amount_texts, parse_amount_e8, within_64_bits
from agents.venues.reports import BalanceReport, TransferReport
from schemas.messages import Reconciled, Transfer


class AccountBalances:
    """Balances by asset, times 10**8, in integers of any size."""

    def __init__(self) -> None:
        """Begin with none."""
        self.held_e8: dict[str, int] = {}
        self.has_moved = False
        """Whether the private stream has told of other balances since a pass asked for them."""
        self._told_e8: dict[str, int] = {}

    def restore(self, message: Reconciled) -> None:
        """Fold an event of the own log; one of an older version has integers only."""
        texts = {asset: parse_amount_e8(text) for asset, text in message.balances.items()}
        self.held_e8 = self._told_e8 = texts or dict(message.balances_e8)

    def resume(self, held_e8: dict[str, int]) -> None:
        """Begin with balances that were told before."""
        self.held_e8 = self._told_e8 = held_e8

    def change(self, report: BalanceReport) -> None:
        """Take what the private stream says of some assets."""
        for asset, amount_e8 in report.balances_e8.items():
            self.has_moved = self.has_moved or self.held_e8.get(asset, 0) != amount_e8
        self.held_e8 = self.held_e8 | report.balances_e8

    def replace(self, balances_e8: dict[str, int] | None) -> bool:
        """Take what a pass has found, if it asked; return whether that is not what was told last."""
        if balances_e8 is None:
            return False
        self.held_e8, self.has_moved = balances_e8, False
        return balances_e8 != self._told_e8

    def reconciled(
        self, open_orders: int, fills: int, since_ns: int, cursors: dict[int, str], wall_ns: int
    ) -> Reconciled:
        """Return the event that tells of the balances, which counts as told."""
        self._told_e8 = self.held_e8
        texts = amount_texts(self.held_e8)
        return Reconciled(open_orders, fills, since_ns, within_64_bits(self.held_e8), dict(cursors), texts, wall_ns)

    @property
    def texts(self) -> dict[str, str]:
        """Return every balance as a decimal."""
        return amount_texts(self.held_e8)

    @property
    def fitting_e8(self) -> dict[str, int]:
        """Return the balances that fit in 64 bits."""
        return within_64_bits(self.held_e8)


def transfer(report: TransferReport, wall_ns: int) -> Transfer:
    """Return the event that tells of a balance that changed by no trade."""
    return Transfer(
        report.asset, amount_text(report.amount_e8), report.ts_event_ns, wall_ns, transfer_id=report.transfer_id
    )

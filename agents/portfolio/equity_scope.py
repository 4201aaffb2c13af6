"""The equity of accounts together, as it is told on one stream: of the whole desk, or of one account of several.

Each has a series of its own, with its own day's start and peak. It is known if each of its accounts is: so one account that
cannot be told makes the desk's equity unknown, and leaves that of the others as it is.
"""

from collections.abc import Sequence

from agents.portfolio.equity_series import EquityParts, EquitySeries
from agents.portfolio.followed_account import FollowedAccount
from agents.portfolio.inflows import Inflows
from agents.portfolio.valuation import Valuation, fits
from agents.state.positions import text_e8
from schemas.figures import AccountEquity, PnlFigures
from schemas.messages import Equity
from schemas.streams import Kind, stream_id


class EquityScope:
    """Values its accounts, and keeps the series of what was told."""

    def __init__(
        self, venue_id: int, accounts: Sequence[FollowedAccount], valuation: Valuation, inflows: Inflows
    ) -> None:
        """Take `accounts`, to be told on the stream of a venue, or on that of none."""
        self.stream = stream_id(Kind.EQUITY, venue_id, 0)
        self.accounts = accounts
        self.series = EquitySeries()
        self._valuation = valuation
        self._inflows = inflows
        self._venues = [each.venue_id for each in accounts]

    def is_complete(self) -> bool:
        """Return whether every order event of its accounts is here."""
        return all(each.is_complete() for each in self.accounts)

    def not_known(self) -> str:
        """Return why the equity is not known now, empty if it is; of several accounts it names which."""
        return self._not_known(self._parts())

    def next_known(self, wall_ns: int) -> Equity | None:
        """Return the equity of now, None if it is not known."""
        parts = self._parts()
        return None if self._not_known(parts) else self.series.next(wall_ns, parts)

    def figures(self, wall_ns: int) -> AccountEquity:
        """Return it for people, of what it is as far as that is known."""
        parts = self._parts()
        equity = self.series.next(wall_ns, parts)
        return AccountEquity(
            pnl=PnlFigures(
                realised=text_e8(equity.realised_e8),
                unrealised=text_e8(equity.unrealised_e8),
                fees=text_e8(equity.fees_e8),
                equity=text_e8(equity.equity_e8),
                funding=text_e8(parts.funding_e8),
            ),
            opening=text_e8(equity.opening_e8),
            transfers=text_e8(equity.transfers_e8),
            not_known=self._not_known(parts),
        )

    def _parts(self) -> EquityParts:
        opening_e8, transfers_e8 = self._inflows.opening_e8(self._venues), self._inflows.transfers_e8(self._venues)
        return self._valuation.parts([each.account for each in self.accounts], opening_e8, transfers_e8)

    def _not_known(self, parts: EquityParts) -> str:
        for each in self.accounts:
            why = self._not_known_of(each)
            if why:
                return f"{each.name}: {why}" if len(self.accounts) > 1 else why
        return "" if fits(parts) else "the equity or a part of it is beyond 2**63 times 10**-8"

    def _not_known_of(self, each: FollowedAccount) -> str:
        if not each.is_complete():
            return "an account's order events are not complete"
        return self._valuation.not_known(each.account)

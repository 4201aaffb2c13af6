"""The desk: the accounts that one risk agent stands above, with what is of all of them together.

Decisions, order ids, trading modes and correlations are the desk's; positions, orders, reservations, limits and buying
power are an account's (`agents.risk.judged_account`). With one account its equity is the desk's.
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.risk.judged_account import JudgedAccount
from agents.risk.known_equity import KnownEquity
from agents.risk.limits import DeskLimits


class Desk:
    """The accounts of one risk agent, found by venue, instrument or order; `equity` is that of all together."""

    def __init__(
        self,
        accounts: Sequence[JudgedAccount],
        equity: KnownEquity,
        limits: DeskLimits,
        infos: Mapping[int, InstrumentInfo],
    ) -> None:
        """Take them; `infos` are all instruments by number."""
        self.accounts = tuple(accounts)
        self.equity = equity
        self.limits = limits
        self._by_venue = {account.venue_id: account for account in accounts}
        self._infos = infos

    @property
    def venues(self) -> dict[str, int]:
        """The number of each account's venue, by its execution agent."""
        return {account.execution: account.venue_id for account in self.accounts}

    def at(self, venue_id: int) -> list[JudgedAccount]:
        """Return the account at a venue, all if that is 0; none if the desk has none there."""
        if venue_id == 0:
            return list(self.accounts)
        return [account for account in self.accounts if account.venue_id == venue_id]

    def of_instrument(self, instrument_id: int) -> JudgedAccount | None:
        """Return the account that an instrument is traded on, None if it is on none."""
        info = self._infos.get(instrument_id)
        return None if info is None else self._by_venue.get(info.venue.id)

    def trading(self, instrument_id: int) -> list[JudgedAccount]:
        """Return the account that an instrument is traded on, all if that is 0; none if it is on none."""
        if instrument_id == 0:
            return list(self.accounts)
        account = self.of_instrument(instrument_id)
        return [] if account is None else [account]

    def with_order(self, client_order_id: str) -> JudgedAccount | None:
        """Return the account that an order is on, None if none has it."""
        for account in self.accounts:
            if account.account.orders.get(client_order_id) is not None:
                return account
        return None

    def name_of(self, venue_id: int) -> str:
        """Return the execution agent of an account."""
        return self._by_venue[venue_id].execution

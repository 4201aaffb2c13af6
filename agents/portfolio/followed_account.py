"""One account that a portfolio follows: whose order events it is folded from, and whether all of them are there."""

from agents.portfolio.balance_check import BalanceCheck
from agents.portfolio.valuation import Valuation
from agents.state.account import Account
from mesh.context import Context
from schemas.streams import StreamState, stream_venue


class FollowedAccount:
    """An account by who publishes its order events, and whether the venue holds what they come to."""

    def __init__(self, publisher: str, stream: int, name: str, account: Account, valuation: Valuation) -> None:
        """Take the account of the venue `name`; compare balances as far as `valuation` says that they matter."""
        self.publisher = publisher
        self.stream = stream
        self.name = name
        self.account = account
        self.venue_id = stream_venue(stream)
        self.check = BalanceCheck(self.venue_id, account.holdings, lambda asset: valuation.tolerance_e8(account, asset))

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def is_complete(self) -> bool:
        """Return whether every order event is here."""
        return self._ctx.stream_state(self.publisher, self.stream) is StreamState.LIVE

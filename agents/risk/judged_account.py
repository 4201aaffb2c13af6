"""One venue account under risk: what it holds, what was approved on it, and the limits that hold for it alone.

Several accounts are one desk (`agents.risk.desk`). Here is all that is of one of them: its execution agent and ORDER
stream, the fold of that, its reservations, its limits, what it can pay and be margined for, its equity, and its rate of
orders.

This file is compiled (`judged_account.pxd` has the C types).
"""

from agents.instruments import InstrumentTable
from agents.risk.buying_power import BuyingPower
from agents.risk.known_equity import KnownEquity
from agents.risk.limits import Denial, Limits
from agents.risk.margin_power import MarginPower
from agents.risk.reservations import Reservations
from agents.state.account import Account
from agents.state.market_view import Figures
from core.token_bucket import TokenBucket
from mesh.context import Context
from schemas.config import LimitsConfig
from schemas.orders import Reason
from schemas.streams import Kind, StreamState, stream_id

LIVE = StreamState.LIVE


class JudgedAccount:
    """The account that the agent `execution` trades on at the venue of that number."""

    def __init__(
        self,
        execution: str,
        venue_id: int,
        table: InstrumentTable,
        limits: tuple[Limits, LimitsConfig],
        equity: KnownEquity,
        submit_ttl_ms: int,
    ) -> None:
        """Begin flat, not known, and without tokens; `limits` are its own, parsed and as they are configured."""
        self.execution = execution
        self.venue_id = venue_id
        self.order_stream = stream_id(Kind.ORDER, venue_id, 0)
        self.margin_stream = stream_id(Kind.ACCOUNT, venue_id, 0)
        self.account = Account(table)
        self.reservations = Reservations(self.account.orders, submit_ttl_ms)
        self.limits, self.config = limits
        self.buying_power = BuyingPower(self.account, self.limits.fee_reserve_ppb)
        self.margin_power = MarginPower(self.account, self.limits)
        self.bucket = TokenBucket(self.config.orders_per_second_max, self.config.orders_burst_max)
        self.equity = equity
        self.was_known = False
        """Whether it was known once since risk began: since then it holds no more than what its orders may still trade."""

    def fault(self, ctx: Context) -> Denial | None:
        """Return why nothing can be ordered on the account now: execution is away, or has not agreed with its venue."""
        state = ctx.stream_state(self.execution, self.order_stream)
        if state is not LIVE:
            figures: Figures = {"stream_state": StreamState(state).name, "stream_state_required": "LIVE"}
            return Denial(Reason.EXECUTION_UNAVAILABLE, figures)
        if not self.account.is_reconciled():
            account = self.account
            figures = {"reconciled_epoch": account.reconciled_epoch, "execution_epoch": account.epoch}
            return Denial(Reason.RECONCILING, figures)
        self.was_known = True
        return None

    def reconciling(self, ctx: Context) -> Denial | None:
        """Return why the account is not known although execution is there, None if it is or execution is not."""
        is_live = ctx.stream_state(self.execution, self.order_stream) is LIVE
        return self.fault(ctx) if is_live else None

    def is_known(self, ctx: Context) -> bool:
        """Return whether it is known what the account holds at most: its orders were followed up to date once."""
        return self.was_known or self.fault(ctx) is None

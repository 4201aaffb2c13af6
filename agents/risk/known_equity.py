"""Equity as risk knows it: what the portfolio last said of one account, or of all, and whether that is to be relied on.

The portfolio publishes the equity of the desk and, where it follows several accounts, that of each on a stream of its own.
A limit on loss is only as good as the figure that it is held against, so what would open needs one that is not old.

This file is compiled (`known_equity.pxd` has the C types).
"""

from agents.risk.limits import Denial, LossLimits
from agents.state.causes import add_cause
from agents.state.market_view import Figures
from core.frame import Header
from mesh.context import Context
from schemas.messages import Cause, Equity
from schemas.orders import Reason
from schemas.streams import StreamState
from schemas.units import MS

LIVE = StreamState.LIVE


class KnownEquity:
    """The newest equity of one stream of the agent `publisher`; it is of use for `age_ns_max`."""

    def __init__(self, publisher: str, stream: int, age_ns_max: int) -> None:
        """Begin without any."""
        self.stream = stream
        self.equity: Equity | None = None
        self._publisher = publisher
        self._age_ns_max = age_ns_max
        self._seen_ns = 0
        self._epoch = 0
        self._seq = 0

    def take(self, header: Header, equity: Equity, now_ns: int, wall_ns: int) -> None:
        """Take an equity: as old as its publisher's clock says that it was on arrival, and older from then."""
        self.equity = equity
        self._seen_ns = now_ns - max(0, wall_ns - equity.ts_recv_ns)
        self._epoch, self._seq = header.epoch, header.seq

    def add_cause(self, found: list[Cause]) -> None:
        """Add the position of the newest equity, if there was one and it is not in `found` yet."""
        if self._epoch:
            add_cause(found, self.stream, self._epoch, self._seq)

    def fault(self, ctx: Context, limits: LossLimits) -> Denial | None:
        """Return why equity is not known although a limit is on it, None if it is or none is."""
        if not limits.bounded:
            return None
        state = ctx.stream_state(self._publisher, self.stream)
        if state is not LIVE or self.equity is None:
            figures: Figures = {
                "stream_state": StreamState(state).name,
                "stream_state_required": "LIVE",
                "equity_seen": int(self.equity is not None),
            }
            return Denial(Reason.PORTFOLIO_UNAVAILABLE, figures)
        age_ns = ctx.now_ns - self._seen_ns
        if age_ns > self._age_ns_max:
            figures = {"age_ms": age_ns // MS, "age_ms_max": self._age_ns_max // MS}
            return Denial(Reason.PORTFOLIO_UNAVAILABLE, figures)
        return None

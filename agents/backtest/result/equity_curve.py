"""The curve of a desk's equity: samples in equal steps, drawdown, hours, and the lines that a report draws."""

from agents.backtest.result.figures import (
    YEAR_NS,
    Drawdown,
    mean,
    period_of,
    ratio,
    returns_of,
    sharpe,
    sortino,
    volatility,
)
from agents.backtest.result.thinned import Thinned
from schemas.messages import E8, Equity

HOUR_NS = 3_600_000_000_000


class EquityCurve:
    """Takes every `Equity` of the desk, in the order of time, and keeps what figures and report are made of.

    Samples are taken at the first moment and after each whole period, each the last equity that was told by then. What was
    told before the first message of the data (agents start a little earlier) is where the curve begins.
    """

    def __init__(self, first_ns: int, last_ns: int) -> None:
        """Take the times of the first and the last message that was played."""
        self.sample_ns = period_of(last_ns - first_ns)
        self.drawdown = Drawdown()
        self.line = Thinned(first_ns, last_ns)
        self.below = Thinned(first_ns, last_ns)
        self.hours: dict[int, int] = {}
        """By the beginning of an hour, what equity changed by in it but for transfers, times 10**8."""
        self.opening_e8 = self.transfers_e8 = self.final_e8 = 0
        self._equity: list[int] = []
        self._transfers: list[int] = []
        self._due_ns = first_ns
        self._first_ns, self._last_ns = first_ns, last_ns
        self._told: Equity | None = None

    def add(self, told: Equity) -> None:
        """Take the next one."""
        self._sample(min(told.ts_recv_ns, self._last_ns + 1))
        before = self._told
        wealth_e8 = told.equity_e8 - told.transfers_e8
        if before is None:
            self.opening_e8 = wealth_e8
            self._due_ns = max(self._due_ns, told.ts_recv_ns)
        hour_ns = max(told.ts_recv_ns, self._first_ns) // HOUR_NS * HOUR_NS
        gained_e8 = 0 if before is None else wealth_e8 - (before.equity_e8 - before.transfers_e8)
        self.hours[hour_ns] = self.hours.get(hour_ns, 0) + gained_e8
        self.transfers_e8, self.final_e8 = told.transfers_e8, told.equity_e8
        share = self.drawdown.add(told.ts_recv_ns, wealth_e8)
        if before is None or told.ts_recv_ns >= self._first_ns:
            self.line.add(told.ts_recv_ns, told.equity_e8 / E8)
            self.below.add(told.ts_recv_ns, -share)
        self._told = told

    def end(self) -> None:
        """Take what was told last as what holds to the end."""
        if self._told is not None:
            self._sample(self._last_ns + 1)

    @property
    def returns(self) -> list[float]:
        """Return the returns between samples."""
        return returns_of(self._equity, self._transfers)

    @property
    def gained_e8(self) -> int:
        """What equity changed by in all, but for transfers."""
        return self.final_e8 - self.transfers_e8 - self.opening_e8

    def figures(self) -> dict[str, float | None]:
        """Return the figures of return and risk, by their keys."""
        returns, periods = self.returns, YEAR_NS / self.sample_ns
        return {
            "total_return": ratio(self.gained_e8, self.opening_e8) if self.opening_e8 > 0 else None,
            "volatility": volatility(returns, periods),
            "sharpe": sharpe(returns, periods),
            "sortino": sortino(returns, periods),
        }

    def mean_e8(self) -> float | None:
        """Return the mean of the samples of equity."""
        return mean(self._equity)

    def _sample(self, before_ns: int) -> None:
        """Take the samples that were due before a moment."""
        while self._told is not None and self._due_ns < before_ns:
            self._equity.append(self._told.equity_e8)
            self._transfers.append(self._told.transfers_e8)
            self._due_ns += self.sample_ns

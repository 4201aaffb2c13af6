"""The equity series: day's start and peak, which limits are measured from, and what begins them anew.

A portfolio of several accounts keeps one of each, and one of all (`agents.portfolio.equity_scope`).

A day is a date in UTC, of our wall clock, and begins with the last equity of the date before. Only a later date than any
before begins one: a clock that steps back over midnight and on again ends nothing. What is paid in or out moves day's start
and peak by what it is worth, as it is neither profit nor loss; so does an account that opens later than others. An operator
may have either begin anew (`EquityReset`), for a true drawdown that was looked into, or a peak that was never there.

All of it is folded from the published series, so that it outlives a restart.
"""

from typing import NamedTuple

from schemas.messages import Equity, EquityReset
from schemas.units import DAY


class EquityParts(NamedTuple):
    """The equity now and what it is made of, in the desk's currency times 10**8; the rest of it is unrealised profit.

    `funding_e8` is a part of what was realised.
    """

    equity_e8: int
    realised_e8: int
    fees_e8: int
    opening_e8: int
    transfers_e8: int
    funding_e8: int = 0


class EquitySeries:
    """The last equity that was published, and what the next one takes over from it."""

    def __init__(self) -> None:
        """Begin without one."""
        self.last: Equity | None = None
        self._day = 0
        self._anew = (False, False)

    def restore(self, message: Equity | EquityReset) -> None:
        """Fold a record of the own log."""
        if isinstance(message, Equity):
            self.take(message)
        else:
            self.begin_anew(peak=message.peak, day_start=message.day_start)

    def state(self) -> tuple[Equity | None, int, tuple[bool, bool]]:
        """Return what `resume` takes."""
        return self.last, self._day, self._anew

    def resume(self, last: Equity | None, day: int, anew: tuple[bool, bool]) -> None:
        """Begin with the last equity, the latest day, and what begins anew with the next, as an anchor has them."""
        self.last, self._day, self._anew = last, day, anew

    def take(self, equity: Equity) -> None:
        """Take what is published as the last."""
        self.last = equity
        self._day = max(self._day, equity.ts_recv_ns // DAY)
        self._anew = (False, False)

    def begin_anew(self, *, peak: bool, day_start: bool) -> None:
        """Have the next equity be the peak, or the day's start."""
        self._anew = (self._anew[0] or peak, self._anew[1] or day_start)

    def next(self, wall_ns: int, parts: EquityParts) -> Equity:
        """Return the equity of now; nothing is taken over until it is published (`take`)."""
        now_e8, last = parts.equity_e8, self.last
        peak_anew, day_anew = self._anew if last is not None else (True, True)
        day_start_e8 = peak_e8 = now_e8
        if last is not None:
            paid_e8 = parts.opening_e8 + parts.transfers_e8 - last.opening_e8 - last.transfers_e8
            begun = wall_ns // DAY > self._day
            day_start_e8 = (last.equity_e8 if begun else last.day_start_equity_e8) + paid_e8
            peak_e8 = max(last.peak_equity_e8 + paid_e8, now_e8)
        return Equity(
            ts_recv_ns=wall_ns,
            equity_e8=now_e8,
            realised_e8=parts.realised_e8,
            unrealised_e8=now_e8 - parts.opening_e8 - parts.transfers_e8 - parts.realised_e8 + parts.fees_e8,
            fees_e8=parts.fees_e8,
            day_start_equity_e8=now_e8 if day_anew else day_start_e8,
            peak_equity_e8=now_e8 if peak_anew else peak_e8,
            transfers_e8=parts.transfers_e8,
            opening_e8=parts.opening_e8,
        )

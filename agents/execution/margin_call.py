"""Margin calls: the venue says that an account has little more than its positions must keep.

While it calls, nothing is opened in the contracts that it is about: all of them where they share their margin, the named
ones where each has its own. Risk and execution hold that as a trading mode of these contracts, with the reason
LIQUIDATION_NEAR and what the venue has said; it comes back with the log. No venue says when it calls no more. So a call
has ended when figures of the account which are younger than it show `EASED` times as much equity as must be kept. That on
an isolated position, of whose own margin nothing is told, has ended when it is closed, or was not called for again for
`REPEATED_NS`.
"""

from agents.execution.trading_modes import TradingModes
from agents.execution.venue_margin import VenueMargin
from agents.venues.reports import MarginCalled
from mesh.context import Context
from schemas.counters import Counter
from schemas.orders import Reason
from schemas.units import MINUTE

EASED = 2
REPEATED_NS = 10 * MINUTE


class MarginCalls:
    """The contracts of one account that nothing is opened in because the venue calls for margin."""

    def __init__(self, venue: VenueMargin, modes: TradingModes) -> None:
        """Take what the venue has told of the account, and the modes that a call sets."""
        self._venue = venue
        self._modes = modes
        self._isolated: set[int] = set()
        self._called_ns = 0

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def take(self, called: MarginCalled) -> None:
        """Take a call, or its repetition."""
        self._called_ns = self._ctx.wall_ns
        self._ctx.count(Counter.MARGIN_CALLS)
        numbers = called.isolated or tuple(self._venue.contracts)
        self._isolated = self._isolated | set(numbers) if called.isolated else self._isolated - set(numbers)
        for number in numbers:
            self._modes.keep_closed(number, Reason.LIQUIDATION_NEAR, called.text)

    def look(self) -> None:
        """Let be opened again what the venue calls for no more, by what it has told last."""
        for number in self._venue.contracts:
            if self.text_of(number) and self._is_over(number):
                self._isolated.discard(number)
                self._modes.keep_closed(number, Reason.LIQUIDATION_NEAR, "")

    def text_of(self, number: int) -> str:
        """Return what the venue has said in a call that is about a contract, empty if there is none."""
        return self._modes.text_of(number, Reason.LIQUIDATION_NEAR)

    @property
    def told(self) -> list[str]:
        """Return in words what the venue calls for."""
        return list(dict.fromkeys(text for number in self._venue.contracts if (text := self.text_of(number))))

    def _is_over(self, number: int) -> bool:
        if self._venue.margin_ns <= self._called_ns:
            return False
        if number in self._isolated:
            is_old = self._ctx.wall_ns - self._called_ns > REPEATED_NS
            return is_old or not self._venue.held_lots(number)
        equity_e8, maintenance_e8 = self._venue.cover
        return equity_e8 >= EASED * maintenance_e8

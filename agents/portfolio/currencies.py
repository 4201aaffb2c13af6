"""What money of each quote currency is worth in the desk's own: one, or what an instrument is marked at.

The desk's currency counts as itself. One that is joined to it counts at the mark of the instrument that the configuration
names for it, a coin market of that currency quoted in the desk's; or at one, on trust, where it names none. Nothing else is
money here: what is quoted in another currency is refused when the portfolio is built.
"""

from collections.abc import Mapping

from agents.portfolio.marks import Mark
from agents.state.positions import E9
from mesh.context import Context
from schemas.streams import StreamState

AT_PAR = "1"
"""What the configuration says of a currency that counts at one."""


class Currencies:
    """Rates times 10**9, and whether they are known."""

    def __init__(self, currency: str, joined: Mapping[str, Mark | None]) -> None:
        """Count in `currency`; a joined one has the mark of what tells its worth, None if it counts at one."""
        self.currency = currency
        self._joined = dict(joined)
        self.all = (currency, *self._joined)
        self.marked: dict[str, Mark] = {name: mark for name, mark in joined.items() if mark is not None}
        """The joined currencies whose worth moves, and what tells it."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context, which knows what streams are live."""
        self._ctx = ctx

    def is_money(self, asset: str) -> bool:
        """Return whether an asset is the desk's currency or joined to it."""
        return asset == self.currency or asset in self._joined

    def rate_e9(self, currency: str) -> int:
        """Return what a unit is worth by the last mark, 0 if there never was one."""
        mark = self.marked.get(currency)
        if mark is not None:
            return mark.px_e9
        return E9 if self.is_money(currency) else 0

    def known_rate_e9(self, currency: str) -> int | None:
        """Return what a unit is worth, None while no market has told that since the start."""
        mark = self.marked.get(currency)
        return self.rate_e9(currency) if mark is None or mark.known else None

    def is_live(self, currency: str) -> bool:
        """Return whether what a unit is worth is known now: its market is live, or it counts at one."""
        mark = self.marked.get(currency)
        if mark is None:
            return True
        return mark.known and self._ctx.stream_state(mark.publisher, mark.stream) is StreamState.LIVE

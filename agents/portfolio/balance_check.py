"""The venue's balances held against what fills and transfers come to, at each agreement of execution with its venue.

What the venue tells is a moment older than what is booked here, or younger, so one difference proves nothing while orders
fill. It is trouble when the same difference is there at two agreements in a row, or when it has stood for `STANDS_NS` and
nothing was booked from `QUIET_NS` before it was seen. Trouble is told as a trading mode of the account, which risk folds:
only what reduces may be ordered while nobody knows what is held. It ends with the agreement at which all is equal again, or
when the difference is booked as a transfer: because the venue told of it late, or because an operator asked for that.

How much of an asset is no difference is said by who knows the marks; an asset that nothing values is not compared.
"""

from collections.abc import Callable

from agents.state.holdings import Holdings
from agents.state.positions import text_e8
from schemas.messages import E8, TradingState
from schemas.orders import Reason, TradingMode
from schemas.units import SECOND

STANDS_NS = 5 * SECOND
QUIET_NS = 10 * SECOND
"""A pass of the reconciliation takes no longer, so what it was told of balances is younger than what was booked before."""
TEXT_MAX = 400


class BalanceCheck:
    """Differences of one account, and whether they are trouble."""

    def __init__(self, venue_id: int, holdings: Holdings, tolerance_e8: Callable[[str], int | None]) -> None:
        """Compare what `tolerance_e8` gives a bound for."""
        self.venue_id = venue_id
        self.differences_e8: dict[str, int] = {}
        """As of the last agreement, less what was transferred since."""
        self.text = ""
        """What differs, with both figures."""
        self._holdings = holdings
        self._tolerance_e8 = tolerance_e8
        self._told_trouble = False
        self._booked_ns: int | None = None
        self._seen_ns = 0
        self._proven = False
        self._quiet = False

    def restore(self, state: TradingState) -> None:
        """Take what was told before a restart."""
        self._told_trouble = state.mode != TradingMode.ACTIVE

    def note_booking(self, now_ns: int) -> None:
        """Take note that a fill was booked."""
        self._booked_ns = now_ns
        self._quiet = False

    def note_transfer(self, asset: str, amount_e8: int, now_ns: int) -> None:
        """Take off the difference what was paid in."""
        self._booked_ns = now_ns
        if asset in self.differences_e8:
            rest_e8 = self.differences_e8.pop(asset) - amount_e8
            if self._matters(asset, rest_e8):
                self.differences_e8[asset] = rest_e8

    def agree(self, now_ns: int) -> bool:
        """Compare with what the venue has just told; return whether anything differs."""
        before = self.differences_e8
        found = {asset: self._holdings.difference_e8(asset) for asset in self._holdings.assets()}
        self.differences_e8 = {asset: value for asset, value in found.items() if self._matters(asset, value)}
        self.text = "; ".join(self._line(asset) for asset in self.differences_e8)[:TEXT_MAX]
        self._proven = any(before.get(asset) == value for asset, value in self.differences_e8.items())
        self._seen_ns = now_ns
        self._quiet = self._booked_ns is None or now_ns - self._booked_ns > QUIET_NS
        return bool(self.differences_e8)

    def change(self, now_ns: int, wall_ns: int) -> TradingState | None:
        """Return the mode to be told if trouble has begun or ended, None if nothing is new."""
        stands = self._quiet and now_ns - self._seen_ns >= STANDS_NS
        trouble = bool(self.differences_e8) and (self._told_trouble or self._proven or stands)
        if trouble == self._told_trouble or (not trouble and not self._seen_ns):
            return None
        self._told_trouble = trouble
        return TradingState(
            mode=int(TradingMode.REDUCING if trouble else TradingMode.ACTIVE),
            text=self.text if trouble else "the venue's balances are equal again",
            reason=int(Reason.RECONCILIATION_TROUBLE),
            venue_id=self.venue_id,
            ts_ns=wall_ns,
        )

    def _matters(self, asset: str, difference_e8: int) -> bool:
        tolerance_e8 = self._tolerance_e8(asset)
        return tolerance_e8 is not None and abs(difference_e8) > tolerance_e8

    def _line(self, asset: str) -> str:
        held_e8 = self._holdings.venue_e8.get(asset, 0)
        return f"{asset}: venue {text_e8(held_e8)}, booked {text_e8(self._holdings.held_e16(asset) // E8)}"

"""The venue's balances held against what fills and transfers come to, at each agreement of execution with its venue.

What the venue tells is of a moment that is somewhat older than what is booked here, or younger, as its events travel. So a
balance is right if it is what was booked at any moment from `BEFORE_NS` before the agreement to `AFTER_NS` after it. One
that is not is trouble. It is told as a trading mode of the account, which risk folds: only what reduces may be ordered
while nobody knows what is held. Trouble ends with the agreement at which all is right again, or when the difference is
booked as a transfer: because the venue told of it late, or because an operator asked for that.

How much of an asset is no difference is said by who knows the marks; an asset that nothing values is not compared.
"""

from collections import deque
from collections.abc import Callable, Iterable

from agents.state.holdings import Holdings
from agents.state.positions import text_e8
from schemas.messages import E8, TradingState
from schemas.orders import Reason, TradingMode
from schemas.units import SECOND

BEFORE_NS = 10 * SECOND
"""A pass of the reconciliation takes no longer, from asking for the balances to its end."""
AFTER_NS = 5 * SECOND
BOOKINGS_MAX = 4_096
"""Bookings that are remembered; more in `BEFORE_NS` than this are no trading by strategies."""
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
        self._begun_ns: int | None = None
        self._agreed_ns: int | None = None
        self._held_e8: dict[str, int] = {}
        self._before: deque[tuple[int, str, int]] = deque(maxlen=BOOKINGS_MAX)
        """When a balance was changed, of which asset, and what it was until then."""

    def restore(self, state: TradingState) -> None:
        """Take what was told before a restart."""
        self._told_trouble = state.mode != TradingMode.ACTIVE

    def begin(self, now_ns: int) -> None:
        """Begin to remember what is booked: all events are here."""
        self._begun_ns = now_ns
        self._before.clear()
        self._held_e8 = {asset: self._held_of(asset) for asset in self._holdings.assets()}

    def note_booking(self, assets: Iterable[str], now_ns: int) -> None:
        """Take note that balances of these assets were changed, by a fill or a transfer."""
        for asset in assets:
            held_e8 = self._held_of(asset)
            self._before.append((now_ns, asset, self._held_e8.get(asset, 0)))
            self._held_e8[asset] = held_e8
            young = self._agreed_ns is not None and now_ns - self._agreed_ns <= AFTER_NS
            if young and asset in self.differences_e8 and not self._matters(asset, self._told_of(asset) - held_e8):
                del self.differences_e8[asset]

    def note_transfer(self, asset: str, amount_e8: int) -> None:
        """Take off the difference what was paid in."""
        if asset in self.differences_e8:
            rest_e8 = self.differences_e8.pop(asset) - amount_e8
            if self._matters(asset, rest_e8):
                self.differences_e8[asset] = rest_e8

    def agree(self, now_ns: int) -> bool:
        """Compare with what the venue has just told; return whether anything differs."""
        if self._begun_ns is None or (now_ns - self._begun_ns < BEFORE_NS and self._before):
            return False
        self._agreed_ns = now_ns
        while self._before and now_ns - self._before[0][0] > BEFORE_NS:
            self._before.popleft()
        found = {asset: self._holdings.difference_e8(asset) for asset in self._holdings.assets()}
        self.differences_e8 = {
            asset: value_e8
            for asset, value_e8 in found.items()
            if self._matters(asset, value_e8) and not self._was_so(asset)
        }
        self.text = "; ".join(self._line(asset) for asset in self.differences_e8)[:TEXT_MAX]
        return bool(self.differences_e8)

    def change(self, now_ns: int, wall_ns: int) -> TradingState | None:
        """Return the mode to be told if trouble has begun or ended, None if nothing is new."""
        if self._agreed_ns is None:
            return None
        stands = self._told_trouble or now_ns - self._agreed_ns >= AFTER_NS
        trouble = bool(self.differences_e8) and stands
        if trouble == self._told_trouble:
            return None
        self._told_trouble = trouble
        return TradingState(
            mode=int(TradingMode.REDUCING if trouble else TradingMode.ACTIVE),
            text=self.text if trouble else "the venue's balances are right again",
            reason=int(Reason.RECONCILIATION_TROUBLE),
            venue_id=self.venue_id,
            ts_ns=wall_ns,
        )

    def _was_so(self, asset: str) -> bool:
        """Return whether a balance is what was booked a moment ago."""
        told_e8 = self._told_of(asset)
        return any(each == asset and not self._matters(asset, told_e8 - held_e8) for _, each, held_e8 in self._before)

    def _matters(self, asset: str, difference_e8: int) -> bool:
        tolerance_e8 = self._tolerance_e8(asset)
        return tolerance_e8 is not None and abs(difference_e8) > tolerance_e8

    def _held_of(self, asset: str) -> int:
        return self._holdings.held_e16(asset) // E8

    def _told_of(self, asset: str) -> int:
        return self._holdings.venue_e8.get(asset, 0)

    def _line(self, asset: str) -> str:
        return f"{asset}: venue {text_e8(self._told_of(asset))}, booked {text_e8(self._held_of(asset))}"

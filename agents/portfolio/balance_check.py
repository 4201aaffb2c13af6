"""The venue's balances held against what fills and transfers come to, at each agreement of execution with its venue.

What the venue tells is of a moment that is somewhat older than what is booked here, or younger, as its events travel. So
balances are right if they are, all together, what was booked at some moment from `BEFORE_NS` before the agreement to
`AFTER_NS` after it. If there is no such moment, that is trouble, and what differs least is told. It is told as a trading
mode of the account, which risk folds: only what reduces may be ordered while nobody knows what is held. Trouble ends with
the agreement at which all is right again, or when the difference is booked as a transfer: because the venue told of it
late, or because an operator asked for that.

How much of an asset is no difference is said by who knows the marks; an asset that nothing values is not compared.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping

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
        self.told_trouble = False
        """Whether the last that was told of it is that there is trouble."""
        self._begun_ns: int | None = None
        self._agreed_ns: int | None = None
        self._held_e8: dict[str, int] = {}
        self._before: deque[tuple[int, dict[str, int]]] = deque(maxlen=BOOKINGS_MAX)
        """When balances were changed, and what they were until then."""

    def restore(self, state: TradingState) -> None:
        """Take what was told before a restart."""
        self.told_trouble = state.mode != TradingMode.ACTIVE

    def begin(self, now_ns: int) -> None:
        """Begin to remember what is booked: all events are here."""
        self._begun_ns = now_ns
        self._before.clear()
        self._held_e8 = {asset: self._held_of(asset) for asset in self._holdings.assets()}

    def note_booking(self, assets: Iterable[str], now_ns: int) -> None:
        """Take note that balances of these assets were changed, by a fill or a transfer."""
        before = {asset: self._held_e8.get(asset, 0) for asset in assets}
        self._before.append((now_ns, before))
        self._held_e8.update({asset: self._held_of(asset) for asset in before})
        young = self._agreed_ns is not None and now_ns - self._agreed_ns <= AFTER_NS
        if young and self.differences_e8 and not self._beyond(self._held_e8):
            self.differences_e8 = {}

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
        self.differences_e8 = self._least_beyond()
        self.text = "; ".join(self._line(asset) for asset in self.differences_e8)[:TEXT_MAX]
        return bool(self.differences_e8)

    def change(self, now_ns: int, wall_ns: int) -> TradingState | None:
        """Return the mode to be told if trouble has begun or ended, None if nothing is new."""
        if self._agreed_ns is None:
            return None
        stands = self.told_trouble or now_ns - self._agreed_ns >= AFTER_NS
        trouble = bool(self.differences_e8) and stands
        if trouble == self.told_trouble:
            return None
        self.told_trouble = trouble
        return TradingState(
            mode=int(TradingMode.REDUCING if trouble else TradingMode.ACTIVE),
            text=self.text if trouble else "the venue's balances are right again",
            reason=int(Reason.RECONCILIATION_TROUBLE),
            venue_id=self.venue_id,
            ts_ns=wall_ns,
        )

    def _least_beyond(self) -> dict[str, int]:
        """Return what differs from that moment in the last seconds which most balances are of, the youngest of such."""
        held_e8 = {asset: self._held_of(asset) for asset in self._holdings.assets()}
        least_e8 = self._beyond(held_e8)
        for _, before in reversed(self._before):
            if not least_e8:
                break
            held_e8.update(before)
            found_e8 = self._beyond(held_e8)
            if len(found_e8) < len(least_e8):
                least_e8 = found_e8
        return least_e8

    def _beyond(self, held_e8: Mapping[str, int]) -> dict[str, int]:
        """Return what the venue was told to hold beyond that, as far as it matters."""
        found_e8 = {asset: self._told_of(asset) - held for asset, held in held_e8.items()}
        return {asset: value_e8 for asset, value_e8 in found_e8.items() if self._matters(asset, value_e8)}

    def _matters(self, asset: str, difference_e8: int) -> bool:
        tolerance_e8 = self._tolerance_e8(asset)
        return tolerance_e8 is not None and abs(difference_e8) > tolerance_e8

    def _held_of(self, asset: str) -> int:
        return self._holdings.held_e16(asset) // E8

    def _told_of(self, asset: str) -> int:
        return self._holdings.venue_e8.get(asset, 0)

    def _line(self, asset: str) -> str:
        told_e8 = self._told_of(asset)
        return f"{asset}: venue {text_e8(told_e8)}, booked {text_e8(told_e8 - self.differences_e8[asset])}"

"""What the venue lets one account do, and what of that is used: request weight, and new orders.

A venue that is asked for more than it allows refuses with 429, and bans whoever goes on; so what does not fit is not sent.
Each limit is counted in fixed windows of the venue's clock. Everything that leaves here is counted as it leaves; the
venue's own figure, which comes with its answers and holds what others of this account and address used, corrects that.
It lacks what was on its way when the venue wrote it: that is added, and an older figure never lowers a newer one. The
figure in an answer to what was sent before the window began is of the window before, and is not taken. In a window that
is longer than an hour the venue's figure counts as it is: it may fall too, as fills are taken off there.

A share of every limit (`reserve`) is not for what opens a position, nor for passes of the reconciliation: cancels,
queries and what closes a position find it there.

Creates are what must not wait. So a look at all limits tells how many of them fit for certain and until when, and those
only draw on that; whatever else is asked or told counts them first (`_settle`).

This file is compiled (`budget.pxd` has the C types): every create asks it.
"""

from collections.abc import Iterable, Mapping

from agents.venues.base import VenueLimit
from schemas.units import HOUR, MS

FIT_MAX = 1 << 30


class Allowance:
    """One limit: what is used of it in the window that runs."""

    def __init__(self, limit: VenueLimit, reserve: float) -> None:
        """Begin with nothing used, in a window that has ended."""
        self.name = limit.name
        self.header = limit.header
        self.counts_orders = limit.counts_orders
        self.limit = limit.limit
        self.shared = max(1, int(limit.limit * (1.0 - reserve)))
        """What everyone may use; the rest is the reserve."""
        self.used = 0
        self.out = 0
        """How much of it is on its way: sent, and not answered."""
        self._window_ns = limit.window_ms * MS
        self._begun_ns = 0
        self._ends_wall_ns = 0

    def roll(self, now_ns: int, venue_ns: int) -> None:
        """Begin a new window if that of the venue's time `venue_ns` is another one."""
        if self.runs_at(venue_ns):
            return
        self._ends_wall_ns = venue_ns - venue_ns % self._window_ns + self._window_ns
        self._begun_ns = now_ns
        self.used = self.out

    def has(self, count: int, whole: bool) -> bool:
        """Return whether so much is left, with the reserve if `whole`."""
        return self.used + count <= (self.limit if whole else self.shared)

    def take(self, count: int) -> None:
        """Count what leaves now."""
        self.used += count
        self.out += count

    def answered(self, count: int) -> None:
        """Count that the answer to something has come, or will not."""
        self.out -= count

    def correct(self, told: int, sent_ns: int) -> None:
        """Take the venue's figure from the answer to what was sent at `sent_ns`."""
        if sent_ns < self._begun_ns:
            return
        told += self.out
        if told > self.used or self._window_ns > HOUR:
            self.used = told

    def left_ns(self, venue_ns: int) -> int:
        """Return how long the window still runs."""
        return self._ends_wall_ns - venue_ns

    def runs_at(self, venue_ns: int) -> bool:
        """Return whether the window that runs is that of the venue's time `venue_ns`."""
        return self._ends_wall_ns - self._window_ns <= venue_ns < self._ends_wall_ns

    @property
    def text(self) -> str:
        """Return what is used, of how much, for people."""
        return (
            f"{self.name}: {self.used} used of {self.limit}, {self.limit - self.shared} of them for cancels and closing"
        )


class VenueBudget:
    """All limits of one account."""

    def __init__(self, limits: Iterable[VenueLimit], create_weight: int, reserve: float) -> None:
        """Take what the venue allows; where it tells nothing there is no limit."""
        self.offset_ns = 0
        """What the venue's clock shows more than ours."""
        self._create_weight = create_weight
        self._all = [Allowance(limit, reserve) for limit in limits]
        self._weights = [each for each in self._all if not each.counts_orders]
        self._fit = 0
        """Creates that fit, with none of the reserve, at the venue's times from `_fit_from_ns` until `_fit_until_ns`."""
        self._fit_from_ns = 0
        self._fit_until_ns = 0
        self._drawn = 0
        """Creates that left and were answered, and are not counted yet."""
        self._answered = 0

    def has_order(self, now_ns: int, wall_ns: int, whole: bool) -> bool:
        """Return whether a create may leave now; one that closes a position may use the reserve (`whole`)."""
        venue_ns = wall_ns + self.offset_ns
        if self._fits(venue_ns):
            return True
        self._settle()
        fit, from_ns, until_ns = FIT_MAX, venue_ns, venue_ns + HOUR
        for allowance in self._all:
            allowance.roll(now_ns, venue_ns)
            cost = self._cost(allowance)
            if not allowance.has(cost, whole):
                return False
            fit = min(fit, (allowance.shared - allowance.used) // max(1, cost))
            until_ns = min(until_ns, venue_ns + allowance.left_ns(venue_ns))
        self._fit, self._fit_from_ns, self._fit_until_ns = max(0, fit), from_ns, until_ns
        return True

    def take_order(self, now_ns: int, wall_ns: int) -> None:
        """Count a create that leaves now."""
        venue_ns = wall_ns + self.offset_ns
        if self._fits(venue_ns):
            self._fit -= 1
            self._drawn += 1
            return
        self._settle()
        for allowance in self._all:
            allowance.roll(now_ns, venue_ns)
            allowance.take(self._cost(allowance))

    def take_amend(self, now_ns: int, wall_ns: int) -> None:
        """Count as a new order an amend that leaves now; its weight is that of any request."""
        self._settle()
        for allowance in self._all:
            if allowance.counts_orders:
                allowance.roll(now_ns, wall_ns + self.offset_ns)
                allowance.take(1)

    def amend_answered(self) -> None:
        """Count that an amend that counts as a new order is on its way no more."""
        self._settle()
        for allowance in self._all:
            if allowance.counts_orders:
                allowance.answered(1)

    def order_answered(self) -> None:
        """Count that a create is on its way no more."""
        self._answered += 1

    def _fits(self, venue_ns: int) -> bool:
        return self._fit > 0 and self._fit_from_ns <= venue_ns < self._fit_until_ns

    def _cost(self, allowance: Allowance) -> int:
        return 1 if allowance.counts_orders else self._create_weight

    def _settle(self) -> None:
        """Count what was only drawn, before anything else is counted or asked."""
        self._fit = 0
        if not (self._drawn or self._answered):
            return
        for allowance in self._all:
            allowance.take(self._drawn * self._cost(allowance))
            allowance.answered(self._answered * self._cost(allowance))
        self._drawn = self._answered = 0

    def wait_ns(self, now_ns: int, wall_ns: int, weight: int, whole: bool) -> int:
        """Return how long a request of `weight` must wait, 0 if it may leave now.

        One that is heavier than all that there is waits for a window that is unused.
        """
        self._settle()
        longest_ns = 0
        for allowance in self._weights:
            allowance.roll(now_ns, wall_ns + self.offset_ns)
            room = allowance.limit if whole else allowance.shared
            if not allowance.has(min(weight, room), whole):
                longest_ns = max(longest_ns, allowance.left_ns(wall_ns + self.offset_ns))
        return longest_ns

    def take(self, now_ns: int, wall_ns: int, weight: int) -> None:
        """Count a request that leaves now."""
        self._settle()
        for allowance in self._weights:
            allowance.roll(now_ns, wall_ns + self.offset_ns)
            allowance.take(weight)

    def answered(self, weight: int) -> None:
        """Count that a request is on its way no more."""
        self._settle()
        for allowance in self._weights:
            allowance.answered(weight)

    def correct(self, headers: Mapping[str, str], sent_ns: int) -> None:
        """Take the venue's figures from the answer to what was sent at `sent_ns`; what was answered is counted before."""
        self._settle()
        for allowance in self._all:
            text = headers.get(allowance.header, "")
            if text.isascii() and text.isdigit() and len(text) < 12:
                allowance.correct(int(text), sent_ns)

    def lacking(self, whole: bool) -> str:
        """Return which limit keeps a create back and how much of it is used."""
        self._settle()
        for allowance in self._all:
            if not allowance.has(self._cost(allowance), whole):
                return allowance.text
        return ""

    def figures(self, now_ns: int, wall_ns: int) -> dict[str, str]:
        """Return what is used of each limit."""
        self._settle()
        for allowance in self._all:
            allowance.roll(now_ns, wall_ns + self.offset_ns)
        return {allowance.name: f"{allowance.used} of {allowance.limit}" for allowance in self._all}

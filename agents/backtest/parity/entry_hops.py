"""How long the orders of a run were on their way to the venue, as the venue's own times tell: the measured latency.

An order's hop is from when execution sent it to when the venue took it on, which the venue tells to a step (a
millisecond, at most venues). So what is known of a hop is that it lies in a cell as wide as that. A latency makes it as
likely as it lies in the cell; beside it, less so by the distance to it, by Laplace's law with a small error of the
clocks. The distribution of all hops is told by steps between the deciles of the cells, within which each nanosecond is as
likely as the next.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from agents.backtest.parity.run_orders import RunOrder
from agents.backtest.result.figures import quantile
from schemas.units import US

DECILES = 10
ERROR_NS_MIN = 10 * US
"""Clocks of a host and of its venue are not read more finely than that."""
ERROR_SHARE = 0.05
"""Of a step, if that is more."""
LOG_CHANCE_MIN = -50.0
"""A hop that is less likely says no more: one stray order does not decide."""


class EntryHops(msgspec.Struct, frozen=True):
    """The hops of the orders that tell theirs, by client order id: the middle of each cell; and the steps of all.

    A step is (from, to, how many), in nanoseconds.
    """

    by_order: dict[str, int]
    steps: list[tuple[int, int, int]]

    @property
    def median_ns(self) -> int:
        """Return the median hop, 0 if none is known."""
        return quantile(sorted(self.by_order.values()), 0.5) or 0

    @property
    def parameters(self) -> int:
        """Return how many numbers of the distribution were estimated."""
        return len(self.steps)

    def log_chance(self, hop_ns: int, step_ns: int) -> float:
        """Return the logarithm of how likely the distribution makes the cell around a hop."""
        total = sum(count for _, _, count in self.steps)
        return _log(sum(count * _between(hop_ns, step_ns, low, high) for low, high, count in self.steps) / total)


def entry_hops(orders: Sequence[RunOrder], step_ns: Mapping[str, int]) -> EntryHops:
    """Return what the orders tell that can be compared, and were not made of another by an amend."""
    known = {
        each.client_order_id: (each.life.accepted_ns - each.sent_ns, step_ns[each.account])
        for each in orders
        if each.life.accepted_ns and not each.amends and not each.left_out
    }
    by_order = {name: max(0, begin_ns + (step - 1) // 2) for name, (begin_ns, step) in known.items()}
    begins = sorted(max(0, begin_ns) for begin_ns, _ in known.values())
    ends = sorted(max(0, begin_ns + step - 1) for begin_ns, step in known.values())
    count = min(DECILES, len(known))
    places = [len(known) * n // count for n in range(count + 1)] if count else []
    steps = [(begins[one], ends[other - 1], other - one) for one, other in pairwise(places)]
    return EntryHops(by_order, steps)


def log_chance_of(hop_ns: int, step_ns: int, constant_ns: int) -> float:
    """Return the logarithm of how likely a constant latency makes the cell around a hop."""
    return _log(_between(hop_ns, step_ns, constant_ns, constant_ns))


def _log(chance: float) -> float:
    return max(LOG_CHANCE_MIN, math.log(chance)) if chance > 0 else LOG_CHANCE_MIN


def _between(hop_ns: int, step_ns: int, low_ns: int, high_ns: int) -> float:
    """Return how likely a latency between two bounds makes the cell around `hop_ns`: 1 if all of it lies there."""
    error_ns = max(ERROR_NS_MIN, ERROR_SHARE * step_ns)
    begin_ns = hop_ns - (step_ns - 1) // 2
    end_ns = begin_ns + step_ns - 1
    if low_ns == high_ns:
        return math.exp(-max(begin_ns - low_ns, low_ns - end_ns, 0) / error_ns)
    inside_ns = max(0, min(high_ns, end_ns) - max(low_ns, begin_ns))
    before = _tail(begin_ns - min(high_ns, begin_ns), begin_ns - low_ns, error_ns)
    behind = _tail(max(low_ns, end_ns) - end_ns, high_ns - end_ns, error_ns)
    return (inside_ns + before + behind) / (high_ns - low_ns)


def _tail(near_ns: int, far_ns: int, error_ns: float) -> float:
    """Return the area below the error's law from one distance to a larger one, 0 if it is not."""
    return error_ns * (math.exp(-near_ns / error_ns) - math.exp(-far_ns / error_ns)) if far_ns > near_ns else 0.0

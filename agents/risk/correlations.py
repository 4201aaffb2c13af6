"""How much instruments move together.

`Correlations` follows returns of middle prices, one sample a second (J.P. Morgan, RiskMetrics, 1996, for the exponential
weights).

This file is compiled (`correlations.pxd` has the C types).
"""

import math
from collections.abc import Mapping, Sequence

from core.correlation import EwmaCorrelation

SAMPLE_MS = 1_000


class Correlations:
    """Correlation of the middle prices of instruments, by instrument number."""

    def __init__(self, instruments: Sequence[int], half_life_ms: int) -> None:
        """Follow `instruments`; a sample loses half its weight in `half_life_ms`."""
        self._index = {number: index for index, number in enumerate(instruments)}
        self._last = [0] * len(self._index)
        self.samples_needed = max(2, math.ceil(half_life_ms / SAMPLE_MS))
        """So many samples make a correlation known."""
        self._ewma = EwmaCorrelation(len(self._index), half_life_ms / SAMPLE_MS) if len(self._index) > 1 else None

    def sample(self, mids: Mapping[int, int]) -> None:
        """Add the return of each middle price since the last sample; an instrument without a fresh one is not in `mids`.

        It has no return then and none at the next sample, for that would be of a longer time. A pair has a sample where
        both have one: a market that is dead does not look like one that does not move.
        """
        returns = [math.nan] * len(self._index)
        for number, index in self._index.items():
            mid, last = mids.get(number, 0), self._last[index]
            if mid and last:
                returns[index] = math.log(mid / last)
            self._last[index] = mid
        if self._ewma is not None:
            self._ewma.update(returns)

    def samples(self, one: int, other: int) -> int:
        """Return how many samples the correlation of two instruments rests on; 0 if one is not followed."""
        if self._ewma is None or one not in self._index or other not in self._index:
            return 0
        return self._ewma.samples(self._index[one], self._index[other])

    def between(self, one: int, other: int) -> float | None:
        """Return the correlation of two instruments, None while it is not known."""
        if self._ewma is None or one not in self._index or other not in self._index:
            return None
        value = self._ewma.correlation(self._index[one], self._index[other])
        return None if math.isnan(value) else max(-1.0, min(1.0, value))

"""A seeded order flow: which order arrives next, when, where and how large.

R. Cont, S. Stoikov, R. Talreja, "A Stochastic Model for Order Book Dynamics", Operations Research 58(3), 2010, section 3:
independent Poisson processes, in time units of the paper and with its estimates for Sky Perfect Communications (table 2):
- limit orders at distance i from the opposite best quote with rate lambda(i) = k / i**alpha, k = 1.92, alpha = 0.52;
- market orders of each side with rate mu = 0.94;
- cancellations of each resting order at distance i with rate theta(i) = 0.71, 0.81, 0.68, 0.56, 0.47 for i = 1..5 and on.

We add two things. Sizes are log-normal where the paper has unit sizes. The side of market orders comes in regimes, after
F. Lillo and J. D. Farmer, "The Long Memory of the Efficient Market" (2004): a side is favoured for some seconds, then the
other; without it the mid hardly moves beyond the bounce, and a rule that follows a trend rarely trades.
"""

import math
from random import Random

import msgspec

from schemas.orders import Side

LIMIT_RATE_K = 1.92
LIMIT_RATE_ALPHA = 0.52
MARKET_RATE = 0.94
CANCEL_RATES = (0.71, 0.81, 0.68, 0.56, 0.47)
CANCEL_RATE_MAX = max(CANCEL_RATES)
DISTANCE_MAX = 20
"""Distances beyond this get no limit orders."""
UNITS_PER_SECOND = 3.0
"""Time units of the paper in a second: about 170 events a second for one symbol."""
REGIME_S = (4.0, 14.0)
FAVOURED_SHARE = 0.8
SIZE_SIGMA = 0.8

LIMIT_RATES: tuple[float, ...] = tuple(LIMIT_RATE_K / i**LIMIT_RATE_ALPHA for i in range(1, DISTANCE_MAX + 1))
LIMIT_RATE_SIDE = sum(LIMIT_RATES)


class LimitArrival(msgspec.Struct, frozen=True):
    """A limit order `distance` grid steps from the opposite best quote."""

    side: Side
    distance: int
    units: float


class MarketArrival(msgspec.Struct, frozen=True):
    """A market order."""

    side: Side
    units: float


class CancelArrival(msgspec.Struct, frozen=True):
    """A cancellation of resting order number `index`, if `chance` is below theta(distance) / `CANCEL_RATE_MAX`."""

    index: int
    chance: float


Arrival = LimitArrival | MarketArrival | CancelArrival


class OrderFlow:
    """The arrivals of one symbol, drawn from one seeded generator."""

    def __init__(self, seed: str) -> None:
        """Begin the flow; equal seeds give equal flows."""
        self._random = Random(seed)
        self._favoured = Side.BUY if self._random.random() < 0.5 else Side.SELL
        self._regime_left_s = self._random.uniform(*REGIME_S)

    def wait_s(self, resting: int) -> float:
        """Return the seconds until the next arrival when `resting` orders of the model stand in the book."""
        rate = 2 * (LIMIT_RATE_SIDE + MARKET_RATE) + CANCEL_RATE_MAX * resting
        seconds = self._random.expovariate(rate * UNITS_PER_SECOND)
        self._regime_left_s -= seconds
        if self._regime_left_s <= 0:
            self._favoured = Side(-self._favoured)
            self._regime_left_s = self._random.uniform(*REGIME_S)
        return seconds

    def arrival(self, resting: int) -> Arrival:
        """Return the next arrival, by the share of its rate in all."""
        draw = self._random.random() * (2 * (LIMIT_RATE_SIDE + MARKET_RATE) + CANCEL_RATE_MAX * resting)
        if draw < 2 * LIMIT_RATE_SIDE:
            side = Side.BUY if draw < LIMIT_RATE_SIDE else Side.SELL
            return LimitArrival(side, self._distance(), self.units())
        if draw < 2 * (LIMIT_RATE_SIDE + MARKET_RATE):
            favoured = self._random.random() < FAVOURED_SHARE
            return MarketArrival(self._favoured if favoured else Side(-self._favoured), self.units())
        return CancelArrival(self._random.randrange(resting), self._random.random())

    def units(self) -> float:
        """Return an order size in typical sizes: log-normal with mean 1."""
        return math.exp(self._random.gauss(-(SIZE_SIGMA**2) / 2, SIZE_SIGMA))

    def _distance(self) -> int:
        return self._random.choices(range(1, DISTANCE_MAX + 1), LIMIT_RATES)[0]


def cancel_probability(distance: int) -> float:
    """Return theta(distance) as a share of the highest theta."""
    return CANCEL_RATES[min(max(distance, 1), len(CANCEL_RATES)) - 1] / CANCEL_RATE_MAX


def initial_orders(distance: int) -> int:
    """Return how many orders stand at `distance` in the long run without market orders: lambda / theta, at least 1."""
    theta: float = CANCEL_RATES[min(distance, len(CANCEL_RATES)) - 1]
    return max(1, round(LIMIT_RATES[distance - 1] / theta))

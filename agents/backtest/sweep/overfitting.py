"""How far the best of many backtests is to be believed: two published figures.

`overfit_probability`: the probability of backtest overfitting by combinatorially symmetric cross-validation. Bailey,
Borwein, López de Prado and Zhu, "The probability of backtest overfitting", Journal of Computational Finance 20 (4), 2017,
section 3. Time is cut in `BLOCKS` equal blocks; of each choice of half of them the best variant in it is looked for in the
other half, and the figure is the share of choices in which that variant is no better there than the median.

`deflated_sharpe`: the probability that a Sharpe ratio is above what the best of so many trials has by chance. Bailey and
López de Prado, "The deflated Sharpe ratio", Journal of Portfolio Management 40 (5), 2014, equations 1 and 2. It takes the
trials as independent; variants that resemble each other are fewer than they are counted, which makes it too strict.
"""

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

BLOCKS = 10
EULER_GAMMA = 0.5772156649015329


def overfit_probability(changes: NDArray[np.float64]) -> float | None:
    """Return the share of splits of time in which the best of one half is not above the median of the other.

    Args:
        changes: By variant and slice of time what was gained; the slices divide by `BLOCKS`.

    Returns:
        None where there are not two variants.
    """
    count, slices = changes.shape
    assert slices % BLOCKS == 0, "blocks are of equal size"
    if count < 2:
        return None
    blocks = changes.reshape(count, BLOCKS, -1).sum(axis=2)
    whole = blocks.sum(axis=1)
    overfitted, splits = 0, 0
    for half in combinations(range(BLOCKS), BLOCKS // 2):
        inside = blocks[:, half].sum(axis=1)
        outside = whole - inside
        best = int(np.argmax(inside))
        # The rank among all, from 1, ties shared; its share of count + 1 has a logit of 0 at one half.
        rank = (np.sum(outside < outside[best]) + np.sum(outside <= outside[best]) + 1) / 2
        overfitted += bool(rank / (count + 1) <= 0.5)
        splits += 1
    return overfitted / splits


def sharpe(changes: Sequence[float] | NDArray[np.float64]) -> float | None:
    """Return mean by standard deviation (of the sample) of what was gained in each slice; None if it never varied."""
    found = np.asarray(changes, dtype=np.float64)
    deviation = float(found.std(ddof=1)) if len(found) > 1 else 0.0
    return float(found.mean()) / deviation if deviation > 0 else None


def sharpe_by_chance(variance: float, trials: int) -> float:
    """Return the greatest Sharpe ratio that is expected of `trials` without skill, whose ratios have that variance."""
    normal = NormalDist()
    if trials < 2 or variance <= 0:
        return 0.0
    first = normal.inv_cdf(1 - 1 / trials)
    second = normal.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * ((1 - EULER_GAMMA) * first + EULER_GAMMA * second)


def sharpe_probability(ratio: float, beyond: float, count: int, skewness: float, kurtosis: float) -> float | None:
    """Return the probability that the true Sharpe ratio is above `beyond`, of a sample of `count` with these moments.

    The kurtosis of a normal distribution is 3. None where the moments leave no deviation.
    """
    spread = 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio * ratio
    if spread <= 0 or count < 2:
        return None
    return NormalDist().cdf((ratio - beyond) * math.sqrt(count - 1) / math.sqrt(spread))


def deflated_sharpe(changes: NDArray[np.float64], best: int) -> float | None:
    """Return the deflated Sharpe ratio, a probability, of the variant `best` among all; None where it has no ratio."""
    ratios = [each for row in changes if (each := sharpe(row)) is not None]
    own = sharpe(changes[best])
    if own is None or len(ratios) < 2:
        return None
    centred = changes[best] - changes[best].mean()
    second = float(np.mean(centred**2))
    skewness, kurtosis = float(np.mean(centred**3)) / second**1.5, float(np.mean(centred**4)) / second**2
    beyond = sharpe_by_chance(float(np.var(ratios, ddof=1)), len(ratios))
    return sharpe_probability(own, beyond, changes.shape[1], skewness, kurtosis)

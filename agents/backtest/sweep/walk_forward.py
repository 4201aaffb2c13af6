"""Walk-forward: what the choice of the best variant was worth in the time after the choice.

Time is cut in folds of equal length. At the end of each but the last, the variant that was best from the beginning until
then (an anchored window) is chosen, and what it gained in the next fold is what the choice was worth. Each variant is
played once from beginning to end, and its equity is cut at the borders: positions, indicators and open orders go over them
as they would for a desk that ran all variants on paper and copied the best one's equity.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from agents.backtest.sweep.overfitting import sharpe

GAIN, SHARPE = "equity_change", "sharpe_of_slices"
OBJECTIVES = (GAIN, SHARPE)
"""By what can be chosen: what is known of every slice of time."""


class FoldChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One choice: made at the end of `fold`, judged in the next; gains are in the desk's currency.

    `beaten` is the share of the other variants that gained less in the fold after.
    """

    fold: int
    number: int
    in_sample: float
    in_sample_slices: int
    out_of_sample: float
    out_of_sample_slices: int
    default_out_of_sample: float | None
    best_out_of_sample: float
    beaten: float


class WalkForward(msgspec.Struct, frozen=True, kw_only=True):
    """All choices, and in sum: gain by slice of time in the windows of choice, after it, and the gap between.

    `kept` is the share of the gain in sample that was left out of sample; None where there was no gain to keep.
    """

    window: str = "anchored"
    folds: int
    choices: list[FoldChoice]
    in_sample_by_slice: float
    out_of_sample_by_slice: float
    gap_by_slice: float
    kept: float | None
    out_of_sample: float
    default_out_of_sample: float | None


def walk_forward(
    numbers: Sequence[int],
    changes: NDArray[np.float64],
    default: NDArray[np.float64] | None,
    folds: int,
    objective: str = GAIN,
) -> WalkForward:
    """Return what came of choosing at the end of each fold.

    Args:
        numbers: The variants, one at least.
        changes: By variant, as in `numbers`, and slice of time what was gained.
        default: The same of the configuration as it is, None if that is not known.
        folds: Into how many time is cut, two at least.
        objective: One of `OBJECTIVES`; of equal variants the first is chosen.
    """
    slices = changes.shape[1]
    borders = [round(fold * slices / folds) for fold in range(folds + 1)]
    choices = []
    for fold in range(1, folds):
        at, until = borders[fold], borders[fold + 1]
        before, after = changes[:, :at].sum(axis=1), changes[:, at:until].sum(axis=1)
        best = int(np.argmax(before if objective == GAIN else _ratios(changes[:, :at])))
        others = max(1, len(numbers) - 1)
        choices.append(
            FoldChoice(
                fold=fold,
                number=numbers[best],
                in_sample=float(before[best]),
                in_sample_slices=at,
                out_of_sample=float(after[best]),
                out_of_sample_slices=until - at,
                default_out_of_sample=None if default is None else float(default[at:until].sum()),
                best_out_of_sample=float(after.max()),
                beaten=float(np.sum(after < after[best])) / others,
            )
        )
    inside = sum(each.in_sample for each in choices) / sum(each.in_sample_slices for each in choices)
    gained = sum(each.out_of_sample for each in choices)
    outside = gained / sum(each.out_of_sample_slices for each in choices)
    return WalkForward(
        folds=folds,
        choices=choices,
        in_sample_by_slice=inside,
        out_of_sample_by_slice=outside,
        gap_by_slice=inside - outside,
        kept=outside / inside if inside > 0 else None,
        out_of_sample=gained,
        default_out_of_sample=None if default is None else float(default[borders[1] :].sum()),
    )


def _ratios(changes: NDArray[np.float64]) -> NDArray[np.float64]:
    found = [sharpe(row) for row in changes]
    return np.array([-np.inf if each is None else each for each in found])

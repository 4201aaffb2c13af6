"""What a sweep's figures say, in sentences: how far the best of many is to be believed."""

from agents.backtest.sweep.table import SweepResult
from agents.backtest.sweep.walk_forward import WalkForward


def sentences(result: SweepResult) -> list[str]:
    """Return what is to be known before the best variant is."""
    judged, found = result.judged, []
    played = judged.variants - judged.refused
    refused = f", {judged.refused} were refused" if judged.refused else ""
    found.append(f"{played} variants were played{refused}.")
    if judged.beat_default is not None:
        found.append(f"{judged.beat_default:.0%} of them beat the configuration as it is.")
    if judged.overfit_probability is not None:
        found.append(
            f"Probability that the best is overfitted: {judged.overfit_probability:.0%}"
            " (share of splits of time in which the best of one half is not above the median in the other)."
        )
    if judged.deflated_sharpe is not None:
        found.append(
            f"Deflated Sharpe ratio of the best: {judged.deflated_sharpe:.3f}"
            f" (probability that it is not the luck of the best of {played})."
        )
    if judged.walk_forward is not None:
        found.append(_gap(judged.walk_forward, result.currency))
    else:
        found.append(
            "All figures are in sample: the best was chosen on the time it was played on (--walk-forward tells more)."
        )
    return found


def _gap(walk: WalkForward, currency: str) -> str:
    kept = "nothing to keep" if walk.kept is None else f"{walk.kept:.0%} of it left"
    default = "" if walk.default_out_of_sample is None else f" (as it is: {walk.default_out_of_sample:.6g})"
    return (
        f"Walk-forward, {walk.folds} folds, {walk.window}: the best so far gained {walk.in_sample_by_slice:.6g} {currency}"
        f" a slice of time in sample and {walk.out_of_sample_by_slice:.6g} after it was chosen, {kept};"
        f" in all {walk.out_of_sample:.6g} {currency} out of sample{default}."
    )

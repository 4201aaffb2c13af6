"""Figures of overfitting: the papers' own numbers, and data of which the answer is known."""

import math
from itertools import combinations

import numpy as np
import pytest

from agents.backtest.sweep.overfitting import (
    BLOCKS,
    deflated_sharpe,
    overfit_probability,
    sharpe,
    sharpe_by_chance,
    sharpe_probability,
)


def test_the_example_of_the_paper_of_the_deflated_sharpe_ratio():
    """100 trials with variance 1/2 a year, of which the best has 2.5 a year over 1250 days, skewness -3, kurtosis 10."""
    beyond = sharpe_by_chance(1 / (2 * 250), 100)
    assert beyond == pytest.approx(0.1132, abs=5e-5)
    found = sharpe_probability(2.5 / math.sqrt(250), beyond, 1250, -3.0, 10.0)
    assert found == pytest.approx(0.9004, abs=5e-5)


def test_its_other_example():
    """Of 46 trials the same strategy is just good enough."""
    found = sharpe_probability(2.5 / math.sqrt(250), sharpe_by_chance(1 / 500, 46), 1250, -3.0, 10.0)
    assert found == pytest.approx(0.9505, abs=5e-4)


def test_one_trial_expects_nothing_by_chance():
    assert sharpe_by_chance(1.0, 1) == sharpe_by_chance(0.0, 100) == 0.0


def test_sharpe_is_mean_by_deviation():
    assert sharpe([1.0, 2.0, 3.0]) == pytest.approx(2.0)
    assert sharpe([1.0, 1.0]) is None
    assert sharpe([1.0]) is None


def test_a_variant_that_is_always_best_is_not_overfitted():
    rng = np.random.default_rng(1)
    changes = rng.normal(size=(20, 200))
    changes[7] += 2.0
    assert overfit_probability(changes) == 0.0
    found = deflated_sharpe(changes, 7)
    assert found is not None
    assert found > 0.99


def test_the_best_of_noise_is_overfitted_about_as_often_as_not():
    found = [overfit_probability(np.random.default_rng(seed).normal(size=(50, 200))) for seed in range(40)]
    assert 0.35 < sum(found) / len(found) < 0.65
    deflated = [_deflated_best(np.random.default_rng(seed).normal(size=(50, 200))) for seed in range(40)]
    assert sum(each > 0.95 for each in deflated) <= 6


def _deflated_best(changes):
    return deflated_sharpe(changes, int(np.argmax([sharpe(row) for row in changes])))


def test_who_gains_in_one_half_what_it_loses_in_the_other_is_overfitted():
    """The gain of a variant in one half of the blocks is its loss in the other: whoever is best is worst outside."""
    changes = np.random.default_rng(5).normal(size=(9, 200))
    changes -= changes.mean(axis=1, keepdims=True)
    assert overfit_probability(changes) == 1.0


def test_it_agrees_with_a_naive_computation():
    changes = np.random.default_rng(11).normal(size=(6, 40))
    blocks = [[sum(row[b * 4 : b * 4 + 4]) for b in range(BLOCKS)] for row in changes]
    worse = total = 0
    for half in combinations(range(BLOCKS), BLOCKS // 2):
        inside = [sum(row[b] for b in half) for row in blocks]
        outside = [sum(row[b] for b in range(BLOCKS) if b not in half) for row in blocks]
        best = inside.index(max(inside))
        share = (sorted(outside).index(outside[best]) + 1) / (len(outside) + 1)
        worse += math.log(share / (1 - share)) <= 0
        total += 1
    assert overfit_probability(changes) == pytest.approx(worse / total)


def test_one_variant_has_no_figure():
    assert overfit_probability(np.ones((1, 200))) is None
    assert deflated_sharpe(np.ones((2, 200)), 0) is None

"""Walk-forward: each choice sees only what was before it."""

import numpy as np
import pytest

from agents.backtest.sweep.walk_forward import SHARPE, walk_forward


def test_the_best_until_then_is_judged_in_the_next_fold():
    #                    fold 1       fold 2       fold 3
    first = np.array([3.0, 3.0, -1.0, -1.0, 0.0, 0.0])
    second = np.array([0.0, 0.0, 5.0, 5.0, -2.0, -2.0])
    default = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    found = walk_forward([4, 9], np.array([first, second]), default, 3)
    assert [(c.fold, c.number, c.in_sample, c.out_of_sample) for c in found.choices] == [
        (1, 4, 6.0, -2.0),
        (2, 9, 10.0, -4.0),
    ]
    assert [c.best_out_of_sample for c in found.choices] == [10.0, 0.0]
    assert [c.beaten for c in found.choices] == [0.0, 0.0]
    assert [c.default_out_of_sample for c in found.choices] == [2.0, 2.0]
    assert (found.out_of_sample, found.default_out_of_sample) == (-6.0, 4.0)
    assert found.in_sample_by_slice == pytest.approx(16 / 6)
    assert found.out_of_sample_by_slice == pytest.approx(-6 / 4)
    assert found.gap_by_slice == pytest.approx(16 / 6 + 1.5)
    assert found.kept == pytest.approx(-1.5 / (16 / 6))


def test_what_comes_after_changes_no_choice():
    changes = np.random.default_rng(2).normal(size=(30, 200))
    other = changes.copy()
    other[:, 120:] = np.random.default_rng(3).normal(size=(30, 80))
    before = [c.number for c in walk_forward(range(30), changes, None, 5).choices]
    after = [c.number for c in walk_forward(range(30), other, None, 5).choices]
    assert before[:3] == after[:3]


def test_a_lasting_edge_leaves_no_gap():
    changes = np.zeros((3, 200))
    changes[1] = 0.5
    found = walk_forward([1, 2, 3], changes, None, 5)
    assert {c.number for c in found.choices} == {2}
    assert (found.gap_by_slice, found.kept) == (0.0, 1.0)
    assert found.default_out_of_sample is None


def test_the_best_of_noise_keeps_nothing():
    kept = [walk_forward(range(40), np.random.default_rng(s).normal(size=(40, 200)), None, 5).kept for s in range(30)]
    assert abs(sum(kept) / len(kept)) < 0.3


def test_steady_gains_are_chosen_by_their_ratio():
    steady, wild = np.tile([1.0, 1.1], 5), np.tile([9.0, -5.0], 5)
    by_gain = walk_forward([1, 2], np.array([steady, wild]), None, 2)
    by_ratio = walk_forward([1, 2], np.array([steady, wild]), None, 2, SHARPE)
    assert [by_gain.choices[0].number, by_ratio.choices[0].number] == [2, 1]


def test_nothing_gained_is_nothing_to_keep():
    assert walk_forward([1], np.zeros((1, 200)), None, 2).kept is None

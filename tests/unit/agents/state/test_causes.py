"""Causes: a position is named once, whatever numbers it has in common with others."""

import itertools

from agents.state.causes import add_cause


def test_each_position_is_added_once_and_in_its_turn():
    found = []
    positions = [(s, e, q) for s, e, q in itertools.product((1, 2**32 - 1), (1, 2**32 - 1), (1, 2**63 - 1))]
    for position in positions + positions:
        add_cause(found, *position)
    assert found == positions


def test_positions_that_are_there_already_may_have_any_epoch():
    found = [(5, 2**63 - 1, 7)]
    add_cause(found, 5, 1, 7)
    add_cause(found, 5, 1, 7)
    assert found == [(5, 2**63 - 1, 7), (5, 1, 7)]

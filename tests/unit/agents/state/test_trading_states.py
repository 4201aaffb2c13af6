"""The table of trading modes: the strictest that fits holds, each reason apart, and an operator goes back step by step."""

import pytest

from agents.state.trading_states import OPERATOR, TradingStates, next_operator_mode
from schemas.messages import TradingState
from schemas.orders import Reason, TradingMode

ACTIVE, REDUCING, HALTED = TradingMode.ACTIVE, TradingMode.REDUCING, TradingMode.HALTED


def table(*states: TradingState) -> TradingStates:
    found = TradingStates()
    for state in states:
        found.apply(state)
    return found


def mode(states: TradingStates, venue: int = 1, strategy: str = "a", instrument: int = 7) -> TradingMode:
    found = states.of(venue, strategy, instrument)
    return ACTIVE if found is None else TradingMode(found.mode)


def test_nothing_set_is_active():
    states = TradingStates()
    assert not states.any
    assert mode(states) is ACTIVE


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"strategy": "a"},
        {"instrument_id": 7},
        {"venue_id": 1},
        {"strategy": "a", "instrument_id": 7, "venue_id": 1},
    ],
)
def test_a_mode_holds_for_its_scope(scope):
    assert mode(table(TradingState(HALTED, "x", **scope))) is HALTED


@pytest.mark.parametrize("scope", [{"strategy": "b"}, {"instrument_id": 8}, {"venue_id": 2}])
def test_and_for_nothing_beside_it(scope):
    assert mode(table(TradingState(HALTED, "x", **scope))) is ACTIVE


def test_the_strictest_that_fits_holds():
    assert mode(table(TradingState(HALTED, "x", instrument_id=7), TradingState(REDUCING, "y"))) is HALTED


def test_what_a_limit_set_an_operator_does_not_lift_by_lifting_his_own():
    states = table(TradingState(REDUCING, "loss", reason=Reason.DAILY_LOSS), TradingState(HALTED, "x"))
    assert states.apply(TradingState(ACTIVE, "x"))
    assert mode(states) is REDUCING
    assert states.apply(TradingState(ACTIVE, "a new day", reason=Reason.DAILY_LOSS))
    assert not states.any


def test_the_same_mode_again_is_no_change():
    states = table(TradingState(HALTED, "x"))
    assert not states.apply(TradingState(HALTED, "once more"))
    assert states.mode_of((0, "", 0, OPERATOR)) == HALTED


@pytest.mark.parametrize(
    ("before", "wanted", "found"),
    [(0, 2, 2), (0, 1, 1), (1, 2, 2), (2, 1, 1), (1, 0, 0), (2, 0, None), (0, 0, 0), (2, 2, 2)],
)
def test_an_operator_goes_back_one_step_at_a_time(before, wanted, found):
    assert next_operator_mode(before, wanted) == found


def test_lines_for_people():
    states = table(
        TradingState(REDUCING, "too much", strategy="a", reason=Reason.DAILY_LOSS), TradingState(HALTED, "stop")
    )
    assert states.figures() == ["HALTED all: operator: stop", "REDUCING strategy=a: DAILY_LOSS: too much"]

"""Money is neither made nor lost: any mix of orders and cancels leaves assets and fees in exact balance."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.agents.paper.paper_actions import ACTIONS, act, assert_exact
from tests.unit.agents.paper.paper_kit import Desk


@settings(max_examples=60, deadline=None)
@given(actions=ACTIONS, seed=st.integers(0, 5))
def test_balances_follow_exactly_from_the_fills(actions: list[tuple[Any, ...]], seed: int) -> None:
    desk = Desk(seed=seed, maker_fee="0.00075", taker_fee="0.001")
    desk.run(0.5)
    for action in actions:
        act(desk, action)
    assert_exact(desk)

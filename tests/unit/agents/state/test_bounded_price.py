"""Bounded prices: from near the market to the bound in steps, never beyond it, in the venue's steps."""

import pytest

from agents.state.bounded_price import bounded_price_ticks
from schemas.orders import Side

ONE_PERCENT = 10_000_000


@pytest.mark.parametrize(
    ("step", "sell", "buy"),
    [(1, 9_975, 10_025), (2, 9_950, 10_050), (4, 9_900, 10_100), (9, 9_900, 10_100)],
)
def test_each_step_goes_further_through_the_market_up_to_the_bound(step, sell, buy):
    assert bounded_price_ticks(10_000, Side.SELL, step, ONE_PERCENT) == sell
    assert bounded_price_ticks(10_000, Side.BUY, step, ONE_PERCENT) == buy


@pytest.mark.parametrize(("side", "price"), [(Side.SELL, 9_910), (Side.BUY, 10_090)])
def test_a_price_in_the_venues_steps_is_not_beyond_the_bound(side, price):
    assert bounded_price_ticks(10_000, side, 4, 9_500_000, 10) == price


def test_without_a_market_there_is_no_price():
    assert bounded_price_ticks(0, Side.SELL, 1, ONE_PERCENT) == 0
    assert bounded_price_ticks(0, Side.BUY, 1, ONE_PERCENT) == 0


def test_nothing_is_sold_for_nothing():
    assert bounded_price_ticks(1, Side.SELL, 4, 999_999_999) == 1
    assert bounded_price_ticks(3, Side.SELL, 4, 999_999_999, 10) == 10

"""Correlations: instruments that move together count as one risk, and unknown counts as too high."""

import pytest

from agents.risk.correlations import Correlations
from schemas.orders import Reason, Side
from tests.unit.agents.risk.risk_desk import Desk, S
from tests.unit.agents.trading_desk import (
    ETH,
    filled,
    signal,
)


def moving(desk, samples):
    """Let both instruments move together for so many samples; return the middle of BTCUSDT."""
    mid = 6_000_000
    for step in ((9, -4, 7, -8, 3, 5, -6, 2, -7, 4) * 10)[:samples]:
        mid += 100 * step
        desk.market(mid - 100, mid + 100)
        desk.market(mid // 20 - 5, mid // 20 + 5, ETH)
        desk.equity(1_000_000)
        desk.ctx.advance(desk.agent, S)
    desk.market(mid - 100, mid + 100)
    desk.market(mid // 20 - 5, mid // 20 + 5, ETH)
    return mid


def test_correlated_instrument_on_the_same_side_is_denied():
    desk = Desk(correlation_max=0.9, correlation_half_life_ms=20_000)
    desk.event(filled("e", 1, 10_000, price=300_000, instrument=ETH))
    mid = moving(desk, 30)
    reason, figures = desk.deny(signal(1, price=mid))
    assert reason is Reason.CORRELATION
    assert figures["with"] == "ETHUSDT"
    assert figures["with_position"] == "1"
    assert figures["correlation"] > 0.99
    assert figures["correlation_max"] == 0.9
    desk.event(filled("f", 2, 10_000, price=300_000, side=Side.SELL, instrument=ETH))
    desk.approve(signal(2, price=mid))


def test_open_orders_in_a_correlated_instrument_count_as_what_they_may_become():
    desk = Desk(correlation_max=0.9, correlation_half_life_ms=20_000, short_allowed=True)
    mid = moving(desk, 30)
    desk.approve(signal(1, price=mid))
    reason, figures = desk.deny(signal(2, price=mid // 20, instrument=ETH))
    assert reason is Reason.CORRELATION
    assert (figures["with"], figures["with_position"], figures["with_open_buys"]) == ("BTCUSDT", "0", "0.1")
    desk.approve(signal(3, side=Side.SELL, price=mid // 20, instrument=ETH))


def test_a_correlation_that_is_not_known_yet_counts_as_too_high_while_there_is_exposure_in_the_other():
    desk = Desk()
    mid = moving(desk, 15)
    desk.approve(signal(1, price=mid))
    reason, figures = desk.deny(signal(2, price=mid // 20, instrument=ETH))
    assert reason is Reason.CORRELATION
    assert figures == {
        "correlation": "unknown",
        "samples": 14,
        "samples_needed": 15,
        "with": "BTCUSDT",
        "with_position": "0",
        "with_open_buys": "0.1",
        "with_open_sells": "0",
    }
    desk.ctx.advance(desk.agent, S)
    assert desk.deny(signal(3, price=mid // 20, instrument=ETH))[1]["correlation"] != "unknown"


def test_without_a_limit_on_correlation_it_need_not_be_known():
    desk = Desk(correlation_max=1.0)
    desk.market(299_990, 300_010, ETH)
    desk.approve(signal(1))
    desk.approve(signal(2, price=300_000, instrument=ETH))


def test_instruments_that_move_together_correlate():
    both = Correlations([1, 2, 3], 20_000)
    assert both.between(1, 2) is None
    price = 100_000
    for step in (5, -3, 8, 1, -9, 4, 2, -6, 7, -2) * 4:
        price += step * 10
        both.sample({1: price, 2: 2 * price, 3: 10**12 // price})
    assert both.between(1, 2) == pytest.approx(1.0)
    assert both.between(1, 3) == pytest.approx(-1.0, abs=1e-3)
    assert both.between(1, 99) is None


def test_one_instrument_alone_has_no_correlation():
    alone = Correlations([1], 60_000)
    alone.sample({1: 5})
    assert alone.between(1, 1) is None


def test_a_correlation_is_known_after_as_many_samples_as_its_half_life_has():
    both = Correlations([1, 2], 15_000)
    assert both.samples_needed == 15
    both.sample({1: 1000, 2: 2000})
    for n in range(1, 16):
        assert both.between(1, 2) is None
        both.sample({1: 1000 + n * n, 2: 2000 + n})
    assert both.between(1, 2) is not None
    assert both.samples(1, 2) == 15


def test_a_market_that_is_dead_is_no_sample_and_does_not_look_like_one_that_stands_still():
    both = Correlations([1, 2], 15_000)
    price = 100_000
    for step in (5, -3, 8, 1, -9, 4, 2, -6, 7, -2) * 4:
        price += step * 10
        both.sample({1: price, 2: 2 * price})
    before, samples = both.between(1, 2), both.samples(1, 2)
    for step in (5, -3, 8, 1, -9, 4, 2, -6, 7, -2) * 6:
        price += step * 10
        both.sample({1: price})
    assert both.between(1, 2) == before
    assert both.samples(1, 2) == samples
    both.sample({1: price, 2: 3 * price})  # after a gap a price has no return yet
    assert both.between(1, 2) == before


def test_the_correlation_with_what_is_held_is_unknown_while_its_market_is_dead():
    desk = Desk(correlation_max=0.9, correlation_half_life_ms=20_000, exposure_gross_max="0", exposure_net_max="0")
    desk.event(filled("e", 1, 10_000, price=300_000, instrument=ETH))
    mid = moving(desk, 30)
    assert desk.deny(signal(1, price=mid))[1]["correlation"] > 0.99
    for number in range(2, 62):
        desk.ctx.advance(desk.agent, S)
        desk.market(mid - 100, mid + 100)
        desk.equity(1_000_000)
        reason, figures = desk.deny(signal(number, price=mid))
        assert reason is Reason.CORRELATION
    assert (figures["correlation"], figures["with"]) == ("unknown", "ETHUSDT")
    assert figures["with_market"] == "STALE_MARKET_DATA"

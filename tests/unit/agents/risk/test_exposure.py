"""Exposure: all instruments together at their worst, and not known while the market of one that is held is dead."""

import pytest

from schemas.orders import Reason, Side
from tests.unit.agents.risk.risk_desk import Desk, S
from tests.unit.agents.trading_desk import ETH, filled, signal


def test_gross_exposure_adds_instruments_at_their_worst():
    desk = Desk(exposure_gross_max="20000", correlation_max=1.0)
    desk.market(299_900, 300_100, ETH)
    desk.event(filled("e", 1, 40_000, price=300_000, instrument=ETH))  # 4 ETH = 12000
    desk.approve(signal(1, qty=10_000))  # 6000
    reason, figures = desk.deny(signal(2, qty=5_000))  # 3000 more
    assert reason is Reason.MAX_EXPOSURE_GROSS
    assert figures == {"exposure_gross": "21000", "exposure_gross_max": "20000"}


def test_net_exposure_sets_short_against_long():
    desk = Desk(exposure_net_max="10000", short_allowed=True, correlation_max=1.0)
    desk.market(299_900, 300_100, ETH)
    desk.event(filled("e", 1, 20_000, price=300_000, side=Side.SELL, instrument=ETH))  # -6000
    desk.approve(signal(1, qty=20_000))  # 12000 - 6000
    reason, figures = desk.deny(signal(2, qty=10_000))
    assert reason is Reason.MAX_EXPOSURE_NET
    assert figures == {"exposure_net": "12000", "exposure_net_max": "10000"}


@pytest.mark.parametrize("limit", ["exposure_gross_max", "exposure_net_max"])
def test_nothing_is_added_to_an_exposure_that_is_too_large_to_be_known(limit):
    most = 2**61
    limits = {"exposure_gross_max": "0", "exposure_net_max": "0", limit: "46000000000", "position_max": "40000000000"}
    desk = Desk(
        **limits, order_qty_max="5", order_notional_max="0", price_collar=1.0, drawdown_max=1.0, correlation_max=1.0
    )
    desk.event(filled("e", 1, 20_000_000_000, price=most))
    desk.market(most - 100, most + 100)
    reason, _ = desk.deny(signal(1, qty=1_000, price=2**53))
    assert reason.name == limit.upper().replace("EXPOSURE_", "MAX_EXPOSURE_").removesuffix("_MAX")


def hold_eth(qty=10_000, **limits):
    """A desk that holds ETH, whose market is then heard of no more."""
    desk = Desk(**limits)
    desk.market(299_900, 300_100, ETH)
    desk.event(filled("e", 1, qty, price=300_000, instrument=ETH))
    desk.ctx.advance(desk.agent, 3 * S)
    desk.market()
    desk.equity(1_000_000)
    return desk


@pytest.mark.parametrize("limit", ["exposure_gross", "exposure_net"])
def test_exposure_is_not_known_while_the_market_of_what_is_held_is_dead(limit):
    limits = {"exposure_gross_max": "0", "exposure_net_max": "0", f"{limit}_max": "1000000"}
    desk = hold_eth(correlation_max=1.0, **limits)
    reason, figures = desk.deny(signal(1))
    assert reason is Reason[limit.upper().replace("EXPOSURE", "MAX_EXPOSURE")]
    assert figures == {
        limit: "unknown",
        "with": "ETHUSDT",
        "with_position": "1",
        "with_open_buys": "0",
        "with_open_sells": "0",
        "with_market": "STALE_MARKET_DATA",
        "age_ms": 3000,
        "age_ms_max": 2000,
    }
    desk.market(299_900, 300_100, ETH)
    desk.approve(signal(2))


def test_a_position_is_left_whatever_the_market_of_another_does():
    desk = hold_eth()
    desk.event(filled("b", 2, 10_000))
    desk.approve(signal(1, Side.SELL))


def test_dust_in_a_dead_market_stops_nobody():
    desk = hold_eth(qty=1)
    desk.approve(signal(1))


def test_what_nobody_prices_is_not_known():
    desk = Desk(correlation_max=1.0)
    desk.event(filled("e", 1, 10_000, price=300_000, instrument=ETH))
    assert desk.deny(signal(1))[1]["with_market"] == "STALE_MARKET_DATA"

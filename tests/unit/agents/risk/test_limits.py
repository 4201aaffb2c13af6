"""Each limit: what passes at its edge, what is denied beyond it, and the figures that the denial names."""

import pytest

from agents.risk.limits import (
    check_collar,
    check_equity,
    check_position,
    exposure_e8,
    parse_limits,
    reduces,
)
from agents.state.account import PositionRange
from core.token_bucket import TokenBucket
from schemas.config import LimitsConfig
from schemas.errors import ConfigError
from schemas.messages import E8, Equity
from schemas.orders import Reason, Side

S = 1_000_000_000


def limits(**more):
    return parse_limits(LimitsConfig(**more), "limits")


def test_limits_are_exact_and_finer_than_1e_8_is_refused():
    assert limits(order_qty_max="0.00000001").order_qty_max_e8 == 1
    with pytest.raises(ConfigError, match=r"limits\.daily_loss_max"):
        limits(daily_loss_max="0.000000001")


def test_collar_holds_through_the_middle_and_the_last_trade_on_both_sides():
    collar = limits(price_collar=0.01)
    assert check_collar(collar, Side.BUY, 101_000, 99_990, 100_010, 0) is None
    assert check_collar(collar, Side.SELL, 99_000, 99_990, 100_010, 0) is None
    for side, price in ((Side.BUY, 101_001), (Side.SELL, 98_999)):
        denial = check_collar(collar, side, price, 99_990, 100_010, 0)
        assert denial.reason is Reason.PRICE_COLLAR
        assert denial.figures["price_ticks"] == price
        assert denial.figures["mid_ticks"] == 100_000
        assert denial.figures["price_collar"] == 0.01
    denial = check_collar(collar, Side.BUY, 101_000, 99_990, 100_010, 99_000)
    assert denial.figures["last_ticks"] == 99_000


def test_a_price_that_rests_far_from_the_market_is_not_through_it():
    collar = limits(price_collar=0.01)
    assert check_collar(collar, Side.SELL, 150_000, 99_990, 100_010, 99_000) is None
    assert check_collar(collar, Side.BUY, 50_000, 99_990, 100_010, 99_000) is None


def test_position_counts_what_open_orders_could_add():
    reach = PositionRange(net_qty_e8=2 * E8, buys_e8=2 * E8, sells_e8=0)
    assert check_position(limits(position_max="5"), reach, Side.BUY, E8) is None
    denial = check_position(limits(position_max="5"), reach, Side.BUY, E8 + 1)
    assert denial.reason is Reason.MAX_POSITION
    assert denial.figures == {
        "position": "2",
        "open_orders": "2",
        "order_qty": "1.00000001",
        "position_reached": "5.00000001",
        "position_max": "5",
    }


def test_selling_more_than_is_held_and_not_offered_yet_is_short():
    reach = PositionRange(net_qty_e8=2 * E8, buys_e8=9 * E8, sells_e8=E8)
    assert check_position(limits(), reach, Side.SELL, E8) is None
    denial = check_position(limits(), reach, Side.SELL, E8 + 1)
    assert denial.reason is Reason.SHORT_NOT_ALLOWED
    assert denial.figures["order_qty_max"] == "1"
    allowed = limits(short_allowed=True, position_max="3")
    assert check_position(allowed, reach, Side.SELL, 4 * E8) is None
    assert check_position(allowed, reach, Side.SELL, 4 * E8 + 1).reason is Reason.MAX_POSITION


def test_selling_down_an_oversized_position_passes():
    reach = PositionRange(net_qty_e8=50 * E8, buys_e8=0, sells_e8=0)
    assert check_position(limits(position_max="5"), reach, Side.SELL, E8) is None


def test_only_what_cannot_open_risk_reduces():
    long = PositionRange(net_qty_e8=2 * E8, buys_e8=0, sells_e8=E8)
    assert reduces(long, Side.SELL, E8)
    assert not reduces(long, Side.SELL, E8 + 1)
    assert not reduces(long, Side.BUY, 1)
    short = PositionRange(net_qty_e8=-2 * E8, buys_e8=E8, sells_e8=0)
    assert reduces(short, Side.BUY, E8)
    assert not reduces(short, Side.BUY, E8 + 1)


def equity(now, day_start, peak):
    return Equity(1, now * E8, 0, 0, 0, day_start * E8, peak * E8)


def test_daily_loss_is_denied_when_it_is_reached():
    most = limits(daily_loss_max="100", drawdown_max=1.0)
    assert check_equity(most, equity(901, 1000, 1000)) is None
    denial = check_equity(most, equity(900, 1000, 1000))
    assert denial == (Reason.DAILY_LOSS, {"daily_loss": "100", "daily_loss_max": "100"})
    assert check_equity(limits(daily_loss_max="0", drawdown_max=1.0), equity(1, 1000, 1000)) is None


def test_drawdown_is_from_the_peak():
    most = limits(daily_loss_max="0", drawdown_max=0.2)
    assert check_equity(most, equity(1601, 1000, 2000)) is None
    denial = check_equity(most, equity(1600, 1000, 2000))
    assert denial.reason is Reason.DRAWDOWN
    assert denial.figures == {"equity": "1600", "equity_peak": "2000", "drawdown": 0.2, "drawdown_max": 0.2}


def test_exposure_is_rounded_away_from_zero():
    assert exposure_e8(1, 1) == 1
    assert exposure_e8(-1, 1) == -1
    assert exposure_e8(2 * E8, 3 * E8) == 6 * E8
    assert exposure_e8(0, 5) == 0


def test_tokens_come_back_at_the_rate_and_never_over_the_burst():
    bucket = TokenBucket(2.0, 3)
    bucket.fill(0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(S // 2 - 1)
    assert bucket.take(S // 2)
    assert [bucket.take(100 * S) for _ in range(4)] == [True, True, True, False]


def test_the_wait_for_a_token_ends_when_there_is_one():
    bucket = TokenBucket(0.5, 2)
    bucket.fill(0)
    assert bucket.wait_ns(0) == 0
    assert [bucket.take(0), bucket.take(0)] == [True, True]
    wait_ns = bucket.wait_ns(0)
    assert wait_ns == 2 * S
    assert not bucket.take(wait_ns - 1)
    assert bucket.take(wait_ns)


def test_a_limit_that_64_bits_cannot_compare_is_refused_by_its_key():
    assert limits(open_orders_max=2**62).open_orders_max == 2**62
    with pytest.raises(ConfigError, match=r"limits\.open_orders_max"):
        limits(open_orders_max=2**62 + 1)
    with pytest.raises(ConfigError, match=r"limits\.order_notional_max"):
        limits(order_notional_max="46116860185")


def test_prices_at_the_end_of_their_range_are_compared_exactly():
    collar = limits(price_collar=0.5)
    assert check_collar(collar, Side.BUY, 3 * 2**60, 2**61, 2**61, 0) is None
    assert check_collar(collar, Side.BUY, 2**62, 2**62, 2**62, 2**62) is None
    assert check_collar(collar, Side.BUY, 3 * 2**60 + 1, 2**61, 2**61, 0).reason is Reason.PRICE_COLLAR
    assert check_collar(collar, Side.BUY, 2**62, 2**62, 2**62, 1).figures["last_ticks"] == 1.0

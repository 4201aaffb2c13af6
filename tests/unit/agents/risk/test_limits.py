"""Each limit: what passes at its edge, what is denied beyond it, and the figures that the denial names."""

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.risk.correlations import Correlations
from agents.risk.limits import (
    check_collar,
    check_equity,
    check_form,
    check_position,
    check_size,
    exposure_e8,
    filters_of,
    parse_limits,
    reduces,
)
from agents.state.account import PositionRange
from core.token_bucket import TokenBucket
from schemas.config import LimitsConfig
from schemas.errors import ConfigError
from schemas.messages import E8, Equity, Instrument
from schemas.orders import Reason, Side
from tests.unit.agents.trading_desk import BTC, config, signal

INFO = InstrumentTable(config()).by_id[BTC]
S = 1_000_000_000


def limits(**more):
    return parse_limits(LimitsConfig(**more), "limits")


def size(signal_, **more):
    return check_size(limits(**more), INFO, filters_of(INFO, None), signal_)


def test_limits_are_exact_and_finer_than_1e_8_is_refused():
    assert limits(order_qty_max="0.00000001").order_qty_max_e8 == 1
    with pytest.raises(ConfigError, match=r"limits\.daily_loss_max"):
        limits(daily_loss_max="0.000000001")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"side": 0}, Reason.INVALID_SIDE),
        ({"tif": 9}, Reason.UNSUPPORTED_TIME_IN_FORCE),
        ({"price": 0}, Reason.INVALID_PRICE),
        ({"price": 2**60}, Reason.INVALID_PRICE),
    ],
)
def test_what_is_not_an_order_is_denied(change, reason):
    assert check_form(signal()) is None
    assert check_form(signal(**change)).reason is reason


def test_order_quantity_at_the_maximum_passes_and_one_lot_more_does_not():
    assert size(signal(qty=100_000), order_qty_max="1") is None
    denial = size(signal(qty=100_001), order_qty_max="1")
    assert denial.reason is Reason.ORDER_QTY_ABOVE_MAXIMUM
    assert denial.figures == {"order_qty": "1.00001", "order_qty_max": "1"}


def test_notional_limits_name_both_sides():
    # 60000 * 0.1 = 6000
    assert size(signal(qty=10_000), order_notional_max="6000") is None
    denial = size(signal(qty=10_000), order_notional_max="5999.99")
    assert denial == (Reason.NOTIONAL_ABOVE_MAXIMUM, {"order_notional": "6000", "order_notional_max": "5999.99"})
    assert size(signal(qty=10_000), order_notional_max="0") is None
    denial = size(signal(qty=8))
    assert denial == (Reason.NOTIONAL_BELOW_MINIMUM, {"order_notional": "4.8", "order_notional_min": "5"})


def test_filters_of_the_venue_are_honoured():
    stated = Instrument(BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", 10, 50_000, 20 * E8)
    filters = filters_of(INFO, stated)
    assert check_size(limits(), INFO, filters, signal(qty=9)).reason is Reason.ORDER_QTY_BELOW_MINIMUM
    assert check_size(limits(), INFO, filters, signal(qty=30)).reason is Reason.NOTIONAL_BELOW_MINIMUM
    assert check_size(limits(), INFO, filters, signal(qty=50_001)).reason is Reason.ORDER_QTY_ABOVE_MAXIMUM
    assert check_size(limits(), INFO, filters, signal(qty=50_000)) is None


def test_zero_lots_are_below_the_minimum():
    assert size(signal(qty=0)).reason is Reason.ORDER_QTY_BELOW_MINIMUM


def test_collar_holds_against_mid_and_last_trade_on_both_sides():
    collar = limits(price_collar=0.01)
    assert check_collar(collar, 101_000, 99_990, 100_010, 0) is None
    assert check_collar(collar, 99_000, 99_990, 100_010, 0) is None
    for price in (101_001, 98_999):
        denial = check_collar(collar, price, 99_990, 100_010, 0)
        assert denial.reason is Reason.PRICE_COLLAR
        assert denial.figures["price_ticks"] == price
        assert denial.figures["mid_ticks"] == 100_000
        assert denial.figures["price_collar"] == 0.01
    denial = check_collar(collar, 101_000, 99_990, 100_010, 99_000)
    assert denial.figures["last_ticks"] == 99_000


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
    for n in range(15):
        assert both.between(1, 2) is None
        both.sample({1: 1000 + n * n, 2: 2000 + n})
    assert both.between(1, 2) is not None
    assert both.samples == 15


def test_the_wait_for_a_token_ends_when_there_is_one():
    bucket = TokenBucket(0.5, 2)
    bucket.fill(0)
    assert bucket.wait_ns(0) == 0
    assert [bucket.take(0), bucket.take(0)] == [True, True]
    wait_ns = bucket.wait_ns(0)
    assert wait_ns == 2 * S
    assert not bucket.take(wait_ns - 1)
    assert bucket.take(wait_ns)


def test_steps_and_faults_of_the_venue_are_limits_too():
    stated = Instrument(
        BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", qty_step_lots=10, price_step_ticks=100, fault=""
    )
    filters = filters_of(INFO, stated)
    assert check_size(limits(), INFO, filters, signal(qty=10_000, price=6_000_000)) is None
    denial = check_size(limits(), INFO, filters, signal(qty=10_005, price=6_000_000))
    assert denial == (Reason.ORDER_QTY_NOT_A_MULTIPLE, {"order_qty": "0.10005", "order_qty_step": "0.0001"})
    denial = check_size(limits(), INFO, filters, signal(qty=10_000, price=6_000_050))
    assert denial == (Reason.INVALID_PRICE, {"price_ticks": 6_000_050, "price_step_ticks": 100})
    broken = filters_of(INFO, msgspec.structs.replace(stated, fault="does not fit"))
    denial = check_size(limits(), INFO, broken, signal())
    assert denial == (Reason.INSTRUMENT_NOT_USABLE, {"instrument_id": BTC, "fault": "does not fit"})


def test_a_price_out_of_range_is_denied_with_both_bounds():
    assert check_form(signal(price=2**53 + 1)) == (
        Reason.INVALID_PRICE,
        {"price_ticks": 2**53 + 1, "price_ticks_min": 1, "price_ticks_max": 2**53},
    )


def test_a_limit_that_64_bits_cannot_compare_is_refused_by_its_key():
    assert limits(open_orders_max=2**62).open_orders_max == 2**62
    with pytest.raises(ConfigError, match=r"limits\.open_orders_max"):
        limits(open_orders_max=2**62 + 1)
    with pytest.raises(ConfigError, match=r"limits\.order_qty_max"):
        limits(order_qty_max="46116860185")


def test_prices_at_the_end_of_their_range_are_compared_exactly():
    collar = limits(price_collar=0.5)
    assert check_collar(collar, 3 * 2**60, 2**61, 2**61, 0) is None
    assert check_collar(collar, 2**62, 2**62, 2**62, 2**62) is None
    assert check_collar(collar, 3 * 2**60 + 1, 2**61, 2**61, 0).reason is Reason.PRICE_COLLAR
    assert check_collar(collar, 2**62, 2**62, 2**62, 1).figures["last_ticks"] == 1.0


def test_a_quantity_beyond_64_bits_is_compared_exactly():
    denial = size(signal(qty=2**62), order_qty_max="46116860184")
    assert denial == (
        Reason.ORDER_QTY_ABOVE_MAXIMUM,
        {"order_qty": "46116860184273.87904", "order_qty_max": "46116860184"},
    )

"""Filters: what the venue takes, at its edge and beyond it, with the figures that a denial names."""

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.risk.filters import check_form, check_size
from agents.risk.limits import parse_limits
from agents.state.venue_filters import filters_of
from schemas.config import LimitsConfig
from schemas.messages import E8, Instrument
from schemas.orders import ExecInst, Reason, Side
from schemas.streams import Kind
from tests.unit.agents.risk.risk_desk import Desk
from tests.unit.agents.trading_desk import BTC, config, filled, signal, stream

INFO = InstrumentTable(config()).by_id[BTC]
LISTED = Instrument(BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")


def limits(**more):
    return parse_limits(LimitsConfig(**more), "limits")


def listed(desk, **stated):
    """Have the venue list BTCUSDT with these bounds."""
    told = msgspec.structs.replace(LISTED, **stated)
    desk.ctx.deliver(desk.agent, "md", stream(Kind.INSTRUMENT), told)


def size(signal_, **more):
    return check_size(limits(**more), INFO, filters_of(INFO, None), signal_)


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


def test_a_quantity_beyond_64_bits_is_compared_exactly():
    denial = size(signal(qty=2**62), order_qty_max="46116860184")
    assert denial == (
        Reason.ORDER_QTY_ABOVE_MAXIMUM,
        {"order_qty": "46116860184273.87904", "order_qty_max": "46116860184"},
    )


def test_the_word_to_close_is_risks_alone():
    close = msgspec.structs.replace(signal(), exec_inst=int(ExecInst.CLOSE))
    assert check_form(close) == (Reason.UNSUPPORTED_EXEC_INST, {"exec_inst": 2, "exec_inst_allowed": 1})
    assert check_form(close, exec_inst_allowed=3) is None
    assert check_form(msgspec.structs.replace(signal(), exec_inst=4)).reason is Reason.UNSUPPORTED_EXEC_INST
    assert check_form(msgspec.structs.replace(signal(), exec_inst=int(ExecInst.REDUCE_ONLY))) is None


def test_the_venues_largest_notional_is_a_limit():
    desk = Desk(order_notional_max="0")
    listed(desk, max_notional_e8=6_000 * E8)
    desk.approve(signal(1, qty=10_000))
    figures = {"order_notional": "6000.6", "order_notional_max": "6000"}
    assert desk.deny(signal(2, qty=10_001)) == (Reason.NOTIONAL_ABOVE_MAXIMUM, figures)


def test_the_smaller_of_the_venues_and_our_largest_notional_holds():
    desk = Desk(order_notional_max="600")
    listed(desk, max_notional_e8=6_000 * E8)
    assert desk.deny(signal(1, qty=10_000))[1]["order_notional_max"] == "600"


def test_prices_beyond_the_venues_band_of_their_side_are_denied_before_they_leave():
    desk = Desk(price_collar=1.0, short_allowed=True)
    listed(
        desk,
        bid_band_down_ppm=900_000,
        bid_band_up_ppm=1_100_000,
        ask_band_down_ppm=950_000,
        ask_band_up_ppm=1_200_000,
        band_minutes=5,
    )
    figures = {"price_ticks": 5_399_999, "price_ticks_min": 5_400_000, "price_ticks_max": 6_600_000}
    denied = desk.deny(signal(1, price=5_399_999, qty=100))
    assert denied == (Reason.PRICE_BAND, figures | {"market_ticks": 6_000_000})
    assert desk.deny(signal(2, price=6_600_001, qty=100))[0] is Reason.PRICE_BAND
    desk.approve(signal(3, price=5_400_000, qty=100))
    assert desk.deny(signal(4, Side.SELL, price=5_699_999, qty=100))[1]["price_ticks_min"] == 5_700_000
    desk.approve(signal(5, Side.SELL, price=7_200_000, qty=100))


def test_the_venues_band_holds_for_what_closes_too():
    desk = Desk(price_collar=1.0)
    desk.event(filled("a", 1, 50_000))
    listed(desk, ask_band_up_ppm=1_200_000)
    assert desk.deny(signal(1, Side.SELL, price=7_200_001))[0] is Reason.PRICE_BAND
    desk.approve(signal(2, Side.SELL, price=7_200_000))


def test_more_than_the_venue_lets_an_account_hold_is_denied():
    desk = Desk(position_max="5")
    desk.event(filled("a", 1, 50_000))
    listed(desk, max_position_lots=60_000)
    desk.approve(signal(1, qty=5_000))
    reason, figures = desk.deny(signal(2, qty=5_001))
    assert reason is Reason.MAX_POSITION
    assert figures == {"position": "0.5", "open_orders": "0.05", "order_qty": "0.05001", "venue_position_max": "0.6"}


@pytest.mark.parametrize(
    ("price", "good"), [(5_899_999, False), (5_900_000, True), (6_100_000, True), (6_100_001, False)]
)
def test_a_price_that_the_venue_does_not_list_is_denied(price, good):
    desk = Desk(price_collar=1.0)
    listed(desk, min_price_ticks=5_900_000, max_price_ticks=6_100_000)
    if good:
        desk.approve(signal(1, price=price))
    else:
        figures = {"price_ticks": price, "price_ticks_min": 5_900_000, "price_ticks_max": 6_100_000}
        assert desk.deny(signal(1, price=price)) == (Reason.INVALID_PRICE, figures)


def test_a_take_profit_that_the_venue_does_not_list_is_denied():
    desk = Desk()
    listed(desk, max_price_ticks=6_100_000)
    desk.approve(msgspec.structs.replace(signal(1), take_profit_ticks=6_100_000))
    reason, figures = desk.deny(msgspec.structs.replace(signal(2), take_profit_ticks=6_100_001))
    assert (reason, figures["price_ticks_max"]) == (Reason.INVALID_PRICE, 6_100_000)


def test_more_orders_than_the_venue_lets_be_open_in_an_instrument_are_denied():
    desk = Desk(open_orders_max=10)
    listed(desk, max_open_orders=2)
    desk.approve(signal(1, qty=100))
    first = desk.approve(signal(2, qty=100))
    denied = desk.deny(signal(3, qty=100))
    assert denied == (Reason.MAX_OPEN_ORDERS, {"open_orders": 2, "venue_open_orders_max": 2})
    desk.approve(msgspec.structs.replace(signal(4, qty=100), replaces=first))


def test_an_instrument_that_the_venue_does_not_trade_now_is_denied():
    desk = Desk()
    listed(desk, fault="status BREAK")
    assert desk.deny(signal(1)) == (Reason.INSTRUMENT_NOT_USABLE, {"instrument_id": BTC, "fault": "status BREAK"})


@pytest.mark.parametrize(
    ("side", "take_profit", "stop", "good"),
    [
        (Side.BUY, 6_100_000, 5_900_000, True),
        (Side.SELL, 5_900_000, 6_100_000, True),
        (Side.BUY, 0, 5_900_000, True),
        (Side.BUY, 6_000_000, 0, False),
        (Side.BUY, 0, 6_000_000, False),
        (Side.SELL, 6_100_000, 0, False),
        (Side.SELL, 0, 5_900_000, False),
        (Side.BUY, 6_100_005, 0, False),
        (Side.BUY, 2**53 + 10, 0, False),
    ],
)
def test_take_profit_and_stop_are_on_their_sides_of_the_price_and_in_the_venues_steps(side, take_profit, stop, good):
    desk = Desk(short_allowed=True)
    listed(desk, price_step_ticks=10)
    answer = desk.ask(msgspec.structs.replace(signal(1, side), take_profit_ticks=take_profit, stop_ticks=stop))
    assert (getattr(answer, "reason", None) is None) is good
    if not good:
        assert answer.reason == Reason.INVALID_PRICE
        assert answer.figures["take_profit_ticks"] == take_profit

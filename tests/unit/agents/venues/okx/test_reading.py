"""Orders, fills and amounts of OKX as reports."""

import msgspec
import pytest

from agents.venues.okx.account_data import OkxFillData, OkxOrderData
from agents.venues.okx.reading import amount_e8, fill_report, last_fill, order_report, side_of, time_ns
from schemas.errors import VenueError
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce
from tests.unit.agents.venues.okx.okx_account import SPOT, infos, order

(INFO,) = infos(SPOT)


def data(**more):
    return msgspec.convert(order(**more), OkxOrderData)


@pytest.mark.parametrize(
    ("state", "source", "status", "reason"),
    [
        ("live", "", OrderStatus.NEW, Reason.NONE),
        ("partially_filled", "", OrderStatus.PARTIALLY_FILLED, Reason.NONE),
        ("filled", "", OrderStatus.FILLED, Reason.NONE),
        ("canceled", "1", OrderStatus.CANCELED, Reason.CANCELED_BY_VENUE),
        ("canceled", "0", OrderStatus.CANCELED, Reason.CANCELED_BY_VENUE),
        ("canceled", "20", OrderStatus.CANCELED, Reason.CANCELED_BY_VENUE),
        ("canceled", "", OrderStatus.CANCELED, Reason.CANCELED_BY_VENUE),
        ("canceled", "31", OrderStatus.REJECTED, Reason.VENUE_REJECTED),
        ("canceled", "13", OrderStatus.EXPIRED, Reason.NONE),
        ("canceled", "14", OrderStatus.EXPIRED, Reason.NONE),
        ("canceled", "32", OrderStatus.EXPIRED, Reason.SELF_TRADE_PREVENTED),
        ("mmp_canceled", "38", OrderStatus.CANCELED, Reason.CANCELED_BY_VENUE),
    ],
)
def test_states_and_what_ended_an_order(state, source, status, reason):
    report = order_report(INFO, data(state=state, cancelSource=source))
    assert (report.status, report.reason) == (status, reason)


def test_why_an_order_was_canceled_is_told_in_words():
    assert (
        order_report(INFO, data(state="canceled", cancelSource="31")).text == "canceled: 31 post-only would have taken"
    )
    assert order_report(INFO, data(state="canceled", cancelSource="77")).text == "canceled: 77"


@pytest.mark.parametrize(
    ("word", "time_in_force"),
    [
        ("limit", TimeInForce.GTC),
        ("post_only", TimeInForce.GTX),
        ("ioc", TimeInForce.IOC),
        ("fok", TimeInForce.FOK),
        ("market", TimeInForce.IOC),
        ("trigger", TimeInForce.GTC),
    ],
)
def test_types(word, time_in_force):
    assert order_report(INFO, data(ordType=word)).time_in_force == time_in_force


@pytest.mark.parametrize(
    ("category", "words"),
    [
        ("adl", "auto-deleveraging"),
        ("full_liquidation", "liquidation"),
        ("partial_liquidation", "partial liquidation"),
        ("delivery", "delivery"),
    ],
)
def test_an_order_of_the_venue_itself_is_none_of_ours(category, words):
    report = order_report(
        INFO, data(clOrdId="", category=category, px="", ordType="market", state="filled", accFillSz="0.001")
    )
    assert (report.client_order_id, report.text, report.price_ticks) == ("X452197707845865472", words, 0)


def test_what_is_paid_is_negative_at_the_venue_and_a_rebate_is_not():
    filled = {"state": "filled", "accFillSz": "0.001", "fillSz": "0.001", "fillPx": "31527.1", "tradeId": "242"}
    paid = last_fill(
        INFO, data(**filled, fillFee="-0.02522168", fillFeeCcy="USDT", execType="T", fillTime="1654084353263")
    )
    assert paid.fields() == (
        *(1, "452197707845865472", "242", Side.BUY, 100_000, 315271, 2_522_168, "USDT", Liquidity.TAKER),
        *(1654084353263_000_000, ""),
    )
    earned = last_fill(INFO, data(**filled, fillFee="0.001", fillFeeCcy="BTC", execType="M"))
    assert (earned.commission_e8, earned.commission_asset, earned.liquidity) == (-100_000, "BTC", Liquidity.MAKER)
    assert earned.ts_event_ns == 1654084334977_000_000


def test_a_message_without_a_fill_has_none():
    assert last_fill(INFO, data(tradeId="", fillSz="0")) is None
    assert last_fill(INFO, data(tradeId="5", fillSz="0")) is None
    assert last_fill(INFO, data(tradeId="5", fillSz="")) is None


def test_the_size_of_a_market_order_in_quote_currency_is_what_was_filled():
    report = order_report(INFO, data(tgtCcy="quote_ccy", sz="10", accFillSz="0.00038128", ordType="market", px=""))
    assert (report.qty_lots, report.cum_qty_lots) == (38128, 38128)


def test_a_fill_as_rest_lists_it():
    listed = {
        "instId": "BTC-USDT",
        "tradeId": "t",
        "ordId": "o",
        "billId": "b",
        "fillPx": "2.5",
        "fillSz": "0.1",
        "side": "sell",
        "execType": "T",
        "feeCcy": "USDT",
        "fee": "-0.021776769",
        "ts": "7",
    }
    report = fill_report(INFO, msgspec.convert(listed, OkxFillData))
    assert report.fields() == (
        *(1, "o", "t", Side.SELL, 10_000_000, 25, 2_177_677, "USDT", Liquidity.TAKER, 7_000_000),
        "",
    )
    forced = fill_report(INFO, msgspec.convert({**listed, "subType": "104"}, OkxFillData))
    assert forced.forced == "liquidation"


@pytest.mark.parametrize(
    ("text", "value"),
    [("", 0), ("100.52768569797846", 10052768569), ("-1.999999999", -199999999), ("5", 500000000), ("0.0000000051", 0)],
)
def test_amounts_are_cut(text, value):
    assert amount_e8(text) == value


@pytest.mark.parametrize("text", ["x", "1e5", ".", "--1", ".5", "1.2.3", "\u0661", "1" * 81])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(VenueError):
        amount_e8(text)


def test_sides_and_times():
    assert (side_of("buy"), time_ns("5")) == (Side.BUY, 5_000_000)
    for refused in (lambda: side_of(""), lambda: time_ns(""), lambda: time_ns("-1"), lambda: time_ns("1" * 14)):
        with pytest.raises(VenueError):
            refused()
    assert time_ns("9999999999999") < 2**63

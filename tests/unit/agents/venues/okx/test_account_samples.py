"""Every single message of an OKX account at hand becomes the typed event with these values, or is out of scope.

Samples of market data are in `test_samples`.
"""

import json

import pytest

from agents.venues.reports import BalanceReport, CallResult, ExecutionEvent
from mesh.agent import VenueCall
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce
from tests.unit.agents.venues.okx.okx_account import account, answer, infos, reply
from tests.unit.agents.venues.okx.okx_market import MS, instrument
from tests.unit.agents.venues.okx.test_samples import MARKET, OUT_OF_SCOPE, samples

SPOT = instrument("BTC-USDT", "0.01", "0.00000001", number=1)
SWAP = instrument("BTC-USDT-SWAP", "0.01", "0.01", contract_size="0.01", number=2)
ETH = instrument("ETH-USDT-SWAP", "0.01", "0.01", base="ETH", contract_size="0.1", number=3)
BUY, SELL, IOC, GTC, FOK = Side.BUY, Side.SELL, TimeInForce.IOC, TimeInForce.GTC, TimeInForce.FOK
FILLED, PARTLY, NEW = OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED, OrderStatus.NEW
MAKER, TAKER = Liquidity.MAKER, Liquidity.TAKER


def stated(number, ours, theirs, status, side, qty, price, lasts, filled, ms, text=""):
    return (number, ours, theirs, status, side, qty, price, lasts, filled, ms * MS, Reason.NONE, text)


def traded(number, order, trade, side, qty, price, fee_e8, liquidity, ms):
    return (number, order, trade, side, qty, price, fee_e8, "USDT", liquidity, ms * MS, "")


HAMSTER, QUOTED = "452197707845865472", "620258920632008725"
EVENTS = {
    "okx_wsOrders 1": (
        stated(1, "HamsterParty14", HAMSTER, FILLED, SELL, 100_000, 3152710, GTC, 100_000, 1654084353264),
        traded(1, HAMSTER, "242589207", SELL, 100_000, 3152710, 2_522_168, MAKER, 1654084353263),
    ),
    "okx_wsOrders 3": (
        stated(1, f"X{QUOTED}", QUOTED, PARTLY, SELL, 38128, 0, IOC, 38128, 1694153250535),
        traded(1, QUOTED, "435550732", SELL, 38128, 2622810, 1_000_025, TAKER, 1694153250535),
    ),
    "okx_wsOrders 4": (stated(1, f"X{QUOTED}", QUOTED, FILLED, SELL, 38128, 0, IOC, 38128, 1694153250535), None),
    "ws_orders": (
        stated(2, "001BTCUSDT20250106001", "2497956918703120384", FILLED, BUY, 3, 0, IOC, 3, 1746947317402),
        traded(2, "2497956918703120384", "1518905529", BUY, 3, 10369890, 2_177_677, MAKER, 1746947317402),
    ),
    "ws_orders_adl": (
        stated(3, "X2497956918703121000", "2497956918703121000", FILLED, BUY, 30, 0, IOC, 30, 1746947318402, "adl"),
        traded(3, "2497956918703121000", "1518906000", BUY, 30, 4100000, 1_230_000_000, TAKER, 1746947318402),
    ),
    "ws_orders_liquidation": (
        stated(
            *(2, "X2497956918703120999", "2497956918703120999", FILLED, SELL, 50, 0, IOC, 50, 1746947317402),
            "full_liquidation",
        ),
        traded(2, "2497956918703120999", "1518905999", SELL, 50, 4000000, 2_000_000_000, TAKER, 1746947317402),
    ),
    "ws_orders_fok": (
        stated(
            *(1, "FOK-TEST-001", "2497956918703120385", FILLED, BUY, 5_000_000, 5000000, FOK, 5_000_000, 1746947317402)
        ),
        traded(1, "2497956918703120385", "1518905530", BUY, 5_000_000, 5000000, 25_000_000, TAKER, 1746947317402),
    ),
    "ws_orders_ioc": (
        stated(
            *(1, "IOC-TEST-001", "2497956918703120386", PARTLY, SELL, 5_000_000, 5010000, IOC, 2_000_000, 1746947318502)
        ),
        traded(1, "2497956918703120386", "1518905531", SELL, 2_000_000, 5010050, 10_020_000, TAKER, 1746947318502),
    ),
    "ws_orders_optimal_limit_ioc": (
        stated(2, "OPTIMAL-IOC-TEST-001", "2497956918703120387", FILLED, BUY, 10, 0, IOC, 10, 1746947319602),
        traded(2, "2497956918703120387", "1518905532", BUY, 10, 10375025, 5_187_513, MAKER, 1746947319602),
    ),
    "ws_orders_trigger": (
        stated(2, "706620792746729474_0", "706620792746729999", FILLED, SELL, 1, 0, GTC, 1, 1737400200100),
        traded(2, "706620792746729999", "1518905530", SELL, 1, 10195000, 2_039_000, TAKER, 1737400200100),
    ),
}
"""Frames of the orders channel: the order, and its fill."""

LISTED = {
    "http_get_orders_pending": stated(
        2, "client-order-1", "1234567890123456789", NEW, BUY, 10, 10350000, GTC, 0, 1746947317000
    ),
    "http_get_orders_pending_with_attached_tp_sl": stated(
        3, "O-attached-entry", "2234567890123456789", NEW, BUY, 1, 230000, GTC, 0, 1746947317000
    ),
    "http_get_orders_history": stated(
        2, "X2497956918703120384", "2497956918703120384", FILLED, BUY, 3, 0, IOC, 3, 1746947317402
    ),
}
NOT_TOLD = {"okx_wsOrders 2": "a market order in quote currency, before its first fill", "ws_account_empty": "no asset"}

NOT_TRADED = {
    "orders that the venue keeps until a price is reached: not used": {
        "http_cancel_algo_order_response",
        "http_get_orders_algo_history",
        "http_get_orders_algo_pending",
        "http_get_orders_algo_pending_attached_oco",
        "http_get_orders_algo_pending_close_fraction",
        "http_place_algo_order_rejected",
        "http_place_algo_order_response",
        "ws_orders_algo",
    },
    "spreads and options: not traded here": {
        "http_get_spread_orders",
        "http_get_spread_trades",
        "ws_sprd_orders",
        "ws_orders_option",
    },
    "positions are the sum of fills here": {"http_get_positions", "http_get_account_positions-history"},
    "settings of the account, which nothing here changes or asks for": {
        "http_get_trade_fee_response",
        "http_set_position_mode_response",
    },
}


def account_samples(data_dir):
    found = samples(data_dir)
    path = data_dir / "private-and-rest" / "gocryptotrader" / "okx_wsOrders.json"
    lines = path.read_bytes().splitlines()
    return found | {f"okx_wsOrders {number}": line for number, line in enumerate(lines, 1)}


def desk():
    return account(SPOT, SWAP, ETH)


@pytest.mark.parametrize("name", EVENTS)
def test_orders_and_fills(data_dir, name):
    order, fill = EVENTS[name]
    (event,) = desk().private_events(account_samples(data_dir)[name])
    assert isinstance(event, ExecutionEvent)
    assert event.order.fields() == order
    assert (event.fill and event.fill.fields()) == fill


@pytest.mark.parametrize("name", NOT_TOLD)
def test_what_says_nothing_yet(data_dir, name):
    assert list(desk().private_events(account_samples(data_dir)[name])) == []


@pytest.mark.parametrize("name", LISTED)
def test_orders_as_rest_lists_them(data_dir, name):
    body = account_samples(data_dir)[name]
    (report,), others = desk().orders(body)
    assert (report.fields(), others) == (LISTED[name], 0)
    query = reply(VenueCall("GET", "/api/v5/trade/order", {}), body)
    assert desk().order_verdict(query).order == report


def test_an_option_is_of_another_instrument(data_dir):
    assert list(desk().private_events(account_samples(data_dir)["ws_orders_option"])) == []


def test_balances(data_dir):
    found = account_samples(data_dir)
    (event,) = desk().private_events(found["ws_account"])
    assert event == BalanceReport({"USDT": 10_052_768_569, "BTC": 0, "ETH": 18})
    assert desk().balance_report(found["http_get_account_balance"]) == BalanceReport({"USDT": 9_442_612_990})
    for name in ("http_balance_detail_old_fields", "http_balance_detail_new_fields"):
        body = answer({"details": [json.loads(found[name])]})
        assert desk().balance_report(body) == BalanceReport({"USDT": 10_000_000_000})


@pytest.mark.parametrize(
    ("name", "fee_e8"), [("http_transaction_detail", -4_200_000), ("http_transaction_detail_empty_fee", 0)]
)
def test_fills_as_rest_lists_them(data_dir, name, fee_e8):
    (info, *_) = infos(SPOT, SWAP, ETH)
    page = desk().fills(info, answer(json.loads(account_samples(data_dir)[name])))
    (fill,) = page.fills
    assert fill.fields() == traded(1, "987654321", "123456789", BUY, 100_000, 4200050, fee_e8, TAKER, 1625097600000)
    assert (page.cursor, page.more) == ("bill_456", False)


def test_an_order_that_was_taken(data_dir):
    data = json.loads(account_samples(data_dir)["http_place_order_response"])
    verdict = desk().order_verdict(reply(VenueCall("POST", "/api/v5/trade/order", {}), answer(data)))
    assert (verdict.result, verdict.venue_order_id) == (CallResult.TAKEN, "12345678901234567890")


ACCOUNT = {
    *EVENTS,
    *LISTED,
    *NOT_TOLD,
    *("ws_account", "http_get_account_balance", "http_balance_detail_old_fields", "http_balance_detail_new_fields"),
    *("http_transaction_detail", "http_transaction_detail_empty_fee", "http_place_order_response"),
}


def test_nothing_is_left_over(data_dir):
    out = [name for names in (*OUT_OF_SCOPE.values(), *NOT_TRADED.values()) for name in names]
    assert len(out) == len(set(out))
    assert not (MARKET | ACCOUNT) & set(out)
    assert not MARKET & ACCOUNT
    assert MARKET | ACCOUNT | set(out) == set(account_samples(data_dir))

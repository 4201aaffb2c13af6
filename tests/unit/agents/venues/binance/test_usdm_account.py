"""The USDT-M account: its calls, and what the venue's documented replies prove."""

import json

import pytest

from agents.venues.binance.usdm_account import HEDGE_MODE
from agents.venues.reports import (
    BalanceReport,
    CallResult,
    ContractTerms,
    FundingReport,
    MarginReport,
    PositionReport,
)
from schemas.errors import VenueError
from schemas.orders import OrderStatus, Reason, Side, TimeInForce
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.venues.binance.usdm_desk import FUTURES, account, answered

E8 = 10**8
MS = 1_000_000


@pytest.fixture
def sample(data_dir):
    return lambda name: (data_dir / FUTURES / f"{name}.json").read_bytes()


# Calls


@pytest.mark.parametrize("time_in_force", TimeInForce)
def test_a_create_says_how_long_it_rests_and_wants_the_result(time_in_force):
    usdm, info = account()
    call = usdm.create(info, "T1", Side.SELL, 5, 4_200_050, time_in_force)
    assert (call.method, call.path, call.signed) == ("POST", "/fapi/v1/order", True)
    assert call.params == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": time_in_force.name,
        "newOrderRespType": "RESULT",
        "quantity": "0.005",
        "price": "42000.50",
        "newClientOrderId": "T1",
    }


def test_an_order_that_only_reduces_says_so():
    usdm, info = account()
    call = usdm.create(info, "T1", Side.SELL, 5, 4_200_050, TimeInForce.IOC, True)
    assert call.params["reduceOnly"] == "true"
    assert "reduceOnly" not in usdm.create(info, "T2", Side.SELL, 5, 4_200_050, TimeInForce.IOC).params


def test_an_amend_names_the_side_and_both_terms():
    usdm, info = account()
    call = usdm.amend(info, "T1", "", Side.BUY, 7, 100)
    assert (call.method, call.path) == ("PUT", "/fapi/v1/order")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.007", "price": "1.00"}
    assert call.params == {**terms, "origClientOrderId": "T1"}
    assert usdm.amend(info, "T1", "9", Side.SELL, 7, 100).params == {**terms, "side": "SELL", "orderId": "9"}


def test_cancels_and_queries_are_where_the_venue_has_them():
    usdm, info = account()
    calls = [
        usdm.cancel(info, "T1"),
        usdm.cancel(info, "T1", "9"),
        usdm.query(info, "T1"),
        usdm.cancel_all(info),
        usdm.open_orders(),
        usdm.fills_of(info, "9"),
        usdm.balances(),
        *usdm.position_calls(),
    ]
    assert [(call.method, call.path, dict(call.params), usdm.weight_of(call)) for call in calls] == [
        ("DELETE", "/fapi/v1/order", {"symbol": "BTCUSDT", "origClientOrderId": "T1"}, 1),
        ("DELETE", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": "9"}, 1),
        ("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", "origClientOrderId": "T1"}, 1),
        ("DELETE", "/fapi/v1/allOpenOrders", {"symbol": "BTCUSDT"}, 1),
        ("GET", "/fapi/v1/openOrders", {}, 40),
        ("GET", "/fapi/v1/userTrades", {"symbol": "BTCUSDT", "orderId": "9", "limit": "1000"}, 5),
        ("GET", "/fapi/v3/account", {}, 5),
        ("GET", "/fapi/v3/positionRisk", {}, 5),
    ]


def test_the_switch_counts_down_in_milliseconds_for_each_instrument():
    usdm, info = account()
    call = usdm.dead_man_switch(info, 60_000)
    assert (call.method, call.path) == ("POST", "/fapi/v1/countdownCancelAll")
    assert call.params == {"symbol": "BTCUSDT", "countdownTime": "60000"}
    assert usdm.dead_man_switch(info, 0).params["countdownTime"] == "0"
    assert (usdm.has_dead_man_switch, usdm.dead_man_of_account) == (True, False)
    answer = answered(b'{"symbol":"BTCUSDT","countdownTime":"60000"}', call)
    assert usdm.proof(answer).result is CallResult.ACCEPTED


# The account's mode


def test_an_account_in_hedge_mode_is_not_fit_and_asked_again():
    usdm, _ = account()
    (call,) = usdm.setup_calls()
    assert (call.method, call.path) == ("GET", "/fapi/v1/accountConfig")
    assert usdm.unfit() == "/fapi/v1/time has not told the venue's time yet"
    usdm.venue_time_ns(b'{"serverTime":1}')
    assert usdm.unfit().startswith("/fapi/v1/accountConfig has not told")
    assert usdm.mode() == ""
    usdm.learn(answered(b'{"feeTier":0,"canTrade":true,"dualSidePosition":true,"multiAssetsMargin":false}', call))
    assert (usdm.unfit(), usdm.mode()) == (HEDGE_MODE, "hedge, single-asset")
    assert usdm.setup_calls()
    usdm.learn(answered(b'{"feeTier":0,"canTrade":true,"dualSidePosition":false,"multiAssetsMargin":false}', call))
    assert (usdm.unfit(), usdm.mode()) == ("", "one-way, single-asset")
    assert not usdm.setup_calls()


def test_a_mode_that_cannot_be_read_leaves_it_unknown():
    usdm, _ = account()
    with pytest.raises(VenueError, match="account configuration"):
        usdm.learn(answered(b"{}"))
    assert "has not told" in usdm.unfit()


# The private stream


def test_the_private_stream_is_where_its_key_says():
    usdm, _ = account()
    call = usdm.stream_key_call()
    assert (call.method, call.path, call.signed, dict(call.params)) == ("POST", "/fapi/v1/listenKey", True, {})
    assert usdm.stream_url_of(answered(b'{"listenKey":"pqia91"}')) == (
        "wss://fstream.binance.com/private/ws?listenKey=pqia91"
    )
    here, _ = account(ws_url="ws://127.0.0.1:9/")
    assert here.stream_url_of(answered(b'{"listenKey":"k"}')) == "ws://127.0.0.1:9/private/ws?listenKey=k"
    with pytest.raises(VenueError, match="listen key"):
        usdm.stream_url_of(answered(b'{"code":-1125}'))
    assert usdm.stream_key_ns == 30 * 60 * 1000 * MS
    assert usdm.stream_requests(1) == ()


# Replies


def test_the_reply_to_a_create_has_the_values_of_its_sample(sample):
    usdm, _ = account()
    body = sample("http_json/order_response")
    for text in (body, json.dumps(json.loads(body), separators=(",", ":")).encode()):
        verdict = usdm.order_verdict(answered(text))
        assert verdict.result is CallResult.ACCEPTED
        order = verdict.order
        assert (order.status, order.client_order_id, order.venue_order_id) == (
            OrderStatus.NEW,
            "testOrder123",
            "12345678",
        )
        assert (order.side, order.qty_lots, order.price_ticks, order.cum_qty_lots) == (Side.BUY, 1, 5_000_000, 0)
        assert (order.time_in_force, order.ts_event_ns) == (TimeInForce.GTC, 1625474304765 * MS)
        assert verdict.fills == ()


def test_post_only_is_a_time_in_force_in_replies_too(sample):
    usdm, _ = account()
    body = sample("http_json/order_response").replace(b'"GTC"', b'"GTX"')
    compact = json.dumps(json.loads(body), separators=(",", ":")).encode()
    assert usdm.order_verdict(answered(compact)) is not None
    assert {usdm.order_verdict(answered(text)).order.time_in_force for text in (body, compact)} == {TimeInForce.GTX}


def test_errors_prove_what_they_prove_on_futures():
    usdm, info = account()
    call = usdm.create(info, "T1", Side.BUY, 1, 1, TimeInForce.GTX)
    refused = usdm.order_verdict(answered(venue.error_body(-5022, "Post Only order will be rejected."), call, 400))
    assert (refused.result, refused.reason) == (CallResult.REFUSED, Reason.VENUE_REJECTED)
    short = usdm.order_verdict(answered(venue.error_body(-2019, "Margin is insufficient."), call, 400))
    assert short.reason == Reason.INSUFFICIENT_BALANCE
    lost = usdm.order_verdict(answered(venue.error_body(-1007, "Timeout"), call, 408))
    assert lost.result is CallResult.UNKNOWN


def test_balances_and_margin_have_the_values_of_their_sample(sample):
    usdm, _ = account()
    body = sample("http_json/account_info_v2")
    margin = MarginReport("USDT", 2372469206, 2372469206, 0, 0)
    assert usdm.balance_report(body) == BalanceReport({"USDT": 2372469206}, margin)
    usdm.learn(answered(b'{"dualSidePosition":false,"multiAssetsMargin":true}'))
    assert usdm.balance_report(body).margin.currency == "USD"
    assert usdm.mode() == "one-way, multi-assets"
    with pytest.raises(VenueError, match="account"):
        usdm.balance_report(b"{}")


def test_what_margins_positions_is_told_apart():
    usdm, _ = account()
    totals = {
        "totalMarginBalance": "99.5",
        "availableBalance": "80",
        "totalInitialMargin": "20",
        "totalMaintMargin": "4",
    }
    assets = [{"asset": "USDT", "walletBalance": "100"}, {"asset": "BNB", "walletBalance": "0.00000000"}]
    report = usdm.balance_report(json.dumps({**totals, "assets": assets}).encode())
    assert report == BalanceReport({"USDT": 100 * E8}, MarginReport("USDT", 9_950_000_000, 80 * E8, 20 * E8, 4 * E8))


def test_positions_have_the_values_of_their_sample(sample):
    usdm, _ = account()
    (position,), more = usdm.position_page(answered(sample("http_json/position_risk")))
    assert more is None
    assert position == PositionReport(
        1, 1, 50_000 * E8, 1625474304765 * MS, 51_000 * E8, 45_000 * E8, 20 * E8, isolated=False
    )
    others, _ = usdm.position_page(answered(sample("http_json/position_risk").replace(b"BOTH", b"LONG")))
    assert others == []
    with pytest.raises(VenueError, match="positions"):
        usdm.position_page(answered(b'[{"symbol":"BTCUSDT"}]'))


@pytest.mark.parametrize(("wallet", "isolated"), [("0", False), ("0.00000000", False), ("13.7", True)])
def test_a_position_without_a_mode_is_isolated_if_it_has_a_wallet(wallet, isolated):
    usdm, _ = account()
    row = {"symbol": "BTCUSDT", "positionAmt": "-0.002", "entryPrice": "6563.6666666666667", "isolatedWallet": wallet}
    ((position,), _) = usdm.position_page(answered(json.dumps([row]).encode()))
    assert position == PositionReport(1, -2, 656_366_666_667, 0, isolated=isolated)


def test_margin_mode_and_leverage_of_each_contract_are_told():
    usdm, _ = account("BTCUSDT", "ETHUSDT")
    (call,) = usdm.terms_calls()
    assert (call.method, call.path) == ("GET", "/fapi/v1/symbolConfig")
    rows = [
        {
            "symbol": "BTCUSDT",
            "marginType": "CROSSED",
            "isAutoAddMargin": "false",
            "leverage": 21,
            "maxNotionalValue": "1",
        },
        {
            "symbol": "ETHUSDT",
            "marginType": "ISOLATED",
            "isAutoAddMargin": False,
            "leverage": 5,
            "maxNotionalValue": "1",
        },
        {
            "symbol": "XRPUSDT",
            "marginType": "CROSSED",
            "isAutoAddMargin": False,
            "leverage": 5,
            "maxNotionalValue": "1",
        },
    ]
    found = usdm.terms(answered(json.dumps(rows).encode(), call))
    assert found == [ContractTerms(1, 21 * E8, isolated=False), ContractTerms(2, 5 * E8, isolated=True)]
    with pytest.raises(VenueError, match="terms"):
        usdm.terms(answered(b"{}", call))


def income(number, **more):
    row = {
        "symbol": "BTCUSDT",
        "incomeType": "FUNDING_FEE",
        "income": "-0.37500000",
        "asset": "USDT",
        "info": "FUNDING_FEE",
        "time": 1570608000000,
        "tranId": number,
        "tradeId": "",
    }
    return row | more


def test_funding_is_what_the_account_received_and_paid_for_it():
    usdm, _ = account()
    (call,) = usdm.funding_calls(5 * MS, 9 * MS)
    span = {"startTime": "5", "endTime": "9"}
    assert (call.path, call.params) == (
        "/fapi/v1/income",
        {"incomeType": "FUNDING_FEE", **span, "limit": "1000", "page": "1"},
    )
    rows = [income(9689322392), income(7, symbol="ETHUSDT")]
    found, more = usdm.funding_page(answered(json.dumps(rows).encode(), call))
    assert more is None
    assert found == [FundingReport(1, "USDT", -37_500_000, "BTCUSDT:9689322392", 1570608000000 * MS)]
    _, more = usdm.funding_page(answered(json.dumps([income(n) for n in range(1_000)]).encode(), call))
    assert more.params == {**call.params, "page": "2"}
    with pytest.raises(VenueError, match="income"):
        usdm.funding_page(answered(b"{}", call))


# Fills

"""Bybit's requests that change orders: what is taken, refused and turned away afterwards, signatures and limits."""

import json
from typing import Any

import pytest

from tests.unit.agents.paper.bybit.bybit_client import BybitClient

FAR = "30000.0"
"""A price at which nothing is bought."""


@pytest.fixture
def client() -> BybitClient:
    client = BybitClient()
    client.listen()
    return client


def test_an_order_is_acknowledged_before_it_is_told(client: BybitClient) -> None:
    fields = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    body = json.dumps(fields | {"price": FAR, "orderLinkId": "a"})
    signed = client.signer.headers(str(client.now_ms), "5000", body)
    reply = client.exchange.http("POST", "/v5/order/create", "", signed, body.encode(), client.wall_ns)
    assert json.loads(reply.body)["retCode"] == 0
    assert client.told("order") == []
    client.exchange.advance(client.wall_ns)
    assert [row["orderStatus"] for row in client.told("order")] == ["New"]
    assert json.loads(reply.body)["result"] == {
        "orderId": client.told("order")[0]["orderId"],
        "orderLinkId": "a",
    }


def test_a_told_early_event_comes_before_the_answer(client: BybitClient) -> None:
    body = b'{"fault":"early_user"}'
    client.exchange.http("POST", "/paper/fault", "", {}, body, client.wall_ns)
    text = json.dumps({"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"})
    text = text[:-1] + f', "price": "{FAR}"}}'
    signed = client.signer.headers(str(client.now_ms), "5000", text)
    client.exchange.http("POST", "/v5/order/create", "", signed, text.encode(), client.wall_ns)
    assert [row["orderStatus"] for row in client.told("order")] == ["New"]


def test_a_post_only_order_that_would_take_is_turned_away_after_it_was_taken(client: BybitClient) -> None:
    for category, status in (("linear", "Cancelled"), ("spot", "Rejected")):
        assert client.order("Buy", "0.01", "70000.0", category, timeInForce="PostOnly")["retCode"] == 0
        row = client.told("order")[-1]
        assert (row["orderStatus"], row["rejectReason"]) == (status, "EC_PostOnlyWillTakeLiquidity")
    assert client.told("execution") == []


@pytest.mark.parametrize(("category", "code"), [("linear", 110072), ("spot", 170141)])
def test_a_name_is_given_once_even_after_the_order_has_ended(client: BybitClient, category: str, code: int) -> None:
    assert client.order("Buy", "0.01", FAR, category, orderLinkId="once")["retCode"] == 0
    client.run(0.01)
    cancel = {"category": category, "symbol": "BTCUSDT", "orderLinkId": "once"}
    assert client.post("/v5/order/cancel", **cancel)["retCode"] == 0
    assert client.order("Buy", "0.01", FAR, category, orderLinkId="once")["retCode"] == code


@pytest.mark.parametrize(("category", "code"), [("linear", 110001), ("spot", 170213)])
def test_an_order_that_was_just_created_is_not_found_yet(client: BybitClient, category: str, code: int) -> None:
    name = client.order("Buy", "0.01", FAR, category)["result"]["orderId"]
    cancel = {"category": category, "symbol": "BTCUSDT", "orderId": name}
    assert client.post("/v5/order/cancel", **cancel)["retCode"] == code
    client.run(0.01)
    assert client.post("/v5/order/cancel", **cancel)["retCode"] == 0
    assert client.post("/v5/order/cancel", **cancel)["retCode"] == code


def test_a_cancel_that_comes_just_after_the_fill_tells_it_once_more(client: BybitClient) -> None:
    name = client.order("Buy", "0.01", "70000.0")["result"]["orderId"]
    client.run(0.002)
    answer = client.post("/v5/order/cancel", category="linear", symbol="BTCUSDT", orderId=name)
    assert answer["retCode"] == 0
    filled = [row for row in client.told("order") if row["orderStatus"] == "Filled"]
    assert [(row["cancelType"], row["rejectReason"]) for row in filled] == [
        ("UNKNOWN", "EC_NoError"),
        ("CancelByUser", "EC_OrigClOrdIDDoesNotExist"),
    ]


def test_an_amendment_keeps_the_order(client: BybitClient) -> None:
    name = client.order("Buy", "0.01", FAR)["result"]["orderId"]
    client.run(0.01)
    key = {"category": "linear", "symbol": "BTCUSDT", "orderId": name}
    assert client.post("/v5/order/amend", **key, price="31000.0", qty="0.02")["retCode"] == 0
    row = client.told("order")[-1]
    assert (row["orderId"], row["price"], row["qty"], row["orderStatus"]) == (name, "31000.0", "0.02", "New")
    assert client.post("/v5/order/amend", **key, price="31000.0", qty="0.02")["retCode"] == 10001


def test_cancel_all_is_of_a_category_and_names_what_it_cancels(client: BybitClient) -> None:
    for category in ("linear", "spot"):
        client.order("Buy", "0.01", FAR, category)
    assert client.post("/v5/order/cancel-all", category="linear")["retCode"] == 10001
    answer = client.post("/v5/order/cancel-all", category="linear", settleCoin="USDT")
    assert (len(answer["result"]["list"]), answer["result"]["success"]) == (1, "1")
    assert len(client.exchange.trading.open_orders(None, client.wall_ns)) == 1


@pytest.mark.parametrize(
    ("category", "changes", "code"),
    [
        ("linear", {"symbol": "XYZ"}, 10001),
        ("spot", {"symbol": "XYZ"}, 170121),
        ("linear", {"side": "Up"}, 10001),
        ("linear", {"orderType": "Stop"}, 10001),
        ("linear", {"timeInForce": "GTX"}, 10001),
        ("linear", {"orderLinkId": "a b"}, 10001),
        ("linear", {"positionIdx": 1}, 10001),
        ("linear", {"price": "30000.05"}, 10001),
        ("spot", {"price": "30000.05"}, 170134),
        ("spot", {"qty": "0.0000001"}, 170137),
        ("linear", {"qty": "100"}, 110007),
        ("spot", {"qty": "100"}, 170131),
        ("spot", {"qty": "0.0001"}, 170140),
        ("linear", {"qty": ""}, 10001),
        ("linear", {"reduceOnly": True}, 110017),
        ("option", {}, 10001),
    ],
)
def test_what_is_wrong_is_refused_by_its_code(
    client: BybitClient, category: str, changes: dict[str, Any], code: int
) -> None:
    answer = client.order("Buy", "0.01", FAR, category, **changes)
    assert (answer["retCode"], answer["result"]) == (code, {})
    assert client.told("order") == []


def test_keys_times_and_signatures_are_checked(client: BybitClient) -> None:
    def code(**headers: str) -> int:
        reply = client.call("GET", "/v5/account/wallet-balance", "accountType=UNIFIED", **headers)
        found: int = json.loads(reply.body)["retCode"]
        return found

    assert code() == 0
    assert code(**{"x-bapi-api-key": "another-key"}) == 10003
    assert code(**{"x-bapi-timestamp": str(client.now_ms - 5_001)}) == 10002
    assert code(**{"x-bapi-timestamp": str(client.now_ms + 1_000)}) == 10002
    assert code(**{"x-bapi-sign": "0" * 64}) == 10004


def test_creates_are_limited_by_the_second_and_say_what_is_left(client: BybitClient) -> None:
    left = []
    for _ in range(10):
        body = json.dumps({"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit"})
        left.append(client.call("POST", "/v5/order/create", body).headers.get("X-Bapi-Limit-Status"))
    assert client.order("Buy", "0.01", FAR)["retCode"] == 10006
    client.run(1)
    assert client.order("Buy", "0.01", FAR)["retCode"] == 0


def test_the_protection_cancels_what_a_client_left_that_is_gone(client: BybitClient) -> None:
    assert client.post("/v5/order/disconnected-cancel-all", product="DERIVATIVES", timeWindow=2)["retCode"] == 10001
    assert client.post("/v5/order/disconnected-cancel-all", product="DERIVATIVES", timeWindow=3)["retCode"] == 0
    client.order("Buy", "0.01", FAR)
    client.order("Buy", "0.01", FAR, "spot")
    client.run(10)
    assert len(client.exchange.trading.open_orders(None, client.wall_ns)) == 2
    client.say({"op": "subscribe", "args": ["dcp.future"]}, 900)
    for _ in range(3):
        client.run(2)
        client.say({"op": "ping"}, 900)
    assert len(client.exchange.trading.open_orders(None, client.wall_ns)) == 2
    client.run(4)
    (left,) = client.exchange.trading.open_orders(None, client.wall_ns)
    assert left.listing.category == "spot"
    assert client.told("order")[-1]["cancelType"] == "CancelByDCP"

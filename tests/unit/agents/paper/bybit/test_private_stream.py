"""Bybit's connections of the account: login, topics, shapes of samples, and orders over the websocket."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.agents.paper.bybit.bybit_client import ORDERS, PRIVATE, BybitClient
from tests.unit.agents.paper.bybit.test_trade_rest import FAR
from tests.unit.agents.paper.shapes import differences

FIXTURES = "private-and-rest/nautilus/bybit"
GOCRYPTOTRADER = "private-and-rest/gocryptotrader/bybit_wsAuth.json"
DOCUMENTED = frozenset({"accountType", "spotHedgingQty", "feeCurrency"})
"""Fields that the documents show and the samples of some years lack."""


@pytest.fixture
def client() -> BybitClient:
    return BybitClient()


def filled(sample: Any, row: Any) -> frozenset[str]:
    """Return the fields that are empty in one of two rows: what they hold otherwise cannot be compared."""
    return frozenset(key for key in sample if sample[key] in ("", None) or row.get(key, "") in ("", None))


def test_orders_executions_positions_and_wallets_have_the_shapes_of_samples(
    client: BybitClient, data_dir: Path
) -> None:
    client.listen()
    client.order("Buy", "0.01", "70000.0", orderLinkId="a", timeInForce="IOC")
    lines = [json.loads(line) for line in (data_dir / GOCRYPTOTRADER).read_text().splitlines()]
    order = next(each for each in lines if each["id"] == "someID")["data"][0]
    row = client.told("order")[-1]
    assert list(row) == list(order)
    assert differences(order, row, optional=filled(order, row)) == []
    for topic, name in (("execution", "execution"), ("position", "position")):
        sample = json.loads((data_dir / FIXTURES / f"ws_account_{name}.json").read_text())["data"][0]
        row = client.told(topic)[-1]
        assert set(row) - DOCUMENTED == set(sample) - DOCUMENTED
        assert differences(ordered(sample), ordered(row), optional=DOCUMENTED | filled(sample, row)) == []
    wallet = json.loads((data_dir / FIXTURES / "http_get_wallet_balance.json").read_text())["result"]["list"][0]
    row = client.told("wallet")[-1]
    assert set(row) == set(wallet)
    assert set(wallet["coin"][0]) <= set(row["coin"][0])
    coin = ordered({key: row["coin"][0][key] for key in wallet["coin"][0]})
    assert differences(ordered(wallet["coin"][0]), coin, optional=filled(wallet["coin"][0], coin)) == []


def ordered(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its keys by name: their order is nothing that is promised."""
    return dict(sorted(row.items()))


def test_a_login_is_needed_and_checked(client: BybitClient) -> None:
    client.open("/v5/private", 5)
    assert not client.say({"op": "subscribe", "args": ["order"]}, 5)[0]["success"]
    for args in (["key"], ["paperkey-0001", client.now_ms - 1, "x"], ["paperkey-0001", client.now_ms + 9, "x"]):
        assert not client.say({"op": "auth", "args": args}, 5)[0]["success"]
    assert client.login("/v5/private", 6)["success"]


@pytest.mark.parametrize("topics", [["order", "order.spot"], ["nonsense"], ["wallet.spot"], ["position.spot"], [], [7]])
def test_topics_that_are_wrong_are_refused(client: BybitClient, topics: list[Any]) -> None:
    client.login("/v5/private", PRIVATE)
    assert not client.say({"op": "subscribe", "args": topics}, PRIVATE)[0]["success"]


def test_a_topic_of_one_category_tells_that_alone(client: BybitClient) -> None:
    client.listen("order.spot", "execution.linear")
    client.order("Buy", "0.01", "70000.0", "linear")
    client.order("Buy", "0.001", "70000.0", "spot")
    topics = {frame["topic"] for frame in client.frames(PRIVATE) if "topic" in frame}
    assert topics == {"order.spot", "execution.linear"}
    assert {row["category"] for row in client.told("order.spot")} == {"spot"}
    client.say({"op": "unsubscribe", "args": ["order.spot"]}, PRIVATE)
    before = len(client.told("order.spot"))
    client.order("Buy", "0.001", "70000.0", "spot")
    assert len(client.told("order.spot")) == before


def test_an_order_over_the_websocket_is_answered_and_then_told(client: BybitClient, data_dir: Path) -> None:
    client.listen("order")
    assert client.login("/v5/trade", ORDERS)["retCode"] == 0
    header = {"X-BAPI-TIMESTAMP": str(client.now_ms), "X-BAPI-RECV-WINDOW": "5000"}
    terms = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    request = {
        "reqId": "1",
        "header": header,
        "op": "order.create",
        "args": [terms | {"price": FAR, "orderLinkId": "w"}],
    }
    (answer,) = client.say(request, ORDERS)
    sample = json.loads((data_dir / FIXTURES / "ws_order_response.json").read_text())
    assert {key: type(value) for key, value in sample.items()}.items() <= {
        k: type(v) for k, v in answer.items()
    }.items()
    assert (answer["retCode"], answer["reqId"], answer["data"]["orderLinkId"]) == (0, "1", "w")
    assert answer["header"]["X-Bapi-Limit"] == "10"
    assert client.told("order") == []
    client.exchange.advance(client.wall_ns)
    assert [row["orderStatus"] for row in client.told("order")] == ["New"]
    assert client.say(request, ORDERS)[0]["retCode"] == 20006
    stale = header | {"X-BAPI-TIMESTAMP": str(client.now_ms - 6_000)}
    assert client.say(request | {"reqId": "2", "header": stale}, ORDERS)[0]["retCode"] == 10002


def test_orders_over_the_websocket_meet_the_faults_of_those_over_http(client: BybitClient) -> None:
    client.login("/v5/trade", ORDERS)
    client.exchange.http("POST", "/paper/fault", "", {}, b'{"fault":"drop_reply"}', client.wall_ns)
    header = {"X-BAPI-TIMESTAMP": str(client.now_ms), "X-BAPI-RECV-WINDOW": "5000"}
    terms = {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "qty": "0.01",
        "price": FAR,
    }
    assert client.say({"reqId": "1", "header": header, "op": "order.create", "args": [terms]}, ORDERS) == []
    assert client.closed == [ORDERS]
    assert len(client.exchange.trading.orders) == 1


def test_pings_are_answered_in_the_shape_of_each_connection(client: BybitClient) -> None:
    client.login("/v5/private", PRIVATE)
    client.login("/v5/trade", ORDERS)
    now = [str(client.now_ms)]
    assert client.say({"op": "ping", "req_id": "p"}, PRIVATE)[0].items() >= {"op": "pong", "args": now}.items()
    assert client.say({"op": "ping"}, ORDERS)[0].items() >= {"op": "pong", "data": now, "retCode": 0}.items()
    for number in (PRIVATE, ORDERS):
        for text in ("", "[" * 5000, '{"op":3}', '"x"', '{"op":"shout"}'):
            answer = client.say(text, number)[-1]
            assert answer.get("success") is False or answer["retCode"] != 0


def test_a_request_may_be_named_by_a_number_and_is_answered_by_its_text(client: BybitClient) -> None:
    client.login("/v5/private", PRIVATE)
    (answer,) = client.say({"op": "subscribe", "req_id": 7, "args": ["order"]}, PRIVATE)
    assert (answer["success"], answer["req_id"]) == (True, "7")
    client.open("/v5/public/linear", 3)
    (answer,) = client.say({"op": "subscribe", "req_id": 8, "args": ["tickers.BTCUSDT"]}, 3)[:1]
    assert (answer["success"], answer["req_id"]) == (True, "8")


def test_an_order_of_spot_lacks_what_contracts_alone_have(client: BybitClient) -> None:
    for category in ("spot", "linear"):
        assert client.order("Buy", "0.01", "1000.0", category)["retCode"] == 0
        query = f"category={category}&symbol=BTCUSDT"
        (row,) = client.ask("/v5/order/realtime", query)["list"]
        assert ("tpslMode" in row) == ("createType" in row) == (category == "linear")

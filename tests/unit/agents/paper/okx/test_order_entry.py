"""What an order must say, and the code for each thing that is wrong with one."""

from typing import Any

import pytest

from tests.unit.agents.paper.okx.okx_desk import OkxDesk


@pytest.fixture
def desk() -> OkxDesk:
    desk = OkxDesk()
    desk.run(1)
    return desk


LIMIT = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01", "px": "50000"}
SWAP_LIMIT = LIMIT | {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "sz": "1"}


def code(desk: OkxDesk, fields: dict[str, Any], path: str = "order") -> str:
    answer = desk.post(f"/api/v5/trade/{path}", fields)
    return str(answer["data"][0]["sCode"] if answer["data"] else answer["code"])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "0"),
        ({"reduceOnly": False, "tag": "own1"}, "0"),
        ({"instId": ""}, "50014"),
        ({"instId": "ETH-USDT"}, "51001"),
        ({"tdMode": ""}, "50014"),
        ({"tdMode": "isolated"}, "51000"),
        ({"side": "long"}, "51000"),
        ({"posSide": "long"}, "51000"),
        ({"posSide": "net"}, "0"),
        ({"ordType": "trailing"}, "51000"),
        ({"sz": ""}, "50014"),
        ({"sz": "a"}, "51000"),
        ({"sz": "0.000001"}, "51020"),
        ({"sz": "0.010001"}, "51121"),
        ({"sz": "0.00005"}, "51020"),
        ({"px": ""}, "50014"),
        ({"px": "50000.01"}, "51000"),
        ({"px": "-1"}, "51000"),
        ({"sz": "100"}, "51008"),
        ({"side": "sell", "sz": "2", "px": "70000"}, "51008"),
        ({"clOrdId": "with-dash"}, "51000"),
        ({"clOrdId": "a" * 33}, "51000"),
        ({"clOrdId": "a" * 32}, "0"),
        ({"tag": "a" * 17}, "51000"),
        ({"reduceOnly": True}, "51205"),
    ],
)
def test_each_field_of_a_spot_order_is_looked_at(desk: OkxDesk, changed: dict[str, Any], expected: str) -> None:
    assert code(desk, LIMIT | changed) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "0"),
        ({"tdMode": "cash"}, "51000"),
        ({"sz": "0.005"}, "51020"),
        ({"sz": "1.005"}, "51121"),
        ({"sz": "3000"}, "51008"),
        ({"sz": "1000"}, "0"),
        ({"side": "sell", "px": "70000", "sz": "1000"}, "0"),
        ({"reduceOnly": True}, "51169"),
        ({"reduceOnly": "true", "side": "sell", "px": "70000"}, "51169"),
    ],
)
def test_a_swap_counts_contracts_and_needs_margin(desk: OkxDesk, changed: dict[str, Any], expected: str) -> None:
    assert code(desk, SWAP_LIMIT | changed) == expected


def test_a_market_buy_of_coins_says_what_to_spend(desk: OkxDesk) -> None:
    spend = desk.order("buy", "600", "", "market")
    desk.run(0.1)
    row = desk.query("/api/v5/trade/order", instId="BTC-USDT", ordId=spend["ordId"])[0]
    assert (row["state"], row["sz"], row["tgtCcy"], row["px"]) == ("filled", "600", "quote_ccy", "")
    assert 0.0099 < float(row["accFillSz"]) < 0.0101
    base = desk.order("buy", "0.01", "", "market", tgtCcy="base_ccy")
    row = desk.query("/api/v5/trade/order", instId="BTC-USDT", ordId=base["ordId"])[0]
    assert (row["accFillSz"], row["tgtCcy"]) == ("0.01", "base_ccy")
    assert desk.order("buy", "1", "", "market")["sCode"] == "51020"


def test_an_order_that_only_reduces_is_cut_to_the_position(desk: OkxDesk) -> None:
    desk.order("buy", "2", "", "market", instId="BTC-USDT-SWAP")
    asked = desk.order("sell", "5", "", "market", instId="BTC-USDT-SWAP", reduceOnly=True)
    row = desk.query("/api/v5/trade/order", instId="BTC-USDT-SWAP", ordId=asked["ordId"])[0]
    assert (row["state"], row["accFillSz"], row["reduceOnly"]) == ("filled", "2", "true")
    assert desk.query("/api/v5/account/positions") == []


def test_an_order_that_only_reduces_ends_with_the_position(desk: OkxDesk) -> None:
    _, ask = desk.best("BTC-USDT-SWAP")
    desk.order("buy", "2", "", "market", instId="BTC-USDT-SWAP")
    resting = desk.order("sell", "2", f"{ask + 500:.1f}", instId="BTC-USDT-SWAP", reduceOnly=True)
    desk.order("sell", "1", "", "market", instId="BTC-USDT-SWAP")
    row = desk.query("/api/v5/trade/order", instId="BTC-USDT-SWAP", ordId=resting["ordId"])[0]
    assert (row["state"], row["cancelSource"]) == ("canceled", "17")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"newSz": "0.02"}, "0"),
        ({"newPx": "50001"}, "0"),
        ({}, "51500"),
        ({"newSz": "0.0000001"}, "51020"),
        ({"newPx": "50000.05"}, "51000"),
        ({"newSz": "50"}, "51502"),
        ({"newSz": "0.02", "clOrdId": "other"}, "51503"),
        ({"newSz": "0.02", "clOrdId": ""}, "51003"),
    ],
)
def test_an_amendment_is_looked_at_too(desk: OkxDesk, fields: dict[str, Any], expected: str) -> None:
    desk.order("buy", "0.01", "50000", clOrdId="mine")
    assert code(desk, {"instId": "BTC-USDT", "clOrdId": "mine"} | fields, "amend-order") == expected


def test_a_post_only_order_is_not_amended_to_take(desk: OkxDesk) -> None:
    _, ask = desk.best()
    desk.order("buy", "0.01", "50000", "post_only", clOrdId="mine")
    asked = {"instId": "BTC-USDT", "clOrdId": "mine", "newPx": f"{ask + 100:.1f}"}
    assert code(desk, asked, "amend-order") == "51511"
    assert code(desk, asked | {"cxlOnFail": True}, "amend-order") == "0"
    assert desk.query("/api/v5/trade/order", instId="BTC-USDT", clOrdId="mine")[0]["state"] == "canceled"

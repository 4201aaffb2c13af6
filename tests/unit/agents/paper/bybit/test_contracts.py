"""Leverage, funding and liquidation as Bybit tells them."""

import json
from typing import Any

import pytest

from tests.unit.agents.paper.bybit.bybit_client import BybitClient
from tests.unit.agents.paper.bybit.test_market_writer import LINEAR

SYMBOL = LINEAR.symbol
NAMED = {"category": "linear", "symbol": "BTCUSDT"}


@pytest.fixture
def desk() -> BybitClient:
    desk = BybitClient(balances={"USDT": "5000"}, taker_fee="0")
    desk.listen()
    return desk


def market(desk: BybitClient, side: str, qty: str) -> None:
    assert desk.order(side, qty, "", orderType="Market")["retCode"] == 0


def position(desk: BybitClient) -> Any:
    return desk.ask("/v5/position/list", "category=linear&symbol=BTCUSDT")["list"][0]


def test_leverage_is_set(desk: BybitClient) -> None:
    market(desk, "Buy", "0.1")
    answer = desk.post("/v5/position/set-leverage", **NAMED, buyLeverage="5", sellLeverage="5")
    assert (answer["retCode"], answer["result"]) == (0, {})
    held = position(desk)
    assert (held["leverage"], float(held["positionIM"])) == ("5", pytest.approx(float(held["positionValue"]) / 5))
    assert float(held["liqPrice"]) < float(held["markPrice"])
    for buy, sell, code in (("5", "5", 110043), ("5", "6", 10001), ("101", "101", 10001), ("x", "x", 10001)):
        assert desk.post("/v5/position/set-leverage", **NAMED, buyLeverage=buy, sellLeverage=sell)["retCode"] == code
    market(desk, "Buy", "0.2")
    assert desk.post("/v5/position/set-leverage", **NAMED, buyLeverage="1", sellLeverage="1")["retCode"] == 110007


def test_funding_is_an_execution(desk: BybitClient) -> None:
    market(desk, "Buy", "0.1")
    desk.run(0.1)
    body = json.dumps({"symbol": SYMBOL, "rate": "0.001"}).encode()
    assert desk.exchange.http("POST", "/paper/funding", "", {}, body, desk.wall_ns).status == 200
    desk.run(0.1)
    (paid,) = desk.exchange.trading.ledger.fundings
    trade, funding = (next(r for r in desk.told("execution") if r["execType"] == kind) for kind in ("Trade", "Funding"))
    assert set(funding) == set(trade)
    assert (funding["execQty"], funding["side"], funding["feeCurrency"]) == ("0.1", "Sell", "USDT")
    assert float(funding["execFee"]) == pytest.approx(-paid.amount_e8 / 1e8)
    assert float(desk.told("wallet")[-1]["coin"][0]["walletBalance"]) == pytest.approx(paid.balance_e8 / 1e8)
    query = "category=linear&execType=Funding"
    (row,) = desk.ask("/v5/execution/list", query)["list"]
    assert row == funding
    kinds = [each["execType"] for each in desk.ask("/v5/execution/list", "category=linear")["list"]]
    assert kinds[0] == "Funding"
    assert desk.ask("/v5/execution/list", query + "&symbol=ETHUSDT&baseCoin=ETH")["list"] == []


def test_a_liquidation_is_the_venues_own_order(desk: BybitClient) -> None:
    market(desk, "Buy", "0.5")
    desk.exchange.account.transfer("USDT", -desk.exchange.account.balance("USDT").total_e8)
    desk.run(2)
    assert position(desk)["size"] == "0"
    forced = [row for row in desk.told("execution") if row["execType"] == "BustTrade"]
    assert sum(float(row["execQty"]) for row in forced) == 0.5
    assert {row["orderLinkId"] for row in forced} == {""}
    assert desk.told("order")[-1]["createType"] == "CreateByLiq"

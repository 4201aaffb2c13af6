"""What the paper venue tells of USDT-M orders and of the account, held against recorded samples: same keys, same types.

The samples are of several years and follow the venue's document of their time: fields that one of them does not have yet,
or any more, are named here. Of what no sample is there, the fields are held against those of the document of 2026.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.agents.paper.binance.usdm.usdm_desk import API, KEY, UsdmDesk
from tests.unit.agents.paper.shapes import differences

SAMPLES = "private-and-rest/nautilus/binance/futures"
SINCE_2023 = frozenset({"pm", "gtd", "er"})
"""Fields of the order's event that came later than the samples."""
TRAILING = frozenset({"AP", "cr"})
"""Fields of trailing stops only, in the document; the samples have them for all."""
HEDGED = frozenset({"positionSide", "ps"})
CHANGED_ORDER = {
    *(
        "orderId",
        "symbol",
        "status",
        "clientOrderId",
        "price",
        "origQty",
        "executedQty",
        "cumQty",
        "timeInForce",
        "type",
    ),
    *("reduceOnly", "closePosition", "side", "positionSide", "stopPrice", "workingType", "priceProtect", "origType"),
    *("priceMatch", "selfTradePreventionMode", "goodTillDate", "updateTime"),
}
TOTALS = {
    *("totalInitialMargin", "totalMaintMargin", "totalWalletBalance", "totalUnrealizedProfit", "totalMarginBalance"),
    *("totalPositionInitialMargin", "totalOpenOrderInitialMargin", "totalCrossWalletBalance", "totalCrossUnPnl"),
    *("availableBalance", "maxWithdrawAmount", "assets", "positions"),
}
ASSET_V3 = {
    *("asset", "walletBalance", "unrealizedProfit", "marginBalance", "maintMargin", "initialMargin", "updateTime"),
    *("positionInitialMargin", "openOrderInitialMargin", "crossWalletBalance", "crossUnPnl", "availableBalance"),
    "maxWithdrawAmount",
}
POSITION_V3 = {
    *("symbol", "positionSide", "positionAmt", "unrealizedProfit", "isolatedMargin", "notional", "isolatedWallet"),
    *("initialMargin", "maintMargin", "updateTime"),
}
RISK_V3 = {
    *("symbol", "positionSide", "positionAmt", "entryPrice", "breakEvenPrice", "markPrice", "unRealizedProfit"),
    *(
        "liquidationPrice",
        "isolatedMargin",
        "notional",
        "marginAsset",
        "isolatedWallet",
        "initialMargin",
        "maintMargin",
    ),
    *("positionInitialMargin", "openOrderInitialMargin", "adl", "bidNotional", "askNotional", "updateTime"),
}
TRADE = {
    *("buyer", "commission", "commissionAsset", "id", "maker", "orderId", "price", "qty", "quoteQty", "baseQty"),
    *("marginAsset", "realizedPnl", "side", "positionSide", "symbol", "pair", "time"),
}
DOCUMENT_ONLY: dict[str, set[str]] = {
    "create": CHANGED_ORDER,
    "cancel": CHANGED_ORDER,
    "modify": CHANGED_ORDER | {"pair", "modifyId"},
    "trade": TRADE,
    "account v3": TOTALS,
    "asset v3": ASSET_V3,
    "position v3": POSITION_V3,
    "risk v3": RISK_V3,
    "income": {"symbol", "incomeType", "income", "asset", "info", "time", "tranId", "tradeId"},
    "accountConfig": {
        *("feeTier", "canTrade", "canDeposit", "canWithdraw", "dualSidePosition", "updateTime", "multiAssetsMargin"),
        "tradeGroupId",
    },
    "symbolConfig": {"symbol", "marginType", "isAutoAddMargin", "leverage", "maxNotionalValue"},
    "bracket": {"bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum"},
    "commissionRate": {"symbol", "makerCommissionRate", "takerCommissionRate"},
    "leverage": {"leverage", "maxNotionalValue", "symbol"},
    "countdown": {"symbol", "countdownTime"},
    "allOpenOrders": {"code", "msg"},
    "listenKey": {"listenKey"},
    "error": {"code", "msg"},
    "ACCOUNT_CONFIG_UPDATE": {"e", "E", "T", "ac"},
    "listenKeyExpired": {"e", "E", "listenKey"},
    "api": {"id", "status", "result", "rateLimits"},
    "api error": {"id", "status", "error", "rateLimits"},
    "session": {"apiKey", "authorizedSince", "connectedSince", "returnRateLimits", "serverTime"},
    "rateLimit": {"rateLimitType", "interval", "intervalNum", "limit", "count"},
}
"""Kinds without a sample, and their fields in the venue's document."""


@pytest.fixture
def desk() -> UsdmDesk:
    """A venue on which each kind of change was told."""
    desk = UsdmDesk()
    desk.run(2)
    desk.listen()
    desk.open("/ws-fapi/v1", API)
    desk.order("SELL", "0.010", newClientOrderId="sold")
    desk.order("BUY", "0.010", "59000", newClientOrderId="rest")
    return desk


def sample(data_dir: Path, name: str) -> Any:
    return json.loads((data_dir / SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize(("name", "change"), [("new", "NEW"), ("trade", "TRADE"), ("trade_partial", "TRADE")])
def test_changes_of_orders(desk: UsdmDesk, data_dir: Path, name: str, change: str) -> None:
    told = [event for event in desk.told("ORDER_TRADE_UPDATE") if event["o"]["x"] == change]
    assert told
    for event in told:
        assert (
            differences(sample(data_dir, f"user_data_json/order_update_{name}"), event, "", SINCE_2023 | TRAILING) == []
        )


def test_an_execution_in_short(desk: UsdmDesk, data_dir: Path) -> None:
    assert differences(sample(data_dir, "user_data_json/trade_lite"), desk.told("TRADE_LITE")[0]) == []


def test_a_change_of_the_account(desk: UsdmDesk, data_dir: Path) -> None:
    for event in desk.told("ACCOUNT_UPDATE"):
        assert differences(sample(data_dir, "user_data_json/account_update"), event) == []


def test_an_order_that_is_queried(desk: UsdmDesk, data_dir: Path) -> None:
    wanted = sample(data_dir, "http_json/order_response")
    for row in desk.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT"):
        row["clientOrderId"] = wanted["clientOrderId"]
        assert differences(wanted, row) == []


@pytest.mark.parametrize(
    ("name", "path"),
    [("balance", "v2/balance"), ("position_risk", "v2/positionRisk"), ("account_info_v2", "v2/account")],
)
def test_the_account_in_its_second_version(desk: UsdmDesk, data_dir: Path, name: str, path: str) -> None:
    assert differences(sample(data_dir, f"http_json/{name}"), desk.call("GET", f"/fapi/{path}")) == []


def test_kinds_without_a_sample_have_the_fields_of_the_document(desk: UsdmDesk) -> None:
    named: dict[str, Any] = {"symbol": "BTCUSDT"}
    found: dict[str, Any] = {"create": desk.order("BUY", "0.010", "59000", newClientOrderId="mine")}
    terms = named | {"origClientOrderId": "mine", "side": "BUY", "quantity": "0.020", "price": "59000"}
    found["modify"] = desk.call("PUT", "/fapi/v1/order", **terms, modifyId=1)
    found["cancel"] = desk.call("DELETE", "/fapi/v1/order", **named, origClientOrderId="mine")
    found["error"] = desk.call("DELETE", "/fapi/v1/order", **named, origClientOrderId="mine")
    found["trade"] = desk.call("GET", "/fapi/v1/userTrades", **named)[0]
    account = found["account v3"] = desk.call("GET", "/fapi/v3/account")
    found |= {"asset v3": account["assets"][0], "position v3": account["positions"][0]}
    found["risk v3"] = desk.position()
    found["income"] = desk.call("GET", "/fapi/v1/income")[0]
    found["accountConfig"] = desk.call("GET", "/fapi/v1/accountConfig")
    found["symbolConfig"] = desk.call("GET", "/fapi/v1/symbolConfig")[0]
    found["bracket"] = desk.call("GET", "/fapi/v1/leverageBracket", **named)["brackets"][0]
    found["commissionRate"] = desk.call("GET", "/fapi/v1/commissionRate", **named)
    found["leverage"] = desk.call("POST", "/fapi/v1/leverage", **named, leverage=3)
    found["countdown"] = desk.call("POST", "/fapi/v1/countdownCancelAll", **named, countdownTime=1000)
    found["allOpenOrders"] = desk.call("DELETE", "/fapi/v1/allOpenOrders", **named)
    found["api"] = desk.request("v2/account.balance")
    found["api error"] = desk.request("order.status", **named, orderId=99)
    found["session"] = desk.request("session.status")["result"]
    found["rateLimit"] = found["api"]["rateLimits"][0]
    found["listenKey"] = desk.raw("POST", "/fapi/v1/listenKey", key=KEY)
    desk.wall_ns += 3600 * 10**9
    desk.exchange.advance(desk.wall_ns, 0)
    found |= {event["e"]: event for event in desk.told()}
    assert {kind: set(found[kind]) for kind in DOCUMENT_ONLY} == DOCUMENT_ONLY

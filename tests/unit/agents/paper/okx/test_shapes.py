"""What the paper venue tells of orders and of the account, held against recorded samples: the same keys, the same types.

The samples are of several years, and some were made by hand from the venue's document: fields that one of them does not
have yet, or any more, are named here. Of what no sample is there, the fields are held against a list of the document's.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.agents.paper.okx.okx_desk import OkxDesk
from tests.unit.agents.paper.shapes import differences

MADE = "private-and-rest/nautilus/okx"
RECORDED = "private-and-rest/gocryptotrader/okx_wsOrders.json"

SINCE_2022 = frozenset(
    {
        "algoClOrdId",
        "algoId",
        "amendSource",
        "attachAlgoClOrdId",
        "cancelSource",
        "fillFwdPx",
        "fillMarkPx",
        "fillMarkVol",
    }
    | {"fillPnl", "fillPxUsd", "fillPxVol", "pxType", "pxUsd", "pxVol", "quickMgnType", "stpId", "stpMode"}
)
SINCE_2023 = frozenset(
    {"attachAlgoOrds", "cancelSourceReason", "fillMarkPx", "isTpLimit", "lastPx", "linkedAlgoOrd", "tradeQuoteCcy"}
)
"""Fields of the orders channel that came after the recordings of those years."""
NOT_IN_MADE = frozenset(
    {"amendResult", "amendSource", "code", "fillFee", "fillFeeCcy", "fillFwdPx", "fillMarkPx", "fillMarkVol", "lastPx"}
    | {"fillNotionalUsd", "fillPnl", "fillPxUsd", "fillPxVol", "msg", "notionalUsd", "reqId", "tradeQuoteCcy"}
)
"""Fields of the document that the samples made by hand leave out."""
HEAD = frozenset({"uid", "instId", "eventType", "curPage", "lastPage"})
"""Of a frame's head: which argument was subscribed, and pages since 2024."""
DOCUMENT_ONLY = {
    "login": {"event", "code", "msg", "connId"},
    "notice": {"event", "code", "msg", "connId"},
    "channel-conn-count": {"event", "channel", "connCount", "connId"},
    "op": {"id", "op", "code", "msg", "data", "inTime", "outTime"},
    "cancel": {"clOrdId", "ordId", "sCode", "sMsg", "ts"},
    "amend": {"clOrdId", "ordId", "reqId", "sCode", "sMsg", "ts"},
    "balance_and_position": {"pTime", "eventType", "balData", "posData", "trades"},
    "balData": {"ccy", "cashBal", "uTime"},
    "posData": {
        "posId",
        "tradeId",
        "instId",
        "instType",
        "mgnMode",
        "posSide",
        "pos",
        "ccy",
        "posCcy",
        "avgPx",
        "uTime",
    },
    "switch": {"triggerTime", "tag", "ts"},
    "leverage": {"instId", "mgnMode", "posSide", "lever", "ccy"},
}
"""Kinds without a sample, and their fields in the venue's document; the account's configuration is such a kind too."""


@pytest.fixture
def desk() -> OkxDesk:
    """A venue on which each kind of change was told."""
    desk = OkxDesk()
    desk.run(2)
    desk.login()
    desk.subscribe("orders", "account", "positions", "balance_and_position")
    desk.order("sell", "0.0002", "", "market", clOrdId="SpotSell1")
    desk.order("buy", "0.001", "70000", "ioc", clOrdId="SpotBuy1")
    desk.order("buy", "2", "70000", "ioc", instId="BTC-USDT-SWAP", clOrdId="SwapBuy1")
    desk.order("buy", "2", "50000", instId="BTC-USDT-SWAP", clOrdId="SwapRest1")
    desk.run(0.1)
    return desk


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def alphabetic(row: Any) -> Any:
    """Return a row of an answer whose keys come in no order that is promised."""
    if isinstance(row, dict):
        return {key: alphabetic(row[key]) for key in sorted(row)}
    return [alphabetic(each) for each in row] if isinstance(row, list) else row


def frames_of(desk: OkxDesk, channel: str) -> list[Any]:
    return [each for each in desk.frames(7) if each.get("arg", {}).get("channel") == channel and "data" in each]


def test_a_recorded_order_in_its_states(desk: OkxDesk, data_dir: Path) -> None:
    _, live, filled, _ = lines(data_dir / RECORDED)
    told = [frame for frame in frames_of(desk, "orders") if frame["data"][0]["clOrdId"] == "SpotSell1"]
    assert [frame["data"][0]["state"] for frame in told] == ["live", "filled"]
    empty = {"clOrdId": "", "ccy": "", "stpMode": ""}
    for sample, frame in zip((live, filled), told, strict=True):
        row = frame["data"][0]
        assert row["stpMode"] == "cancel_maker"
        row |= empty | {"tgtCcy": "quote_ccy", "sz": "10"}
        assert differences(sample, frame, optional=SINCE_2023 | HEAD) == []


def test_a_recorded_execution_of_a_limit_order(desk: OkxDesk, data_dir: Path) -> None:
    sample, *_ = lines(data_dir / RECORDED)
    sample["data"][0] |= {"slTriggerPxType": "", "tpTriggerPxType": ""}
    told = [frame for frame in frames_of(desk, "orders") if frame["data"][0]["clOrdId"] == "SpotBuy1"][-1]
    assert differences(sample, told, optional=SINCE_2022 | SINCE_2023 | HEAD) == []


@pytest.mark.parametrize("name", ["ws_orders", "ws_orders_ioc", "ws_orders_fok"])
def test_orders_that_were_made_of_the_document(desk: OkxDesk, data_dir: Path, name: str) -> None:
    sample = json.loads((data_dir / MADE / f"{name}.json").read_text())
    swap = sample["data"][0]["instType"] == "SWAP"
    wanted = "SwapBuy1" if swap else "SpotBuy1"
    told = [frame for frame in frames_of(desk, "orders") if frame["data"][0]["clOrdId"] == wanted][-1]
    same = {"ccy", "clOrdId", "lever", "px", "posSide", "stpMode"}
    for row in (sample["data"][0], told["data"][0]):
        row |= dict.fromkeys(same, "")
    assert differences(sample, told, optional=NOT_IN_MADE | HEAD) == []


@pytest.mark.parametrize(("name", "path"), [("history", "orders-history"), ("pending", "orders-pending")])
def test_orders_of_rest(desk: OkxDesk, data_dir: Path, name: str, path: str) -> None:
    sample = json.loads((data_dir / MADE / f"http_get_orders_{name}.json").read_text())["data"][0]
    (told, *_) = desk.query(f"/api/v5/trade/{path}", instType="SWAP")
    unfilled = {"avgPx", "fillPx", "fillTime", "tradeId"} if name == "pending" else set()
    for row in (sample, told):
        row |= dict.fromkeys({"clOrdId", "px"} | unfilled, "")
    assert differences(alphabetic(sample), told, optional=frozenset({"tradeQuoteCcy"})) == []


def test_executions_of_rest(desk: OkxDesk, data_dir: Path) -> None:
    sample = json.loads((data_dir / MADE / "http_transaction_detail.json").read_text())
    later = {
        "subType",
        "tag",
        "fillIdxPx",
        "fillPnl",
        "fillPxVol",
        "fillPxUsd",
        "fillMarkVol",
        "fillFwdPx",
        "fillMarkPx",
    }
    later |= {"posSide", "fillTime", "feeRate", "tradeQuoteCcy"}
    sample["billId"] = "1"
    for told in desk.query("/api/v5/trade/fills", instType="SPOT"):
        assert differences(sample, told, optional=frozenset(later)) == []


def test_the_answer_to_an_order(desk: OkxDesk, data_dir: Path) -> None:
    sample = json.loads((data_dir / MADE / "http_place_order_response.json").read_text())
    sample["sMsg"] = "Order placed"
    told = desk.order("buy", "0.01", "50000", clOrdId="another")
    assert differences(alphabetic(sample), told, optional=frozenset({"subCode", "ts"})) == []


@pytest.mark.parametrize("rest", [True, False])
def test_balances(desk: OkxDesk, data_dir: Path, rest: bool) -> None:
    name = "http_get_account_balance" if rest else "ws_account"
    sample = json.loads((data_dir / MADE / f"{name}.json").read_text())
    told = (
        {"code": "0", "data": desk.query("/api/v5/account/balance"), "msg": ""}
        if rest
        else frames_of(desk, "account")[-1]
    )
    later = {"availEq", "coinUsdPrice", "colBorrAutoConversion", "collateralRestrict"} if rest else set()
    assert told["data"][0]["details"]
    assert differences(sample, told, optional=HEAD | frozenset(later)) == []


def test_the_details_of_a_balance(desk: OkxDesk, data_dir: Path) -> None:
    sample = json.loads((data_dir / MADE / "http_balance_detail_new_fields.json").read_text())
    told = desk.query("/api/v5/account/balance", ccy="USDT")[0]["details"][0]
    for row in (sample, told):
        row |= dict.fromkeys({"clSpotInUseAmt", "maxSpotInUseAmt", "spotInUseAmt"}, "")
    assert differences(sample, told) == []


def test_positions(desk: OkxDesk, data_dir: Path) -> None:
    sample = json.loads((data_dir / MADE / "http_get_positions.json").read_text())["data"][0]
    coins = {"availPos", "baseBal", "margin", "optVal", "pendingCloseOrdLiabVal", "posCcy", "quoteBal", "quoteBorrowed"}
    coins |= {"quoteInterest", "spotInUseAmt", "spotInUseCcy", "liqPx", "mgnRatio"}
    for told in (desk.query("/api/v5/account/positions")[0], desk.pushed("positions")[-1]):
        assert dict.fromkeys(coins - {"liqPx", "mgnRatio"}, "").items() <= told.items()
        for row in (sample, told):
            row |= dict.fromkeys(coins, "")
        assert differences(alphabetic(sample), told, optional=frozenset({"imr"})) == []


def test_kinds_without_a_sample_have_the_fields_of_the_document(desk: OkxDesk) -> None:
    desk.subscribe("orders")
    desk.fault(fault="shutdown", seconds=60)
    desk.order("buy", "0.01", "50000", clOrdId="mine")
    named = {"instId": "BTC-USDT", "clOrdId": "mine"}
    found: dict[str, Any] = {frame["event"]: frame for frame in desk.frames(7) if "event" in frame}
    found["op"] = desk.op("order", desk.terms("buy", "0.01", "50000", instIdCode=1))[0]
    found["amend"] = desk.post("/api/v5/trade/amend-order", named | {"newSz": "0.02"})["data"][0]
    found["cancel"] = desk.post("/api/v5/trade/cancel-order", named)["data"][0]
    found["switch"] = desk.post("/api/v5/trade/cancel-all-after", {"timeOut": "10"})["data"][0]
    found["leverage"] = desk.query("/api/v5/account/leverage-info", instId="BTC-USDT-SWAP", mgnMode="cross")[0]
    both = found["balance_and_position"] = desk.pushed("balance_and_position")[-1]
    found |= {name: both[name][0] for name in ("balData", "posData")}
    assert {kind: set(found[kind]) for kind in DOCUMENT_ONLY} == DOCUMENT_ONLY
    assert both["trades"][0].keys() == {"instId", "tradeId"}

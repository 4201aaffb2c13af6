"""Leverage, funding and liquidation as OKX tells them."""

import json
from typing import Any

import pytest

from tests.unit.agents.paper.okx.okx_desk import SWAP, OkxDesk

SYMBOL = SWAP.symbol
BILL = {
    *("bal", "balChg", "billId", "ccy", "clOrdId", "earnAmt", "earnApr", "execType", "fee", "fillFwdPx", "fillIdxPx"),
    *("fillMarkPx", "fillMarkVol", "fillPxUsd", "fillPxVol", "fillTime", "from", "instId", "instType", "interest"),
    *("mgnMode", "notes", "ordId", "pnl", "posBal", "posBalChg", "px", "subType", "sz", "tag", "to", "tradeId", "ts"),
    "type",
}
"""The fields of a booking in the venue's document."""


@pytest.fixture
def desk() -> OkxDesk:
    desk = OkxDesk(balances={"USDT": "10000"}, taker_fee="0")
    desk.run(2)
    desk.login()
    desk.subscribe("orders", "account", "positions", "balance_and_position")
    return desk


def market(desk: OkxDesk, side: str, size: str) -> None:
    assert desk.order(side, size, "", "market", instId=SYMBOL)["sCode"] == "0"


def leverage(desk: OkxDesk, lever: str, **fields: Any) -> Any:
    return desk.post("/api/v5/account/set-leverage", {"instId": SYMBOL, "lever": lever, "mgnMode": "cross"} | fields)


def test_leverage_is_set(desk: OkxDesk) -> None:
    market(desk, "buy", "10")
    answer = leverage(desk, "5")
    assert answer["data"] == [{"lever": "5", "mgnMode": "cross", "instId": SYMBOL, "posSide": "net"}]
    (row,) = desk.query("/api/v5/account/leverage-info", instId=SYMBOL, mgnMode="cross")
    (held,) = desk.query("/api/v5/account/positions")
    assert (row["lever"], held["lever"]) == ("5", "5")
    assert leverage(desk, "101")["code"] == "59102"
    assert leverage(desk, "5", mgnMode="isolated")["code"] == "51000"
    assert leverage(desk, "x")["code"] == "51000"
    market(desk, "buy", "50")
    assert leverage(desk, "1")["code"] == "59105"


@pytest.mark.parametrize(("rate", "kind"), [("0.001", "173"), ("-0.001", "174")])
def test_funding_is_a_bill(desk: OkxDesk, rate: str, kind: str) -> None:
    market(desk, "buy", "10")
    body = json.dumps({"symbol": SYMBOL, "rate": rate}).encode()
    assert desk.exchange.http("POST", "/paper/funding", "", {}, body, desk.wall_ns).status == 200
    desk.run(0.1)
    (paid,) = desk.exchange.trading.ledger.fundings
    (bill,) = desk.query("/api/v5/account/bills", instType="SWAP", type="8")
    assert set(bill) == BILL
    assert (bill["type"], bill["subType"], bill["instId"], bill["sz"]) == ("8", kind, SYMBOL, "10")
    assert float(bill["balChg"]) == pytest.approx(paid.amount_e8 / 1e8)
    assert float(bill["bal"]) == pytest.approx(desk.exchange.account.balance("USDT").total_e8 / 1e8)
    assert desk.query("/api/v5/account/bills", type="2") == []
    assert desk.query("/api/v5/account/bills", begin=str(desk.wall_ns // 10**6 + 1)) == []
    both = desk.pushed("balance_and_position")[-1]
    assert (both["eventType"], both["balData"][0]["cashBal"]) == ("funding_fee", bill["bal"])
    assert desk.query("/api/v5/account/positions")[0]["fundingFee"] == bill["pnl"]


def test_a_liquidation_is_the_venues_own_order(desk: OkxDesk) -> None:
    market(desk, "sell", "100")
    desk.exchange.account.transfer("USDT", -desk.exchange.account.balance("USDT").total_e8)
    desk.run(2)
    assert desk.query("/api/v5/account/positions") == []
    last = desk.pushed("orders")[-1]
    assert (last["category"], last["state"], last["clOrdId"], last["side"]) == ("full_liquidation", "filled", "", "buy")

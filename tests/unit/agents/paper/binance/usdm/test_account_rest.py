"""What the paper venue's USDT-M account tells of money, positions and bookings."""

import pytest

from tests.unit.agents.paper.binance.usdm.usdm_desk import KEY, UsdmDesk, signature


@pytest.fixture
def desk() -> UsdmDesk:
    desk = UsdmDesk(balances={"USDT": "1000"}, taker_fee="0.0004")
    desk.run(1)
    return desk


def test_a_position_is_valued_at_the_mark_and_costs_a_commission(desk: UsdmDesk) -> None:
    (filled,) = (desk.order("BUY", "0.100", newOrderRespType="RESULT"),)
    (trade, *others) = desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", orderId=filled["orderId"])
    cost = sum(float(row["quoteQty"]) for row in (trade, *others))
    held = desk.position()
    assert (held["positionAmt"], float(held["entryPrice"])) == ("0.100", pytest.approx(cost / 0.1))
    mark = float(held["markPrice"])
    assert float(held["unRealizedProfit"]) == pytest.approx(0.1 * mark - cost, abs=1e-6)
    assert float(held["maintMargin"]) == pytest.approx(0.1 * mark * 0.005, abs=1e-6)
    wallet = 1000 - cost * 0.0004
    assert float(held["liquidationPrice"]) == pytest.approx((cost - wallet) / (0.1 * 0.995), abs=0.1)
    (row,) = desk.call("GET", "/fapi/v3/balance")
    assert (row["asset"], float(row["balance"])) == ("USDT", pytest.approx(wallet, abs=1e-6))
    found = desk.call("GET", "/fapi/v2/account")
    assert float(found["totalMarginBalance"]) == pytest.approx(wallet + float(held["unRealizedProfit"]), abs=1e-6)
    assert [each["symbol"] for each in found["positions"]] == ["BTCUSDT", "ETHUSDT"]
    assert [each["symbol"] for each in desk.call("GET", "/fapi/v3/account")["positions"]] == ["BTCUSDT"]


def test_a_short_position_is_below_zero(desk: UsdmDesk) -> None:
    desk.order("SELL", "0.010")
    held = desk.position()
    assert (held["positionAmt"], float(held["notional"]) < 0) == ("-0.010", True)
    assert float(held["liquidationPrice"]) > float(held["markPrice"])


def test_income_tells_profit_and_commissions(desk: UsdmDesk) -> None:
    desk.order("BUY", "0.010")
    desk.order("SELL", "0.010")
    rows = desk.call("GET", "/fapi/v1/income")
    assert [row["incomeType"] for row in rows] == ["COMMISSION", "REALIZED_PNL", "COMMISSION"]
    total = sum(float(row["income"]) for row in rows)
    assert float(desk.call("GET", "/fapi/v3/balance")[0]["balance"]) == pytest.approx(1000 + total, abs=1e-6)
    assert len({row["tranId"] for row in rows}) == 3
    (only,) = desk.call("GET", "/fapi/v1/income", incomeType="REALIZED_PNL", symbol="BTCUSDT")
    assert float(only["income"]) < 0
    assert desk.call("GET", "/fapi/v1/income", symbol="ETHUSDT") == []


def test_terms_of_the_account(desk: UsdmDesk) -> None:
    rate = desk.call("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT")
    assert rate == {"symbol": "BTCUSDT", "makerCommissionRate": "0.001", "takerCommissionRate": "0.0004"}
    bracket = desk.call("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT")["brackets"][0]
    assert (bracket["initialLeverage"], bracket["maintMarginRatio"]) == (125, 0.005)
    assert [each["limit"] for each in desk.call("GET", "/fapi/v1/rateLimit/order")] == [300, 1200]
    rights = desk.call("GET", "/sapi/v1/account/apiRestrictions")
    assert (rights["enableFutures"], rights["enableWithdrawals"]) == (True, False)


def test_a_request_must_be_signed_and_of_this_time(desk: UsdmDesk) -> None:
    now = desk.wall_ns // 1_000_000
    query = f"timestamp={now}"
    assert desk.raw("GET", "/fapi/v3/balance", query)["code"] == -1102
    assert desk.raw("GET", "/fapi/v3/balance", f"{query}&signature=00")["code"] == -1022
    late = f"timestamp={now - 6000}"
    assert desk.raw("GET", "/fapi/v3/balance", f"{late}&signature={signature(late)}")["code"] == -1021
    assert desk.raw("GET", "/fapi/v3/balance", f"{query}&signature={signature(query)}", KEY + "x")["code"] == -2015
    assert desk.raw("GET", "/fapi/v9/balance", query)["code"] == -1000
    assert desk.status == 404

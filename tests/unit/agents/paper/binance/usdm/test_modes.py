"""How the paper venue's USDT-M account holds contracts, and what of it can be changed."""

from typing import Any

import pytest

from tests.unit.agents.paper.binance.usdm.usdm_desk import UsdmDesk


@pytest.fixture
def desk() -> UsdmDesk:
    desk = UsdmDesk(balances={"USDT": "1000"})
    desk.run(1)
    return desk


def account(desk: UsdmDesk) -> tuple[float, float]:
    """Return what orders hold and what is available."""
    found = desk.call("GET", "/fapi/v3/account")
    return float(found["totalOpenOrderInitialMargin"]), float(found["availableBalance"])


def test_leverage_says_how_much_an_order_and_a_position_hold(desk: UsdmDesk) -> None:
    answer = desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=5)
    assert (answer["leverage"], answer["symbol"]) == (5, "BTCUSDT")
    desk.order("BUY", "0.010", "50000")
    assert account(desk) == (100.0, 900.0)
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=20)
    assert account(desk) == (25.0, 975.0)
    desk.order("SELL", "0.010")
    held = desk.position()
    assert float(held["positionInitialMargin"]) == pytest.approx(float(held["entryPrice"]) * 0.01 / 20)
    (config,) = desk.call("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")
    assert (config["leverage"], config["marginType"]) == (20, "CROSSED")


def test_a_leverage_that_the_account_cannot_hold_is_refused(desk: UsdmDesk) -> None:
    desk.order("BUY", "0.100", "50000")
    assert desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=1)["code"] == -2028
    assert account(desk) == (500.0, 500.0)
    for wrong, code in ((0, -4028), (126, -4028), ("", -1102)):
        assert desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=wrong)["code"] == code


ASKED: list[tuple[str, dict[str, str], int, int, int]] = [
    ("marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}, -4046, -4046, -4046),
    ("marginType", {"symbol": "BTCUSDT", "marginType": "ISOLATED"}, -1020, -4047, -4048),
    ("marginType", {"symbol": "BTCUSDT", "marginType": "BOTH"}, -1102, -1102, -1102),
    ("positionSide/dual", {"dualSidePosition": "false"}, -4059, -4059, -4059),
    ("positionSide/dual", {"dualSidePosition": "true"}, -1020, -4067, -4068),
    ("positionSide/dual", {}, -1102, -1102, -1102),
    ("multiAssetsMargin", {"multiAssetsMargin": "false"}, -4171, -4171, -4171),
    ("multiAssetsMargin", {"multiAssetsMargin": "true"}, -1020, -1020, -1020),
    ("multiAssetsMargin", {}, -1102, -1102, -1102),
]


@pytest.mark.parametrize(("path", "params", "idle", "ordered", "held"), ASKED)
def test_modes_stay_as_they_are(
    desk: UsdmDesk, path: str, params: dict[str, Any], idle: int, ordered: int, held: int
) -> None:
    assert desk.call("POST", f"/fapi/v1/{path}", **params)["code"] == idle
    desk.order("BUY", "0.010", "50000")
    assert desk.call("POST", f"/fapi/v1/{path}", **params)["code"] == ordered
    desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    desk.order("BUY", "0.010")
    assert desk.call("POST", f"/fapi/v1/{path}", **params)["code"] == held


def test_modes_are_told(desk: UsdmDesk) -> None:
    assert desk.call("GET", "/fapi/v1/positionSide/dual") == {"dualSidePosition": False}
    assert desk.call("GET", "/fapi/v1/multiAssetsMargin") == {"multiAssetsMargin": False}

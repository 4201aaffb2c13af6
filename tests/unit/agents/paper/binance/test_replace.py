"""An order is canceled and another sent in one request: what each outcome answers, and what it leaves."""

import pytest

from tests.unit.agents.paper.paper_kit import Desk

REPLACE = ("POST", "/api/v3/order/cancelReplace")
BUY = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "1000.00",
}
UNKNOWN = {"code": -2011, "msg": "Unknown order sent."}
POOR = {"quantity": "1000", "price": "59000.00"}
"""What the account cannot pay for."""


def placed():
    desk = Desk()
    desk.call("POST", "/api/v3/order", BUY | {"newClientOrderId": "T1"})
    return desk


def replaced(desk, mode="STOP_ON_FAILURE", which="T1", **terms):
    asked = {"cancelReplaceMode": mode, "cancelOrigClientOrderId": which, "newClientOrderId": "T2"}
    return desk.call(*REPLACE, BUY | asked | terms)


def open_names(desk):
    return [order["clientOrderId"] for order in desk.call("GET", "/api/v3/openOrders", {"symbol": "BTCUSDT"})[1]]


def test_one_order_ends_and_the_other_is_open():
    desk = placed()
    status, answer = replaced(desk, price="1001.00")
    assert (status, answer["cancelResult"], answer["newOrderResult"]) == (200, "SUCCESS", "SUCCESS")
    assert answer["cancelResponse"]["status"] == "CANCELED"
    assert (answer["newOrderResponse"]["price"], answer["newOrderResponse"]["fills"]) == ("1001.00000000", [])
    assert open_names(desk) == ["T2"]


@pytest.mark.parametrize(
    ("mode", "which", "terms", "status", "code", "results", "left"),
    [
        ("STOP_ON_FAILURE", "none", {}, 400, -2022, ("FAILURE", "NOT_ATTEMPTED"), ["T1"]),
        ("ALLOW_FAILURE", "none", {}, 409, -2021, ("FAILURE", "SUCCESS"), ["T1", "T2"]),
        ("STOP_ON_FAILURE", "T1", POOR, 409, -2021, ("SUCCESS", "FAILURE"), []),
        ("ALLOW_FAILURE", "none", POOR, 400, -2022, ("FAILURE", "FAILURE"), ["T1"]),
    ],
)
def test_what_fails_is_told_of_each(mode, which, terms, status, code, results, left):
    desk = placed()
    got, answer = replaced(desk, mode, which, **terms)
    assert (got, answer["code"]) == (status, code)
    data = answer["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == results
    if which == "none":
        assert data["cancelResponse"] == UNKNOWN
    if terms:
        assert data["newOrderResponse"]["code"] == -2010
    assert open_names(desk) == left


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"cancelReplaceMode": ""}, -1102),
        ({"cancelReplaceMode": "PERHAPS"}, -1100),
        ({"cancelOrigClientOrderId": ""}, -1102),
        ({"price": "1000.001"}, -1013),
    ],
)
def test_what_is_wrong_with_the_request_changes_nothing(terms, code):
    desk = placed()
    asked = {"cancelReplaceMode": "ALLOW_FAILURE", "cancelOrigClientOrderId": "T1"}
    assert desk.call(*REPLACE, BUY | asked | terms)[1]["code"] == code
    assert open_names(desk) == ["T1"]

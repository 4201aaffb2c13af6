"""So many requests in two seconds, of each kind and instrument apart."""

import pytest

from agents.paper.okx.answers import OkxRefusal
from agents.paper.okx.rate_limits import OkxRateLimits
from schemas.units import SECOND
from tests.unit.agents.paper.okx.okx_desk import PRIVATE, OkxDesk


def test_the_window_slides() -> None:
    limits = OkxRateLimits()
    for _ in range(3):
        limits.charge("place", "A", 3, SECOND)
    with pytest.raises(OkxRefusal, match="50011"):
        limits.charge("place", "A", 3, 3 * SECOND - 1)
    limits.charge("place", "A", 3, 3 * SECOND)


def test_what_is_too_much_is_not_counted() -> None:
    limits = OkxRateLimits()
    limits.charge("batch", "A", 10, 0, 8)
    with pytest.raises(OkxRefusal):
        limits.charge("batch", "A", 10, 0, 3)
    limits.charge("batch", "A", 10, 0, 2)


def test_orders_are_limited_by_kind_and_instrument_whichever_way_they_come() -> None:
    desk = OkxDesk()
    desk.run(1)
    desk.login()
    bid, _ = desk.best()
    price = f"{bid - 1000:.1f}"
    for number in range(60):
        answer = desk.order("buy", "0.001", price, clOrdId=f"n{number}")
        assert answer["sCode"] == "0"
    assert desk.order("buy", "0.001", price)["code"] == "50011"
    assert desk.status == 429
    (answer,) = desk.op("order", desk.terms("buy", "0.001", price, instIdCode=1), number=PRIVATE)
    assert (answer["code"], answer["data"]) == ("50011", [])
    assert desk.order("buy", "1", price, instId="BTC-USDT-SWAP")["sCode"] == "0"
    cancel = desk.post("/api/v5/trade/cancel-order", {"instId": "BTC-USDT", "clOrdId": "n0"})
    assert cancel["code"] == "0"
    desk.run(2)
    assert desk.order("buy", "0.001", price)["sCode"] == "0"

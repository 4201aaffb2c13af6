"""USDT-M's requests of orders on the paper venue: what is taken, how it is refused, and what becomes of it."""

from typing import Any

import pytest

from tests.unit.agents.paper.binance.usdm.usdm_desk import UsdmDesk


@pytest.fixture
def desk() -> UsdmDesk:
    desk = UsdmDesk()
    desk.open("/public/stream?streams=btcusdt@depth@100ms")
    desk.run(2)
    return desk


def price(desk: UsdmDesk, below: float) -> str:
    return f"{desk.best()[0] - below:.1f}"


def test_an_order_is_only_acknowledged_unless_its_result_is_asked_for(desk: UsdmDesk) -> None:
    taken, done = desk.order("BUY", "0.010"), desk.order("BUY", "0.010", newOrderRespType="RESULT")
    assert (taken["status"], taken["executedQty"]) == ("NEW", "0.000")
    assert (done["status"], done["executedQty"], done["cumQty"]) == ("FILLED", "0.010", "0.010")
    found = desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=taken["orderId"])
    assert (found["status"], float(found["avgPrice"]) > 0, float(found["cumQuote"]) > 0) == ("FILLED", True, True)


def test_an_order_rests_is_amended_and_canceled(desk: UsdmDesk) -> None:
    desk.order("BUY", "0.010", price(desk, 100), newClientOrderId="one")
    named: dict[str, Any] = {"symbol": "BTCUSDT", "origClientOrderId": "one"}
    terms = named | {"side": "BUY", "quantity": "0.020", "price": price(desk, 90)}
    assert desk.call("PUT", "/fapi/v1/order", **terms, modifyId=9)["modifyId"] == 9
    assert desk.call("PUT", "/fapi/v1/order", **terms)["code"] == -5027
    assert desk.call("PUT", "/fapi/v1/order", **terms | {"side": "SELL"})["code"] == -1117
    assert desk.call("PUT", "/fapi/v1/order", **terms | {"reduceOnly": "true"})["code"] == -5047
    (row,) = desk.call("GET", "/fapi/v1/openOrders")
    assert (row["clientOrderId"], row["origQty"], row["price"]) == ("one", "0.020", terms["price"])
    assert desk.call("GET", "/fapi/v1/openOrder", **named)["orderId"] == row["orderId"]
    assert desk.call("DELETE", "/fapi/v1/order", **named)["status"] == "CANCELED"
    assert desk.call("DELETE", "/fapi/v1/order", **named) == {"code": -2011, "msg": "Unknown order sent."}
    assert desk.call("GET", "/fapi/v1/openOrder", **named)["code"] == -2013
    assert [row["status"] for row in desk.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")] == ["CANCELED"]


def test_an_amendment_that_would_take_cancels_a_post_only_order(desk: UsdmDesk) -> None:
    placed = desk.order("BUY", "0.010", price(desk, 100), timeInForce="GTX")
    terms = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "side": "BUY", "quantity": "0.010"}
    assert desk.call("PUT", "/fapi/v1/order", **terms, price=price(desk, -100))["status"] == "CANCELED"
    assert desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT") == []


def test_a_client_order_id_is_taken_once_while_its_order_is_open(desk: UsdmDesk) -> None:
    desk.order("BUY", "0.010", price(desk, 100), newClientOrderId="same")
    assert desk.order("BUY", "0.010", price(desk, 100), newClientOrderId="same")["code"] == -4116
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="same")
    assert desk.order("BUY", "0.010", price(desk, 100), newClientOrderId="same")["status"] == "NEW"


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"symbol": "NOUSDT"}, -1121),
    ({"symbol": ""}, -1102),
    ({"side": "LONG"}, -1117),
    ({"type": "STOP_MARKET"}, -4120),
    ({"type": "LIMIT_MAKER"}, -1116),
    ({"positionSide": "LONG"}, -4061),
    ({"timeInForce": "GTD"}, -1115),
    ({"timeInForce": ""}, -1102),
    ({"newOrderRespType": "FULL"}, -1136),
    ({"newClientOrderId": "a b"}, -1100),
    ({"newClientOrderId": "a" * 37}, -4015),
    ({"priceMatch": "QUEUE"}, -5037),
    ({"price": "0"}, -4001),
    ({"price": "60000.15"}, -1111),
    ({"price": "nine"}, -1100),
    ({"price": "2000000000"}, -4002),
    ({"price": "70000"}, -4016),
    ({"side": "SELL", "price": "50000"}, -4024),
    ({"quantity": "0"}, -4003),
    ({"quantity": "0.0005"}, -1111),
    ({"quantity": "10000000000"}, -4005),
    ({"quantity": "100", "price": "59000"}, -2019),
    ({"price": "4000", "quantity": "0.001"}, -4164),
    ({"reduceOnly": "true"}, -2022),
    ({"timeInForce": "FOK", "price": "59000"}, -5021),
    ({"timeInForce": "GTX", "price": "61000"}, -5022),
]


@pytest.mark.parametrize(("terms", "code"), REFUSED)
def test_an_order_is_refused_in_the_venues_code(desk: UsdmDesk, terms: dict[str, Any], code: int) -> None:
    answer = desk.order("BUY", "0.010", "59000", **terms)
    assert (desk.status, answer.get("code", answer)) == (400, code)
    assert desk.call("GET", "/fapi/v1/openOrders") == []


def test_an_order_that_only_reduces_is_cut_to_the_position_and_needs_no_least_worth(desk: UsdmDesk) -> None:
    desk.order("SELL", "0.010")
    small = desk.order("BUY", "0.001", "4000.0", reduceOnly="true")
    assert (small["status"], small["reduceOnly"]) == ("NEW", True)
    desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    assert desk.order("BUY", "1.000", reduceOnly="true", newOrderRespType="RESULT")["executedQty"] == "0.010"
    assert desk.position()["positionAmt"] == "0.000"


def test_executions_page_by_their_ids_or_by_time(desk: UsdmDesk) -> None:
    for _ in range(3):
        desk.order("BUY", "0.010")
    rows = desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids)
    later = desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", fromId=ids[1], limit=1)
    assert [row["id"] for row in later] == [ids[1]]
    asked: dict[str, Any] = {"symbol": "BTCUSDT", "startTime": rows[0]["time"], "endTime": rows[0]["time"]}
    assert [row["id"] for row in desk.call("GET", "/fapi/v1/userTrades", **asked)] == ids
    assert desk.call("GET", "/fapi/v1/userTrades", **asked, fromId=1)["code"] == -1128
    desk.wall_ns += (7 * 86_400_000 + 1) * 1_000_000
    assert desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", fromId=ids[0]) == []
    assert [row["id"] for row in desk.call("GET", "/fapi/v1/userTrades", **asked)] == ids
    asked["endTime"] += 8 * 86_400_000
    assert desk.call("GET", "/fapi/v1/userTrades", **asked)["code"] == -4165


def test_a_countdown_that_is_not_begun_anew_cancels_all_orders_of_its_symbol(desk: UsdmDesk) -> None:
    desk.order("BUY", "0.010", price(desk, 100))
    desk.order("BUY", "0.010", "2900.00", symbol="ETHUSDT")
    answer = desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=1000)
    assert answer == {"symbol": "BTCUSDT", "countdownTime": "1000"}
    desk.run(0.9)
    desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=1000)
    desk.run(0.9)
    assert len(desk.call("GET", "/fapi/v1/openOrders")) == 2
    desk.run(0.2)
    assert [row["symbol"] for row in desk.call("GET", "/fapi/v1/openOrders")] == ["ETHUSDT"]


def test_a_countdown_of_nothing_stops_it(desk: UsdmDesk) -> None:
    desk.order("BUY", "0.010", price(desk, 100))
    desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=100)
    desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=0)
    desk.run(1)
    assert len(desk.call("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")) == 1


def test_orders_count_apart_from_weight(desk: UsdmDesk) -> None:
    before = int(desk.limits()["X-MBX-USED-WEIGHT-1M"])
    desk.order("BUY", "0.010", price(desk, 100))
    assert (desk.headers["X-MBX-ORDER-COUNT-10S"], desk.headers["X-MBX-ORDER-COUNT-1M"]) == ("1", "1")
    assert int(desk.headers["X-MBX-USED-WEIGHT-1M"]) == before + 5
    for _ in range(299):
        desk.order("BUY", "0.010", "1.0")
    answer = desk.order("BUY", "0.010", "1.0")
    assert (desk.status, answer["code"], int(desk.headers["Retry-After"]) > 0) == (429, -1015, True)


@pytest.mark.parametrize(("fault", "code", "kept"), [("error_after", -1007, 1), ("error_before", -1000, 0)])
def test_a_venue_that_breaks_down_leaves_open_what_became_of_an_order(
    desk: UsdmDesk, fault: str, code: int, kept: int
) -> None:
    desk.fault(fault=fault)
    answer = desk.order("BUY", "0.010", price(desk, 100))
    assert (desk.status, answer["code"], len(desk.call("GET", "/fapi/v1/openOrders"))) == (503, code, kept)

"""What the paper venue's USDT-M account tells on its stream, and how it is heard."""

import pytest

from tests.unit.agents.paper.binance.usdm.usdm_desk import STREAM, UsdmDesk

HOUR_S = 3600


@pytest.fixture
def desk() -> UsdmDesk:
    desk = UsdmDesk()
    desk.run(1)
    return desk


def test_an_execution_is_told_in_short_then_by_the_account_then_by_the_order(desk: UsdmDesk) -> None:
    desk.listen()
    desk.order("BUY", "0.010", newClientOrderId="one")
    kinds = [event["e"] for event in desk.told()]
    assert kinds[0] == "ORDER_TRADE_UPDATE"
    assert kinds[1:4] == ["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    new, done = (desk.told("ORDER_TRADE_UPDATE")[number]["o"] for number in (0, -1))
    assert (new["x"], new["X"], new["c"], new["i"]) == ("NEW", "NEW", "one", 1)
    assert (done["x"], done["X"], done["z"], done["N"], done["m"]) == ("TRADE", "FILLED", "0.010", "USDT", False)
    changed = desk.told("ACCOUNT_UPDATE")[-1]["a"]
    assert (changed["m"], changed["P"][0]["pa"]) == ("ORDER", "0.010")
    assert changed["B"][0]["wb"] == desk.call("GET", "/fapi/v3/balance")[0]["balance"]


def test_an_order_that_moves_no_money_tells_of_itself_only(desk: UsdmDesk) -> None:
    desk.listen()
    placed = desk.order("BUY", "0.010", "50000")
    terms = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "side": "BUY", "quantity": "0.020", "price": "50000"}
    desk.call("PUT", "/fapi/v1/order", **terms, modifyId="4")
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=placed["orderId"])
    told = desk.told()
    assert [(event["o"]["x"], event["o"]["X"]) for event in told] == [
        ("NEW", "NEW"),
        ("AMENDMENT", "NEW"),
        ("CANCELED", "CANCELED"),
    ]
    assert [event["o"].get("M") for event in told] == [None, "4", None]


def test_an_order_that_has_nothing_left_to_reduce_expires(desk: UsdmDesk) -> None:
    desk.order("BUY", "0.010")
    desk.order("SELL", "0.010", "70000", reduceOnly="true", newClientOrderId="rest")
    desk.listen()
    desk.order("SELL", "0.010")
    (gone,) = [event["o"] for event in desk.told("ORDER_TRADE_UPDATE") if event["o"]["c"] == "rest"]
    assert (gone["x"], gone["X"], gone["R"]) == ("EXPIRED", "EXPIRED", True)


def test_money_and_leverage_are_told(desk: UsdmDesk) -> None:
    desk.listen()
    reply = desk.exchange.http("POST", "/paper/transfer", "", {}, b'{"asset":"USDT","amount":"7"}', desk.wall_ns)
    assert reply.status == 200
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=25)
    money, leverage = desk.told()
    assert (money["a"]["m"], money["a"]["B"][0]["wb"], money["a"]["P"]) == ("DEPOSIT", "100007.00000000", [])
    assert (leverage["e"], leverage["ac"]) == ("ACCOUNT_CONFIG_UPDATE", {"s": "BTCUSDT", "l": 25})


def test_a_listen_key_lives_an_hour_from_when_it_was_last_asked_for(desk: UsdmDesk) -> None:
    key = desk.listen()
    desk.wall_ns += 3000 * 10**9
    assert desk.raw("POST", "/fapi/v1/listenKey") == {"listenKey": key}
    desk.wall_ns += 3000 * 10**9
    assert desk.raw("PUT", "/fapi/v1/listenKey") == {"listenKey": key}
    desk.wall_ns += HOUR_S * 10**9
    desk.exchange.advance(desk.wall_ns, 0)
    (event,) = desk.told()
    assert (event["e"], event["listenKey"]) == ("listenKeyExpired", key)
    assert desk.raw("PUT", "/fapi/v1/listenKey")["code"] == -1125
    desk.order("BUY", "0.010", "50000")
    assert len(desk.told()) == 1
    assert STREAM not in desk.closed
    assert desk.raw("POST", "/fapi/v1/listenKey")["listenKey"] != key


def test_a_listen_key_that_is_deleted_falls_silent(desk: UsdmDesk) -> None:
    desk.listen()
    assert desk.raw("DELETE", "/fapi/v1/listenKey") == {}
    desk.order("BUY", "0.010", "50000")
    assert desk.told() == []
    assert desk.raw("POST", "/fapi/v1/listenKey", key="nobody-0001")["code"] == -2015


def test_a_change_is_told_twice_and_not_at_all(desk: UsdmDesk) -> None:
    desk.listen()
    desk.fault(fault="repeat_user")
    desk.order("BUY", "0.010", "50000")
    first, second = desk.told()
    assert first == second
    desk.fault(fault="mute_user")
    desk.order("BUY", "0.010", "50000")
    assert len(desk.told()) == 2

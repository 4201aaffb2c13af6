"""Which of USDT-M's streams speaks under which path of the paper venue."""

from typing import Any

import pytest

from tests.unit.agents.paper.binance.usdm.usdm_desk import UsdmDesk

STREAMS = "btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@aggTrade/btcusdt@markPrice@1s"
PUBLIC = {"btcusdt@depth@100ms", "btcusdt@bookTicker"}
OTHER = {"btcusdt@aggTrade", "btcusdt@markPrice@1s"}


def heard(desk: UsdmDesk) -> set[str]:
    desk.run(3)
    return {frame["stream"] for frame in desk.frames() if "stream" in frame}


@pytest.mark.parametrize(
    ("route", "carried"), [("/public", PUBLIC), ("/market", OTHER), ("", PUBLIC), ("/private", set())]
)
def test_a_stream_under_another_path_is_silent(route: str, carried: set[str]) -> None:
    desk = UsdmDesk()
    desk.open("/public/ws", 2)
    desk.open(f"{route}/stream?streams={STREAMS}")
    assert heard(desk) == carried


@pytest.mark.parametrize(("route", "carried"), [("/public", PUBLIC), ("/market", OTHER)])
def test_a_stream_under_another_path_is_acknowledged(route: str, carried: set[str]) -> None:
    desk = UsdmDesk()
    desk.open(f"{route}/stream")
    request = {"method": "SUBSCRIBE", "params": STREAMS.split("/"), "id": 5}
    assert desk.say(request) == [{"result": None, "id": 5}]
    assert heard(desk) == carried


def test_an_address_that_is_not_served() -> None:
    desk = UsdmDesk()
    for path in ("/nowhere", "/public", "/market/other"):
        assert not desk.exchange.ws_open(1, path, desk.wall_ns)


@pytest.mark.parametrize(
    "address",
    [
        "/private/ws/{key}",
        "/private/ws?listenKey={key}",
        "/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE",
        "/private/stream?listenKey={key}",
        "/private/stream?streams={key}",
    ],
)
def test_the_account_is_heard_by_whoever_has_the_listen_key(address: str) -> None:
    desk = UsdmDesk()
    desk.run(1)
    key = desk.raw("POST", "/fapi/v1/listenKey")["listenKey"]
    desk.open(address.format(key=key))
    desk.order("BUY", "0.010")
    frames = desk.frames()
    if "/stream" in address:
        assert {frame["stream"] for frame in frames} == {key}
        frames = [frame["data"] for frame in frames]
    kinds = {frame["e"] for frame in frames}
    assert kinds - {"TRADE_LITE"} == {"ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"}
    assert ("TRADE_LITE" in kinds) is ("events" not in address)


def test_a_listen_key_can_be_subscribed() -> None:
    desk = UsdmDesk()
    desk.run(1)
    desk.open("/private/stream")
    key = desk.raw("POST", "/fapi/v1/listenKey")["listenKey"]

    def ask(method: str, *params: Any) -> Any:
        return desk.say({"method": method, "params": list(params), "id": 1})[0]

    assert ask("SUBSCRIBE", "another") == {"result": None, "id": 1}
    desk.order("BUY", "0.010", "50000")
    assert len(desk.frames()) == 1
    assert ask("SUBSCRIBE", key) == {"result": None, "id": 1}
    assert ask("LIST_SUBSCRIPTIONS") == {"result": [key], "id": 1}
    desk.order("BUY", "0.010", "50000")
    assert desk.frames()[-1]["stream"] == key
    assert ask("UNSUBSCRIBE", key) == {"result": None, "id": 1}
    assert ask("LIST_SUBSCRIPTIONS") == {"result": [], "id": 1}
    assert ask("OTHER")["error"]["code"] == 2
    assert desk.say("not json")[0]["error"]["code"] == 3

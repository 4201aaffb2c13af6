"""Orders, the account and the listen key over USDT-M's websocket API."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agents.paper.agent import market_source
from agents.paper.exchange import PaperExchange
from schemas.config import VenueConfig
from tests.unit.agents.paper.binance.usdm.usdm_desk import API, BTC, KEY, UsdmDesk


@pytest.fixture
def desk() -> UsdmDesk:
    desk = UsdmDesk()
    desk.run(1)
    desk.open("/ws-fapi/v1", API)
    return desk


LIMIT: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


def test_an_order_is_placed_modified_queried_and_canceled(desk: UsdmDesk) -> None:
    placed = desk.request("order.place", **LIMIT, quantity="0.010", price="50000.0", newClientOrderId="one")
    assert (placed["status"], placed["result"]["status"]) == (200, "NEW")
    assert [each["count"] for each in placed["rateLimits"][:2]] == [1, 1]
    named: dict[str, Any] = {"symbol": "BTCUSDT", "origClientOrderId": "one"}
    changed = desk.request("order.modify", **named, side="BUY", quantity="0.020", price="50001.0")
    assert (changed["result"]["origQty"], changed["result"]["pair"]) == ("0.020", "BTCUSDT")
    assert desk.request("order.status", **named)["result"]["price"] == "50001.0"
    assert desk.request("order.cancel", **named)["result"]["status"] == "CANCELED"
    refused = desk.request("order.cancel", **named)
    assert (refused["status"], refused["error"]["code"]) == (400, -2011)


def test_the_account_is_told(desk: UsdmDesk) -> None:
    desk.request("order.place", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.010")
    (held,) = desk.request("v2/account.position")["result"]
    assert held["positionAmt"] == "-0.010"
    assert len(desk.request("account.position")["result"]) == 2
    assert desk.request("v2/account.balance")["result"] == desk.call("GET", "/fapi/v3/balance")
    assert desk.request("account.status")["result"]["canTrade"] is True
    assert "canTrade" not in desk.request("v2/account.status")["result"]


def test_what_needs_no_signature(desk: UsdmDesk) -> None:
    def ask(method: str, **params: Any) -> Any:
        return desk.say({"id": 7, "method": method, "params": params}, API)[0]

    key = ask("userDataStream.start", apiKey=KEY)["result"]["listenKey"]
    assert ask("userDataStream.ping", apiKey=KEY)["result"] == {"listenKey": key}
    assert ask("userDataStream.stop", apiKey=KEY)["result"] == {}
    assert ask("userDataStream.ping", apiKey=KEY)["error"]["code"] == -1125
    assert ask("userDataStream.start")["error"]["code"] == -2014
    assert len(ask("depth", symbol="BTCUSDT", limit=5)["result"]["bids"]) == 5
    assert ask("ticker.book", symbol="BTCUSDT")["result"]["symbol"] == "BTCUSDT"
    assert ask("time")["result"]["serverTime"] == desk.wall_ns // 1_000_000
    assert ask("ticker.book", symbol="NOUSDT")["error"]["code"] == -1121
    assert ask("order.dance")["error"]["code"] == -1020
    assert desk.say("not json", API)[0]["error"]["code"] == -1000
    assert ask("order.place", **LIMIT)["error"]["code"] == -2014


def test_a_secret_cannot_log_in(desk: UsdmDesk) -> None:
    assert desk.request("session.logon")["error"]["code"] == -4056
    assert "userDataStream" not in desk.request("session.status")["result"]


def test_a_connection_that_is_logged_in_signs_no_more() -> None:
    desk, private = UsdmDesk(), Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    venue = VenueConfig(id=1, name="paper", kind="binance_usdm")
    desk.exchange = PaperExchange(desk.config, venue, [BTC], market_source(desk.config), (KEY, pem))
    desk.exchange.attach(lambda number, frame: desk.sent.setdefault(number, []).append(frame), desk.closed.append)
    desk.run(1)
    desk.open("/ws-fapi/v1", API)
    now = desk.wall_ns // 1_000_000
    sign = base64.b64encode(private.sign(f"apiKey={KEY}&timestamp={now}".encode())).decode()
    params = {"apiKey": KEY, "timestamp": now, "signature": sign}
    (answer,) = desk.say({"id": 1, "method": "session.logon", "params": params}, API)
    assert answer["result"]["authorizedSince"] == now
    order = LIMIT | {"quantity": "0.010", "price": "50000.0", "timestamp": now}
    (placed,) = desk.say({"id": 2, "method": "order.place", "params": order}, API)
    assert placed["result"]["status"] == "NEW"


def test_an_answer_that_is_lost_ends_the_connection(desk: UsdmDesk) -> None:
    desk.fault(fault="drop_reply")
    with pytest.raises(StopIteration):
        desk.request("order.place", **LIMIT, quantity="0.010", price="50000.0")
    assert desk.closed == [API]
    assert len(desk.call("GET", "/fapi/v1/openOrders")) == 1

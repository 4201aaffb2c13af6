"""Orders over the paper venue's websocket API: the REST call of that name, with its refusals, limits and faults."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from agents.paper.agent import market_source
from agents.paper.exchange import PaperExchange
from schemas.config import PaperConfig
from tests.unit.agents.paper.paper_kit import BTC, KEY, T0, VENUE, Desk, sign

ORDERS = 77
BUY = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "1000.00",
    "newClientOrderId": "T1",
}


class ApiDesk(Desk):
    """A venue in memory, and a client that is connected to its websocket API."""

    def __init__(self, **config):
        super().__init__(**config)
        assert self.exchange.ws_open(ORDERS, "/ws-api/v3", self.wall_ns)

    def ask(self, method, params=None, *, signed=True, **more):
        """Ask, and return what was answered meanwhile."""
        said = {**(params or {}), **more, "timestamp": self.wall_ns // 1_000_000}
        if signed:
            said["apiKey"] = KEY
            said["signature"] = sign("&".join(f"{name}={said[name]}" for name in sorted(said)))
        before = len(self.frames)
        self.exchange.ws_message(ORDERS, json.dumps({"id": 5, "method": method, "params": said}), self.wall_ns)
        return [json.loads(frame) for frame in self.frames[before:]]

    @property
    def frames(self):
        return self.sent.setdefault(ORDERS, [])


def test_an_order_is_placed_asked_for_and_canceled_as_over_rest():
    desk = ApiDesk()
    (placed,) = desk.ask("order.place", BUY)
    assert (placed["id"], placed["status"], placed["result"]["status"]) == (5, 200, "NEW")
    status, over_rest = desk.call("GET", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": "T1"})
    assert status == 200
    (asked,) = desk.ask("order.status", symbol="BTCUSDT", orderId=placed["result"]["orderId"])
    assert asked["result"] == over_rest
    assert desk.ask("openOrders.status")[0]["result"] == [over_rest]
    assert desk.ask("account.status")[0]["result"] == desk.call("GET", "/api/v3/account")[1]
    (canceled,) = desk.ask("order.cancel", symbol="BTCUSDT", origClientOrderId="T1")
    assert canceled["result"]["status"] == "CANCELED"
    (late,) = desk.ask("order.cancel", symbol="BTCUSDT", origClientOrderId="T1")
    assert (late["status"], late["error"]) == (400, {"code": -2011, "msg": "Unknown order sent."})


def test_an_answer_tells_what_is_used_of_each_limit():
    desk = ApiDesk()
    (placed,) = desk.ask("order.place", BUY)
    assert [(each["rateLimitType"], each["interval"], each["count"]) for each in placed["rateLimits"]] == [
        ("ORDERS", "SECOND", 1),
        ("ORDERS", "DAY", 1),
        ("REQUEST_WEIGHT", "MINUTE", 1),
    ]
    (asked,) = desk.ask("order.status", symbol="BTCUSDT", origClientOrderId="T1")
    assert [(each["rateLimitType"], each["count"]) for each in asked["rateLimits"]] == [("REQUEST_WEIGHT", 5)]


def test_a_request_is_refused_as_over_rest():
    desk = ApiDesk()
    (filtered,) = desk.ask("order.place", BUY | {"price": "1000.001"})
    assert (filtered["status"], filtered["error"]["code"]) == (400, -1013)
    (unsigned,) = desk.ask("order.place", BUY, signed=False)
    assert (unsigned["status"], unsigned["error"]["code"]) == (401, -2014)
    (forged,) = desk.ask("order.place", BUY | {"recvWindow": 70_000})
    assert forged["error"]["code"] == -1131
    assert desk.exchange.trading.orders == {}


@pytest.mark.parametrize(
    ("fault", "status", "executed"),
    [({"fault": "error_after", "status": 504}, 504, True), ({"fault": "error_before"}, 503, False)],
)
def test_a_venue_that_breaks_down_says_so(fault, status, executed):
    desk = ApiDesk()
    desk.fault(**fault)
    (answer,) = desk.ask("order.place", BUY)
    assert answer["status"] == status
    assert answer["error"]["code"] in (-1006, -1007)
    assert bool(desk.exchange.trading.orders) is executed


def test_a_reply_that_is_dropped_ends_the_connection_with_the_order_carried_out():
    desk = ApiDesk()
    desk.fault(fault="drop_reply")
    assert desk.ask("order.place", BUY) == []
    assert desk.closed == [ORDERS]
    assert len(desk.exchange.trading.orders) == 1


def test_an_answer_that_is_held_back_is_sent_when_its_time_has_come():
    desk = ApiDesk()
    desk.fault(fault="delay", ms=300)
    assert desk.ask("order.place", BUY) == []
    due_ns = desk.exchange.advance(desk.wall_ns)
    assert due_ns is not None
    assert due_ns <= desk.wall_ns + 300_000_000
    desk.exchange.advance(desk.wall_ns + 299_000_000)
    assert desk.frames == []
    desk.exchange.advance(desk.wall_ns + 300_000_000)
    assert json.loads(desk.frames[0])["status"] == 200


@pytest.mark.parametrize(("fault", "status"), [("rate_limit", 429), ("ban", 418)])
def test_a_limiter_tells_until_when(fault, status):
    desk = ApiDesk()
    desk.fault(fault=fault, retry_after=7)
    (answer,) = desk.ask("order.place", BUY)
    assert (answer["status"], answer["error"]["code"]) == (status, -1003)
    now_ms = desk.wall_ns // 1_000_000
    assert answer["error"]["data"] == {"serverTime": now_ms, "retryAfter": now_ms + 7_000}


def test_a_session_needs_a_key_that_can_log_in():
    (answer,) = ApiDesk().ask("session.logon")
    assert (answer["status"], answer["error"]["code"]) == (403, -4056)


def test_a_session_that_is_logged_in_needs_no_signature():
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    paper = PaperConfig(id=1, venue="paper", balances={"USDT": "100000"})
    sent, source = [], market_source(paper)
    exchange = PaperExchange(paper, VENUE, (BTC,), source, (KEY, pem), send=lambda _, frame: sent.append(frame))
    assert exchange.ws_open(ORDERS, "/ws-api/v3", T0)

    def ask(method, **params):
        exchange.ws_message(ORDERS, json.dumps({"id": 1, "method": method, "params": params}), T0)
        return json.loads(sent[-1])

    now_ms = T0 // 1_000_000
    signature = base64.b64encode(key.sign(f"apiKey={KEY}&timestamp={now_ms}".encode())).decode()
    assert ask("order.place", **BUY, timestamp=now_ms)["status"] == 401
    assert ask("session.logon", apiKey=KEY, timestamp=now_ms, signature=signature[:-4] + "AAA=")["status"] == 400
    logged_in = ask("session.logon", apiKey=KEY, timestamp=now_ms, signature=signature)
    assert (logged_in["status"], logged_in["result"]["authorizedSince"]) == (200, now_ms)
    assert ask("order.place", **BUY, timestamp=now_ms)["result"]["status"] == "NEW"
    assert ask("order.cancel", symbol="BTCUSDT", origClientOrderId="T1")["error"]["code"] == -1102
    assert ask("order.cancel", symbol="BTCUSDT", origClientOrderId="T1", timestamp=now_ms - 9_000)["status"] == 400
    assert ask("session.logout")["result"]["apiKey"] is None
    assert ask("openOrders.status", timestamp=now_ms)["status"] == 401

"""Orders over Binance's websocket API: messages with the key of its documents, answers in the words of its documents."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from agents.venues.binance.order_wire import spot_order_wire, usdm_order_wire
from agents.venues.binance.signer import BinanceSigner
from agents.venues.binance.spot_errors import error_verdict
from agents.venues.credentials import Credentials
from agents.venues.order_socket import OrderAnswer
from agents.venues.reports import CallResult, StreamEnded, SubscriptionReply
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.orders import Reason

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # web-socket-api.md, its example
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
PLACE = VenueCall(
    "POST",
    "/api/v3/order",
    {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "newOrderRespType": "ACK",
    },
    signed=True,
)
CANCEL = VenueCall("DELETE", "/api/v3/order", {"symbol": "BTCUSDT", "orderId": "12569099453"}, signed=True)
LIMITS = (
    b'"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50,"count":12},'
    b'{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":160000,"count":4043},'
    b'{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000,"count":321}]'
)
ODD_STATUS = b'{"id":17,"status":99999999999999999999,"result":{}}'
HEADERS = {"X-Mbx-Order-Count-10S": "12", "X-Mbx-Order-Count-1D": "4043", "X-Mbx-Used-Weight-1M": "321"}


def wire(secret=SECRET, recv_window_ms=100, now_ms=1_645_423_376_532):
    venue = VenueConfig(id=1, name="b", kind="binance_spot", recv_window_ms=recv_window_ms)
    signer = BinanceSigner(venue, Credentials(KEY, secret), lambda: now_ms * 1_000_000)
    return spot_order_wire(signer)


def ed25519_pem():
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    no_password = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    return key, pem.decode()


def test_a_create_is_the_signed_request_of_the_documents():
    message = json.loads(wire().message(17, PLACE))
    # web-socket-api.md, "SIGNED request example (HMAC)": its key, its secret, its parameters and its signature.
    assert message == {
        "id": 17,
        "method": "order.place",
        "params": {
            **PLACE.params,
            "recvWindow": 100,
            "timestamp": 1645423376532,
            "apiKey": KEY,
            "signature": "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a",
        },
    }


def test_a_cancel_names_the_order_by_a_number_and_is_signed_over_all_that_it_says():
    message = json.loads(wire().message(18, CANCEL))
    assert message["method"] == "order.cancel"
    params = dict(message["params"])
    given = params.pop("signature")
    assert params["orderId"] == 12569099453
    text = "&".join(f"{name}={params[name]}" for name in sorted(params))
    assert given == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/v3/order"), ("GET", "/api/v3/openOrders"), ("GET", "/api/v3/account")]
)
def test_what_only_asks_goes_over_rest(method, path):
    assert wire().message(1, VenueCall(method, path, {}, signed=True)) is None


@pytest.mark.parametrize(
    ("method", "name"), [("POST", "order.place"), ("PUT", "order.modify"), ("DELETE", "order.cancel"), ("GET", None)]
)
def test_futures_have_their_own_paths_and_amends(method, name):
    venue = VenueConfig(id=1, name="b", kind="binance_usdm")
    orders = usdm_order_wire(BinanceSigner(venue, Credentials(KEY, SECRET)))
    call = VenueCall(method, "/fapi/v1/order", {"symbol": "BTCUSDT", "side": "BUY", "orderId": "9"}, signed=True)
    message = orders.message(1, call)
    assert (message and json.loads(message)["method"]) == name
    assert orders.message(2, VenueCall("DELETE", "/fapi/v1/allOpenOrders", {}, signed=True)) is None


def test_what_futures_tell_of_their_limits_are_the_headers_of_rest():
    limits = LIMITS.replace(b'"interval":"DAY"', b'"interval":"MINUTE"')
    answer = wire().read(b'{"id":17,"status":200,"result":{},' + limits + b"}")
    assert answer.headers == {
        "X-Mbx-Order-Count-10S": "12",
        "X-Mbx-Order-Count-1M": "4043",
        "X-Mbx-Used-Weight-1M": "321",
    }


def test_with_an_ed25519_key_the_connection_is_logged_in_and_messages_are_not_signed():
    key, pem = ed25519_pem()
    orders = wire(pem)
    (login,) = orders.login(3)
    assert (login.id, login.message["method"], login.signed) == ("logon-3", "session.logon", True)
    venue = VenueConfig(id=1, name="b", kind="binance_spot", recv_window_ms=100)
    params = BinanceSigner(venue, Credentials(KEY, pem), lambda: 5_000_000).message(login.message)["params"]
    text = f"apiKey={KEY}&recvWindow=100&timestamp=5"
    key.public_key().verify(base64.b64decode(params["signature"]), text.encode())
    said = json.loads(orders.message(1, CANCEL))["params"]
    assert said.keys() == {"symbol", "orderId", "recvWindow", "timestamp"}


def test_an_answer_has_the_status_the_body_and_the_limits_that_rest_has():
    result = b'{"symbol":"BTCUSDT","orderId":12510053279,"status":"NEW"}'
    answer = wire().read(b'{"id":17,"status":200,"result":' + result + b"," + LIMITS + b"}")
    assert isinstance(answer, OrderAnswer)
    assert (answer.call_id, answer.status, answer.body, answer.headers) == (17, 200, result, HEADERS)


def verdict(answer):
    reply = VenueReply(17, PLACE, CallOutcome.ANSWERED, answer.status, answer.body, answer.headers)
    return error_verdict(reply)


@pytest.mark.parametrize(
    ("status", "error", "result", "reason"),
    [
        (400, b'{"code":-2010,"msg":"Account has insufficient balance for requested action."}', "REFUSED", 2),
        (400, b'{"code":-2010,"msg":"Duplicate order sent."}', "UNKNOWN", 0),
        (400, b'{"code":-2011,"msg":"Unknown order sent."}', "NOT_FOUND", 0),
        (504, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}', "UNKNOWN", 0),
        (403, b'{"code":0,"msg":"Request blocked"}', "UNKNOWN", 0),
    ],
)
def test_an_error_proves_what_it_proves_over_rest(status, error, result, reason):
    answer = wire().read(b'{"id":17,"status":%d,"error":%b,%b}' % (status, error, LIMITS))
    found = verdict(answer)
    assert found.result is CallResult[result]
    if reason:
        assert found.reason == Reason.INSUFFICIENT_BALANCE


@pytest.mark.parametrize(("status", "banned"), [(429, False), (418, True)])
def test_a_limiter_says_how_long_to_wait(status, banned):
    error = b'{"code":-1003,"msg":"Way too much","data":{"serverTime":1655967834107,"retryAfter":1655967841000}}'
    found = verdict(wire().read(b'{"id":17,"status":%d,"error":%b}' % (status, error)))
    assert (found.result, found.retry_after_ns, found.banned) == (CallResult.REFUSED, 7_000_000_000, banned)


def test_a_limiter_that_asks_for_ages_is_obeyed_as_long_as_a_ban_may_last():
    error = b'{"code":-1003,"msg":"Way too much","data":{"serverTime":1,"retryAfter":9999999999999999999999}}'
    found = verdict(wire().read(b'{"id":17,"status":429,"error":%b}' % error))
    assert found.retry_after_ns == 3 * 86_400 * 1_000_000_000


def test_the_login_is_answered_under_its_own_name():
    orders = wire()
    assert orders.read(b'{"id":"logon-1","status":200,"result":{}}') == SubscriptionReply("logon-1", True)
    refused = orders.read(b'{"id":"logon-1","status":401,"error":{"code":-2015,"msg":"Invalid API-key."}}')
    assert refused == SubscriptionReply("logon-1", False, "-2015 Invalid API-key.")


def test_an_announced_end_is_one():
    assert wire().read(b'{"event":{"e":"serverShutdown","E":1770123456789}}') == StreamEnded("serverShutdown")


@pytest.mark.parametrize(
    "frame", [b"", b"{", b"[]", b'{"id":null,"status":400}', b'{"id":1.5}', b"\xff", b'"x"', ODD_STATUS]
)
def test_what_cannot_be_read_is_nothing(frame):
    assert wire().read(frame) is None

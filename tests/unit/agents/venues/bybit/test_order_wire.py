"""Orders over Bybit's websocket, in the words of its guideline."""

import json

import pytest

from agents.venues.adapters import ADAPTERS
from agents.venues.base import StreamRequest
from agents.venues.bybit import signer as module
from agents.venues.bybit.order_wire import BybitOrderWire
from agents.venues.bybit.signer import BybitSigner
from agents.venues.credentials import Credentials
from agents.venues.order_socket import OrderAnswer
from agents.venues.reports import CallResult, SubscriptionReply
from mesh.agent import CallOutcome, VenueReply
from schemas.config import VenueConfig
from schemas.orders import Side, TimeInForce
from tests.unit.agents.venues.bybit.account_desk import both

NOW_MS = 1_711_001_595_209
VENUE = VenueConfig(id=1, name="b", kind="bybit")


@pytest.fixture
def wire(monkeypatch):
    monkeypatch.setattr(module.time, "time_ns", lambda: NOW_MS * 1_000_000)
    made = ADAPTERS["bybit"].order_wire(VENUE, BybitSigner(VENUE, Credentials("key", "secret")))
    assert isinstance(made, BybitOrderWire)
    return made


def test_a_call_is_the_request_of_the_guideline_with_the_body_of_rest(wire):
    account, _, linear = both()
    for call, op in (
        (account.create(linear, "mine", Side.BUY, 5, 300_005, TimeInForce.GTX), "order.create"),
        (account.cancel(linear, "mine"), "order.cancel"),
        (account.amend(linear, "mine", "9", 1, 7, 300_000), "order.amend"),
    ):
        assert json.loads(wire.message(17, call)) == {
            "reqId": f"17-{NOW_MS}",
            "header": {"X-BAPI-TIMESTAMP": str(NOW_MS), "X-BAPI-RECV-WINDOW": "5000"},
            "op": op,
            "args": [dict(call.params)],
        }


def test_what_has_no_operation_goes_over_rest(wire):
    account, spot, _ = both()
    assert wire.message(1, account.cancel_all(spot)) is None
    assert wire.message(1, account.query(spot, "mine")) is None


ANSWER = (
    b'{"reqId":"17-1711001595209","retCode":0,"retMsg":"OK","op":"order.create","data":{"orderId":"a4c1718e",'
    b'"orderLinkId":"mine"},"retExtInfo":{},"header":{"X-Bapi-Limit":"10","X-Bapi-Limit-Status":"9",'
    b'"X-Bapi-Limit-Reset-Timestamp":"1711001595207","Traceid":"38b7977b430f9bd228f4b19724794dfd",'
    b'"Timenow":"1711001595209"},"connId":"cnt5leec0hvan15eukcg-2v"}'
)


def replied(answer, call):
    return VenueReply(answer.call_id, call, CallOutcome.ANSWERED, answer.status, answer.body, answer.headers)


def test_an_answer_is_read_as_that_of_rest_is(wire):
    account, _, linear = both()
    call = account.create(linear, "mine", Side.BUY, 5, 300_005, TimeInForce.GTX)
    answer = wire.read(ANSWER)
    assert isinstance(answer, OrderAnswer)
    assert (answer.call_id, answer.status) == (17, 200)
    reply = replied(answer, call)
    verdict = account.order_verdict(reply)
    assert (verdict.result, verdict.venue_order_id) == (CallResult.TAKEN, "a4c1718e")
    assert account.limit_headers(reply) == {"Creates": "1"}


def test_a_limiter_says_until_when_in_the_header(wire):
    account, _, linear = both()
    text = ANSWER.replace(b'"retCode":0', b'"retCode":10006').replace(b"1711001595207", b"1711001595959")
    verdict = account.order_verdict(replied(wire.read(text), account.cancel(linear, "mine")))
    assert (verdict.result, verdict.retry_after_ns) == (CallResult.UNKNOWN, 750_000_000)


def test_a_refusal_is_one(wire):
    account, _, linear = both()
    text = b'{"reqId":"3-1","retCode":110007,"retMsg":"ab not enough for new order","op":"order.create","data":{}}'
    verdict = account.order_verdict(replied(wire.read(text), account.cancel(linear, "mine")))
    assert (verdict.result, verdict.text) == (CallResult.REFUSED, "110007 ab not enough for new order")


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (b'{"retCode":0,"retMsg":"OK","op":"auth","connId":"c"}', SubscriptionReply("auth", True)),
        (b'{"retCode":20001,"retMsg":"Repeat auth","op":"auth"}', SubscriptionReply("auth", True)),
        (
            b'{"retCode":10004,"retMsg":"Invalid sign","op":"auth"}',
            SubscriptionReply("auth", False, "10004 Invalid sign"),
        ),
    ],
)
def test_logins(wire, frame, reply):
    assert wire.login(1) == (StreamRequest("auth", {"op": "auth"}, signed=True),)
    assert wire.read(frame) == reply


@pytest.mark.parametrize(
    "frame", [b"", b"x", b"\xff", b'{"retCode":0,"op":"pong","data":["1"]}', b'{"reqId":"x-1"}', b"[]"]
)
def test_what_answers_nothing(wire, frame):
    assert wire.read(frame) is None


def test_demo_trading_takes_orders_over_rest_only():
    account, _, _ = both(ws_api_url="wss://stream-demo.bybit.com")
    assert (account.private_url, account.order_url) == ("wss://stream-demo.bybit.com/v5/private", "")
    account, _, _ = both()
    assert account.order_url == "wss://stream.bybit.com/v5/trade"


def test_a_number_of_a_call_that_none_can_have_is_nothing(wire):
    assert wire.read(b'{"op":"order.create","retCode":0,"reqId":"%b-1"}' % (b"9" * 5_000)) is None

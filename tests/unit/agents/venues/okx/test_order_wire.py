"""Orders over OKX's private websocket: what is sent, and what an answer says."""

import json
import time

import pytest

from agents.venues.credentials import Credentials
from agents.venues.okx.order_wire import OkxOrderWire
from agents.venues.okx.signer import EXPIRES_MS, OkxSigner
from agents.venues.order_socket import OrderAnswer
from agents.venues.reports import CallResult, SubscriptionReply
from mesh.agent import CallOutcome, VenueReply
from schemas.orders import Side, TimeInForce
from tests.unit.agents.venues.okx.okx_account import SWAP, account, answer, infos, reply
from tests.unit.agents.venues.okx.okx_market import VENUE

(INFO,) = infos(SWAP)


def made(*, known: bool = True):
    """Return an account that knows its instrument's number, or not."""
    found = account(SWAP)
    if known:
        call, _ = found.setup_calls()
        found.learn(reply(call, answer({"instId": "BTC-USDT-SWAP", "instIdCode": 10459})))
    return found


def wire():
    return OkxOrderWire(OkxSigner(VENUE, Credentials("key", "secret", "phrase")))


def test_the_private_stream_carries_the_orders():
    assert wire().shares_private_stream
    assert wire().login(1) == ()


def test_a_create_names_the_instrument_by_its_number_and_expires():
    call = made().create(INFO, "a1", Side.BUY, 150, 315271, TimeInForce.GTX)
    message = json.loads(wire().message(77, call))
    assert int(message.pop("expTime")) == pytest.approx(time.time() * 1000 + EXPIRES_MS, abs=5_000)
    assert message == {
        "id": "77",
        "op": "order",
        "args": [
            {
                "tdMode": "cross",
                "side": "buy",
                "ordType": "post_only",
                "tag": made().tag,
                "instIdCode": 10459,
                "clOrdId": "a1",
                "sz": "1.50",
                "px": "31527.1",
            }
        ],
    }
    assert call.params["instId"] == "BTC-USDT-SWAP"


def test_cancels_and_amends():
    found = made()
    assert json.loads(wire().message(5, found.cancel(INFO, "a1"))) == {
        "id": "5",
        "op": "cancel-order",
        "args": [{"instIdCode": 10459, "clOrdId": "a1"}],
    }
    amend = json.loads(wire().message(6, found.amend(INFO, "a1", "9", 1, 100, 20)))
    assert (amend["op"], amend["args"]) == (
        "amend-order",
        [{"instIdCode": 10459, "ordId": "9", "newSz": "1.00", "newPx": "2.0"}],
    )
    assert "expTime" in amend


def test_what_has_no_number_or_only_asks_goes_over_rest():
    unknown = made(known=False)
    assert wire().message(1, unknown.create(INFO, "a1", Side.BUY, 1, 1, TimeInForce.GTC)) is None
    found = made()
    for call in (found.query(INFO, "a1"), found.open_orders(), found.dead_man_switch(INFO, 10_000)):
        assert wire().message(1, call) is None


def test_rest_names_the_instrument_by_its_name():
    call = made().create(INFO, "a1", Side.BUY, 150, 315271, TimeInForce.GTC)
    sent = OkxSigner(VENUE, Credentials("key", "secret", "phrase")).request(call)
    body = json.loads(sent.body)
    assert body["instId"] == "BTC-USDT-SWAP"
    assert "instIdCode" not in body
    assert int(sent.headers["expTime"]) == pytest.approx(time.time() * 1000 + EXPIRES_MS, abs=5_000)
    cancel = OkxSigner(VENUE, Credentials("key", "secret", "phrase")).request(made().cancel(INFO, "a1"))
    assert "expTime" not in cancel.headers


@pytest.mark.parametrize(
    ("code", "data", "result"),
    [
        ("0", {"clOrdId": "a1", "ordId": "312", "sCode": "0", "sMsg": ""}, CallResult.TAKEN),
        ("1", {"clOrdId": "a1", "ordId": "", "sCode": "51008", "sMsg": "Insufficient balance"}, CallResult.REFUSED),
        ("1", {"clOrdId": "a1", "ordId": "", "sCode": "51016", "sMsg": "Exists"}, CallResult.UNKNOWN),
        ("60013", None, CallResult.REFUSED),
        ("63999", None, CallResult.UNKNOWN),
    ],
)
def test_an_answer_says_what_rest_would(code, data, result):
    frame = {"id": "77", "op": "order", "code": code, "msg": "m", "data": [] if data is None else [data]}
    found = wire().read(json.dumps(frame | {"inTime": "1", "outTime": "2"}).encode())
    assert isinstance(found, OrderAnswer)
    assert found.call_id == 77
    call = made().create(INFO, "a1", Side.BUY, 150, 315271, TimeInForce.GTC)
    verdict = made().order_verdict(VenueReply(77, call, CallOutcome.ANSWERED, found.status, found.body, {}))
    assert verdict.result == result


def test_the_login_of_the_private_stream_makes_it_ready():
    assert wire().read(b'{"event":"login","code":"0","msg":"","connId":"a"}') == SubscriptionReply("login", True, "0")
    refused = wire().read(b'{"event":"login","code":"60009","msg":"Login failed."}')
    assert refused == SubscriptionReply("login", False, "60009 Login failed.")


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"pong",
        b"[]",
        b'{"arg":{"channel":"orders"},"data":[],"id":"5","op":"order"}',
        b'{"event":"subscribe","arg":{"channel":"orders","instType":"SPOT"}}',
        b'{"event":"error","code":"60009","msg":"Login failed."}',
        b'{"id":"x","op":"order","code":"0"}',
        b'{"id":5,"op":"order","code":"0"}',
        b'{"id":"5","code":"0"}',
        b'{"id":"9999999999999999999","op":"order"}',
        b'{"id":"5","op":"order"',
        b'{"id":"\xff","op":"order"}',
    ],
)
def test_other_frames_are_for_the_private_stream(frame):
    assert wire().read(frame) is None

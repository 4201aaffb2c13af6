"""What an OKX account is told, however it is written: hostile bytes raise only VenueError, and a reply raises nothing."""

import json

from hypothesis import given
from hypothesis import strategies as st

from agents.venues.credentials import Credentials
from agents.venues.okx.order_wire import OkxOrderWire
from agents.venues.okx.signer import OkxSigner
from agents.venues.reports import CallResult
from mesh.agent import VenueCall
from schemas.errors import VenueError
from tests.unit.agents.venues.okx.okx_account import SPOT, SWAP, account, answer, infos, order, push, reply
from tests.unit.agents.venues.okx.okx_market import VENUE

ACCOUNT = account()
(INFO, _) = infos(SPOT, SWAP)
WIRE = OkxOrderWire(OkxSigner(VENUE, Credentials("k", "s", "p")))
QUERY, CREATE = VenueCall("GET", "/api/v5/trade/order", {}), VenueCall("POST", "/api/v5/trade/order", {})
FILL = {
    "instId": "BTC-USDT",
    "tradeId": "t",
    "ordId": "o",
    "billId": "5",
    "fillPx": "2.5",
    "fillSz": "0.1",
    "side": "sell",
    "execType": "T",
    "feeCcy": "USDT",
    "fee": "-0.021776769",
    "ts": "7",
}
TEXTS = [
    push(order(), order(state="filled", accFillSz="0.001", fillSz="0.001", fillPx="2.5", tradeId="5", fillTime="9")),
    b'{"arg":{"channel":"account"},"data":[{"details":[{"ccy":"USDT","cashBal":"5.5"}]}]}',
    b'{"arg":{"channel":"balance_and_position"},"data":[{"balData":[{"ccy":"USDT","cashBal":"5.5"}]}]}',
    b'{"event":"login","code":"0","msg":"","connId":"a"}',
    b'{"event":"subscribe","arg":{"channel":"orders","instType":"SPOT"},"connId":"a"}',
    b'{"event":"error","code":"60018","msg":"Wrong URL or channel:orders,instType:SPOT"}',
    b'{"id":"77","op":"order","code":"1","msg":"","data":[{"ordId":"","clOrdId":"a1","sCode":"51008","sMsg":"No"}]}',
    answer(order()),
    answer(FILL),
    answer({"details": [{"ccy": "USDT", "cashBal": "5.5"}]}),
    answer({"ordId": "1", "clOrdId": "a1", "sCode": "0", "sMsg": ""}),
    answer({"instId": "BTC-USDT", "instIdCode": 5}),
]
SNIPPETS = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\0", b"\xff", b"\xc3\xa9", b"-", b".", b"0", b"9"),
    *(b"null", b"true", b"1e400", b"NaN", b"[]", b"{}", b'""', b'"0"', b'"x"', b"9" * 40, b'"' + b"9" * 40 + b'"'),
]  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.text(max_size=6),
    st.sampled_from(["", "0", "-1", "1e5", "9" * 30, "0.000000001", "live", "canceled", "buy", "quote_ccy", "\u0661"]),
    st.lists(st.integers(), max_size=2),
)
texts = st.sampled_from(TEXTS)


def check(text: bytes, status: int = 200) -> None:
    """Have everything read a text that may get it."""
    for read in (
        ACCOUNT.private_events,
        ACCOUNT.orders,
        ACCOUNT.balance_report,
        ACCOUNT.venue_time_ns,
        lambda body: ACCOUNT.fills(INFO, body),
        lambda body: account().learn(reply(QUERY, body)),
    ):
        try:
            read(text)
        except VenueError:
            continue
    ACCOUNT.ends_soon(text)
    WIRE.read(text)
    for call in (QUERY, CREATE):
        verdict = ACCOUNT.order_verdict(reply(call, text, status))
        assert (verdict.order is not None) == (verdict.result == CallResult.ACCEPTED)
        ACCOUNT.proof(reply(call, text, status))


@given(texts, st.data())
def test_texts_with_other_bytes(text, data):
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 4)))
        text = text[:start] + data.draw(st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=3))) + text[end:]
    check(text, data.draw(st.sampled_from([200, 400, 401, 429, 500])))


@given(texts, st.integers(0, 700))
def test_texts_that_end_early(text, size):
    check(text[:size])


@given(st.sampled_from([order(), FILL]), st.data())
def test_fields_of_any_value(fields, data):
    changed = dict(fields)
    for _ in range(data.draw(st.integers(1, 4))):
        key = data.draw(st.sampled_from(sorted(changed)))
        if data.draw(st.booleans()):
            changed[key] = data.draw(VALUES)
        else:
            del changed[key]
    check(json.dumps({"code": "0", "data": [changed]}).encode())
    check(json.dumps({"arg": {"channel": "orders"}, "data": [changed]}, separators=(",", ":")).encode())


@given(st.binary(max_size=200))
def test_bytes_of_any_kind(text):
    check(text)
    check(b'{"arg":{"channel":"orders",' + text)

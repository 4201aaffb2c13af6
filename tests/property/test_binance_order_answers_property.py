"""`AnswerReader` against the typed decoder: where it takes an answer, both say the same; the rest is decided as before.

The answers are those of the venue's documentation, without blanks, and what hypothesis makes of them: cut, other bytes,
other values, keys in another order, twice or missing, blanks, escapes.
"""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.instruments import InstrumentTable
from agents.venues.binance.order_answers import AnswerReader, Traded
from agents.venues.binance.spot_account import SpotAccount
from agents.venues.binance.spot_data import CREATE_TERMS
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import Config, InstrumentConfig, VenueConfig

SYMBOLS = ("BTCUSDT", "LTCBTC")


def account(tick: str, lot: str) -> tuple[SpotAccount, AnswerReader]:
    venue = VenueConfig(id=1, name="b", kind="binance_spot")
    instruments = tuple(
        InstrumentConfig(id=n, venue="b", symbol=symbol, base="A", quote="B", tick_size=tick, lot_size=lot)
        for n, symbol in enumerate(SYMBOLS, 1)
    )
    infos = list(InstrumentTable(Config(venues=(venue,), instruments=instruments, agents={})).by_id.values())
    return SpotAccount(venue, infos), AnswerReader([Traded(info, CREATE_TERMS) for info in infos])


ACCOUNTS = [account("0.00000001", "0.00000001"), account("0.01", "0.00001"), account("0.25", "1")]


def told(verdict):
    return (verdict.result, verdict.reason, verdict.text, verdict.order, verdict.fills, verdict.retry_after_ns)


def check(body: bytes) -> bool:
    """Compare both ways to read an answer, and return whether the reader took it with the finest scale."""
    taken = []
    for spot, reader in ACCOUNTS:
        read, decoded = reader.read(body), spot.decoded(body)
        taken.append(read is not None)
        if read is not None:
            assert told(read) == told(decoded), body
        reply = VenueReply(1, VenueCall("POST", "/", {}), CallOutcome.ANSWERED, 200, body)
        assert told(spot.order_verdict(reply)) == told(decoded)
    return taken[0]


def written(value, comma=",", colon=":"):
    return json.dumps(value, separators=(comma, colon))


ANSWERS = [
    {
        "symbol": "BTCUSDT",
        "orderId": 28,
        "orderListId": -1,
        "clientOrderId": "6gCrw2kRUAF9CvJDGP16IP",
        "transactTime": 1507725176595,
        "price": "100.00000000",
        "origQty": "10.00000000",
        "executedQty": "10.00000000",
        "origQuoteOrderQty": "0.000000",
        "cummulativeQuoteQty": "10.00000000",
        "status": "FILLED",
        "timeInForce": "IOC",
        "type": "LIMIT",
        "side": "SELL",
        "workingTime": 1507725176595,
        "selfTradePreventionMode": "NONE",
        "fills": [
            {
                "price": "4000.00000000",
                "qty": "1.00000000",
                "commission": "4.00000000",
                "commissionAsset": "USDT",
                "tradeId": 56,
            },
            {
                "price": "3999.00000000",
                "qty": "9.00000000",
                "commission": "19.99500000",
                "commissionAsset": "USDT",
                "tradeId": 57,
            },
        ],
    },
    {
        "symbol": "LTCBTC",
        "origClientOrderId": "myOrder1",
        "orderId": 4,
        "orderListId": -1,
        "clientOrderId": "cancelMyOrder1",
        "transactTime": 1684804350068,
        "price": "2.00000000",
        "origQty": "1.00000000",
        "executedQty": "0.00000000",
        "status": "CANCELED",
        "timeInForce": "GTC",
        "type": "LIMIT_MAKER",
        "side": "BUY",
    },
    {
        "symbol": "LTCBTC",
        "orderId": 1,
        "orderListId": -1,
        "clientOrderId": "myOrder1",
        "price": "0.25",
        "origQty": "1.0",
        "executedQty": "0.0",
        "status": "EXPIRED_IN_MATCH",
        "type": "LIMIT",
        "side": "BUY",
        "stopPrice": "0.0",
        "time": 1499827319559,
        "updateTime": 1499827319559,
        "isWorking": True,
        "icebergQty": None,
        "fills": [],
    },
    {
        "orderId": 12345678,
        "symbol": "BTCUSDT",
        "status": "PARTIALLY_FILLED",
        "clientOrderId": "testOrder123",
        "price": "50000.00",
        "avgPrice": "50000.00",
        "origQty": "3.000",
        "executedQty": "1.000",
        "cumQuote": "50000.00",
        "timeInForce": "GTX",
        "type": "LIMIT",
        "reduceOnly": False,
        "closePosition": False,
        "side": "BUY",
        "positionSide": "BOTH",
        "goodTillDate": 0,
        "time": 1625474304765,
        "updateTime": 1625474304765,
    },
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["status"])
def test_answers_as_the_venue_writes_them_are_taken(answer):
    assert check(written(answer).encode())


@pytest.mark.parametrize("name", ["new_order_full_response", "cancel_order_response", "order_response"])
def test_answers_of_the_documentation_are_taken(data_dir: Path, name):
    path = data_dir / "private-and-rest" / "nautilus" / "binance" / "spot" / "http_json" / f"{name}.json"
    answer = json.loads(path.read_bytes())
    assert check(written(answer).encode())


def test_a_list_in_a_list_is_left_however_deep():
    head = written(ANSWERS[1]).encode()[:-1]
    assert not check(head + b',"fills":[{"fills":' * 1 + b"[]}]}")
    assert not check(head + b',"fills":' + b'[{"fills":' * 100_000)


def test_an_answer_about_another_instrument_is_not_read_as_the_one_before():
    spot, reader = ACCOUNTS[0]
    for answer in (*ANSWERS, *reversed(ANSWERS)):
        body = written(answer).encode()
        assert reader.read(body).order == spot.decoded(body).order
    assert reader.read(written(ANSWERS[0] | {"symbol": "BTCUSD"}).encode()) is None


SNIPPETS = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\0", b"\x7f", b"\xff", b"\xc3\xa9", b"\\u0031"),
    *(b"-", b"+", b".", b"e5", b"0", b"00", b"1", b"-1", b"-01", b"-0", b"true", b"false", b"null", b"NaN", b"[]", b"{}"),
    *(b'"side":"BUY",', b'"price":"1",', b'"orderId":7,', b'"qty":"1",', b'"tradeId":1,', b'"fills":[],', b'"zz":null,'),
    *(b'"origClientOrderId":"",', b'"type":"LIMIT_MAKER",', b'"updateTime":0,', b'"zz":[1],', b'"zz":{},', b'"zz":1.5,'),
    *(b"9223372036853", b"9223372036854", b"999999999999999999", b"1000000000000000000", b"4611686018427387904"),
]  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64),
    st.sampled_from([0, 10**18 - 1, 10**18, 2**63 - 1, 2**63, 9223372036853, 9223372036854, 1.0, 1.5]),
    st.text(max_size=6),
    st.text(alphabet="0123456789.", max_size=24),
    st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True),
    st.sampled_from(
        ["", "BUY", "NEW", "PENDING_NEW", "LOST", "GTX", "LIMIT_MAKER", "-1", "1e3", ".5", "5.", "BTCUSDT"]
    ),
    st.lists(
        st.dictionaries(st.sampled_from([*ANSWERS[0]["fills"][0]]), st.text("0123456789.", max_size=8)), max_size=2
    ),
)
answers = st.sampled_from(ANSWERS)


@given(answers, st.data())
def test_answers_with_other_bytes(answer, data):
    text = written(answer).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 4)))
        text = text[:start] + data.draw(st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=3))) + text[end:]
    check(text)


@given(answers, st.integers(0, 900))
@example(ANSWERS[0], 0)
def test_answers_that_end_early(answer, size):
    check(written(answer).encode()[:size])


def changed(pairs, data):
    """Return the pairs of an object with other values, more keys, in another order."""
    for _ in range(data.draw(st.integers(0, 3))):
        key = data.draw(st.one_of(st.sampled_from([key for key, _ in pairs]), st.text(max_size=4)))
        place = data.draw(st.integers(0, len(pairs)))
        pairs = [*pairs[:place], (key, data.draw(VALUES)), *pairs[place + data.draw(st.integers(0, 1)) :]]
    return data.draw(st.permutations(pairs))


def object_text(pairs, comma, colon):
    return "{" + comma.join(written(key) + colon + value for key, value in pairs) + "}"


@given(answers, st.data())
def test_answers_with_other_fields(answer, data):
    comma, colon = data.draw(st.sampled_from([(",", ":"), (",", ":"), (", ", ": ")]))
    pairs = []
    for key, value in changed(list(answer.items()), data):
        if key == "fills" and isinstance(value, list):
            fills = [changed(list(fill.items()), data) for fill in value if fill]
            texts = [object_text([(k, written(v)) for k, v in fill], comma, colon) for fill in fills]
            pairs.append((key, "[" + comma.join(texts) + "]"))
        else:
            pairs.append((key, written(value, comma, colon)))
    check(object_text(pairs, comma, colon).encode())


@pytest.mark.parametrize(("side", "time_in_force"), [(-1, -1), (-1, -4), (2, 1), (2, 2), (0, 1), (1, 0), (1, 5)])
def test_create_of_an_unknown_side_or_time_in_force_is_an_error(side: int, time_in_force: int) -> None:
    info = InstrumentTable(
        Config(
            venues=(VenueConfig(id=1, name="b", kind="binance_spot"),),
            instruments=(
                InstrumentConfig(id=1, venue="b", symbol="X", base="A", quote="B", tick_size="1", lot_size="1"),
            ),
            agents={},
        )
    ).by_id[1]
    with pytest.raises(KeyError):
        Traded(info, CREATE_TERMS).create_params(side, time_in_force)

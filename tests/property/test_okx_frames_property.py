"""OKX's frames read in C against the typed decoder: both give the same where it takes a frame; it leaves the rest to that.

The frames are recorded ones, single samples of today, and what hypothesis makes of them: cut, other bytes, other numbers,
keys in another order, twice or missing, blanks, escapes. Nothing that they hold raises anything but VenueError.
"""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.venues.okx.frames import OkxFrameReader
from agents.venues.okx.marks import OkxMarks
from mesh.protocol.codec import encode
from schemas.errors import VenueError
from tests.unit.agents.venues.okx.okx_market import CAPTURES, captured, feeds_of, instrument, symbols_of

RECV_NS = 1_700_000_000_123_456_789


def told(found):
    """Return what was read, to the byte."""
    if isinstance(found, list):
        return [told(each) for each in found]
    delta = getattr(found, "delta", found)
    return type(found), encode(delta), getattr(found, "previous_update_id", 0), getattr(found, "checksum", 0)


def outcome(decode, channel, frame):
    """Return what `decode` makes of a frame, or how it refuses it."""
    try:
        return told(decode(channel, frame, RECV_NS))
    except VenueError as error:
        return str(error)


def check(feeds, frame: bytes) -> bool:
    """Compare both ways to read a frame, under every channel, and return whether the reader took it under one."""
    taken = False
    for channel in feeds.channels:
        read = OkxFrameReader(channel, OkxMarks()).read(frame, RECV_NS)
        if read is not None:
            taken = True
            assert feeds.channel(frame) == channel
            assert told(read) == outcome(fresh(channel).decode_any, channel, frame)
        assert outcome(fresh(channel).decode, channel, frame) == outcome(fresh(channel).decode_any, channel, frame)
    feeds.reply_of(frame)
    feeds.ends_soon(frame)
    return taken


def fresh(channel):
    """Return feeds of the channel's instrument to which nothing was told of its mark price yet."""
    return feeds_of(channel.info.config)


@pytest.mark.parametrize("name", CAPTURES)
def test_recorded_frames_are_taken_and_say_what_they_said(data_dir, name):
    frames = list(captured(data_dir / "raw" / "okx" / "cryptofeed" / name))
    by_symbol = {
        symbol: feeds_of(instrument(symbol, "0.000000001", feeds=CAPTURES[name])) for symbol in symbols_of(frames)
    }
    checked = 0
    for frame in frames:
        data = json.loads(frame)
        if "data" in data and data["arg"]["channel"] != "tickers":
            assert check(by_symbol[data["arg"]["instId"]], frame), frame
            checked += 1
    assert checked > 350


SPOT = feeds_of(instrument("BTC-USDT", "0.1", "0.00000001"))
SWAP = feeds_of(instrument("BTC-USDT-SWAP", "0.1", "0.01", feeds=("trade", "depth@10ms", "bookTicker", "markPrice")))
FRAMES = [
    (
        SPOT,
        b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"674510826",'
        b'"px":"95634.9","sz":"0.00011186","side":"buy","ts":"1740394561685","count":"3","source":"0","seqId":1234}]}',
    ),
    (
        SPOT,
        b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"1","px":"9.5",'
        b'"sz":"1","side":"sell","ts":"5"},{"instId":"BTC-USDT","tradeId":"2","px":"9.4","sz":"1","side":"sell","ts":"5"}]}',
    ),
    (
        SPOT,
        b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8476.9","415","0","13"],'
        b'["8477","0","0","0"]],"bids":[["8476.7","256.5","0","12"]],"ts":"1597026383085","checksum":0,'
        b'"seqId":123457,"prevSeqId":123456}]}',
    ),
    (
        SPOT,
        b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["8476.9","415","0","13"]],'
        b'"bids":[["8476.7","256.5","0","12"]],"ts":"1597026383085","checksum":0,"prevSeqId":-1,"seqId":123456}]}',
    ),
    (
        SPOT,
        b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[],"bids":[],'
        b'"ts":"1652459225506","checksum":-1462286744}]}',
    ),
    (
        SPOT,
        b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["3.1","1","0","1"]],'
        b'"bids":[["3","2","0","1"]],"ts":"5","checksum":-2011726845}]}',
    ),
    (
        SPOT,
        b'{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["8476.9","415","0","13"]],'
        b'"bids":[["8476.7","256","0","12"]],"ts":"1597026383085","seqId":123456}]}',
    ),
    (SPOT, b'{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[],"bids":[],"ts":"1","seqId":0}]}'),
    (
        SWAP,
        b'{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP",'
        b'"markPx":"84660.1","ts":"1744590349506"}]}',
    ),
    (
        SWAP,
        b'{"arg":{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP",'
        b'"fundingRate":"-0.0000236017","fundingTime":"1744590349506","nextFundingTime":"1744619149506","ts":"1"}]}',
    ),
    (
        SWAP,
        b'{"arg":{"channel":"index-tickers","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","idxPx":"103895.12",'
        b'"ts":"1746942707815"}]}',
    ),
    (SWAP, b'{"event":"subscribe","arg":{"channel":"books-l2-tbt","instId":"BTC-USDT-SWAP"},"connId":"a"}'),
    (
        SWAP,
        b'{"event":"error","code":"60018","msg":"Wrong URL or channel:bbo-tbt,instId:BTC-USDT-SWAP doesn\'t exist"}',
    ),
]
SNIPPETS = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\t", b"\n", b"\0", b"\x7f", b"\xff", b"\xc3\xa9"),
    b"\\u0031",
    *(b"-", b"+", b".", b"e5", b"0", b"00", b"1", b"true", b"false", b"null", b"NaN", b"1e400", b"[]", b"[[]]", b"{}"),
    *(b'"px":"1",', b'"ts":"0",', b'"seqId":1,', b'"prevSeqId":3,', b'"prevSeqId":-1,', b'"bids":[],', b'"side":"buy",'),
    *(b'"checksum":5,', b'"checksum":-0,', b'"checksum":1.5,', b'"count":"0",', b'"count":"01",', b'"action":"update",'),
    *(b'"zz":[1],', b'"zz":{"p":"2"},', b'"zz":null,', b'"\\u0074s":"5",', b'"seqId":9223372036854775808,'),
    *(b"9223372036854", b"999999999999999999", b"1000000000000000000", b"9223372036854775807", b"-9223372036854775809"),
    *(b'["1","2","0","1"]', b'["1"]', b'["1","2"]', b'["1","2","3"]', b'["1","2",0,1]', b'["1","2","","","5"]'),
    *(b'"arg":{"channel":"trades","instId":"BTC-USDT"},', b'"event":"subscribe",', b"\xed\xa0\x80"),
]  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64),
    st.sampled_from([0, 1, -1, 10**17, 10**18, 2**63 - 1, 2**63, 1.0, 1.5]),
    st.text(max_size=6),
    st.text(alphabet="0123456789.", max_size=24),
    st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True),
    st.sampled_from(
        ["", "buy", "sell", "1e3", "-1", "0", ".5", "5.", "0.10", "00.10", "9223372036854", "9223372036855"]
    ),
    st.lists(st.lists(st.one_of(st.text("0123456789.", max_size=8), st.integers(0, 9)), max_size=5), max_size=4),
)
frames = st.sampled_from(FRAMES)


def test_all_frames_of_usual_layout_are_taken():
    assert [check(feeds, frame) for feeds, frame in FRAMES] == [True] * 4 + [True, True] + [True] * 3 + [False] * 4


@given(frames, st.data())
def test_frames_with_other_bytes(frame, data):
    feeds, text = frame
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 4)))
        text = text[:start] + data.draw(st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=3))) + text[end:]
    check(feeds, text)


@given(frames, st.integers(0, 500))
def test_frames_that_end_early(frame, size):
    feeds, text = frame
    check(feeds, text[:size])


@given(frames.filter(lambda frame: b'"data":' in frame[1]), st.data())
def test_frames_with_other_fields(frame, data):
    feeds, text = frame
    pairs = list(json.loads(text)["data"][0].items())
    for _ in range(data.draw(st.integers(0, 3))):
        key = data.draw(st.one_of(st.sampled_from([key for key, _ in pairs]), st.text(max_size=2)))
        pairs.append((key, data.draw(VALUES)))
    pairs = data.draw(st.permutations(pairs))
    if data.draw(st.booleans()):
        pairs = pairs[: data.draw(st.integers(0, len(pairs)))]
    ascii_only = data.draw(st.booleans())
    comma, colon = data.draw(st.sampled_from([(",", ":"), (",", ":"), (", ", ": "), (",\n", ":\t")]))
    body = comma.join(
        json.dumps(key, ensure_ascii=ascii_only)
        + colon
        + json.dumps(value, ensure_ascii=ascii_only, separators=(comma, colon))
        for key, value in pairs
    )
    head = text[: text.index(b'"data":') + 7]
    count = data.draw(st.sampled_from([1, 1, 1, 0, 2]))
    check(feeds, head + b"[" + b",".join([b"{" + body.encode(errors="surrogatepass") + b"}"] * count) + b"]}")


numbers = st.one_of(
    st.integers(0, 10**21).map(str), st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True), st.text(max_size=5)
)
sides = st.lists(st.tuples(numbers, numbers, st.just("0"), numbers), max_size=60)


@given(sides, sides)
@example([("1", "0", "0", "0")] * 1000, [("0.5", "0.001", "0", "3")] * 3)
@example([("0", "0", "", "")] * 5000, [])
def test_levels_of_any_number_and_size(bids, asks):
    book = {"bids": bids, "asks": asks, "ts": "5", "seqId": 3, "prevSeqId": 1, "checksum": 0}
    data = json.dumps({"arg": {"channel": "books", "instId": "BTC-USDT"}, "action": "update", "data": [book]})
    check(SPOT, data.replace(" ", "").encode())


@given(st.binary(max_size=300))
def test_bytes_of_any_kind(frame):
    check(SWAP, frame)
    check(SPOT, b'{"arg":{"channel":"books","instId":"BTC-USDT"},' + frame)

"""`BybitFrameReader` against the typed decoder: both give the same where it takes a frame; it leaves the rest to that.

The frames are recorded ones in both orders of their keys, and what hypothesis makes of them: cut, other bytes, other
numbers, keys in another order, twice or missing, blanks, escapes. What the typed decoder refuses it refuses as VenueError.
"""

import json
import re
from itertools import permutations, product
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.venues.base import FeedKind
from agents.venues.bybit import market
from agents.venues.bybit.feeds import BybitFeeds
from agents.venues.bybit.frames import BybitFrameReader
from agents.venues.bybit.marks import TickerMarks
from mesh.protocol.codec import encode
from schemas.errors import VenueError
from tests.unit.agents.venues.bybit.bybit_market import feeds_for, infos_of, recorded_config, session

RECV_NS = 1_700_000_000_123_456_789
WHOLE_TICKER = (
    b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","markPrice":"65117.44",'
    b'"indexPrice":"65137.76","nextFundingTime":"1786320000000","fundingRate":"-0.0001"},"cs":753843907770,"ts":5}'
)


class Twins(NamedTuple):
    """Two of the same: what a ticker said last is kept by each for itself."""

    one: BybitFeeds
    other: BybitFeeds


def twins(category, feed, tick, lot) -> Twins:
    return Twins(*(feeds_for(category, feed, tick=tick, lot=lot) for _ in range(2)))


def outcome(decode):
    """Return what `decode` makes of a frame, to the byte, or how it refuses it."""
    try:
        found = decode()
    except VenueError as error:
        return str(error)
    if isinstance(found, list):
        return [(type(each), encode(each)) for each in found]
    delta = getattr(found, "delta", found)
    return type(found), type(delta), encode(delta), getattr(found, "check_id", None)


def check(feeds: Twins, frame: bytes) -> bool:
    """Compare both ways to read a frame, and return whether the reader took it."""
    one, other = feeds
    (channel,) = one.channels
    if channel.kind == FeedKind.MARK:
        for each in feeds:
            each.decode_any(channel, WHOLE_TICKER, RECV_NS)
    read = one.reader(channel).read(frame, RECV_NS)
    typed = outcome(lambda: other.decode_any(channel, frame, RECV_NS))
    if read is not None:
        assert one.channel(frame) == channel
        assert outcome(lambda: read) == typed
    assert outcome(lambda: one.decode(channel, frame, RECV_NS)) == typed
    return read is not None


def test_recorded_frames_are_taken_and_say_what_they_said(data_dir):
    config = recorded_config()
    one, other = (market.feeds(config.venues[0], infos_of(config)) for _ in range(2))
    taken = 0
    for connection, frame in session(data_dir):
        channel = one.channel_of(connection, frame)
        if channel is not None:
            read = one.reader(channel).read(frame, RECV_NS)
            assert read is not None, frame
            assert outcome(lambda found=read: found) == outcome(
                lambda channel=channel, frame=frame: other.decode_any(channel, frame, RECV_NS)
            )
            taken += 1
    assert taken == 2 + 792 + 349 + 33 + 1 + 299 + 11


FRAMES = [
    (
        twins("linear", "trade", "0.10", "0.001"),
        b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1786310819681,"data":[{"T":1786310819680,"s":"BTCUSDT",'
        b'"S":"Sell","v":"0.004","p":"65114.20","L":"MinusTick","i":"a9188a0a-82bc-50de-be60-03eedbe3cdd7","BT":false,'
        b'"RPI":false,"seq":753843954913},{"T":1786310819680,"s":"BTCUSDT","S":"Buy","v":"1","p":"65114.20","i":"2"}]}',
    ),
    (
        twins("spot", "trade", "0.1", "0.000001"),
        b'{"topic":"publicTrade.BTCUSDT","ts":1786310822606,"type":"snapshot","data":[{"i":"2290000001189048101",'
        b'"T":1786310822605,"p":"65140.5","v":"0.002705","S":"Buy","seq":112488547164,"s":"BTCUSDT","BT":true,"RPI":false}]}',
    ),
    (
        twins("linear", "depth", "0.10", "0.001"),
        b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1786310818328,"data":{"s":"BTCUSDT","b":[["65103.90","0.094"],'
        b'["65092.40","0"]],"a":[["65116.80","0"]],"u":15076955,"seq":753843918854},"cts":1786310818327}',
    ),
    (
        twins("spot", "depth", "0.1", "0.000001"),
        b'{"topic":"orderbook.50.BTCUSDT","ts":1786310816618,"type":"snapshot","data":{"s":"BTCUSDT","b":[["65140.4","0.875077"]],'
        b'"a":[["65154.6","0.09948"],["65239","0.155135"]],"u":1,"seq":112488545865},"cts":1786310816585}',
    ),
    (
        twins("linear", "bookTicker", "0.10", "0.001"),
        b'{"topic":"orderbook.1.BTCUSDT","ts":1786310816618,"type":"snapshot","data":{"s":"BTCUSDT","b":[["65140.4","0.875"]],'
        b'"a":[["65154.6","0.099"]],"u":8,"seq":112488545865},"cts":1786310816585}',
    ),
    (
        twins("linear", "markPrice", "0.10", "0.001"),
        b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","markPrice":"65118.03","indexPrice":"65138.36",'
        b'"fundingRate":"-0.000212","nextFundingTime":"1786320000000","bid1Size":"10.128"},"cs":753843939653,"ts":1786310819083}',
    ),
    (twins("linear", "markPrice", "0.10", "0.001"), WHOLE_TICKER),
]
SNIPPETS = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\t", b"\n", b"\0", b"\x7f", b"\xff", b"\xc3\xa9"),
    b"\\u0031",
    *(b"-", b"+", b".", b"e5", b"E-2", b"0", b"00", b"1", b"true", b"false", b"null", b"NaN", b"1e400", b"[]", b"[[]]"),
    *(b'"p":"1",', b'"T":0,', b'"u":1,', b'"ts":3,', b'"cts":0,', b'"b":[],', b'"BT":false,', b'"type":"delta",'),
    *(b'"type":"snapshot",', b'"type":"x",', b'"data":{},', b'"data":[],', b'"markPrice":"",', b'"fundingRate":"-",'),
    *(b'"zz":[1],', b'"zz":{"p":"2"},', b'"zz":null,', b'"zz":1.5,', b'"\\u0070":"5",', b'"i":9223372036854775808,'),
    *(b"9223372036853", b"9223372036854", b"999999999999999999", b"1000000000000000000", b"9223372036854775807"),
    *(b'["1","2"]', b'["1"]', b'["1","2","3"]', b'["1",2]', b'{"T":1},', b"{},", b'"Buy"', b'"Sell"', b"\xed\xa0\x80"),
]  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64),
    st.sampled_from(
        [0, 1, 10**17, 10**18 - 1, 10**18, 2**63 - 1, 2**63, 9223372036853, 9223372036854, 1.0, 1.5, 1e300]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.text(alphabet="0123456789.-", max_size=24),
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True),
    st.sampled_from(
        ["", "Buy", "Sell", "snapshot", "delta", "1e3", "-1", "-0", "0", ".5", "5.", "0.10", "00.10", "x" * 37]
    ),
    st.lists(st.lists(st.one_of(st.text("0123456789.", max_size=8), st.integers(0, 9)), max_size=3), max_size=4),
)
KEYS = st.sampled_from([key.decode() for key in re.findall(rb'"(\w+)":', b"".join(text for _, text in FRAMES))])
frames = st.sampled_from(FRAMES)


@pytest.mark.parametrize(("feeds", "text"), FRAMES)
def test_the_keys_of_a_frame_stand_in_any_order(feeds, text):
    assert check(feeds, text)
    pairs = list(json.loads(text).items())
    for order in permutations(pairs[1:]):
        assert check(feeds, json.dumps(dict([pairs[0], *order]), separators=(",", ":")).encode())


@pytest.mark.parametrize("lot", ["1", "0.5", "0.001", "0.00000001"])
def test_decimals_of_every_length(lot):
    feeds, text = twins("spot", "trade", "0.1", lot), FRAMES[1][1]
    for whole, fraction, last in product(range(12), range(11), "05"):
        digits = "9876543219876"[:whole] + ("." + "0" * (fraction - 1) + last if fraction else "")
        check(feeds, text.replace(b"0.002705", digits.encode()))


@pytest.mark.parametrize(("feeds", "text"), [FRAMES[0], FRAMES[2]])
def test_strings_with_any_character_at_any_place(feeds, text):
    for place, character in product(range(18), range(256)):
        name = bytearray(b"A" * 18)
        name[place] = character
        check(feeds, text.replace(b'"s":"BTCUSDT"', b'"s":"%s"' % name))


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


@given(frames, st.binary(max_size=200))
def test_frames_of_any_bytes(frame, body):
    feeds, text = frame
    check(feeds, body)
    check(feeds, text[: text.index(b",") + 1] + body)


def changed(pairs, data):
    """Return the fields of an object with some added, taken away, and in another order."""
    for _ in range(data.draw(st.integers(0, 3))):
        key = data.draw(st.one_of(st.sampled_from([key for key, _ in pairs]), KEYS, st.text(max_size=2)))
        pairs = [*pairs, (key, data.draw(VALUES))]
    if data.draw(st.booleans()):
        pairs = data.draw(st.permutations(pairs))
    return pairs[: data.draw(st.integers(0, len(pairs)))] if data.draw(st.booleans()) else pairs


@given(frames, st.data())
def test_frames_with_other_fields(frame, data):
    feeds, text = frame
    head, *rest = json.loads(text).items()
    comma, colon = data.draw(st.sampled_from([(",", ":"), (",", ":"), (", ", ": "), (",\n", ":\t")]))
    ascii_only = data.draw(st.booleans())

    def written(value):
        return json.dumps(value, ensure_ascii=ascii_only, separators=(comma, colon))

    def an_object(pairs):
        return "{" + comma.join(written(key) + colon + written(value) for key, value in pairs) + "}"

    def inside(value):
        if isinstance(value, list):
            return "[" + comma.join(map(inside, value)) + "]"
        return an_object(changed(list(value.items()), data)) if isinstance(value, dict) else written(value)

    body = comma.join(written(key) + colon + inside(value) for key, value in changed(rest, data))
    check(feeds, f"{{{written(head[0])}:{written(head[1])}{comma}{body}}}".encode(errors="surrogatepass"))


numbers = st.one_of(
    st.integers(0, 10**21).map(str), st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True), st.text(max_size=5)
)


def book(kind, bids, asks):
    data = json.dumps({"s": "BTCUSDT", "b": bids, "a": asks, "u": 3, "seq": 2}, separators=(",", ":"))
    return b'{"topic":"orderbook.50.BTCUSDT","type":"%s","ts":4,"data":%s,"cts":3}' % (kind.encode(), data.encode())


@given(
    st.sampled_from(["snapshot", "delta"]),
    st.lists(st.tuples(numbers, numbers), max_size=300),
    st.lists(st.tuples(numbers, numbers), max_size=20),
)
@example("snapshot", [("1", "0")] * 1000, [("0.5", "0.001")] * 3)
@example("delta", [("0", "0")] * 5000, [])
def test_levels_of_any_number_and_size(kind, bids, asks):
    check(FRAMES[2][0], book(kind, bids, asks))


def test_levels_are_read_as_written_however_many_came_before():
    (channel,) = feeds_for("linear", "depth", tick="0.5").channels
    reader = BybitFrameReader(channel)
    for count in (3, 2000, 0, 1, 5000, 2):
        levels = [("7.50", "0.002")] * count
        delta = reader.read(book("delta", levels, levels), RECV_NS).delta
        packed = (15).to_bytes(8, "little") + (2).to_bytes(8, "little")
        assert (delta.bids, delta.asks) == (packed * count, packed * count)


rows = st.fixed_dictionaries(
    {
        "T": st.integers(0, 2**44),
        "S": st.sampled_from(["Buy", "Sell", "Buy", "Sell", "buy"]),
        "v": st.one_of(st.integers(0, 10**9).map(lambda n: f"{n / 1000:.3f}"), numbers),
        "p": st.one_of(st.integers(0, 10**9).map(lambda n: f"{n / 10:.1f}"), numbers),
        "i": st.one_of(st.uuids().map(str), st.text(max_size=40)),
    },
    optional={"BT": st.booleans(), "RPI": st.booleans(), "L": st.just("PlusTick"), "seq": st.integers(0, 2**60)},
)


@given(st.lists(rows, max_size=30))
def test_trades_of_any_number(trades):
    data = json.dumps(trades, separators=(",", ":"))
    check(FRAMES[0][0], b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":4,"data":%s}' % data.encode())


tickers = st.tuples(st.sampled_from(["snapshot", "delta", "delta"]), st.dictionaries(KEYS, VALUES, max_size=5))


@given(st.lists(tickers, max_size=8))
def test_what_a_ticker_said_is_kept_alike_whichever_way_it_was_read(said):
    one, other = twins("linear", "markPrice", "0.10", "0.001")
    (channel,) = one.channels
    assert isinstance(one.reader(channel).marks, TickerMarks)
    for kind, fields in said:
        data = json.dumps({key: value for key, value in fields.items() if key != "topic"}, separators=(",", ":"))
        frame = f'{{"topic":"tickers.BTCUSDT","type":"{kind}","data":{data},"ts":9}}'.encode(errors="surrogatepass")
        assert outcome(lambda frame=frame: one.decode(channel, frame, RECV_NS)) == outcome(
            lambda frame=frame: other.decode_any(channel, frame, RECV_NS)
        )

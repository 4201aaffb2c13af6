"""`BinanceFrameReader` against the typed decoder: both give the same where it takes a frame; it leaves the rest to that.

The frames are recorded ones, and what hypothesis makes of them: cut, other bytes, other numbers, keys in another order,
twice or missing, blanks, escapes.
"""

import gzip
import json
from itertools import islice, product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.instruments import InstrumentTable
from agents.venues.binance import spot, usdm
from agents.venues.binance.feeds import BinanceFeeds
from agents.venues.binance.frames import BinanceFrameReader
from mesh.protocol.codec import encode
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import VenueError

RECV_NS = 1_700_000_000_123_456_789
SPOT = ("trade", "depth@100ms", "bookTicker")
USDM = ("trade", "depth@0ms", "bookTicker", "markPrice@1s")


def feeds_of(kind: str, feeds: tuple[str, ...], tick: str, lot: str, symbol: str = "BTCUSDT") -> BinanceFeeds:
    config = Config(
        venues=(VenueConfig(id=1, name="b", kind=kind),),
        instruments=(
            InstrumentConfig(
                id=1, venue="b", symbol=symbol, base="A", quote="B", tick_size=tick, lot_size=lot, feeds=feeds
            ),
        ),
        agents={},
    )
    module = spot if kind == "binance_spot" else usdm
    return module.feeds(config.venues[0], list(InstrumentTable(config).by_id.values()))


def outcome(decode, channel, frame):
    """Return what `decode` makes of a frame, to the byte, or how it refuses it."""
    try:
        found = decode(channel, frame, RECV_NS)
    except VenueError as error:
        return str(error)
    delta = getattr(found, "delta", found)
    return type(found), type(delta), encode(delta), getattr(found, "previous_update_id", None)


def check(feeds: BinanceFeeds, frame: bytes) -> bool:
    """Compare both ways to read a frame, under every channel, and return whether the reader took it under one."""
    taken = False
    for channel in feeds.channels:
        read = BinanceFrameReader(channel).read(frame, RECV_NS)
        if read is not None:
            taken = True
            assert feeds.channel(frame) == channel
            assert outcome(lambda *_, found=read: found, channel, frame) == outcome(feeds.decode_any, channel, frame)
        assert outcome(feeds.decode, channel, frame) == outcome(feeds.decode_any, channel, frame)
    return taken


CAPTURES = [
    ("binance-spot/hftbacktest/btcusdt_20240808.gz", "binance_spot", SPOT, "0.01", "0.00000001"),
    ("binance-spot/hftbacktest/btcusdt_20240809.gz", "binance_spot", SPOT, "0.01", "0.00001"),
    ("binance-usdm/hftbacktest/btcusdt_20230404.dat.gz", "binance_usdm", USDM, "0.10", "0.001"),
    ("binance-usdm/hftbacktest/btcusdt_20230405.dat.gz", "binance_usdm", USDM, "0.10", "0.001"),
    ("binance-usdm/hftbacktest/btcusdt_20240718.gz", "binance_usdm", USDM, "0.1", "0.001"),
    ("binance-usdm/hftbacktest/btcusdt_20240719.gz", "binance_usdm", USDM, "0.1", "0.001"),
]


@pytest.mark.parametrize(("path", "kind", "suffixes", "tick", "lot"), CAPTURES)
def test_recorded_frames_are_taken_and_say_what_they_said(data_dir: Path, path, kind, suffixes, tick, lot):
    feeds = feeds_of(kind, suffixes, tick, lot)
    checked = 0
    with gzip.open(data_dir / "raw" / path, "rb") as lines:
        for line in islice(lines, 3000):
            frame = line.split(b" ", 1)[1].strip()
            channel = feeds.channel(frame)
            if channel is not None:
                assert check(feeds, frame), frame
                checked += 1
    assert checked > 1000


SPOT_2021 = "binance-spot/cryptofeed/2021-04-05_BINANCE-b38f7c.0.gz"
USDM_2021 = "binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz"


@pytest.mark.parametrize(
    ("path", "kind", "suffix", "symbol", "tick", "lot"),
    [
        (SPOT_2021, "binance_spot", "aggTrade", "ZILUSDT", "0.00001", "0.1"),
        (SPOT_2021, "binance_spot", "bookTicker", "ZILUSDT", "0.00001", "0.1"),
        (USDM_2021, "binance_usdm", "depth@100ms", "SUSHIUSDT", "0.001", "1"),
        (USDM_2021, "binance_usdm", "aggTrade", "SUSHIUSDT", "0.001", "1"),
    ],
)
def test_frames_of_other_recordings_say_what_they_said(data_dir: Path, path, kind, suffix, symbol, tick, lot):
    feeds = feeds_of(kind, (suffix,), tick, lot, symbol)
    checked = 0
    with gzip.open(data_dir / "raw" / path, "rb") as lines:
        for line in lines:
            frame = line.partition(b": ")[2].strip()
            if feeds.channel(frame) is not None:
                assert check(feeds, frame), frame
                checked += 1
    assert checked > 20


FRAMES = [
    (
        feeds_of("binance_spot", ("trade",), "0.01", "0.00001"),
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161601438,"s":"BTCUSDT","t":3735693016,'
        b'"p":"61685.99000000","q":"0.00017000","T":1723161601437,"m":true,"M":true}}',
    ),
    (
        feeds_of("binance_spot", ("aggTrade",), "0.00001", "0.1", "ZILUSDT"),
        b'{"stream":"zilusdt@aggTrade","data":{"e":"aggTrade","E":1617647603484,"s":"ZILUSDT","a":18938405,'
        b'"p":"0.21448000","q":"2062.90000000","f":23806928,"l":23806928,"T":1617647603483,"m":false,"M":true}}',
    ),
    (
        feeds_of("binance_spot", ("bookTicker",), "0.01", "0.00001"),
        b'{"stream":"btcusdt@bookTicker","data":{"u":50093421613,"s":"BTCUSDT","b":"61685.99000000",'
        b'"B":"1.25869000","a":"61686.00000000","A":"2.44816000"}}',
    ),
    (
        feeds_of("binance_usdm", ("trade",), "0.10", "0.001"),
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1680652874406,"T":1680652874400,"s":"BTCUSDT",'
        b'"t":3535191080,"p":"28722.50","q":"0.001","X":"INSURANCE_FUND","m":true}}',
    ),
    (
        feeds_of("binance_usdm", ("depth@0ms",), "0.5", "0.001"),
        b'{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1680652700594,"T":1680652700586,"s":"BTCUSDT",'
        b'"U":2710246765373,"u":2710246765597,"pu":2710246765326,"b":[["5000.00","14.368"],["28018.50","0.000"]],'
        b'"a":[["28145.00","6.961"]]}}',
    ),
    (
        feeds_of("binance_usdm", ("markPrice@1s",), "0.10", "0.001"),
        b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1680652701000,"s":"BTCUSDT",'
        b'"p":"28147.27373413","P":"28142.15563565","i":"28159.75642857","r":"0.00002754","T":1680652800000}}',
    ),
]
SNIPPETS = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\t", b"\n", b"\0", b"\x7f", b"\xff", b"\xc3\xa9"),
    b"\\u0031",
    *(b"-", b"+", b".", b"e5", b"E-2", b"0", b"00", b"1", b"true", b"false", b"null", b"NaN", b"1e400", b"[]", b"[[]]"),
    *(b'"p":"1",', b'"T":0,', b'"u":1,', b'"pu":3,', b'"pu":-1,', b'"b":[],', b'"m":false,', b'"X":"MARKET",', b'"X":1,'),
    *(b'"zz":[1],', b'"zz":{"p":"2"},', b'"zz":null,', b'"zz":1.5,', b'"\\u0070":"5",', b'"t":9223372036854775808,'),
    *(b"9223372036853", b"9223372036854", b"999999999999999999", b"1000000000000000000", b"9223372036854775807"),
    *(b'["1","2"]', b'["1"]', b'["1","2","3"]', b'["1",2]', b'"stream":"btcusdt@trade",', b"\xed\xa0\x80"),
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
    st.text(alphabet="0123456789.", max_size=24),
    st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True),
    st.sampled_from(["", "MARKET", "INSURANCE_FUND", "ADL", "1e3", "-1", "0", ".5", "5.", "0.10", "00.10"]),
    st.lists(st.lists(st.one_of(st.text("0123456789.", max_size=8), st.integers(0, 9)), max_size=3), max_size=4),
)
frames = st.sampled_from(FRAMES)


@pytest.mark.parametrize("lot", ["1", "0.5", "0.001", "0.00000001"])
def test_decimals_of_every_length(lot):
    feeds = feeds_of("binance_spot", ("trade",), "0.01", lot)
    text = FRAMES[0][1]
    for whole, fraction, last in product(range(12), range(11), "05"):
        digits = "9876543219876"[:whole] + ("." + "0" * (fraction - 1) + last if fraction else "")
        check(feeds, text.replace(b"0.00017000", digits.encode()))


def test_strings_with_any_character_at_any_place():
    feeds, text = FRAMES[0]
    for place, character in product(range(18), range(256)):
        name = bytearray(b"A" * 18)
        name[place] = character
        check(feeds, text.replace(b"BTCUSDT", name))


@given(frames, st.data())
def test_frames_with_other_bytes(frame, data):
    feeds, text = frame
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 4)))
        text = text[:start] + data.draw(st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=3))) + text[end:]
    check(feeds, text)


@given(frames, st.integers(0, 400))
def test_frames_that_end_early(frame, size):
    feeds, text = frame
    check(feeds, text[:size])


@given(frames, st.data())
def test_frames_with_other_fields(frame, data):
    feeds, text = frame
    pairs = list(json.loads(text)["data"].items())
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
    check(feeds, head + b"{" + body.encode(errors="surrogatepass") + b"}}")


numbers = st.one_of(
    st.integers(0, 10**21).map(str), st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True), st.text(max_size=5)
)


@given(st.lists(st.tuples(numbers, numbers), max_size=300), st.lists(st.tuples(numbers, numbers), max_size=20))
@example([("1", "0")] * 1000, [("0.5", "0.001")] * 3)
@example([("0", "0")] * 5000, [])
def test_levels_of_any_number_and_size(bids, asks):
    feeds = FRAMES[4][0]
    data = json.dumps({"E": 1, "U": 2, "u": 3, "pu": 1, "b": bids, "a": asks}, separators=(",", ":"))
    check(feeds, b'{"stream":"btcusdt@depth@0ms","data":' + data.encode() + b"}")


units = st.sampled_from(["1", "5", "0.1", "0.5", "0.01", "0.25", "0.0001", "0.00000001", "0.00000005"])
written = st.one_of(
    st.integers(0, 10**10).map(lambda whole: f"{whole}.00000000"),
    st.from_regex(r"[0-9]{1,10}\.[0-9]{1,3}0{4,8}", fullmatch=True),
    st.from_regex(r"[0-9]{1,11}\.[0-9]{7,9}", fullmatch=True),
    st.from_regex(r"[0-9]{0,2}\.[0-9/:;.]{8}", fullmatch=True),
)


@given(units, units, st.lists(st.tuples(written, written), max_size=4))
@example("0.01", "0.00000001", [("999999999.99000000", "0.00000001")])
def test_decimals_with_the_zeros_that_the_venue_writes_say_what_they_say(tick, lot, levels):
    feeds = feeds_of("binance_spot", ("depth@100ms",), tick, lot)
    data = json.dumps({"E": 1, "U": 2, "u": 3, "b": levels, "a": levels}, separators=(",", ":"))
    check(feeds, b'{"stream":"btcusdt@depth@100ms","data":' + data.encode() + b"}")


def test_levels_are_read_as_written_however_many_came_before():
    (channel,) = FRAMES[4][0].channels
    reader = BinanceFrameReader(channel)
    for count in (3, 2000, 0, 1, 5000, 2):
        level = '["7.50","0.002"]'
        side = f"[{','.join([level] * count)}]"
        frame = f'{{"stream":"btcusdt@depth@0ms","data":{{"E":1,"U":2,"u":3,"pu":1,"b":{side},"a":{side}}}}}'.encode()
        delta = reader.read(frame, RECV_NS).delta
        packed = (15).to_bytes(8, "little") + (2).to_bytes(8, "little")
        assert (delta.bids, delta.asks) == (packed * count, packed * count)


def book_frame(bids, asks) -> bytes:
    data = json.dumps({"E": 1, "U": 2, "u": 3, "b": bids, "a": asks}, separators=(",", ":"))
    return b'{"stream":"btcusdt@depth@100ms","data":' + data.encode() + b"}"


def decimals_of(places: int, zeros: str) -> st.SearchStrategy[str]:
    """Return decimals of so many places, and zeros behind them, nearly all with one or two digits before the point."""
    near, far = st.integers(0, 10 ** (places + 1)), st.integers(0, 10 ** (places + 9))
    count = st.one_of(near, near, near, far).map(lambda n: str(n).rjust(places + 1, "0"))
    return count.map(lambda digits: f"{digits[:-places]}.{digits[-places:]}{zeros}" if places else f"{digits}{zeros}")


ALIKE = [
    ("0.01", "0.00000001", decimals_of(2, ""), decimals_of(8, "")),
    ("0.01", "0.00001", decimals_of(2, "000000"), decimals_of(5, "000")),
    ("0.00000001", "1", decimals_of(8, ""), decimals_of(0, ".00")),
    ("0.1", "1", decimals_of(1, "0"), decimals_of(0, "")),
    ("0.5", "0.001", decimals_of(2, ""), decimals_of(3, "")),
]


@given(st.sampled_from(ALIKE), st.data())
def test_levels_that_look_alike_but_for_some_say_what_they_say(units_and_texts, data):
    tick, lot, prices, quantities = units_and_texts
    feeds = feeds_of("binance_spot", ("depth@100ms",), tick, lot)
    levels = st.lists(st.tuples(prices, quantities), max_size=8)
    first, second = (book_frame(data.draw(levels), data.draw(levels)) for _ in range(2))
    other = bytearray(second)
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(second.index(b'"b":'), len(second) - 1))
        other[place] = data.draw(st.sampled_from(b'0059.,"[]:;/ -\x00\x7f\xff'))
    second = bytes(other)
    check(feeds, first)
    check(feeds, second)
    (channel,) = feeds.channels
    reader = BinanceFrameReader(channel)
    reader.read(first, RECV_NS)
    found, alone = reader.read(second, RECV_NS), BinanceFrameReader(channel).read(second, RECV_NS)
    assert (found is None) == (alone is None)
    assert found is None or encode(found.delta) == encode(alone.delta)

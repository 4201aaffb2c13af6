"""Every single message of OKX that is at hand: it becomes the typed message with these values, or it is out of scope.

`samples` gives each a name: the file's in `private-and-rest`, and kind and instrument of one in `raw-single-messages`.
Those of an account are in `test_account_samples`, which also sees that none is left over.
"""

import json
from pathlib import Path

import pytest

from agents.instruments import InstrumentTable
from agents.venues.depth_update import DepthUpdate
from agents.venues.okx import history
from agents.venues.okx.listing import decode_listing
from core.decimals import unpack_levels
from schemas.config import Config
from schemas.errors import VenueError
from schemas.messages import BookSnapshot, Kline, MarkPrice, Quote, Trade, TradeCondition, VenueBar
from tests.unit.agents.venues.okx.okx_market import MS, VENUE, crc, feeds_of, info_of, instrument

TICK, LOT = "0.00001", "0.00000001"
BUY, SELL = 1, -1


def lots(text):
    return round(float(text) * 10**8)


def ticks(text):
    return round(float(text) * 10**5)


def trade(ms, price, qty, side, trade_id, condition=TradeCondition.MARKET):
    return Trade(ms * MS, 5, ticks(price), lots(qty), side, trade_id, condition)


def quote(ms, bid, bid_qty, ask, ask_qty, number=0):
    return Quote(ms * MS, 5, number, ticks(bid), lots(bid_qty), ticks(ask), lots(ask_qty))


FRAMES = {
    "trade spot": trade(1646311839593, "43474.1", "0.00373695", BUY, "314161276"),
    "trade linear_future": trade(1646311972504, "43535.3", "2", SELL, "17400303"),
    "trade linear_swap": trade(1646312440645, "43568.8", "7", BUY, "219066264"),
    "trade inverse_future": trade(1646312543604, "43568.7", "1", SELL, "18928717"),
    "trade inverse_swap": trade(1646312664791, "43574.9", "1", SELL, "173543957"),
    "trade option": trade(1646138219181, "0.001", "85", BUY, "81"),
    "ws_trades": trade(1630048897897, "42219.9", "0.12060306", BUY, "130639474", TradeCondition.AGGREGATED),
    "okx_wsAllTrades 1": trade(1740394561685, "95634.9", "0.00011186", BUY, "674510826"),
    "okx_wsAllTrades 2": trade(1740394561686, "95635.3", "0.00011194", SELL, "674510827"),
    "bbo spot": quote(1654032991947, "31774.6", "0.3392211", "31774.7", "0.14368878"),
    "bbo inverse_future": quote(1654033096078, "31769.8", "38", "31769.9", "15"),
    "bbo linear_future": quote(1654033073837, "31850.4", "2", "31854.6", "4"),
    "bbo inverse_swap": quote(1656633600013, "19918.9", "34", "19920", "3"),
    "bbo linear_swap": quote(1656642503092, "20386.7", "50", "20386.8", "7"),
    "bbo option": quote(1654033343415, "0", "0", "0.0015", "8"),
    "ws_bbo_tbt": quote(1597026383085, "8476.97", "256", "8476.98", "415", 123456),
}
"""Frames of trades and best prices."""

BOOKS = {
    "l2_event spot_update": (1646314295200, [("43675.6", "0.05")], [("43736.2", "0.1358")]),
    "ws_books_update": (
        1597026383085,
        [
            *(("8476.97", "256"), ("8475.55", "101"), ("8475.54", "100"), ("8475.3", "1")),
            *(("8447.32", "6"), ("8447.02", "246"), ("8446.83", "24"), ("8446", "95")),
        ],
        [
            *(("8476.98", "415"), ("8477", "7"), ("8477.34", "85"), ("8477.56", "1")),
            *(("8505.84", "8"), ("8506.37", "85"), ("8506.49", "2"), ("8506.96", "100")),
        ],
    ),
}
"""Updates of books: time, bids, asks."""

CUT = [
    "l2_event spot_snapshot",
    "l2_event linear_future_snapshot",
    "l2_event inverse_swap_snapshot",
    "ws_books_snapshot",
]
"""Whole books of which only some levels were kept, or made up: they are refused for their checksum, and say what they hold
with that of their levels."""

TYPES = ("spot", "inverse_future", "linear_future", "inverse_swap", "linear_swap", "option")

BARS = {
    "candlestick spot": (1654154580000, ("29930.7", "29936.3", "29930.7", "29936.3", "0.0111536")),
    "candlestick inverse_future": (1654154580000, ("29901.6", "29921.2", "29901.6", "29921.2", "166")),
    "candlestick linear_future": (1654154520000, ("29963.4", "29971.2", "29958.8", "29970.3", "133")),
    "candlestick inverse_swap": (1662716640000, ("20713.4", "20721.5", "20711.1", "20721.5", "1400")),
    "candlestick linear_swap": (1662716640000, ("20702.4", "20710", "20702.3", "20703.8", "4070")),
    "candlestick option": (1654155480000, ("0.0005", "0.0005", "0.0005", "0.0005", "0")),
    "ws_candle": (1597026383085, ("8533.02", "8553.74", "8527.17", "8548.26", "45247")),
}
"""When each begins; open, high, low, close and volume. Only the last says that it has ended: those of 2022 say nothing."""

OUT_OF_SCOPE = {
    "books5: five levels, whole each time; books are followed by their updates": {
        *(f"l2_topk {what}" for what in TYPES),
    },
    "protocol of before v5": {"l2_topk spot_2"},
    "tickers: best prices come from bbo-tbt": {
        *(f"ticker {what}" for what in TYPES),
        "ws_tickers",
    },
    "open interest: no message has it": {
        "open_interest inverse_future",
        "open_interest inverse_future 2",
        *(f"open_interest {what}" for what in ("linear_future", "inverse_swap", "linear_swap", "option")),
    },
    "REST beside a stream that tells the same": {
        "http_get_mark_price",
        "http_get_index_price",
        "http_get_funding_rate_history",
        "http_get_trades",
        "ws_instruments",
    },
    "options, futures, margin and spreads: not traded here": {
        "http_get_instruments_futures",
        "http_get_instruments_margin",
        "http_get_instruments_option",
        "http_get_option_summary",
        "http_get_position_tiers",
        "http_get_spreads",
        "ws_opt_summary",
    },
    "no message of the venue: a test of numbers as text": {"common_optional_string_to_u64"},
}


def samples(data_dir: Path) -> dict[str, bytes]:
    """Return every sample, by its name; those of the account that are several to a file are left out."""
    found: dict[str, bytes] = {}
    path = data_dir / "raw-single-messages" / "crypto-msg-parser" / "okx.jsonl"
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        name = f"{entry['mod']} {entry['test']}"
        found[name if name not in found else f"{name} 2"] = entry["raw"].encode()
    folder = data_dir / "private-and-rest"
    for number, line in enumerate((folder / "gocryptotrader" / "okx_wsAllTrades.json").read_bytes().splitlines(), 1):
        found[f"okx_wsAllTrades {number}"] = line
    for path in sorted((folder / "nautilus" / "okx").glob("*.json")):
        found[path.stem] = path.read_bytes()
    found["books_snapshot_with_checksum"] = (
        data_dir / "raw" / "okx" / "gocryptotrader" / "books_snapshot_with_checksum.json"
    ).read_bytes()
    return found


def decoded(frame: bytes):
    """Return what the adapter makes of a frame, whatever the instrument's category."""
    arg = json.loads(frame)["arg"]
    feeds = ("trade", "bookTicker", "depth@10ms" if arg["channel"].endswith("tbt") else "depth", "markPrice")
    found = feeds_of(instrument(arg["instId"], TICK, LOT, feeds=feeds, category="linear"))
    channel = found.channel(frame)
    assert channel is not None
    return found.decode(channel, frame, 5)


def levels(side):
    return [(ticks(price), lots(qty)) for price, qty, *_ in side]


@pytest.mark.parametrize("name", FRAMES)
def test_frames_of_trades_and_best_prices(data_dir, name):
    assert decoded(samples(data_dir)[name]) == FRAMES[name]


@pytest.mark.parametrize("name", BOOKS)
def test_updates_of_books(data_dir, name):
    found = decoded(samples(data_dir)[name])
    ms, bids, asks = BOOKS[name]
    assert isinstance(found, DepthUpdate)
    assert found.delta.ts_event_ns == ms * MS
    assert (unpack_levels(found.bids), unpack_levels(found.asks)) == (levels(bids), levels(asks))
    numbers = (123456, 123457) if name.startswith("ws") else (-1, ms)
    assert (found.previous_update_id, found.last_update_id) == numbers


@pytest.mark.parametrize("name", CUT)
def test_whole_books_that_were_cut(data_dir, name):
    frame = samples(data_dir)[name]
    with pytest.raises(VenueError, match="does not hold"):
        decoded(frame)
    data = json.loads(frame)
    (book,) = data["data"]
    book["checksum"] = crc({side: {price: qty for price, qty, *_ in book[side]} for side in ("bids", "asks")})
    found = decoded(json.dumps(data).encode())
    assert isinstance(found, BookSnapshot)
    assert (unpack_levels(found.bids), unpack_levels(found.asks)) == (levels(book["bids"]), levels(book["asks"]))
    assert found.last_update_id == book.get("seqId", int(book["ts"]))


@pytest.mark.parametrize("name", BARS)
def test_bars_of_the_stream(data_dir, name):
    frame = samples(data_dir)[name]
    arg = json.loads(frame)["arg"]
    length, feed = (86_400_000, "kline_1d") if name == "ws_candle" else (60_000, "kline_1m")
    found = feeds_of(instrument(arg["instId"], TICK, LOT, feeds=(feed,), category="linear"))
    (channel,) = found.channels
    if name == "ws_candle":
        # The venue's day by Hong Kong's time has that name; ours begins by UTC.
        frame = frame.replace(b"candle1D", b"candle1Dutc")
    else:
        assert found.decode(channel, frame, 5) == []
        data = json.loads(frame)
        data["data"][0] += ["0", "1"]
        frame = json.dumps(data).encode()
    begin_ms, values = BARS[name]
    assert found.channel(frame) == channel
    (bar,) = found.decode(channel, frame, 5)
    prices = [ticks(text) for text in values[:4]]
    assert bar == VenueBar((begin_ms + length) * MS, 5, length, begin_ms * MS, *prices, lots(values[4]))


@pytest.mark.parametrize(("name", "asks"), [("l2_event option_snapshot", 2), ("books_snapshot_with_checksum", 37)])
def test_whole_books_with_the_checksum_that_came(data_dir, name, asks):
    frame = samples(data_dir)[name]
    found = decoded(frame)
    (book,) = json.loads(frame)["data"]
    assert unpack_levels(found.asks) == levels(book["asks"])
    assert (len(book["asks"]), found.ts_event_ns) == (asks, int(book["ts"]) * MS)


@pytest.mark.parametrize(
    ("name", "rate_e8", "next_ms"),
    [
        ("funding_rate inverse_swap", 7342, 1646323200000),
        ("funding_rate linear_swap", 15347, 1646323200000),
        ("ws_funding_rate", 10000, 1744590349506),
    ],
)
def test_a_funding_rate_is_told_with_the_mark_price(data_dir, name, rate_e8, next_ms):
    frame = samples(data_dir)[name]
    symbol = json.loads(frame)["arg"]["instId"]
    feeds = feeds_of(instrument(symbol, feeds=("markPrice",), category="linear"))
    (channel,) = feeds.channels
    assert feeds.channel(frame) == channel
    assert feeds.decode(channel, frame, 5) == []
    mark = json.dumps({"arg": {"channel": "mark-price", "instId": symbol}, "data": [{"markPx": "9.5", "ts": "7"}]})
    expected = MarkPrice(7 * MS, 5, 950_000_000, 0, rate_e8, next_ms * MS)
    assert feeds.decode(channel, mark.encode(), 5) == expected


FETCHED = [
    *(f"l2_snapshot {what}" for what in TYPES),
    "http_get_order_book",
]


@pytest.mark.parametrize("name", FETCHED)
def test_a_fetched_book_of_before_says_no_number_and_joins_nothing(data_dir, name):
    info = info_of(instrument("X", TICK, LOT))
    body = samples(data_dir)[name]
    with pytest.raises(VenueError, match="no seqId"):
        history.decode_snapshot(info, body, 5)
    data = json.loads(body)
    data["data"][0]["seqId"] = 77
    found = history.decode_snapshot(info, json.dumps(data).encode(), 5)
    (book,) = data["data"]
    assert (unpack_levels(found.bids), found.last_update_id) == (levels(book["bids"]), 77)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        (
            "http_get_candlesticks",
            (1625097600000, "33528.6", "33870.0", "33528.6", "33783.9", "778.838"),
            (1625097660000, "33783.9", "33783.9", "33782.1", "33782.1", "0.123"),
        ),
        (
            "http_get_candlesticks_full",
            (1747093980000, "102806", "102820.5", "102783.1", "102806.1", "7164.04"),
            (1747094040000, "102806.1", "102820.4", "102806.1", "102820.4", "1040.37"),
        ),
    ],
)
def test_bars(data_dir, name, first, second):
    bars = history.decode_klines(info_of(instrument("X", TICK, LOT)), samples(data_dir)[name])
    assert bars == [
        Kline(ms * MS, *(ticks(price) for price in prices), lots(volume), 0) for ms, *prices, volume in (first, second)
    ]


@pytest.mark.parametrize(
    ("name", "config", "steps"),
    [
        ("http_get_instruments_spot", instrument("BTC-USD", "0.1", LOT), (1_000, 1, 1)),
        (
            "http_get_instruments_swap",
            instrument("ETH-USDT-SWAP", "0.01", "0.01", base="ETH", contract_size="0.1"),
            (1, 1, 1),
        ),
    ],
)
def test_listings(data_dir, name, config, steps):
    infos = list(InstrumentTable(Config(venues=(VENUE,), instruments=(config,), agents={})).by_id.values())
    (found,) = decode_listing(infos, samples(data_dir)[name])
    assert (found.min_qty_lots, found.qty_step_lots, found.price_step_ticks, found.fault) == (*steps, "")


MARKET = {
    *BARS,
    *FRAMES,
    *BOOKS,
    *CUT,
    *FETCHED,
    "l2_event option_snapshot",
    "books_snapshot_with_checksum",
    *("funding_rate inverse_swap", "funding_rate linear_swap", "ws_funding_rate"),
    *("http_get_candlesticks", "http_get_candlesticks_full"),
    *("http_get_instruments_spot", "http_get_instruments_swap"),
}

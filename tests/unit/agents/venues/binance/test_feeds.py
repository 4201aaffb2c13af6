"""Binance frames to messages, against frames as they were recorded."""

import json

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.venues.binance import spot, usdm
from agents.venues.depth_update import DepthUpdate
from core.decimals import unpack_levels
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import ConfigError, VenueError
from schemas.messages import BookDelta, BookSnapshot, MarkPrice, Quote, Trade, TradeCondition

SPOT_FEEDS = ("trade", "depth@100ms", "bookTicker")
USDM_FEEDS = ("trade", "depth@0ms", "bookTicker", "markPrice@1s")
MS = 1_000_000


def feeds_of(kind="binance_spot", symbol="BTCUSDT", tick="0.01", lot="0.00001", feeds=SPOT_FEEDS, **venue):
    module = spot if kind == "binance_spot" else usdm
    config = Config(
        venues=(VenueConfig(id=1, name="b", kind=kind, **venue),),
        instruments=(
            InstrumentConfig(
                id=3, venue="b", symbol=symbol, base="A", quote="B", tick_size=tick, lot_size=lot, feeds=feeds
            ),
        ),
        agents={},
    )
    table = InstrumentTable(config)
    return module.feeds(config.venues[0], list(table.by_id.values()))


def decode(feeds, frame):
    channel = feeds.channel(frame)
    assert channel is not None
    return feeds.decode(channel, frame, 5)


def test_spot_trade_as_recorded():
    frame = (
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161601438,"s":"BTCUSDT","t":3735693016,'
        b'"p":"61685.99000000","q":"0.00017000","T":1723161601437,"m":true,"M":true}}'
    )
    assert decode(feeds_of(), frame) == Trade(1723161601437 * MS, 5, 6168599, 17, -1, "3735693016")


def test_spot_aggregate_trade_as_recorded():
    frame = (
        b'{"stream":"zilusdt@aggTrade","data":{"e":"aggTrade","E":1617647603484,"s":"ZILUSDT","a":18938405,'
        b'"p":"0.21448000","q":"2062.90000000","f":23806928,"l":23806928,"T":1617647603483,"m":false,"M":true}}'
    )
    feeds = feeds_of(symbol="ZILUSDT", tick="0.00001", lot="0.1", feeds=("aggTrade",))
    assert decode(feeds, frame) == Trade(1617647603483 * MS, 5, 21448, 20629, 1, "18938405", TradeCondition.AGGREGATED)


def test_spot_ticker_as_recorded_has_no_venue_time():
    frame = (
        b'{"stream":"btcusdt@bookTicker","data":{"u":50093421613,"s":"BTCUSDT","b":"61685.99000000",'
        b'"B":"1.25869000","a":"61686.00000000","A":"2.44816000"}}'
    )
    assert decode(feeds_of(), frame) == Quote(0, 5, 50093421613, 6168599, 125869, 6168600, 244816)


def test_usdm_depth_as_recorded():
    frame = (
        b'{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1680652700594,"T":1680652700586,"s":"BTCUSDT",'
        b'"U":2710246765373,"u":2710246765597,"pu":2710246765326,"b":[["5000.00","14.368"],["28018.90","0.000"]],'
        b'"a":[["28145.20","6.961"]]}}'
    )
    update = decode(feeds_of("binance_usdm", tick="0.10", lot="0.001", feeds=USDM_FEEDS), frame)
    assert isinstance(update, DepthUpdate)
    assert update.previous_update_id == 2710246765326
    delta = update.delta
    assert isinstance(delta, BookDelta)
    assert (delta.ts_event_ns, delta.ts_recv_ns) == (1680652700586 * MS, 5)
    assert (delta.first_update_id, delta.last_update_id) == (2710246765373, 2710246765597)
    assert unpack_levels(delta.bids) == [(50000, 14368), (280189, 0)]
    assert unpack_levels(delta.asks) == [(281452, 6961)]


def test_usdm_trade_of_the_insurance_fund_as_recorded():
    frame = (
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1680652874406,"T":1680652874400,"s":"BTCUSDT",'
        b'"t":3535191080,"p":"28722.50","q":"0.001","X":"INSURANCE_FUND","m":true}}'
    )
    trade = decode(feeds_of("binance_usdm", tick="0.10", lot="0.001", feeds=USDM_FEEDS), frame)
    assert isinstance(trade, Trade)
    assert trade.condition == TradeCondition.INSURANCE_FUND


def test_mark_price_as_recorded_keeps_all_eight_decimals():
    frame = (
        b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1680652701000,"s":"BTCUSDT",'
        b'"p":"28147.27373413","P":"28142.15563565","i":"28159.75642857","r":"0.00002754","T":1680652800000}}'
    )
    feeds = feeds_of("binance_usdm", tick="0.10", lot="0.001", feeds=USDM_FEEDS)
    assert decode(feeds, frame) == MarkPrice(
        1680652701000 * MS, 5, 2814727373413, 2815975642857, 2754, 1680652800000 * MS
    )


def test_negative_and_missing_funding_rates():
    feeds = feeds_of("binance_usdm", tick="0.10", lot="0.001", feeds=USDM_FEEDS)
    frame = b'{"stream":"btcusdt@markPrice@1s","data":{"E":1,"p":"2.5","i":"2.4","r":"%s","T":0}}'
    assert decode(feeds, frame % b"-0.00010000").funding_rate_e8 == -10_000
    assert decode(feeds, frame % b"").funding_rate_e8 == 0


@pytest.mark.parametrize(
    ("name", "kind"), [("depth_update_stream", "depth"), ("agg_trade_stream", "aggTrade"), ("trade_stream", "trade")]
)
def test_documented_usdm_samples_decode(data_dir, name, kind):
    path = data_dir / "private-and-rest" / "nautilus" / "binance" / "futures" / "market_data_json" / f"{name}.json"
    data = json.loads(path.read_text())
    feeds = feeds_of("binance_usdm", symbol=data["s"], tick="0.0001", lot="1", feeds=(kind,))
    frame = json.dumps({"stream": f"{data['s'].lower()}@{kind}", "data": data}).encode()
    message = decode(feeds, frame)
    if isinstance(message, DepthUpdate):
        assert unpack_levels(message.delta.bids) == [(24, 10)]
    else:
        assert (message.price_ticks, message.qty_lots, message.trade_id) == (10, 100, "5933014")


def test_depth_snapshot_of_the_documentation(data_dir):
    path = data_dir / "private-and-rest" / "nautilus" / "binance" / "spot" / "http_json" / "depth_response.json"
    body = path.read_bytes()
    feeds = feeds_of(tick="0.00000001", lot="0.00000001")
    snapshot = feeds.decode_snapshot(feeds.channels[0].info, body, 9)
    data = json.loads(body)
    assert isinstance(snapshot, BookSnapshot)
    assert snapshot.last_update_id == data["lastUpdateId"]
    assert len(unpack_levels(snapshot.bids)) == len(data["bids"])


@pytest.mark.parametrize(
    "frame",
    [
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":"1.001","q":"1","T":1,"m":true}}',
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":"1e3","q":"1","T":1,"m":true}}',
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":"-1","q":"1","T":1,"m":true}}',
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":"NaN","q":"1","T":1,"m":true}}',
        b'{"stream":"btcusdt@trade","data":{"t":-1,"p":"1","q":"1","T":1,"m":true}}',
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":"1","q":"1","T":99999999999999999,"m":true}}',
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":1.5,"q":"1","T":1,"m":true}}',
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":"1","q":"1","T":1}}',
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":"1","q":"1","T":1,"m":tr',
        b'{"stream":"btcusdt@trade","data":' + b"[" * 100_000,
        b'{"stream":"btcusdt@trade","data":{"t":1,"p":"\xff","q":"1","T":1,"m":true}}',
        b'{"stream":"btcusdt@depth@100ms","data":{"E":1,"U":1,"u":2,"b":[["1.00"]],"a":[]}}',
        b'{"stream":"btcusdt@depth@100ms","data":{"E":1,"U":1,"u":2,"b":[["1.00","0.000001"]],"a":[]}}',
        b'{"stream":"btcusdt@depth@100ms","data":{"E":1,"U":1,"u":9223372036854775808,"b":[],"a":[]}}',
    ],
)
def test_what_the_venue_does_not_document_is_a_venue_error(frame):
    feeds = feeds_of()
    channel = feeds.channel(frame)
    assert channel is not None
    with pytest.raises(VenueError, match=channel.name):
        feeds.decode(channel, frame, 0)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b'{"result":null,"id":1}',
        b'{"stream":"ethusdt@trade","data":{}}',
        b"\xff",
        b"[" * 100_000,
        b'{"stream":"',
    ],
)
def test_frames_of_nothing_that_was_asked_for_have_no_channel(frame):
    assert feeds_of().channel(frame) is None


def test_the_channel_is_found_whatever_the_layout_of_the_frame():
    frame = b'{ "data": {"t":1,"p":"1","q":"1","T":1,"m":true}, "stream": "btcusdt@trade" }'
    assert decode(feeds_of(), frame) == Trade(MS, 5, 100, 100_000, -1, "1")


def test_spot_has_one_connection():
    assert feeds_of().urls() == {
        "market": "wss://stream.binance.com:9443/stream?streams=btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker"
        "&timeUnit=MICROSECOND"
    }


def test_usdm_has_routes_that_an_own_url_keeps():
    urls = feeds_of("binance_usdm", feeds=USDM_FEEDS, ws_url="ws://127.0.0.1:9/").urls()
    assert urls == {
        "market": "ws://127.0.0.1:9/market/stream?streams=btcusdt@markPrice@1s",
        "public": "ws://127.0.0.1:9/public/stream?streams=btcusdt@trade/btcusdt@depth@0ms/btcusdt@bookTicker",
    }


@pytest.mark.parametrize(
    "feeds", [("markPrice@1s",), ("kline_7m",), ("depth@100ms", "depth"), ("trade", "aggTrade"), ("depth5",)]
)
def test_feeds_that_cannot_be_followed_are_refused(feeds):
    with pytest.raises(ConfigError, match="feeds"):
        feeds_of(feeds=feeds)


def test_snapshot_call_is_the_venues_depth_endpoint():
    feeds = feeds_of("binance_usdm", feeds=USDM_FEEDS)
    call = feeds.snapshot_call(feeds.channels[0].info, 500)
    assert (call.method, call.path, call.params) == (
        "GET",
        "/fapi/v1/depth",
        {"symbol": "BTCUSDT", "limit": "500"},
    )
    assert not call.signed
    assert msgspec.to_builtins(call)


def test_the_time_is_that_of_the_feeds_even_where_the_venue_plays_a_recording():
    feeds = feeds_of()
    assert (feeds.time_call().path, feeds_of("binance_usdm", feeds=("trade",)).time_call().path) == (
        "/api/v3/time",
        "/fapi/v1/time",
    )
    assert feeds.decode_time(b'{"serverTime":1499827319559}') == 1_499_827_319_559 * MS
    assert feeds.decode_time(b'{"serverTime":1499827319559,"marketTime":5}') == 5 * MS
    with pytest.raises(VenueError, match="time"):
        feeds.decode_time(b"{}")


@pytest.mark.parametrize(
    ("stamp", "ns"), [(1617647603483, 1617647603483 * MS), (1617647603483123, 1617647603483123 * 1_000)]
)
def test_a_time_is_in_milliseconds_or_in_microseconds_as_its_size_says(stamp, ns):
    frame = b'{"stream":"btcusdt@trade","data":{"t":1,"p":"1.00","q":"1","T":%d,"m":true}}' % stamp
    assert decode(feeds_of(), frame).ts_event_ns == ns
    spaced = frame.replace(b",", b", ")
    assert decode(feeds_of(), spaced).ts_event_ns == ns

"""Binance COIN-M: contracts by their venue names, over one connection, read as they were recorded."""

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.venues.binance import coinm
from agents.venues.binance.book_rules import UsdmBookSync
from agents.venues.depth_update import DepthUpdate
from core.decimals import unpack_levels
from mesh.context import VenueCall
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.messages import BookDelta, MarkPrice, Quote, Trade, TradeCondition
from schemas.orders import Side

MS = 1_000_000
FEEDS = ("trade", "depth@0ms", "bookTicker", "markPrice@1s")


def instruments(**more):
    more = {"symbol": "BTCUSD_PERP", "feeds": FEEDS, "contract_size": "100", **more}
    config = Config(
        venues=(VenueConfig(id=1, name="b", kind="binance_coinm"),),
        instruments=(
            InstrumentConfig(id=3, venue="b", base="BTC", quote="USD", tick_size="0.1", lot_size="1", **more),
        ),
        agents={},
    )
    return config.venues[0], list(InstrumentTable(config).by_id.values())


def read(frame, **more):
    feeds = coinm.feeds(*instruments(**more))
    channel = feeds.channel(frame)
    assert channel is not None
    message = feeds.decode(channel, frame, 5)
    assert feeds.decode_any(channel, frame, 5) == message or isinstance(message, DepthUpdate)
    return message


def test_all_feeds_come_over_one_connection_by_the_contracts_name():
    feeds = coinm.feeds(*instruments(symbol="BTC-PERP", venue_symbol="BTCUSD_PERP"))
    names = "/".join(f"btcusd_perp@{feed}" for feed in FEEDS)
    assert feeds.urls() == {"market": f"wss://dstream.binance.com/stream?streams={names}"}
    assert feeds.snapshot_call(feeds.channels[0].info, 500) == VenueCall(
        "GET", "/dapi/v1/depth", {"symbol": "BTCUSD_PERP", "limit": "500"}
    )
    assert isinstance(feeds.book_sync(), UsdmBookSync)


def test_an_instrument_without_feeds_has_aggregates_and_marks():
    feeds = coinm.feeds(*instruments(feeds=()))
    assert [channel.name.partition("@")[2] for channel in feeds.channels] == [
        "aggTrade",
        "depth@100ms",
        "bookTicker",
        "markPrice@1s",
    ]


def test_a_depth_update_names_its_predecessor_and_counts_contracts():
    update = read(
        b'{"stream":"btcusd_perp@depth@0ms","data":{"e":"depthUpdate","E":1723161257476,"T":1723161257462,"s":"BTCUSD_PERP",'
        b'"ps":"BTCUSD","U":1007198631847,"u":1007198631985,"pu":1007198631835,"b":[["61786.5","89"],["61797.3","0"]],'
        b'"a":[["61817.7","44"]]}}'
    )
    assert isinstance(update, DepthUpdate)
    assert update.previous_update_id == 1007198631835
    assert isinstance(update.delta, BookDelta)
    assert (update.delta.ts_event_ns, update.first_update_id) == (1723161257462 * MS, 1007198631847)
    assert (unpack_levels(update.bids), unpack_levels(update.asks)) == ([(617865, 89), (617973, 0)], [(618177, 44)])


def test_a_ticker_as_recorded():
    frame = (
        b'{"stream":"btcusd_perp@bookTicker","data":{"u":1007198632021,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD",'
        b'"b":"61804.7","B":"35","a":"61804.8","A":"1645","T":1723161257465,"E":1723161257476}}'
    )
    assert read(frame) == Quote(1723161257465 * MS, 5, 1007198632021, 618047, 35, 618048, 1645)


@pytest.mark.parametrize("more", [b"", b',"st":2', b',"ps":"BTCUSD","st":2'])
def test_a_trade_is_read_whatever_the_venue_adds(more):
    frame = (
        b'{"stream":"btcusd_perp@aggTrade","data":{"e":"aggTrade","E":1723161257476,"a":7,"s":"BTCUSD_PERP","p":"61804.7",'
        b'"q":"35","f":1,"l":2,"T":1723161257465,"m":true%b}}' % more
    )
    assert read(frame, feeds=("aggTrade",)) == Trade(
        1723161257465 * MS, 5, 618047, 35, int(Side.SELL), "7", int(TradeCondition.AGGREGATED)
    )


def test_a_mark_price_of_a_contract_that_is_delivered_has_no_funding():
    frame = (
        b'{"stream":"btcusd_perp@markPrice@1s","data":{"e":"markPriceUpdate","E":9,"s":"BTCUSD_PERP","p":"11185.87786614",'
        b'"P":"11784.25641265","i":"11781.8","r":"","T":0}}'
    )
    assert read(frame) == MarkPrice(9 * MS, 5, 1_118_587_786_614, 1_178_180_000_000, 0, 0)


def listed(**more):
    entry = {
        "symbol": "BTCUSD_PERP",
        "pair": "BTCUSD",
        "contractType": "PERPETUAL",
        "contractStatus": "TRADING",
        "contractSize": 100,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.1", "minPrice": "1000", "maxPrice": "4520958"},
            {"filterType": "LOT_SIZE", "stepSize": "1", "maxQty": "1000000", "minQty": "1"},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
        ],
        **more,
    }
    return msgspec.json.encode({"symbols": [entry]})


def listing(body, **more):
    (found,) = coinm.feeds(*instruments(**more)).decode_listing(body)
    return found


def test_the_listing_has_steps_bounds_and_status_of_the_contract():
    found = listing(listed())
    assert (found.fault, found.min_qty_lots, found.max_qty_lots, found.price_step_ticks) == ("", 1, 1_000_000, 1)
    assert (found.bid_band_down_ppm, found.bid_band_up_ppm) == (950_000, 1_050_000)


def test_a_contract_of_another_size_than_configured_is_a_fault():
    fault = listing(listed(), contract_size="10").fault
    assert fault == "contract_size 10 of the configuration is not the venue's 100"


def test_a_contract_that_is_delivered_is_a_fault():
    assert listing(listed(contractStatus="DELIVERED")).fault == "BTCUSD_PERP is DELIVERED at the venue, not TRADING"

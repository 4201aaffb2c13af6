"""Binance's public REST: trades, aggregates and bars, as the documentation shows them."""

import pytest

from schemas.errors import VenueError
from schemas.messages import Kline, Trade, TradeCondition
from tests.unit.agents.venues.binance.test_feeds import MS, feeds_of

OLD_TRADES = (
    b'[{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012","time":1499865549590,'
    b'"isBuyerMaker":true,"isBestMatch":true}]'
)
AGGREGATES = b'[{"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27781,"T":1498793709153,"m":true,"M":true}]'
KLINES = (
    b'[[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,'
    b'"2434.19055334",308,"1756.87402397","28.46694368","0"]]'
)


def fine():
    """Return feeds in which the documentation's prices and quantities are whole ticks and lots."""
    return feeds_of(tick="0.00000001", lot="0.00000001", feeds=("trade",))


def test_old_trades_are_as_the_feed_tells_them():
    feeds = fine()
    assert feeds.decode_trades(feeds.channels[0], OLD_TRADES, 5) == [
        Trade(1499865549590 * MS, 5, 400_000_100, 1_200_000_000, -1, "28457", int(TradeCondition.MARKET))
    ]


def test_aggregates_are_as_their_feed_tells_them():
    feeds = feeds_of(tick="0.00000001", lot="0.00000001", feeds=("aggTrade",))
    (channel,) = feeds.channels
    call = feeds.trades_call(channel, 26_129, 7)
    assert (call.path, call.params) == ("/api/v3/aggTrades", {"symbol": "BTCUSDT", "fromId": "26129", "limit": "7"})
    assert feeds.decode_trades(channel, AGGREGATES, 5) == [
        Trade(1498793709153 * MS, 5, 1_633_102, 470_443_515, -1, "26129", int(TradeCondition.AGGREGATED))
    ]


def test_bars_are_read_exactly():
    feeds = fine()
    assert feeds.decode_klines(feeds.channels[0].info, KLINES) == [
        Kline(1499040000000 * MS, 1_634_790, 80_000_000, 1_575_800, 1_577_100, 14_897_611_427_815, 308)
    ]


def test_futures_have_no_bars_of_a_second():
    spot, futures = feeds_of(), feeds_of("binance_usdm", feeds=("trade",))
    info = spot.channels[0].info
    assert spot.klines_call(info, 1_000, 2, 0).params["interval"] == "1s"
    assert futures.klines_call(info, 1_000, 2, 0) is None
    assert futures.klines_call(info, 86_400_000, 5_000, 0).params == {
        "symbol": "BTCUSDT",
        "interval": "1d",
        "limit": "1000",
    }


@pytest.mark.parametrize("body", [b"{}", b'[{"id":1}]', b"[[1,2]]", b"no", OLD_TRADES.replace(b"4.00000100", b"-4")])
def test_what_the_venue_does_not_document_is_a_venue_error(body):
    feeds = fine()
    with pytest.raises(VenueError, match="trades of BTCUSDT"):
        feeds.decode_trades(feeds.channels[0], body, 5)
    with pytest.raises(VenueError, match="klines of BTCUSDT"):
        feeds.decode_klines(feeds.channels[0].info, body)

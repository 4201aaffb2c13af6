"""Binance USDT-M: its feeds by two connections, and books that name their predecessor."""

from agents.instruments import InstrumentTable
from agents.venues.binance import usdm
from agents.venues.binance.book_rules import UsdmBookSync
from tests.unit.agents.market_data.market_data_desk import config


def test_depth_and_tickers_come_by_another_connection_than_aggregates_and_marks():
    found = config(kind="binance_usdm", feeds=("trade", "depth@0ms", "bookTicker", "markPrice@1s"))
    feeds = usdm.feeds(found.venues[0], list(InstrumentTable(found).by_id.values()))
    assert {channel.name.partition("@")[2]: channel.connection for channel in feeds.channels} == {
        "trade": "public",
        "depth@0ms": "public",
        "bookTicker": "public",
        "markPrice@1s": "market",
    }
    assert isinstance(feeds.book_sync(), UsdmBookSync)


def test_trades_are_aggregates_unless_single_ones_are_asked_for():
    found = config(kind="binance_usdm", feeds=())
    feeds = usdm.feeds(found.venues[0], list(InstrumentTable(found).by_id.values()))
    assert feeds.urls() == {
        "market": "wss://fstream.binance.com/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s",
        "public": "wss://fstream.binance.com/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker",
    }

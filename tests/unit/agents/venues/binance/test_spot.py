"""Binance spot: where its feeds are, which it has, and what trades there."""

import pytest

from agents.instruments import InstrumentTable
from agents.venues.binance import spot
from agents.venues.binance.book_rules import SpotBookSync
from agents.venues.binance.spot_account import SpotAccount
from schemas.errors import ConfigError
from tests.unit.agents.market_data.market_data_desk import config


def parts(**more):
    found = config(**more)
    return found.venues[0], list(InstrumentTable(found).by_id.values())


def test_all_feeds_come_by_one_connection():
    feeds = spot.feeds(*parts(feeds=("trade", "depth@100ms", "bookTicker")))
    assert [channel.name for channel in feeds.channels] == [
        "btcusdt@trade",
        "btcusdt@depth@100ms",
        "btcusdt@bookTicker",
    ]
    assert {channel.connection for channel in feeds.channels} == {"market"}
    assert isinstance(feeds.book_sync(), SpotBookSync)


def test_there_are_no_mark_prices():
    with pytest.raises(ConfigError, match="markPrice"):
        spot.feeds(*parts(feeds=("markPrice@1s",)))


def test_orders_are_taken():
    assert isinstance(spot.account(*parts()), SpotAccount)

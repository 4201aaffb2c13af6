"""What an instrument is where its table does not say, by the kind of its venue."""

import re

import pytest

from agents.instruments import InstrumentTable
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.markets import (
    CATEGORIES,
    FEED,
    FEEDS,
    USUAL_FEEDS,
    Category,
    bar_feed,
    bar_length_ms,
    feed_stream,
    feeds_of,
)
from schemas.streams import Kind


def test_an_instrument_without_feeds_has_those_usual_at_its_venue() -> None:
    assert feeds_of((), "binance_spot", "") == ("trade", "depth@100ms", "bookTicker")
    assert feeds_of((), "binance_usdm", "")[0] == "aggTrade"
    assert feeds_of(("depth",), "binance_usdm", "") == ("depth",)
    assert feeds_of((), "ccxt", "linear") == feeds_of((), "bybit", "spot") == ("trade", "depth", "bookTicker")


@pytest.mark.parametrize(
    ("kind", "category"), [(kind, each) for kind, found in CATEGORIES.items() for each in found if kind != "ccxt"]
)
def test_a_contract_has_the_venues_mark_price_among_its_usual_feeds_and_nothing_else_has(
    kind: str, category: Category
) -> None:
    streams = [feed_stream(feed) for feed in feeds_of((), kind, category)]
    assert (Kind.MARK in streams) == (category != "spot")


def test_every_usual_feed_is_one() -> None:
    assert {kind for kind, _ in USUAL_FEEDS} <= set(CATEGORIES)
    every = [feeds_of((), kind, category) for kind, found in CATEGORIES.items() for category in found]
    assert {feed.partition("@")[0] for feeds in every for feed in feeds} <= set(FEEDS)
    assert feed_stream("depth@20ms") == Kind.BOOK


def test_a_feed_of_bars_says_how_long_they_are() -> None:
    lengths = {feed: bar_length_ms(feed) for feed in ("kline_1s", "kline_15m", "kline_4h", "kline_1d", "depth@100ms")}
    assert lengths == {
        "kline_1s": 1_000,
        "kline_15m": 900_000,
        "kline_4h": 14_400_000,
        "kline_1d": 86_400_000,
        "depth@100ms": 0,
    }
    assert feed_stream("kline_1m") == Kind.BAR
    assert [bar_feed(length_ms) for length_ms in list(lengths.values())[:4]] == list(lengths)[:4]
    assert [bar_feed(length_ms) for length_ms in (0, 999, 1_500, 3_600_000)] == ["", "", "", "kline_1h"]
    good = ("kline_1m", "kline_12h", "depth", "depth@20ms", "markPrice@1s")
    bad = ("kline", "kline_", "kline_0m", "kline_1", "kline_1w", "kline_1m@1s", "depth_1m", "kline_1m ", "xkline_1m")
    assert [feed for feed in (*good, *bad) if re.search(FEED, feed)] == list(good)


def test_spot_and_a_contract_of_one_name_stand_side_by_side() -> None:
    table = InstrumentTable(_config(_btc(1, "BTCUSDT"), _btc(2, "BTCUSDT-PERP", "linear", "BTCUSDT")))
    spot, perp = table.by_id[1], table.by_id[2]
    assert (spot.category, spot.margin, spot.venue_symbol) == ("spot", False, "BTCUSDT")
    assert (perp.category, perp.margin, perp.venue_symbol) == ("linear", True, "BTCUSDT")


def test_a_category_that_the_venue_does_not_trade_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"category: bybit trades spot, linear \(found: inverse\)"):
        InstrumentTable(_config(_btc(1, "BTCUSD", "inverse")))


def _btc(number: int, symbol: str, category: str = "", venue_symbol: str = "") -> InstrumentConfig:
    return InstrumentConfig(
        id=number,
        venue="bybit",
        symbol=symbol,
        base="BTC",
        quote="USDT",
        tick_size="0.1",
        lot_size="0.001",
        category=category,  # type: ignore[arg-type]
        venue_symbol=venue_symbol,
    )


def _config(*instruments: InstrumentConfig) -> Config:
    return Config(venues=(VenueConfig(id=1, name="bybit", kind="bybit"),), instruments=instruments, agents={})

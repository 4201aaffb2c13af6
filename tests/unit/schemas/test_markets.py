"""What an instrument is where its table does not say, by the kind of its venue."""

import pytest

from agents.instruments import InstrumentTable
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.markets import CATEGORIES, FEEDS, USUAL_FEEDS, feed_stream, feeds_of
from schemas.streams import Kind


def test_an_instrument_without_feeds_has_those_usual_at_its_venue() -> None:
    assert feeds_of((), "binance_spot") == ("trade", "depth@100ms", "bookTicker")
    assert feeds_of((), "binance_usdm")[0] == "aggTrade"
    assert feeds_of(("depth",), "binance_usdm") == ("depth",)


def test_every_usual_feed_is_one() -> None:
    assert set(USUAL_FEEDS) <= set(CATEGORIES)
    assert {feed.partition("@")[0] for kind in CATEGORIES for feed in feeds_of((), kind)} <= set(FEEDS)
    assert feed_stream("depth@20ms") == Kind.BOOK


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

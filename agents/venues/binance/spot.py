"""Binance spot: where its market data is, and its rule for books."""

from collections.abc import Iterable

from agents.instruments import InstrumentInfo
from agents.venues.base import FeedKind
from agents.venues.binance.feeds import BinanceFeeds
from agents.venues.book_sync import SpotBookSync
from schemas.config import VenueConfig

WS_URL = "wss://stream.binance.com:9443"
WS_API_URL = "wss://ws-api.binance.com:443/ws-api/v3"
DEPTH_PATH = "/api/v3/depth"
LISTING_PATH = "/api/v3/exchangeInfo"
ROUTES = {
    FeedKind.DEPTH: ("market", ""),
    FeedKind.TICKER: ("market", ""),
    FeedKind.TRADE: ("market", ""),
    FeedKind.AGGREGATE_TRADE: ("market", ""),
}

book_sync = SpotBookSync


def feeds(venue: VenueConfig, instruments: Iterable[InstrumentInfo]) -> BinanceFeeds:
    """Return the feeds of `instruments`; a ConfigError names a feed that the venue does not have."""
    return BinanceFeeds(
        venue,
        instruments,
        ws_url=WS_URL,
        depth_path=DEPTH_PATH,
        listing_path=LISTING_PATH,
        lists_by_symbol=True,
        routes=ROUTES,
    )

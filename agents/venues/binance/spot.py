"""Binance spot: where its market data is, its rule for books, and its account."""

from collections.abc import Iterable
from typing import Any

from agents.instruments import InstrumentInfo
from agents.venues.base import FeedKind
from agents.venues.binance.book_rules import SpotBookSync
from agents.venues.binance.feeds import BinanceFeeds
from agents.venues.binance.history import MINUTES_AND_MORE, RestPaths
from agents.venues.credentials import Credentials
from agents.venues.order_socket import OrderWire
from agents.venues.port import TradingAccount
from agents.venues.signing import Signer
from schemas.config import VenueConfig

WS_URL = "wss://stream.binance.com:9443"
REST = "/api/v3"
PATHS = RestPaths(
    depth=f"{REST}/depth",
    listing=f"{REST}/exchangeInfo",
    time=f"{REST}/time",
    trades=f"{REST}/historicalTrades",
    aggregates=f"{REST}/aggTrades",
    klines=f"{REST}/klines",
    intervals={1_000: "1s", **MINUTES_AND_MORE},
)
ROUTES = {
    FeedKind.DEPTH: ("market", ""),
    FeedKind.TICKER: ("market", ""),
    FeedKind.TRADE: ("market", ""),
    FeedKind.AGGREGATE_TRADE: ("market", ""),
    FeedKind.BAR: ("market", ""),
}


def feeds(venue: VenueConfig, instruments: Iterable[InstrumentInfo]) -> BinanceFeeds:
    """Return the feeds of `instruments`; a ConfigError names a feed that the venue does not have."""
    return BinanceFeeds(
        venue,
        instruments,
        ws_url=WS_URL,
        paths=PATHS,
        lists_by_symbol=True,
        routes=ROUTES,
        sync=SpotBookSync,
        query="&timeUnit=MICROSECOND",
    )


def account(venue: VenueConfig, instruments: list[InstrumentInfo]) -> TradingAccount:
    """Return the account, on which `instruments` may be traded."""
    from agents.venues.binance.spot_account import SpotAccount

    return SpotAccount(venue, instruments)


def signer(venue: VenueConfig, credentials: Credentials | None) -> Signer:
    """Return what signs the account's requests."""
    from agents.venues.binance.signer import BinanceSigner

    return BinanceSigner(venue, credentials)


def order_wire(venue: VenueConfig, signer: Any) -> OrderWire:
    """Return how orders go over a websocket, signed by the account's `signer`."""
    from agents.venues.binance.order_wire import spot_order_wire

    return spot_order_wire(signer)

"""Binance USDT-M futures: where its market data is, its rule for books, and its account.

Since 2026-04-23 the venue carries depth and book tickers under `/public` and aggregate trades and mark prices under
`/market`; the old address acknowledges the latter and sends nothing. Single trades are not documented: those who measured
find them on `/public`, and `/market` acknowledges them and sends nothing. They are followed where they are asked for, and a
feed that never speaks is told (`agents.market_data.health`). The private stream is under `/private`. An overridden `ws_url`
has the same three paths.
"""

from collections.abc import Iterable
from typing import Any

from agents.instruments import InstrumentInfo
from agents.venues.base import FeedKind
from agents.venues.binance.book_rules import UsdmBookSync
from agents.venues.binance.feeds import BinanceFeeds
from agents.venues.binance.history import MINUTES_AND_MORE, RestPaths
from agents.venues.credentials import Credentials
from agents.venues.order_socket import OrderWire
from agents.venues.port import TradingAccount
from agents.venues.signing import Signer
from schemas.config import VenueConfig

WS_URL = "wss://fstream.binance.com"
REST = "/fapi/v1"
PATHS = RestPaths(
    depth=f"{REST}/depth",
    listing=f"{REST}/exchangeInfo",
    time=f"{REST}/time",
    trades=f"{REST}/trades",
    aggregates=f"{REST}/aggTrades",
    klines=f"{REST}/klines",
    intervals=MINUTES_AND_MORE,
    trades_by_id=False,
)
SNAPSHOT_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
ROUTES = {
    FeedKind.DEPTH: ("public", "/public"),
    FeedKind.TICKER: ("public", "/public"),
    FeedKind.TRADE: ("public", "/public"),
    FeedKind.AGGREGATE_TRADE: ("market", "/market"),
    FeedKind.MARK: ("market", "/market"),
    FeedKind.BAR: ("market", "/market"),
}


def feeds(venue: VenueConfig, instruments: Iterable[InstrumentInfo]) -> BinanceFeeds:
    """Return the feeds of `instruments`; a ConfigError names a feed that the venue does not have."""
    return BinanceFeeds(
        venue,
        instruments,
        ws_url=WS_URL,
        paths=PATHS,
        lists_by_symbol=False,
        routes=ROUTES,
        sync=UsdmBookSync,
        snapshot_depths=SNAPSHOT_DEPTHS,
    )


def account(venue: VenueConfig, instruments: list[InstrumentInfo]) -> TradingAccount:
    """Return the account, on which `instruments` may be traded."""
    from agents.venues.binance.usdm_account import UsdmAccount

    return UsdmAccount(venue, instruments, url=WS_URL)


def signer(venue: VenueConfig, credentials: Credentials | None) -> Signer:
    """Return what signs the account's requests."""
    from agents.venues.binance.signer import BinanceSigner

    return BinanceSigner(venue, credentials)


def order_wire(venue: VenueConfig, signer: Any) -> OrderWire:
    """Return how orders go over a websocket, signed by the account's `signer`."""
    from agents.venues.binance.order_wire import usdm_order_wire

    return usdm_order_wire(signer)

"""Binance COIN-M futures: where their market data is. They are followed and not traded.

Contracts are inverse: each is worth a fixed amount of US dollars (`contract_size`, 100 of BTC and 10 of the others) and is
settled in the coin, so quantities are contracts and not coins. Frames are those of USDT-M with the pair beside the symbol
(`ps`), and since both markets share one stack the market too (`st`); the rule for books is the same. One connection carries
all kinds of feeds.

Source: Binance derivatives docs, COIN-margined futures: connect, local order book, exchange information.
"""

from collections.abc import Iterable

from agents.instruments import InstrumentInfo
from agents.venues.base import FeedKind
from agents.venues.binance.book_rules import UsdmBookSync
from agents.venues.binance.feeds import BinanceFeeds
from agents.venues.binance.history import MINUTES_AND_MORE, RestPaths
from agents.venues.credentials import Credentials
from agents.venues.signing import Signer
from schemas.config import VenueConfig

WS_URL = "wss://dstream.binance.com"
REST = "/dapi/v1"
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
ROUTES = dict.fromkeys(
    (FeedKind.DEPTH, FeedKind.TICKER, FeedKind.TRADE, FeedKind.AGGREGATE_TRADE, FeedKind.MARK, FeedKind.BAR),
    ("market", ""),
)


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


def signer(venue: VenueConfig, credentials: Credentials | None) -> Signer:
    """Return what builds the requests for the venue's public data."""
    from agents.venues.binance.signer import BinanceSigner

    return BinanceSigner(venue, credentials)

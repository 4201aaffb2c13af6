"""ccxt.pro and cryptofeed as readers of a venue's frames: JSON, then each library's own parsing into its own objects.

Both are handed the text as their connection hands it on, and find by themselves what it is. Nothing is logged, published or
called back. What of the frames a library has no handler for is left out with a word.
"""

import importlib
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson

from bench.venue_samples import Kind

Reader = Callable[[bytes], object]
SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"


class NotReadError(Exception):
    """The library has nothing for frames of this kind."""


class Library(NamedTuple):
    """One library, and what makes its reader of a kind of frame."""

    name: str
    reader: Callable[[Kind], Reader]


# ccxt.pro

URLS = {
    "binance_spot": "wss://stream.binance.com:9443/stream",
    "binance_usdm": "wss://fstream.binance.com/stream",
    "bybit": "wss://stream.bybit.com/v5/public/linear",
    "okx": "wss://ws.okx.com:8443/ws/v5/public",
}
CCXT = {"binance_spot": "binance", "binance_usdm": "binanceusdm", "bybit": "bybit", "okx": "okx"}
BOOKS = frozenset({"depth", "orderbook", "books"})


def ccxt_reader(kind: Kind) -> Reader:
    """Return ccxt.pro's handler of a connection's messages, with its market and, for updates, its book.

    Raises:
        ImportError: If it is not installed.
    """
    exchange_id = CCXT[kind.venue]
    exchange = getattr(importlib.import_module(f"ccxt.pro.{exchange_id}"), exchange_id)()
    exchange.set_markets([_ccxt_market(exchange, kind)])
    client = SimpleNamespace(
        url=URLS[kind.venue], subscriptions={}, futures={}, resolve=lambda *_: None, reject=lambda *_: None
    )
    handle = exchange.handle_message
    if kind.venue.startswith("binance") and kind.name in BOOKS:
        book = exchange.order_book({}, 1000)
        book["nonce"] = 0
        exchange.orderbooks[SWAP if kind.category == "linear" else SPOT] = book

    def read(frame: bytes) -> None:
        handle(client, orjson.loads(frame))

    return read


def _ccxt_market(exchange: Any, kind: Kind) -> Any:
    swap = kind.category == "linear"
    okx = "BTC-USDT-SWAP" if swap else "BTC-USDT"
    market = {
        "id": okx if kind.venue == "okx" else "BTCUSDT",
        "symbol": SWAP if swap else SPOT,
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT" if swap else None,
        "type": "swap" if swap else "spot",
        "spot": not swap,
        "swap": swap,
        "linear": swap or None,
        "future": False,
        "option": False,
        "contract": swap,
        "contractSize": 1.0 if swap else None,
        "precision": {"price": float(kind.tick_size), "amount": float(kind.lot_size)},
    }
    return exchange.safe_market_structure(market)


# cryptofeed

FEEDS = {"binance_spot": "Binance", "binance_usdm": "BinanceFutures", "bybit": "Bybit", "okx": "OKX"}
FEED_IDS = {"binance_spot": "BINANCE", "binance_usdm": "BINANCE_FUTURES", "bybit": "BYBIT", "okx": "OKX"}


def cryptofeed_reader(kind: Kind) -> Reader:
    """Return cryptofeed's message handler of a feed, with its symbol and, for updates, its book.

    Raises:
        ImportError: If it is not installed.
        NotReadError: If it has no handler for the kind.
    """
    if not kind.cryptofeed:
        raise NotReadError(f"cryptofeed has no handler of {kind.key}")
    exchanges = importlib.import_module("cryptofeed.exchanges")
    symbols = importlib.import_module("cryptofeed.symbols").Symbols
    symbol = "BTC-USDT-PERP" if kind.category == "linear" else "BTC-USDT"
    at_venue = symbol.replace("-PERP", "-SWAP") if kind.venue == "okx" else "BTCUSDT"
    symbols.set(FEED_IDS[kind.venue], {symbol: at_venue}, {"tick_size": {}, "instrument_type": {symbol: "perpetual"}})
    feed = getattr(exchanges, FEEDS[kind.venue])(symbols=[symbol], channels=[kind.cryptofeed])
    if kind.venue.startswith("binance") and kind.name in BOOKS:
        types = importlib.import_module("cryptofeed.types")
        feed._l2_book[symbol] = types.OrderBook(feed.id, symbol, bids={}, asks={})
        feed.last_update_id[symbol] = 0
    connection = SimpleNamespace(address=URLS[kind.venue], uuid="bench", subscription={})
    handle = feed.message_handler

    def read(frame: bytes) -> None:
        _run(handle(frame, connection, 0.0))

    return read


def _run(handling: Coroutine[Any, Any, None]) -> None:
    """Run a handler that waits for nothing."""
    try:
        handling.send(None)
    except StopIteration:
        return
    raise RuntimeError("the handler waits for something")


LIBRARIES = (Library("ccxt", ccxt_reader), Library("cryptofeed", cryptofeed_reader))

"""Which kinds of venues there are, what each trades, and the feeds of its instruments."""

from typing import Literal

from schemas.streams import Kind
from schemas.units import DAY, HOUR, MINUTE, MS, SECOND

FEEDS: dict[str, Kind] = {
    "markPrice": Kind.MARK,
    "bookTicker": Kind.QUOTE,
    "trade": Kind.TRADE,
    "aggTrade": Kind.TRADE,
    "depth": Kind.BOOK,
    "kline": Kind.BAR,
}
"""Names of feeds, and the stream that each is published on; not every venue has every one."""

FEED = f"^({'|'.join(name for name in FEEDS if name != 'kline')})(@[0-9]+m?s)?$|^kline_[1-9][0-9]{{0,3}}[smhd]$"
BAR_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}

VenueKind = Literal["binance_spot", "binance_usdm", "binance_coinm", "bybit", "okx", "ccxt"]
Category = Literal["spot", "linear", "inverse"]
"""What is traded: coins themselves, or contracts that are settled in their quote currency (linear) or in their base."""

CATEGORIES: dict[str, tuple[Category, ...]] = {
    "binance_spot": ("spot",),
    "binance_usdm": ("linear",),
    "binance_coinm": ("inverse",),
    "bybit": ("spot", "linear"),
    "okx": ("spot", "linear"),
    "ccxt": ("spot", "linear", "inverse"),
}
"""What each kind of venue trades; the first is meant where an instrument does not say."""

_PLAIN_FEEDS = ("trade", "depth", "bookTicker")
_FUTURES_FEEDS = ("aggTrade", "depth@100ms", "bookTicker", "markPrice@1s")
USUAL_FEEDS: dict[tuple[str, Category], tuple[str, ...]] = {
    ("binance_spot", "spot"): ("trade", "depth@100ms", "bookTicker"),
    ("binance_usdm", "linear"): _FUTURES_FEEDS,
    ("binance_coinm", "inverse"): _FUTURES_FEEDS,
    ("bybit", "linear"): (*_PLAIN_FEEDS, "markPrice"),
    ("okx", "linear"): (*_PLAIN_FEEDS, "markPrice"),
}
"""The feeds of an instrument that names none, by the kind of its venue and its category; else the three that all have.

A contract has the venue's mark price among them wherever that is known: profit, margin and liquidation go by it there.
"""


def feeds_of(feeds: tuple[str, ...], kind: str, category: Category | Literal[""]) -> tuple[str, ...]:
    """Return the `feeds` of an instrument, or those usual for that kind of venue and category if it names none.

    Without a category the first one that such a venue trades is meant.
    """
    return feeds or USUAL_FEEDS.get((kind, category or CATEGORIES[kind][0]), _PLAIN_FEEDS)


def feed_stream(feed: str) -> Kind:
    """Return the kind of the stream that a feed of an instrument is published on; the speed says nothing of it."""
    return FEEDS[feed.partition("@")[0].partition("_")[0]]


def bar_feed(length_ms: int) -> str:
    """Return the name of the feed of bars that are so long, in the largest unit: 900,000 has `kline_15m`.

    It is empty where no feed is so long.
    """
    for unit, unit_ns in reversed(BAR_UNITS.items()):
        if length_ms > 0 and length_ms * MS % unit_ns == 0:
            return f"kline_{length_ms * MS // unit_ns}{unit}"
    return ""


def bar_length_ms(feed: str) -> int:
    """Return how long the bars of a feed are, 0 if it is none of bars: `kline_15m` has 900,000."""
    name, _, length = feed.partition("_")
    return int(length[:-1]) * BAR_UNITS[length[-1]] // MS if name == "kline" else 0

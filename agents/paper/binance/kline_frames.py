"""Binance's `kline_*` streams of a market that is not recorded: which bars they are of, and their frames.

(binance-spot-api-docs, web-socket-streams.md; derivatives documentation, USDT-M websocket market streams.)
"""

import msgspec

from agents.paper.binance.public_rest import INTERVALS_MS
from agents.paper.binance.time_units import PER_MS
from agents.paper.dialect import Floor
from agents.paper.market.bar_streams import BarTopic, ToldBar
from agents.paper.money import format_e8

SPOT_ONLY = "1s"
KLINE = "@kline_"


class KlineTopics:
    """The names of the streams of bars."""

    def __init__(self, floor: Floor) -> None:
        """Know the instruments of `floor`."""
        self._listings = {each.venue_symbol.lower(): each for each in floor.listings.values()}

    def read(self, stream: str) -> BarTopic | None:
        """Return which bars a stream is of; None if it is of something else, or of bars that are not made."""
        symbol, _, interval = stream.partition(KLINE)
        listing = self._listings.get(symbol)
        if listing is None or interval not in INTERVALS_MS or (interval == SPOT_ONLY and listing.category != "spot"):
            return None
        return BarTopic(listing.symbol, listing.venue_symbol, interval, INTERVALS_MS[interval])


def frame(told: ToldBar, *, micros: bool) -> bytes:
    """Return the frame of a combined stream, with its times in microseconds or milliseconds."""
    topic, bar, unit = told.topic, told.bar, PER_MS if micros else 1
    prices = zip("ochl", (bar.open, bar.close, bar.high, bar.low), strict=True)
    kline = {
        "t": bar.open_ms * unit,
        "T": (bar.open_ms + topic.interval_ms) * unit - 1,
        "s": topic.venue_symbol,
        "i": topic.interval,
        "f": bar.first_id,
        "L": bar.last_id,
        **{name: format_e8(price) for name, price in prices},
        "v": format_e8(bar.volume),
        "n": bar.trades,
        "x": told.ended,
        "q": format_e8(bar.quote_volume),
        "V": format_e8(bar.taker_volume),
        "Q": format_e8(bar.taker_quote),
        "B": "0",
    }
    data = {"e": "kline", "E": told.now_ms * unit, "s": topic.venue_symbol, "k": kline}
    return msgspec.json.encode({"stream": f"{topic.venue_symbol.lower()}{KLINE}{topic.interval}", "data": data})

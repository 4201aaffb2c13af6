"""Bybit's `kline.*` topics of a market that is not recorded: which bars they are of, and their frames.

(Bybit API v5 documentation, websocket kline.) Bars of weeks and months can be subscribed, and are silent.
"""

import msgspec

from agents.paper.bybit.public_rest import INTERVALS_MS
from agents.paper.dialect import Floor
from agents.paper.market.bar_streams import BarTopic, ToldBar
from agents.paper.money import format_e8, trimmed


class BybitKlineTopics:
    """The names of the streams of bars."""

    def __init__(self, floor: Floor) -> None:
        """Know the instruments of `floor`."""
        self._floor = floor

    def read(self, stream: str) -> BarTopic | None:
        """Return which bars a stream is of; None if it is of something else, or of bars that are not made."""
        category, _, topic = stream.partition("/")
        what, _, symbol = topic.rpartition(".")
        kline, _, interval = what.partition(".")
        listing = self._floor.listing_of(category, symbol)
        if kline != "kline" or interval not in INTERVALS_MS or listing is None:
            return None
        return BarTopic(listing.symbol, symbol, interval, INTERVALS_MS[interval])


def frame(told: ToldBar) -> bytes:
    """Return the frame of one bar."""
    topic, bar = told.topic, told.bar
    values = {"open": bar.open, "close": bar.close, "high": bar.high, "low": bar.low}
    values |= {"volume": bar.volume, "turnover": bar.quote_volume}
    kline = {
        "start": bar.open_ms,
        "end": bar.open_ms + topic.interval_ms - 1,
        "interval": topic.interval,
        **{name: trimmed(format_e8(value)) for name, value in values.items()},
        "confirm": told.ended,
        "timestamp": bar.last_ms or bar.open_ms,
    }
    name = f"kline.{topic.interval}.{topic.venue_symbol}"
    return msgspec.json.encode({"topic": name, "data": [kline], "ts": told.now_ms, "type": "snapshot"})

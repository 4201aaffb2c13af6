"""OKX's `candle*` channels of a market that is not recorded: which bars they are of, their frames, and a bar's row.

(OKX v5 documentation, websocket candlesticks channel, on the business connection.)
"""

import msgspec

from agents.paper.dialect import Floor
from agents.paper.market.bar_streams import BarTopic, ToldBar
from agents.paper.market.klines import TradedBar
from agents.paper.money import E8, format_e8, trimmed
from agents.paper.okx.instrument_names import category_of
from schemas.units import DAY, HOUR, MINUTE, MS, SECOND

CANDLE = "candle"
BARS_MS = {
    "1s": SECOND // MS,
    **{f"{count}m": count * MINUTE // MS for count in (1, 3, 5, 15, 30)},
    **{f"{count}H": count * HOUR // MS for count in (1, 2, 4)},
    **{f"{count}Hutc": count * HOUR // MS for count in (6, 12)},
    **{f"{count}Dutc": count * DAY // MS for count in (1, 2, 3)},
}
"""The bars that are made: those that begin by UTC."""


def bars_of(channel: str) -> int:
    """Return the length in milliseconds of the bars of a channel, 0 if it has none, or such as are not made."""
    return BARS_MS.get(channel.removeprefix(CANDLE), 0) if channel.startswith(CANDLE) else 0


class CandleTopics:
    """The names of the streams of bars, and the frames that come on them."""

    def __init__(self, floor: Floor) -> None:
        """Know the instruments of `floor`."""
        self._floor = floor

    def read(self, stream: str) -> BarTopic | None:
        """Return which bars a stream is of; None if it is of something else, or of bars that are not made."""
        channel, _, symbol = stream.partition(":")
        listing = self._floor.listing_of(category_of(symbol), symbol)
        if listing is None or not bars_of(channel):
            return None
        return BarTopic(listing.symbol, symbol, channel.removeprefix(CANDLE), bars_of(channel))

    def frame(self, told: ToldBar) -> bytes:
        """Return the frame of one bar."""
        topic = told.topic
        row = bar_row(told.bar, self._floor.listings[topic.symbol].contract_e8, ended=told.ended)
        arg = {"channel": f"{CANDLE}{topic.interval}", "instId": topic.venue_symbol}
        return msgspec.json.encode({"arg": arg, "data": [row]})


def bar_row(bar: TradedBar, contract_e8: int, *, ended: bool) -> list[str]:
    """Return a bar as rows tell it: its volume as the venue counts it, in base and in quote."""
    volumes = (bar.volume, bar.volume * contract_e8 // E8, bar.quote_volume * contract_e8 // E8)
    values = (bar.open, bar.high, bar.low, bar.close, *volumes)
    return [str(bar.open_ms), *(trimmed(format_e8(value)) for value in values), "1" if ended else "0"]

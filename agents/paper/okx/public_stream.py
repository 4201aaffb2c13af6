"""OKX's public connections: channels subscribed by message, an acknowledgement for each, and the heartbeat.

Bars have a connection of their own, business, which has nothing else of the market.
(OKX v5 documentation, websocket: connect, subscribe.) Each argument is taken or refused by itself. A book begins with a
snapshot, other channels with the last that was told: whoever subscribes one that runs already gets it made of what is
known. Of a recorded market only what was recorded comes; `books-l2-tbt` is refused to who is not logged in unless it was.
"""

import zlib
from typing import Any

import msgspec

from agents.paper.dialect import Floor
from agents.paper.market.market import DepthView
from agents.paper.okx.candle_frames import bars_of
from agents.paper.okx.connections import OkxConnection, OkxRequest, acknowledge, parsed, refuse
from agents.paper.okx.instrument_names import symbol_of
from agents.paper.okx.market_writer import BOOKS, LEVELS, SWAP, OkxWriter
from agents.paper.subscribers import Subscribers

CHANNELS = ("trades", "bbo-tbt", "mark-price", "index-tickers", "funding-rate", "tickers", *BOOKS)
CHECKED_LEVELS = 25


class OkxPublicStream:
    """Takes the messages of public connections."""

    def __init__(self, floor: Floor, hub: Subscribers, writer: OkxWriter) -> None:
        """Answer for the market of `floor`, which `writer` tells of if it is not recorded."""
        self._floor = floor
        self._hub = hub
        self._writer = writer

    def message(self, connection: OkxConnection, text: str, wall_ns: int) -> None:
        """Answer one message."""
        message = parsed(self._floor, connection, text)
        if message is None:
            return
        if message.op not in ("subscribe", "unsubscribe"):
            refuse(self._floor, connection, message.id, 60012, f"Invalid request: {text[:200]}")
            return
        for arg in message.args:
            self._take(connection, message, arg, wall_ns)

    def _take(self, connection: OkxConnection, message: OkxRequest, arg: Any, wall_ns: int) -> None:
        channel, symbol = (arg.get(name) for name in ("channel", "instId")) if isinstance(arg, dict) else (None, None)
        if not isinstance(channel, str) or not isinstance(symbol, str):
            refuse(self._floor, connection, message.id, 60012, "Invalid request: args")
            return
        name = f"{channel}:{symbol}"
        if message.op == "unsubscribe":
            self._hub.unsubscribe(connection, [name])
            acknowledge(self._floor, connection, message.op, message.id, arg)
        elif not _carried(connection, channel) or self._ours(channel, symbol) not in self._floor.market.symbols:
            text = (
                f"Wrong URL or channel:{channel},instId:{symbol} doesn't exist. Please use the correct URL, channel and"
            )
            refuse(self._floor, connection, message.id, 60018, f"{text} parameters referring to API document.")
        elif channel == "books-l2-tbt" and self._floor.market.kind == "model":
            refuse(self._floor, connection, message.id, 60011, "Please log in")
        else:
            self._floor.market.start(wall_ns)
            acknowledge(self._floor, connection, message.op, message.id, arg)
            frame = self._opening(channel, symbol)
            if frame is not None:
                self._hub.begin(connection, *frame)
            self._hub.subscribe(connection, [name])

    def _opening(self, channel: str, symbol: str) -> tuple[int, bytes] | None:
        ours = self._ours(channel, symbol)
        if self._floor.market.kind == "model":
            written = self._writer.opening(ours, channel)
            return None if written is None else written[1:]
        if channel not in BOOKS:
            return None
        view = self._floor.market.depth(ours, LEVELS)
        if not view.last_update_id:
            return None
        bids, asks = ([[price, qty, "0", "1"] for price, qty in side] for side in (view.bids, view.asks))
        data: dict[str, Any] = {"asks": asks, "bids": bids, "ts": str(view.event_ms)}
        data |= {"checksum": 0, "prevSeqId": -1, "seqId": view.seq} if view.seq else {"checksum": checksum(view)}
        arg = {"channel": channel, "instId": symbol}
        return 0, msgspec.json.encode({"arg": arg, "action": "snapshot", "data": [data]})

    def _ours(self, channel: str, symbol: str) -> str:
        """Return our name of the instrument that a channel is of; an index is known by its swap."""
        return symbol_of(self._floor, symbol + SWAP if channel == "index-tickers" else symbol)


def _carried(connection: OkxConnection, channel: str) -> bool:
    return bars_of(channel) > 0 if connection.business else channel in CHANNELS


def checksum(view: DepthView) -> int:
    """Return the CRC-32, with sign, of the best 25 levels, bids and asks in turns, as it was before numbers came."""
    parts: list[str] = []
    for number in range(CHECKED_LEVELS):
        for side in (view.bids, view.asks):
            parts += [":".join(level) for level in side[number : number + 1]]
    value = zlib.crc32(":".join(parts).encode())
    return value - (1 << 32) if value >> 31 else value

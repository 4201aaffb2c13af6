"""Bybit's public connections: topics subscribed by message, an acknowledgement for each request, and the heartbeat.

(Bybit API v5 documentation, websocket connect.) A request is taken or refused as a whole. Spot takes at most ten topics at
once. A book begins with a snapshot, a linear ticker too: whoever subscribes one that runs already gets it made of what is
known. Of a recorded market only the streams that were recorded can be subscribed.
"""

from typing import Any

import msgspec

from agents.paper.bybit.answers import Json
from agents.paper.bybit.market_writer import BOOKS, BybitWriter
from agents.paper.dialect import Floor
from agents.paper.subscribers import Subscriber, Subscribers

SPOT_ARGS_MAX = 10
ARGS_CHARS_MAX = 21_000
KLINES = ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M")
_ORDERBOOKS = {f"orderbook.{count}": count for count in BOOKS}


class PublicConnection(Subscriber, eq=False):
    """One public websocket, of spot or of linear."""

    category: str = ""
    name: str = ""


class _Request(msgspec.Struct):
    op: str
    req_id: str | int = ""
    args: list[Any] = []

    def __post_init__(self) -> None:
        """Take a number as the name that it is."""
        self.req_id = str(self.req_id)


class PublicStream:
    """Takes the messages of public connections."""

    def __init__(self, floor: Floor, hub: Subscribers, writer: BybitWriter) -> None:
        """Answer for the market of `floor`, which `writer` tells of if it is not recorded."""
        self._floor = floor
        self._hub = hub
        self._writer = writer
        self._tickers: dict[str, Json] = {}
        """What recorded linear tickers have said by now."""

    def message(self, connection: PublicConnection, text: str, wall_ns: int) -> None:
        """Answer one message."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except (msgspec.MsgspecError, RecursionError):
            self._answer(connection, _Request("subscribe"), "Request parse failed", False)
            return
        if request.op == "ping":
            self._answer(connection, request, "pong", True)
        elif request.op == "subscribe":
            self._subscribe(connection, request, wall_ns)
        elif request.op == "unsubscribe":
            topics = [each for each in request.args if isinstance(each, str)]
            self._hub.unsubscribe(connection, [f"{connection.category}/{topic}" for topic in topics])
            self._answer(connection, request, self._said(connection, request), True)
        else:
            self._answer(connection, request, f"error:request not support, op: {request.op[:40]}", False)

    def seen(self, stream: str, frame: bytes) -> None:
        """Keep what a recorded ticker says."""
        if not stream.startswith("linear/tickers."):
            return
        found = msgspec.json.decode(frame)
        if found["type"] == "snapshot":
            self._tickers[stream] = found
        elif stream in self._tickers:
            whole = self._tickers[stream]
            whole["data"] |= found["data"]
            whole["cs"], whole["ts"] = found["cs"], found["ts"]

    def _subscribe(self, connection: PublicConnection, request: _Request, wall_ns: int) -> None:
        topics = [each for each in request.args if isinstance(each, str)]
        wrong = next((topic for topic in topics if not self._known(connection.category, topic)), None)
        chars = sum(len(name) for name in connection.streams) + sum(len(topic) for topic in topics)
        if len(topics) != len(request.args) or not topics:
            self._answer(connection, request, "error:args is invalid", False)
        elif connection.category == "spot" and len(topics) > SPOT_ARGS_MAX:
            self._answer(connection, request, "args size >10", False)
        elif chars > ARGS_CHARS_MAX:
            self._answer(connection, request, "error:args length exceeds 21000", False)
        elif wrong is not None:
            self._answer(connection, request, f"error:handler not found,topic:{wrong}", False)
        elif any(f"{connection.category}/{topic}" in connection.streams for topic in topics):
            again = next(topic for topic in topics if f"{connection.category}/{topic}" in connection.streams)
            self._answer(connection, request, f"error:already subscribed,topic:{again}", False)
        else:
            self._floor.market.start(wall_ns)
            self._answer(connection, request, self._said(connection, request), True)
            for topic in topics:
                self._open(connection, topic)

    def _open(self, connection: PublicConnection, topic: str) -> None:
        """Subscribe a topic, and send what it begins with."""
        stream = f"{connection.category}/{topic}"
        what, _, symbol = topic.rpartition(".")
        frame = self._opening(connection.category, what, symbol, stream)
        if frame is not None:
            self._hub.begin(connection, *frame)
        self._hub.subscribe(connection, [stream])

    def _opening(self, category: str, what: str, symbol: str, stream: str) -> tuple[int, bytes] | None:
        name = self._symbol(category, symbol)
        if self._floor.market.kind == "model":
            written = self._writer.opening(name, what)
            return None if written is None else written[1:]
        if stream in self._tickers:
            return 1, msgspec.json.encode(self._tickers[stream])
        count = _ORDERBOOKS.get(what, 0)
        view = self._floor.market.depth(name, count) if count else None
        if view is None or not view.last_update_id:
            return None
        data = {"s": symbol, "b": view.bids, "a": view.asks, "u": view.last_update_id, "seq": view.seq}
        if category == "linear" and count > 1:
            head: Json = {"type": "snapshot", "ts": view.event_ms}
        else:
            head = {"ts": view.event_ms, "type": "snapshot"}
        frame = {"topic": f"{what}.{symbol}"} | head | {"data": data, "cts": view.transact_ms}
        return int(count == 1), msgspec.json.encode(frame)

    def _known(self, category: str, topic: str) -> bool:
        what, _, symbol = topic.rpartition(".")
        kline, _, interval = what.partition(".")
        if what not in ("publicTrade", "tickers", *_ORDERBOOKS) and not (kline == "kline" and interval in KLINES):
            return False
        return self._symbol(category, symbol) in self._floor.market.symbols

    def _symbol(self, category: str, symbol: str) -> str:
        listing = self._floor.listing_of(category, symbol)
        return listing.symbol if listing is not None else f"{category}/{symbol}"

    def _said(self, connection: PublicConnection, request: _Request) -> str:
        return request.op if connection.category == "spot" else ""

    def _answer(self, connection: PublicConnection, request: _Request, text: str, success: bool) -> None:
        answer: Json = {"success": success, "ret_msg": text, "conn_id": connection.name}
        if connection.category != "spot" or request.req_id:
            answer["req_id"] = request.req_id
        self._floor.send(connection.id, msgspec.json.encode(answer | {"op": request.op}))

"""Websocket connections: who listens to which market stream, and who to the account.

Market connections are `/stream?streams=a/b` (combined frames, sent exactly as they were recorded), `/ws/a` (their
data part) and either without names, then SUBSCRIBE; the routes `/public`, `/market` and `/private` of USDT-M before
them mean the same. Account events go to `/ws/<listenKey>` as they are, and over the websocket API wrapped with their
subscription id.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from agents.paper.binance.time_units import asked_in_micros, in_millis
from agents.paper.subscribers import ACCOUNT, MARKET, Send, Subscriber, Subscribers
from schemas.units import MS

ROUTES = ("/public", "/market", "/private")
STREAMS_MAX = 1024
"""Streams of one connection, as on Binance."""


class StreamConnection(Subscriber, eq=False):
    """One websocket. A market connection has `streams`; an account one a `listen_key` or `subscriptions`."""

    route: str = ""
    """Of USDT-M's paths, the one that it came by."""
    combined: bool = False
    micros: bool = False
    """Whether it has asked for times in microseconds."""
    listen_key: str = ""
    events: frozenset[str] = frozenset()
    """Of the events of its listen key, those that it wants; all if none is named."""
    subscriptions: list[int] = []
    logged_in_ms: int = 0
    """When it was logged in (websocket API), 0 if it is not."""


class _Request(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: list[Any] = []


class StreamHub(Subscribers):
    """All connections of the venue."""

    def __init__(self, send: Send, *, micros: bool = False) -> None:
        """Send every outgoing frame by `send(connection id, frame)`; with `micros` the market's are in microseconds."""
        super().__init__(send)
        self._micros = micros
        self.connections: dict[int, StreamConnection] = {}
        self.carries: Callable[[StreamConnection, str], bool] = lambda connection, stream: True
        """Whether a stream speaks on a connection; what does not is acknowledged all the same."""

    def open_market(self, conn_id: int, path_and_query: str) -> StreamConnection:
        """Take on a market connection with the streams that its address names."""
        path, query = market_path(path_and_query)
        route = urlsplit(path_and_query).path.removesuffix(path)
        connection = StreamConnection(
            conn_id, MARKET, route=route, combined=path.startswith("/stream"), micros=asked_in_micros(query)
        )
        self._take_on(connection)
        names = parse_qs(query).get("streams", [""])[0] if connection.combined else path.removeprefix("/ws").strip("/")
        self._subscribe(connection, [name for name in names.split("/") if name])
        return connection

    def open_account(self, conn_id: int, listen_key: str = "", *, combined: bool = False) -> StreamConnection:
        """Take on an account connection: of a listen key, or of the websocket API."""
        connection = StreamConnection(conn_id, ACCOUNT, listen_key=listen_key, combined=combined)
        self._take_on(connection)
        return connection

    def close(self, conn_id: int) -> None:
        """Forget a connection."""
        super().close(conn_id)
        self.connections.pop(conn_id, None)

    def of_listen_key(self, key: str) -> list[int]:
        """Return the ids of the connections that came with the listen key `key`."""
        return [connection.id for connection in self.connections.values() if connection.listen_key == key]

    def market_message(self, connection: StreamConnection, text: str) -> None:
        """Answer a SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, GET_PROPERTY or SET_PROPERTY request."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except (msgspec.MsgspecError, RecursionError) as error:
            self._reply(connection, {"error": {"code": 3, "msg": f"Invalid JSON: {error}"}, "id": None})
            return
        answer = self._answer(connection, request)
        self._reply(connection, {**answer, "id": request.id})

    def announce_end(self, conn_id: int, wall_ns: int) -> None:
        """Tell a connection that its server shuts down, in the envelope that its other events have."""
        connection = self.connections[conn_id]
        event = {"e": "serverShutdown", "E": wall_ns // MS}
        if connection.combined:
            self._reply(connection, {"stream": "!serverShutdown", "data": event})
        else:
            bare = connection.role == MARKET or connection.listen_key
            self._reply(connection, event if bare else {"event": event})

    def send_market(self, connection: Subscriber, frame: bytes) -> None:
        """Send a combined-stream frame as it is, or its data part; in milliseconds unless it asked for microseconds."""
        assert isinstance(connection, StreamConnection), "the hub makes them"
        if self._micros and not connection.micros:
            frame = in_millis(frame)
        self._send(connection.id, frame if connection.combined else data_part(frame))

    def account_event(self, event: dict[str, Any]) -> None:
        """Send an event of the account to all who listen to it."""
        data = msgspec.json.encode(event)
        for connection in self.connections.values():
            if connection.listen_key and (not connection.events or event["e"] in connection.events):
                self._send(connection.id, _wrapped(connection, data))
            for number in connection.subscriptions:
                self._send(connection.id, b'{"subscriptionId":%d,"event":%b}' % (number, data))

    def listen_key_event(self, key: str, event: dict[str, Any]) -> None:
        """Send an event to the connections of a listen key."""
        for conn_id in self.of_listen_key(key):
            self._send(conn_id, _wrapped(self.connections[conn_id], msgspec.json.encode(event)))

    def _answer(self, connection: StreamConnection, request: _Request) -> dict[str, Any]:
        names = [name for name in request.params if isinstance(name, str)]
        match request.method:
            case "SUBSCRIBE" if len(names) == len(request.params):
                if len(connection.streams) + len(names) > STREAMS_MAX:
                    return {"error": {"code": 2, "msg": f"Invalid request: more than {STREAMS_MAX} streams"}}
                self._subscribe(connection, names)
                return {"result": None}
            case "UNSUBSCRIBE" if len(names) == len(request.params):
                self.unsubscribe(connection, names)
                return {"result": None}
            case "LIST_SUBSCRIPTIONS":
                return {"result": list(connection.streams)}
            case "GET_PROPERTY" if request.params == ["combined"]:
                return {"result": connection.combined}
            case "SET_PROPERTY" if request.params[:1] == ["combined"] and isinstance(request.params[-1], bool):
                connection.combined = request.params[-1]
                return {"result": None}
        return {"error": {"code": 2, "msg": f"Invalid request: method {request.method!r} with these parameters"}}

    def _subscribe(self, connection: StreamConnection, names: list[str]) -> None:
        self.subscribe(connection, [name for name in names if self.carries(connection, name)])

    def _take_on(self, connection: StreamConnection) -> None:
        self.add(connection)
        self.connections[connection.id] = connection

    def _reply(self, connection: StreamConnection, answer: dict[str, Any]) -> None:
        self._send(connection.id, msgspec.json.encode(answer))


def market_path(path_and_query: str) -> tuple[str, str]:
    """Return path and query of a websocket address, without the route of USDT-M."""
    parts = urlsplit(path_and_query)
    path = parts.path
    for route in ROUTES:
        if path.startswith(route + "/"):
            path = path.removeprefix(route)
    return path, parts.query


def _wrapped(connection: StreamConnection, data: bytes) -> bytes:
    """Return an event as a connection has it: on a combined one with the stream's name, which is the listen key."""
    return b'{"stream":"%b","data":%b}' % (connection.listen_key.encode(), data) if connection.combined else data


def data_part(frame: bytes) -> bytes:
    """Return the data of a combined-stream frame, as its bytes stand there."""
    start = frame.index(b'"data":') + len(b'"data":')
    return frame[start : frame.rindex(b"}")]

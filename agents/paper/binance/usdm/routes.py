"""Which of USDT-M's streams is carried under which path, since 2026-04-23: `/public`, `/market`, `/private`.

Depth, best bid and ask and single trades come under `/public`, all other market data under `/market`, the account under
`/private`. What is asked for under another path is acknowledged, and silent; the old address without a path is as
`/public`. (Derivatives documentation, USDT-M, and those who measured: `trade` under `/public` is not documented.)

Under `/private` a listen key is a stream: in the path (`/private/ws/KEY`), as a parameter (`/private/ws?listenKey=KEY`,
there with the `events` that are wanted), or subscribed on `/private/stream`, where each event comes with its name.
"""

from typing import Any
from urllib.parse import parse_qs

import msgspec

from agents.paper.binance.listen_key import ListenKey
from agents.paper.binance.stream_hub import StreamConnection, StreamHub, market_path
from agents.paper.dialect import Floor

PUBLIC, OTHER, PRIVATE = "/public", "/market", "/private"
PUBLIC_KINDS = ("depth", "bookTicker", "trade", "rpiDepth", "!bookTicker")


class _Request(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: list[Any] = []


class UsdmStreams:
    """Takes connections on, and what they subscribe."""

    def __init__(self, floor: Floor, hub: StreamHub, key: ListenKey) -> None:
        """Register with `hub`; the account is heard by whoever has `key`."""
        self._floor = floor
        self._hub = hub
        self._key = key
        hub.carries = carried

    def open(self, conn_id: int, path_and_query: str, wall_ns: int) -> bool:
        """Take a websocket on; False if its address is not served. The first of a market starts the clock."""
        path, query = market_path(path_and_query)
        first, _, named = path.removeprefix("/").partition("/")
        if first not in ("ws", "stream"):
            return False
        route = path_and_query.partition("?")[0].removesuffix(path)
        if route != PRIVATE:
            self._hub.open_market(conn_id, path_and_query)
            self._floor.market.start(wall_ns)
            return True
        connection = self._hub.open_account(conn_id, combined=first == "stream")
        connection.route = route
        asked = parse_qs(query)
        self._listen(connection, [named, *asked.get("listenKey", []), *"/".join(asked.get("streams", [])).split("/")])
        connection.events = frozenset(name for each in asked.get("events", []) for name in each.split("/"))
        return True

    def message(self, connection: StreamConnection, text: str, wall_ns: int) -> None:
        """Answer a subscription: of market streams, or of a listen key."""
        if connection.route != PRIVATE:
            self._hub.market_message(connection, text)
            return
        try:
            request = msgspec.json.decode(text, type=_Request)
        except (msgspec.MsgspecError, RecursionError) as error:
            self._reply(connection, {"error": {"code": 3, "msg": f"Invalid JSON: {error}"}, "id": None})
            return
        self._reply(connection, {**self._answer(connection, request), "id": request.id})

    def _answer(self, connection: StreamConnection, request: _Request) -> dict[str, Any]:
        names = [name for name in request.params if isinstance(name, str)]
        match request.method:
            case "SUBSCRIBE":
                self._listen(connection, names)
                return {"result": None}
            case "UNSUBSCRIBE":
                if connection.listen_key in names:
                    connection.listen_key = ""
                return {"result": None}
            case "LIST_SUBSCRIPTIONS":
                return {"result": [connection.listen_key] if connection.listen_key else []}
        return {"error": {"code": 2, "msg": f"Invalid request: method {request.method!r} with these parameters"}}

    def _listen(self, connection: StreamConnection, keys: list[str]) -> None:
        """Let a connection hear the account if the listen key is among `keys`; else it stays silent."""
        if self._key.key and self._key.key in keys:
            connection.listen_key = self._key.key

    def _reply(self, connection: StreamConnection, answer: dict[str, Any]) -> None:
        self._floor.send(connection.id, msgspec.json.encode(answer))


def carried(connection: StreamConnection, stream: str) -> bool:
    """Return whether a market stream speaks under the path that a connection came by."""
    kind = stream.partition("@")[2] or stream
    public = kind.startswith(PUBLIC_KINDS)
    return public if connection.route in ("", PUBLIC) else connection.route == OTHER and not public

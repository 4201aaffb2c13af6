"""Websocket connections of a dialect, and which streams each has subscribed."""

from collections.abc import Callable, Iterable

import msgspec

Send = Callable[[int, bytes], None]
MARKET, ACCOUNT = "market", "account"


class Subscriber(msgspec.Struct, eq=False):
    """One websocket; `role` is MARKET or ACCOUNT."""

    id: int
    role: str
    streams: dict[str, None] = {}


class Subscribers:
    """All connections of the venue."""

    def __init__(self, send: Send) -> None:
        """Send every outgoing frame by `send(connection id, frame)`."""
        self.sent = 0
        """Market frames sent, counted for each connection."""
        self.unheard = 0
        """Market frames that nobody had subscribed to."""
        self.opening_ticks = 0
        """Ticks in the frames that were sent because a subscription began."""
        self.changes = 0
        """Rises whenever somebody subscribes a stream or leaves one."""
        self._send = send
        self._open: dict[int, Subscriber] = {}
        self._listeners: dict[str, dict[int, Subscriber]] = {}

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._open)

    def add(self, connection: Subscriber) -> None:
        """Take on a connection."""
        self._open[connection.id] = connection

    def close(self, conn_id: int) -> None:
        """Forget a connection."""
        connection = self._open.pop(conn_id, None)
        if connection is not None:
            self.unsubscribe(connection, list(connection.streams))

    def all(self) -> list[int]:
        """Return the ids of all connections."""
        return list(self._open)

    def of_role(self, role: str) -> list[int]:
        """Return the ids of the connections of a role."""
        return [connection.id for connection in self._open.values() if connection.role == role]

    def heard(self, stream: str) -> bool:
        """Return whether anybody has subscribed to `stream`."""
        return bool(self._listeners.get(stream))

    def streams(self) -> list[str]:
        """Return the streams that somebody has subscribed to."""
        return [stream for stream, listeners in self._listeners.items() if listeners]

    def subscribe(self, connection: Subscriber, streams: Iterable[str]) -> None:
        """Let a connection have what comes on `streams` from now on."""
        self.changes += 1
        for stream in streams:
            connection.streams[stream] = None
            self._listeners.setdefault(stream, {})[connection.id] = connection

    def unsubscribe(self, connection: Subscriber, streams: Iterable[str]) -> None:
        """Let it have no more of them."""
        self.changes += 1
        for stream in streams:
            connection.streams.pop(stream, None)
            self._listeners.get(stream, {}).pop(connection.id, None)

    def market_frame(self, stream: str, frame: bytes) -> int:
        """Send a frame to all who have subscribed to `stream`; return how many they are."""
        listeners = self._listeners.get(stream)
        if not listeners:
            self.unheard += 1
            return 0
        for connection in listeners.values():
            self.send_market(connection, frame)
        self.sent += len(listeners)
        return len(listeners)

    def begin(self, connection: Subscriber, ticks: int, frame: bytes) -> None:
        """Send the frame with which a subscription begins, in which there are so many ticks."""
        self.opening_ticks += ticks
        self.sent += 1
        self.send_market(connection, frame)

    def send_market(self, connection: Subscriber, frame: bytes) -> None:
        """Send a market frame to one of them."""
        self._send(connection.id, frame)

"""Bybit as a dialect: its v5 protocol, spot and linear."""

from agents.paper.account.told import AccountEvent
from agents.paper.bybit.answers import BybitRefusal, refused
from agents.paper.bybit.market_writer import BybitWriter
from agents.paper.bybit.public_rest import BybitPublicRest
from agents.paper.bybit.public_stream import PublicConnection, PublicStream
from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Dialect, Floor
from agents.paper.subscribers import MARKET, Subscribers
from schemas.units import MS

PUBLIC = "/v5/public/"
CATEGORIES = ("spot", "linear")
CREATE = ("POST", "/v5/order/create")


class BybitDialect(Dialect):
    """The v5 protocol over one floor."""

    def __init__(self, floor: Floor, writer: BybitWriter) -> None:
        """Answer out of `floor`, and for what `writer` wrote."""
        self.floor = floor
        self.hub = Subscribers(floor.send)
        writer.heard = self.hub.heard
        self._stream = PublicStream(floor, self.hub, writer)
        self._public = BybitPublicRest(floor)
        self._connections: dict[int, PublicConnection] = {}
        self._banned_until_ns = 0

    def http(self, call: Call) -> HttpReply:
        """Answer one request."""
        try:
            if call.method == "GET" and call.path in self._public.routes:
                return json_reply(self._public.answer(call))
        except BybitRefusal as refusal:
            return refused(refusal, call)
        return HttpReply(404, {"Content-Type": "text/plain"}, b"404 page not found")

    def is_create(self, call: Call) -> bool:
        """Return whether this is a new order."""
        return (call.method, call.path) == CREATE

    def failed(self, call: Call, status: int, *, executed: bool) -> HttpReply:
        """Say that the server is at fault; a broken gateway says nothing at all."""
        return refused(BybitRefusal(10016, "Internal System Error.", status), call)

    def limited(self, call: Call, retry_after_s: int) -> HttpReply:
        """Say that the account asked too much, and until when."""
        reply = refused(BybitRefusal(10006, "Too many visits. Exceeded the API Rate Limit."), call)
        until_ms = call.wall_ms + retry_after_s * 1000
        reply.headers |= {"X-Bapi-Limit-Status": "0", "X-Bapi-Limit-Reset-Timestamp": str(until_ms)}
        return reply

    def banned(self, call: Call) -> HttpReply | None:
        """Return what the venue's gate says to an address that asked too much."""
        if call.wall_ns >= self._banned_until_ns:
            return None
        return HttpReply(403, {"Content-Type": "text/plain"}, b"access too frequent")

    def ban(self, wall_ns: int, length_ns: int) -> None:
        """Close the gate for so long."""
        self._banned_until_ns = wall_ns + length_ns

    def ws_open(self, conn_id: int, path_and_query: str, wall_ns: int) -> bool:
        """Take on a public connection."""
        path = path_and_query.partition("?")[0]
        category = path.removeprefix(PUBLIC)
        if category == path or category not in CATEGORIES:
            return False
        connection = PublicConnection(conn_id, MARKET, category=category, name=f"paper-{wall_ns // MS:x}-{conn_id}")
        self._connections[conn_id] = connection
        self.hub.add(connection)
        return True

    def ws_message(self, conn_id: int, text: str, wall_ns: int) -> None:
        """Take a subscription or a ping."""
        connection = self._connections.get(conn_id)
        if connection is not None:
            self._stream.message(connection, text, wall_ns)

    def ws_close(self, conn_id: int) -> None:
        """Forget a connection."""
        super().ws_close(conn_id)
        self._connections.pop(conn_id, None)

    def market_frame(self, stream: str, frame: bytes) -> int:
        """Send a frame, and keep what a recorded ticker says."""
        if self.floor.market.kind != "model":
            self._stream.seen(stream, frame)
        return super().market_frame(stream, frame)

    def account_event(self, event: AccountEvent) -> None:
        """Nobody listens to the account yet."""

    def advance(self, wall_ns: int) -> int | None:
        """Nothing waits."""
        return None

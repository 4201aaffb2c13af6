"""OKX as a dialect: its v5 protocol, spot and linear swaps."""

from agents.paper.account.told import AccountEvent
from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Dialect, Floor
from agents.paper.okx.answers import OkxRefusal, refused
from agents.paper.okx.market_writer import OkxWriter
from agents.paper.okx.public_rest import OkxPublicRest
from agents.paper.okx.public_stream import OkxConnection, OkxPublicStream
from agents.paper.subscribers import MARKET, Subscribers
from schemas.units import MS

PUBLIC = "/ws/v5/public"
CREATE = ("POST", "/api/v5/trade/order")


class OkxDialect(Dialect):
    """The v5 protocol over one floor."""

    def __init__(self, floor: Floor, writer: OkxWriter) -> None:
        """Answer out of `floor`, and for what `writer` wrote."""
        self.floor = floor
        self.hub = Subscribers(floor.send)
        writer.heard = self.hub.heard
        self._stream = OkxPublicStream(floor, self.hub, writer)
        self._public = OkxPublicRest(floor)
        self._connections: dict[int, OkxConnection] = {}
        self._banned_until_ns = 0

    def http(self, call: Call) -> HttpReply:
        """Answer one request."""
        try:
            if call.method == "GET" and call.path in self._public.routes:
                return json_reply(self._public.answer(call))
        except OkxRefusal as refusal:
            return refused(refusal)
        return refused(OkxRefusal(50404, "Invalid request path", 404))

    def is_create(self, call: Call) -> bool:
        """Return whether this is a new order."""
        return (call.method, call.path) == CREATE

    def failed(self, call: Call, status: int, *, executed: bool) -> HttpReply:
        """Say that the service is not available; whether the request was carried out it does not say."""
        return refused(OkxRefusal(50001, "Service temporarily unavailable. Try again later.", status))

    def limited(self, call: Call, retry_after_s: int) -> HttpReply:
        """Say that the rate limit is reached."""
        return refused(OkxRefusal(50011, "Too Many Requests", 429))

    def banned(self, call: Call) -> HttpReply | None:
        """Return what the venue's gate says to an address that asked too much."""
        if call.wall_ns >= self._banned_until_ns:
            return None
        return refused(OkxRefusal(50011, "Too Many Requests", 429))

    def ban(self, wall_ns: int, length_ns: int) -> None:
        """Close the gate for so long."""
        self._banned_until_ns = wall_ns + length_ns

    def ws_open(self, conn_id: int, path_and_query: str, wall_ns: int) -> bool:
        """Take on a public connection."""
        if path_and_query.partition("?")[0] != PUBLIC:
            return False
        connection = OkxConnection(conn_id, MARKET, name=f"{(wall_ns // MS) & 0xFFFFFF:06x}{conn_id & 0xFF:02x}")
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

    def account_event(self, event: AccountEvent) -> None:
        """Nobody listens to the account yet."""

    def advance(self, wall_ns: int) -> int | None:
        """Nothing waits."""
        return None

"""OKX as a dialect: its v5 protocol, spot and linear swaps."""

from agents.paper.account.told import AccountEvent
from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Dialect, Floor
from agents.paper.market.bar_streams import BarStreams
from agents.paper.okx import candle_frames
from agents.paper.okx.account_rest import OkxAccountRest
from agents.paper.okx.account_rows import OkxAccountRows
from agents.paper.okx.answers import OkxRefusal, refused
from agents.paper.okx.authenticator import OkxAuthenticator
from agents.paper.okx.connections import OkxConnection, notice
from agents.paper.okx.market_writer import OkxWriter
from agents.paper.okx.private_stream import OkxPrivateStream
from agents.paper.okx.public_rest import OkxPublicRest
from agents.paper.okx.public_stream import OkxPublicStream
from agents.paper.okx.rate_limits import OkxRateLimits
from agents.paper.okx.trade_rest import OkxTradeRest
from agents.paper.subscribers import ACCOUNT, MARKET, Subscribers
from schemas.units import MS

BUSINESS = "/ws/v5/business"
ROLES = {"/ws/v5/public": MARKET, BUSINESS: MARKET, "/ws/v5/private": ACCOUNT}
CREATES = ("/api/v5/trade/order", "/api/v5/trade/batch-orders")


class OkxDialect(Dialect):
    """The v5 protocol over one floor."""

    def __init__(self, floor: Floor, writer: OkxWriter) -> None:
        """Answer out of `floor`, and for what `writer` wrote."""
        self.floor = floor
        self.hub = Subscribers(floor.send)
        writer.heard = self.hub.heard
        self._writer = writer
        limits, rows = OkxRateLimits(), OkxAccountRows(floor)
        self._authenticator = OkxAuthenticator(floor.credentials)
        self._public = OkxPublicRest(floor)
        self._account = OkxAccountRest(floor, rows, limits)
        self._trades = OkxTradeRest(floor, limits)
        self._stream = OkxPublicStream(floor, self.hub, writer)
        topics = candle_frames.CandleTopics(floor)
        self._bars = BarStreams(floor.market, self.hub, topics.read, topics.frame)
        self._private = OkxPrivateStream(floor, self._authenticator, rows, self._trades)
        self._connections: dict[int, OkxConnection] = {}
        self._banned_until_ns = 0

    def http(self, call: Call) -> HttpReply:
        """Answer one request."""
        try:
            return self._answer(call)
        except OkxRefusal as refusal:
            return refused(refusal)

    def is_create(self, call: Call) -> bool:
        """Return whether these are new orders."""
        return call.method == "POST" and call.path in CREATES

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
        """Take on a public or a private connection, or one of business, which has the bars."""
        path = path_and_query.partition("?")[0]
        role = ROLES.get(path)
        if role is None:
            return False
        name = f"{(wall_ns // MS) & 0xFFFFFF:06x}{conn_id & 0xFF:02x}"
        connection = OkxConnection(conn_id, role, name=name, business=path == BUSINESS)
        self._connections[conn_id] = connection
        self.hub.add(connection)
        if role == ACCOUNT:
            self._private.open(connection)
        return True

    def ws_message(self, conn_id: int, text: str, wall_ns: int) -> None:
        """Take a login, a subscription, an order or a ping."""
        connection = self._connections.get(conn_id)
        if connection is not None:
            stream = self._private if connection.role == ACCOUNT else self._stream
            stream.message(connection, text, wall_ns)

    def ws_close(self, conn_id: int) -> None:
        """Forget a connection."""
        super().ws_close(conn_id)
        if self._connections.pop(conn_id, None) is not None:
            self._private.close(conn_id)

    def announce_end(self, conn_id: int, wall_ns: int) -> bool:
        """Tell a connection that a service upgrade will close it."""
        notice(self.floor, self._connections[conn_id])
        return True

    def reset_sequence(self, stream: str) -> bool:
        """Have `seqId` fall below the one before it, once, as after maintenance."""
        return self.floor.market.kind == "model" and self._writer.restart(stream)

    def account_event(self, event: AccountEvent) -> None:
        """Tell it on the private connections: after the answer to the request that made it, if one did."""
        self._private.account_event(event)

    def advance(self, wall_ns: int) -> int | None:
        """Send what waited, let the switches fire, and tell bars."""
        due = [self._private.advance(wall_ns), self._trades.advance(wall_ns), self._bars.advance(wall_ns)]
        return min((due_ns for due_ns in due if due_ns is not None), default=None)

    def _answer(self, call: Call) -> HttpReply:
        if call.method == "GET" and call.path in self._public.routes:
            return json_reply(self._public.answer(call))
        if call.method == "GET" and call.path in self._account.routes:
            self._authenticator.check_request(call)
            return json_reply(self._account.answer(call))
        if call.method == "POST" and call.path in self._trades.routes:
            self._authenticator.check_request(call)
            self._private.holding = self.floor.faults.use("early_user") is None
            return self._trades.routes[call.path](call)
        raise OkxRefusal(50404, "Invalid request path", 404)

"""Bybit as a dialect: its v5 protocol, spot and linear in one unified account."""

from agents.paper.account.told import AccountEvent
from agents.paper.bybit import kline_frames
from agents.paper.bybit.account_rest import BybitAccountRest
from agents.paper.bybit.answers import BybitRefusal, refused
from agents.paper.bybit.authenticator import BybitAuthenticator
from agents.paper.bybit.market_writer import BybitWriter
from agents.paper.bybit.private_stream import AccountConnection, BybitPrivateStream
from agents.paper.bybit.public_rest import BybitPublicRest
from agents.paper.bybit.public_stream import PublicConnection, PublicStream
from agents.paper.bybit.rate_limits import BybitRateLimits
from agents.paper.bybit.trade_rest import BybitTradeRest
from agents.paper.bybit.wallet import BybitWallet
from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Dialect, Floor
from agents.paper.market.bar_streams import BarStreams
from agents.paper.subscribers import ACCOUNT, MARKET, Subscribers
from schemas.units import MS, SECOND

PUBLIC = {f"/v5/public/{category}": category for category in ("spot", "linear")}
PRIVATE, TRADE = "/v5/private", "/v5/trade"
CREATE = ("POST", "/v5/order/create")
BY_DCP = "CancelByDCP"


class BybitDialect(Dialect):
    """The v5 protocol over one floor."""

    def __init__(self, floor: Floor, writer: BybitWriter) -> None:
        """Answer out of `floor`, and for what `writer` wrote."""
        self.floor = floor
        self.hub = Subscribers(floor.send)
        writer.heard = self.hub.heard
        self._writer = writer
        limits, wallet = BybitRateLimits(), BybitWallet(floor)
        self._authenticator = BybitAuthenticator(floor.credentials)
        self._stream = PublicStream(floor, self.hub, writer)
        topics = kline_frames.BybitKlineTopics(floor)
        self._bars = BarStreams(floor.market, self.hub, topics.read, kline_frames.frame)
        self._public = BybitPublicRest(floor)
        self._private = BybitPrivateStream(floor, self._authenticator, wallet)
        self._account = BybitAccountRest(floor, wallet, limits)
        self._trades = BybitTradeRest(floor, limits, self._private.filled_again)
        self._connections: dict[int, PublicConnection | AccountConnection] = {}
        self._banned_until_ns = 0

    def http(self, call: Call) -> HttpReply:
        """Answer one request."""
        try:
            return self._answer(call)
        except BybitRefusal as refusal:
            return refused(refusal, call)

    def is_create(self, call: Call) -> bool:
        """Return whether this is a new order."""
        return (call.method, call.path) == CREATE

    def failed(self, call: Call, status: int, *, executed: bool) -> HttpReply:
        """Say that the server is at fault; whether the request was carried out it does not say."""
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
        """Take on a connection of the market, of the account, or for orders."""
        path, name = path_and_query.partition("?")[0], f"paper-{wall_ns // MS:x}-{conn_id}"
        connection: PublicConnection | AccountConnection
        if path in PUBLIC:
            connection = PublicConnection(conn_id, MARKET, category=PUBLIC[path], name=name)
        elif path in (PRIVATE, TRADE):
            connection = AccountConnection(conn_id, ACCOUNT, name=name, for_orders=path == TRADE)
            self._private.open(connection, wall_ns)
        else:
            return False
        self._connections[conn_id] = connection
        self.hub.add(connection)
        return True

    def ws_message(self, conn_id: int, text: str, wall_ns: int) -> None:
        """Take a login, a subscription, an order or a ping."""
        connection = self._connections.get(conn_id)
        if isinstance(connection, AccountConnection):
            self._private.message(connection, text, wall_ns)
        elif connection is not None:
            self._stream.message(connection, text, wall_ns)

    def ws_close(self, conn_id: int) -> None:
        """Forget a connection."""
        super().ws_close(conn_id)
        self._private.close(conn_id)
        self._connections.pop(conn_id, None)

    def market_frame(self, stream: str, frame: bytes) -> int:
        """Send a frame, and keep what a recorded ticker says."""
        if self.floor.market.kind != "model":
            self._stream.seen(stream, frame)
        return super().market_frame(stream, frame)

    def reset_sequence(self, stream: str) -> bool:
        """Have a book go on with `u` 1, which is a snapshot, as after a restart of the service."""
        return self.floor.market.kind == "model" and self._writer.restart(stream)

    def account_event(self, event: AccountEvent) -> None:
        """Tell it on the private connections: after the answer to the request that made it, if one did."""
        self._private.account_event(event)

    def advance(self, wall_ns: int) -> int | None:
        """Send what waited for an answer, tell bars, and protect the orders of a client that is gone."""
        self._private.advance(wall_ns)
        bars_ns = self._bars.advance(wall_ns)
        due = [] if bars_ns is None else [bars_ns]
        for category, seconds in self._trades.windows_s.items():
            since_ns = self._private.unheard_since(category, wall_ns, seconds * SECOND)
            until_ns = (wall_ns if since_ns is None else since_ns) + seconds * SECOND
            if since_ns is not None and until_ns <= wall_ns:
                self._cancel_all(category, wall_ns)
            elif self.floor.trading.open_orders(None, 1 << 62):
                due.append(until_ns)
        return min(due, default=None)

    def _cancel_all(self, category: str, wall_ns: int) -> None:
        for order in self.floor.trading.open_orders(None, 1 << 62):
            if order.listing.category == category and order.open:
                self.floor.trading.cancel(order, "", wall_ns, BY_DCP)

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
        return HttpReply(404, {"Content-Type": "text/plain"}, b"404 page not found")

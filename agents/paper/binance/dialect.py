"""Binance as a dialect: its spot protocol, and the market side of its futures.

Orders are taken by the spot protocol whatever market is played; the symbols of a futures market are bought and sold as if
they were spot.
"""

from agents.paper.account.told import AccountEvent, OrderTold, TransferTold
from agents.paper.binance import reports
from agents.paper.binance.authenticator import Authenticator, api_key_of
from agents.paper.binance.order_api import OrderApi
from agents.paper.binance.private_rest import PrivateRest
from agents.paper.binance.public_rest import PublicRest
from agents.paper.binance.rate_limits import RateLimiter
from agents.paper.binance.refusals import (
    TIMED_OUT,
    UNKNOWN_ORDER,
    Refusal,
    refusal_reply,
    spoken,
)
from agents.paper.binance.stream_hub import StreamHub, market_path
from agents.paper.binance.user_stream import LISTEN_KEY_PATH, UserStream
from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Dialect, Floor
from agents.paper.refusals import Refused
from agents.paper.subscribers import MARKET

CREATE = ("POST", "/api/v3/order")
WS_API_PATH = "/ws-api/v3"


class BinanceDialect(Dialect):
    """The spot protocol over one floor."""

    def __init__(self, floor: Floor, *, futures: bool) -> None:
        """Answer out of `floor`; with `futures`, list its instruments as perpetuals too."""
        self.hub: StreamHub = StreamHub(floor.send)
        self.limiter = RateLimiter()
        self.floor = floor
        self._authenticator = Authenticator(floor.credentials.key, floor.credentials.secret)
        self._users = UserStream(self._authenticator, self.hub, self.limiter, floor.send, self._end)
        self._users.orders = self._orders = OrderApi(
            self._authenticator, self.limiter, floor.faults, floor.answer, floor.send, self._end
        )
        self._public = PublicRest(floor.listings, floor.market, futures=futures).routes
        self._private = PrivateRest(floor.listings, floor.trading).routes

    def http(self, call: Call) -> HttpReply:
        """Answer one request."""
        try:
            reply = self._route(call)
        except Refused as refused:
            return self._refuse(call, spoken(refused))
        except Refusal as refusal:
            return self._refuse(call, refusal)
        return self._with_limits(call, reply)

    def is_create(self, call: Call) -> bool:
        """Return whether this is a new order."""
        return (call.method, call.path) == CREATE

    def failed(self, call: Call, status: int, *, executed: bool) -> HttpReply:
        """Say that the send status is unknown."""
        return self._refuse(call, Refusal(*(TIMED_OUT if executed else UNKNOWN_ORDER), status))

    def limited(self, call: Call, retry_after_s: int) -> HttpReply:
        """Say that too much weight was used."""
        return self._refuse(call, Refusal(-1003, "Too much request weight used.", 429, retry_after_s))

    def banned(self, call: Call) -> HttpReply | None:
        """Refuse whatever a client asks that is banned, and begin the ban anew."""
        try:
            self.limiter.check_ban(call.wall_ns)
        except Refusal as refusal:
            return self._refuse(call, refusal)
        return None

    def ban(self, wall_ns: int, length_ns: int) -> None:
        """Ban the client for so long."""
        self.limiter.ban(wall_ns, length_ns)

    def ws_open(self, conn_id: int, path_and_query: str, wall_ns: int) -> bool:
        """Take on a market, account or API connection; the first of a market starts the clock."""
        path, _ = market_path(path_and_query)
        name = path.removeprefix("/ws/")
        if path.startswith(WS_API_PATH):
            self.hub.open_account(conn_id)
        elif name != path and self._users.knows(name, wall_ns):
            self.hub.open_account(conn_id, name)
        elif path.split("/")[1] in ("ws", "stream"):
            self.hub.open_market(conn_id, path_and_query)
            self.floor.market.start(wall_ns)
        else:
            return False
        return True

    def ws_message(self, conn_id: int, text: str, wall_ns: int) -> None:
        """Take a subscription, or a request of the websocket API."""
        connection = self.hub.connections.get(conn_id)
        if connection is None:
            return
        if connection.role == MARKET:
            self.hub.market_message(connection, text)
        elif not connection.listen_key:
            self._users.api_message(connection, text, wall_ns)

    def account_event(self, event: AccountEvent) -> None:
        """Tell it on the user data stream."""
        self.hub.account_event(self._event(event))

    def advance(self, wall_ns: int) -> int | None:
        """End a listen key whose time is over, and send the answers that were held back until now."""
        self._users.expire(wall_ns)
        due = [ns for ns in (self._users.expires_ns, self._orders.advance(wall_ns)) if ns is not None]
        return min(due, default=None)

    def _event(self, event: AccountEvent) -> reports.Json:
        if isinstance(event, OrderTold):
            return reports.execution_report(
                event.order, event.change, event.number, event.wall_ns, fill=event.fill, cancel_id=event.cancel_id
            )
        if isinstance(event, TransferTold):
            return reports.balance_update(event.asset, event.amount_e8, event.wall_ns)
        return reports.account_position(self.floor.trading.account, event.assets, event.wall_ns)

    def _refuse(self, call: Call, refusal: Refusal) -> HttpReply:
        return self._with_limits(call, refusal_reply(refusal))

    def _with_limits(self, call: Call, reply: HttpReply) -> HttpReply:
        reply.headers |= self.limiter.headers(call.wall_ns, call.path.startswith("/api/v3/order"))
        return reply

    def _route(self, call: Call) -> HttpReply:
        key = (call.method, call.path)
        if call.path == LISTEN_KEY_PATH and call.method in ("POST", "PUT", "DELETE"):
            self.limiter.charge(2, call.wall_ns)
            return json_reply(self._users.listen_key_call(call))
        if key in self._public:
            handler, weight = self._public[key]
            self.limiter.charge(weight(call.params), call.wall_ns)
            return json_reply(handler(call))
        if key not in self._private:
            return json_reply({"code": -1000, "msg": f"No such endpoint: {call.method} {call.path}"}, 404)
        handler, weight = self._private[key]
        self.limiter.charge(weight(call.params), call.wall_ns)
        self._authenticator.check_request(api_key_of(call), call.query, call.body, call.wall_ns)
        if key == CREATE:
            self.limiter.charge_order(call.wall_ns)
        return json_reply(handler(call))

    def _end(self, conn_id: int) -> None:
        self.hub.close(conn_id)
        self.floor.close(conn_id)

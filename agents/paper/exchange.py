"""The paper venue itself, without sockets, clocks or randomness: requests, connections and time go in, replies and
frames come out.

The server (`agents.paper.server`) and the simulator drive the same object. Every call is told the wall time.
`advance` plays the market; it plays no more than `count_max` events at once, so that the driver can wait for slow
sockets between calls: nothing that is due is ever skipped.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from agents.amounts import parse_amount_e8
from agents.paper.account.account_log import PaperEvent
from agents.paper.account.balances import Balances
from agents.paper.account.trading import Trading
from agents.paper.binance.authenticator import Authenticator
from agents.paper.binance.private_rest import PrivateRest
from agents.paper.binance.public_rest import PublicRest
from agents.paper.binance.rate_limits import RateLimiter
from agents.paper.binance.refusals import TIMED_OUT, UNKNOWN_ORDER, Refusal, mandatory
from agents.paper.binance.stream_hub import StreamHub, market_path
from agents.paper.binance.user_stream import LISTEN_KEY_PATH, UserStream
from agents.paper.call import Call, HttpReply, json_reply, refusal_reply
from agents.paper.faults import FAULTS, Fault, FaultTable
from agents.paper.market.capture import TICK_KINDS
from agents.paper.market.market import Listener, Match, VenueMarket
from agents.paper.money import Listing, format_e8
from agents.paper.orders import VenueOrder
from schemas.config import InstrumentConfig, PaperConfig, VenueConfig
from schemas.errors import DecimalError
from schemas.figures import PaperFigures
from schemas.units import SECOND

CREATE = ("POST", "/api/v3/order")
WS_API_PATH = "/ws-api/v3"
LIFE_IDS = 1 << 40
"""Trade and update ids of one life of the venue; more than it can use in years."""

MarketSource = Callable[[Mapping[str, Listing], Listener], VenueMarket]


class TransferOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What `POST /paper/transfer` pays into the account; out of it if `amount`, a decimal, is negative."""

    asset: str
    amount: str


class PaperExchange:
    """One paper venue with one account."""

    def __init__(
        self,
        config: PaperConfig,
        venue: VenueConfig,
        instruments: Sequence[InstrumentConfig],
        source: MarketSource,
        credentials: tuple[str, str],
        *,
        send: Callable[[int, bytes], None] | None = None,
        close: Callable[[int], None] | None = None,
    ) -> None:
        """List the instruments of `venue`; `send` and `close` act on connections, and may be set later by `attach`."""
        self.listings = {i.symbol: Listing.of(i) for i in instruments if i.venue == venue.name}
        self.market = source(self.listings, self)
        self.account = Balances(config.balances, config.maker_fee, config.taker_fee)
        self.trading = Trading(self.account, self.listings, self.market, self._account_event)
        self.faults = FaultTable()
        self.hub = StreamHub(self._send)
        self.ticks_sent = 0
        self.halted = False
        """While set, `advance` plays nothing; what became due meanwhile is played at once afterwards."""
        self._wall_ns = 0
        self._send_out: Callable[[int, bytes], None] = send or _drop
        self._close_out: Callable[[int], None] = close or _drop
        self._authenticator = Authenticator(*credentials)
        self.limiter = RateLimiter()
        self._users = UserStream(self._authenticator, self.hub, self.limiter, self._send, self._end)
        self._public = PublicRest(self.listings, self.market).routes
        self._private = PrivateRest(self.listings, self.trading).routes

    def attach(self, send: Callable[[int, bytes], None], close: Callable[[int], None]) -> None:
        """Say how frames leave and connections are closed."""
        self._send_out = send
        self._close_out = close

    def attach_log(self, log: Callable[[PaperEvent], object], life: int) -> None:
        """Hand every change of the account to `log` before it is made; `life` numbers the starts of the venue from 1.

        Trade and update ids of one life are above those of all earlier ones.
        """
        self.trading.log = log
        self.market.number_from((life - 1) * LIFE_IDS)

    def restore(self, event: PaperEvent) -> None:
        """Apply the next event of earlier lives; raises ConfigError if its instrument is not configured any more."""
        self.trading.ledger.apply(event)

    def begin(self, wall_ns: int) -> None:
        """Go on where the restored events end, before anything else is asked of the venue."""
        self._wall_ns = max(self._wall_ns, wall_ns)
        self.trading.begin(wall_ns)

    def http(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, now_ns: int
    ) -> HttpReply:
        """Answer one request; header names in any case. `now_ns` is wall time."""
        self._wall_ns = max(self._wall_ns, now_ns)
        now_ns += self.faults.clock_ns
        named = {name.lower(): value for name, value in headers.items()}
        call = Call(method, path, query, named, body.decode("utf-8", "replace"), now_ns)
        if path == "/paper/fault" and method == "POST":
            return self._tell_fault(call)
        if path == "/paper/transfer" and method == "POST":
            return self._transfer(call)
        if path == "/paper/status" and method == "GET":
            return json_reply(msgspec.to_builtins(self.figures()))
        try:
            reply = self._with_faults(call)
        except Refusal as refusal:
            reply = refusal_reply(refusal)
        order_call = path.startswith("/api/v3/order")
        reply.headers |= self.limiter.headers(now_ns, order_call)
        return reply

    def ws_open(self, conn_id: int, path_and_query: str, now_ns: int) -> bool:
        """Take on a websocket; return False if its address is not served. The first market one starts the clock."""
        self._wall_ns = max(self._wall_ns, now_ns)
        path, _ = market_path(path_and_query)
        name = path.removeprefix("/ws/")
        if path.startswith(WS_API_PATH):
            self.hub.open_account(conn_id)
        elif name != path and self._users.knows(name, now_ns):
            self.hub.open_account(conn_id, name)
        elif path.split("/")[1] in ("ws", "stream"):
            self.hub.open_market(conn_id, path_and_query)
            self.market.start(now_ns)
        else:
            return False
        return True

    def ws_message(self, conn_id: int, text: str, now_ns: int) -> None:
        """Take one text message of a client."""
        self._wall_ns = max(self._wall_ns, now_ns)
        connection = self.hub.connections.get(conn_id)
        if connection is None:
            return
        if connection.role == "market":
            self.hub.market_message(connection, text)
        elif connection.role == "api":
            self._users.api_message(connection, text, now_ns + self.faults.clock_ns)

    def ws_close(self, conn_id: int) -> None:
        """Forget a websocket that has closed."""
        self.hub.close(conn_id)

    def advance(self, wall_ns: int, count_max: int = 256) -> int | None:
        """Play what is due, at most `count_max` events; return when to call again, None if nothing is to come yet."""
        self._wall_ns = max(self._wall_ns, wall_ns)
        users = self._users
        users.expire(wall_ns)
        due_ns = None if self.halted else self.market.advance(wall_ns, count_max)
        if users.expires_ns is None:
            return due_ns
        return users.expires_ns if due_ns is None else min(due_ns, users.expires_ns)

    @property
    def done(self) -> bool:
        """Return whether the capture has been played to its end."""
        return self.market.done

    def market_frame(self, stream: str, kind: str, frame: bytes) -> None:
        """Send a frame of the market to its subscribers, unless a fault drops it."""
        if self.faults.use("drop_market", stream) is None:
            before = self.hub.sent
            self.hub.market_frame(stream, frame)
            if kind in TICK_KINDS:
                self.ticks_sent += self.hub.sent - before

    def maker_fill(self, order: VenueOrder, match: Match) -> None:
        """Book an execution of a resting order of the account."""
        self.trading.maker_fill(order, match, self._wall_ns)

    def figures(self) -> PaperFigures:
        """Return what there is to tell of the venue."""
        positions = self.trading.positions(self.listings)
        return PaperFigures(
            market=self.market.kind,
            captured=self.market.tick_count,
            sent=self.ticks_sent,
            frames_sent=self.hub.sent,
            frames_unheard=self.hub.unheard,
            done=self.done,
            connections=len(self.hub.connections),
            account=self.account.figures(),
            positions={symbol: format_e8(qty) for symbol, qty in positions.items()},
            commission={asset: format_e8(e8) for asset, e8 in self.account.commission_e8.items()},
            orders=self.trading.counts(),
            open_orders=len(self.trading.open_orders(None, 1 << 62)),
            fills=sum(len(order.fills) for order in self.trading.orders.values()),
            creates_by_client_id_max=max(self.trading.creates.values(), default=0),
        )

    def _with_faults(self, call: Call) -> HttpReply:
        """Answer a request as the faults that are to happen have it."""
        self.limiter.check_ban(call.wall_ns)
        limited = self.faults.use("rate_limit")
        if limited is not None:
            raise Refusal(-1003, "Too much request weight used.", 429, limited.retry_after)
        delayed = self.faults.use("delay")
        reply = self._create(call) if (call.method, call.path) == CREATE else self._route(call)
        reply.delay_ms = delayed.ms if delayed is not None else 0
        return reply

    def _create(self, call: Call) -> HttpReply:
        before = self.faults.use("error_before")
        if before is not None:
            raise Refusal(*UNKNOWN_ORDER, before.status)
        count_before = len(self.trading.orders)
        reply = self._route(call)
        if len(self.trading.orders) == count_before:
            return reply
        hidden = self.faults.use("hide")
        if hidden is not None:
            order = next(reversed(self.trading.orders.values()))
            order.hidden_until_ns = call.wall_ns + int(hidden.seconds * 1e9)
        after = self.faults.use("error_after")
        if after is not None:
            raise Refusal(*TIMED_OUT, after.status)
        if self.faults.use("drop_reply") is not None:
            reply.status = 0
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
        self._authenticator.check_request(call.api_key, call.query, call.body, call.wall_ns)
        if key == CREATE:
            self.limiter.charge_order(call.wall_ns)
        return json_reply(handler(call))

    def _tell_fault(self, call: Call) -> HttpReply:
        try:
            fault = msgspec.json.decode(call.body, type=Fault)
        except msgspec.MsgspecError as error:
            return refusal_reply(Refusal(-1100, f"Not a fault: {error}"))
        if fault.fault not in FAULTS:
            return refusal_reply(mandatory("fault"))
        if fault.fault == "ban":
            self.limiter.ban(call.wall_ns, fault.retry_after * SECOND)
            return json_reply({"fault": fault.fault})
        closing = {"close_user": ("user", "api"), "close_market": ("market",)}.get(fault.fault)
        if closing is None:
            self.faults.tell(fault)
        else:
            for conn_id in self.hub.of_role(*closing):
                self._end(conn_id)
        return json_reply({"fault": fault.fault})

    def _transfer(self, call: Call) -> HttpReply:
        try:
            asked = msgspec.json.decode(call.body, type=TransferOrder)
            self.trading.transfer(asked.asset, parse_amount_e8(asked.amount), call.wall_ns)
        except (msgspec.MsgspecError, DecimalError) as error:
            return refusal_reply(Refusal(-1100, f"Not a transfer: {error}"))
        except Refusal as refusal:
            return refusal_reply(refusal)
        return json_reply(msgspec.to_builtins(asked))

    def _account_event(self, event: dict[str, Any]) -> None:
        if self.faults.use("mute_user") is None:
            self.hub.account_event(event)

    def _send(self, conn_id: int, frame: bytes) -> None:
        self._send_out(conn_id, frame)

    def _end(self, conn_id: int) -> None:
        self.hub.close(conn_id)
        self._close_out(conn_id)


def _drop(*_: object) -> None:
    """Stand in for a driver that is not attached yet."""

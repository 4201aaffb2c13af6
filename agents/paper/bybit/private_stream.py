"""Bybit's private connection and its connection for orders: login, topics of the account, and orders.

(Bybit API v5 documentation, websocket connect, private, trade.) Topics begin with nothing: what there is, REST says. A
topic is subscribed as a whole or by category, not both in one request. An order over the websocket is the REST request of
its meaning and answered as that is, under a name of its own each. The answer to a request comes before what the topics tell
of it; a request whose answer is lost ends the connection.
"""

from typing import Any

import msgspec

from agents.paper.account.told import AccountEvent, BalancesTold, FundingTold, OrderTold
from agents.paper.bybit.answers import BybitRefusal, Json
from agents.paper.bybit.authenticator import BybitAuthenticator
from agents.paper.bybit.market_writer import LINEAR
from agents.paper.bybit.order_rows import execution_row, funding_row, order_row
from agents.paper.bybit.wallet import BybitWallet
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.orders import VenueOrder
from agents.paper.subscribers import Subscriber
from schemas.units import MS

TOPICS = {"order": ("spot", LINEAR), "execution": ("spot", LINEAR), "position": (LINEAR,), "wallet": ()}
"""The account's topics, and the categories by which each may be subscribed."""
DCP = {"dcp.spot": "spot", "dcp.future": LINEAR}
OPS = {f"order.{what}": f"/v5/order/{what}" for what in ("create", "amend", "cancel")}
NAMES_KEPT = 10_000


class AccountConnection(Subscriber, eq=False):
    """One private websocket, or one for orders."""

    name: str = ""
    for_orders: bool = False
    logged_in: bool = False
    topics: dict[str, None] = {}
    used: dict[str, None] = {}
    heard_ns: int = 0
    """When the client last said anything."""


class _Asked(msgspec.Struct):
    op: str
    req_id: str | int = ""
    reqId: str | int = ""
    args: list[Any] = []
    header: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Take numbers as the names that they are."""
        self.req_id, self.reqId = str(self.req_id), str(self.reqId)


class BybitPrivateStream:
    """Takes the messages of the account's connections, and tells them what happens."""

    def __init__(self, floor: Floor, authenticator: BybitAuthenticator, wallet: BybitWallet) -> None:
        """Tell of the account of `floor`."""
        self.holding = False
        """While set, what is to be told waits for `advance`: the request that it is due to has not been answered."""
        self._floor = floor
        self._authenticator = authenticator
        self._wallet = wallet
        self._connections: dict[int, AccountConnection] = {}
        self._held: list[tuple[int, bytes]] = []
        self._count = 0
        self._lost_ns: dict[str, int] = {}
        """By category that was protected: when its last connection was lost."""

    def open(self, connection: AccountConnection, wall_ns: int) -> None:
        """Take on a connection."""
        connection.heard_ns = wall_ns
        self._connections[connection.id] = connection

    def close(self, conn_id: int) -> None:
        """Forget a connection, and what waits for it."""
        self._connections.pop(conn_id, None)
        self._held = [each for each in self._held if each[0] != conn_id]

    def message(self, connection: AccountConnection, text: str, wall_ns: int) -> None:
        """Answer one message."""
        connection.heard_ns = wall_ns
        try:
            asked = msgspec.json.decode(text, type=_Asked)
        except (msgspec.MsgspecError, RecursionError):
            self._say(connection, _Asked(""), BybitRefusal(10001, "Request parse failed"), wall_ns)
            return
        if asked.op == "ping":
            self._pong(connection, asked, wall_ns)
        elif asked.op == "auth":
            self._login(connection, asked, wall_ns)
        elif connection.for_orders and asked.op in OPS:
            self._order(connection, asked, wall_ns)
        elif not connection.for_orders and asked.op in ("subscribe", "unsubscribe"):
            self._subscribe(connection, asked, wall_ns)
        else:
            self._say(connection, asked, BybitRefusal(10001, f"Invalid op: {asked.op[:40]}"), wall_ns)

    def advance(self, wall_ns: int) -> None:
        """Send what waited for an answer."""
        self.holding = False
        held, self._held = self._held, []
        for conn_id, frame in held:
            self._floor.send(conn_id, frame)

    def unheard_since(self, category: str, wall_ns: int, window_ns: int) -> int | None:
        """Return since when no live connection listens to the protection of a category, None while one does.

        A connection that has said nothing for `window_ns` is not alive. Without any that ever listened there is no loss.
        """
        listening = [each for each in self._connections.values() if any(DCP.get(t) == category for t in each.topics)]
        alive = [each.heard_ns for each in listening if wall_ns - each.heard_ns < window_ns]
        if alive:
            self._lost_ns[category] = max(alive)
            return None
        return self._lost_ns.get(category)

    def filled_again(self, order: VenueOrder) -> None:
        """Tell that an order is filled once more: a cancel came too late for it."""
        row = order_row(order) | {"cancelType": "CancelByUser", "rejectReason": "EC_OrigClOrdIDDoesNotExist"}
        self._tell("order", order.listing.category, [row], order.updated_ns)

    def account_event(self, event: AccountEvent) -> None:
        """Tell what happened on the topics that it concerns."""
        if isinstance(event, OrderTold):
            self._tell_order(event)
        elif isinstance(event, BalancesTold):
            self._tell("wallet", "", [self._wallet_row(event.assets)], event.wall_ns)
            listing = self._floor.listings.get(event.symbol)
            if listing is not None:
                self._tell("position", LINEAR, [self._wallet.position(listing)], event.wall_ns)
        elif isinstance(event, FundingTold):
            self._tell("execution", LINEAR, [funding_row(event.funding)], event.funding.ts_ns)

    def _tell_order(self, event: OrderTold) -> None:
        order, category, fill = event.order, event.order.listing.category, event.fill
        if fill is not None:
            row = execution_row(order, fill, order.leaves_qty_lots)
            self._tell("execution", category, [row], event.wall_ns)
        self._tell("order", category, [order_row(order)], event.wall_ns)
        if self._floor.faults.use("repeat_user") is not None:
            self._tell("order", category, [order_row(order)], event.wall_ns)

    def _wallet_row(self, assets: tuple[str, ...]) -> Json:
        return self._wallet.row() | {"coin": [self._wallet.coin(asset) for asset in assets]}

    def _tell(self, topic: str, category: str, data: list[Json], wall_ns: int) -> None:
        self._count += 1
        head = {"id": f"paper{self._count}", "topic": topic, "creationTime": wall_ns // MS}
        for connection in self._connections.values():
            named = next((t for t in (topic, f"{topic}.{category}") if t in connection.topics), None)
            if named is not None:
                self._push(connection.id, msgspec.json.encode(head | {"topic": named, "data": data}))

    def _push(self, conn_id: int, frame: bytes) -> None:
        if self.holding or self._held:
            self._held.append((conn_id, frame))
        else:
            self._floor.send(conn_id, frame)

    def _login(self, connection: AccountConnection, asked: _Asked, wall_ns: int) -> None:
        try:
            if connection.logged_in and connection.for_orders:
                raise BybitRefusal(20001, "Repeat auth")
            self._authenticator.check_login(asked.args, wall_ns // MS)
        except BybitRefusal as refusal:
            self._say(connection, asked, refusal, wall_ns)
            return
        connection.logged_in = True
        self._say(connection, asked, None, wall_ns)

    def _subscribe(self, connection: AccountConnection, asked: _Asked, wall_ns: int) -> None:
        topics = [each for each in asked.args if isinstance(each, str)]
        unknown = next((topic for topic in topics if not _known(topic)), None)
        both = {topic for topic in topics if any(f"{topic}." in other for other in topics)} & TOPICS.keys()
        refusal: BybitRefusal | None = None
        if not connection.logged_in:
            refusal = BybitRefusal(10004, "Request not authorized")
        elif unknown is not None or len(topics) != len(asked.args) or not topics:
            refusal = BybitRefusal(10001, f"error:handler not found,topic:{unknown or ''}")
        elif both:
            refusal = BybitRefusal(10001, f"error:all-in-one and categorised topics of {', '.join(sorted(both))}")
        elif asked.op == "subscribe":
            connection.topics |= dict.fromkeys(topics)
        else:
            for topic in topics:
                connection.topics.pop(topic, None)
        self._say(connection, asked, refusal, wall_ns)

    def _order(self, connection: AccountConnection, asked: _Asked, wall_ns: int) -> None:
        try:
            if not connection.logged_in:
                raise BybitRefusal(10004, "Request not authorized")
            if asked.reqId and asked.reqId in connection.used:
                raise BybitRefusal(20006, "reqId is duplicated")
            if len(asked.args) != 1 or not isinstance(asked.args[0], dict):
                raise BybitRefusal(10001, "args is invalid")
        except BybitRefusal as refusal:
            self._answer(connection, asked, {"retCode": refusal.code, "retMsg": refusal.text}, {}, wall_ns)
            return
        connection.used[str(asked.reqId)] = None
        while len(connection.used) > NAMES_KEPT:
            del connection.used[next(iter(connection.used))]
        body = msgspec.json.encode(asked.args[0]).decode()
        at, window = (str(asked.header.get(name, "")) for name in ("X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW"))
        headers = self._authenticator.headers(at, window, body)
        reply = self._floor.answer(Call("POST", OPS[asked.op], "", headers, body, wall_ns))
        if not reply.status:
            self._floor.close(connection.id)
            return
        found = msgspec.json.decode(reply.body) if reply.body.startswith(b"{") else {"retCode": 10016, "retMsg": ""}
        limits = {name: value for name, value in reply.headers.items() if name.startswith("X-Bapi")}
        self._answer(connection, asked, found, limits, wall_ns)

    def _answer(
        self, connection: AccountConnection, asked: _Asked, found: Json, limits: dict[str, str], wall_ns: int
    ) -> None:
        answer = {
            "reqId": asked.reqId,
            "retCode": found["retCode"],
            "retMsg": found["retMsg"],
            "op": asked.op,
            "data": found.get("result", {}),
            "retExtInfo": {},
            "header": {"Timenow": str(wall_ns // MS), **limits},
            "connId": connection.name,
        }
        self._floor.send(connection.id, msgspec.json.encode(answer))

    def _pong(self, connection: AccountConnection, asked: _Asked, wall_ns: int) -> None:
        now = [str(wall_ns // MS)]
        answer: Json = {"retCode": 0, "retMsg": "OK", "op": "pong", "data": now, "connId": connection.name}
        if not connection.for_orders:
            answer = {"req_id": asked.req_id, "op": "pong", "args": now, "conn_id": connection.name}
        self._floor.send(connection.id, msgspec.json.encode(answer))

    def _say(self, connection: AccountConnection, asked: _Asked, refusal: BybitRefusal | None, wall_ns: int) -> None:
        """Answer a login or a subscription, or what is neither."""
        code, said = (0, "") if refusal is None else (refusal.code, refusal.text)
        if connection.for_orders:
            answer: Json = {"reqId": asked.reqId, "retCode": code, "retMsg": said or "OK", "op": asked.op}
            answer |= {"connId": connection.name}
        else:
            answer = {"success": refusal is None, "ret_msg": said, "op": asked.op, "conn_id": connection.name}
            answer |= {"req_id": asked.req_id} if asked.req_id else {}
        self._floor.send(connection.id, msgspec.json.encode(answer))


def _known(topic: str) -> bool:
    what, _, category = topic.partition(".")
    return topic in DCP or (what in TOPICS and category in ("", *TOPICS[what]))

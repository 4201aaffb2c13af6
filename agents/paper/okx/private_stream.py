"""OKX's private connection: login, channels of the account, and orders.

(OKX v5 documentation, websocket: login, order channel, account channels, place order.) Channels are subscribed argument by
argument. The account's and positions' channels begin with what there is, the orders channel with nothing. An order names
its instrument by the listing's code (`instIdCode`), it is the REST request of its meaning and answered as that is. The
answer comes before what the channels tell of it; a request whose answer is lost ends the connection.
"""

from typing import Any

import msgspec

from agents.paper.account.told import AccountEvent, BalancesTold, OrderTold
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.money import Listing
from agents.paper.okx.account_rows import UID, OkxAccountRows
from agents.paper.okx.answers import Json, OkxRefusal
from agents.paper.okx.authenticator import OkxAuthenticator
from agents.paper.okx.connections import OkxConnection, OkxRequest, acknowledge, parsed, refuse
from agents.paper.okx.order_rows import kind_of, order_push
from agents.paper.okx.trade_rest import OkxTradeRest

CHANNELS = ("orders", "account", "positions", "balance_and_position")
KINDS = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "ANY")
OPS = {
    "order": "/api/v5/trade/order",
    "batch-orders": "/api/v5/trade/batch-orders",
    "cancel-order": "/api/v5/trade/cancel-order",
    "batch-cancel-orders": "/api/v5/trade/cancel-batch-orders",
    "amend-order": "/api/v5/trade/amend-order",
    "batch-amend-orders": "/api/v5/trade/amend-batch-orders",
}


class OkxPrivateStream:
    """Takes the messages of private connections, and tells them what happens to the account."""

    def __init__(
        self, floor: Floor, authenticator: OkxAuthenticator, rows: OkxAccountRows, trades: OkxTradeRest
    ) -> None:
        """Let in whom `authenticator` does; tell of `rows` and of what `trades` carries out."""
        self._floor = floor
        self._authenticator = authenticator
        self._rows = rows
        self._trades = trades
        self._connections: dict[int, OkxConnection] = {}
        self._held: list[tuple[int, bytes]] = []
        self._cash: dict[str, str] = {}
        """What there was of each asset when it was last told; a channel of the account tells of it only when it changes."""
        self._traded: dict[str, int] = {}
        """The last trade of each position that was told."""
        self._late: list[tuple[int, int, bytes]] = []
        self.holding = False
        """While set, what is told waits until the answer that it belongs to has been sent."""

    def open(self, connection: OkxConnection) -> None:
        """Take on a connection."""
        self._connections[connection.id] = connection

    def close(self, conn_id: int) -> None:
        """Forget one."""
        connection = self._connections.pop(conn_id, None)
        if connection is not None:
            for channel in {arg["channel"] for arg in connection.args.values()}:
                self._tell_count(channel)

    def message(self, connection: OkxConnection, text: str, wall_ns: int) -> None:
        """Answer one message."""
        message = parsed(self._floor, connection, text)
        if message is None:
            return
        if message.op == "login":
            self._login(connection, message.args, wall_ns)
        elif message.op in ("subscribe", "unsubscribe"):
            for arg in message.args:
                self._subscription(connection, message.op, message.id, arg, wall_ns)
        elif message.op in OPS:
            self._order(connection, message, wall_ns)
        else:
            refuse(self._floor, connection, message.id, 60012, f"Invalid request: {text[:200]}")

    def account_event(self, event: AccountEvent) -> None:
        """Tell a change on the channels that it belongs to."""
        if isinstance(event, OrderTold):
            self._tell_order(event)
        elif isinstance(event, BalancesTold):
            self._tell_account(event)
            self._tell_both(event)

    def flush(self) -> None:
        """Send what waited for an answer."""
        self.holding, held, self._held = False, self._held, []
        for conn_id, frame in held:
            self._floor.send(conn_id, frame)

    def advance(self, wall_ns: int) -> int | None:
        """Send what is due; return when the next answer is that was held back."""
        self.flush()
        due, self._late = (
            [each for each in self._late if each[0] <= wall_ns],
            [each for each in self._late if each[0] > wall_ns],
        )
        for _, conn_id, frame in due:
            self._floor.send(conn_id, frame)
        return min((each[0] for each in self._late), default=None)

    def _login(self, connection: OkxConnection, args: list[Any], wall_ns: int) -> None:
        asked = args[0] if args and isinstance(args[0], dict) else {}
        try:
            if connection.logged_in:
                raise OkxRefusal(60031, "The WebSocket endpoint does not allow multiple or repeated logins.")
            self._authenticator.check_login(asked, wall_ns)
        except OkxRefusal as refusal:
            refuse(self._floor, connection, "", refusal.code, refusal.text)
            return
        connection.logged_in = True
        body = {"event": "login", "code": "0", "msg": "", "connId": connection.name}
        self._floor.send(connection.id, msgspec.json.encode(body))

    def _subscription(self, connection: OkxConnection, op: str, number: str, arg: Any, wall_ns: int) -> None:
        channel = arg.get("channel") if isinstance(arg, dict) else None
        if not isinstance(channel, str):
            refuse(self._floor, connection, number, 60012, "Invalid request: args")
            return
        if not connection.logged_in:
            refuse(self._floor, connection, number, 60011, "Please log in")
            return
        if channel not in CHANNELS or (channel != "account" and arg.get("instType", "ANY") not in KINDS):
            said = f"Wrong URL or channel:{channel} doesn't exist. Please use the correct URL, channel and"
            refuse(self._floor, connection, number, 60018, f"{said} parameters referring to API document.")
            return
        if channel in ("orders", "positions") and "instType" not in arg:
            refuse(self._floor, connection, number, 60027, "Parameter instType can not be empty.")
            return
        key = msgspec.json.encode(dict(sorted(arg.items()))).decode()
        if op == "unsubscribe":
            connection.args.pop(key, None)
            acknowledge(self._floor, connection, op, number, arg)
            return
        connection.args[key] = arg
        acknowledge(self._floor, connection, op, number, arg)
        self._tell_count(channel)
        for frame in self._opening(arg, wall_ns):
            self._floor.send(connection.id, frame)

    def _opening(self, arg: Json, wall_ns: int) -> list[bytes]:
        """Return what a channel begins with."""
        arg = arg | {"uid": UID}
        wall_ms = wall_ns // 1_000_000
        match arg["channel"]:
            case "account":
                asked = arg.get("ccy", "")
                return [_frame(arg, [self._rows.balance([asked] if asked else None, wall_ms)], "snapshot")]
            case "positions":
                held = [self._rows.position(*each) for each in self._rows.positions() if _hears(arg, each[0])]
                return [_frame(arg, held, "snapshot")]
            case "balance_and_position":
                listings = [listing for listing, _ in self._rows.positions()]
                self._cash |= {name: self._rows.cash(name) for name in self._rows.held()}
                return [_frame(arg, [self._both("snapshot", self._rows.held(), listings, wall_ms)])]
        return []

    def _order(self, connection: OkxConnection, message: OkxRequest, wall_ns: int) -> None:
        """Answer a request that changes orders."""
        try:
            if not connection.logged_in:
                raise OkxRefusal(60011, "Please log in")
            many = message.op.startswith("batch-")
            args = [self._named(each) for each in message.args]
            if not args or (not many and len(args) != 1):
                raise OkxRefusal(60013, "Invalid args")
            body = msgspec.json.encode(args if many else args[0]).decode()
        except OkxRefusal as refusal:
            self._floor.send(connection.id, _answer(message, {"code": str(refusal.code), "msg": refusal.text}, wall_ns))
            return
        path = OPS[message.op]
        headers = self._authenticator.headers(body)
        if message.expTime:
            headers["exptime"] = str(message.expTime)
        reply = self._floor.answer(Call("POST", path, "", headers, body, wall_ns))
        if not reply.status:
            self._end(connection)
        else:
            frame = _answer(message, msgspec.json.decode(reply.body), wall_ns)
            if reply.delay_ms:
                self._late.append((wall_ns + reply.delay_ms * 1_000_000, connection.id, frame))
            else:
                self._floor.send(connection.id, frame)
        self.flush()

    def _named(self, arg: Any) -> Json:
        """Return the arguments of an order with the name of its instrument; raises OkxRefusal without its code."""
        if not isinstance(arg, dict):
            raise OkxRefusal(60013, "Invalid args")
        code = arg.get("instIdCode")
        if code is None or code == "":
            raise OkxRefusal(50014, "Parameter instIdCode can not be empty.")
        number = int(code) if str(code).isascii() and str(code).isdigit() and len(str(code)) < 10 else 0
        listings = list(self._floor.listings.values())
        known = 0 < number <= len(listings)
        return arg | {"instId": listings[number - 1].venue_symbol if known else str(code)}

    def _tell_order(self, told: OrderTold) -> None:
        listing = told.order.listing
        row = order_push(told, self._trades.request_id, self._rows.last_price(listing))
        again = self._floor.faults.use("repeat_user") is not None
        for connection, arg in self._hearers("orders", listing):
            named = arg | {"uid": UID}
            self._push(connection.id, _frame(named, [row]))
            if again:
                self._push(connection.id, _frame(named, [row | {"uTime": str(int(row["uTime"]) + 1)}]))

    def _tell_account(self, told: BalancesTold) -> None:
        wall_ms = told.wall_ns // 1_000_000
        for connection, arg in self._hearers("account", None):
            assets = [name for name in told.assets if arg.get("ccy", name) == name]
            if assets:
                data = [self._rows.balance(assets, wall_ms)]
                self._push(connection.id, _frame(arg | {"uid": UID}, data, "event_update"))

    def _tell_both(self, told: BalancesTold) -> None:
        """Tell of a position that has traded, and of balances that have changed with it or without."""
        listing, wall_ms = self._floor.listings.get(told.symbol), told.wall_ns // 1_000_000
        traded: list[Listing] = []
        if listing is not None:
            held = self._floor.trading.account.position(told.symbol)
            traded = [listing] if held.trade_id != self._traded.get(told.symbol, 0) else []
            self._traded[told.symbol] = held.trade_id
            row = self._rows.position(listing, held)
            for connection, arg in self._hearers("positions", listing) if traded else ():
                self._push(connection.id, _frame(arg | {"uid": UID}, [row], "event_update"))
        changed = [name for name in told.assets if self._rows.cash(name) != self._cash.get(name)]
        self._cash |= {name: self._rows.cash(name) for name in changed}
        if changed or traded:
            kind = "funding_fee" if told.funding else "filled" if traded or not told.transfer else "transferred"
            both = self._both(kind, changed, traded, wall_ms)
            for connection, arg in self._hearers("balance_and_position", None):
                self._push(connection.id, _frame(arg | {"uid": UID}, [both]))

    def _both(self, kind: str, assets: list[str], listings: list[Listing], wall_ms: int) -> Json:
        """Return balances and positions together."""
        held = [(listing, self._floor.trading.account.position(listing.symbol)) for listing in listings]
        rows = [self._rows.position(*each) for each in held if each[1].trade_id]
        names = (
            "posId",
            "tradeId",
            "instId",
            "instType",
            "mgnMode",
            "posSide",
            "pos",
            "ccy",
            "posCcy",
            "avgPx",
            "uTime",
        )
        balances = [{"ccy": each, "cashBal": self._rows.cash(each), "uTime": str(wall_ms)} for each in assets]
        trades = [{"instId": row["instId"], "tradeId": row["tradeId"]} for row in rows if kind == "filled"]
        return {
            "pTime": str(wall_ms),
            "eventType": kind,
            "balData": balances,
            "posData": [{name: row[name] for name in names} for row in rows],
            "trades": trades,
        }

    def _hearers(self, channel: str, listing: Listing | None) -> list[tuple[OkxConnection, Json]]:
        return [
            (connection, arg)
            for connection in self._connections.values()
            for arg in connection.args.values()
            if arg["channel"] == channel and (listing is None or _hears(arg, listing))
        ]

    def _push(self, conn_id: int, frame: bytes) -> None:
        if self.holding or self._held:
            self._held.append((conn_id, frame))
        else:
            self._floor.send(conn_id, frame)

    def _tell_count(self, channel: str) -> None:
        """Tell all who listen to a channel how many connections do."""
        hearers = {connection.id: connection for connection, _ in self._hearers(channel, None)}
        for connection in hearers.values():
            body = {"event": "channel-conn-count", "channel": channel, "connCount": str(len(hearers))}
            self._floor.send(connection.id, msgspec.json.encode(body | {"connId": connection.name}))

    def _end(self, connection: OkxConnection) -> None:
        """Close a connection whose answer is lost; what it would have been told is lost with it."""
        self._held = [each for each in self._held if each[0] != connection.id]
        self._floor.close(connection.id)


def _hears(arg: Json, listing: Listing) -> bool:
    """Return whether the argument of a channel means an instrument."""
    kind, family = arg.get("instType", "ANY"), f"{listing.base}-{listing.quote}"
    return (
        kind in ("ANY", kind_of(listing))
        and arg.get("instId", listing.venue_symbol) == listing.venue_symbol
        and arg.get("instFamily", family) == family
    )


def _frame(arg: Json, data: list[Any], event_type: str = "") -> bytes:
    head: Json = {"arg": arg}
    if event_type:
        head |= {"eventType": event_type, "curPage": 1, "lastPage": True}
    return msgspec.json.encode(head | {"data": data})


def _answer(message: OkxRequest, body: Json, wall_ns: int) -> bytes:
    """Return the answer of a REST request as a connection has it."""
    time = str(wall_ns // 1_000)
    head = {"id": message.id, "op": message.op, "code": body["code"], "msg": body["msg"], "data": body.get("data", [])}
    return msgspec.json.encode(head | {"inTime": time, "outTime": time})

"""The venue that `tests.venues.harbor` is an adapter of, served on loopback: one perpetual, one account, one other trader.

The other trader quotes ten contracts on each side. An order is acknowledged first and dealt with afterwards; what it trades
comes in two fills. Nothing is trusted: signatures and passphrase are checked, and a stream that was not logged in hears
nothing.
"""

import asyncio
import json
import time
import uuid
from typing import Any

from aiohttp import WSMsgType, web

from agents.venues.credentials import Credentials
from tests.venues.harbor_signer import signature

SYMBOL = "BTC-PERP"
CONTRACT = "0.001"
DELAY_S = 0.02
FEE = "-0.01"


class Harbor:
    """The venue; `quiet` holds back what becomes of orders until `deal` is called."""

    def __init__(self, account: Credentials) -> None:
        """Begin with an open market at 100 / 101."""
        self.account = account
        self.bid, self.ask = 100, 101
        self.seq = 1
        self.orders: dict[str, dict[str, Any]] = {}
        self.fills: list[dict[str, Any]] = []
        self.sockets: dict[web.WebSocketResponse, set[str]] = {}
        self.logged_in: set[web.WebSocketResponse] = set()
        self.pings = 0
        self.asked: list[str] = []
        self.quiet = False
        self.lags = False
        self.queries = 0
        self.waiting: list[dict[str, Any]] = []
        self.still_here = 0
        self._dead_man: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "Harbor":
        app = web.Application()
        app.router.add_get("/public", self._socket)
        app.router.add_get("/private", self._socket)
        app.router.add_route("*", "/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ticking.cancel()
        if self._dead_man is not None:
            self._dead_man.cancel()
        await self._runner.cleanup()

    # The market

    def snapshot(self) -> dict[str, Any]:
        """Return the whole book."""
        return self._book("snapshot", -1, [[str(self.bid), "10"]], [[str(self.ask), "10"]])

    def _book(self, what: str, after: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, Any]:
        head = {"channel": f"depth:{SYMBOL}", "what": what, "seq": self.seq, "after": after, "ms": 1}
        return {**head, "bids": bids, "asks": asks}

    async def move(self, bid: int) -> None:
        """Move the other trader's quotes, and have two trades told in one frame."""
        old_bid, old_ask, after = self.bid, self.ask, self.seq
        self.bid, self.ask, self.seq = bid, bid + 1, self.seq + 3
        bids, asks = {str(old_bid): "0", str(bid): "10"}, {str(old_ask): "0", str(bid + 1): "10"}
        levels = [[[price, qty] for price, qty in side.items()] for side in (bids, asks)]
        await self.say(self._book("update", after, *levels))
        trades = [
            {"id": str(uuid.uuid4()), "ms": 1, "price": str(bid + 1), "contracts": "1", "taker": taker}
            for taker in ("long", "short")
        ]
        await self.say({"channel": f"trade:{SYMBOL}", "trades": trades})

    async def lose(self) -> None:
        """Move the quotes without telling, so that the next update has a hole before it."""
        self.seq += 5

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            await self.move(100 + (self.bid - 99) % 3)

    async def say(self, data: dict[str, Any]) -> None:
        """Send a frame to all that subscribed its channel."""
        for socket, channels in list(self.sockets.items()):
            if data["channel"] in channels and not socket.closed:
                await socket.send_str(json.dumps(data, separators=(",", ":")))

    # Websockets

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets[socket] = set()
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await self._heard(socket, message.data)
        self.sockets.pop(socket)
        return socket

    async def _heard(self, socket: web.WebSocketResponse, text: str) -> None:
        if text == "ping":
            self.pings += 1
            await socket.send_str("pong")
            return
        data = json.loads(text)
        self.asked.append(data.get("tag", data["do"]))
        problem = self._do(socket, data)
        if "tag" in data:
            await socket.send_str(json.dumps({"to": data["tag"], "ok": not problem, "problem": problem}))
        if not problem and data.get("channel", "").startswith("depth:"):
            await socket.send_str(json.dumps(self.snapshot(), separators=(",", ":")))

    def _do(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> str:
        """Do what a message asks for; return what is wrong with it."""
        if data["do"] == "login":
            if not self._known(data["key"], data["phrase"], data["sign"], data["at"] + "login"):
                return "who_is_that"
            self.logged_in.add(socket)
        elif data["channel"] == "account" and socket not in self.logged_in:
            return "log_in_first"
        else:
            self.sockets[socket].add(data["channel"])
        return ""

    def _known(self, key: str, phrase: str, sign: str, text: str) -> bool:
        mine = self.account
        return (key, phrase, sign) == (mine.key, mine.passphrase, signature(mine.secret, text))

    # REST

    async def _rest(self, request: web.Request) -> web.Response:
        body = await request.text()
        if request.path == "/listing":
            return _answer([{"symbol": SYMBOL, "contract": CONTRACT}])
        if request.path == "/clock":
            return _answer(time.time_ns() // 1_000)
        sent = request.headers
        query = f"?{request.query_string}" if request.query_string else "?" * (request.method == "GET")
        text = sent["Harbor-At"] + request.method + request.path + (body or query)
        if not self._known(sent["Harbor-Key"], sent["Harbor-Phrase"], sent["Harbor-Sign"], text):
            return _problem("who_is_that")
        if request.method == "POST":
            return self._change(request.path, json.loads(body))
        return self._tell(request.path, request.query)

    def _change(self, path: str, terms: dict[str, str]) -> web.Response:
        if path == "/still-here":
            return self._wait_again(int(terms["ms"]))
        if path == "/orders":
            if int(terms["contracts"]) > 1000:
                return _problem("low_margin")
            order = {**terms, "id": str(uuid.uuid4()), "state": "resting", "filled": "0", "ms": 1}
        else:
            if terms["mine"] not in self.orders:
                return _problem("no_such_order")
            order = {"pull": terms["mine"], "id": self.orders[terms["mine"]]["id"]}
        self.waiting.append(order)
        if not self.quiet:
            asyncio.get_running_loop().call_later(DELAY_S, lambda: asyncio.ensure_future(self.deal()))
        return _answer({"taken": order["id"]})

    def _wait_again(self, timeout_ms: int) -> web.Response:
        """Pull all orders when the time is over, unless this comes again."""
        self.still_here += 1
        if self._dead_man is not None:
            self._dead_man.cancel()
        self._dead_man = asyncio.get_running_loop().call_later(timeout_ms / 1000, self._pull_all)
        return _answer("so be it")

    def _pull_all(self) -> None:
        for order in self.open:
            order["state"] = "pulled"

    @property
    def open(self) -> list[dict[str, Any]]:
        """The orders that may trade."""
        return [each for each in self.orders.values() if each["state"] in ("resting", "partial")]

    def _tell(self, path: str, query: Any) -> web.Response:
        if path == "/order":
            self.queries += 1
            found = (each for each in self.orders.values() if each["id"] == query["id"])
            order = self.orders.get(query["mine"]) or next(found, None)
            return _problem("no_such_order") if order is None or self.lags else _answer(order)
        if path == "/orders":
            return _answer(self.open)
        if path == "/balances":
            return _answer({"USDT": "1000"})
        first = int(query.get("after") or 0)
        found = [each for each in self.fills[first:] if query.get("id", each["order"]) == each["order"]]
        page = found[:2]
        cursor = "" if "id" in query else str(first + len(page))
        return _answer({"fills": page, "cursor": cursor, "more": len(found) > 2})

    # What becomes of orders

    async def deal(self) -> None:
        """Deal with all that was taken on, and tell of it in one frame each."""
        while self.waiting:
            order = self.waiting.pop(0)
            if "pull" in order:
                pulled = self.orders[order["pull"]]
                pulled["state"] = "pulled"
                await self._tell_account({"order": dict(pulled)})
            else:
                self.orders[order["mine"]] = order
                await self._match(order)

    async def _match(self, order: dict[str, Any]) -> None:
        buys = order["side"] == "long"
        crosses = int(order["price"]) >= self.ask if buys else int(order["price"]) <= self.bid
        if crosses and order["lasts"] == "GTX":
            order["state"], order["why"] = "bounced", "would take"
            await self._tell_account({"order": dict(order)})
        elif crosses:
            total = int(order["contracts"])
            half = total // 2
            await self._tell_account(*[self._fill(order, part, total) for part in (half, total - half) if part])
        else:
            order["state"] = "resting" if order["lasts"] in ("GTC", "GTX") else "killed"
            await self._tell_account({"order": dict(order)})

    def _fill(self, order: dict[str, Any], contracts: int, total: int) -> dict[str, Any]:
        filled = int(order["filled"]) + contracts
        order["filled"], order["state"] = str(filled), "done" if filled == total else "partial"
        fill = {
            "symbol": SYMBOL,
            "order": order["id"],
            "id": str(uuid.uuid4()),
            "side": order["side"],
            "contracts": str(contracts),
            "price": str(self.ask if order["side"] == "long" else self.bid),
            "fee": FEE,
            "fee_asset": "USDT",
            "ms": 1,
        }
        self.fills.append(fill)
        return {"order": dict(order), "fill": fill}

    async def _tell_account(self, *events: dict[str, Any]) -> None:
        await self.say({"channel": "account", "events": events})


def _answer(result: Any) -> web.Response:
    return web.json_response({"result": result})


def _problem(name: str) -> web.Response:
    return web.json_response({"problem": name})

"""A venue on loopback for the bench: `python -m bench.venue TAPE PORT`.

A websocket that sends a trade frame for each tick number in the tape's pipe, the websocket API with the private stream's
subscription and orders, and REST that answers everything at once: orders expire unfilled. It notes when each frame was
handed to the socket, and when the request of each order arrived, so that everything between is on the path: picows,
signing, and both sockets.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic_ns
from typing import Any
from urllib.parse import parse_qs

import msgspec
import uvloop
from aiohttp import WSMsgType, web

from bench.shells import (
    ANSWERS,
    EXPIRED,
    LOT,
    QUOTE_FRAME,
    QUOTE_NS,
    SUBSCRIBED,
    TICKS_AT_ONCE,
    TRADE_FRAME,
    time_body,
)
from bench.tape import TICK, Column, Tape
from core.decimals import Scale

HOST = "127.0.0.1"
LIMITS = (
    b'"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100,"count":1},'
    b'{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":200000,"count":1},'
    b'{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000,"count":1}]'
)
"""What Binance tells with each answer of its websocket API."""


class ApiRequest(msgspec.Struct):
    """One request of the websocket API."""

    id: int | str
    method: str
    params: dict[str, Any] = {}


class BenchVenue:
    """One websocket for market data, one for the account, and REST."""

    def __init__(self, tape: Tape) -> None:
        """Take the tape."""
        self._tape = tape
        self._lots = Scale(LOT)
        self._orders = 0
        self._quoted_ns = 0
        self._trades = 0

    def app(self) -> web.Application:
        """Return the web application."""
        app = web.Application()
        app.router.add_get("/stream", self.market)
        app.router.add_get("/ws-api/v3", self.account)
        app.router.add_route("*", "/api/v3/{call}", self.rest)
        return app

    async def market(self, request: web.Request) -> web.WebSocketResponse:
        """Send a frame for each tick."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._tape.pipe, ready.set)
        try:
            while not socket.closed:
                await ready.wait()
                await self._send_waiting(socket, ready)
        except ConnectionResetError:
            pass
        finally:
            loop.remove_reader(self._tape.pipe)
        return socket

    async def _send_waiting(self, socket: web.WebSocketResponse, ready: asyncio.Event) -> None:
        try:
            waiting = os.read(self._tape.pipe, TICKS_AT_ONCE * TICK.size)
        except BlockingIOError:
            ready.clear()
            return
        for (tick,) in TICK.iter_unpack(waiting):
            now_ns = monotonic_ns()
            if now_ns - self._quoted_ns > QUOTE_NS:
                self._quoted_ns = now_ns
                await socket.send_str((QUOTE_FRAME % (tick + 1)).decode())
            self._tape.columns[Column.MD][tick] = monotonic_ns()
            self._trades += 1
            await socket.send_str((TRADE_FRAME % (self._trades, tick + 1)).decode())

    async def account(self, request: web.Request) -> web.WebSocketResponse:
        """Accept the subscription of the private stream, and orders."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            now_ns = monotonic_ns()
            if message.type != WSMsgType.TEXT:
                continue
            asked = msgspec.json.decode(message.data, type=ApiRequest)
            if asked.method == "order.place":
                body = self._take(asked.params, now_ns)
                await socket.send_frame(
                    b'{"id":%d,"status":200,"result":%b,%b}' % (asked.id, body, LIMITS), WSMsgType.TEXT
                )
            else:
                await socket.send_str(SUBSCRIBED.decode())
        return socket

    async def rest(self, request: web.Request) -> web.Response:
        """Answer a call."""
        now_ns = monotonic_ns()
        if request.method != "POST":
            what = request.match_info["call"]
            body = time_body() if what == "time" else ANSWERS.get(what, b"[]")
            return web.Response(body=body, content_type="application/json")
        text = request.query_string or (await request.read()).decode()
        params = {name: values[0] for name, values in parse_qs(text).items()}
        return web.Response(body=self._take(params, now_ns), content_type="application/json")

    def _take(self, params: Mapping[str, Any], now_ns: int) -> bytes:
        quantity = params["quantity"]
        self._tape.ordered(self._lots.parse(quantity) - 1, now_ns)
        self._orders += 1
        return EXPIRED % (self._orders, params["newClientOrderId"].encode(), quantity.encode())


async def serve(tape: Tape, port: int) -> None:
    """Serve until the process is ended."""
    runner = web.AppRunner(BenchVenue(tape).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Tape(Path(sys.argv[1])), int(sys.argv[2])))

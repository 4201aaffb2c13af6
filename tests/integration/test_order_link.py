"""Orders over a real websocket: each is sent once, whichever way, and each has an end, whatever the connection does."""

import asyncio
import contextlib
import json

import pytest
from aiohttp import WSMsgType, web

from agents.venues.binance import spot
from agents.venues.credentials import Credentials
from agents.venues.http_ws import VenueShell
from mesh.context import CallOutcome, VenueCall
from schemas.config import VenueConfig
from tests.integration.venue_shell_kit import Received
from tests.unit.agents.venues.binance.test_order_wire import ed25519_pem

KEY, SECRET = "the-key", "the-secret"
UP, DOWN = ("socket", "orders", True), ("socket", "orders", False)


def create(number, timeout_ms=5_000):
    params = {"symbol": "BTCUSDT", "newClientOrderId": f"T{number}"}
    return VenueCall("POST", "/api/v3/order", params, signed=True, timeout_ms=timeout_ms)


class Venue:
    """A venue that answers orders over both ways, and keeps what came which way."""

    def __init__(self):
        self.over_socket, self.over_rest, self.logons = [], [], []
        self.sockets = []
        self.answers = True
        self.lets_in = True

    async def rest(self, request):
        self.over_rest.append((await request.read()).decode())
        return web.json_response({"over": "rest"})

    async def websocket(self, request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await self.take(socket, json.loads(message.data))
        return socket

    async def take(self, socket, asked):
        if asked["method"] == "session.logon":
            self.logons.append(asked)
            error = {"status": 401, "error": {"code": -2015, "msg": "Invalid API-key."}}
            await socket.send_json({"id": asked["id"]} | ({"status": 200, "result": {}} if self.lets_in else error))
            return
        self.over_socket.append(asked)
        if self.answers:
            await self.answer(asked)

    async def answer(self, asked, socket=-1):
        limit = {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50, "count": 7}
        answer = {"id": asked["id"], "status": 200, "result": {"over": "socket"}, "rateLimits": [limit]}
        await self.sockets[socket].send_json(answer)

    async def closed(self, number):
        async with asyncio.timeout(10):
            while not self.sockets[number].closed:
                await asyncio.sleep(0.005)

    async def asked(self, count):
        async with asyncio.timeout(10):
            while len(self.over_socket) < count:
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(secret=SECRET, *, opens=True):
    venue = Venue()
    app = web.Application()
    app.router.add_get("/ws-api", venue.websocket)
    app.router.add_route("*", "/{path:.*}", venue.rest)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    config = VenueConfig(id=1, name="b", kind="binance_spot", rest_url=f"http://127.0.0.1:{port}")
    signer = spot.signer(config, Credentials(KEY, secret))
    shell = VenueShell(config.name, signer, None, spot.order_wire(config, signer))
    received = Received()
    await shell.start(received)
    if opens:
        shell.open_socket("orders", f"ws://127.0.0.1:{port}/ws-api")
        await received.until(lambda item: item[:3] == UP)
    try:
        yield shell, received, venue, port
    finally:
        await shell.stop()
        await runner.cleanup()


def run(test):
    asyncio.run(asyncio.wait_for(test(), 60))


def test_an_order_goes_over_the_socket_and_its_answer_has_the_limits():
    async def test():
        async with running() as (shell, received, venue, _):
            shell.call(1, create(1))
            reply = await received.reply(1)
            assert (reply.outcome, reply.status, json.loads(reply.body)) == (
                CallOutcome.ANSWERED,
                200,
                {"over": "socket"},
            )
            assert reply.headers == {"X-Mbx-Order-Count-10S": "7"}
            assert [each["params"]["newClientOrderId"] for each in venue.over_socket] == ["T1"]
            assert venue.over_rest == []

    run(test)


def test_orders_go_over_rest_while_the_socket_is_not_there():
    async def test():
        async with running(opens=False) as (shell, received, venue, port):
            shell.call(1, create(1))
            assert json.loads((await received.reply(1)).body) == {"over": "rest"}
            shell.open_socket("orders", f"ws://127.0.0.1:{port}/ws-api")
            await received.until(lambda item: item[:3] == UP)
            shell.call(2, create(2))
            assert json.loads((await received.reply(2)).body) == {"over": "socket"}
            assert (len(venue.over_rest), len(venue.over_socket)) == (1, 1)

    run(test)


def test_what_is_out_on_a_socket_that_breaks_is_unknown_and_never_sent_again():
    async def test():
        async with running() as (shell, received, venue, _):
            venue.answers = False
            for number in (1, 2):
                shell.call(number, create(number))
            await venue.asked(2)
            await venue.sockets[0].close(code=1001)
            for number in (1, 2):
                reply = await received.reply(number)
                assert reply.outcome == CallOutcome.UNKNOWN
                assert "1001" in reply.text
            shell.call(3, create(3))
            assert json.loads((await received.reply(3)).body) == {"over": "rest"}
            await received.until(lambda item: item[:3] == UP and len(venue.sockets) == 2)
            assert len(venue.over_socket) == 2
            assert ["T3" in text for text in venue.over_rest] == [True]

    run(test)


def test_an_answer_that_is_late_is_unknown_and_the_agent_sees_the_frame():
    async def test():
        async with running() as (shell, received, venue, _):
            venue.answers = False
            shell.call(1, create(1, timeout_ms=100))
            assert (await received.reply(1)).outcome == CallOutcome.UNKNOWN
            await venue.answer(venue.over_socket[0])
            frame = await received.until(lambda item: item[0] == "frame")
            assert (frame[1], json.loads(frame[2])["id"]) == ("orders", 1)
            assert venue.over_rest == []

    run(test)


def test_a_socket_that_the_venue_will_shut_is_left_when_its_answers_have_come_and_another_has_the_next_orders():
    async def test():
        async with running() as (shell, received, venue, port):
            venue.answers = False
            shell.call(1, create(1))
            await venue.asked(1)
            await venue.sockets[0].send_json({"event": {"e": "serverShutdown", "E": 1}})
            told = await received.until(lambda item: item[0] == "frame")
            assert told[1] == "orders"
            shell.call(2, create(2))
            assert json.loads((await received.reply(2)).body) == {"over": "rest"}
            shell.open_socket("orders+", f"ws://127.0.0.1:{port}/ws-api")
            await received.until(lambda item: item[:3] == ("socket", "orders+", True))
            assert not venue.sockets[0].closed
            await venue.answer(venue.over_socket[0], socket=0)
            assert (await received.reply(1)).outcome == CallOutcome.ANSWERED
            venue.answers = True
            shell.call(3, create(3))
            assert json.loads((await received.reply(3)).body) == {"over": "socket"}
            await venue.closed(0)
            assert len(venue.sockets) == 2
            assert DOWN not in [item[:3] for item in received.items]

    run(test)


def test_the_socket_that_was_asked_for_last_takes_over_and_the_first_is_not_opened_again():
    async def test():
        async with running() as (shell, received, venue, port):
            venue.answers = False
            shell.call(1, create(1))
            await venue.asked(1)
            shell.open_socket("orders+", f"ws://127.0.0.1:{port}/ws-api")
            await received.until(lambda item: item[:3] == ("socket", "orders+", True))
            shell.call(2, create(2))
            await venue.asked(2)
            for number in (0, 1):
                await venue.answer(venue.over_socket[number], socket=number)
                assert (await received.reply(number + 1)).outcome == CallOutcome.ANSWERED
            await venue.closed(0)
            await venue.sockets[1].close(code=1001)
            await received.until(lambda item: item[:3] == ("socket", "orders+", False))
            await received.until(lambda item: len(venue.sockets) == 3)
            assert venue.over_rest == []

    run(test)


@pytest.mark.parametrize("lets_in", [True, False])
def test_a_key_that_can_log_in_logs_in_first(lets_in):
    async def test():
        _, pem = ed25519_pem()
        async with running(pem, opens=False) as (shell, received, venue, port):
            venue.lets_in = lets_in
            shell.open_socket("orders", f"ws://127.0.0.1:{port}/ws-api")
            told = await received.until(lambda item: item[:2] == ("socket", "orders"))
            shell.call(1, create(1))
            reply = await received.reply(1)
            assert len(venue.logons) >= 1
            if lets_in:
                assert told[2]
                assert json.loads(reply.body) == {"over": "socket"}
                assert "signature" not in venue.over_socket[0]["params"]
            else:
                assert told[2:] == (False, "login refused: -2015 Invalid API-key.")
                assert json.loads(reply.body) == {"over": "rest"}

    run(test)


def test_a_stopped_shell_tells_nothing_of_what_was_out():
    async def test():
        async with running() as (shell, received, venue, _):
            venue.answers = False
            shell.call(1, create(1))
            await venue.asked(1)
            told = len(received.items)
            await shell.stop()
            assert len(received.items) == told
            await shell.start(received)

    run(test)

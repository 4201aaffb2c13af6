"""A venue's shell on a real server of loopback, and all that it delivers, for tests."""

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from agents.venues.binance import spot
from agents.venues.credentials import Credentials
from agents.venues.http_ws import VenueShell
from schemas.config import VenueConfig

KEY, SECRET = "the-key", "the-secret"
ACCOUNT = Credentials(KEY, SECRET)


class Received:
    """Implements `mesh.agent_io.Inputs`: everything that the shell delivers, in order."""

    def __init__(self):
        self.items = []
        self._more = asyncio.Event()

    def socket_changed(self, connection, up, reason):
        self._add(("socket", connection, up, reason))

    def frame_received(self, connection, frame):
        self._add(("frame", connection, frame))

    def venue_replied(self, reply):
        self._add(("reply", reply))

    def _add(self, item):
        self.items.append(item)
        self._more.set()

    async def until(self, wanted):
        """Wait until an item fits, and return it."""
        async with asyncio.timeout(10):
            while True:
                for item in self.items:
                    if wanted(item):
                        return item
                self._more.clear()
                await self._more.wait()

    async def reply(self, call_id):
        return (await self.until(lambda item: item[0] == "reply" and item[1].call_id == call_id))[1]


class Venue:
    """A server that answers as the test says and keeps what it was asked."""

    def __init__(self):
        self.requests = []
        self.handler = None
        self.sockets = []
        self.texts = asyncio.Queue()
        self.opened = 0

    async def rest(self, request):
        body = (await request.read()).decode()
        self.requests.append((request.method, request.path, request.raw_path, dict(request.headers), body))
        if self.handler is None:
            return web.json_response({"ok": True}, headers={"retry-after": "3"})
        return await self.handler(request)

    async def websocket(self, request):
        ws = web.WebSocketResponse(max_msg_size=0)
        await ws.prepare(request)
        self.opened += 1
        self.sockets.append(ws)
        async for message in ws:
            if message.type == WSMsgType.TEXT:
                self.texts.put_nowait(message.data)
        return ws


@contextlib.asynccontextmanager
async def running(credentials=ACCOUNT, heartbeat=None, tls=None, **more):
    venue = Venue()
    app = web.Application()
    app.router.add_get("/ws/{name:.*}", venue.websocket)
    app.router.add_route("*", "/{path:.*}", venue.rest)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    config = VenueConfig(
        id=1, name="b", kind="binance_spot", rest_url=f"http{'s' if tls else ''}://127.0.0.1:{port}", **more
    )
    shell = VenueShell(config.name, spot.signer(config, credentials), heartbeat)
    received = Received()
    await shell.start(received)
    try:
        yield shell, received, venue, port
    finally:
        await shell.stop()
        await runner.cleanup()


def run(test):
    asyncio.run(asyncio.wait_for(test(), 60))

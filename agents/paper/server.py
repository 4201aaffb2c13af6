"""The paper venue's shell: REST and websockets on one port, on the running loop, with the market's timer.

A connection has a bounded queue. The pump that plays the market waits, between batches, until every queue has room,
so a capture is sent as fast as its readers take it and never skips; a reader that takes nothing for `STALL_S` is
closed and counted. Where the host or the readers do not follow the model, it stands still meanwhile (`LATE_NS_MAX`):
nobody may trade on a market that tells all the time what was long ago. Account events that find a full queue close the
connection at once: the client must ask anew by REST. Nothing is answered or played before `open`: an agent restores its
account first. An account that cannot be logged any more ends the process by way of the loop's handler.
"""

import asyncio
import contextlib
import errno
import ssl
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMsgType, web

from agents.paper.call import HttpReply
from agents.paper.exchange import PaperExchange
from mesh.agent_io import Inputs
from mesh.context import VenueCall
from schemas.errors import AddressTakenError, ConfigError
from schemas.units import MS

QUEUE_MAX = 4096
BATCH = 64
STALL_S = 5.0
LATE_NS_MAX = 500 * MS
"""How late an event of the model may be; far less than followers take a market to be stale."""
LOOPBACK = ("127.0.0.1", "::1")


class _Peer:
    """One websocket: the frames that wait for it, and the task that sends them."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.frames: deque[bytes] = deque()
        self.wake = asyncio.Event()
        self.closing = False
        self.sent = asyncio.Event()
        """Set when nothing more is sent."""
        self.moved_s = 0.0
        """Loop time at which the queue last moved, or began to fill."""

    def put(self, frame: bytes) -> None:
        if not self.frames:
            self.moved_s = asyncio.get_running_loop().time()
        self.frames.append(frame)
        self.wake.set()

    async def send_all(self, room: asyncio.Event) -> None:
        """Send frames until the connection ends; `room` is set when the queue is nearly empty."""
        loop = asyncio.get_running_loop()
        try:
            while not self.closing:
                await self.wake.wait()
                self.wake.clear()
                while self.frames:
                    await self.socket.send_frame(self.frames.popleft(), WSMsgType.TEXT)
                    self.moved_s = loop.time()
                    if len(self.frames) <= QUEUE_MAX // 4:
                        room.set()
        except ConnectionError:
            self.closing = True
        finally:
            self.frames.clear()
            self.sent.set()
            room.set()


class PaperServer:
    """The venue on a loopback port; a `mesh.agent_io.Shell` that makes no calls of its own."""

    def __init__(self, exchange: PaperExchange, listen: str, *, tls: ssl.SSLContext | None = None) -> None:
        """Serve `exchange` at `listen`, HOST:PORT with port 0 for a free one; with `tls`, by https and wss."""
        host, colon, port = listen.rpartition(":")
        if not colon or not port.isdigit():
            raise ConfigError(f"listen = {listen!r}: not HOST:PORT")
        self.exchange = exchange
        self.host, self.port = host.strip("[]"), int(port)
        self.slow_closed = 0
        self._tls = tls
        self.failure = ""
        self._peers: dict[int, _Peer] = {}
        self._next_id = 0
        self._room = asyncio.Event()
        self._due = asyncio.Event()
        self._opened = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return the address that is served."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def open(self) -> None:
        """Begin to answer and to play: the account is as it was."""
        self._opened.set()

    def wake(self) -> None:
        """Look again at what is due: the market was halted or let go on."""
        self._due.set()

    @property
    def drained(self) -> bool:
        """Return whether no frame waits to be sent."""
        return not any(peer.frames for peer in self._peers.values())

    async def start(self, inputs: Inputs | None = None) -> None:
        """Begin to listen; without an agent's `inputs` the venue opens at once.

        Raises:
            AddressTakenError: If another process listens there.
        """
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self._tls)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise AddressTakenError(
                    f"{self.host}:{self.port}: in use; stop what listens there or set `listen`"
                ) from error
            raise
        self.port = self._runner.addresses[0][1]
        self.exchange.attach(self._send, self._close)
        self._spawn(self._pump()).add_done_callback(self._pump_ended)
        if inputs is None:
            self.open()

    async def stop(self) -> None:
        """Close every connection and the port."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in list(self._peers.values()):
            await peer.socket.close(code=1001)
        if self._runner is not None:
            await self._runner.cleanup()

    def open_socket(self, connection: str, url: str) -> None:
        """Refuse: the venue opens no sockets."""
        raise NotImplementedError("the paper venue opens no sockets")

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Refuse: the venue opens no sockets."""
        raise NotImplementedError("the paper venue opens no sockets")

    def close_socket(self, connection: str) -> None:
        """Refuse: the venue opens no sockets."""
        raise NotImplementedError("the paper venue opens no sockets")

    def set_venue_clock(self, offset_ns: int) -> None:
        """Refuse: the venue signs nothing."""
        raise NotImplementedError("the paper venue signs nothing")

    def call(self, call_id: int, call: VenueCall) -> None:
        """Refuse: the venue makes no calls."""
        raise NotImplementedError("the paper venue makes no calls")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        await self._opened.wait()
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request)
        if request.path.startswith("/paper/") and request.remote not in LOOPBACK:
            return web.Response(status=403)
        reply = self._carry_out(request, await request.read())
        self._due.set()
        if reply.delay_ms:
            await asyncio.sleep(reply.delay_ms / 1000)
        if not reply.status:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    def _carry_out(self, request: web.Request, body: bytes) -> HttpReply:
        query = request.rel_url.raw_query_string
        try:
            return self.exchange.http(request.method, request.path, query, request.headers, body, time.time_ns())
        except OSError as error:
            self._fail("the paper venue's account cannot be logged", error)
            raise

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        self._next_id += 1
        conn_id, socket = self._next_id, web.WebSocketResponse(compress=False, heartbeat=60.0, max_msg_size=1 << 16)
        await socket.prepare(request)
        peer = self._peers[conn_id] = _Peer(socket)
        sender = self._spawn(peer.send_all(self._room))
        try:
            if not self.exchange.ws_open(conn_id, request.raw_path, time.time_ns()):
                await socket.close(code=1008, message=b"no such stream address")
            self._due.set()
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self.exchange.ws_message(conn_id, message.data, time.time_ns())
                    self._due.set()
        finally:
            peer.closing = True
            peer.wake.set()
            self.exchange.ws_close(conn_id)
            self._peers.pop(conn_id, None)
            sender.cancel()
        return socket

    async def _pump(self) -> None:
        """Play the market when it is due, as fast as the readers take it."""
        await self._opened.wait()
        while True:
            now_ns = time.time_ns()
            due_ns = self.exchange.advance(now_ns, BATCH)
            if due_ns is not None and now_ns - due_ns > LATE_NS_MAX:
                self.exchange.put_off(now_ns - due_ns)
            if due_ns is not None and due_ns <= time.time_ns():
                await self._wait_for_room()
                continue
            self._due.clear()
            wait_s = None if due_ns is None else (due_ns - time.time_ns()) / 1e9
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._due.wait()

    def _pump_ended(self, task: "asyncio.Task[None]") -> None:
        """Tell of a market that cannot be played on (a damaged capture): figures and the loop's handler have it."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail("the paper venue's market stopped", error)

    def _fail(self, what: str, error: BaseException) -> None:
        self.failure = str(error)
        asyncio.get_running_loop().call_exception_handler({"message": what, "exception": error})

    async def _wait_for_room(self) -> None:
        """Let others run; wait while a queue is more than half full, and close the readers that do not take anything."""
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        while full := self._full():
            for peer in full:
                if loop.time() - peer.moved_s > STALL_S:
                    self._drop(peer)
            self._room.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STALL_S / 10):
                    await self._room.wait()

    def _full(self) -> list[_Peer]:
        return [peer for peer in self._peers.values() if len(peer.frames) > QUEUE_MAX // 2 and not peer.closing]

    def _send(self, conn_id: int, frame: bytes) -> None:
        peer = self._peers.get(conn_id)
        if peer is None or peer.closing:
            return
        if len(peer.frames) >= QUEUE_MAX:
            self._drop(peer)
        else:
            peer.put(frame)

    def _drop(self, peer: _Peer) -> None:
        self.slow_closed += 1
        self._end(peer)

    def _close(self, conn_id: int) -> None:
        """Close a connection once it was sent what waits for it, or after `STALL_S`."""
        peer = self._peers.get(conn_id)
        if peer is not None and not peer.closing:
            peer.closing = True
            peer.wake.set()
            self._spawn(_closed_when_sent(peer))

    def _end(self, peer: _Peer) -> None:
        peer.closing = True
        peer.frames.clear()
        peer.wake.set()
        self._spawn(_closed(peer.socket))

    def _spawn(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _closed_when_sent(peer: _Peer) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STALL_S):
            await peer.sent.wait()
    await _closed(peer.socket)


async def _closed(socket: web.WebSocketResponse) -> None:
    await socket.close(code=1008)

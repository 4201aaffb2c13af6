"""The I/O of an agent that talks to a venue: websockets that stay open, and REST calls whose end is always told.

Nothing here knows what a frame or a reply means, or which venue it is. The venue's `Signer` completes a request; our own
session sends it, so that status and body arrive as they are and a failure is told with what it proves. Only a connection
that was never made proves that a request was not sent: everything else after that is UNKNOWN, and no request that creates
something is ever sent twice from here.

A venue that takes orders over a websocket is given them that way while that is open (`agents.venues.order_link`); REST has
what does not go that way, and everything while it is not.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from agents.venues.base import Heartbeat
from agents.venues.http_client import Answer, HttpClient
from agents.venues.order_link import OrderLink
from agents.venues.order_socket import OrderWire
from agents.venues.owner_proof import OwnerProof
from agents.venues.shell_tasks import ShellTasks
from agents.venues.signing import Signer
from agents.venues.websocket import CONNECT_ERRORS, WebSocket, connect
from mesh.agent_io import Inputs
from mesh.context import CallOutcome, VenueCall, VenueReply

RECONNECT_S = 0.1
RECONNECT_S_MAX = 10.0
CONNECT_S_MAX = 10.0
SILENT_S_MAX = 20.0
"""A websocket whose peer does not answer a ping for half of this is closed and opened again."""
FRAME_BYTES_MAX = 16 << 20
"""A larger frame closes the websocket: what a peer sends must not decide how much memory is used here."""
PONG_BYTES_MAX = 256
"""Frames that are longer are no answer to a heartbeat and no heartbeat of the venue, and are not looked at for that."""
CLOSED_HERE = "closed here"

_encode = msgspec.json.Encoder().encode


class VenueShell:
    """Implements `mesh.agent_io.Shell` for one venue account."""

    def __init__(
        self,
        venue: str,
        signer: Signer,
        heartbeat: Heartbeat | None = None,
        order_wire: OrderWire | None = None,
        owner: OwnerProof | None = None,
    ) -> None:
        """Take the account of `venue`; nothing is opened before `start`.

        With a `heartbeat` each websocket sends that; without, the websocket's own ping is sent. Orders go over REST where
        there is no `order_wire`. With an `owner`, nothing signed leaves before that is proven.
        """
        self._signer = signer
        self._heartbeat = heartbeat
        self._order_wire = order_wire
        self._owner = owner
        self._orders: OrderLink | None = None
        self._sockets: dict[str, Kept] = {}
        self._open: dict[str, WebSocket] = {}
        self._tls: ssl.SSLContext | None = None
        self._tasks = ShellTasks(venue)
        self._stopped = False
        self._inputs: Inputs
        self._http: HttpClient

    async def start(self, inputs: Inputs) -> None:
        """Get ready to carry out effects."""
        self._inputs = inputs
        self._http = HttpClient(self._trusted)
        if self._order_wire is not None:
            self._orders = OrderLink(self._order_wire, self._signer, inputs)
        if self._owner is not None:
            self._tasks.begin(self._owner.ask(self._send_request))

    async def stop(self) -> None:
        """Close every connection; nothing is delivered afterwards."""
        self._stopped = True
        if self._orders is not None:
            self._orders.stop()
        await self._tasks.cancel()
        self._sockets.clear()
        await self._http.close()

    def open_socket(self, connection: str, url: str) -> None:
        """Open the websocket and keep it open, with backoff, until it is closed."""
        self.close_socket(connection)
        if self._orders is not None and self._orders.is_on(connection):
            self._orders.wanted(connection)
        kept = self._sockets[connection] = Kept()
        kept.task = self._tasks.begin(self._keep_open(connection, url, kept))

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Send one JSON message, signed with the venue account's key if asked; a closed socket drops it."""
        socket = self._open.get(connection)
        if socket is not None:
            socket.write(_encode(self._signer.message(message) if signed else message))

    def close_socket(self, connection: str) -> None:
        """Close the websocket for good; nothing more is told of it."""
        kept = self._sockets.pop(connection, None)
        if kept is not None:
            kept.closed = True
            kept.task.cancel()
            socket = self._open.pop(connection, None)
            if socket is not None:
                # What waits on it is for nobody any more, and the task learns of its end a turn later.
                socket.end(CLOSED_HERE)

    def set_venue_clock(self, offset_ns: int) -> None:
        """Have the signer write the venue's time."""
        self._signer.set_clock(offset_ns)

    def call(self, call_id: int, call: VenueCall) -> None:
        """Make a call, over the order socket or REST, and deliver its end as `VenueReply` with `call_id`."""
        over_socket = self._orders is not None and self._orders.call(call_id, call)
        if not over_socket and not self._send_now(call_id, call):
            self._tasks.begin(self._call(call_id, call))

    def _send_now(self, call_id: int, call: VenueCall) -> bool:
        """Make a call that changes something without a task, if a connection is warm and whose key it is is known."""
        if call.method == "GET" or (self._owner is not None and call.signed and not self._owner.proven):
            return False
        request = self._signer.request(call)
        return request is not None and self._http.send(
            call.method, request, call.timeout_ms / 1000, partial(self._replied, call_id, call)
        )

    def _replied(self, call_id: int, call: VenueCall, answer: Answer) -> None:
        if self._stopped:
            return
        try:
            self._inputs.venue_replied(_reply(call_id, call, answer))
        except BaseException as error:
            # The loop takes an OSError out of here for the connection's own, and the agent would live on deaf.
            self._tasks.failed(error)
            raise

    async def _keep_open(self, connection: str, url: str, kept: "Kept") -> None:
        orders = None if self._orders is None or not self._orders.is_on(connection) else self._orders
        if self._owner is not None:
            await self._owner.wait()
        wait_s = RECONNECT_S
        while True:
            good, reason = await self._connect(connection, url, orders, kept)
            if kept.closed or (orders is not None and orders.is_over(connection)):
                return
            wait_s = RECONNECT_S if good else min(wait_s * 2, RECONNECT_S_MAX)
            if orders is None or orders.shared:
                self._inputs.socket_changed(connection, False, reason)
            await asyncio.sleep(wait_s)
            if orders is not None and orders.is_over(connection):
                return

    async def _connect(self, connection: str, url: str, orders: OrderLink | None, kept: "Kept") -> tuple[bool, str]:
        """Hold one websocket until it ends; return whether it was of use and why it ended.

        What the agent raises while it handles a frame is not an end of the websocket: it goes through.
        """
        heartbeat = orders.heartbeat if orders is not None and not orders.shared else self._heartbeat
        try:
            # Not `wait_for`, which forgets a cancellation that comes just when the connection is made (3.11).
            async with asyncio.timeout(CONNECT_S_MAX):
                socket = await connect(url, FRAME_BYTES_MAX, self._trusted, SILENT_S_MAX if heartbeat is None else 0)
        except CONNECT_ERRORS as error:
            reason = f"{type(error).__name__}: {error}"
            if orders is not None:
                orders.closed(connection, reason)
            return False, reason
        self._open[connection] = socket
        beats = None if heartbeat is None else self._tasks.begin(beat(socket, heartbeat))
        reason = CLOSED_HERE
        try:
            if orders is None or orders.shared:
                self._inputs.socket_changed(connection, True, "")
            if orders is not None:
                orders.opened(connection, socket)
            socket.start(self._taker(connection, socket, heartbeat, orders))
            reason = await socket.wait()
        finally:
            self._open.pop(connection, None)
            if orders is not None:
                orders.closed(connection, reason)
            if beats is not None:
                beats.cancel()
            await socket.finish(CLOSED_HERE)
        return orders.was_ready(connection) if orders is not None and not orders.shared else socket.frames > 0, reason

    def _taker(
        self, connection: str, socket: WebSocket, heartbeat: Heartbeat | None, orders: OrderLink | None
    ) -> Callable[[bytes], None]:
        """Return what takes the frames of a connection, which is made of what that needs and no more."""
        deliver = partial(self._inputs.frame_received, connection)
        if orders is not None:
            deliver = partial(_take_order_frame, partial(orders.take, connection), deliver)
        return deliver if heartbeat is None else partial(_take_beaten_frame, socket, heartbeat, deliver)

    def _trusted(self) -> ssl.SSLContext:
        """Return whom websockets trust under TLS: what this host does."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    async def _call(self, call_id: int, call: VenueCall) -> None:
        self._inputs.venue_replied(await self._request(call_id, call))

    async def _request(self, call_id: int, call: VenueCall) -> VenueReply:
        owner = self._owner
        if owner is not None and call.signed and not await owner.wait(call.timeout_ms / 1000):
            return VenueReply(call_id, call, CallOutcome.NOT_SENT, text=f"whose key it is: {owner.trouble}")
        return await self._send_request(call, call_id)

    async def _send_request(self, call: VenueCall, call_id: int = 0) -> VenueReply:
        request = self._signer.request(call)
        if request is None:
            return VenueReply(call_id, call, CallOutcome.NOT_SENT, text=f"no signed path {call.path} for this account")
        return _reply(call_id, call, await self._http.request(call.method, request, call.timeout_ms / 1000))


class Kept:
    """A websocket that is opened again whenever it ends, until it is closed for good."""

    task: asyncio.Task[None]
    closed = False


async def beat(socket: WebSocket, heartbeat: Heartbeat) -> None:
    """Send the heartbeat every so often; close the websocket if nothing at all came since the one before."""
    before = -1
    while True:
        await asyncio.sleep(heartbeat.interval_ms / 1000)
        if socket.frames == before:
            socket.end(f"silent for {heartbeat.interval_ms} ms after a heartbeat")
            return
        before = socket.frames
        socket.write(heartbeat.ping.encode())


def _reply(call_id: int, call: VenueCall, answer: Answer) -> VenueReply:
    return VenueReply(call_id, call, answer.outcome, answer.status, answer.body, answer.headers, answer.text)


def _take_order_frame(take: Callable[[bytes], bool], deliver: Callable[[bytes], None], frame: bytes) -> None:
    if not take(frame):
        deliver(frame)


def _take_beaten_frame(socket: WebSocket, heartbeat: Heartbeat, deliver: Callable[[bytes], None], frame: bytes) -> None:
    """Deliver a frame unless it is an answer to the heartbeat, or the venue's own, which is answered."""
    if len(frame) <= PONG_BYTES_MAX:
        if heartbeat.asked and frame == heartbeat.asked:
            socket.write(heartbeat.answer.encode())
            return
        if heartbeat.pong in frame:
            return
    deliver(frame)

"""The I/O of an agent that talks to a venue: websockets that stay open, and REST calls whose end is always told.

Nothing here knows what a frame or a reply means, or which venue it is. The venue's `Signer` completes a request; our own
session sends it, so that status and body arrive as they are and a failure is told with what it proves. Only a connection
that was never made proves that a request was not sent: everything else after that is UNKNOWN, and no request that creates
something is ever sent twice from here.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from agents.venues.base import Heartbeat
from agents.venues.signing import Signer
from mesh.agent_io import FRAME_TOO_LARGE, Inputs
from mesh.context import CallOutcome, VenueCall, VenueReply

RECONNECT_S = 0.1
RECONNECT_S_MAX = 10.0
CONNECT_S_MAX = 10.0
CLOSE_S_MAX = 1.0
SILENT_S_MAX = 20.0
"""A websocket whose peer does not answer a ping for half of this is closed and opened again."""
FRAME_BYTES_MAX = 16 << 20
"""A larger frame closes the websocket: what a peer sends must not decide how much memory is used here."""
PONG_BYTES_MAX = 256
"""Frames that are longer are no answer to a heartbeat and no heartbeat of the venue, and are not looked at for that."""

_FRAME_TYPES = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
"""Looked up once: finding a member in its enumeration runs Python code (3.11)."""

_encode = msgspec.json.Encoder().encode


class VenueShell:
    """Implements `mesh.agent_io.Shell` for one venue account."""

    def __init__(self, venue: str, signer: Signer, heartbeat: Heartbeat | None = None) -> None:
        """Take the account of `venue`; nothing is opened before `start`.

        With a `heartbeat` each websocket sends that; without, the websocket's own ping is sent.
        """
        self._venue = venue
        self._signer = signer
        self._heartbeat = heartbeat
        self._sockets: dict[str, Kept] = {}
        self._open: dict[str, aiohttp.ClientWebSocketResponse[bool]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._inputs: Inputs
        self._session: aiohttp.ClientSession

    async def start(self, inputs: Inputs) -> None:
        """Get ready to carry out effects."""
        self._inputs = inputs
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def stop(self) -> None:
        """Close every connection; nothing is delivered afterwards."""
        tasks = [*(kept.task for kept in self._sockets.values()), *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._sockets.clear()
        await self._session.close()

    def open_socket(self, connection: str, url: str) -> None:
        """Open the websocket and keep it open, with backoff, until it is closed."""
        self.close_socket(connection)
        kept = self._sockets[connection] = Kept()
        kept.task = self._task(self._keep_open(connection, url, kept))

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Send one JSON message, signed with the venue account's key if asked; a closed socket drops it."""
        socket = self._open.get(connection)
        if socket is not None and not socket.closed:
            payload = self._signer.message(message) if signed else message
            self._tasks.add(self._task(self._send(socket, _encode(payload).decode())))

    def close_socket(self, connection: str) -> None:
        """Close the websocket for good; nothing more is told of it."""
        kept = self._sockets.pop(connection, None)
        if kept is not None:
            kept.closed = True
            kept.task.cancel()

    def set_venue_clock(self, offset_ns: int) -> None:
        """Have the signer write the venue's time."""
        self._signer.set_clock(offset_ns)

    def call(self, call_id: int, call: VenueCall) -> None:
        """Make a REST call and deliver its end as `VenueReply` with `call_id`."""
        self._tasks.add(self._task(self._call(call_id, call)))

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Hand what a task raised to the loop, which ends the process: an agent must not live on deaf."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            context = {"message": f"the shell of venue {self._venue} failed", "exception": error}
            task.get_loop().call_exception_handler(context)

    async def _keep_open(self, connection: str, url: str, kept: "Kept") -> None:
        wait_s = RECONNECT_S
        while True:
            frames, reason = await self._connect(connection, url, kept)
            if kept.closed:
                return
            wait_s = RECONNECT_S if frames else min(wait_s * 2, RECONNECT_S_MAX)
            self._inputs.socket_changed(connection, False, reason)
            await asyncio.sleep(wait_s)

    async def _connect(self, connection: str, url: str, kept: "Kept") -> tuple[int, str]:
        """Hold one websocket until it ends; return how many frames came and why it ended.

        What the agent raises while it handles a frame is not an end of the websocket: it goes through.
        """
        try:
            # Not `wait_for`, which forgets a cancellation that comes just when the connection is made (3.11).
            async with asyncio.timeout(CONNECT_S_MAX):
                socket = await self._session.ws_connect(
                    url,
                    max_msg_size=FRAME_BYTES_MAX,
                    heartbeat=SILENT_S_MAX if self._heartbeat is None else None,
                    decode_text=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S_MAX),
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return 0, f"{type(error).__name__}: {error}"
        heard = Heard()
        self._open[connection] = socket
        beats = None if self._heartbeat is None else self._task(self._beat(socket, self._heartbeat, heard))
        try:
            self._inputs.socket_changed(connection, True, "")
            # A task that closes its own websocket is not ended by that while frames are there without waiting.
            while not kept.closed:
                try:
                    message = await socket.receive()
                except (aiohttp.ClientError, OSError) as error:
                    return heard.frames, f"{type(error).__name__}: {error}"
                if message.type not in _FRAME_TYPES:
                    return heard.frames, heard.nothing or _end(message.type, socket.close_code, message.extra)
                heard.frames += 1
                frame = bytes(message.data)
                if self._heartbeat is None or not self._is_beat(socket, frame, self._heartbeat):
                    self._inputs.frame_received(connection, frame)
            return heard.frames, "closed here"
        finally:
            self._open.pop(connection, None)
            if beats is not None:
                beats.cancel()
            await socket.close()

    def _is_beat(self, socket: "aiohttp.ClientWebSocketResponse[bool]", frame: bytes, heartbeat: Heartbeat) -> bool:
        """Return whether a frame is an answer to the heartbeat, or the venue's own, which is answered."""
        if len(frame) > PONG_BYTES_MAX:
            return False
        if heartbeat.asked and frame == heartbeat.asked:
            self._tasks.add(self._task(self._send(socket, heartbeat.answer)))
            return True
        return heartbeat.pong in frame

    async def _beat(
        self, socket: "aiohttp.ClientWebSocketResponse[bool]", heartbeat: Heartbeat, heard: "Heard"
    ) -> None:
        """Send the heartbeat every so often; close the websocket if nothing at all came since the one before."""
        before = -1
        while True:
            await asyncio.sleep(heartbeat.interval_ms / 1000)
            if heard.frames == before:
                heard.nothing = f"silent for {heartbeat.interval_ms} ms after a heartbeat"
                await socket.close()
                return
            before = heard.frames
            await self._send(socket, heartbeat.ping)

    async def _send(self, socket: "aiohttp.ClientWebSocketResponse[bool]", text: str) -> None:
        try:
            await socket.send_str(text)
        except (aiohttp.ClientError, OSError):
            # The reader sees the same end of the connection and tells it.
            await socket.close()

    async def _call(self, call_id: int, call: VenueCall) -> None:
        self._inputs.venue_replied(await self._request(call_id, call))

    async def _request(self, call_id: int, call: VenueCall) -> VenueReply:
        request = self._signer.request(call)
        if request is None:
            return VenueReply(call_id, call, CallOutcome.NOT_SENT, text=f"no signed path {call.path} for this account")
        timeout_s = call.timeout_ms / 1000
        try:
            async with self._session.request(
                call.method,
                URL(request.url, encoded=True),
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 2),
            ) as response:
                body = await response.read()
                headers = {name.title(): value for name, value in response.headers.items()}
                return VenueReply(call_id, call, CallOutcome.ANSWERED, response.status, body, headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            return VenueReply(call_id, call, CallOutcome.NOT_SENT, text=f"{type(error).__name__}: {error}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return VenueReply(call_id, call, CallOutcome.UNKNOWN, text=f"{type(error).__name__}: {error}")


class Kept:
    """A websocket that is opened again whenever it ends, until it is closed for good."""

    task: asyncio.Task[None]
    closed = False


class Heard:
    """What has come on one websocket."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.frames = 0
        self.nothing = ""
        """That nothing came any more, if the websocket was closed for that."""


def _end(kind: aiohttp.WSMsgType, code: int | None, text: object) -> str:
    """Return why a websocket ended, by the message that is no frame."""
    if code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG and kind == aiohttp.WSMsgType.ERROR:
        return f"{FRAME_TOO_LARGE}: more than {FRAME_BYTES_MAX} bytes"
    return f"closed: {kind.name} {code or ''} {text or ''}".rstrip()

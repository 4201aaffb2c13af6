"""One websocket of a venue on the event loop: picows speaks the protocol, and this says what an end of it means.

A frame is handed over within the turn of the loop that read it, and a message has left when it was written, whatever that
turn does next; under TLS too. A task, a queue and another turn for each frame would cost more than all that is done with
it. What finds no room in the kernel waits in its order.

What whoever takes a frame raises is no end of the websocket that could be opened again: it comes out of `wait`.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable

import aiohappyeyeballs
from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSParsedURL,
    WSProtocolError,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    ws_connect,
)

from mesh.agent_io import FRAME_TOO_LARGE

CLOSE_S_MAX = 1.0
NEXT_ADDRESS_S = 0.25
"""How long an address of a host has before the next one is tried beside it."""
UNSENT_BYTES_MAX = 16 << 20
"""A websocket on which more waits to be sent is closed: the venue does not read it."""
AGENT = {"User-Agent": "tickmesh"}

CONNECT_ERRORS = (OSError, TimeoutError, ValueError, WSError)
"""What `connect` raises where there is no websocket to be had."""

_quiet = logging.Logger("picows", logging.CRITICAL)
"""Why a websocket ended is told as its reason, once, by those who know which one it was."""


async def connect(url: str, bytes_max: int, tls: Callable[[], ssl.SSLContext], silent_s: float = 0) -> "WebSocket":
    """Open a websocket; nothing of it is handed over before `start`.

    Messages of more than `bytes_max` will end it. `tls` is asked whom to trust where the URL wants that. With `silent_s`
    the venue is pinged when nothing has come for as long, and has half of it to answer.

    Raises:
        OSError: If nobody is there (DNS too), or TLS fails.
        ValueError: If the URL is none.
        WSError: If it is none of a websocket, or what answers opens none.
    """
    reached: list[socket.socket] = []

    async def reach(at: WSParsedURL) -> socket.socket:
        found = await asyncio.get_running_loop().getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
        plain = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=NEXT_ADDRESS_S)
        reached.append(plain)
        return plain

    def made(_: WSUpgradeRequest, answer: WSUpgradeResponse) -> WebSocket:
        if "Sec-WebSocket-Extensions" in answer.headers:
            raise WSHandshakeError("an extension that was not asked for")
        return WebSocket(bytes_max)

    try:
        _, opened = await ws_connect(
            made,
            url,
            ssl_context=tls() if url.startswith("wss:") else None,
            websocket_handshake_timeout=None,
            logger_name=_quiet,
            enable_auto_ping=silent_s > 0,
            auto_ping_idle_timeout=silent_s,
            auto_ping_reply_timeout=silent_s / 2,
            max_frame_size=bytes_max,
            extra_headers=AGENT,
            max_redirects=0,
            socket_factory=reach,
        )
        if not isinstance(opened, WebSocket):
            raise WSHandshakeError("the connection was closed before the websocket was open")
        return opened
    except BaseException:
        # A handshake that nobody waits for any more would go on: its end makes picows give up.
        for plain in reached:
            with contextlib.suppress(OSError):
                plain.shutdown(socket.SHUT_RDWR)
        raise


class WebSocket(WSListener):
    """A websocket that is open; implements `agents.venues.order_lines.Writable`."""

    _transport: WSTransport
    _ended: "asyncio.Task[str]"

    def __init__(self, bytes_max: int) -> None:
        """Take messages of at most `bytes_max`."""
        self.frames = 0
        """How many messages have come."""
        self._bytes_max = bytes_max
        self._early: list[bytes] = []
        self._deliver: Callable[[bytes], None] = self._early.append
        self._begun: bytearray | None = None
        self._left = False
        """Whether it was closed from here."""
        self._over = False
        """Whether nothing more is handed over."""
        self._reason = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ended(self) -> bool:
        """Whether the connection is gone."""
        return self._ended.done()

    def start(self, deliver: Callable[[bytes], None]) -> None:
        """Hand each message to `deliver`, beginning with what came right behind the handshake."""
        self._deliver = deliver
        for message in self._early:
            if self._left:
                return
            deliver(message)

    def write(self, message: bytes) -> bool:
        """Send a text message at once; False is proof that nothing of it left."""
        transport = self._transport
        if transport.is_close_frame_sent or transport.is_disconnected or transport.underlying_transport.is_closing():
            return False
        transport.send(WSMsgType.TEXT, message)
        return True

    def end(self, reason: str) -> None:
        """Close the websocket in order, for a reason that is told; it has ended when the other side has closed it too."""
        self._left = self._over = True
        if self._timer is None:
            self._reason = reason
            self._close(WSCloseCode.OK)

    async def wait(self) -> str:
        """Return why the websocket has ended, once it has.

        Raises:
            Exception: What whoever took a frame has raised.
        """
        await asyncio.wait((self._ended,))
        return self._ended.result()

    async def finish(self, reason: str) -> None:
        """Close the websocket in order and wait for that, but not for long."""
        self.end(reason)
        await asyncio.wait((self._ended,))

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take the connection."""
        self._transport = transport
        self._ended = asyncio.get_running_loop().create_task(self._until_ended())
        transport.underlying_transport.set_write_buffer_limits(high=UNSENT_BYTES_MAX)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand over the message that a frame is, or is the end of; nothing more once the websocket is being closed."""
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._over = True
            code = frame.get_close_code()
            self._close(code if code.value else WSCloseCode.OK)
            transport.disconnect()
        elif not self._over and kind != WSMsgType.PONG:
            # This frame is whole, but what stands behind it may have been refused already.
            self._over = transport.is_close_frame_sent
            message = self._message(kind, frame)
            if message is not None:
                self.frames += 1
                self._hand_over(message)

    def pause_writing(self) -> None:
        """Close a websocket that the venue does not read."""
        self.end(f"the venue does not read: more than {UNSENT_BYTES_MAX} bytes wait to be sent")

    def resume_writing(self) -> None:
        """Do nothing: what waited is being closed."""

    def _hand_over(self, message: bytes) -> None:
        try:
            self._deliver(message)
        except BaseException:
            self._over = True
            self._transport.disconnect(graceful=False)
            raise

    def _message(self, kind: WSMsgType, frame: WSFrame) -> bytes | None:
        """Return the message that a frame completes."""
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise self._refused(WSCloseCode.PROTOCOL_ERROR, "a frame of an extension that was not agreed on")
        begun = self._begun
        if (kind == WSMsgType.CONTINUATION) != (begun is not None):
            raise self._refused(WSCloseCode.PROTOCOL_ERROR, "parts of a message that do not follow each other")
        if (0 if begun is None else len(begun)) + frame.payload_size > self._bytes_max:
            raise self._refused(WSCloseCode.MESSAGE_TOO_BIG, "a message that is too large")
        if begun is None:
            if frame.fin:
                return frame.get_payload_as_bytes()
            self._begun = bytearray(frame.get_payload_as_memoryview())
            return None
        begun += frame.get_payload_as_memoryview()
        if not frame.fin:
            return None
        self._begun = None
        return bytes(begun)

    def _refused(self, code: WSCloseCode, what: str) -> WSProtocolError:
        self._over = True
        return WSProtocolError(code, what)

    def _close(self, code: WSCloseCode) -> None:
        """Send that the websocket is closed, which is answered soon or not waited for."""
        if self._timer is None:
            # Before anything is written: that may find that the venue does not read, which asks for this again.
            self._timer = asyncio.get_running_loop().call_later(CLOSE_S_MAX, self._transport.disconnect, False)
            self._transport.send_close(code)

    async def _until_ended(self) -> str:
        try:
            await self._transport.wait_disconnected()
        except WSProtocolError as error:
            if error.code == WSCloseCode.MESSAGE_TOO_BIG:
                return f"{FRAME_TOO_LARGE}: more than {self._bytes_max} bytes"
            return f"closed: {error.code.value} the venue has broken the protocol: {error}"
        finally:
            if self._timer is not None:
                self._timer.cancel()
        if self._reason:
            return self._reason
        told = self._transport.close_handshake
        if not told:
            return f"closed: {WSCloseCode.ABNORMAL_CLOSURE.value}"
        if told.recv:
            return f"closed: {told.recv.code.value or ''} {told.recv.reason or ''}".rstrip()
        # Nothing else is sent from here that has not been told above: no answer to a ping came.
        return told.sent.reason if told.sent else ""

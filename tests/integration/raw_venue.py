"""A server of websockets that sends what a test writes, byte by byte: what no library that keeps the protocol would."""

import asyncio
import base64
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def sent(opcode: int, payload: bytes, first: int = 0x80) -> bytes:
    """Write a frame as a server does, by the table of RFC 6455, 5.2."""
    size = len(payload)
    if size < 126:
        length = bytes([size])
    elif size < 65_536:
        length = b"\x7e" + size.to_bytes(2, "big")
    else:
        length = b"\x7f" + size.to_bytes(8, "big")
    return bytes([first | opcode]) + length + payload


def unmasked(frames: bytes) -> list[tuple[int, bytes]]:
    """Read frames of a client: their opcodes and payloads."""
    found = []
    while frames:
        assert frames[0] & 0x80
        assert frames[1] & 0x80, "a client masks"
        size, at = frames[1] & 0x7F, 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(frames[2 : 2 + width], "big"), 2 + width
        key, payload = frames[at : at + 4], frames[at + 4 : at + 4 + size]
        assert len(payload) == size
        found.append((frames[0] & 0x0F, bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))))
        frames = frames[at + 4 + size :]
    return found


def accept_of(key: str) -> str:
    """Return the proof of a handshake, by RFC 6455, 4.2.2."""
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


def answer(head: bytes, old: str = "", new: str = "") -> bytes:
    """Return the answer to a client's handshake, with `new` for `old` in it."""
    lines = head.decode().split("\r\n")
    key = next(line.split(": ")[1] for line in lines if line.startswith("Sec-WebSocket-Key"))
    good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nsec-websocket-accept: {}"
    return good.replace(old, new).format(accept_of(key)).encode() + b"\r\n\r\n"


@contextlib.asynccontextmanager
async def raw_venue(
    serve: Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Have `serve` take each connection, with its handshake; give the port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]

"""A websocket against RFC 6455: its own examples, every way to cut them, and what a server must not send."""

import asyncio
import gc
import ssl

import pytest
import uvloop

from agents.venues import websocket
from agents.venues.websocket import CONNECT_ERRORS, connect
from mesh.agent_io import FRAME_TOO_LARGE
from tests.integration.raw_venue import BINARY, CLOSE, PING, PONG, TEXT, answer, raw_venue, sent, unmasked
from tests.integration.tls import certified

HELLO = bytes.fromhex("810548656c6c6f")  # RFC 6455, 5.7: an unmasked text message
PARTS = bytes.fromhex("010348656c") + bytes.fromhex("80026c6f")  # the same in two frames
PINGED = bytes.fromhex("890548656c6c6f")
LOOPS = (asyncio.new_event_loop, uvloop.new_event_loop)


def run(test, loop=uvloop.new_event_loop):
    """Run a test; what reaches the loop's handler would end an agent's process."""
    unheard = []

    async def watched():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        await asyncio.wait_for(test(), 30)
        gc.collect()
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(watched())
    assert unheard == []


def opened(port, bytes_max=1 << 20, silent_s=0.0):
    return connect(f"ws://127.0.0.1:{port}/ws?a=b@c", bytes_max, ssl.create_default_context, silent_s)


def serving(*pieces, got=None, pause_s=0.0):
    """Return a server that sends pieces and tells what came until the end."""

    async def serve(head, reader, writer):
        writer.write(answer(head))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        frames = await reader.read(-1)
        if got is not None:
            got.put_nowait((head, frames))

    return serve


def ended_by(*pieces, bytes_max=1 << 20):
    """Return the messages of pieces, why the websocket has ended after them, and what was sent to the server."""
    found = []

    async def test():
        got = asyncio.Queue()
        async with raw_venue(serving(*pieces, got=got)) as port:
            socket = await opened(port, bytes_max)
            messages = []
            socket.start(messages.append)
            reason = await socket.wait()
            found.extend((messages, reason, unmasked((await got.get())[1])))

    run(test)
    return found


def test_the_request_asks_for_the_whole_address():
    async def test():
        got = asyncio.Queue()
        async with raw_venue(serving(got=got)) as port:
            socket = await opened(port)
            await socket.finish("done")
            assert await socket.wait() == "done"
            head, frames = await got.get()
            lines = head.decode().split("\r\n")
            assert lines[0] == "GET /ws?a=b@c HTTP/1.1"
            assert f"Host: 127.0.0.1:{port}" in lines
            assert "User-Agent: tickmesh" in lines
            assert "Extensions" not in head.decode()
            assert unmasked(frames) == [(CLOSE, b"\x03\xe8")]

    run(test)


@pytest.mark.parametrize("loop", LOOPS)
def test_messages_come_out_the_same_however_they_are_cut(loop):
    stream = HELLO + PARTS + sent(TEXT, b"z" * 130) + PINGED + sent(BINARY, b"") + PARTS[:5] + PINGED + PARTS[5:]
    whole = [b"Hello", b"Hello", b"z" * 130, b"", b"Hello"]
    pieces = [piece for at in range(1, len(stream)) for piece in (stream[:at], stream[at:])]
    pieces += [bytes([byte]) for byte in stream]

    async def test():
        async with raw_venue(serving(*pieces, sent(CLOSE, b""), pause_s=0.0005)) as port:
            socket = await opened(port)
            messages = []
            socket.start(messages.append)
            assert await socket.wait() == "closed:"
            assert messages == whole * len(stream)
            assert socket.frames == len(messages)

    run(test, loop)


@pytest.mark.parametrize("size", [0, 125, 126, 127, 65_535, 65_536, 1 << 20])
def test_messages_of_every_length_come(size):
    assert ended_by(sent(TEXT, b"x" * size), sent(CLOSE, b"\x03\xe8bye"))[:2] == [[b"x" * size], "closed: 1000 bye"]


def test_what_comes_right_behind_the_handshake_waits_for_who_takes_it():
    async def test():
        async with raw_venue(serving(HELLO + sent(TEXT, b"2"))) as port:
            socket = await opened(port)
            await asyncio.sleep(0.05)
            messages = []
            socket.start(messages.append)
            assert messages == [b"Hello", b"2"]
            await socket.finish("")

    run(test)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (bytes.fromhex("818537fa213d7f9f4d5158"), 1002),  # RFC 6455, 5.7: masked, as only a client may
        (bytes([0xC1, 1, 120]), 1002),  # compressed, which was not agreed on
        (bytes([0x83, 0]), 1002),  # opcodes that are not defined
        (bytes([0x8B, 0]), 1002),
        (bytes([0x09, 0]), 1002),  # a ping in parts
        (sent(PING, b"x" * 126), 1002),
        (bytes([0x80, 0]), 1002),  # the rest of nothing
        (bytes.fromhex("010348656c") + HELLO, 1002),  # another message within one
        (sent(TEXT, b"x" * 1001), 1009),
        (sent(TEXT, b"x" * 1001)[:4], 1009),  # refused by its length alone
        (sent(TEXT, b"x" * 600, 0) + sent(0, b"x" * 600), 1009),
        (b"\x81\x7f\x7f" + b"\xff" * 7, 1009),
        (b"\x81\x7f" + b"\xff" * 8, 1002),
    ],
)
def test_what_a_server_must_not_send_ends_the_connection(frame, code):
    messages, reason, told = ended_by(HELLO + frame, HELLO, bytes_max=1000)
    assert messages == [b"Hello"], "what came before it, and nothing after"
    assert reason.startswith(FRAME_TOO_LARGE if code == 1009 else "closed: 1002 the venue has broken the protocol: ")
    assert [(kind, payload[:2]) for kind, payload in told] == [(CLOSE, code.to_bytes(2, "big"))]


@pytest.mark.parametrize(
    ("end", "reason", "told"),
    [
        (b"", "closed: 1006", []),
        (sent(CLOSE, b""), "closed:", [(CLOSE, b"\x03\xe8")]),
        (PINGED + sent(CLOSE, b"\x03\xe9"), "closed: 1001", [(PONG, b"Hello"), (CLOSE, b"\x03\xe9")]),
        (sent(CLOSE, b"\x0f\xa1slow consumer"), "closed: 4001 slow consumer", [(CLOSE, b"\x0f\xa1")]),
    ],
)
def test_an_end_is_told_with_what_the_server_said(end, reason, told):
    async def test():
        got = asyncio.Queue()

        async def serve(head, reader, writer):
            writer.write(answer(head) + end)
            if end:
                got.put_nowait(unmasked(await reader.read(-1)))

        async with raw_venue(serve) as port:
            socket = await opened(port)
            socket.start([].append)
            assert await socket.wait() == reason
            assert not socket.write(b"1"), "nothing leaves after the end"
            if end:
                assert await got.get() == told

    run(test)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("101 Switching Protocols", "404 Not Found", "404"),
        ("101 Switching Protocols", "302 Found\r\nLocation: ws://127.0.0.1/", "302"),
        ("HTTP/1.1 101 Switching Protocols", "SSH-2.0", "unknown protocol"),
        ("Upgrade: WebSocket", "Upgrade: h2c", "invalid upgrade"),
        ("{}", "other", "sec-websocket-accept"),
        ("{}", "{}\r\nSec-WebSocket-Extensions: permessage-deflate", "not asked for"),
    ],
)
def test_only_an_answer_that_fits_opens_a_websocket(old, new, told):
    async def test():
        async def serve(head, reader, writer):
            writer.write(answer(head, old, new))
            assert await reader.read(-1) == b""

        async with raw_venue(serve) as port:
            with pytest.raises(CONNECT_ERRORS, match=told):
                await opened(port)

    run(test)


def test_a_connection_that_ends_in_the_handshake_opens_no_websocket():
    async def test():
        async def serve(head, reader, writer):
            writer.write(answer(head)[:40])

        async with raw_venue(serve) as port:
            with pytest.raises(CONNECT_ERRORS, match="closed before"):
                await opened(port)

    run(test)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ws://127.0.0.1:1/", "ws://", "ws://no.such.host.invalid/"])
def test_where_no_websocket_is_one_error_says_so(url):
    async def test():
        with pytest.raises(CONNECT_ERRORS):
            await connect(url, 1000, ssl.create_default_context)

    run(test)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_handshake_that_nobody_waits_for_any_more_leaves_no_connection(scheme, loop):
    async def test():
        ends = asyncio.Queue()

        async def handle(reader, writer):
            await reader.read(-1)
            ends.put_nowait(True)
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await connect(f"{scheme}://127.0.0.1:{port}/", 1000, ssl.create_default_context)
            assert await asyncio.wait_for(ends.get(), 5)

    run(test, loop)


def test_a_certificate_for_another_host_is_refused(tmp_path, monkeypatch):
    tls = certified(tmp_path, monkeypatch, "other.host")

    async def test():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(ssl.SSLCertVerificationError):
                await connect(f"wss://localhost:{port}/", 1000, ssl.create_default_context)

    run(test)


@pytest.mark.parametrize("loop", LOOPS)
def test_what_a_message_leads_to_is_raised_once_and_nothing_is_handed_over_after_it(loop):
    async def test():
        begin = asyncio.Event()

        async def serve(head, reader, writer):
            writer.write(answer(head))
            await begin.wait()
            writer.write(sent(TEXT, b"1") + sent(TEXT, b"2") + sent(TEXT, b"3"))
            await reader.read(-1)

        async with raw_venue(serve) as port:
            socket = await opened(port)
            messages = []

            def take(message):
                messages.append(message)
                if message == b"2":
                    raise LookupError("no such thing")

            socket.start(take)
            begin.set()
            with pytest.raises(LookupError, match="no such thing"):
                await socket.wait()
            assert messages == [b"1", b"2"]

    run(test, loop)


def test_a_venue_that_answers_no_ping_is_silent_and_one_that_does_is_not():
    async def test():
        async def silent(head, reader, writer):
            writer.write(answer(head))
            await reader.read(-1)

        async def lively(head, reader, writer):
            writer.write(answer(head))
            while await reader.read(100):
                writer.write(sent(PONG, b""))

        async with raw_venue(lively) as port:
            socket = await opened(port, silent_s=0.1)
            socket.start([].append)
            await asyncio.sleep(0.5)
            assert not socket.ended
            await socket.finish("")
        async with raw_venue(silent) as port:
            socket = await opened(port, silent_s=0.1)
            socket.start([].append)
            assert "not replied to ping" in await socket.wait()

    run(test)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_venue_that_does_not_read_is_left_before_it_takes_all_memory(loop, monkeypatch):
    monkeypatch.setattr(websocket, "UNSENT_BYTES_MAX", 1 << 20)

    async def test():
        leave = asyncio.Event()

        async def serve(head, reader, writer):
            writer.transport.pause_reading()
            writer.write(answer(head))
            await leave.wait()

        async with raw_venue(serve) as port:
            socket = await opened(port)
            socket.start([].append)
            taken = 0
            while socket.write(b"x" * 100_000):
                taken += 1
            assert taken < 200
            assert (await socket.wait()).startswith("the venue does not read")
            leave.set()

    run(test, loop)

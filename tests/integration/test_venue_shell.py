"""The venue shell against a real server on loopback: signatures, what a failure proves, sockets that stay open."""

import asyncio
import errno
import hashlib
import hmac
import json
import socket
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from agents.venues.binance import spot
from agents.venues.credentials import Credentials, load_credentials
from agents.venues.http_ws import VenueShell
from mesh.agent import CallOutcome, VenueCall
from schemas.config import VenueConfig
from schemas.errors import ConfigError
from tests.integration.venue_shell_kit import ACCOUNT, KEY, SECRET, Received, run, running


def test_signed_calls_carry_key_time_window_and_a_signature_that_is_right():
    async def test():
        async with running(recv_window_ms=1234) as (shell, received, venue, _):
            shell.call(
                1, VenueCall("POST", "/api/v3/order", {"symbol": "BTCUSDT", "newClientOrderId": "T1"}, signed=True)
            )
            reply = await received.reply(1)
            assert (reply.outcome, reply.status, reply.body) == (CallOutcome.ANSWERED, 200, b'{"ok": true}')
            assert reply.headers["Retry-After"] == "3"
            method, path, _, headers, body = venue.requests[0]
            assert (method, path, headers["X-MBX-APIKEY"]) == ("POST", "/api/v3/order", KEY)
            text, _, signature = body.rpartition("&signature=")
            assert signature == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
            sent = dict(parse_qsl(text))
            assert sent.pop("timestamp").isdigit()
            assert sent == {"symbol": "BTCUSDT", "newClientOrderId": "T1", "recvWindow": "1234"}

    run(test)


@pytest.mark.parametrize("path", ["/api/v3/depth", "/fapi/v1/depth", "/fapi/v2/balance", "/fapi/v3/account"])
def test_public_calls_are_sent_as_they_are(path):
    async def test():
        async with running(credentials=None) as (shell, received, venue, _):
            shell.call(1, VenueCall("GET", path, {"symbol": "BTCUSDT", "limit": "5"}))
            await received.reply(1)
            assert venue.requests[0][:3] == ("GET", path, f"{path}?symbol=BTCUSDT&limit=5")

    run(test)


@pytest.mark.parametrize("status", [301, 400, 418, 429, 500, 503])
def test_every_status_is_an_answer_and_comes_with_its_body(status):
    async def test():
        async with running() as (shell, received, venue, _):
            venue.handler = lambda request: answer(status, b'{"code":-1}')
            shell.call(1, VenueCall("DELETE", "/api/v3/order", {"symbol": "BTCUSDT"}, signed=True))
            reply = await received.reply(1)
            assert (reply.outcome, reply.status, reply.body) == (CallOutcome.ANSWERED, status, b'{"code":-1}')
            assert len(venue.requests) == 1

    run(test)


async def answer(status, body):
    return web.Response(status=status, body=body)


def test_a_call_that_is_not_answered_in_time_is_unknown_and_was_sent_once():
    async def test():
        async with running() as (shell, received, venue, _):

            async def silent(request):
                await asyncio.sleep(5)

            venue.handler = silent
            shell.call(1, VenueCall("POST", "/api/v3/order", {}, signed=True, timeout_ms=200))
            reply = await received.reply(1)
            assert reply.outcome == CallOutcome.UNKNOWN
            assert len(venue.requests) == 1

    run(test)


def test_an_answer_that_is_cut_short_is_unknown():
    async def test():
        async with running() as (shell, received, venue, _):

            async def cut(request):
                response = web.StreamResponse(headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b'{"symbol":')
                request.transport.abort()
                return response

            venue.handler = cut
            shell.call(1, VenueCall("POST", "/api/v3/order", {}, signed=True))
            assert (await received.reply(1)).outcome == CallOutcome.UNKNOWN

    run(test)


def test_a_call_to_a_port_that_nobody_listens_on_is_proven_not_sent():
    async def test():
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        config = VenueConfig(id=1, name="b", kind="binance_spot", rest_url=url)
        shell = VenueShell(config.name, spot.signer(config, ACCOUNT))
        received = Received()
        await shell.start(received)
        shell.call(1, VenueCall("POST", "/api/v3/order", {}, signed=True))
        assert (await received.reply(1)).outcome == CallOutcome.NOT_SENT
        await shell.stop()

    run(test)


def test_what_cannot_be_signed_is_not_sent():
    async def test():
        async with running(credentials=None) as (shell, received, venue, _):
            shell.call(1, VenueCall("POST", "/api/v3/order", {}, signed=True))
            assert (await received.reply(1)).outcome == CallOutcome.NOT_SENT
            assert venue.requests == []

    run(test)


def test_frames_arrive_byte_for_byte_in_order_and_of_any_size():
    async def test():
        async with running() as (shell, received, venue, port):
            shell.open_socket("md", f"ws://127.0.0.1:{port}/ws/stream?streams=a@trade/b@depth")
            await received.until(lambda item: item[:3] == ("socket", "md", True))
            large = '{"x":"' + "\u00e9" * 6_000_000 + '"}'
            for text in ("1", large, "3"):
                await venue.sockets[0].send_str(text)
            await received.until(lambda item: item == ("frame", "md", b"3"))
            frames = [item[2] for item in received.items if item[0] == "frame"]
            assert frames == [b"1", large.encode(), b"3"]

    run(test)


def test_a_socket_that_closes_is_told_and_opened_again():
    async def test():
        async with running() as (shell, received, venue, port):
            shell.open_socket("md", f"ws://127.0.0.1:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "md", True))
            await venue.sockets[0].close(code=1001)
            down = await received.until(lambda item: item[:3] == ("socket", "md", False))
            assert "1001" in down[3]
            await received.until(lambda item: item[0] == "socket" and item[2] and venue.opened == 2)

    run(test)


@pytest.mark.parametrize("error", [KeyError("bug"), OSError(errno.ENOSPC, "No space left on device")])
@pytest.mark.parametrize("input_name", ["frame_received", "socket_changed", "venue_replied"])
def test_what_an_agent_raises_reaches_the_loop_and_is_not_an_end_of_the_socket(input_name, error):
    async def test():
        failures = asyncio.Queue()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.put_nowait(context))
        async with running() as (shell, received, venue, port):

            def fail(*_):
                raise error

            setattr(received, input_name, fail)
            if input_name == "venue_replied":
                shell.call(1, VenueCall("GET", "/api/v3/time", {}))
            else:
                shell.open_socket("md", f"ws://127.0.0.1:{port}/ws/x")
            if input_name == "frame_received":
                await received.until(lambda item: item[:3] == ("socket", "md", True))
                await venue.sockets[0].send_str("{}")
            context = await asyncio.wait_for(failures.get(), 10)
            assert context["exception"] is error
            assert "transport" not in context
            assert [item for item in received.items if item[0] == "socket" and not item[2]] == []

    run(test)


def test_a_socket_that_cannot_be_opened_is_told_with_the_reason():
    async def test():
        async with running() as (shell, received, _, port):
            shell.open_socket("md", f"ws://127.0.0.1:{port}/no-such-path")
            down = await received.until(lambda item: item[:3] == ("socket", "md", False))
            assert "expected upgrade response" in down[3]

    run(test)


def test_a_closed_socket_stays_closed_and_tells_nothing_more():
    async def test():
        async with running() as (shell, received, venue, port):
            shell.open_socket("md", f"ws://127.0.0.1:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "md", True))
            shell.open_socket("other", f"ws://127.0.0.1:{port}/ws/y")
            await received.until(lambda item: item[:3] == ("socket", "other", True))
            shell.close_socket("md")
            # Another socket is closed by the venue meanwhile, and opened again after the pause that this would have.
            await venue.sockets[1].close(code=1001)
            await received.until(lambda item: item[:3] == ("socket", "other", True) and venue.opened >= 3)
            assert [item for item in received.items if item[1] == "md"] == [("socket", "md", True, "")]
            assert venue.opened == 3
            assert venue.sockets[0].closed

    run(test)


def test_signed_messages_on_a_socket_carry_a_signature_that_is_right():
    async def test():
        async with running() as (shell, received, venue, port):
            shell.open_socket("user", f"ws://127.0.0.1:{port}/ws/api")
            await received.until(lambda item: item[:3] == ("socket", "user", True))
            shell.send_socket("user", {"id": "user-1", "method": "m", "params": {"b": 1}}, signed=True)
            message = json.loads(await asyncio.wait_for(venue.texts.get(), 10))
            params = message["params"]
            text = "&".join(f"{key}={params[key]}" for key in sorted(params) if key != "signature")
            assert params["signature"] == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
            assert (message["id"], message["method"], params["apiKey"], params["b"]) == ("user-1", "m", KEY, 1)

    run(test)


def test_a_message_for_a_socket_that_is_not_open_is_dropped():
    async def test():
        async with running() as (shell, received, _, _port):
            shell.send_socket("user", {"id": 1}, signed=False)
            assert received.items == []

    run(test)


def test_credentials_come_from_the_environment_or_from_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("DESK_KEY", "k")
    monkeypatch.setenv("DESK_SECRET", "s")
    venue = {"id": 1, "name": "b", "kind": "binance_spot"}
    assert load_credentials(VenueConfig(**venue, credentials="DESK")) == Credentials("k", "s")
    path = tmp_path / "account.toml"
    path.write_text('key = "fk"\nsecret = "fs"\n')
    found = load_credentials(VenueConfig(**venue, credentials=f"file:{path}"))
    assert (found.key, found.secret) == ("fk", "fs")
    assert "fs" not in repr(found)


@pytest.mark.parametrize("where", ["", "NOT_THERE", "file:/no/such/file.toml"])
def test_missing_credentials_are_named_by_key(where):
    with pytest.raises(ConfigError, match=r"venues\.b\.credentials"):
        load_credentials(VenueConfig(id=1, name="b", kind="binance_spot", credentials=where))

"""Calls over connections that stay open: what a broken one proves, whom it trusts, and where an agent's errors go."""

import asyncio
import errno

import pytest
import uvloop
from aiohttp import web

from mesh.agent import CallOutcome, VenueCall
from tests.integration.tls import certified
from tests.integration.venue_shell_kit import run, running


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_connection_that_breaks_after_the_request_is_unknown_and_a_create_is_not_sent_again(method):
    async def test():
        async with running() as (shell, received, venue, _):

            async def broken(request):
                request.transport.abort()

            venue.handler = broken
            shell.call(1, VenueCall(method, "/api/v3/order", {}, signed=True))
            assert (await received.reply(1)).outcome == CallOutcome.UNKNOWN
            if method == "POST":
                assert len(venue.requests) == 1

    run(test)


def test_under_tls_calls_go_over_one_connection_to_whom_this_host_trusts(tmp_path, monkeypatch):
    tls = certified(tmp_path, monkeypatch, "127.0.0.1")

    async def test():
        async with running(tls=tls) as (shell, received, venue, _):
            peers = []

            async def note(request):
                peers.append(request.transport.get_extra_info("peername"))
                return web.json_response({})

            venue.handler = note
            for call_id, method in enumerate(["GET", "POST", "DELETE"]):
                shell.call(call_id, VenueCall(method, "/api/v3/order", {}, signed=True))
                assert (await received.reply(call_id)).outcome == CallOutcome.ANSWERED
            assert len(set(peers)) == 1

    run(test)


@pytest.mark.parametrize("host", ["api.example.com", ""])
def test_under_tls_nothing_is_sent_to_a_host_of_another_name_or_that_nobody_vouches_for(tmp_path, monkeypatch, host):
    tls = certified(tmp_path, monkeypatch, host or "127.0.0.1")
    if not host:
        monkeypatch.delenv("SSL_CERT_FILE")

    async def test():
        async with running(tls=tls) as (shell, received, venue, _):
            shell.call(1, VenueCall("POST", "/api/v3/order", {}, signed=True))
            reply = await received.reply(1)
            assert reply.outcome == CallOutcome.NOT_SENT
            assert "CERTIFICATE_VERIFY_FAILED" in reply.text
            assert venue.requests == []

    run(test)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_an_agent_raises_at_an_answer_over_a_warm_connection_reaches_the_loop(new_loop):
    async def test():
        failures = asyncio.Queue()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.put_nowait(context))
        async with running() as (shell, received, _, _):
            shell.call(1, VenueCall("DELETE", "/api/v3/order", {}, signed=True))
            await received.reply(1)
            full = OSError(errno.ENOSPC, "No space left on device")

            def fail(_):
                raise full

            received.venue_replied = fail
            shell.call(2, VenueCall("DELETE", "/api/v3/order", {}, signed=True))
            assert (await asyncio.wait_for(failures.get(), 10))["exception"] is full

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(test())


@pytest.mark.parametrize(("method", "outcome", "asked"), [("GET", "ANSWERED", 3), ("DELETE", "UNKNOWN", 2)])
def test_a_warm_connection_that_was_closed_without_a_byte_is_tried_anew_for_a_get_alone(method, outcome, asked):
    async def test():
        async with running() as (shell, received, venue, _):
            shell.call(1, VenueCall(method, "/api/v3/order", {}, signed=True))
            await received.reply(1)

            async def closed(request):
                venue.handler = None
                request.transport.abort()

            venue.handler = closed
            shell.call(2, VenueCall(method, "/api/v3/order", {}, signed=True))
            assert (await received.reply(2)).outcome == CallOutcome[outcome]
            assert len(venue.requests) == asked

    run(test)

"""One websocket of the venue shell: frames that are too large, heartbeats, an end while frames wait, what is written."""

import asyncio
import contextlib
import json

import pytest
import uvloop

from agents.venues import http_ws
from agents.venues.base import Heartbeat
from agents.venues.http_ws import FRAME_BYTES_MAX
from mesh.agent_io import FRAME_TOO_LARGE
from tests.integration.live import readable
from tests.integration.tls import certified
from tests.integration.venue_shell_kit import run, running


def test_a_frame_that_is_too_large_closes_the_socket_with_that_reason_and_it_is_opened_again():
    async def test():
        async with running() as (shell, received, venue, port):
            shell.open_socket("md", f"ws://127.0.0.1:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "md", True))
            await venue.sockets[0].send_str("1")
            with contextlib.suppress(ConnectionError):
                await venue.sockets[0].send_str("x" * (FRAME_BYTES_MAX + 1))
            down = await received.until(lambda item: item[:3] == ("socket", "md", False))
            assert down[3].startswith(FRAME_TOO_LARGE)
            await received.until(lambda item: item[0] == "socket" and item[2] and venue.opened == 2)
            assert [item[2] for item in received.items if item[0] == "frame"] == [b"1"]

    run(test)


def test_a_heartbeat_of_the_venue_is_answered_and_handed_to_nobody():
    async def test():
        heartbeat = Heartbeat(ping="hello", pong=b"there", interval_ms=60_000, asked=b"ping", answer="pong")
        async with running(heartbeat=heartbeat) as (shell, received, venue, port):
            shell.open_socket("md", f"ws://127.0.0.1:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "md", True))
            for text in ("ping", "there", '{"ping":1}'):
                await venue.sockets[0].send_str(text)
            assert await asyncio.wait_for(venue.texts.get(), 10) == "pong"
            await received.until(lambda item: item[0] == "frame")
            assert [item[2] for item in received.items if item[0] == "frame"] == [b'{"ping":1}']

    run(test)


def test_a_socket_that_is_closed_while_a_frame_is_taken_delivers_none_of_those_that_wait():
    async def test():
        async with running() as (shell, received, venue, port):
            take = received.frame_received

            def close(connection, frame):
                take(connection, frame)
                shell.close_socket("md")

            received.frame_received = close
            shell.open_socket("md", f"ws://127.0.0.1:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "md", True))
            for text in "1234":
                await venue.sockets[0].send_str(text)
            await received.until(lambda item: item == ("frame", "md", b"1"))
            shell.open_socket("other", f"ws://127.0.0.1:{port}/ws/y")
            await received.until(lambda item: item[:3] == ("socket", "other", True))
            assert [item for item in received.items if item[1] == "md"][1:] == [("frame", "md", b"1")]

    run(test)


def run_on_uvloop(test):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(test(), 60))


def test_a_message_has_left_when_it_was_written_whatever_this_turn_of_the_loop_does_next():
    async def test():
        async with running() as (shell, received, venue, port):
            shell.open_socket("user", f"ws://127.0.0.1:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "user", True))
            peer = venue.sockets[0].get_extra_info("socket").fileno()
            shell.send_socket("user", {"id": 1}, signed=False)
            assert readable(peer, wait_s=5) == [peer]
            assert await asyncio.wait_for(venue.texts.get(), 10) == '{"id":1}'

    run_on_uvloop(test)


def test_messages_that_find_no_room_wait_in_their_order():
    async def test():
        async with running() as (shell, received, venue, port):
            shell.open_socket("user", f"ws://127.0.0.1:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "user", True))
            texts = [{"id": number, "text": "x" * 100_000} for number in range(200)]
            for text in texts:
                shell.send_socket("user", text, signed=False)
            for text in texts:
                assert json.loads(await asyncio.wait_for(venue.texts.get(), 10)) == text

    run_on_uvloop(test)


@pytest.mark.parametrize("runner", [run, run_on_uvloop])
def test_under_tls_frames_of_any_size_come_and_go_and_a_message_has_left_when_it_was_written(
    runner, tmp_path, monkeypatch
):
    tls = certified(tmp_path, monkeypatch, "localhost", "127.0.0.1")

    async def test():
        async with running(tls=tls) as (shell, received, venue, port):
            shell.open_socket("user", f"wss://localhost:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "user", True))
            large = "x" * 3_000_000
            for text in ("1", large, "3"):
                await venue.sockets[0].send_str(text)
            await received.until(lambda item: item == ("frame", "user", b"3"))
            assert [item[2] for item in received.items if item[0] == "frame"] == [b"1", large.encode(), b"3"]
            peer = venue.sockets[0].get_extra_info("socket").fileno()
            shell.send_socket("user", {"id": 1}, signed=False)
            assert readable(peer, wait_s=5) == [peer]
            assert await asyncio.wait_for(venue.texts.get(), 10) == '{"id":1}'
            texts = [{"id": number, "text": "x" * 100_000} for number in range(100)]
            for text in texts:
                shell.send_socket("user", text, signed=False)
            for text in texts:
                assert json.loads(await asyncio.wait_for(venue.texts.get(), 10)) == text

    runner(test)


def test_a_server_that_nobody_vouches_for_is_told_and_not_spoken_to(tmp_path, monkeypatch):
    tls = certified(tmp_path, monkeypatch, "other.host")

    async def test():
        async with running(tls=tls) as (shell, received, venue, port):
            shell.open_socket("user", f"wss://127.0.0.1:{port}/ws/x")
            down = await received.until(lambda item: item[:3] == ("socket", "user", False))
            assert "CERTIFICATE_VERIFY_FAILED" in down[3]
            assert venue.opened == 0

    run(test)


def test_a_venue_that_answers_no_ping_is_silent_and_its_socket_is_opened_again(monkeypatch):
    monkeypatch.setattr(http_ws, "SILENT_S_MAX", 0.2)

    async def test():
        async with running() as (shell, received, venue, port):
            shell.open_socket("md", f"ws://127.0.0.1:{port}/ws/x")
            await received.until(lambda item: item[:3] == ("socket", "md", True))
            await asyncio.sleep(1)
            assert [item for item in received.items if item[:3] == ("socket", "md", False)] == []
            venue.sockets[0]._writer.transport.pause_reading()
            down = await received.until(lambda item: item[:3] == ("socket", "md", False))
            assert "not replied to ping" in down[3]
            await received.until(lambda item: item[0] == "socket" and item[2] and venue.opened == 2)

    run(test)

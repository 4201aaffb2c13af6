"""The paper venue over real sockets: byte for byte, joinable, and bad on demand."""

import asyncio
import gzip
import hmac
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from mesh.agent import VenueReply
from schemas.errors import AddressTakenError, ConfigError
from tests.integration.paper_live import BTC, KEY, SECRET, LivePaper, paper_venue

SPOT = "raw/binance-spot/hftbacktest/btcusdt_20240808.gz"
USDM = "raw/binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTPAPER_KEY", KEY)
    monkeypatch.setenv("TESTPAPER_SECRET", SECRET)


def recorded_frames(path: Path) -> list[bytes]:
    """Return the frames of a capture, parsed here without the code under test."""
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [line[line.index(b'{"stream"') :] for line in lines if b' {"stream":"' in line]


def signed(params: dict[str, Any]) -> str:
    query = urlencode({**params, "timestamp": time.time_ns() // 1_000_000})
    return f"{query}&signature={hmac.new(SECRET.encode(), query.encode(), 'sha256').hexdigest()}"


async def read_until(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[bytes]:
    frames: list[bytes] = []
    async with asyncio.timeout(60):
        while len(frames) < count:
            message = await socket.receive()
            assert message.type == aiohttp.WSMsgType.TEXT
            frames.append(message.data.encode())
    return frames


def with_session(work: Callable[[aiohttp.ClientSession], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with aiohttp.ClientSession(headers={"X-MBX-APIKEY": KEY}) as session:
            return await work(session)

    return asyncio.run(run())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("name", "speed"), [(SPOT, 2000.0), (USDM, 100.0)])
def test_capture_arrives_byte_for_byte(data_dir: Path, name: str, speed: float) -> None:
    frames = recorded_frames(data_dir / name)
    streams = dict.fromkeys(json.loads(frame)["stream"] for frame in frames)
    instruments = (BTC,) if name == SPOT else ()
    with paper_venue(instruments, captures=(str(data_dir / name),), speed=speed) as live:
        url = f"{live.ws_url}/stream?streams={'/'.join(streams)}"

        async def work(session: aiohttp.ClientSession) -> list[bytes]:
            async with session.ws_connect(url, max_msg_size=0) as socket:
                return await read_until(socket, len(frames))

        assert with_session(work) == frames
        wait_for(lambda: bool(live.figures().done))
        figures = live.figures()
        assert figures.sent == figures.captured == sum(b"@kline" not in frame for frame in frames)
        assert figures.frames_unheard == 0
        assert figures.failure == ""


def test_slow_reader_is_waited_for_and_misses_nothing(data_dir: Path) -> None:
    frames = recorded_frames(data_dir / SPOT)[:20_000]
    with paper_venue(captures=(str(data_dir / SPOT),), speed=1e6) as live:

        async def work(session: aiohttp.ClientSession) -> list[bytes]:
            url = f"{live.ws_url}/stream?streams=btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker"
            async with session.ws_connect(url, max_msg_size=0) as socket:
                first = await read_until(socket, 1)
                # The kernel would take half of the capture for a reader that does not read.
                socket.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 16)
                await waiting(live)
                return first + await read_until(socket, len(frames) - 1)

        assert with_session(work) == frames
        assert live.figures().slow_closed == 0


async def waiting(live: LivePaper) -> None:
    """Wait until the venue waits for a reader whose queue is full."""

    async def full() -> bool:
        return bool(live.server._full())

    async with asyncio.timeout(30):
        while not await asyncio.to_thread(live.run, full()):
            await asyncio.sleep(0.02)


def test_reader_that_takes_nothing_is_closed_and_counted(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.paper.server.STALL_S", 0.5)
    with paper_venue(captures=(str(data_dir / SPOT),), speed=1e6) as live:

        async def work(session: aiohttp.ClientSession) -> None:
            url = f"{live.ws_url}/stream?streams=btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker"
            async with session.ws_connect(url):
                async with asyncio.timeout(30):
                    while not live.server.slow_closed:
                        await asyncio.sleep(0.1)

        with_session(work)
        wait_for(lambda: bool(live.figures().done))


def test_model_stands_still_while_it_cannot_be_played_and_tells_nothing_late() -> None:
    async def hold_up() -> None:
        time.sleep(2)

    with paper_venue(speed=20.0) as live:

        async def work(session: aiohttp.ClientSession) -> list[int]:
            async with session.ws_connect(f"{live.ws_url}/stream?streams=btcusdt@trade") as socket:
                told = await read_until(socket, 1)
                await asyncio.to_thread(live.run, hold_up())
                told += await read_until(socket, 100)
                return [int(json.loads(frame)["data"]["T"]) for frame in told]

        times_ms = with_session(work)
        assert live.figures().put_off_ms > 1_000
        assert max(later - earlier for earlier, later in itertools.pairwise(times_ms)) > 1_000


def test_taken_address_is_named() -> None:
    with paper_venue() as live:
        address = live.url.removeprefix("http://")
        with pytest.raises(AddressTakenError, match=address), paper_venue(listen=address):
            pass


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTPAPER_SECRET")
    with pytest.raises(ConfigError, match="TESTPAPER_SECRET"), paper_venue():
        pass


async def order(session: aiohttp.ClientSession, live: LivePaper, **params: str) -> int:
    fields = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", **params}
    async with session.post(f"{live.url}/api/v3/order", data=signed({"price": "50000", **fields})) as reply:
        return reply.status


async def tell(session: aiohttp.ClientSession, live: LivePaper, **fault: Any) -> None:
    async with session.post(f"{live.url}/paper/fault", json=fault) as reply:
        assert reply.status == 200


def test_dropped_reply_breaks_the_connection_and_keeps_the_order() -> None:
    with paper_venue() as live:

        async def work(session: aiohttp.ClientSession) -> None:
            await tell(session, live, fault="drop_reply")
            with pytest.raises(aiohttp.ClientConnectionError):
                await order(session, live, newClientOrderId="lost")
            query = signed({"symbol": "BTCUSDT", "origClientOrderId": "lost"})
            async with session.get(f"{live.url}/api/v3/order?{query}") as reply:
                assert (await reply.json())["status"] == "NEW"

        with_session(work)
        assert live.figures().orders == {"NEW": 1}


def test_user_stream_tells_of_fills_of_the_model() -> None:
    with paper_venue() as live:

        async def work(session: aiohttp.ClientSession) -> list[dict[str, Any]]:
            async with session.ws_connect(f"{live.ws_url}/ws-api/v3") as socket:
                params: dict[str, Any] = {"apiKey": KEY, "timestamp": time.time_ns() // 1_000_000}
                text = "&".join(f"{name}={params[name]}" for name in sorted(params))
                params["signature"] = hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest()
                await socket.send_json({"id": 7, "method": "userDataStream.subscribe.signature", "params": params})
                assert (await socket.receive_json())["result"] == {"subscriptionId": 0}
                assert await order(session, live, price="70000", newClientOrderId="mine") == 200
                events: list[dict[str, Any]] = []
                while not events or events[-1]["e"] != "outboundAccountPosition":
                    events.append((await socket.receive_json(timeout=10))["event"])
                return events

        events = with_session(work)
        assert [event["x"] for event in events[:2]] == ["NEW", "TRADE"]
        assert events[-2]["X"] == "FILLED"


def test_expired_listen_key_is_told_before_its_socket_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.paper.binance.listen_key.LISTEN_KEY_LIFE_NS", 500_000_000)
    with paper_venue() as live:

        async def work(session: aiohttp.ClientSession) -> tuple[str, dict[str, Any], aiohttp.WSMsgType]:
            async with session.post(f"{live.url}/api/v3/userDataStream") as reply:
                key = (await reply.json())["listenKey"]
            async with session.ws_connect(f"{live.ws_url}/ws/{key}") as socket:
                told = await socket.receive_json(timeout=10)
                return key, told, (await socket.receive(timeout=10)).type

        key, told, after = with_session(work)
        assert (told["e"], told["listenKey"]) == ("listenKeyExpired", key)
        assert after is aiohttp.WSMsgType.CLOSE


def test_closed_market_socket_is_seen_by_the_client() -> None:
    with paper_venue() as live:

        async def work(session: aiohttp.ClientSession) -> None:
            async with session.ws_connect(f"{live.ws_url}/ws/btcusdt@bookTicker") as socket:
                await read_until(socket, 3)
                await tell(session, live, fault="close_market")
                async with asyncio.timeout(10):
                    while (await socket.receive()).type == aiohttp.WSMsgType.TEXT:
                        pass
                assert socket.closed

        with_session(work)
        wait_for(lambda: live.figures().connections == 0)


def test_delayed_reply_comes_late() -> None:
    with paper_venue() as live:

        async def work(session: aiohttp.ClientSession) -> float:
            await tell(session, live, fault="delay", ms=300)
            began = time.monotonic()
            assert await order(session, live) == 200
            return time.monotonic() - began

        assert with_session(work) >= 0.3


def test_agent_answers_nothing_before_its_account_is_restored() -> None:
    with paper_venue(inputs=Unheard()) as venue:

        async def ask(session: aiohttp.ClientSession) -> tuple[bool, int]:
            asked = asyncio.ensure_future(session.get(f"{venue.url}/api/v3/time"))
            done, _ = await asyncio.wait({asked}, timeout=0.3)
            venue.run(opened(venue))
            return bool(done), (await asked).status

        assert with_session(ask) == (False, 200)


def test_account_that_cannot_be_logged_is_a_fault_of_the_process() -> None:
    with paper_venue() as venue:
        faults: list[object] = []

        def full(event: object) -> None:
            raise OSError(28, "No space left on device")

        async def fill_up() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
            venue.agent.exchange.trading.log = full

        async def buy(session: aiohttp.ClientSession) -> int:
            params = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
            return (await session.post(f"{venue.url}/api/v3/order?{signed(params)}")).status

        venue.run(fill_up())
        assert with_session(buy) == 500
        assert [str(fault) for fault in faults] == ["[Errno 28] No space left on device"]
        assert venue.figures().orders == {}


class Unheard:
    """An agent's inputs that nothing reaches."""

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        raise AssertionError(connection)

    def frame_received(self, connection: str, frame: bytes) -> None:
        raise AssertionError(connection)

    def venue_replied(self, reply: VenueReply) -> None:
        raise AssertionError(reply)


async def opened(venue: LivePaper) -> None:
    venue.server.open()

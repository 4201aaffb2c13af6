"""Connections that the venue ends, over real websockets: market data is published without a hole, and nothing twice.

The venue is a small server that tells one market over however many connections there are, each with a delay of its own. It
ends each connection at its age, or announces that it does; a day of the venue is less than a second here.
"""

import asyncio
import os
import random

import pytest
from aiohttp import WSMsgType, web

from agents.market_data.agent import build, shell
from core.frame import FLAG_STALE
from schemas.messages import BookDelta, BookSnapshot, Quote, Trade
from schemas.streams import StreamState
from tests.integration.live_context import LiveContext
from tests.unit.agents.market_data.market_data_desk import BOOK, QUOTE, TRADE, config, depth, rest_book, ticker, trade

LIFE_S = 0.8
TICK_S = 0.002
DELAY_S_MAX = 0.03
TAKE_OVER_S = 0.15
TICKS = 1_500
ENDS_MIN = 3
SEEDS = [(1, False), (3, True)] + ([(2, False), (4, True)] if os.environ.get("TICKMESH_LONG") else [])
"""And whether the venue announces the end; `make endings` has all of them."""
SHUTDOWN = '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}'


class Market:
    """Tells trades, updates of a book and its best prices, each numbered one after another, until `TICKS` are told."""

    def __init__(self, seed, *, announces):
        self.random = random.Random(seed)
        self.announces = announces
        self.told = 0
        self.sockets = {}

    async def __aenter__(self):
        app = web.Application()
        app.router.add_get("/stream", self.socket)
        app.router.add_get("/api/v3/depth", self.depth)
        app.router.add_route("*", "/{path:.*}", self.other)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.port = self.runner.addresses[0][1]
        self.telling = asyncio.create_task(self.tell())
        return self

    async def __aexit__(self, *_):
        self.telling.cancel()
        await self.runner.cleanup()

    async def tell(self):
        while self.told < TICKS:
            await asyncio.sleep(TICK_S)
            if self.sockets:
                self.told += 1
                for queue in self.sockets.values():
                    queue.put_nowait((asyncio.get_running_loop().time(), self.told))

    def frames(self, number):
        """Return the frames of one moment; the ids of book and ticker are those of the updates, three in each."""
        last = 3 * number
        yield trade(number)
        yield depth(last - 2, last, bids=[("99.00", str(number))])
        yield ticker(last, "99.00", str(number), "100.00", "1")

    async def socket(self, request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        queue = self.sockets[socket] = asyncio.Queue()
        delay_s = self.random.uniform(0, DELAY_S_MAX)
        tasks = [asyncio.create_task(work) for work in (self.send(socket, queue, delay_s), self.end(socket))]
        async for message in socket:
            assert message.type == WSMsgType.TEXT
        for task in tasks:
            task.cancel()
        self.sockets.pop(socket)
        return socket

    async def send(self, socket, queue, delay_s):
        loop = asyncio.get_running_loop()
        while not socket.closed:
            at_s, number = await queue.get()
            await asyncio.sleep(max(0, at_s + delay_s - loop.time()))
            for frame in self.frames(number):
                await socket.send_str(frame.decode())

    async def end(self, socket):
        await asyncio.sleep(LIFE_S / 2)
        if self.announces:
            await socket.send_str(SHUTDOWN)
        await asyncio.sleep(LIFE_S / 2)
        # A host that is busy otherwise has as much room as it needs: at a venue these are minutes.
        while list(self.sockets)[-1] is socket:
            await asyncio.sleep(TICK_S)
        await asyncio.sleep(TAKE_OVER_S)
        await socket.close(code=1001)

    async def depth(self, request):
        return web.Response(body=rest_book(3 * self.told, [("99.00", str(self.told))], [("100.00", "1")]))

    async def other(self, request):
        return web.json_response({"serverTime": 1})


async def follow(market, **venue):
    """Run a market data agent on the market to its end; return the agent and its context."""
    address = f"127.0.0.1:{market.port}"
    own = config(ws_url=f"ws://{address}", rest_url=f"http://{address}", **venue)
    agent = build("md", own)
    ctx = LiveContext(agent, shell("md", own, agent))
    await ctx.shell.start(ctx)
    agent.bind(ctx)
    agent.start()
    await ctx.until(lambda: any(key == str(TICKS) for key in trade_ids(ctx)[-1:]))
    await ctx.until(lambda: any(key == 3 * TICKS for key in ticker_ids(ctx)[-1:]))
    await ctx.shell.stop()
    return agent, ctx


def trade_ids(ctx):
    return [m.trade_id for m in ctx.messages(TRADE) if isinstance(m, Trade)]


def ticker_ids(ctx):
    return [m.update_id for m in ctx.messages(QUOTE) if isinstance(m, Quote)]


@pytest.mark.parametrize(("seed", "announces"), SEEDS)
def test_nothing_is_lost_and_nothing_comes_twice_over_many_ends_of_connections(seed, announces):
    async def run():
        async with Market(seed, announces=announces) as market:
            # An announcement comes while the connection would have lived for long.
            return await follow(market, connection_life_ms=3_600_000 if announces else int(LIFE_S * 1000))

    agent, ctx = asyncio.run(asyncio.wait_for(run(), 90))
    assert ctx.counters["connections_replaced"] >= ENDS_MIN
    trades, tickers = [int(key) for key in trade_ids(ctx)], ticker_ids(ctx)
    assert trades == list(range(trades[0], TICKS + 1))
    assert tickers == list(range(tickers[0], 3 * TICKS + 1, 3))
    book = [item for item in ctx.published if item.stream == BOOK]
    (whole,) = (at for at, item in enumerate(book) if isinstance(item.message, BookSnapshot))
    updates = [item for item in book[whole + 1 :] if isinstance(item.message, BookDelta)]
    assert not any(item.header.flags & FLAG_STALE for item in updates)
    first = book[whole].message.last_update_id + 3
    assert [item.message.last_update_id for item in updates] == list(range(first, 3 * TICKS + 1, 3))
    figures = agent.figures()
    assert set(figures.feeds.values()) == {StreamState.LIVE.name}
    assert figures.ticks.received == figures.ticks.published
    (checked,) = figures.books
    assert checked.equal == checked.compared >= TICKS / 2
    assert not ctx.counters.keys() & {"trade_gaps", "trades_repeated", "book_resync", "depth_old", "handovers_unproven"}

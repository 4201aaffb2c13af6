"""Market data through real ccxt.pro: the paper venue, by ccxt's own binance, as an exchange of which nothing is known."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from agents.market_data.agent import build as build_market_data
from agents.market_data.agent import shell as shell_of
from agents.paper.agent import build as build_paper
from agents.paper.market.market import PublicTrade
from agents.paper.server import PaperServer
from core.decimals import unpack_levels
from schemas.config import Config, InstrumentConfig, MarketDataConfig, PaperConfig, VenueConfig
from schemas.messages import BookDelta, BookSnapshot, FeedState, Quote, Trade
from schemas.streams import Kind, StreamState, Weakness, stream_id
from tests.integration.live_context import LiveContext

SIZES = {"base": "BTC", "quote": "USDT", "tick_size": "0.01", "lot_size": "0.000001"}
TRADES, BOOK, QUOTES = (stream_id(kind, 2, 2) for kind in (Kind.TRADE, Kind.BOOK, Kind.QUOTE))
UNTIL_S = 60


def config(port: int = 0, **instrument: str) -> Config:
    """Return the paper venue, and the same place as a venue that only ccxt knows."""
    urls = {"rest_url": f"http://127.0.0.1:{port}", "ws_url": f"ws://127.0.0.1:{port}"}
    return Config(
        venues=(
            VenueConfig(id=1, name="paper", kind="binance_spot", credentials="PAPER", **urls),
            VenueConfig(
                id=2,
                name="other",
                kind="ccxt",
                exchange="binance",
                exchange_options={"fetchMarkets": ["spot"]},
                **urls,
            ),
        ),
        instruments=(
            InstrumentConfig(id=1, venue="paper", symbol="BTCUSDT", min_notional="5", **SIZES),
            InstrumentConfig(id=2, venue="other", symbol="BTC/USDT", **(SIZES | instrument)),
        ),
        agents={
            "venue": PaperConfig(id=1, venue="paper", speed=20.0, balances={"USDT": "1000"}),
            "md": MarketDataConfig(id=2, venue="other", instruments=("BTC/USDT",)),
            "direct": MarketDataConfig(id=3, venue="paper", instruments=("BTCUSDT",)),
        },
    )


class Desk:
    """The paper venue, a market data agent that follows it through ccxt, and one that does by the venue's own adapter."""

    def __init__(self, **instrument: str) -> None:
        self.instrument = instrument

    async def __aenter__(self) -> "Desk":
        self.exchange = build_paper("venue", config()).exchange
        self.server = PaperServer(self.exchange, "127.0.0.1:0")
        await self.server.start()
        whole = config(self.server.port, **self.instrument)
        self.direct = await follow("direct", whole)
        self.ctx = await follow("md", whole)
        self.agent = self.ctx.agent
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ctx.shell.stop()
        await self.direct.shell.stop()
        await self.server.stop()

    async def live(self) -> None:
        await self.ctx.until(lambda: set(self.agent.figures().feeds.values()) == {"LIVE"})
        await self.ctx.until(lambda: not self.agent.figures().listing)

    def messages(self, stream: int, *kinds: type) -> list[Any]:
        return [message for message in self.ctx.messages(stream) if isinstance(message, kinds)]

    def tape(self) -> dict[str, PublicTrade]:
        """Return the venue's trades by id."""
        return {str(trade.id): trade for trade in self.exchange.market.tapes["BTCUSDT"].trades}

    async def halt(self) -> None:
        """Have the venue play nothing more, and wait until all that it had sent is here.

        Both books have gone on from their snapshots by then, which are ahead of the updates.
        """
        for ctx, stream in ((self.direct, stream_id(Kind.BOOK, 1, 1)), (self.ctx, BOOK)):
            more = len(deltas(ctx, stream)) + 5
            await ctx.until(lambda ctx=ctx, stream=stream, more=more: len(deltas(ctx, stream)) >= more)
        self.exchange.halted = True
        last = max(self.tape(), key=int)
        await self.direct.until(lambda: self.direct.agent.figures().feeds["BOOK/1/1"] == "LIVE")
        await self.ctx.until(lambda: any(trade.trade_id == last for trade in self.messages(TRADES, Trade)))
        await self.ctx.until(lambda: levels_of(self.ctx) == levels_of(self.direct))

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        """Ask the paper venue itself."""
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.server.url + path, **more) as response,
        ):
            return await response.json()


async def follow(name: str, whole: Config) -> LiveContext:
    """Start a market data agent on its shell."""
    agent = build_market_data(name, whole)
    shell = shell_of(name, whole, agent)
    ctx = LiveContext(agent, shell)
    await shell.start(ctx)
    agent.bind(ctx)
    agent.start()
    return ctx


def deltas(ctx: LiveContext, stream: int) -> list[BookDelta]:
    """Return the updates of a book that were published."""
    return [message for message in ctx.messages(stream) if isinstance(message, BookDelta)]


def levels_of(ctx: LiveContext) -> list[list[tuple[int, int]]]:
    """Return bids and asks of the agent's book."""
    (book,) = ctx.agent._books.books.values()
    return [unpack_levels(side) for side in book.levels.snapshot()]


def last_quote(ctx: LiveContext, stream: int) -> tuple[int, ...]:
    """Return the prices and sizes of the last ticker."""
    quote = ctx.messages(stream)[-1]
    return (quote.bid_ticks, quote.bid_lots, quote.ask_ticks, quote.ask_lots)


def run(test: Callable[[Desk], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch, **instrument: str) -> None:
    monkeypatch.setenv("PAPER_KEY", "k" * 36)
    monkeypatch.setenv("PAPER_SECRET", "s" * 32)

    async def within() -> None:
        async with asyncio.timeout(UNTIL_S), Desk(**instrument) as desk:
            await test(desk)

    asyncio.run(within())


def test_trades_and_book_are_the_venues(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(desk: Desk) -> None:
        await desk.live()
        await desk.ctx.until(
            lambda: len(desk.messages(TRADES, Trade)) >= 50 and len(desk.messages(QUOTES, Quote)) >= 50
        )
        await desk.halt()
        told, tape = desk.messages(TRADES, Trade), desk.tape()
        ids = [int(trade.trade_id) for trade in told]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        info = desk.agent._books.books[2].info
        for trade in told:
            other = tape[trade.trade_id]
            assert (trade.price_ticks, trade.qty_lots) == (info.price.parse(other.price), info.qty.parse(other.qty))
            assert trade.aggressor == (-1 if other.buyer_maker else 1)
        await desk.ctx.until(
            lambda: last_quote(desk.ctx, QUOTES) == last_quote(desk.direct, stream_id(Kind.QUOTE, 1, 1))
        )
        ticks = desk.agent.figures().ticks
        assert ticks.received == ticks.published
        assert "venue_frame_bad" not in desk.ctx.counters

    run(test, monkeypatch)


def test_what_is_not_promised_stands_in_each_state_of_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(desk: Desk) -> None:
        await desk.live()
        trades, book, quotes = (desk.messages(stream, FeedState) for stream in (TRADES, BOOK, QUOTES))
        assert {state.weaker for state in trades} == {
            Weakness.GAPS_NOT_FOUND | Weakness.TIME_OF_RECEIPT | Weakness.DOUBLES_BY_ID
        }
        assert {state.weaker for state in book} == {
            Weakness.GAPS_NOT_FOUND | Weakness.TIME_OF_RECEIPT | Weakness.BOOKS_COMPARED
        }
        assert {state.weaker for state in quotes} == {Weakness.GAPS_NOT_FOUND | Weakness.TIME_OF_RECEIPT}
        assert desk.agent.figures().weaker["QUOTE/2/2"] == "gaps not found, time of receipt"

    run(test, monkeypatch)


def test_every_feed_comes_back_after_its_websocket_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(desk: Desk) -> None:
        await desk.live()
        await desk.ask("POST", "/paper/fault", json={"fault": "close_market"})
        down = StreamState.DOWN
        for stream in (TRADES, BOOK, QUOTES):
            await desk.ctx.until(lambda stream=stream: desk.messages(stream, FeedState)[-1].state == down)
        await desk.live()
        whole = len(desk.messages(BOOK, BookSnapshot))
        assert whole >= 2
        await desk.halt()
        ids = [trade.trade_id for trade in desk.messages(TRADES, Trade)]
        assert len(set(ids)) == len(ids)

    run(test, monkeypatch)


def test_a_book_that_is_doubted_is_watched_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(desk: Desk) -> None:
        await desk.live()
        desk.agent._books.distrust(desk.agent._books.books[2], "doubted by the test")
        assert desk.messages(BOOK, FeedState)[-1].state == StreamState.SYNCING
        await desk.live()
        assert len(desk.messages(BOOK, BookSnapshot)) >= 2
        await desk.halt()

    run(test, monkeypatch)


@pytest.mark.parametrize(
    ("instrument", "fault"),
    [
        ({}, ""),
        ({"tick_size": "0.03"}, "tick_size 0.03 of the configuration does not divide the venue's 0.01"),
        ({"category": "linear"}, "BTC/USDT is spot at the exchange, not linear"),
        ({"venue_symbol": "BTC/EUR"}, "BTC/EUR is no symbol of ccxt's binance"),
    ],
)
def test_the_listing_is_held_against_the_configuration(
    monkeypatch: pytest.MonkeyPatch, instrument: dict[str, str], fault: str
) -> None:
    async def test(desk: Desk) -> None:
        await desk.ctx.until(lambda: not desk.agent.figures().listing)
        (listed,) = desk.agent._listing.instruments.values()
        assert listed.fault == fault
        if not fault:
            assert (listed.min_notional_e8, listed.qty_step_lots, listed.price_step_ticks) == (500_000_000, 1, 1)
        await desk.ctx.until(lambda: desk.agent.figures().clock != "not known")

    run(test, monkeypatch, **instrument)

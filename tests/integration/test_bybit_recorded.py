"""Recorded sessions of Bybit through the market-data agent: every frame accounted for, and its books beside its tickers."""

import json
import zipfile
from bisect import bisect_right
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agents.market_data.agent import MarketData, build
from core.book import OrderBook
from schemas.messages import BookDelta, BookSnapshot, MarkPrice, Trade
from schemas.streams import Kind, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.venues.bybit.bybit_market import config_of, instrument, recorded_config, session

Top = tuple[Decimal, Decimal, Decimal, Decimal]
SYMBOLS = {1: ("spot", "BTCUSDT"), 2: ("linear", "BTCUSDT"), 3: ("linear", "DOGEUSDT")}


def started(config) -> tuple[FakeContext, MarketData]:
    """Return market data whose sockets are up."""
    ctx = FakeContext("md")
    agent = build("md", config)
    agent.bind(ctx)
    agent.start()
    for connection in list(ctx.opened):
        agent.on_socket(connection, True, "")
    return ctx, agent


@pytest.fixture
def recorded(data_dir: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return what the session's frames say, read by the standard library alone."""
    return [(connection, json.loads(frame, parse_float=Decimal)) for connection, frame in session(data_dir)]


def of(recorded, connection, topic):
    return [found for where, found in recorded if where == connection and found.get("topic") == topic]


def test_every_frame_is_published_or_counted(data_dir, recorded):
    ctx, agent = started(recorded_config())
    for connection, frame in session(data_dir):
        ctx.receive(agent, connection, frame)
    kinds = Counter(found["topic"].split(".")[0] if "topic" in found else "answer" for _, found in recorded)
    trades = sum(len(found["data"]) for _, found in recorded if found.get("topic", "").startswith("publicTrade"))
    spot_tickers = len(of(recorded, "spot", "tickers.BTCUSDT"))
    assert (kinds["publicTrade"], trades, kinds["orderbook"], kinds["tickers"], spot_tickers) == (
        44,
        150,
        1094,
        390,
        41,
    )
    sent = Counter(type(message) for message in ctx.messages())
    assert sent[Trade] == trades
    assert (sent[BookSnapshot], sent[BookDelta]) == (3, kinds["orderbook"] - 3)
    assert sent[MarkPrice] == kinds["tickers"] - spot_tickers
    ticks = agent.figures().ticks
    assert ticks.received == ticks.published == trades + kinds["orderbook"] - 3 + kinds["tickers"] - spot_tickers
    assert ctx.counters.pop("venue_frame_other") == kinds["kline"] + spot_tickers
    assert ctx.counters == {}


def test_trades_are_told_to_the_last_digit(data_dir, recorded):
    ctx, agent = started(recorded_config())
    for connection, frame in session(data_dir):
        ctx.receive(agent, connection, frame)
    for number, (connection, symbol) in SYMBOLS.items():
        unit = {1: ("0.1", "0.000001"), 2: ("0.1", "0.001"), 3: ("0.00001", "1")}[number]
        tick, lot = (Decimal(text) for text in unit)
        found = [
            (m.trade_id, m.price_ticks * tick, m.qty_lots * lot, m.aggressor, m.ts_event_ns // 10**6)
            for m in ctx.messages(stream_id(Kind.TRADE, 1, number))
            if isinstance(m, Trade)
        ]
        told = [each for frame in of(recorded, connection, f"publicTrade.{symbol}") for each in frame["data"]]
        assert found == [
            (each["i"], Decimal(each["p"]), Decimal(each["v"]), 1 if each["S"] == "Buy" else -1, each["T"])
            for each in told
        ]


def tops(recorded, connection, symbol) -> list[tuple[int, Top]]:
    """Return the best of each side after each frame of a book, with its `seq`, by plain dictionaries."""
    found = []
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}
    for frame in of(recorded, connection, f"orderbook.200.{symbol}"):
        if frame["type"] == "snapshot":
            bids.clear()
            asks.clear()
        for side, levels in ((bids, frame["data"]["b"]), (asks, frame["data"]["a"])):
            for price, qty in levels:
                side[Decimal(price)] = Decimal(qty)
                if not Decimal(qty):
                    del side[Decimal(price)]
        found.append((frame["data"]["seq"], (max(bids), bids[max(bids)], min(asks), asks[min(asks)])))
    return found


def published_tops(ctx: FakeContext, number: int, tick: str, lot: str) -> list[Top]:
    """Return the best of each side after each message of a book, as a follower has it."""
    book, found = OrderBook(), []
    for message in ctx.messages(stream_id(Kind.BOOK, 1, number)):
        if isinstance(message, BookSnapshot):
            book.replace(message.bids, message.asks)
        elif isinstance(message, BookDelta):
            book.apply(message.bids, message.asks)
        else:
            continue
        px, qty = Decimal(tick), Decimal(lot)
        found.append((book.best_bid * px, book.best_bid_qty * qty, book.best_ask * px, book.best_ask_qty * qty))
    return found


@pytest.mark.parametrize(
    ("number", "tick", "lot", "frames"),
    [(1, "0.1", "0.000001", 300), (2, "0.1", "0.001", 414), (3, "0.00001", "1", 380)],
)
def test_books_are_what_plain_dictionaries_make_of_the_frames(data_dir, recorded, number, tick, lot, frames):
    ctx, agent = started(recorded_config())
    for connection, frame in session(data_dir):
        ctx.receive(agent, connection, frame)
    own = [top for _, top in tops(recorded, *SYMBOLS[number])]
    assert len(own) == frames
    assert published_tops(ctx, number, tick, lot) == own


@pytest.mark.parametrize(("symbol", "counts"), [("BTCUSDT", (79, 81, 23)), ("DOGEUSDT", (58, 89, 17))])
def test_books_agree_with_the_tickers_of_their_contracts(recorded, symbol, counts):
    """A ticker's `cs` lies between the `seq` of two states of the book, and never at one: hold it against both.

    Where the book's best did not change between the two, the ticker has it; where it did, the ticker has the prices of one
    of them. Spot's ticker has no best prices.
    """
    book = tops(recorded, "linear", symbol)
    seqs = [seq for seq, _ in book]
    said: dict[str, str] = {}
    equal = moved = prices = 0
    for frame in of(recorded, "linear", f"tickers.{symbol}"):
        said |= frame["data"]
        ticker = tuple(Decimal(said[name]) for name in ("bid1Price", "bid1Size", "ask1Price", "ask1Size"))
        place = bisect_right(seqs, frame["cs"])
        if not 0 < place < len(seqs):
            continue
        before, after = book[place - 1][1], book[place][1]
        if before == after:
            assert ticker == before
            equal += 1
        elif ticker in (before, after):
            moved += 1
        else:
            assert (ticker[0], ticker[2]) in {(top[0], top[2]) for top in (before, after)}
            prices += 1
    assert (equal, moved, prices) == counts


def test_a_recorded_book_of_five_hundred_levels(data_dir):
    """The venue's own historical file; its topic is one of 2024, which had as many levels as today's of a thousand."""
    config = config_of(instrument(1, "XRPUSDT", "linear", "0.0001", "1", ("depth@200ms",), base="XRP"))
    ctx, agent = started(config)
    with zipfile.ZipFile(data_dir / "raw/bybit/nautilus/2024-12-01_XRPUSDT_ob500.data.zip") as archive:
        frames = archive.read(archive.namelist()[0]).splitlines()
    for frame in frames:
        ctx.receive(agent, "linear", frame.replace(b"orderbook.500.", b"orderbook.1000."))
    ticks = agent.figures().ticks
    assert (ticks.received, ticks.published, ctx.counters) == (49, 49, {})
    last = agent.snapshot(stream_id(Kind.BOOK, 1, 1))
    assert isinstance(last, BookSnapshot)
    assert last.last_update_id == json.loads(frames[-1])["data"]["u"]
    assert len(last.bids) // 16 >= 490

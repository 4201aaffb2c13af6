"""The frame path: one message for each frame, and a frame that is not understood costs its stream alone."""

from collections import Counter

import pytest

from agents.market_data.agent import build
from core.book import OrderBook
from core.decimals import unpack_levels
from core.frame import FLAG_STALE
from schemas.figures import TickFigures
from schemas.messages import BookDelta, BookSnapshot, FeedState, MarkPrice, Quote, Trade
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.captures import hftbacktest_lines
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.market_data.market_data_desk import (
    BOOK,
    MS,
    QUOTE,
    SPOT_FEEDS,
    TRADE,
    Desk,
    depth,
    rest_book,
    ticker,
    trade,
)
from tests.unit.agents.venues.bybit.bybit_market import book_frame, config_of, instrument


@pytest.mark.parametrize(
    ("kind", "path", "tick", "lot", "feeds", "compared_min"),
    [
        ("binance_spot", "binance-spot/hftbacktest/btcusdt_20240808.gz", "0.01", "0.000001", SPOT_FEEDS, 500),
        (
            "binance_usdm",
            "binance-usdm/hftbacktest/btcusdt_20230404.dat.gz",
            "0.10",
            "0.001",
            ("trade", "depth@0ms", "bookTicker", "markPrice@1s"),
            300,
        ),
    ],
)
def test_recorded_day_is_published_frame_by_frame_and_its_book_equals_the_ticker(
    data_dir, kind, path, tick, lot, feeds, compared_min
):
    desk = Desk(kind=kind, tick=tick, lot=lot, feeds=feeds)
    frames = Counter()
    for is_snapshot, body in hftbacktest_lines(data_dir / "raw" / path, 10**9):
        if is_snapshot:
            for call_id in list(desk.ctx.calls):
                desk.ctx.respond(desk.agent, call_id, body)
        else:
            frames[body[11 : body.index(b'"', 11)].split(b"@")[1].decode()] += 1
            desk.frame(body)
    sent = Counter(type(message).__name__ for message in desk.ctx.messages())
    assert sent["Trade"] == frames["trade"]
    assert sent["BookDelta"] == frames["depth"]
    assert sent["Quote"] == frames["bookTicker"]
    assert sent["MarkPrice"] == frames["markPrice"]
    figures = desk.agent.figures()
    assert figures.ticks == TickFigures(received=frames.total(), published=frames.total())
    (book,) = figures.books
    assert book.compared >= compared_min
    assert book.equal == book.compared
    assert desk.ctx.counters == {}


def test_a_follower_that_applies_what_is_published_has_the_same_book(data_dir):
    path = data_dir / "raw" / "binance-usdm" / "hftbacktest" / "btcusdt_20230404.dat.gz"
    desk = Desk(kind="binance_usdm", tick="0.10", lot="0.001", feeds=("depth@0ms",))
    for is_snapshot, body in hftbacktest_lines(path, 6000):
        if is_snapshot:
            for call_id in list(desk.ctx.calls):
                desk.ctx.respond(desk.agent, call_id, body)
        else:
            desk.frame(body)
    follower = OrderBook()
    for item in desk.ctx.published:
        if isinstance(item.message, BookSnapshot):
            follower.replace(item.message.bids, item.message.asks)
        elif isinstance(item.message, BookDelta) and not item.header.flags & FLAG_STALE:
            follower.apply(item.message.bids, item.message.asks)
    own = desk.agent.snapshot(BOOK)
    assert follower.snapshot() == (own.bids, own.asks)
    assert follower.bid_levels > 900


@pytest.mark.parametrize(
    "bad",
    [
        depth(11, 12, bids=[("99.001", "1")]),
        depth(11, 12, bids=[("99.00", "0.000001")]),
        b'{"stream":"btcusdt@depth@100ms","data":{"U":11}}',
    ],
)
def test_a_depth_frame_that_is_not_understood_costs_the_book_and_not_the_process(bad):
    desk = Desk().synced()
    desk.frame(bad)
    assert desk.state(BOOK) == StreamState.SYNCING
    assert desk.ctx.counters["venue_frame_bad"] == 1
    desk.frame(depth(13, 14))
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.snapshot(rest_book(13))
    assert desk.state(BOOK) == StreamState.LIVE


def test_a_trade_frame_that_is_not_understood_marks_the_trades_until_the_next():
    desk = Desk()
    desk.frame(trade())
    desk.ctx.published.clear()
    desk.frame(b'{"stream":"btcusdt@trade","data":{"t":"x"}}')
    assert desk.state(TRADE) == StreamState.GAP
    desk.frame(trade(2))
    assert desk.state(TRADE) == StreamState.LIVE
    assert desk.agent.figures().ticks == TickFigures(received=3, published=2)


def test_book_and_ticker_are_compared_at_equal_ids_whichever_comes_first():
    desk = Desk().synced()
    desk.frame(ticker(12, "99.50", "2", "101.00", "1"))
    desk.frame(depth(11, 12, bids=[("99.50", "2")]))
    desk.frame(depth(13, 14, bids=[("99.60", "2")]))
    desk.frame(ticker(14, "99.60", "3", "101.00", "1"))
    desk.frame(ticker(99, "1.00", "1", "2.00", "1"))
    (book,) = desk.agent.figures().books
    assert (book.compared, book.equal, book.unequal) == (2, 1, [14])


def test_mark_prices_are_published():
    desk = Desk(kind="binance_usdm", feeds=("markPrice@1s",))
    desk.frame(b'{"stream":"btcusdt@markPrice@1s","data":{"E":1,"p":"2.5","i":"2.4","r":"0.0001","T":3}}')
    assert desk.ctx.messages(stream_id(Kind.MARK, 1, 1))[-1] == MarkPrice(
        MS, desk.ctx.wall_ns, 250_000_000, 240_000_000, 10_000, 3 * MS
    )


def test_other_frames_are_counted_only():
    desk = Desk()
    before = len(desk.ctx.published)
    desk.frame(b'{"e":"somethingNew","E":1}')
    assert len(desk.ctx.published) == before
    assert desk.ctx.counters == {"venue_frame_other": 1}


def test_message_types_on_each_stream():
    desk = Desk().synced()
    desk.frame(trade())
    desk.frame(ticker(11, "99.00", "1", "101.00", "1"))
    desk.frame(depth(11, 12))
    assert {type(m) for m in desk.ctx.messages(TRADE)} == {FeedState, Trade}
    assert {type(m) for m in desk.ctx.messages(QUOTE)} == {FeedState, Quote}
    assert {type(m) for m in desk.ctx.messages(BOOK)} == {BookDelta}


def side_by_side():
    """Return market data of one coin as spot and as a contract, whose topics have the same names."""
    feeds = ("depth", "bookTicker")
    config = config_of(
        instrument(1, "BTCUSDT", "spot", "0.1", "0.001", feeds),
        instrument(2, "BTC-PERP", "linear", "0.1", "0.001", feeds, venue_symbol="BTCUSDT"),
    )
    ctx = FakeContext("md")
    agent = build("md", config)
    agent.bind(ctx)
    agent.start()
    for connection in list(ctx.opened):
        agent.on_socket(connection, True, "")
    return ctx, agent


def test_frames_of_one_name_are_told_apart_by_their_connection():
    ctx, agent = side_by_side()
    for connection, price in (("spot", "7.0"), ("linear", "8.0"), ("linear", "8.1"), ("spot", "7.1")):
        ctx.receive(agent, connection, book_frame(9, "snapshot", [(price, "1")], [("9.0", "1")]))
    for number, price in ((1, 71), (2, 81)):
        assert unpack_levels(agent.snapshot(stream_id(Kind.BOOK, 1, number)).bids) == [(price, 1000)]
    assert agent.figures().ticks == TickFigures(received=0, published=0), "a book that comes whole is no tick"


def test_a_book_may_be_held_against_the_ticker_by_another_id_than_its_updates_have():
    ctx, agent = side_by_side()
    best = ([("7.0", "1")], [("9.0", "1")], "orderbook.1.BTCUSDT")
    ctx.receive(agent, "spot", book_frame(10, "snapshot", *best[:2], seq=100))
    ctx.receive(agent, "spot", book_frame(500, "snapshot", *best, seq=104))
    ctx.receive(agent, "spot", book_frame(11, "delta", [("6.0", "1")], seq=104))
    ctx.receive(agent, "spot", book_frame(12, "delta", [("7.0", "2")], seq=107))
    ctx.receive(agent, "spot", book_frame(501, "snapshot", [("7.0", "3")], best[1], best[2], seq=107))
    spot, _ = agent.figures().books
    assert (spot.compared, spot.equal, spot.unequal) == (2, 1, [107])

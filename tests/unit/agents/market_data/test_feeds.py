"""Feeds: books only while they are proven, trouble published at once, silence found when it becomes true."""

import pytest

from core.decimals import unpack_levels
from core.frame import FLAG_SNAPSHOT, FLAG_STALE
from mesh.agent import CallOutcome, VenueReply
from schemas.messages import BookSnapshot
from schemas.streams import StreamState
from tests.unit.agents.market_data.market_data_desk import (
    BOOK,
    DEPTH,
    MS,
    QUOTE,
    SECOND,
    TRADE,
    Desk,
    depth,
    is_state,
    rest_book,
    ticker,
    trade,
)


def test_the_snapshot_is_asked_for_as_soon_as_the_socket_is_up():
    desk = Desk()
    (call,) = desk.ctx.calls.values()
    assert (call.path, call.params) == (DEPTH, {"symbol": "BTCUSDT", "limit": "1000"})


def test_updates_before_the_snapshot_are_published_stale_and_the_book_contains_them():
    desk = Desk()
    desk.frame(depth(9, 10, bids=[("98.00", "5")]))
    desk.frame(depth(11, 12, bids=[("99.50", "2")], asks=[("101.00", "0"), ("101.50", "3")]))
    desk.snapshot(rest_book(10))
    desk.frame(depth(13, 14, bids=[("99.50", "0")]))
    assert [flags for name, flags in desk.flags(BOOK) if name == "BookDelta"] == [FLAG_STALE, FLAG_STALE, 0]
    snapshot, header = next((m, h) for _, m, h in desk.ctx.published if isinstance(m, BookSnapshot))
    assert header.flags == FLAG_SNAPSHOT
    assert snapshot.last_update_id == 12
    assert unpack_levels(snapshot.bids) == [(9950, 200_000), (9900, 100_000)]
    assert unpack_levels(snapshot.asks) == [(10150, 300_000)]
    assert desk.state(BOOK) == StreamState.LIVE


def test_a_gap_is_published_before_the_update_behind_it_and_a_new_snapshot_is_fetched():
    desk = Desk().synced()
    desk.frame(depth(15, 16))
    assert desk.flags(BOOK) == [("FeedState", 0), ("BookDelta", FLAG_STALE)]
    assert desk.state(BOOK) == StreamState.SYNCING
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.snapshot(rest_book(15))
    assert desk.state(BOOK) == StreamState.LIVE
    assert desk.ctx.counters == {"book_gap": 1, "book_resync": 1}


def test_snapshot_that_is_too_old_is_fetched_again_and_ever_more_slowly():
    desk = Desk()
    desk.frame(depth(100, 110))
    times = []
    start_ns = desk.ctx.now_ns
    while len(times) < 9:
        for call_id in desk.ctx.pending("GET", DEPTH):
            times.append((desk.ctx.now_ns - start_ns) // MS)
            desk.ctx.respond(desk.agent, call_id, rest_book(50))
        desk.ctx.advance(desk.agent, 50 * MS)
    assert times == [0, 250, 750, 1750, 3750, 7750, 15750, 23750, 31750]


def test_a_venue_that_says_when_to_come_back_is_obeyed():
    desk = Desk()
    ((call_id, call),) = desk.ctx.calls.items()
    desk.ctx.calls.clear()
    desk.agent.on_venue_reply(VenueReply(call_id, call, CallOutcome.ANSWERED, 429, b"", headers={"Retry-After": "17"}))
    desk.ctx.advance(desk.agent, 16_999 * MS)
    assert desk.ctx.calls == {}
    desk.ctx.advance(desk.agent, MS)
    assert len(desk.ctx.calls) == 1


@pytest.mark.parametrize(
    "more", [{"body": b"{}"}, {"body": b"", "outcome": CallOutcome.UNKNOWN}, {"body": b"no", "status": 500}]
)
def test_snapshot_that_fails_is_fetched_again(more):
    desk = Desk()
    desk.frame(depth(9, 10))
    desk.snapshot(**more)
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.snapshot(rest_book(10))
    assert desk.state(BOOK) == StreamState.LIVE


def test_sides_that_cross_cost_the_book():
    desk = Desk().synced()
    desk.frame(depth(11, 12, bids=[("101.00", "1")]))
    assert desk.flags(BOOK) == [("FeedState", 0), ("BookDelta", FLAG_STALE)]
    assert "crossed" in desk.ctx.messages(BOOK)[0].reason


def test_a_price_of_zero_in_an_update_costs_the_book():
    desk = Desk().synced()
    desk.frame(depth(11, 12, bids=[("0.00", "1")]))
    assert desk.state(BOOK) == StreamState.SYNCING


def test_an_update_that_came_before_changes_nothing():
    desk = Desk().synced()
    desk.frame(depth(11, 12, bids=[("99.50", "1")]))
    desk.frame(depth(11, 12, bids=[("99.50", "9")]))
    assert desk.flags(BOOK) == [("BookDelta", 0), ("BookDelta", FLAG_STALE)]
    assert unpack_levels(desk.agent.snapshot(BOOK).bids)[0] == (9950, 100_000)


def test_socket_down_marks_every_stream_and_up_begins_anew():
    desk = Desk().synced()
    desk.frame(trade())
    desk.agent.on_socket("market", False, "closed: 1006")
    assert [desk.state(stream) for stream in (TRADE, BOOK, QUOTE)] == [StreamState.DOWN] * 3
    assert desk.ctx.messages(BOOK)[-1].reason == "closed: 1006"
    desk.agent.on_socket("market", True, "")
    assert desk.state(BOOK) == StreamState.SYNCING
    desk.frame(depth(20, 21))
    desk.snapshot(rest_book(20))
    assert desk.state(BOOK) == StreamState.LIVE


def test_an_answer_that_comes_after_the_socket_went_down_is_not_used():
    desk = Desk()
    desk.frame(depth(9, 10))
    desk.agent.on_socket("market", False, "gone")
    desk.snapshot(rest_book(10))
    assert desk.state(BOOK) == StreamState.DOWN


def test_a_stream_without_frames_goes_stale_by_itself_and_lives_again_with_the_next():
    desk = Desk().synced()
    desk.frame(ticker(10, "99.00", "1", "101.00", "1"))
    for n in range(4):
        desk.ctx.advance(desk.agent, SECOND)
        desk.frame(ticker(11 + n, "99.00", "1", "101.00", "1"))
    assert desk.state(BOOK) == StreamState.GAP
    assert desk.state(QUOTE) == StreamState.LIVE
    stale = next(m for m in desk.ctx.messages(BOOK) if is_state(m))
    assert (stale.state, stale.reason) == (StreamState.GAP, "nothing came for 3000 ms")


def test_a_book_that_was_stale_is_published_whole_because_its_followers_dropped_it():
    desk = Desk().synced()
    desk.ctx.advance(desk.agent, 3 * SECOND)
    desk.ctx.published.clear()
    desk.frame(depth(11, 12, bids=[("99.50", "2")]))
    assert desk.flags(BOOK) == [("BookDelta", FLAG_STALE), ("BookSnapshot", FLAG_SNAPSHOT), ("FeedState", 0)]
    assert desk.state(BOOK) == StreamState.LIVE
    assert desk.ctx.calls == {}


def test_stale_is_found_at_the_moment_it_becomes_true():
    desk = Desk().synced()
    desk.ctx.advance(desk.agent, 3 * SECOND - 1)
    assert desk.state(BOOK) is None
    desk.ctx.advance(desk.agent, 1)
    assert desk.state(BOOK) == StreamState.GAP

"""Connections that another takes over from: when it is opened, which one the streams come over, and what is closed."""

import pytest

from schemas.messages import Quote, Trade
from schemas.streams import StreamState
from tests.unit.agents.market_data.market_data_desk import (
    BOOK,
    MS,
    QUOTE,
    SECOND,
    TRADE,
    Desk,
    depth,
    rest_book,
    ticker,
    trade,
)

LIFE_MS = 40_000
YOUNG = 30 * SECOND
"""A quarter of the life, ten minutes at most, is left when another connection is opened."""
SHUTDOWN = b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}'
SPARE = "market+"


def desk_of(life_ms=LIFE_MS, feeds=("trade", "depth@100ms", "bookTicker")):
    desk = Desk(connection_life_ms=life_ms, feeds=feeds)
    if "depth@100ms" in feeds:
        desk.synced()
    return desk


def with_spare(**more):
    """Return a desk whose second connection is up."""
    desk = desk_of(**more)
    desk.frame(SHUTDOWN)
    desk.agent.on_socket(SPARE, True, "")
    return desk


def quote(update_id):
    return ticker(update_id, "99.00", "1", "101.00", "1")


def trades(desk):
    return [int(m.trade_id) for m in desk.ctx.messages(TRADE) if isinstance(m, Trade)]


def test_another_connection_is_opened_before_the_life_of_one_is_over_and_not_earlier():
    desk = desk_of()
    desk.ctx.advance(desk.agent, YOUNG - 1)
    assert list(desk.ctx.opened) == ["market"]
    desk.ctx.advance(desk.agent, 1)
    assert list(desk.ctx.opened) == ["market", SPARE]
    assert desk.ctx.opened[SPARE] == desk.ctx.opened["market"]


def test_binances_connections_are_replaced_ten_minutes_before_the_day_is_over():
    desk = Desk(feeds=("bookTicker",))
    assert desk.ctx.timers["life:market"] - desk.ctx.now_ns == (24 * 60 - 10) * 60 * SECOND


def test_an_announced_end_opens_another_connection_at_once():
    desk = desk_of()
    desk.frame(SHUTDOWN)
    assert list(desk.ctx.opened) == ["market", SPARE]
    desk.frame(SHUTDOWN)
    assert list(desk.ctx.opened) == ["market", SPARE]
    assert desk.ctx.counters == {"connection_ends_announced": 2}


def test_each_stream_goes_over_when_both_connections_told_the_same_and_then_the_first_is_closed():
    desk = with_spare()
    desk.frame(trade(1))
    desk.frame(trade(1), SPARE)
    desk.frame(depth(11, 12))
    desk.frame(depth(11, 12), SPARE)
    assert "market" in desk.ctx.opened
    desk.frame(quote(12), SPARE)
    desk.frame(quote(12))
    assert list(desk.ctx.opened) == [SPARE]
    assert desk.ctx.counters == {
        "connection_ends_announced": 1,
        "connections_replaced": 1,
        "frames_doubled": 3,
    }
    desk.frame(trade(2), SPARE)
    desk.frame(depth(13, 14), SPARE)
    assert trades(desk) == [1, 2]
    assert desk.state(BOOK) is None, "the book was good throughout"


def test_what_the_new_connection_told_ahead_comes_when_the_old_one_is_there():
    desk = with_spare(feeds=("trade",))
    desk.frame(trade(1))
    desk.frame(trade(3), SPARE)
    desk.frame(trade(4), SPARE)
    assert trades(desk) == [1]
    desk.frame(trade(2))
    assert trades(desk) == [1, 2, 3, 4]
    assert list(desk.ctx.opened) == [SPARE]


def test_the_next_of_the_new_connection_needs_no_word_of_the_old_one():
    desk = with_spare(feeds=("trade",))
    desk.frame(trade(1))
    desk.frame(trade(2), SPARE)
    assert trades(desk) == [1, 2]
    assert list(desk.ctx.opened) == [SPARE]


def test_a_new_connection_that_is_behind_is_heard_from_where_the_old_one_was():
    desk = with_spare(feeds=("trade",))
    for number in (1, 2, 3):
        desk.frame(trade(number))
    for number in (1, 2, 3, 4):
        assert "market" in desk.ctx.opened or number == 4
        desk.frame(trade(number), SPARE)
    assert trades(desk) == [1, 2, 3, 4]
    assert desk.ctx.counters["frames_doubled"] == 3


def test_the_end_of_the_old_connection_costs_nothing_once_the_new_one_speaks():
    desk = with_spare(feeds=("bookTicker",))
    desk.frame(quote(1))
    desk.frame(quote(3), SPARE)
    desk.agent.on_socket("market", False, "closed: 1001")
    assert [m.update_id for m in desk.ctx.messages(QUOTE) if isinstance(m, Quote)] == [1, 3]
    assert desk.state(QUOTE) == StreamState.LIVE
    assert desk.ctx.counters["handovers_unproven"] == 1


def test_a_book_that_was_not_proven_to_go_on_is_joined_where_the_updates_overlap():
    desk = with_spare(feeds=("depth@100ms",))
    desk.frame(depth(14, 16), SPARE)
    desk.frame(depth(11, 15))
    desk.agent.on_socket("market", False, "closed: 1001")
    desk.frame(depth(17, 18), SPARE)
    assert desk.state(BOOK) is None
    assert desk.agent.snapshot(BOOK).last_update_id == 18


def test_a_book_with_a_hole_between_the_connections_is_made_anew():
    desk = with_spare(feeds=("depth@100ms",))
    desk.frame(depth(11, 12))
    desk.frame(depth(21, 22), SPARE)
    desk.agent.on_socket("market", False, "closed: 1001")
    assert desk.state(BOOK) == StreamState.SYNCING
    assert desk.ctx.counters["book_gap"] == 1
    desk.frame(depth(23, 24), SPARE)
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.snapshot(rest_book(22))
    assert desk.state(BOOK) == StreamState.LIVE


def test_an_old_connection_that_ends_before_the_new_one_is_up_leaves_its_streams_down_until_then():
    desk = desk_of(feeds=("bookTicker",))
    desk.frame(SHUTDOWN)
    desk.frame(quote(1))
    desk.agent.on_socket("market", False, "closed: 1001")
    assert list(desk.ctx.opened) == [SPARE]
    assert desk.state(QUOTE) == StreamState.DOWN
    desk.agent.on_socket(SPARE, True, "")
    desk.frame(quote(2), SPARE)
    assert desk.state(QUOTE) == StreamState.LIVE


def test_a_new_connection_that_is_lost_leaves_the_streams_to_the_old_one():
    desk = with_spare(feeds=("trade", "bookTicker"))
    desk.frame(quote(1))
    desk.frame(quote(1), SPARE)
    desk.frame(trade(1))
    desk.agent.on_socket(SPARE, False, "closed: 1006")
    assert list(desk.ctx.opened) == ["market", SPARE]
    desk.frame(quote(2))
    desk.frame(trade(2))
    assert [m.update_id for m in desk.ctx.messages(QUOTE) if isinstance(m, Quote)] == [1, 2]
    desk.agent.on_socket(SPARE, True, "")
    desk.frame(quote(2), SPARE)
    desk.frame(trade(3), SPARE)
    assert trades(desk) == [1, 2, 3]
    assert list(desk.ctx.opened) == [SPARE]


def test_streams_that_nothing_came_over_go_over_when_the_time_for_it_has_passed():
    desk = with_spare(feeds=("bookTicker",))
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert list(desk.ctx.opened) == [SPARE]


def test_a_stream_that_speaks_on_the_old_connection_alone_keeps_it():
    desk = with_spare(feeds=("bookTicker",))
    desk.frame(quote(1))
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert "market" in desk.ctx.opened
    desk.frame(quote(1), SPARE)
    assert list(desk.ctx.opened) == [SPARE]


def test_the_connection_that_took_over_is_replaced_in_its_turn():
    desk = with_spare(feeds=("bookTicker",))
    desk.frame(quote(1))
    desk.frame(quote(1), SPARE)
    desk.ctx.advance(desk.agent, YOUNG)
    assert list(desk.ctx.opened) == [SPARE, "market"]
    desk.agent.on_socket("market", True, "")
    desk.frame(quote(2), SPARE)
    desk.frame(quote(2), "market")
    assert list(desk.ctx.opened) == ["market"]


def test_a_second_connection_whose_end_is_announced_too_is_replaced_as_soon_as_it_has_taken_over():
    desk = with_spare(feeds=("bookTicker",))
    desk.frame(quote(1))
    desk.frame(SHUTDOWN, SPARE)
    assert list(desk.ctx.opened) == ["market", SPARE]
    desk.frame(quote(1), SPARE)
    assert list(desk.ctx.opened) == [SPARE, "market"]


@pytest.mark.parametrize(("life_ms", "window"), [(0, 60 * SECOND), (LIFE_MS, 5 * SECOND)])
def test_frames_of_other_connections_are_taken_as_ever_meanwhile(life_ms, window):
    desk = Desk(kind="binance_usdm", feeds=("aggTrade", "bookTicker"), connection_life_ms=life_ms)
    desk.ctx.receive(desk.agent, "public", b'{"e":"serverShutdown","E":1}')
    desk.agent.on_socket("public+", True, "")
    frame = b'{"stream":"btcusdt@aggTrade","data":{"a":%d,"p":"100.00","q":"1","T":5,"m":false}}'
    for number in (1, 2):
        desk.frame(frame % number)
    assert trades(desk) == [1, 2]
    desk.agent.on_socket("market", False, "gone")
    assert desk.state(TRADE) == StreamState.DOWN
    desk.frame(ticker(7, "99.00", "1", "101.00", "1"), "public+")
    desk.ctx.advance(desk.agent, window)
    assert "public" not in desk.ctx.opened

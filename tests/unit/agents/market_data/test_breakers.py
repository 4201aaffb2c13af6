"""The breaker of a book: every way through it, logged and told, while the other feeds go on."""

from core.frame import FLAG_STALE
from schemas.messages import BookDelta, BookSnapshot, BreakerChanged
from schemas.streams import AGENT_STREAM, StreamState
from tests.unit.agents.market_data.market_data_desk import (
    BOOK,
    DEPTH,
    MS,
    QUOTE,
    SECOND,
    Desk,
    depth,
    rest_book,
    ticker,
)

CLOSED, OPEN, HALF_OPEN = 0, 1, 2


def changes(desk):
    return [m.state for m in desk.ctx.messages(AGENT_STREAM) if isinstance(m, BreakerChanged)]


def opened():
    """Return a desk whose book missed updates three times within a minute, just now."""
    desk = Desk().synced()
    for _ in range(2):
        desk.resync()
        desk.rejoin()
    assert changes(desk) == []
    desk.resync()
    return desk


def whole_for(desk, duration_ns):
    """Let time pass while an update comes every 100 ms."""
    for _ in range(duration_ns // (100 * MS)):
        desk.ctx.advance(desk.agent, 100 * MS)
        desk.last_update_id += 1
        desk.frame(depth(desk.last_update_id, desk.last_update_id))


def test_a_storm_of_resyncs_opens_it_and_the_book_is_left_alone():
    desk = opened()
    assert changes(desk) == [OPEN]
    assert desk.agent.figures().breakers == {"BTCUSDT": "OPEN: 3 failures: gap before update 39"}
    assert desk.ctx.messages(BOOK)[-2].reason == "breaker OPEN: 3 failures: gap before update 39"
    desk.ctx.advance(desk.agent, 5 * SECOND - 1)
    assert desk.ctx.pending("GET", DEPTH) == []
    assert desk.state(BOOK) == StreamState.SYNCING


def test_the_other_feeds_go_on_while_it_is_open():
    desk = opened()
    desk.frame(ticker(41, "99.00", "1", "101.00", "1"))
    assert desk.state(QUOTE) == StreamState.LIVE


def test_a_probe_that_stays_whole_closes_it_and_only_then_is_the_book_live():
    desk = opened()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert changes(desk) == [OPEN, HALF_OPEN]
    desk.ctx.published.clear()
    desk.frame(depth(41, 42))
    desk.last_update_id = 42
    desk.rejoin()
    whole_for(desk, 1_900 * MS)
    assert {h.flags for s, m, h in desk.ctx.published if isinstance(m, BookDelta)} == {FLAG_STALE}
    assert [m for m in desk.ctx.messages() if isinstance(m, BookSnapshot)] == []
    whole_for(desk, 100 * MS)
    assert changes(desk) == [CLOSED]
    assert desk.state(BOOK) == StreamState.LIVE
    assert desk.agent.figures().breakers == {}


def test_a_probe_that_fails_opens_it_for_twice_as_long():
    desk = opened()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.frame(depth(41, 42))
    desk.last_update_id = 42
    desk.rejoin()
    desk.resync()
    assert changes(desk) == [OPEN, HALF_OPEN, OPEN]
    assert desk.ctx.messages(AGENT_STREAM)[-1].wait_ns == 10 * SECOND
    desk.ctx.advance(desk.agent, 10 * SECOND - 1)
    assert changes(desk)[-1] == OPEN
    desk.ctx.advance(desk.agent, 1)
    assert changes(desk)[-1] == HALF_OPEN


def test_a_socket_that_closes_is_no_failure_but_the_probe_begins_anew():
    desk = opened()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.frame(depth(41, 42))
    desk.last_update_id = 42
    desk.rejoin()
    whole_for(desk, SECOND)
    desk.agent.on_socket("market", False, "closed: 1001")
    desk.agent.on_socket("market", True, "")
    desk.frame(depth(60, 61))
    desk.last_update_id = 61
    desk.rejoin()
    whole_for(desk, 1_900 * MS)
    assert changes(desk) == [OPEN, HALF_OPEN]
    whole_for(desk, 100 * MS)
    assert changes(desk) == [OPEN, HALF_OPEN, CLOSED]


def test_failures_that_are_far_apart_open_nothing():
    desk = Desk().synced()
    for _ in range(6):
        desk.resync()
        desk.rejoin()
        whole_for(desk, 31 * SECOND)
    assert changes(desk) == []


def test_a_book_that_is_silent_while_its_ticker_talks_fails_and_a_quiet_market_does_not():
    desk = Desk().synced()
    desk.ctx.advance(desk.agent, 30 * SECOND)
    assert desk.state(BOOK) == StreamState.GAP
    for number in range(3):
        desk.frame(depth(11 + number, 11 + number))
        for _ in range(42):
            desk.ctx.advance(desk.agent, 100 * MS)
            desk.frame(ticker(11 + number, "99.00", "1", "101.00", "1"))
    assert changes(desk) == [OPEN]
    assert "silent" in desk.agent.figures().breakers["BTCUSDT"]


def test_what_was_whole_when_it_fell_silent_comes_back_by_a_new_snapshot():
    desk = Desk().synced()
    desk.agent._books.breakers._of[1].trip(desk.ctx.now_ns, desk.ctx.wall_ns, "an operator")
    desk.ctx.set_timer("breaker:1", desk.ctx.now_ns + 5 * SECOND)
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.frame(depth(11, 12))
    desk.last_update_id = 12
    desk.snapshot(rest_book(12))
    whole_for(desk, 2 * SECOND)
    assert desk.state(BOOK) == StreamState.LIVE

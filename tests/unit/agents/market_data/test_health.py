"""Which feeds are LIVE: what is published of it, and when silence is found."""

from schemas.streams import StreamState
from tests.unit.agents.market_data.market_data_desk import BOOK, QUOTE, SECOND, Desk, ticker


def test_a_feed_is_live_from_its_first_frame_until_it_was_silent_for_too_long():
    desk = Desk()
    assert desk.state(QUOTE) == StreamState.SYNCING
    desk.frame(ticker(10, "99.00", "1", "101.00", "1"))
    assert desk.state(QUOTE) == StreamState.LIVE
    desk.ctx.advance(desk.agent, 3 * SECOND - 1)
    assert desk.state(QUOTE) == StreamState.LIVE
    desk.ctx.advance(desk.agent, 1)
    assert desk.state(QUOTE) == StreamState.GAP
    assert desk.ctx.counters["feed_stale"] == 1


def test_while_no_feed_is_live_nobody_waits_for_silence():
    desk = Desk().synced()
    assert "stale" in desk.ctx.timers
    desk.ctx.advance(desk.agent, 3 * SECOND)
    assert desk.state(BOOK) == StreamState.GAP
    assert "stale" not in desk.ctx.timers

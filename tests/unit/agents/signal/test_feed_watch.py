"""Feeds: strategies are told when one may not be acted on any more, and when it may again."""

from schemas.messages import FeedState
from schemas.orders import Reason
from schemas.streams import Kind, StreamState
from tests.unit.agents.signal.signal_desk import RECORDER, Desk, S
from tests.unit.agents.trading_desk import ETH, quote, strategy, stream

MS = 1_000_000
TOLD = "tests.unit.agents.probe_strategies:Told"
NONE, STALE, INVALID = Reason.NONE, Reason.STALE_MARKET_DATA, Reason.BOOK_INVALID


def told_desk():
    return Desk(strategy("test", TOLD), strategy("eth", TOLD, ("ETHUSDT",)))


def test_how_a_feed_is_at_first_is_told_and_then_each_change():
    desk = told_desk()
    assert desk.strategy().of("feed") == [STALE]
    desk.book()
    desk.ctx.advance(desk.agent, 100 * MS)
    assert desk.strategy().of("feed") == [STALE, NONE]
    desk.book()
    desk.ctx.advance(desk.agent, 100 * MS)
    assert desk.strategy().of("feed") == [STALE, NONE]
    assert desk.strategy("eth").of("feed") == [STALE]


def test_a_feed_that_reports_a_fault_is_told_at_once():
    desk = told_desk()
    desk.book()
    desk.ctx.advance(desk.agent, 100 * MS)
    desk.market(FeedState(desk.ctx.wall_ns, StreamState.DOWN, "closed"), Kind.BOOK)
    assert desk.strategy().of("feed")[-1] == INVALID


def test_a_stream_that_is_not_live_is_told_at_once():
    desk = told_desk()
    desk.book()
    desk.ctx.advance(desk.agent, 100 * MS)
    for state, reason in ((StreamState.GAP, STALE), (StreamState.LIVE, NONE)):
        desk.ctx.stream_states["md", stream(Kind.BOOK)] = state
        desk.agent.on_stream_state("md", stream(Kind.BOOK), state)
        assert desk.strategy().of("feed")[-1] == reason


def test_a_feed_that_falls_silent_is_told_when_it_is_too_old():
    desk = told_desk()
    desk.market(quote(desk.ctx), Kind.QUOTE, ETH)
    desk.ctx.advance(desk.agent, 2 * S)
    assert desk.strategy("eth").of("feed")[-1] == NONE
    desk.ctx.advance(desk.agent, 100 * MS)
    assert desk.strategy("eth").of("feed")[-1] == STALE


def test_without_a_strategy_that_wants_to_know_nothing_is_watched():
    desk = Desk(strategy("test", RECORDER))
    assert "feeds" not in desk.ctx.timers

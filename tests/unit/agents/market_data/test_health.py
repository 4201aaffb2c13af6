"""Which feeds are LIVE: what is published of it, and when silence is found."""

from schemas.streams import Kind, StreamState, stream_id, stream_name
from tests.unit.agents.market_data.market_data_desk import BOOK, QUOTE, SECOND, TRADE, Desk, is_state, ticker

MARK = stream_id(Kind.MARK, 1, 1)


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


def reason(desk, stream):
    return [m.reason for m in desk.ctx.messages(stream) if is_state(m)][-1]


def test_a_feed_that_went_quiet_is_told_from_one_that_never_spoke():
    desk = Desk(kind="binance_usdm", feeds=("bookTicker", "markPrice@1s"))
    for connection in ("public", "market"):
        desk.agent.on_socket(connection, True, "")
    desk.ctx.receive(desk.agent, "public", ticker(10, "99.00", "1", "101.00", "1"))
    desk.ctx.advance(desk.agent, 10 * SECOND - 1)
    assert reason(desk, QUOTE) == "nothing came for 3000 ms"
    assert desk.agent.figures().silent == {}
    desk.ctx.advance(desk.agent, 1)
    text = "btcusdt@markPrice@1s was subscribed, and nothing came in 10000 ms"
    assert reason(desk, MARK) == text
    assert desk.agent.figures().silent == {stream_name(MARK): text}
    assert desk.ctx.counters == {"feed_stale": 1, "feed_silent": 1}
    desk.ctx.advance(desk.agent, 100 * SECOND)
    assert desk.ctx.counters["feed_silent"] == 1


def test_a_silent_feed_that_speaks_is_one_like_any_other():
    desk = Desk(feeds=("bookTicker",))
    desk.ctx.advance(desk.agent, 10 * SECOND)
    assert desk.agent.figures().silent
    desk.frame(ticker(10, "99.00", "1", "101.00", "1"))
    desk.agent.on_socket("market", True, "")
    assert desk.agent.figures().silent == {}


def test_trades_may_be_quiet_for_longer():
    desk = Desk(feeds=("trade", "bookTicker"))
    desk.ctx.advance(desk.agent, 300 * SECOND - 1)
    assert list(desk.agent.figures().silent) == [stream_name(QUOTE)]
    desk.ctx.advance(desk.agent, 1)
    assert list(desk.agent.figures().silent) == [stream_name(QUOTE), stream_name(TRADE)]

"""Quotes that execution closes positions by: the newest, while its stream is live and it is not old."""

import pytest

from core.frame import FLAG_STALE
from schemas.messages import Quote
from schemas.orders import Side
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.execution.execution_desk import LOT, SECOND, Desk

QUOTES = stream_id(Kind.QUOTE, 1, 1)


def desk_with_quote(flags=0, **more):
    desk = Desk(**({"market_data": ("md",)} | more))
    now = desk.ctx.wall_ns
    desk.ctx.deliver(desk.agent, "md", QUOTES, Quote(now, now, 7, 10_000, LOT, 10_002, LOT), flags=flags)
    return desk, desk.agent._guards.quotes


def test_a_sale_meets_the_bid_and_a_buy_the_ask():
    _, quotes = desk_with_quote()
    assert (quotes.best_ticks(1, Side.SELL), quotes.best_ticks(1, Side.BUY)) == (10_000, 10_002)
    assert quotes.best_ticks(2, Side.SELL) == 0


def test_an_old_quote_is_no_price():
    desk, quotes = desk_with_quote()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert quotes.best_ticks(1, Side.SELL) == 10_000
    desk.ctx.advance(desk.agent, 1)
    assert quotes.best_ticks(1, Side.SELL) == 0


@pytest.mark.parametrize("state", [StreamState.DOWN, StreamState.SYNCING, StreamState.GAP])
def test_there_is_no_price_while_the_stream_is_not_live(state):
    desk, quotes = desk_with_quote()
    desk.ctx.stream_states["md", QUOTES] = state
    assert quotes.best_ticks(1, Side.SELL) == 0


def test_a_quote_that_its_publisher_calls_stale_is_no_price():
    _, quotes = desk_with_quote(flags=FLAG_STALE)
    assert quotes.best_ticks(1, Side.SELL) == 0


def test_quotes_are_followed_conflated_and_only_if_market_data_is_named():
    desk, quotes = desk_with_quote()
    assert quotes
    assert [(s.publisher, s.conflate) for s in desk.agent.subscriptions() if s.stream == QUOTES] == [("md", True)]
    bare = Desk()
    assert not bare.agent._guards.quotes
    assert [s.publisher for s in bare.agent.subscriptions()] == ["risk", "signal", "signal2"]

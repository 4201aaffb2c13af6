"""Market data: snapshots for late joiners, health, start, stop and configuration."""

import pytest

from agents.market_data.agent import build
from schemas.config import Config, MarketDataConfig
from schemas.errors import ConfigError
from schemas.messages import MESSAGE_TYPES, BookDelta, BookSnapshot, FeedState, Instrument, Trade, VenueBar
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.market_data.market_data_desk import (
    BOOK,
    QUOTE,
    TRADE,
    Desk,
    config,
    is_state,
    ticker,
    trade,
)


def test_start_publishes_instruments_and_that_no_feed_is_up():
    ctx = FakeContext()
    agent = build("md", config())
    agent.bind(ctx)
    agent.start()
    assert isinstance(ctx.messages(stream_id(Kind.INSTRUMENT, 1, 1))[0], Instrument)
    assert [m.state for m in ctx.messages() if is_state(m)] == [StreamState.DOWN] * 3
    assert list(ctx.opened) == ["market"]


def test_snapshots_are_what_was_published_last():
    desk = Desk().synced()
    quote = ticker(11, "99.00", "1", "101.00", "1")
    desk.frame(quote)
    assert isinstance(desk.agent.snapshot(BOOK), BookSnapshot)
    assert desk.agent.snapshot(QUOTE) == desk.ctx.messages(QUOTE)[-1]
    assert desk.agent.snapshot(TRADE) is None
    assert desk.agent.snapshot(stream_id(Kind.BOOK, 1, 9)) is None
    assert desk.agent.snapshot(stream_id(Kind.INSTRUMENT, 1, 1)).symbol == "BTCUSDT"


def test_the_snapshot_of_a_stream_that_is_not_live_says_so():
    desk = Desk()
    assert desk.agent.snapshot(BOOK).state == StreamState.SYNCING
    desk.agent.on_socket("market", False, "gone")
    assert desk.agent.snapshot(QUOTE) == FeedState(desk.ctx.wall_ns, StreamState.DOWN, "gone")


def test_stop_says_that_the_feeds_end():
    desk = Desk().synced()
    desk.agent.stop()
    assert [desk.state(stream) for stream in (TRADE, BOOK, QUOTE)] == [StreamState.DOWN] * 3


def test_configuration_that_names_what_is_not_there_is_refused():
    good = config()
    agents = {"md": MarketDataConfig(id=1, venue="b", instruments=("ETHUSDT",))}
    with pytest.raises(ConfigError, match="ETHUSDT"):
        build("md", Config(venues=good.venues, instruments=good.instruments, agents=agents))
    agents = {"md": MarketDataConfig(id=1, venue="kraken", instruments=())}
    with pytest.raises(ConfigError, match="kraken"):
        build("md", Config(venues=good.venues, instruments=good.instruments, agents=agents))


def test_ticks_of_earlier_lives_are_counted_without_reading_them():
    numbers = {cls: number for number, cls in MESSAGE_TYPES.items()}
    desk = Desk()
    assert desk.agent.restores == frozenset()
    assert desk.agent.restores_last == {Trade, VenueBar}
    desk.agent.passed_over(
        {numbers[Trade]: 5, numbers[BookDelta]: 7, numbers[FeedState]: 100, numbers[BookSnapshot]: 9}
    )
    assert desk.agent.figures().published_before == 12


def test_market_data_is_healthy_only_while_the_venue_can_be_heard():
    desk = Desk()
    desk.synced()
    desk.frame(trade())
    assert desk.agent.healthy
    desk.agent.on_socket("market", False, "closed: 1006")
    assert not desk.agent.healthy


def test_a_depth_of_snapshots_that_the_venue_does_not_give_is_refused_with_those_that_it_does():
    good = config("binance_usdm", feeds=("trade",))
    agents = {"md": MarketDataConfig(id=1, venue="b", instruments=("BTCUSDT",), snapshot_depth=250)}
    with pytest.raises(ConfigError, match=r"5, 10, 20, 50, 100, 500, 1000 levels only \(found: 250\)"):
        build("md", Config(venues=good.venues, instruments=good.instruments, agents=agents))
    spot = config()
    assert build("md", Config(venues=spot.venues, instruments=spot.instruments, agents=agents)).heartbeat is None

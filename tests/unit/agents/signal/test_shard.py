"""Shards: what strategies are shown of their instruments, and how they are loaded."""

import msgspec
import pytest

from core.frame import FLAG_REPLAY, FLAG_STALE
from schemas.config import StrategyConfig
from schemas.errors import ConfigError
from schemas.messages import BookDelta, FeedState, VenueBar
from schemas.streams import Kind, StreamState
from tests.unit.agents.signal.signal_desk import RECORDER, Desk, S, buyer
from tests.unit.agents.trading_desk import (
    BTC,
    ETH,
    book,
    quote,
    strategy,
    stream,
    trade,
)

MS = 1_000_000
FEEDS = ("trade", "depth", "bookTicker", "kline_1m")


def minutes(name="test", *, lengths=(60_000,), **more):
    """A strategy that takes the venue's bars of a minute."""
    return msgspec.structs.replace(strategy(name, RECORDER, **more), bar_ms=lengths, venue_bar_ms=60_000)


def test_strategy_sees_trades_books_and_closed_bars_of_its_instruments():
    desk = Desk(strategy("a", RECORDER), strategy("b", RECORDER, ("ETHUSDT",)))
    desk.book()
    desk.trade(price=9, event_ns=5 * S - 1)
    desk.trade(price=10, event_ns=5 * S)
    desk.trade(price=12, event_ns=5 * S + 1)
    desk.trade(price=11, event_ns=6 * S)
    a, b = desk.strategy("a"), desk.strategy("b")
    assert a.of("book") == [(5_999_900, 6_000_100)]
    assert [t.price_ticks for t in a.of("trade")] == [9, 10, 12, 11]
    ((bar, count),) = a.of("bar")
    assert (bar.open_ticks, bar.high_ticks, bar.low_ticks, bar.close_ticks, bar.trades) == (10, 12, 10, 12, 2)
    assert count == 1
    assert [name for name, _, _ in a.calls] == ["book", "trade", "trade", "trade", "bar", "trade"]
    assert not b.calls
    assert desk.agent.figures().bars == 1


def test_strategy_sees_the_venues_quotes():
    desk = Desk(strategy("told", "tests.unit.agents.probe_strategies:Told"))
    sent = quote(desk.ctx, 5_999_950, 6_000_050)
    desk.market(sent, Kind.QUOTE)
    assert desk.strategy("told").of("quote") == [sent]


def test_bar_is_closed_by_time():
    desk = Desk()
    desk.trade(event_ns=4 * S)
    desk.trade(event_ns=5 * S)
    desk.ctx.advance(desk.agent, S + 250 * MS - 1)
    assert not desk.strategy().of("bar")
    desk.ctx.advance(desk.agent, 1)
    assert len(desk.strategy().of("bar")) == 1
    desk.trade(event_ns=7 * S)
    desk.ctx.advance(desk.agent, S + 250 * MS)
    assert [bar.start_ns // S for bar, _ in desk.strategy().of("bar")] == [5, 6, 7]


def test_interval_without_trades_is_a_bar_when_the_book_has_gone_on():
    desk = Desk()
    desk.trade(event_ns=4 * S)
    desk.trade(event_ns=5 * S, price=77)
    desk.ctx.advance(desk.agent, 5 * S)
    assert [bar.start_ns // S for bar, _ in desk.strategy().of("bar")] == [5]
    desk.book()
    desk.ctx.advance(desk.agent, 250 * MS)
    told = [(bar.start_ns // S, bar.close_ticks, bar.trades, count) for bar, count in desk.strategy().of("bar")]
    assert told == [(5, 77, 1, 1), (6, 77, 0, 2), (7, 77, 0, 3), (8, 77, 0, 4), (9, 77, 0, 5)]


@pytest.mark.parametrize("how", ["feed", "link", "stale"])
def test_bar_in_which_trades_were_missed_reaches_nobody(how):
    desk = Desk()
    for second in (4, 5, 6):
        desk.trade(event_ns=second * S)
    if how == "feed":
        desk.market(FeedState(0, StreamState.GAP, "2 trades were missed"), Kind.TRADE)
        desk.market(FeedState(0, StreamState.LIVE, "2 trades were missed"), Kind.TRADE)
    elif how == "link":
        desk.agent.on_stream_state("md", stream(Kind.TRADE), StreamState.GAP)
        desk.agent.on_stream_state("md", stream(Kind.BOOK), StreamState.GAP)
    else:
        desk.market(trade(desk.ctx, 1, event_ns=6 * S), Kind.TRADE, flags=FLAG_STALE)
    for second in (6, 7, 8):
        desk.trade(event_ns=second * S)
    told = [(bar.start_ns // S, bar.low_ticks) for bar, _ in desk.strategy().of("bar")]
    price = 6_000_000
    seconds = (5, 6, 7) if how == "stale" else (5, 7)
    assert told == [(second, price) for second in seconds]
    # The one that was joined in the middle, and the one with the hole.
    assert desk.agent.figures().bars_left_out == (1 if how == "stale" else 2)


def test_deltas_change_a_valid_book_and_stale_ones_do_not():
    desk = Desk()
    empty = BookDelta(1, desk.ctx.wall_ns, 1, 1, b"", book(desk.ctx, asks=((6_000_000, 5),)).asks)
    desk.market(empty, Kind.BOOK)
    desk.market(empty, Kind.BOOK, flags=FLAG_STALE)
    assert not desk.strategy().of("book")
    desk.book()
    desk.market(empty, Kind.BOOK, flags=FLAG_STALE)
    desk.market(empty, Kind.BOOK)
    assert desk.strategy().of("book") == [(5_999_900, 6_000_100), (5_999_900, 6_000_000)]


def test_levels_that_do_not_decode_make_the_book_invalid():
    desk = Desk()
    desk.book()
    desk.market(BookDelta(1, desk.ctx.wall_ns, 1, 1, b"123", b""), Kind.BOOK)
    desk.market(BookDelta(1, desk.ctx.wall_ns, 1, 1, b"", b""), Kind.BOOK)
    assert len(desk.strategy().of("book")) == 1


def test_timer_is_called_at_the_strategys_own_pace():
    desk = Desk()
    desk.ctx.advance(desk.agent, 2 * S)
    assert desk.strategy().of("timer") == [1_500 * MS, 2_000 * MS, 2_500 * MS, 3_000 * MS]


def test_old_replayed_trades_build_bars_and_trigger_nothing():
    desk = Desk(buyer())
    before, old = trade(desk.ctx, event_ns=4 * S), trade(desk.ctx, event_ns=5 * S)
    desk.ctx.advance(desk.agent, 3 * S)
    desk.book()
    desk.market(before, Kind.TRADE, flags=FLAG_REPLAY)
    desk.market(old, Kind.TRADE, flags=FLAG_REPLAY)
    assert desk.strategy().asked == [0, 0]
    desk.trade(event_ns=6 * S)
    assert len(desk.strategy().of("bar")) == 1
    assert desk.strategy().asked[2] != 0


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("no_such_module:X", "cannot be loaded"),
        ("tests.unit.agents.probe_strategies:Missing", "cannot be loaded"),
        ("tests.unit.agents.probe_strategies", "cannot be loaded"),
        ("", "cannot be loaded"),
        ("tests.unit.agents.probe_strategies:NotAStrategy", "not a subclass of Strategy"),
    ],
)
def test_strategy_that_cannot_be_loaded_is_refused_by_name(path, found):
    with pytest.raises(ConfigError, match=rf"strategies\.x\.path: .*{found}"):
        Desk(strategy("x", path))


def test_strategys_own_objection_names_it():
    with pytest.raises(ConfigError, match=r"strategies\.x\.params: refuse is set"):
        Desk(strategy("x", RECORDER, refuse=True))


def test_instrument_without_feed_is_refused():
    with pytest.raises(ConfigError, match=r"no feed of 'XRPUSDT' \(there are: BTCUSDT, ETHUSDT\)"):
        Desk(strategy("x", RECORDER, ("XRPUSDT",)))


def test_bars_of_different_length_stand_side_by_side():
    slow = StrategyConfig(name="slow", path=RECORDER, instruments=("BTCUSDT",), bar_ms=10_000, warm_up_bars=0)
    desk = Desk(strategy("fast", RECORDER), slow)
    for second in range(-1, 21):
        desk.trade(event_ns=(100 + second) * S)
    assert len(desk.strategy("fast").of("bar")) == 20
    assert len(desk.strategy("slow").of("bar")) == 2


def test_eth_is_kept_apart_from_btc():
    desk = Desk(strategy("both", RECORDER, ("BTCUSDT", "ETHUSDT")))
    desk.market(trade(desk.ctx, 1, event_ns=5 * S), Kind.TRADE, BTC)
    desk.market(trade(desk.ctx, 2, event_ns=6 * S), Kind.TRADE, ETH)
    assert not desk.strategy("both").of("bar")


def test_a_trade_that_was_missed_and_came_later_is_shown_and_not_acted_on():
    desk = Desk(buyer())
    desk.book()
    desk.market(trade(desk.ctx), Kind.TRADE, flags=FLAG_STALE)
    assert len(desk.strategy().of("trade")) == 1
    assert desk.signals() == []
    desk.trade()
    assert len(desk.signals()) == 1


def test_the_venues_bars_are_handed_on_as_it_tells_them():
    desk = Desk(minutes(), feeds=FEEDS)
    desk.trade(event_ns=60 * S)
    desk.trade(event_ns=200 * S)
    assert not desk.strategy().of("bar")
    desk.venue_bar(60)
    desk.venue_bar(120, price=7)
    told = [
        (bar.start_ns // S, bar.duration_ns // S, bar.open_ticks, count) for bar, count in desk.strategy().of("bar")
    ]
    assert told == [(60, 60, 6_000_000, 1), (120, 60, 7, 2)]
    bar = desk.strategy().of("bar")[1][0]
    assert (bar.high_ticks, bar.low_ticks, bar.close_ticks, bar.volume_lots, bar.trades, bar.partial) == (
        *(9, 5, 8),
        *(77, 9, False),
    )


def test_the_venues_bars_stand_beside_those_built_from_trades():
    desk = Desk(minutes(lengths=(1_000, 60_000)), strategy("other", RECORDER), feeds=FEEDS)
    for second in (4, 5, 6):
        desk.trade(event_ns=second * S)
    desk.venue_bar(60)
    assert [bar.duration_ns // S for bar, _ in desk.strategy().of("bar")] == [1, 60]
    assert [bar.duration_ns // S for bar, _ in desk.strategy("other").of("bar")] == [1]


def test_one_length_may_be_the_venues_for_one_strategy_and_built_for_another():
    built = msgspec.structs.replace(strategy("built", RECORDER), bar_ms=60_000)
    desk = Desk(minutes("told"), built, feeds=FEEDS)
    desk.venue_bar(60, price=7)
    for minute in (1, 2, 3):
        desk.trade(event_ns=60 * minute * S, price=11)
    assert [bar.open_ticks for bar, _ in desk.strategy("told").of("bar")] == [7]
    assert [bar.open_ticks for bar, _ in desk.strategy("built").of("bar")] == [11]


def test_a_bar_of_the_venue_is_told_once_and_one_of_another_length_never():
    desk = Desk(minutes(), feeds=FEEDS)
    desk.venue_bar(60)
    desk.venue_bar(60)
    desk.venue_bar(0)
    desk.venue_bar(120, length_s=180)
    desk.market(FeedState(0, StreamState.GAP, "1 bars were missed"), Kind.BAR)
    desk.venue_bar(180)
    desk.venue_bar(120, flags=FLAG_STALE)
    assert [bar.start_ns // S for bar, _ in desk.strategy().of("bar")] == [60, 180]
    # It asks for no history, so that which is missing stays so.
    assert desk.agent.figures().bars_left_out == 1


def test_a_bar_of_the_venue_can_be_acted_on_and_an_old_one_cannot():
    desk = Desk(minutes(buy_on="bar"), feeds=FEEDS)
    desk.book()
    sent = desk.venue_bar(60)
    (asked,) = desk.signals()
    assert asked.causes[0] == (sent.stream, sent.epoch, sent.seq)
    desk.ctx.advance(desk.agent, 1)
    old = VenueBar(180 * S, desk.ctx.wall_ns - 3_600 * S, 60_000, 120 * S, 1, 1, 1, 1, 1)
    desk.market(old, Kind.BAR, flags=FLAG_REPLAY)
    assert len(desk.strategy().of("bar")) == 2
    assert desk.strategy().asked[1] == 0


def test_the_stream_of_bars_is_followed_where_a_strategy_takes_them():
    def followed(*strategies):
        return [each.stream for each in Desk(*strategies, feeds=FEEDS).agent.subscriptions()]

    both = strategy("both", RECORDER, ("BTCUSDT", "ETHUSDT"))
    assert stream(Kind.BAR) in followed(both, minutes())
    assert stream(Kind.BAR, ETH) not in followed(both, minutes())
    assert stream(Kind.BAR) not in followed(both)


@pytest.mark.parametrize(
    ("lengths", "wanted", "feeds", "found"),
    [
        (1_000, 60_000, FEEDS, r"60000 is none of its bar_ms \(allowed: 1000\)"),
        (
            60_000,
            60_000,
            ("trade", "depth"),
            r"BTCUSDT has no feed of .* 60000 ms \(its feeds: trade, depth; .*: kline_1m\)",
        ),
        (900_000, 900_000, FEEDS, r"BTCUSDT has no feed of .* 900000 ms .*: kline_15m\)"),
        (1_500, 1_500, FEEDS, r"BTCUSDT has no feed of .* 1500 ms .*: none is so long\)"),
    ],
)
def test_venue_bars_that_no_feed_has_are_refused_by_name(lengths, wanted, feeds, found):
    wrong = msgspec.structs.replace(strategy("x", RECORDER), bar_ms=lengths, venue_bar_ms=wanted)
    with pytest.raises(ConfigError, match=rf"strategies\.x\.venue_bar_ms: {found}"):
        Desk(wrong, feeds=feeds)

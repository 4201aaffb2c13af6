"""Feed: which market a decision may rest on, and which price is the best known one."""

import pytest
from msgspec.structs import replace

from agents.instruments import InstrumentTable
from agents.state.market_view import MarketView, clock_streams, feeds_of
from core.frame import FLAG_STALE, Header
from schemas.errors import ConfigError
from schemas.messages import BookDelta, FeedState, VenueClock
from schemas.orders import Reason
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import BTC, book, config, quote, stream, trade

S, MS = 1_000_000_000, 1_000_000
AGE = 2 * S


class Bench:
    def __init__(self):
        self.ctx = FakeContext()
        self.feed = MarketView("md", InstrumentTable(config()).by_id[BTC])
        self.seq = 0

    def apply(self, kind, message, epoch=1, flags=0):
        self.seq += 1
        header = Header(stream=stream(kind), type=1, sender=1, epoch=epoch, seq=self.seq, flags=flags)
        return self.feed.apply(header, message, self.ctx.now_ns, self.ctx.wall_ns)

    def state(self, kind, state):
        return self.apply(kind, FeedState(self.ctx.wall_ns, state))

    def wait(self, duration_ns):
        self.ctx.now_ns += duration_ns
        self.ctx.wall_ns += duration_ns

    @property
    def fault(self):
        found = self.feed.fault(self.ctx, AGE)
        return None if found is None else found[0]


def test_book_of_an_earlier_epoch_is_invalid():
    bench = Bench()
    bench.apply(Kind.BOOK, book(bench.ctx))
    assert bench.fault is None
    delta = BookDelta(1, bench.ctx.wall_ns, 2, 2, b"", b"")
    assert not bench.apply(Kind.BOOK, delta, epoch=2)
    assert bench.fault is Reason.BOOK_INVALID
    assert bench.apply(Kind.BOOK, book(bench.ctx), epoch=2)
    assert bench.fault is None


def test_gap_that_was_repaired_leaves_the_book_valid():
    bench = Bench()
    bench.apply(Kind.BOOK, book(bench.ctx))
    bench.ctx.stream_states["md", stream(Kind.BOOK)] = StreamState.GAP
    assert bench.fault is Reason.STALE_MARKET_DATA
    bench.ctx.stream_states["md", stream(Kind.BOOK)] = StreamState.LIVE
    assert bench.fault is None


def test_crossed_book_is_invalid():
    bench = Bench()
    bench.apply(Kind.BOOK, book(bench.ctx, bids=((101, 1),), asks=((100, 1),)))
    assert bench.fault is Reason.BOOK_INVALID


def test_one_sided_quote_is_no_market():
    bench = Bench()
    bench.apply(Kind.QUOTE, quote(bench.ctx, bid=0, ask=5))
    assert bench.fault is Reason.BOOK_INVALID


def test_newer_of_book_and_quote_is_the_top():
    bench = Bench()
    bench.apply(Kind.BOOK, book(bench.ctx, ((100, 1),), ((103, 1),)))
    bench.wait(1)
    bench.apply(Kind.QUOTE, quote(bench.ctx, 101, 102))
    assert (bench.feed.bid_ticks(), bench.feed.ask_ticks()) == (101, 102)
    bench.wait(1)
    bench.apply(Kind.BOOK, book(bench.ctx, ((99, 1),), ((104, 1),)))
    assert (bench.feed.bid_ticks(), bench.feed.ask_ticks()) == (99, 104)


def test_quotes_that_pause_are_replaced_by_a_fresh_book():
    bench = Bench()
    bench.apply(Kind.QUOTE, quote(bench.ctx, 101, 102))
    bench.apply(Kind.BOOK, book(bench.ctx, ((100, 1),), ((103, 1),)))
    bench.state(Kind.QUOTE, StreamState.GAP)
    bench.state(Kind.TRADE, StreamState.GAP)
    assert bench.fault is None
    assert (bench.feed.bid_ticks(), bench.feed.ask_ticks()) == (100, 103)
    bench.wait(AGE + 1)
    assert bench.fault is Reason.STALE_MARKET_DATA


def test_last_trade_counts_only_while_trades_come():
    bench = Bench()
    bench.apply(Kind.TRADE, trade(bench.ctx, 77))
    assert bench.feed.fresh_last_px_ticks == 77
    bench.state(Kind.TRADE, StreamState.GAP)
    assert bench.feed.fresh_last_px_ticks == 0
    bench.apply(Kind.TRADE, trade(bench.ctx, 78))
    assert bench.feed.fresh_last_px_ticks == 78


def test_stale_frames_refresh_nothing():
    bench = Bench()
    bench.apply(Kind.QUOTE, quote(bench.ctx))
    bench.wait(AGE + 1)
    assert not bench.apply(Kind.QUOTE, quote(bench.ctx), flags=FLAG_STALE)
    assert bench.fault is Reason.STALE_MARKET_DATA


def test_publisher_clock_ahead_makes_nothing_older_than_its_arrival():
    bench = Bench()
    ahead = quote(bench.ctx)
    bench.ctx.wall_ns -= 5 * S
    bench.apply(Kind.QUOTE, ahead)
    assert bench.feed.quotes.seen_ns == bench.ctx.now_ns


def test_middle_is_exact_and_falls_back_to_the_last_trade():
    bench = Bench()
    assert bench.feed.mid_e8() == 0
    bench.apply(Kind.TRADE, trade(bench.ctx, 6_000_000))
    assert bench.feed.mid_e8() == 60_000 * 10**8
    bench.apply(Kind.QUOTE, quote(bench.ctx, 6_000_000, 6_000_001))
    assert bench.feed.mid_e8() == 60_000 * 10**8 + 500_000


def test_publisher_must_be_market_data():
    desk = config()
    table = InstrumentTable(desk)
    assert [feed.info.symbol for feed in feeds_of(desk, table, ("md",), "key")] == ["BTCUSDT", "ETHUSDT"]
    with pytest.raises(ConfigError, match="key: 'exec'"):
        feeds_of(desk, table, ("exec",), "key")


# How late the venue is


def clock(bench, offset_ns, error_ns, publisher="md"):
    bench.feed.take_clock(publisher, stream_id(Kind.CLOCK, 1, 0), VenueClock(bench.ctx.wall_ns, offset_ns, error_ns))


def stamped(bench, kind, venue_ns):
    """Return a message of `kind` that is received now and was stamped `venue_ns` by the venue."""
    whole = {Kind.BOOK: book, Kind.QUOTE: quote, Kind.TRADE: trade}[kind](bench.ctx)
    return replace(whole, ts_event_ns=venue_ns)


def test_a_book_that_the_venue_stamped_minutes_ago_is_no_market_though_it_came_just_now():
    bench = Bench()
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, bench.ctx.wall_ns - 600 * S))
    reason, figures = bench.feed.fault(bench.ctx, AGE)
    assert reason is Reason.MARKET_LAG
    assert figures == {
        "age_ms": 540_000,
        "age_ms_max": 2_000,
        "lag_ms": 540_000,
        "clock_offset_ms": 0,
        "clock_error_ms": 60_000,
    }


def test_lag_is_judged_by_the_venues_clock_and_less_what_that_may_be_wrong_by():
    bench = Bench()
    clock(bench, -30 * S, 5_000_000)
    late_ns = bench.ctx.wall_ns - 30 * S - 2 * S
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, late_ns - 5_000_000))
    assert bench.fault is None
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, late_ns - 5_000_001))
    assert bench.fault is Reason.MARKET_LAG


def test_a_recording_is_as_fresh_as_its_clock_says():
    bench = Bench()
    then_ns = 1_600_000_000 * S
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, then_ns))
    assert bench.fault is Reason.MARKET_LAG
    clock(bench, then_ns - bench.ctx.wall_ns, 1_000_000)
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, then_ns))
    assert bench.fault is None


@pytest.mark.parametrize("late_ms", [1_900, 2_100])
def test_what_came_before_the_clock_was_known_is_judged_as_what_comes_after(late_ms):
    then_ns = 1_600_000_000 * S - late_ms * MS
    faults = []
    for clock_first in (True, False):
        bench = Bench()
        offset_ns = 1_600_000_000 * S - bench.ctx.wall_ns
        if clock_first:
            clock(bench, offset_ns, MS)
        bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, then_ns))
        bench.wait(50 * MS)
        if not clock_first:
            clock(bench, offset_ns, MS)
        faults.append((bench.fault, bench.feed.books.lag_ns, bench.feed.books.seen_ns - bench.ctx.now_ns))
    assert faults[0] == faults[1]
    assert faults[0] == (Reason.MARKET_LAG if late_ms > 2_000 else None, (late_ms - 1) * MS, -(late_ms + 49) * MS)


def test_a_clock_that_changes_judges_nothing_again():
    bench = Bench()
    clock(bench, 0, MS)
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, bench.ctx.wall_ns - 600 * S))
    clock(bench, -600 * S, MS)
    assert bench.fault is Reason.MARKET_LAG


def test_a_clock_that_cannot_be_followed_makes_nothing_late():
    bench = Bench()
    clock(bench, 0, 10**18)
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, bench.ctx.wall_ns - 3600 * S))
    assert bench.fault is None


def test_the_clock_of_another_publisher_or_one_that_is_not_known_changes_nothing():
    bench = Bench()
    clock(bench, -3600 * S, 1_000_000, publisher="md2")
    clock(bench, -3600 * S, 0)
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, bench.ctx.wall_ns - 3600 * S))
    assert bench.fault is Reason.MARKET_LAG


def test_lag_and_time_since_receipt_add_up():
    bench = Bench()
    clock(bench, 0, 1_000_000)
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, bench.ctx.wall_ns - S - 1_000_000))
    bench.wait(S)
    assert bench.fault is None
    bench.wait(1)
    assert bench.fault is Reason.MARKET_LAG
    bench.wait(S)
    assert bench.fault is Reason.STALE_MARKET_DATA


def test_a_quote_without_venue_time_is_as_late_as_what_came_before_it():
    bench = Bench()
    clock(bench, 0, 1_000_000)
    bench.apply(Kind.BOOK, stamped(bench, Kind.BOOK, bench.ctx.wall_ns - 10 * S))
    bench.apply(Kind.QUOTE, stamped(bench, Kind.QUOTE, 0))
    assert bench.fault is Reason.MARKET_LAG
    bench.apply(Kind.TRADE, stamped(bench, Kind.TRADE, bench.ctx.wall_ns))
    bench.apply(Kind.QUOTE, stamped(bench, Kind.QUOTE, 0))
    assert bench.fault is None


def test_a_late_quote_does_not_stand_in_for_a_fresh_book():
    bench = Bench()
    clock(bench, 0, 1_000_000)
    bench.apply(Kind.BOOK, book(bench.ctx, ((100, 1),), ((103, 1),)))
    bench.apply(Kind.QUOTE, stamped(bench, Kind.QUOTE, bench.ctx.wall_ns - 10 * S))
    assert bench.fault is None
    assert (bench.feed.bid_ticks(), bench.feed.ask_ticks()) == (100, 103)


def test_a_market_that_never_came_is_stale():
    bench = Bench()
    assert bench.feed.fault(bench.ctx, AGE) == (
        Reason.STALE_MARKET_DATA,
        {"age_ms": "never seen", "age_ms_max": 2_000},
    )


def test_each_clock_is_followed_once():
    desk = config()
    feeds = feeds_of(desk, InstrumentTable(desk), ("md",), "key")
    assert clock_streams(feeds) == [("md", stream_id(Kind.CLOCK, 1, 0))]

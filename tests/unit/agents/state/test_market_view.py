"""Feed: which market a decision may rest on, and which price is the best known one."""

import pytest

from agents.instruments import InstrumentTable
from agents.state.market_view import MarketView, feeds_of
from core.frame import FLAG_STALE, Header
from schemas.errors import ConfigError
from schemas.messages import BookDelta, FeedState
from schemas.orders import Reason
from schemas.streams import Kind, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import BTC, book, config, quote, stream, trade

S = 1_000_000_000
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

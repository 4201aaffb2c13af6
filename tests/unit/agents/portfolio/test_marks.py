"""Marks: the streams that an instrument is marked by, when a mark is known, and what does not move it."""

import pytest

from agents.instruments import InstrumentTable
from agents.portfolio.marks import Mark, MarkLimits
from core.frame import FLAG_STALE, Header
from schemas.messages import E8, FeedState, MarkPrice
from schemas.streams import Kind, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import BTC, config, quote, stream, trade

E9 = 10 * E8
S = 1_000_000_000
QUOTES, TRADES = stream(Kind.QUOTE), stream(Kind.TRADE)


class Marked:
    """BTCUSDT, with ticks of 0.01, marked by its quotes: 5 % at once, 10 % wide, a second to be confirmed."""

    def __init__(self, kind=Kind.QUOTE, *, trades=True):
        self.ctx = FakeContext("folio")
        info = InstrumentTable(config()).by_id[BTC]
        beside = TRADES if trades and kind is not Kind.TRADE else 0
        self.mark = Mark(info, "md", stream(kind), MarkLimits(0.05, 0.1, 1_000), beside)
        self.stream = stream(kind)
        self.now_ns = 0

    def tell(self, message, flags=0, on=0):
        header = Header(stream=on or self.stream, type=1, sender=1, epoch=1, seq=1, flags=flags)
        self.mark.take(header, message, self.now_ns)

    def quote(self, bid, ask, after_s=0.0):
        self.now_ns += round(after_s * S)
        self.tell(quote(self.ctx, bid, ask))

    def trade(self, price, after_s=0.0):
        self.now_ns += round(after_s * S)
        self.tell(trade(self.ctx, price), on=TRADES)

    @property
    def px(self):
        return self.mark.px_e9 / E9


def test_quotes_mark_at_their_middle_to_half_a_tick():
    marked = Marked()
    assert not marked.mark.known
    marked.quote(100, 103)
    assert (marked.mark.px_e9, marked.mark.known) == (1_015_000_000, True)


def test_trades_and_mark_prices_mark_at_their_price():
    by_trades, by_mark_price = Marked(Kind.TRADE), Marked(Kind.MARK)
    by_trades.trade(102)
    assert by_trades.mark.px_e9 == 1_020_000_000
    by_mark_price.tell(MarkPrice(1, 2, 7 * E8, 6 * E8, 0, 3))
    assert by_mark_price.mark.px_e9 == 7 * E9


@pytest.mark.parametrize(("bid", "ask"), [(0, 103), (100, 0), (104, 103), (103, 103), (100, 2**60)])
def test_a_quote_that_is_one_sided_crossed_or_absurd_says_nothing(bid, ask):
    marked = Marked()
    marked.quote(bid, ask)
    assert (marked.mark.px_e9, marked.mark.known) == (0, False)
    marked.quote(100, 102)
    marked.quote(bid, ask, after_s=60)
    assert marked.px == 1.01


def test_a_stale_quote_says_nothing():
    marked = Marked()
    marked.tell(quote(marked.ctx, 100, 103), flags=FLAG_STALE)
    assert (marked.mark.px_e9, marked.mark.known) == (0, False)


def test_a_wide_quote_moves_the_mark_only_into_itself():
    marked = Marked()
    marked.quote(5_999_900, 6_000_100)
    marked.quote(5_999_900, 60_000_000)
    assert marked.px == 60_000
    marked.quote(1, 5_990_000)
    assert marked.px == 59_900
    marked.quote(6_000_000, 60_000_000, after_s=3600)
    assert marked.px == 60_000


def test_a_wide_first_quote_is_held_against_the_last_trade():
    marked = Marked()
    marked.trade(5_950_000)
    assert not marked.mark.known
    marked.quote(5_900_000, 60_000_000)
    assert (marked.px, marked.mark.known) == (59_500, True)


def test_a_wild_quote_of_a_moment_moves_nothing():
    marked = Marked()
    marked.quote(5_999_900, 6_000_100)
    marked.quote(60_000_000, 60_000_100)
    assert marked.px == 60_000
    assert marked.mark.doubted_e9 == 600_000.5 * E9
    marked.quote(6_000_900, 6_001_100, after_s=0.9)
    assert (marked.px, marked.mark.doubted_e9) == (60_010, 0)
    marked.quote(60_000_000, 60_000_100, after_s=0.9)
    assert marked.px == 60_010


def test_a_wild_print_of_a_moment_moves_nothing():
    marked = Marked(Kind.TRADE)
    marked.trade(6_000_000)
    marked.trade(60_000_000)
    marked.trade(6_000_000, after_s=0.1)
    marked.trade(60_000_000, after_s=10)
    assert marked.px == 60_000


def test_a_crash_that_is_traded_is_taken_after_the_time_named():
    marked = Marked()
    marked.quote(5_999_900, 6_000_100)
    marked.quote(4_799_900, 4_800_100)
    marked.trade(4_800_000, after_s=0.2)
    marked.quote(4_699_900, 4_700_100, after_s=0.3)
    assert marked.px == 60_000
    marked.quote(4_699_900, 4_700_100, after_s=0.5)
    assert marked.px == 47_000


def test_a_crash_that_nobody_trades_is_taken_ten_times_later():
    marked = Marked()
    marked.quote(5_999_900, 6_000_100)
    marked.quote(4_799_900, 4_800_100)
    marked.now_ns += 9 * S
    marked.mark.settle(marked.now_ns)
    assert marked.px == 60_000
    marked.now_ns += 1 * S
    marked.mark.settle(marked.now_ns)
    assert marked.px == 48_000


def test_a_crash_is_taken_by_time_alone_where_no_trades_are_followed():
    marked = Marked(trades=False)
    marked.quote(5_999_900, 6_000_100)
    marked.quote(4_799_900, 4_800_100)
    marked.quote(4_799_900, 4_800_100, after_s=1)
    assert marked.px == 48_000


def test_a_crash_of_prints_is_taken_when_a_second_one_confirms_it():
    marked = Marked(Kind.TRADE)
    marked.trade(6_000_000)
    marked.trade(4_800_000)
    marked.trade(4_700_000, after_s=0.5)
    assert marked.px == 60_000
    marked.now_ns += S // 2
    marked.mark.settle(marked.now_ns)
    assert marked.px == 47_000


def test_a_doubt_begins_anew_with_a_price_far_from_it():
    marked = Marked()
    marked.quote(5_999_900, 6_000_100)
    for bid in (60_000_000, 70_000_000) * 20:
        marked.quote(bid, bid + 100, after_s=1)
        marked.trade(bid)
    assert marked.px == 60_000


def test_the_first_price_after_a_restart_is_held_against_the_last_before():
    marked = Marked()
    marked.mark.restore(60_000 * E9)
    assert not marked.mark.known
    marked.quote(60_000_000, 60_000_100)
    assert (marked.px, marked.mark.known) == (60_000, False)
    marked.quote(6_000_900, 6_001_100)
    assert (marked.px, marked.mark.known) == (60_010, True)


def test_a_pause_leaves_the_mark_and_the_end_of_the_feed_does_not():
    marked = Marked()
    marked.quote(100, 103)
    known = []
    for state in (StreamState.GAP, StreamState.LIVE, StreamState.DOWN, StreamState.LIVE):
        marked.tell(FeedState(1, state, ""))
        known.append(marked.mark.known)
    assert known == [True, True, False, False]
    assert marked.mark.px_e9 == 1_015_000_000


def test_the_end_of_the_feed_ends_a_doubt_and_that_of_the_trades_says_nothing():
    marked = Marked()
    marked.quote(5_999_900, 6_000_100)
    marked.quote(4_799_900, 4_800_100)
    marked.tell(FeedState(1, StreamState.DOWN, ""), on=TRADES)
    assert marked.mark.known
    marked.tell(FeedState(1, StreamState.DOWN, ""))
    marked.now_ns += 60 * S
    marked.mark.settle(marked.now_ns)
    assert (marked.px, marked.mark.known) == (60_000, False)


@pytest.mark.parametrize("far", [57_200, 63_000])
def test_a_price_that_was_let_go_there_is_let_back(far):
    marked = Marked()
    for price in (60_000, far, 60_000):
        marked.quote(100 * price - 1, 100 * price + 1)
        assert marked.px == price


@pytest.mark.parametrize("far", [57_000, 63_100])
def test_a_price_from_which_the_way_back_is_too_far_is_doubtful(far):
    marked = Marked()
    for price in (60_000, far):
        marked.quote(100 * price - 1, 100 * price + 1)
    assert marked.px == 60_000

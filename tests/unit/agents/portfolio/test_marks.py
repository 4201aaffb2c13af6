"""Marks: the one stream that an instrument is marked by, and when it is known."""

from agents.instruments import InstrumentTable
from agents.portfolio.marks import Mark
from core.frame import FLAG_STALE, Header
from schemas.messages import E8, FeedState, MarkPrice
from schemas.streams import Kind, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import BTC, config, quote, stream, trade


class Marked:
    """BTCUSDT, with ticks of 0.01, marked by its quotes."""

    def __init__(self):
        self.ctx = FakeContext("folio")
        self.mark = Mark(InstrumentTable(config()).by_id[BTC], "md", stream(Kind.QUOTE))

    def tell(self, message, flags=0):
        self.mark.take(Header(stream=stream(Kind.QUOTE), type=1, sender=1, epoch=1, seq=1, flags=flags), message)


def test_quotes_mark_at_their_middle_and_trades_at_their_price():
    marked = Marked()
    assert not marked.mark.known
    marked.tell(quote(marked.ctx, 100, 103))
    assert (marked.mark.px_e8, marked.mark.known) == (101_500_000, True)
    marked.tell(trade(marked.ctx, 102))
    assert marked.mark.px_e8 == 102_000_000
    marked.tell(MarkPrice(1, 2, 7 * E8, 6 * E8, 0, 3))
    assert marked.mark.px_e8 == 7 * E8


def test_a_quote_that_is_stale_or_has_one_side_marks_nothing():
    marked = Marked()
    marked.tell(quote(marked.ctx, 100, 103), flags=FLAG_STALE)
    marked.tell(quote(marked.ctx, 0, 103))
    marked.tell(quote(marked.ctx, 100, 0))
    assert (marked.mark.px_e8, marked.mark.known) == (0, False)


def test_a_pause_leaves_the_mark_and_the_end_of_the_feed_does_not():
    marked = Marked()
    marked.tell(quote(marked.ctx, 100, 103))
    known = []
    for state in (StreamState.GAP, StreamState.LIVE, StreamState.DOWN, StreamState.LIVE):
        marked.tell(FeedState(1, state, ""))
        known.append(marked.mark.known)
    assert known == [True, True, False, False]
    assert marked.mark.px_e8 == 101_500_000

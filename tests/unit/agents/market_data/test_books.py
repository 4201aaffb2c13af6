"""Books that are not to be believed: a ticker that says otherwise costs the book, and only for so long as it must."""

from schemas.messages import FeedState
from schemas.streams import StreamState
from tests.unit.agents.market_data.market_data_desk import BOOK, QUOTE, Desk, depth, ticker


def differ(desk, count, first=11):
    """Have book and ticker tell different prices at `count` equal update ids."""
    for number in range(first, first + count):
        desk.frame(depth(number, number))
        desk.frame(ticker(number, "99.50", "1", "100.50", "1"))


def test_a_book_that_disagrees_with_the_ticker_is_not_live_and_made_anew():
    desk = Desk().synced()
    differ(desk, 4)
    assert desk.state(BOOK) is None
    differ(desk, 1, first=15)
    assert desk.state(BOOK) == StreamState.SYNCING
    assert [m.reason for m in desk.ctx.messages(BOOK) if isinstance(m, FeedState)] == [
        "best prices differ from the ticker's, last at update 15"
    ]
    assert desk.ctx.counters["book_unequal"] == 1
    desk.last_update_id = 17
    desk.frame(depth(16, 17))
    desk.rejoin()
    assert desk.state(BOOK) == StreamState.LIVE


def test_one_equal_top_ends_the_row():
    desk = Desk().synced()
    for first in (11, 21, 31):
        differ(desk, 4, first)
        for number in range(first + 4, first + 10):
            desk.frame(depth(number, number))
        desk.frame(ticker(first + 9, "99.00", "1", "101.00", "1"))
    assert desk.state(BOOK) is None


def test_tops_at_other_ids_are_not_compared():
    desk = Desk().synced()
    for number in range(11, 60, 2):
        desk.frame(depth(number, number + 1))
        desk.frame(ticker(number, "1.00", "1", "2.00", "1"))
    assert desk.state(BOOK) is None


def test_a_ticker_without_a_book_is_never_unequal():
    desk = Desk(feeds=("bookTicker",))
    for number in range(20):
        desk.frame(ticker(number, "1.00", "1", "2.00", "1"))
    assert desk.state(QUOTE) == StreamState.LIVE

"""One stream over two connections: what each kind of message is known by, and that each comes once and in order."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.market_data.book_check import BookCheck
from agents.market_data.feeds import SyncedBook, VenueFeed
from agents.market_data.handover import Handover, key_of, last_key
from agents.market_data.trade_ids import TradeIds
from agents.venues.base import Channel, FeedKind
from agents.venues.binance.book_rules import SpotBookSync, UsdmBookSync
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import FrameReader
from schemas.messages import BookDelta, BookSnapshot, MarkPrice, Quote, Trade
from schemas.streams import StreamState
from tests.unit.agents.venues.binance.test_frame_data import info

OLD, NEW = "old", "new"


def feed_of(kind, sync=None, numbered=False):
    feed = VenueFeed(Channel("x", kind, info(), 1, OLD), BookCheck(), FrameReader())
    feed.state = StreamState.LIVE
    if sync is not None:
        feed.book = SyncedBook(feed.channel, feed, sync())
        feed.book.sync.on_stream_snapshot(0)
    if numbered:
        feed.trade_ids = TradeIds()
        feed.trade_ids.observe("0")
    return feed


def trade(number, text="{}"):
    return Trade(number, 6, 1, 1, 1, text.format(number))


def quote(number):
    return Quote(0, 6, number, 1, 1, 2, 1)


def mark(number):
    return MarkPrice(number * 1_000, 6, 1, 1, 1, 1)


def update(number, *, named=False):
    """Return the `number`th update of three ids, from 1 on; one that is `named` says which it follows."""
    last = 3 * number
    return DepthUpdate(BookDelta(1, 2, last - 2, last, b"", b""), last - 3 if named else -1)


def named_update(number):
    return update(number, named=True)


def uuid_trade(number):
    return trade(number, "f3-{}-a")


KINDS: dict[str, tuple[Callable[[], VenueFeed], Callable[[int], object]]] = {
    "numbered trades": (lambda: feed_of(FeedKind.TRADE, numbered=True), trade),
    "trades with text ids": (lambda: feed_of(FeedKind.TRADE), uuid_trade),
    "tickers": (lambda: feed_of(FeedKind.TICKER), quote),
    "mark prices": (lambda: feed_of(FeedKind.MARK), mark),
    "books by ids": (lambda: feed_of(FeedKind.DEPTH, SpotBookSync), update),
    "books by predecessor": (lambda: feed_of(FeedKind.DEPTH, UsdmBookSync), named_update),
}


class Path:
    """Takes what is handed on as the path of the frames does, as far as a handover sees it."""

    def __init__(self):
        self.taken = []

    def take(self, feed, message):
        self.taken.append(key_of(message))
        feed.last = message
        if feed.book is not None:
            feed.book.sync.on_update(message)
        if feed.trade_ids is not None:
            feed.trade_ids.observe(message.trade_id)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_each_message_comes_once_and_in_order_however_the_two_connections_lie(kind, data):
    make, message = KINDS[kind]
    feed, path = make(), Path()
    count = data.draw(st.integers(1, 12), "messages")
    opened = data.draw(st.integers(0, count), "told before the second connection is up")
    ends = data.draw(st.integers(opened, count), "last on the first connection")
    first = data.draw(st.integers(1, ends + 1), "first on the second connection")
    for number in range(1, opened + 1):
        path.take(feed, message(number))
    handover = Handover(feed, NEW, path.take)
    old, new = list(range(opened + 1, ends + 1)), list(range(first, count + 1))
    ended = False
    while old or new:
        on_old = bool(old) and (not new or data.draw(st.booleans(), "first connection next"))
        number = (old if on_old else new).pop(0)
        handover.on_message(OLD if on_old else NEW, message(number))
        if not old and not ended and data.draw(st.booleans(), "the first connection ends"):
            ended = True
            handover.end()
    handover.end()
    assert path.taken == [key_of(message(number)) for number in range(1, count + 1)]
    assert feed.connection == NEW


def test_messages_are_known_by_ids_and_else_by_the_venues_time():
    assert key_of(trade(7)) == "7"
    assert key_of(quote(7)) == 7
    assert key_of(Quote(9, 6, 0, 1, 1, 2, 1)) == 9
    assert key_of(mark(7)) == 7_000
    assert key_of(update(7)) == 21
    assert key_of(BookSnapshot(1, 2, 8, b"", b"")) == 8
    assert key_of(Quote(0, 6, 0, 1, 1, 2, 1)) is None


def test_a_feed_of_which_nothing_is_known_has_no_key():
    assert last_key(feed_of(FeedKind.TICKER)) is None
    book = feed_of(FeedKind.DEPTH, SpotBookSync)
    assert last_key(book) == 0
    book.book.clear()
    assert last_key(book) is None


def test_a_stream_without_ids_goes_over_with_the_first_message_of_the_new_connection():
    feed, path = feed_of(FeedKind.TICKER), Path()
    handover = Handover(feed, NEW, path.take)
    nameless = Quote(0, 6, 0, 1, 1, 2, 1)
    handover.on_message(OLD, nameless)
    handover.on_message(NEW, nameless)
    handover.on_message(OLD, nameless)
    assert len(path.taken) == 2
    assert handover.done
    assert handover.doubled == 1


def test_a_snapshot_of_the_new_connection_is_not_needed_where_the_book_was_good():
    feed, path = feed_of(FeedKind.DEPTH, SpotBookSync), Path()
    handover = Handover(feed, NEW, path.take)
    handover.on_message(NEW, BookSnapshot(1, 2, 3, b"", b""))
    handover.on_message(NEW, update(2))
    handover.on_message(OLD, update(1))
    handover.on_message(NEW, update(3))
    assert path.taken == [3, 6, 9]


def test_the_new_connection_is_deaf_while_the_old_one_speaks_alone():
    feed, path = feed_of(FeedKind.TICKER), Path()
    handover = Handover(feed, NEW, path.take)
    assert not handover.deaf
    handover.on_message(OLD, quote(1))
    assert handover.deaf
    handover.on_message(NEW, quote(2))
    assert not handover.deaf

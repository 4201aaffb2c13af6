"""What a file's books begin with: asked for once the first update came, until a snapshot reaches that."""

import pytest

from agents.instruments import InstrumentTable
from agents.market_data.rest_calls import RestCalls
from agents.recorder.book_snapshots import AGAIN_NS, BookSnapshots
from agents.venues.adapters import ADAPTERS
from mesh.context import CallOutcome, VenueReply
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.market_data.market_data_desk import config, depth, rest_book, trade


class Books:
    """The books of one venue on a fake context; answers are recorded."""

    def __init__(self, kind="binance_spot", **more):
        table = InstrumentTable(config(kind, **more))
        self.feeds = ADAPTERS[kind].feeds(table.venues["b"], table.at_venue("b"))
        self.ctx = FakeContext()
        self.calls = RestCalls(self.feeds)
        self.calls.bind(self.ctx)
        self.recorded = []
        self.books = BookSnapshots(self.feeds, self.calls, 1000, self.recorded.append)
        self.books.begin(self.ctx, ["market"])

    def frame(self, frame):
        self.books.on_frame(self.feeds.channel(frame), frame)

    def answer(self, body=b"", status=200, outcome=CallOutcome.ANSWERED):
        (number, call) = self.ctx.calls.popitem()
        self.calls.on_reply(VenueReply(number, call, outcome, status, body))

    def fire(self):
        (name,) = self.ctx.timers
        self.ctx.now_ns = self.ctx.timers.pop(name)
        self.books.on_timer(name)


def test_a_snapshot_is_asked_for_with_the_first_update():
    desk = Books()
    assert desk.books.missing == ["BTCUSDT"]
    desk.frame(trade())
    assert not desk.ctx.calls
    desk.frame(depth(11, 12))
    desk.frame(depth(13, 14))
    assert [call.params["symbol"] for call in desk.ctx.calls.values()] == ["BTCUSDT"]
    desk.answer(rest_book(10))
    assert len(desk.recorded) == 1
    assert not desk.books.wanted


def test_one_that_ends_before_the_first_update_is_recorded_and_asked_for_again():
    desk = Books()
    desk.frame(depth(11, 12))
    desk.answer(rest_book(9))
    assert len(desk.recorded) == 1
    assert desk.books.wanted
    desk.fire()
    desk.answer(rest_book(10))
    assert not desk.books.wanted


@pytest.mark.parametrize("failure", [{"status": 503}, {"outcome": CallOutcome.UNKNOWN}])
def test_what_fails_is_asked_for_again_later_and_later(failure):
    desk = Books()
    desk.frame(depth(11, 12))
    for number in range(3):
        before_ns = desk.ctx.now_ns
        desk.answer(**failure)
        desk.fire()
        assert desk.ctx.now_ns - before_ns == AGAIN_NS * 2**number
    assert desk.ctx.counters["snapshot_failed"] == 3
    assert desk.recorded == []


def test_an_answer_for_a_file_before_does_not_count_for_this_one():
    desk = Books()
    desk.frame(depth(11, 12))
    desk.books.begin(desk.ctx, ["market"])
    desk.answer(rest_book(30))
    assert desk.books.wanted
    desk.frame(depth(41, 42))
    desk.answer(rest_book(41))
    assert not desk.books.wanted


def test_a_frame_that_cannot_be_read_asks_for_nothing():
    desk = Books()
    desk.frame(b'{"stream":"btcusdt@depth@100ms","data":{}}')
    assert not desk.ctx.calls
    assert desk.ctx.counters["venue_frame_bad"] == 1


def test_books_that_begin_in_the_stream_are_not_asked_for_by_rest():
    desk = Books("okx", feeds=("depth@100ms", "trade"))
    desk.books.begin(desk.ctx, desk.feeds.urls())
    assert not desk.books.wanted
    (line,) = desk.feeds.urls()
    assert [channel.name for channel in desk.books.in_stream(line)] == [
        channel.name for channel in desk.feeds.channels if "books" in channel.name
    ]

"""A stream that two connections tell: whatever their order, each frame is recorded once."""

import random

import pytest

from agents.instruments import InstrumentTable
from agents.recorder.takeover import KEPT_MAX, StreamTakeover, frame_key
from agents.venues.adapters import ADAPTERS
from tests.unit.agents.market_data.market_data_desk import config, depth, ticker, trade


def frame(number):
    return b"%d" % number


def play(old, new, order):
    """Hand the frames of both connections over in an order of turns until it is proven; then only the new one's."""
    takeover, recorded = StreamTakeover(), []
    old, new = list(old), list(new)
    for turn in order:
        if takeover.proven:
            break
        if turn == "old" and old:
            key = old.pop(0)
            takeover.on_old(key)
            recorded.append(frame(key))
        elif turn == "new" and new:
            key = new.pop(0)
            takeover.on_new(key, frame(key))
    recorded += takeover.end()
    recorded += [frame(key) for key in new if takeover.done or takeover.is_new(key)]
    return takeover, [int(each) for each in recorded]


@pytest.mark.parametrize("seed", range(200))
def test_each_frame_is_recorded_once_in_order(seed):
    chance = random.Random(seed)
    begin = chance.randrange(1, 20)
    order = chance.choices(("old", "new"), (chance.random() + 0.1, chance.random() + 0.1), k=200)
    # The new connection begins somewhere, never behind a hole.
    takeover, recorded = play(range(1, 60), range(min(begin, 1 + order.index("new")), 60), order)
    assert takeover.proven
    assert recorded == list(range(1, 60))


def test_nothing_told_is_lost_if_the_old_connection_ends_first():
    takeover = StreamTakeover()
    takeover.on_old(5)
    takeover.on_new(7, frame(7))
    assert not takeover.proven
    assert takeover.end() == [frame(7)]
    assert takeover.done


def test_what_the_old_connection_had_told_is_not_recorded_again_after_its_end():
    takeover = StreamTakeover()
    for key in (4, 5, 6):
        takeover.on_old(key)
    assert takeover.end() == []
    assert [takeover.is_new(key) for key in (5, 6, 7, 8)] == [False, False, True, True]
    assert takeover.done
    assert takeover.doubled == 2


def test_frames_of_one_name_are_all_kept():
    takeover = StreamTakeover()
    takeover.on_new(7, b"a")
    takeover.on_new(7, b"b")
    assert takeover.end() == [b"a", b"b"]


def test_a_new_connection_that_says_nothing_is_deaf_if_the_old_one_speaks():
    takeover = StreamTakeover()
    assert not takeover.deaf
    takeover.on_old(1)
    assert takeover.deaf
    takeover.on_new(9, b"9")
    assert not takeover.deaf


def test_no_more_is_kept_than_a_bound():
    takeover = StreamTakeover()
    for key in range(KEPT_MAX):
        assert not takeover.full
        takeover.on_new(key, b"")
    assert takeover.full


def test_frames_are_named_by_their_ids_or_else_by_their_bytes():
    table = InstrumentTable(config())
    feeds = ADAPTERS["binance_spot"].feeds(table.venues["b"], table.at_venue("b"))

    def key(text):
        return frame_key(feeds, feeds.channel(text), text)

    assert key(trade(12)) == "12"
    assert key(depth(3, 9)) == 9
    assert key(ticker(11, "99.00", "1", "101.00", "1")) == 11
    broken = b'{"stream":"btcusdt@trade","data":{}}'
    assert key(broken) == broken

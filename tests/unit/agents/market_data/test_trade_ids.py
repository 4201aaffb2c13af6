"""Ids of trades: what was missed, what came again, and where a venue began to number anew."""

import pytest

from agents.market_data.trade_ids import BACK_MAX, GAP_MAX, REPEATED, RESTARTED, RESUMED_GAP_MAX, TradeIds
from agents.venues.trade_spans import TradeSpans


def observed(*ids):
    follower = TradeIds()
    return [follower.observe(str(each)) for each in ids]


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ((7, 8, 9), [0, 0, 0]),
        ((1, 2, 500), [0, 0, 497]),
        ((5, 5, 3, 6), [0, REPEATED, REPEATED, 0]),
        ((0, 1), [0, 0]),
        ((5_000, 5_000 - BACK_MAX), [0, REPEATED]),
        ((5_000, 4_999 - BACK_MAX, 5_000 - BACK_MAX), [0, RESTARTED, 0]),
        ((1, 2 + GAP_MAX, 4 + 2 * GAP_MAX), [0, GAP_MAX, RESTARTED]),
    ],
)
def test_what_ids_tell(ids, found):
    assert observed(*ids) == found


@pytest.mark.parametrize("other", ["", "a7", "0b3b2f7e-5b1f-4d5e-9c57-6d5c0ffb3d3e", "7" * 19, "-7", "7é"])
def test_ids_that_are_no_numbers_are_not_followed(other):
    follower = TradeIds()
    follower.observe("7")
    assert follower.observe(other) == 0
    assert follower.last == 7
    assert follower.observe("8") == 0


def test_a_message_that_stands_for_several_trades_ends_with_its_id():
    spans = TradeSpans()
    for last_id, count in ((123, 3), (130, 5), (140, 99)):
        spans.note(last_id, count)
    follower = TradeIds(spans)
    # 120, 121 to 123, 124, (125 is missing) 126 to 130, 131; the one that ends with 140 begins before what was seen.
    assert [follower.observe(str(each)) for each in (120, 123, 124, 130, 131, 140, 141)] == [0, 0, 0, 1, 0, 0, 0]
    follower = TradeIds(spans)
    follower.observe("124")
    assert (follower.observe("130"), follower.first, follower.last) == (1, 126, 130)


def test_the_next_trade_is_known_without_being_taken():
    spans = TradeSpans()
    spans.note(13, 3)
    follower = TradeIds(spans)
    assert not follower.follows("10")
    follower.observe("10")
    assert [each for each in ("9", "10", "11", "12", "13", "14", "x") if follower.follows(each)] == ["11", "13"]
    assert follower.last == 10


@pytest.mark.parametrize(
    ("first", "found"),
    [
        (8, 0),
        (12, 4),
        (8 + GAP_MAX, GAP_MAX),
        (9 + RESUMED_GAP_MAX, RESTARTED),
        (7, RESTARTED),
        (1, RESTARTED),
    ],
)
def test_the_first_trade_of_another_life_goes_on_from_the_last_one_of_the_life_before(first, found):
    follower = TradeIds()
    follower.resume("7")
    assert follower.observe("no number") == 0
    assert follower.observe(str(first)) == found
    assert follower.last == first
    assert [follower.observe(str(first + 1)), follower.observe(str(first))] == [0, REPEATED]

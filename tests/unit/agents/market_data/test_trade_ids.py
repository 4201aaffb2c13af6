"""Ids of trades: what was missed, what came again, and where a venue began to number anew."""

import pytest

from agents.market_data.trade_ids import BACK_MAX, GAP_MAX, REPEATED, RESTARTED, TradeIds


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

"""Which update follows which, as Binance's documents put it for spot and for USDT-M futures."""

import pytest

from agents.venues.binance.book_rules import SpotBookSync, UsdmBookSync


@pytest.mark.parametrize(("first", "last", "joins"), [(9, 10, False), (9, 11, True), (11, 11, True), (12, 13, False)])
def test_spot_begins_with_the_update_that_spans_the_next_id(first, last, joins):
    assert SpotBookSync().joins(first, last, -1, 10) is joins


def test_spot_drops_what_the_snapshot_holds_and_goes_on_without_a_gap():
    sync = SpotBookSync()
    assert [sync.precedes(last, 10) for last in (9, 10, 11)] == [True, True, False]
    assert [sync.continues(first, -1, 10) for first in (10, 11, 12)] == [False, True, False]


@pytest.mark.parametrize(
    ("first", "last", "previous", "joins"),
    [(9, 10, 8, True), (11, 12, 10, True), (12, 13, 11, False), (8, 9, 7, False)],
)
def test_futures_begin_with_the_update_that_spans_the_snapshots_id_or_follows_it(first, last, previous, joins):
    assert UsdmBookSync().joins(first, last, previous, 10) is joins


def test_futures_drop_what_is_older_and_go_on_by_the_name_of_the_one_before():
    sync = UsdmBookSync()
    assert [sync.precedes(last, 10) for last in (9, 10)] == [True, False]
    assert [sync.continues(99, previous, 10) for previous in (9, 10, 11)] == [False, True, False]

"""When updates of an OKX book continue it."""

import zlib

import pytest

from agents.venues.book_sync import SyncStep
from agents.venues.depth_update import DepthUpdate
from agents.venues.okx.book_rules import OkxBookSync
from core.book import OrderBook
from core.decimals import pack_levels
from schemas.messages import BookDelta
from tests.unit.agents.venues.okx.okx_market import info_of, instrument


def update(previous, last, at=None, checksum=0):
    at = last if at is None else at
    return DepthUpdate(BookDelta(at, 0, last, last, b"", b""), previous, checksum=checksum)


@pytest.fixture
def sync():
    sync = OkxBookSync()
    sync.on_stream_snapshot(10)
    return sync


def test_an_update_that_names_the_last_goes_on_top_whatever_the_step(sync):
    assert [sync.on_update(update(10, 13)), sync.on_update(update(13, 90))] == [SyncStep.APPLY] * 2
    assert sync.last_update_id == 90


def test_a_quiet_minute_repeats_the_number(sync):
    updates = update(10, 10, 60), update(10, 10, 120), update(10, 11, 121)
    assert [sync.on_update(each) for each in updates] == [SyncStep.APPLY] * 3


def test_the_venue_may_go_on_from_a_lower_number(sync):
    assert sync.on_update(update(10, 3, 11)) == SyncStep.APPLY
    assert sync.on_update(update(3, 5, 12)) == SyncStep.APPLY
    assert sync.last_update_id == 5


def test_an_update_that_names_another_is_a_gap_and_the_first_to_join(sync):
    assert sync.on_update(update(12, 15)) == SyncStep.GAP
    assert sync.on_update(update(15, 20)) == SyncStep.KEPT
    assert sync.on_snapshot(17) == SyncStep.SYNCED
    assert [each.last_update_id for each in sync.joined()] == [20]
    assert sync.on_update(update(20, 21)) == SyncStep.APPLY


def test_an_update_that_came_before_is_old(sync):
    sync.on_update(update(10, 13, 100))
    sync.on_update(update(13, 15, 101))
    assert sync.on_update(update(10, 13, 100)) == SyncStep.OLD
    assert sync.on_update(update(13, 15, 101)) == SyncStep.OLD
    assert sync.on_update(update(15, 16, 102)) == SyncStep.APPLY


def test_a_lower_number_that_is_younger_is_a_gap(sync):
    """The one that went on from a lower number was missed: what follows must not pass for old."""
    sync.on_update(update(10, 13, 100))
    assert sync.on_update(update(3, 5, 200)) == SyncStep.GAP


def test_a_fetched_snapshot_is_joined_by_the_update_around_it():
    sync = OkxBookSync()
    for each in (update(5, 8), update(8, 12), update(12, 14)):
        assert sync.on_update(each) == SyncStep.KEPT
    assert sync.on_snapshot(4) == SyncStep.SNAPSHOT_TOO_OLD
    assert sync.on_snapshot(10) == SyncStep.SYNCED
    assert [each.last_update_id for each in sync.joined()] == [12, 14]


def test_a_fetched_snapshot_ahead_of_the_stream_waits_for_it():
    sync = OkxBookSync()
    sync.on_update(update(5, 8))
    assert sync.on_snapshot(20) == SyncStep.SYNCED
    assert [sync.on_update(update(8, 15)), sync.on_update(update(15, 20))] == [SyncStep.OLD] * 2
    assert sync.on_update(update(20, 21)) == SyncStep.APPLY


def test_updates_before_numbers_began_anew_are_not_kept():
    sync = OkxBookSync()
    sync.on_update(update(100, 105))
    sync.on_update(update(105, 3))
    sync.on_update(update(3, 7))
    assert sync.on_snapshot(5) == SyncStep.SYNCED
    assert [each.last_update_id for each in sync.joined()] == [7]


def test_updates_without_numbers_go_by_time_and_wait_for_a_snapshot_in_the_stream():
    sync = OkxBookSync()
    assert sync.on_update(update(-1, 1000, checksum=5)) == SyncStep.KEPT
    sync.on_stream_snapshot(2000)
    assert sync.on_update(update(-1, 2000, checksum=5)) == SyncStep.OLD
    assert sync.on_update(update(-1, 2001, checksum=5)) == SyncStep.APPLY
    assert sync.on_update(update(-1, 2001, checksum=5)) == SyncStep.OLD


def test_a_checksum_is_that_of_the_best_levels(sync):
    info = info_of(instrument("BTC-USDT"))
    book = OrderBook()
    book.apply(pack_levels([["3", "2"]], info.price, info.qty), pack_levels([["3.1", "1"]], info.price, info.qty))
    assert sync.checksum_holds(book, info, checksum_of("3:2:3.1:1"))
    assert not sync.checksum_holds(book, info, 5)


def checksum_of(text):
    number = zlib.crc32(text.encode())
    return number - 2**32 if number >= 2**31 else number

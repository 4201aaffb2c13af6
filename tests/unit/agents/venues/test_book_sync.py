"""Snapshot and updates join by the venue's rule; the numbers of the first tests are the venue's own example."""

import pytest

from agents.venues.binance.book_rules import SpotBookSync, UsdmBookSync
from agents.venues.book_sync import KEPT_MAX, SyncStep
from agents.venues.depth_update import DepthUpdate
from schemas.messages import BookDelta


def spot(first, last):
    return DepthUpdate(BookDelta(0, 0, first, last, b"", b""))


def usdm(first, last, previous):
    return DepthUpdate(BookDelta(0, 0, first, last, b"", b""), previous)


def joined_ids(sync):
    return [update.delta.last_update_id for update in sync.joined()]


def test_spot_drops_what_the_snapshot_holds_and_begins_with_the_update_across_it():
    sync = SpotBookSync()
    assert [sync.on_update(spot(*ids)) for ids in ((157, 160), (161, 165), (166, 170))] == [SyncStep.KEPT] * 3
    assert sync.on_snapshot(162) == SyncStep.SYNCED
    assert joined_ids(sync) == [165, 170]
    assert sync.last_update_id == 170


@pytest.mark.parametrize(("snapshot", "joined"), [(159, [160, 165]), (160, [165]), (165, []), (200, [])])
def test_spot_borders_of_the_first_update(snapshot, joined):
    sync = SpotBookSync()
    sync.on_update(spot(157, 160))
    sync.on_update(spot(161, 165))
    assert sync.on_snapshot(snapshot) == SyncStep.SYNCED
    assert joined_ids(sync) == joined


def test_spot_snapshot_older_than_the_first_update_is_fetched_again():
    sync = SpotBookSync()
    sync.on_update(spot(157, 160))
    assert sync.on_snapshot(155) == SyncStep.SNAPSHOT_TOO_OLD
    assert sync.on_snapshot(156) == SyncStep.SYNCED


def test_spot_goes_on_only_without_a_hole():
    sync = SpotBookSync()
    sync.on_update(spot(1, 10))
    sync.on_snapshot(10)
    assert sync.on_update(spot(11, 12)) == SyncStep.APPLY
    assert sync.on_update(spot(11, 12)) == SyncStep.OLD
    assert sync.on_update(spot(14, 15)) == SyncStep.GAP
    assert not sync.synced
    assert sync.on_update(spot(16, 17)) == SyncStep.KEPT
    assert sync.on_snapshot(15) == SyncStep.SYNCED
    assert joined_ids(sync) == [17]


def test_the_snapshot_waits_for_the_first_update():
    sync = SpotBookSync()
    assert sync.on_snapshot(10) == SyncStep.KEPT
    assert sync.on_update(spot(9, 11)) == SyncStep.SYNCED
    assert joined_ids(sync) == [11]


def test_a_snapshot_that_waited_may_turn_out_too_old():
    sync = SpotBookSync()
    sync.on_snapshot(10)
    assert sync.on_update(spot(12, 13)) == SyncStep.SNAPSHOT_TOO_OLD
    assert sync.on_snapshot(12) == SyncStep.SYNCED


def test_usdm_begins_with_the_update_that_contains_the_snapshot():
    sync = UsdmBookSync()
    sync.on_update(usdm(100, 105, 90))
    sync.on_update(usdm(120, 130, 105))
    sync.on_update(usdm(140, 150, 130))
    assert sync.on_snapshot(125) == SyncStep.SYNCED
    assert joined_ids(sync) == [130, 150]
    assert sync.on_update(usdm(170, 180, 150)) == SyncStep.APPLY
    assert sync.on_update(usdm(190, 200, 181)) == SyncStep.GAP


@pytest.mark.parametrize(("snapshot", "joined"), [(120, [130]), (130, [130]), (105, [105, 130])])
def test_usdm_borders_of_the_first_update(snapshot, joined):
    sync = UsdmBookSync()
    sync.on_update(usdm(100, 105, 90))
    sync.on_update(usdm(120, 130, 105))
    assert sync.on_snapshot(snapshot) == SyncStep.SYNCED
    assert joined_ids(sync) == joined


def test_usdm_snapshot_older_than_the_first_update_is_fetched_again():
    sync = UsdmBookSync()
    sync.on_update(usdm(120, 130, 105))
    assert sync.on_snapshot(110) == SyncStep.SNAPSHOT_TOO_OLD


def test_usdm_snapshot_past_all_updates_goes_on_with_the_next_one():
    sync = UsdmBookSync()
    sync.on_update(usdm(100, 105, 90))
    assert sync.on_snapshot(125) == SyncStep.SYNCED
    assert sync.on_update(usdm(120, 130, 105)) == SyncStep.APPLY
    assert sync.on_update(usdm(131, 140, 130)) == SyncStep.APPLY


def test_a_hole_among_the_kept_updates_drops_those_before_it():
    sync = SpotBookSync()
    sync.on_update(spot(1, 10))
    sync.on_update(spot(15, 20))
    assert sync.on_snapshot(5) == SyncStep.SNAPSHOT_TOO_OLD
    assert sync.on_snapshot(16) == SyncStep.SYNCED
    assert joined_ids(sync) == [20]


def test_kept_updates_are_bounded():
    sync = SpotBookSync()
    for n in range(KEPT_MAX + 5):
        sync.on_update(spot(n + 1, n + 1))
    assert sync.on_snapshot(10) == SyncStep.SNAPSHOT_TOO_OLD
    assert sync.on_snapshot(KEPT_MAX) == SyncStep.SYNCED
    assert len(joined_ids(sync)) == 5


def test_reset_forgets_everything():
    sync = SpotBookSync()
    sync.on_update(spot(1, 10))
    sync.on_snapshot(10)
    sync.reset()
    assert not sync.synced
    assert sync.on_update(spot(50, 51)) == SyncStep.KEPT


def test_a_book_that_resumes_takes_an_update_that_overlaps_what_it_holds_and_no_hole():
    sync = SpotBookSync()
    sync.on_stream_snapshot(10)
    assert sync.on_update(spot(9, 12)) == SyncStep.GAP
    sync.on_stream_snapshot(10)
    sync.resume()
    assert sync.on_update(spot(9, 12)) == SyncStep.APPLY
    assert sync.on_update(spot(12, 14)) == SyncStep.GAP
    sync.on_stream_snapshot(10)
    sync.resume()
    assert sync.on_update(spot(12, 14)) == SyncStep.GAP
    sync.resume()
    assert not sync.synced

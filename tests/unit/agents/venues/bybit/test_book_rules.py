"""Bybit's rule for books: the next id, a snapshot whenever one comes."""

from agents.venues.book_sync import SyncStep
from agents.venues.bybit.book_rules import BybitBookSync
from agents.venues.depth_update import DepthUpdate
from schemas.messages import BookDelta


def update(number):
    return DepthUpdate(BookDelta(1, 2, number, number, b"", b""))


def test_updates_continue_a_snapshot_one_by_one():
    sync = BybitBookSync()
    assert sync.on_update(update(7)) == SyncStep.KEPT
    assert sync.on_stream_snapshot(10) == SyncStep.SYNCED
    assert [sync.on_update(update(n)) for n in (11, 12)] == [SyncStep.APPLY] * 2
    assert sync.last_update_id == 12


def test_a_missing_update_is_a_gap_and_a_repeated_one_is_old():
    sync = BybitBookSync()
    sync.on_stream_snapshot(10)
    assert sync.on_update(update(11)) == SyncStep.APPLY
    assert sync.on_update(update(11)) == SyncStep.OLD
    assert sync.on_update(update(13)) == SyncStep.GAP
    assert not sync.synced
    assert sync.on_update(update(12)) == SyncStep.KEPT
    assert sync.on_stream_snapshot(20) == SyncStep.SYNCED
    assert sync.on_update(update(21)) == SyncStep.APPLY


def test_a_snapshot_in_mid_stream_may_begin_lower():
    sync = BybitBookSync()
    sync.on_stream_snapshot(1_000)
    assert sync.on_update(update(1_001)) == SyncStep.APPLY
    assert sync.on_stream_snapshot(1) == SyncStep.SYNCED
    assert sync.on_update(update(2)) == SyncStep.APPLY


def test_a_fetched_snapshot_would_join_by_the_same_rule():
    sync = BybitBookSync()
    for number in (9, 10, 11):
        sync.on_update(update(number))
    assert sync.on_snapshot(10) == SyncStep.SYNCED
    assert [each.last_update_id for each in sync.joined()] == [11]

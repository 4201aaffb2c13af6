"""The sequence tracker, one behaviour at a time."""

import pytest

from core.sequence import DUPLICATE, HELD, IN_ORDER, NEW_EPOCH, OLD_EPOCH, UNKNOWN, SequenceTracker

STREAM = 0x0102_0003


@pytest.fixture
def tracker() -> SequenceTracker:
    tracker = SequenceTracker()
    tracker.set(STREAM, 5, 10)
    return tracker


def test_codes_are_distinct_and_never_a_gap() -> None:
    codes = [IN_ORDER, DUPLICATE, OLD_EPOCH, NEW_EPOCH, UNKNOWN, HELD]
    assert codes == [0, -1, -2, -3, -4, -5]


def test_next_message_is_in_order_and_advances(tracker: SequenceTracker) -> None:
    assert [tracker.observe(STREAM, 5, seq) for seq in (11, 12, 13)] == [IN_ORDER] * 3
    assert tracker.position(STREAM) == (5, 13)


def test_gap_is_counted_and_does_not_advance(tracker: SequenceTracker) -> None:
    assert tracker.observe(STREAM, 5, 12) == 1
    assert tracker.observe(STREAM, 5, 111) == 100
    assert tracker.position(STREAM) == (5, 10)


def test_seen_messages_are_duplicates(tracker: SequenceTracker) -> None:
    assert [tracker.observe(STREAM, 5, seq) for seq in (0, 1, 10)] == [DUPLICATE] * 3
    assert tracker.position(STREAM) == (5, 10)


def test_other_epoch_is_reported_and_does_not_advance(tracker: SequenceTracker) -> None:
    assert tracker.observe(STREAM, 4, 11) == OLD_EPOCH
    assert tracker.observe(STREAM, 6, 1) == NEW_EPOCH
    assert tracker.position(STREAM) == (5, 10)


def test_unknown_stream(tracker: SequenceTracker) -> None:
    assert tracker.observe(STREAM + 1, 5, 11) == UNKNOWN
    for call in (tracker.position, tracker.hold, tracker.remove):
        with pytest.raises(KeyError):
            call(STREAM + 1)


def test_held_stream_reports_held_whatever_comes_until_it_is_set(tracker: SequenceTracker) -> None:
    tracker.hold(STREAM)
    assert [tracker.observe(STREAM, epoch, seq) for epoch, seq in ((5, 11), (5, 10), (6, 1), (4, 1))] == [HELD] * 4
    assert tracker.position(STREAM) == (5, 10)
    tracker.set(STREAM, 6, 3)
    assert tracker.observe(STREAM, 6, 4) == IN_ORDER


def test_stream_may_be_added_on_hold(tracker: SequenceTracker) -> None:
    tracker.set(9, 1, 0, live=False)
    assert tracker.observe(9, 1, 1) == HELD


def test_removed_stream_is_unknown_and_others_stay(tracker: SequenceTracker) -> None:
    tracker.set(1, 1, 1)
    tracker.set(2, 2, 2)
    tracker.remove(STREAM)
    assert tracker.observe(STREAM, 5, 11) == UNKNOWN
    assert tracker.streams() == [1, 2]
    assert [tracker.position(stream) for stream in (1, 2)] == [(1, 1), (2, 2)]


def test_stream_zero_and_the_control_stream_are_ordinary() -> None:
    tracker = SequenceTracker()
    tracker.set(0, 1, 0)
    tracker.set(0xFFFF_FFFF, 2, 0)
    assert tracker.observe(0, 1, 1) == IN_ORDER
    assert tracker.observe(0xFFFF_FFFF, 2, 1) == IN_ORDER
    assert tracker.streams() == [0, 0xFFFF_FFFF]


def test_gap_wider_than_a_signed_result_stays_a_gap(tracker: SequenceTracker) -> None:
    assert tracker.observe(STREAM, 5, (1 << 64) - 1) == (1 << 63) - 1


def test_many_streams_are_kept_apart() -> None:
    tracker = SequenceTracker()
    for stream in range(0, 5000 * 65536, 65536):
        tracker.set(stream, 1, stream)
    assert len(tracker.streams()) == 5000
    assert all(tracker.position(stream) == (1, stream) for stream in tracker.streams())


@pytest.mark.parametrize("arguments", [(-1, 1, 1), (1 << 32, 1, 1), (1, 1 << 32, 1), (1, 1, 1 << 64), (1, 1, -1)])
def test_value_wider_than_its_field_is_refused(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(OverflowError):
        SequenceTracker().observe(*arguments)

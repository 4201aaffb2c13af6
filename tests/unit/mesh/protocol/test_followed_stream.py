"""One followed stream: what comes next, what is missing, what is held."""

import pytest

from mesh.agent import Subscription
from mesh.protocol.followed_stream import HELD_FRAMES_MAX, FollowedStream
from schemas.errors import LogOlderError
from schemas.streams import Kind, stream_id

EVENT = Subscription("md", stream_id(Kind.EQUITY, 0, 0))
STATE = Subscription("md", stream_id(Kind.MARK, 1, 1))
EVERY = Subscription("md", stream_id(Kind.MARK, 1, 1), every=True)
AFRESH = (3, 1)


def holding(subscription: Subscription, *where: tuple[int, int]) -> FollowedStream:
    stream = FollowedStream(subscription)
    for each in where:
        stream.hold(each, b"frame")
    return stream


def test_a_snapshot_serves_only_who_follows_the_state_alone() -> None:
    assert [FollowedStream(each).wants_state for each in (EVENT, STATE, EVERY)] == [False, True, False]


def test_an_event_stream_goes_on_in_its_epoch_or_in_the_present_one() -> None:
    assert holding(EVENT, (1, 5)).following((1, 4), 3) == (1, 5)
    assert holding(EVENT, (3, 5)).following((1, 4), 3) == (3, 5)
    assert holding(EVENT, (3, 6)).following((1, 4), 3) == (0, 0)


def test_a_state_stream_begins_again_with_each_epoch() -> None:
    assert holding(STATE, AFRESH).following((3, 0), 3) == AFRESH
    assert holding(EVERY, AFRESH).following((0, 0), 3) == (0, 0), "older ones may be in the log"
    assert holding(EVERY, (1, 1)).following((0, 0), 3) == (1, 1)


def test_what_is_missing_is_counted_and_one_where_nobody_can_tell() -> None:
    assert FollowedStream(EVENT).missing((1, 4), (2, 9), (1, 1)) == 4
    assert FollowedStream(STATE).missing((1, 4), (1, 9), (1, 1)) == 4
    assert FollowedStream(STATE).missing((1, 4), (2, 3), (1, 1)) == 2
    assert FollowedStream(STATE).missing((1, 4), (2, 3), (2, 1)) == 3
    assert FollowedStream(STATE).missing((0, 0), (2, 3), (2, 1)) == 2


def test_what_is_held_is_bounded_and_let_go_once_it_was_passed() -> None:
    stream = holding(EVENT, *((1, seq) for seq in range(1, HELD_FRAMES_MAX + 10)))
    assert len(stream.held) == HELD_FRAMES_MAX
    stream.hold((1, 1), b"again")
    assert stream.duplicates == 1
    stream.let_go((1, HELD_FRAMES_MAX - 2))
    assert list(stream.held) == [(1, HELD_FRAMES_MAX - 1), (1, HELD_FRAMES_MAX)]


def test_a_publisher_whose_log_is_behind_an_anchor_is_refused() -> None:
    resumed = FollowedStream(Subscription("md", EVENT.stream, position=(3, 50), anchored=True))
    resumed.target = (4, 12)
    resumed.begin("md", (3, 50))
    resumed.target = (3, 49)
    with pytest.raises(LogOlderError, match=r"the log of md ends at 3/49 of EQUITY/0/0, .* up to 3/50"):
        resumed.begin("md", (3, 50))
    resumed.joined = True
    resumed.begin("md", (3, 50))

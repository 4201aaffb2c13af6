"""The wall time of records by what messages tell of both clocks."""

from core.frame import unpack
from mesh.history.wall_clock import ClockSample, WallClock, mono_ns, sample_of
from schemas.streams import AGENT_STREAM
from tests.unit.mesh.history.written_log import EQUITY, WALL_NS, S, equity, frame_of, untimed

RECORD = unpack(frame_of(untimed("T1"), AGENT_STREAM, 1, 7 * S))


def test_a_message_with_its_time_of_receipt_tells_both_clocks() -> None:
    header = unpack(frame_of(equity(5 * S), EQUITY, 1, 5 * S))
    assert sample_of(header, equity(5 * S)) == ClockSample(5 * S, WALL_NS + 5 * S)
    assert sample_of(RECORD, untimed("T1")) is None
    assert mono_ns(RECORD) == 7 * S


def test_what_was_learnt_holds_for_its_epoch() -> None:
    clock = WallClock(list)
    assert clock.wall_ns(RECORD) == 0
    clock.learn(1, ClockSample(5 * S, WALL_NS + 5 * S))
    assert clock.knows(RECORD)
    assert clock.wall_ns(RECORD) == WALL_NS + 7 * S
    later = unpack(frame_of(untimed("T1"), AGENT_STREAM, 2, 8 * S, epoch=2))
    assert not clock.knows(later)
    assert clock.wall_ns(later) == 0


def test_a_clock_is_borrowed_from_the_nearest_moment_of_the_same_boot() -> None:
    boot = WALL_NS + 1_000 * S
    clock = WallClock(lambda: [ClockSample(6 * S, WALL_NS + 6 * S), ClockSample(2 * S, boot + 2 * S)])
    clock.borrow(RECORD)
    assert clock.wall_ns(RECORD) == WALL_NS + 7 * S
    clock.learn(2, ClockSample(900 * S, WALL_NS + 900 * S))
    clock.wall_ns(unpack(frame_of(untimed("T2"), AGENT_STREAM, 2, 900 * S, epoch=2)))
    after_boot = unpack(frame_of(untimed("T3"), AGENT_STREAM, 3, 7 * S, epoch=3))
    clock.borrow(after_boot)
    assert clock.wall_ns(after_boot) == boot + 7 * S, "the other boot's would be before what came earlier"

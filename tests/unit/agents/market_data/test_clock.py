"""The venue's clock: published with its error, asked for again, and not known while the venue does not tell it."""

from mesh.agent import CallOutcome
from schemas.messages import VenueClock
from schemas.streams import Kind, stream_id
from tests.unit.agents.market_data.market_data_desk import MS, SECOND, TIME, Desk

CLOCK = stream_id(Kind.CLOCK, 1, 0)


def test_the_clock_is_not_known_at_start_and_told_with_the_first_answer():
    desk = Desk()
    assert (desk.time.method, desk.time.path) == ("GET", TIME)
    assert [(m.offset_ns, m.error_ns) for m in desk.ctx.messages(CLOCK)] == [(0, 0)]
    desk.ctx.advance(desk.agent, 20 * MS)
    desk.tell_time(desk.ctx.wall_ns + 5 * SECOND)
    told = desk.ctx.messages(CLOCK)[-1]
    assert abs(told.offset_ns - 5 * SECOND - 10 * MS) <= told.error_ns == 11 * MS
    assert desk.agent.snapshot(CLOCK) == told
    assert desk.agent.figures().clock == "+5010.5 ms, at most 11.0 ms wrong"


def test_two_answers_that_agree_are_enough_for_a_minute():
    desk = Desk()
    desk.tell_time(desk.ctx.wall_ns)
    desk.ctx.advance(desk.agent, 500 * MS)
    desk.tell_time(desk.ctx.wall_ns)
    desk.ctx.advance(desk.agent, 60 * SECOND - 1)
    assert desk.ctx.pending("GET", TIME) == []
    desk.ctx.advance(desk.agent, 1)
    assert len(desk.ctx.pending("GET", TIME)) == 1


def test_a_clock_that_was_set_is_asked_for_again_at_once():
    desk = Desk()
    desk.tell_time(desk.ctx.wall_ns)
    desk.ctx.advance(desk.agent, 500 * MS)
    desk.tell_time(desk.ctx.wall_ns + 3 * SECOND)
    assert desk.ctx.counters["clock_contradicted"] == 1
    desk.ctx.advance(desk.agent, 500 * MS)
    desk.tell_time(desk.ctx.wall_ns + 3 * SECOND)
    assert abs(desk.ctx.messages(CLOCK)[-1].offset_ns - 3 * SECOND) <= 2 * MS


def test_a_recording_at_another_speed_is_told_as_a_clock_that_cannot_be_followed():
    desk = Desk()
    for number in range(3):
        desk.tell_time(desk.ctx.wall_ns + number * 10 * SECOND)
        desk.ctx.advance(desk.agent, 500 * MS)
    assert desk.ctx.messages(CLOCK)[-1].error_ns == 10**18
    assert desk.agent.figures().clock == "does not run as ours does"


def test_a_time_that_is_not_told_is_asked_for_again_and_stays_unknown():
    desk = Desk()
    desk.ctx.calls[desk.time_call] = desk.time
    desk.ctx.respond(desk.agent, desk.time_call, outcome=CallOutcome.UNKNOWN)
    desk.ctx.advance(desk.agent, SECOND)
    (number,) = desk.ctx.pending("GET", TIME)
    desk.ctx.respond(desk.agent, number, b'{"serverTime":"soon"}')
    assert desk.ctx.counters["clock_failed"] == 2
    assert desk.agent.snapshot(CLOCK) == VenueClock(desk.ctx.messages(CLOCK)[0].ts_recv_ns, 0, 0)
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert len(desk.ctx.pending("GET", TIME)) == 1

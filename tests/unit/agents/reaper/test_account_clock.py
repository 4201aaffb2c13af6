"""The venue's clock: told to whoever signs, and asked for at once when a call is refused for its time."""

from tests.unit.agents import venue_replies as venue
from tests.unit.agents.reaper.reaper_desk import MS, OPEN, SECOND, TIME, Desk


def offset_ms(desk):
    return round(desk.ctx.venue_clock_ns / MS)


def test_whoever_signs_is_told_how_far_the_venues_clock_is_from_ours():
    desk = Desk()
    assert offset_ms(desk) in (0, 1)
    desk.venue.ahead_ms = 3_000
    desk.pass_time(61 * SECOND)
    assert offset_ms(desk) in (3_000, 3_001)


def test_a_call_that_is_refused_for_its_time_has_the_clock_asked_for_at_once():
    desk = Desk()
    desk.pass_time(10 * SECOND)
    desk.venue.ahead_ms = -2_000
    desk.fall_silent()
    while not desk.ctx.pending("GET", OPEN):
        desk.ctx.advance(desk.agent, 10 * MS)
    (look,) = desk.ctx.pending("GET", OPEN)
    desk.ctx.respond(desk.agent, look, venue.error_body(-1021, "outside of the recvWindow"), status=400)
    assert len(desk.ctx.pending("GET", TIME)) == 1
    desk.answer_all()
    assert offset_ms(desk) in (-2_000, -1_999)


def test_a_time_that_cannot_be_read_changes_nothing():
    desk = Desk()
    before = offset_ms(desk)
    desk.ctx.advance(desk.agent, 60 * SECOND)
    (asked,) = desk.ctx.pending("GET", TIME)
    desk.ctx.respond(desk.agent, asked, b"{}")
    assert desk.ctx.counters["venue_reply_bad"] == 1
    assert offset_ms(desk) == before

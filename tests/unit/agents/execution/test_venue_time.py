"""The venue's clock: asked for, told to whoever signs, and a reason to open nothing when it is far off or not known."""

from schemas.messages import Ack, CancelOrder
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import MS, ORDER, SECOND, TIME, Desk, S, closing, submit

NOT_OUR_TIME = venue.error_body(-1021, "Timestamp for this request is outside of the recvWindow.")


class ClockDesk(Desk):
    """A desk whose test tells the venue's time; its clock shows `offset_ns` more than ours."""

    def __init__(self, offset_ns=0, **more):
        self.offset_ns = offset_ns
        super().__init__(tells_time=False, up=False, **more)
        self.tell()
        self.connect()

    def tell(self, rtt_ns=2 * MS):
        (number,) = self.ctx.pending("GET", TIME)
        half = rtt_ns // 2
        self.ctx._move_to(self.ctx.now_ns + half)
        body = venue.time_body(self.ctx.wall_ns + self.offset_ns)
        self.ctx._move_to(self.ctx.now_ns + half)
        self.ctx.respond(self.agent, number, body)

    def until_asked(self):
        while not self.ctx.pending("GET", TIME):
            self.pass_time(SECOND)


def test_requests_are_signed_by_the_venues_clock_and_creates_within_the_bound_are_taken():
    desk = ClockDesk(offset_ns=-400 * MS)
    assert abs(desk.ctx.venue_clock_ns + 400 * MS) <= 2 * MS
    assert desk.ask(submit()) == Ack(True)
    assert desk.agent.figures().venue_clock == "-399.5 ms from ours, give or take 2.0 ms"
    assert desk.agent.figures().trouble == ""


def test_clock_that_is_off_by_more_than_the_bound_opens_nothing_and_says_so():
    desk = ClockDesk(offset_ns=7 * SECOND)
    ack = desk.ask(submit())
    assert (ack.accepted, ack.reason) == (False, Reason.VENUE_CLOCK)
    assert ack.text.startswith("the venue's clock is +7000.")
    assert ack.text.endswith("allowed are 500 ms")
    assert desk.agent.figures().trouble == ack.text
    assert abs(desk.ctx.venue_clock_ns - 7 * SECOND) <= 2 * MS
    assert desk.ask(closing("T2")) == Ack(True)
    assert desk.ask(CancelOrder("T2", 0)) == Ack(True)


def test_wider_bound_takes_creates_with_a_clock_that_is_far_off():
    desk = ClockDesk(offset_ns=7 * SECOND, clock_offset_max_ms=10_000)
    assert desk.ask(submit()) == Ack(True)


def test_clock_that_was_set_right_lets_creates_through_again():
    desk = ClockDesk(offset_ns=7 * SECOND)
    desk.offset_ns = 0
    desk.until_asked()
    desk.tell()
    assert desk.ask(submit()) == Ack(True)
    assert desk.ctx.venue_clock_ns < SECOND
    desk.pass_time(SECOND)
    assert desk.ctx.pending("GET", TIME), "a sample that contradicts the one before is looked at soon"


def test_time_is_not_known_for_longer_than_a_minute_without_an_answer():
    desk = ClockDesk()
    asked_ns = desk.ctx.now_ns
    while desk.ctx.now_ns < asked_ns + 59 * SECOND:
        desk.pass_time(SECOND)
        for number in desk.ctx.pending("GET", TIME):
            desk.ctx.respond(desk.agent, number, b"[]")
    assert desk.ask(submit()) == Ack(True)
    desk.answer("POST", ORDER, venue.order_body("T1"))
    desk.pass_time(25 * SECOND)
    ack = desk.ask(submit("T2"))
    assert ack.reason == Reason.VENUE_CLOCK
    assert ack.text.startswith("the venue has not told its time for ")
    desk.until_asked()
    desk.tell()
    assert desk.ask(submit("T3")) == Ack(True)


def test_round_trip_that_bounds_the_clock_too_loosely_opens_nothing():
    desk = Desk(up=False, tells_time=False)
    (number,) = desk.ctx.pending("GET", TIME)
    desk.ctx._move_to(desk.ctx.now_ns + 1_400 * MS)
    desk.ctx.respond(desk.agent, number, venue.time_body(desk.ctx.wall_ns - 700 * MS))
    desk.connect()
    assert desk.ask(submit()).reason == Reason.VENUE_CLOCK


def test_rejection_for_the_time_names_the_clock_and_has_it_looked_at():
    desk = ClockDesk(offset_ns=120 * MS)
    desk.ask(submit())
    desk.answer("POST", ORDER, NOT_OUR_TIME, status=400)
    last = desk.events()[-1]
    assert (last.status, last.reason) == (S.REJECTED, Reason.VENUE_CLOCK)
    assert last.text.startswith("-1021 Timestamp")
    assert "(the venue's clock: +12" in last.text
    desk.ctx.advance(desk.agent, MS)
    assert desk.ctx.pending("GET", TIME)

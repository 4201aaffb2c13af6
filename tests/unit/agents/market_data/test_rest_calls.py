"""REST calls that are out: each end goes to who asked, a wait holds for all, and what was not had is asked for again."""

import pytest

from agents.market_data.rest_calls import WAIT_NS, RestCalls
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.errors import VenueError
from schemas.units import SECOND
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.market_data.market_data_desk import Desk

CALL = VenueCall("GET", "/x", {})


def calls():
    made = RestCalls(Desk().agent._venue_feeds)
    made.bind(FakeContext())
    return made


def test_each_end_goes_to_who_made_the_call_and_only_once():
    made, heard = calls(), []
    first = made.make(CALL, lambda reply: heard.append(("first", reply.status)))
    second = made.make(CALL, lambda reply: heard.append(("second", reply.status)))
    made.on_reply(VenueReply(second, CALL, CallOutcome.ANSWERED, 200))
    made.on_reply(VenueReply(first, CALL, CallOutcome.ANSWERED, 404))
    assert heard == [("second", 200), ("first", 404)]
    with pytest.raises(KeyError):
        made.on_reply(VenueReply(first, CALL, CallOutcome.ANSWERED, 200))


def test_a_wait_sets_the_timer_of_whoever_wants_to_call():
    made = calls()
    ctx = made._ctx
    assert made.may_call("clock")
    number = made.make(CALL, lambda reply: None)
    made.on_reply(VenueReply(number, CALL, CallOutcome.ANSWERED, 429, headers={"Retry-After": "3"}))
    assert not made.may_call("clock")
    assert ctx.timers == {"clock": ctx.now_ns + 3 * SECOND}
    ctx.now_ns += 3 * SECOND
    assert made.may_call("clock")


def test_what_was_not_had_is_asked_for_again_ever_more_slowly():
    made = calls()
    waits = []
    for tries in (1, 2, 3, 4):
        made.ask_again("bars", tries)
        waits.append(made._ctx.timers["bars"] - made._ctx.now_ns)
    assert waits == [WAIT_NS, 2 * WAIT_NS, 4 * WAIT_NS, 8 * WAIT_NS]


def test_an_answer_that_is_none_or_cannot_be_read_holds_nothing():
    def unreadable(body):
        raise VenueError("not what the venue documents")

    made = calls()
    whole = VenueReply(1, CALL, CallOutcome.ANSWERED, 200, b"abc")
    assert made.found_in(whole, list) == [97, 98, 99]
    assert made.found_in(VenueReply(1, CALL, CallOutcome.ANSWERED, 503, b"abc"), list) == []
    assert made.found_in(VenueReply(1, CALL, CallOutcome.UNKNOWN, text="gone"), list) == []
    assert made._ctx.counters == {}
    assert made.found_in(whole, unreadable) == []
    assert made._ctx.counters == {"venue_reply_bad": 1}

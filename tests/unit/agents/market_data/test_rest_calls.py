"""REST calls that are out: each end goes to who asked, and a wait that one is told of holds for all."""

import pytest

from agents.market_data.rest_calls import RestCalls
from mesh.agent import CallOutcome, VenueCall, VenueReply
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

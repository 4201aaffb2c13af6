"""Replacements: the new order is made when the old one has ended and traded no more, and not else."""

import msgspec
import pytest

from schemas.messages import Ack, SetTradingMode
from schemas.orders import Reason, TradingMode
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import ORDER, SECOND, Desk, working
from tests.unit.agents.submissions import approved, submission


def replacing(name="T2", replaces="T1", price=9_990):
    return submission(msgspec.structs.replace(approved(name, price=price), replaces=replaces))


def asked():
    """A desk that has been told to replace its order, and no word from the venue yet."""
    desk = working()
    assert desk.ask(replacing()) is None
    assert len(desk.creates()) == 1
    return desk


def canceled(desk, cum="0.00000"):
    body = venue.order_body("x", 1, "CANCELED", cum=cum, origClientOrderId="T1")
    desk.answer("DELETE", ORDER, body)
    desk.ctx.advance(desk.agent, 0)


def test_the_old_order_is_canceled_first_and_the_new_one_made_when_it_has_ended():
    desk = asked()
    canceled(desk)
    assert desk.ctx.replies[-1][1] == Ack(True)
    assert desk.creates()[-1].params["newClientOrderId"] == "T2"
    assert desk.events()[-1].reason == Reason.REPLACED


def test_an_old_order_that_traded_meanwhile_has_the_new_one_refused():
    desk = asked()
    desk.event(venue.fill_report("T1", 61, "0.10000", "0.10000"))
    canceled(desk, cum="0.10000")
    answer = desk.ctx.replies[-1][1]
    assert (answer.accepted, answer.reason) == (False, Reason.ALREADY_TERMINAL)
    assert answer.text == "T1 has traded 10000 lots meanwhile"
    assert len(desk.creates()) == 1


def test_a_cancel_that_takes_too_long_has_the_new_one_refused_for_good():
    desk = asked()
    desk.ctx.advance(desk.agent, SECOND)
    answer = desk.ctx.replies[-1][1]
    assert (answer.accepted, answer.reason) == (False, Reason.DEADLINE_EXPIRED)
    canceled(desk)
    assert len(desk.creates()) == 1
    assert desk.ask(replacing()).reason == Reason.DEADLINE_EXPIRED


@pytest.mark.parametrize(
    ("replaces", "strategy", "reason"),
    [("T9", "maker", Reason.ORDER_NOT_FOUND), ("T1", "taker", Reason.NOT_OWN_ORDER)],
)
def test_what_is_not_there_or_of_another_strategy_is_not_replaced(replaces, strategy, reason):
    desk = working()
    terms = msgspec.structs.replace(approved("T2", strategy=strategy), replaces=replaces)
    assert desk.ask(submission(terms)).reason == reason
    assert not desk.ctx.pending("DELETE", ORDER)


def test_what_has_ended_is_not_replaced():
    desk = Desk()
    desk.ask(submission(approved()))
    desk.answer("POST", ORDER, venue.error_body(-2010), status=400)
    assert desk.ask(replacing()).reason == Reason.ALREADY_TERMINAL


def test_what_was_halted_while_the_old_order_ended_is_not_made():
    desk = asked()
    desk.ask(SetTradingMode(TradingMode.HALTED, "tea time"), client="operator", sender=0)
    canceled(desk)
    answer = desk.ctx.replies[-1][1]
    assert (answer.accepted, answer.reason) == (False, Reason.HALTED)
    assert len(desk.creates()) == 1


def test_an_execution_that_stops_makes_no_new_order():
    desk = asked()
    desk.agent.stopping()
    canceled(desk)
    assert desk.ctx.replies[-1][1].reason == Reason.EXECUTION_UNAVAILABLE
    assert len(desk.creates()) == 1

"""Order entry: which orders are taken on, and the same answer whenever one is asked for again."""

import pytest

from agents.execution.agent import build
from schemas.errors import ConfigError
from schemas.messages import (
    Ack,
    CancelOrder,
)
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import ORDER, SECOND, Desk, config, submit, working


def test_nothing_is_created_before_the_account_is_reconciled():
    desk = Desk(up=False)
    assert desk.ask(submit()).reason == Reason.RECONCILING
    desk.agent.on_socket("user", True, "")
    assert desk.ask(submit("T2")).reason == Reason.RECONCILING
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    assert desk.ask(submit("T3")).reason == Reason.RECONCILING
    desk.reconcile()
    assert desk.ask(submit("T4")) == Ack(True)
    assert len(desk.creates()) == 1


def test_the_same_id_again_gets_the_same_answer_and_other_terms_are_refused():
    desk = Desk()
    assert desk.ask(submit()) == Ack(True)
    assert desk.ask(submit()) == Ack(True)
    assert desk.ask(submit(price=10_001)).reason == Reason.DUPLICATE_ID
    assert len(desk.creates()) == 1


def test_a_refused_id_stays_refused():
    desk = Desk(up=False)
    refused = desk.ask(submit())
    desk.connect()
    assert desk.ask(submit()) == refused
    assert desk.creates() == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (submit(instrument=9), Reason.INSTRUMENT_NOT_FOUND),
        (submit(side=0), Reason.INVALID_SIDE),
        (submit(qty=0), Reason.ORDER_QTY_BELOW_MINIMUM),
        (submit(price=0), Reason.INVALID_PRICE),
        (submit(time_in_force=9), Reason.UNSUPPORTED_TIME_IN_FORCE),
    ],
)
def test_an_order_that_cannot_be_placed_is_refused_with_its_reason(message, reason):
    desk = Desk()
    assert desk.ask(message).reason == reason
    assert desk.creates() == []


def test_only_risk_may_have_orders_created():
    desk = Desk()
    assert desk.ask(submit(), client="signal").reason == Reason.FENCED
    assert desk.creates() == []


def test_open_orders_are_bounded():
    desk = Desk(open_orders_max=2)
    assert [desk.ask(submit(f"T{n}")).accepted for n in range(3)] == [True, True, False]


def test_cancels_are_taken_on_while_nothing_may_be_created():
    desk = working()
    desk.agent.on_socket("user", False, "gone")
    assert desk.ask(submit("T2")).reason == Reason.RECONCILING
    assert desk.ask(CancelOrder("T1", 0)) == Ack(True)
    assert desk.ctx.pending("DELETE", ORDER)


def test_the_venues_rate_limiter_stops_creates_for_as_long_as_it_says():
    desk = Desk()
    desk.ask(submit())
    desk.answer("POST", ORDER, venue.error_body(-1003), status=429)
    assert desk.ask(submit("T2")).reason == Reason.VENUE_RATE_LIMIT
    desk.ctx.advance(desk.agent, SECOND)
    assert desk.ask(submit("T3")) == Ack(True)


def test_only_the_instruments_that_are_named_are_traded():
    with pytest.raises(ConfigError, match=r"agents\.execution\.instruments: \['DOGEUSDT'\]"):
        build("execution", config(instruments=("DOGEUSDT",)))
    assert Desk(instruments=("BTCUSDT",)).ask(submit()) == Ack(True)

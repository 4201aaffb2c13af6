"""Order entry: which orders are taken on, and the same answer whenever one is asked for again."""

import msgspec
import pytest

from agents.execution.agent import build
from core.frame import FLAG_SNAPSHOT
from schemas.errors import ConfigError
from schemas.messages import Ack, CancelOrder, Denied, OrderInitialized, SubmitOrder
from schemas.orders import Reason, Side, TimeInForce
from schemas.streams import Kind, stream_id, stream_name
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import ORDER, SECOND, Desk, config, submit, working
from tests.unit.agents.submissions import EPOCH, approved, place_of, record_of, submission


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


def test_the_order_has_all_terms_of_its_decision():
    desk = Desk(market_data=("md",))
    more = {"exec_inst": 1, "lifetime_ms": 2_000, "take_profit_ticks": 11_000, "stop_ticks": 9_000}
    assert desk.ask(submission(msgspec.structs.replace(approved(), **more))) == Ack(True)
    initialized = desk.events()[0]
    assert {name: getattr(initialized, name) for name in more} == more


def test_the_same_decision_again_gets_the_same_answer_and_creates_nothing():
    desk = Desk()
    assert desk.ask(submit()) == Ack(True)
    assert desk.ask(submit()) == Ack(True)
    assert len(desk.creates()) == 1


def test_another_decision_under_an_id_that_is_taken_is_refused():
    desk = working()
    assert desk.ask(submission(approved(), seq=77)).reason == Reason.DUPLICATE_ID
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
    assert desk.ctx.counters == {"submits_unapproved": 1}
    assert desk.ask(submit()) == Ack(True)


DENIED = Denied(1, "maker", 1, int(Reason.HALTED), {})
RECORD = record_of(approved())


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        pytest.param(b"", "no decision: ", id="none"),
        pytest.param(RECORD[:-1], "no decision: ", id="cut short"),
        pytest.param(RECORD + b"\0", "no decision: ", id="too long"),
        pytest.param(record_of(DENIED), "Denied is not an approval", id="a denial"),
        pytest.param(record_of(CancelOrder("T1", 0)), "CancelOrder is not an approval", id="no decision"),
        pytest.param(record_of(approved(), sender=8), "the decision is of agent 8, and agent 9 asks", id="foreign"),
        pytest.param(
            record_of(approved(), epoch=2), "the decision is of epoch 2, and epoch 3 asks", id="an earlier life"
        ),
        pytest.param(record_of(approved(), epoch=4), "the decision is of epoch 4, and epoch 3 asks", id="a later life"),
        pytest.param(
            record_of(approved(), stream=stream_id(Kind.DECISION, 0, 2)),
            f"{stream_name(stream_id(Kind.DECISION, 0, 2))} has no decisions on instrument 1",
            id="on another instrument",
        ),
        pytest.param(
            record_of(approved(), stream=stream_id(Kind.SIGNAL, 0, 1)),
            f"{stream_name(stream_id(Kind.SIGNAL, 0, 1))} has no decisions on instrument 1",
            id="not a decision",
        ),
        pytest.param(record_of(approved(), seq=0), "no publication has sequence 0 and flags 0", id="not published"),
        pytest.param(
            record_of(approved(), flags=FLAG_SNAPSHOT), "no publication has sequence 1 and flags 1", id="a snapshot"
        ),
    ],
)
def test_what_no_decision_of_the_asker_stands_for_is_refused_and_counted(decision, text):
    desk = Desk()
    # Only one thing is wrong with each: the epoch that asks is the third where the epoch is at issue.
    epoch = 3 if "epoch" in text else EPOCH
    answer = desk.ask(SubmitOrder(decision), epoch=epoch)
    assert (answer.accepted, answer.reason) == (False, Reason.NOT_APPROVED)
    assert answer.text.startswith(text)
    assert desk.creates() == []
    assert desk.ctx.counters == {"submits_unapproved": 1}
    assert desk.ask(submit()) == Ack(True), "the id is not poisoned"


@pytest.mark.parametrize(
    "altered",
    [
        approved(client_id="T2"),
        approved(strategy="taker"),
        approved(side=Side.SELL),
        approved(qty=100_001),
        approved(price=10_001),
        approved(time_in_force=TimeInForce.IOC),
    ],
)
def test_a_decision_that_was_acted_on_stands_for_no_other_terms(altered):
    desk = Desk()
    assert desk.ask(submission(approved(), seq=5)) == Ack(True)
    answer = desk.ask(submission(altered, seq=5))
    assert (answer.reason, answer.text) == (Reason.NOT_APPROVED, "that decision was on order T1")
    assert len(desk.creates()) == 1
    assert desk.ctx.counters == {"submits_unapproved": 1}


def test_two_risk_agents_decide_independently():
    desk = Desk()
    assert desk.ask(submission(approved("T1"), seq=5, sender=9), sender=9) == Ack(True)
    assert desk.ask(submission(approved("T2"), seq=5, sender=8), sender=8) == Ack(True)
    assert len(desk.creates()) == 2


def test_a_later_life_gives_the_same_answer_to_a_decision_that_was_acted_on():
    desk = Desk()
    assert desk.ask(submit()) == Ack(True)
    again = desk.restarted()
    assert again.ask(submit()) == Ack(True), "before it is reconciled too: it is a fact of the log"
    assert again.ask(submission(approved(price=1), seq=place_of(submit())[2])).reason == Reason.NOT_APPROVED
    assert again.creates() == []


def test_a_later_life_of_risk_may_not_submit_what_an_earlier_one_decided():
    desk = Desk()
    assert desk.ask(submission(approved("T1"), seq=5)) == Ack(True)
    assert desk.ask(submission(approved("T2"), seq=6), epoch=2).reason == Reason.NOT_APPROVED
    assert desk.ask(submission(approved("T3"), seq=7, epoch=2), epoch=2) == Ack(True)
    assert len(desk.creates()) == 2


def test_an_order_of_a_log_that_names_no_decision_keeps_its_id():
    desk = working()
    (published,) = [each for each in desk.ctx.published if isinstance(each.message, OrderInitialized)]
    old = msgspec.structs.replace(published.message, causes=((1, 2, 3),), approver=0)
    again = Desk([(published.header, old)])
    assert again.ask(submit()).reason == Reason.DUPLICATE_ID
    assert again.creates() == []


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

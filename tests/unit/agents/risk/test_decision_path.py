"""The decision path: each signal is answered once, in the log before anywhere else, and repeated as it was."""

from core.frame import unpack
from mesh.protocol.codec import decode_frame
from schemas.figures import DecisionFigures
from schemas.messages import (
    Approved,
    SubmitOrder,
)
from schemas.orders import Reason
from schemas.streams import Kind
from tests.unit.agents.risk.risk_desk import Desk, S
from tests.unit.agents.trading_desk import (
    EQUITY,
    ORDERS,
    signal,
    stream,
)


def test_approved_signal_is_logged_then_answered_then_submitted():
    desk = Desk()
    answer = desk.ask(signal(7, qty=10_000))
    assert answer.client_order_id == "T30001000001wq"
    assert (answer.signal_id, answer.side, answer.qty_lots, answer.price_ticks) == (7, 1, 10_000, 6_000_000)
    assert (answer.signal_sender, answer.signal_epoch) == (2, 1)
    published = desk.ctx.published[-1]
    assert published.stream == stream(Kind.DECISION)
    assert published.message == answer
    assert published.header.corr == 7
    submit = desk.asked(SubmitOrder)[0]
    assert (submit.peer, submit.ttl_ms, submit.corr) == ("exec", 1000, 7)
    header = unpack(submit.message.decision)
    assert header == published.header
    assert decode_frame(header, submit.message.decision) == answer


def test_decision_names_the_signals_causes_and_risks_own():
    desk = Desk()
    causes = desk.ask(signal()).causes
    assert causes[0] == (stream(Kind.BOOK), 1, 7)
    assert {cause[0] for cause in causes} == {stream(Kind.BOOK), stream(Kind.QUOTE), ORDERS, EQUITY}


def test_denial_is_logged_and_answered_with_figures():
    desk = Desk(order_qty_max="0.1")
    answer = desk.ask(signal(5, qty=10_001))
    assert answer.reason == Reason.ORDER_QTY_ABOVE_MAXIMUM
    assert answer.figures == {"order_qty": "0.10001", "order_qty_max": "0.1"}
    assert desk.ctx.published[-1].message == answer
    assert not desk.ctx.requests
    assert desk.agent.figures().decisions == DecisionFigures(approved=0, denied={"ORDER_QTY_ABOVE_MAXIMUM": 1})


def test_unknown_instrument_is_denied_on_the_common_stream():
    desk = Desk()
    assert desk.deny(signal(instrument=9))[0] is Reason.INSTRUMENT_NOT_FOUND
    assert desk.ctx.published[-1].stream == stream(Kind.DECISION, 0)


# Correlation and rate


def test_order_rate_is_a_token_bucket():
    desk = Desk(orders_per_second_max=1.0, orders_burst_max=2)
    desk.approve(signal(1, qty=10))
    desk.approve(signal(2, qty=10))
    reason, figures = desk.deny(signal(3, qty=10))
    assert reason is Reason.ORDER_RATE
    assert figures["orders_available"] == 0.0
    assert figures["orders_per_second_max"] == 1.0
    desk.ctx.advance(desk.agent, S)
    desk.approve(signal(4, qty=10))


def test_denied_signal_takes_no_token():
    desk = Desk(orders_per_second_max=0.001, orders_burst_max=1, order_qty_max="0.1")
    assert desk.deny(signal(1, qty=10_001))[0] is Reason.ORDER_QTY_ABOVE_MAXIMUM
    desk.approve(signal(2))


# Repeats


def test_repeated_signal_gets_the_same_answer_and_no_second_order():
    desk = Desk()
    first = desk.ask(signal(1))
    assert desk.ask(signal(1)) == first
    assert len(desk.asked(SubmitOrder)) == 1
    assert desk.agent.figures().decisions.approved == 1


def test_id_used_for_something_else_is_a_duplicate():
    desk = Desk()
    first = desk.ask(signal(1, qty=10))
    assert desk.deny(signal(1, qty=20))[0] is Reason.DUPLICATE_ID
    assert desk.ask(signal(1, qty=10)) == first
    other = desk.ask(signal(1, qty=20), sender=8)
    assert isinstance(other, Approved)


# Halt and restart


def test_restart_begins_without_tokens():
    desk = Desk(orders_burst_max=5, orders_per_second_max=1.0)
    desk.approve(signal(1))
    again = Desk(epoch=2, log=desk.ctx.published, orders_burst_max=5, orders_per_second_max=1.0)
    assert again.deny(signal(2))[0] is Reason.ORDER_RATE

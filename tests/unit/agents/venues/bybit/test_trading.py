"""An execution agent on a Bybit account: what is only taken on, what comes later, and what is found after it was lost."""

from mesh.agent import CallOutcome
from schemas.messages import CancelOrder
from schemas.orders import Reason, TimeInForce
from tests.unit.agents.venues.bybit.account_desk import frame, order
from tests.unit.agents.venues.bybit.trading_desk import (
    CANCEL,
    CREATE,
    EXECUTIONS,
    HISTORY,
    REALTIME,
    SECOND,
    Desk,
    S,
    filled,
    stands,
    working,
)

R = Reason


def test_a_pass_asks_for_what_is_open_in_both_categories_and_for_the_fills_of_each():
    desk = Desk()
    desk.pass_time(60 * SECOND)
    assert {params["category"] for params in desk.asked_of(REALTIME)} == {"spot", "linear"}
    assert {params["category"] for params in desk.asked_of(EXECUTIONS)} == {"spot", "linear"}
    assert desk.ctx.counters == {}


def test_an_acknowledgement_does_not_open_the_order_and_the_order_topic_does():
    desk = Desk()
    desk.submit()
    desk.taken()
    assert desk.statuses() == [S.SUBMITTED]
    desk.tell(frame("order", stands()))
    assert desk.statuses() == [S.SUBMITTED, S.NEW]
    assert desk.events()[-1].venue_order_id == "V1"


def test_an_order_that_would_take_is_rejected_after_it_was_taken_on():
    desk = Desk()
    desk.submit(time_in_force=TimeInForce.GTX)
    desk.taken()
    reason = {"rejectReason": "EC_PostOnlyWillTakeLiquidity", "timeInForce": "PostOnly"}
    desk.tell(frame("order", stands("Cancelled", **reason)))
    assert desk.statuses() == [S.SUBMITTED, S.REJECTED]
    assert desk.events()[-1].text == "EC_PostOnlyWillTakeLiquidity"


def test_fills_come_by_executions_and_cost_no_call():
    desk = working()
    desk.asked.clear()
    desk.tell(frame("order", stands("PartiallyFilled", cumExecQty="0.040")))
    desk.tell(frame("execution", filled("0.040", 1)))
    desk.tell(frame("execution", filled("0.060", 2)))
    desk.tell(frame("order", stands("Filled", cumExecQty="0.100")))
    desk.answer_all()
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PARTIALLY_FILLED, S.FILLED]
    assert [(m.trade_id, m.last_qty_lots, m.commission_e8) for m in desk.fills()] == [
        ("E1", 40, 10_000_000),
        ("E2", 60, 10_000_000),
    ]
    assert desk.asked == []


def test_two_messages_that_the_order_is_filled_and_a_fill_told_twice_are_one_fill():
    desk = working()
    for _ in range(2):
        desk.tell(frame("execution", filled()))
    refused_cancel = {"cancelType": "CancelByUser", "rejectReason": "EC_OrigClOrdIDDoesNotExist"}
    for more in ({}, refused_cancel):
        desk.tell(frame("order", stands("Filled", cumExecQty="0.100", **more)))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.FILLED]
    assert len(desk.fills()) == 1


def test_a_fill_before_the_order_was_told_of_is_booked_on_it():
    desk = Desk()
    desk.submit(time_in_force=TimeInForce.IOC)
    desk.tell(frame("execution", filled()))
    desk.taken()
    assert desk.statuses() == [S.SUBMITTED, S.FILLED]


def test_a_canceled_rest_waits_for_the_fills_before_it():
    desk = working()
    desk.executions = [filled("0.040", 1)]
    desk.tell(frame("order", stands("Cancelled", cumExecQty="0.040", cancelType="CancelByUser")))
    assert desk.statuses()[-1] == S.NEW
    desk.answer_all()
    assert desk.statuses()[-2:] == [S.PARTIALLY_FILLED, S.CANCELED]


def test_that_a_cancel_found_nothing_just_after_the_create_proves_nothing():
    desk = Desk()
    desk.submit()
    desk.taken()
    desk.ctx.ask(desk.agent, CancelOrder("mine", int(R.CANCELED_BY_STRATEGY)))
    desk.respond(CANCEL, b'{"retCode":110001,"retMsg":"order not exists or too late to cancel"}')
    desk.realtime = [stands()]
    assert S.REJECTED not in desk.statuses()
    desk.pass_time(2 * SECOND)
    assert desk.statuses()[-1] in (S.NEW, S.PENDING_CANCEL)
    assert len(desk.ctx.pending("POST", CANCEL)) == 1


def test_a_create_whose_answer_was_lost_is_found_among_the_open_ones():
    desk = Desk()
    desk.submit()
    desk.realtime = [stands()]
    desk.respond(CREATE, outcome=CallOutcome.UNKNOWN)
    desk.pass_time(SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.NEW]


def test_an_order_that_the_service_has_forgotten_is_found_in_the_history():
    desk = Desk()
    desk.submit()
    desk.history = [stands("Filled", cumExecQty="0.100")]
    desk.executions = [filled()]
    desk.respond(CREATE, outcome=CallOutcome.UNKNOWN)
    desk.pass_time(2 * SECOND)
    assert desk.asked_of(HISTORY) == [{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "mine"}]
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.FILLED]
    assert [m.trade_id for m in desk.fills()] == ["E1"]


def test_a_create_that_is_nowhere_never_reached_the_venue_once_its_window_is_over():
    desk = Desk()
    desk.submit()
    desk.respond(CREATE, outcome=CallOutcome.UNKNOWN)
    desk.pass_time(6 * SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN]
    desk.pass_time(30 * SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.REJECTED]
    assert desk.events()[-1].reason == R.NEVER_REACHED_VENUE
    assert len(desk.asked_of(HISTORY)) >= 2
    assert len([call for call in desk.ctx.answered if call.path == CREATE]) == 1


def test_an_id_that_the_venue_has_already_is_looked_up():
    desk = Desk()
    desk.submit()
    desk.realtime = [stands()]
    desk.respond(CREATE, b'{"retCode":110072,"retMsg":"OrderLinkedID is duplicate"}')
    desk.pass_time(SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.NEW]


def test_more_open_orders_than_a_page_holds_are_all_found():
    desk = Desk()
    rows = [order(orderId=f"V{n}", orderLinkId=f"other{n}") for n in range(120)]
    desk.realtime = rows
    desk.pass_time(60 * SECOND)
    assert desk.ctx.counters["orders_adopted"] == 120
    assert {"50", "100"} <= {params.get("cursor") for params in desk.asked_of(REALTIME)}


def test_a_fill_of_an_order_that_ended_long_ago_finds_it_in_the_history():
    desk = Desk()
    desk.executions = [filled(orderLinkId="old", category="linear")]
    desk.history = [stands("Filled", cumExecQty="0.100", orderLinkId="old")]
    desk.pass_time(60 * SECOND)
    assert desk.statuses("old")[-1] == S.FILLED
    assert [m.trade_id for m in desk.fills()] == ["E1"]


def test_the_account_may_not_be_known_to_have_a_dead_mans_switch():
    assert Desk().agent.figures().dead_man_switch == "the venue has none"


def test_what_an_answer_to_a_create_says_of_the_limit_is_taken():
    desk = Desk()
    desk.submit()
    body = b'{"retCode":0,"result":{"orderId":"V1","orderLinkId":"mine"}}'
    desk.respond(CREATE, body, headers={"X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "3"})
    assert desk.agent.figures().venue_budget["new orders in 1 second"] == "7 of 10"

"""Amends: the venue's order goes on as the new one, or is canceled; nothing is ever counted as both or as neither."""

import msgspec
import pytest

from agents.venues.binance.spot_limits import AMEND
from schemas.messages import Ack, CancelOrder, OrderFilled, SetTradingMode
from schemas.orders import OrderStatus, Reason, TradingMode
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import LOT, ORDER, SECOND, STREAM, Desk, assert_legal, working
from tests.unit.agents.submissions import approved, submission

S = OrderStatus
HALF = LOT // 2


def smaller(name="T2", replaces="T1", qty=HALF, price=10_000):
    return submission(msgspec.structs.replace(approved(name, qty, price), replaces=replaces))


def amending():
    """A desk whose order is being made smaller at the venue."""
    desk = working()
    assert desk.ask(smaller()) == Ack(True)
    assert [call.params["newQty"] for call in desk.ctx.calls.values() if call.path == AMEND] == ["0.50000"]
    return desk


def amended(desk, qty="0.50000", cum="0.00000"):
    desk.answer("PUT", AMEND, venue.amended_body("T1", 1, qty, cum))


def last(desk, name):
    event = desk.events(name)[-1]
    return S(event.status), Reason(getattr(event, "reason", 0))


def test_the_venues_order_goes_on_as_the_new_one():
    desk = amending()
    assert desk.statuses("T2") == [S.SUBMITTED]
    amended(desk)
    assert (last(desk, "T1"), last(desk, "T2")) == ((S.CANCELED, Reason.REPLACED), (S.NEW, Reason.NONE))
    assert desk.events("T2")[-1].venue_order_id == "1"
    desk.event(venue.fill_report("T1", 61, "0.50000", "0.50000", q="0.50000"))
    assert (last(desk, "T2")[0], desk.events("T2")[-1].cum_qty_lots) == (S.FILLED, HALF)
    assert len(desk.creates()) == 1
    assert_legal(desk)


def test_what_was_filled_before_is_the_old_orders_and_what_follows_the_new_ones():
    desk = working()
    desk.event(venue.fill_report("T1", 61, "0.20000", "0.20000"))
    assert desk.ask(smaller(qty=30_000)) == Ack(True)
    amended(desk, "0.50000", "0.20000")
    desk.event(venue.fill_report("T1", 62, "0.30000", "0.50000", q="0.50000"))
    told = [m for m in desk.ctx.messages(STREAM) if isinstance(m, OrderFilled)]
    fills = [(m.client_order_id, m.last_qty_lots, m.cum_qty_lots, m.leaves_qty_lots) for m in told]
    assert fills == [("T1", 20_000, 20_000, 80_000), ("T2", 30_000, 30_000, 0)]
    assert (last(desk, "T1")[0], last(desk, "T2")[0]) == (S.CANCELED, S.FILLED)
    assert_legal(desk)


def test_the_private_stream_may_tell_of_it_first_and_the_answer_may_be_lost():
    desk = amending()
    desk.event(venue.report("T1", execution="REPLACED", q="0.50000"))
    assert last(desk, "T2")[0] is S.NEW
    desk.lose("PUT", AMEND)
    assert last(desk, "T2")[0] is S.NEW
    assert not desk.ctx.pending("DELETE", ORDER)


def test_a_trade_with_the_new_terms_proves_the_amend_and_is_the_new_orders():
    desk = amending()
    desk.event(venue.fill_report("T1", 61, "0.50000", "0.50000", q="0.50000"))
    assert (last(desk, "T1")[1], last(desk, "T2")[0]) == (Reason.REPLACED, S.FILLED)
    amended(desk, "0.50000", "0.50000")
    assert_legal(desk)


def test_an_outcome_that_is_not_known_has_the_order_canceled():
    desk = amending()
    desk.lose("PUT", AMEND)
    assert last(desk, "T2") == (S.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    assert desk.statuses("T1")[-1] is S.PENDING_CANCEL
    desk.event(venue.report("T1", execution="REPLACED", q="0.50000"))
    assert last(desk, "T2")[0] is S.UNKNOWN
    desk.answer("DELETE", ORDER, venue.order_body("x", 1, "CANCELED", qty="0.50000", origClientOrderId="T1"))
    assert last(desk, "T1") == (S.CANCELED, Reason.REPLACED)
    assert last(desk, "T2") == (S.REJECTED, Reason.ALREADY_TERMINAL)
    assert desk.orders.unknown == 0
    assert_legal(desk)


def test_an_amend_that_comes_too_late_leaves_the_old_order_filled():
    desk = amending()
    desk.event(venue.fill_report("T1", 61, "1.00000", "1.00000"))
    assert (last(desk, "T1")[0], last(desk, "T2")) == (S.FILLED, (S.REJECTED, Reason.ALREADY_TERMINAL))
    desk.answer("PUT", AMEND, venue.error_body(-2038), status=400)
    assert last(desk, "T2")[0] is S.REJECTED
    assert not desk.ctx.pending("DELETE", ORDER)


def test_what_traded_before_the_venue_amended_has_the_rest_canceled():
    desk = amending()
    desk.event(venue.fill_report("T1", 61, "0.20000", "0.20000"))
    amended(desk, "0.50000", "0.20000")
    body = venue.order_body("x", 1, "CANCELED", qty="0.50000", cum="0.20000", origClientOrderId="T1")
    desk.answer("DELETE", ORDER, body)
    assert (last(desk, "T1"), desk.events("T1")[-1].cum_qty_lots) == ((S.CANCELED, Reason.REPLACED), 20_000)
    assert last(desk, "T2") == (S.REJECTED, Reason.ALREADY_TERMINAL)


def test_an_order_that_is_filled_as_amended_before_that_was_told_ends_with_what_it_traded():
    desk = amending()
    desk.event(venue.fill_report("T1", 61, "0.20000", "0.20000"))
    desk.event(venue.fill_report("T1", 62, "0.30000", "0.50000", status="FILLED", q="0.50000"))
    assert (last(desk, "T1"), desk.events("T1")[-1].cum_qty_lots) == ((S.CANCELED, Reason.REPLACED), HALF)
    assert last(desk, "T2")[0] is S.REJECTED


def test_what_the_venue_does_not_amend_is_canceled_and_created():
    desk = amending()
    desk.answer("PUT", AMEND, venue.error_body(-2038), status=400)
    desk.answer("DELETE", ORDER, venue.order_body("x", 1, "CANCELED", origClientOrderId="T1"))
    assert [call.params["newClientOrderId"] for call in desk.creates()] == ["T1", "T2"]
    desk.answer("POST", ORDER, venue.order_body("T2", 2, qty="0.50000"))
    assert (last(desk, "T1")[1], last(desk, "T2")[0]) == (Reason.REPLACED, S.NEW)
    assert_legal(desk)


def test_nothing_is_created_in_place_of_it_once_trading_is_halted():
    desk = amending()
    desk.answer("PUT", AMEND, venue.error_body(-2038), status=400)
    desk.ask(SetTradingMode(TradingMode.HALTED, "tea time"), client="operator", sender=0)
    desk.answer("DELETE", ORDER, venue.order_body("x", 1, "CANCELED", origClientOrderId="T1"))
    assert last(desk, "T2")[0] is S.CANCELED
    assert len(desk.creates()) == 1


@pytest.mark.parametrize("name", ["T1", "T2"])
def test_a_cancel_of_either_cancels_the_venues_order(name):
    desk = amending()
    desk.ask(CancelOrder(name, int(Reason.CANCELED_BY_STRATEGY)))
    amended(desk)
    body = venue.order_body("x", 1, "CANCELED", qty="0.50000", origClientOrderId="T1")
    desk.answer("DELETE", ORDER, body)
    assert last(desk, "T1") == (S.CANCELED, Reason.CANCELED_BY_STRATEGY)
    assert last(desk, "T2")[0] is (S.REJECTED if name == "T1" else S.CANCELED)
    assert_legal(desk)


def test_the_new_order_is_canceled_by_the_venues_id_and_may_be_amended_again():
    desk = amending()
    amended(desk)
    assert desk.ask(smaller("T3", "T2", qty=20_000)) == Ack(True)
    asked = desk.ctx.calls[desk.only("PUT", AMEND)].params
    assert (asked["orderId"], asked["newQty"], asked["newClientOrderId"]) == ("1", "0.20000", "T1")
    amended(desk, "0.20000")
    assert (last(desk, "T2")[1], last(desk, "T3")[0]) == (Reason.REPLACED, S.NEW)
    desk.ask(CancelOrder("T3", int(Reason.CANCELED_BY_STRATEGY)))
    assert desk.ctx.calls[desk.only("DELETE", ORDER)].params["orderId"] == "1"


def test_a_restart_while_the_amend_was_out_cancels_the_order_and_ends_both():
    desk = amending().restarted()
    assert desk.statuses("T2") == [S.UNKNOWN]
    desk.connect(venue.orders_body(venue.order_body("T1", 1, qty="0.50000")))
    desk.ctx.advance(desk.agent, SECOND)
    desk.answer("DELETE", ORDER, venue.order_body("x", 1, "CANCELED", qty="0.50000", origClientOrderId="T1"))
    assert last(desk, "T1") == (S.CANCELED, Reason.REPLACED)
    assert last(desk, "T2") == (S.REJECTED, Reason.ALREADY_TERMINAL)
    assert desk.orders.unknown == 0


def test_a_restart_after_it_folds_the_venues_order_as_the_new_one():
    desk = amending()
    amended(desk)
    again = desk.restarted()
    again.connect(venue.orders_body(venue.order_body("T1", 1, qty="0.50000")))
    again.event(venue.fill_report("T1", 61, "0.50000", "0.50000", q="0.50000"))
    assert last(again, "T2")[0] is S.FILLED
    assert not again.events("T1")


def test_a_restart_between_the_two_events_ends_the_old_order():
    desk = amending()
    amended(desk)
    again = Desk([each for each in desk.record if getattr(each[1], "reason", 0) != Reason.REPLACED], up=False)
    assert last(again, "T1") == (S.CANCELED, Reason.REPLACED)
    assert not again.events("T2")


def test_what_is_not_told_in_time_is_canceled():
    desk = amending()
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert desk.statuses("T1")[-1] is S.PENDING_CANCEL


@pytest.mark.parametrize(
    ("qty", "price"), [(HALF, 9_990), (LOT, 10_000), (2 * LOT, 10_000)], ids=["price", "same", "larger"]
)
def test_what_binance_spot_cannot_amend_is_canceled_and_created(qty, price):
    desk = working()
    assert desk.ask(smaller(qty=qty, price=price)) is None
    assert not desk.ctx.pending("PUT", AMEND)
    assert desk.ctx.pending("DELETE", ORDER)

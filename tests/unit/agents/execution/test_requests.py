"""Requests to cancel: each open order is canceled, and what is not open is told."""

from schemas.messages import (
    Ack,
    CancelAll,
    CancelOrder,
    Transfer,
)
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import (
    ORDER,
    STREAM,
    working,
)


def test_cancel_all_cancels_each_open_order():
    desk = working()
    desk.event(venue.report("web_1", 44))
    assert desk.ask(CancelAll(0, Reason.CANCELED_BY_OPERATOR)) == Ack(True)
    params = [desk.ctx.calls[number].params for number in desk.ctx.pending("DELETE", ORDER)]
    assert params == [{"symbol": "BTCUSDT", "orderId": "1"}, {"symbol": "BTCUSDT", "orderId": "44"}]


def test_cancel_of_what_is_not_open_is_refused():
    desk = working()
    desk.event(venue.report("T1", status="CANCELED"))
    assert desk.ask(CancelOrder("T1", 0)).reason == Reason.ALREADY_TERMINAL
    assert desk.ask(CancelOrder("T9", 0)).reason == Reason.ORDER_NOT_FOUND


def test_a_transfer_is_booked_for_a_portfolio_that_follows_the_account():
    desk = working()
    assert desk.ask(Transfer("BTC", "1", 1, 1), client="portfolio") == Ack(True)
    assert desk.ctx.messages(STREAM)[-1] == Transfer("BTC", "1", 1, 1)
    assert desk.ask(Transfer("BTC", "1", 1, 1), client="signal").reason == Reason.FENCED

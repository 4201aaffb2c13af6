"""Fills by REST: each one is booked once, with its order, and none is passed over."""

import pytest

from mesh.agent import CallOutcome
from schemas.messages import (
    Ack,
    OrderFilled,
    Reconciled,
)
from schemas.orders import Side
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import (
    ACCOUNT,
    MS,
    OPEN,
    ORDER,
    SECOND,
    STREAM,
    TRADES,
    Desk,
    S,
    assert_legal,
    connected_anew,
    submit,
    working,
)


def test_a_fill_of_an_unknown_order_keeps_the_order_unknown_until_its_owner_is_known():
    desk = Desk(reconcile_interval_ms=1_000_000)
    desk.ask(submit())
    desk.lose("POST", ORDER)
    for _ in range(200):
        desk.ctx.advance(desk.agent, 250 * MS)
        for number in desk.ctx.pending("GET", ORDER):
            if "origClientOrderId" in desk.ctx.calls[number].params:
                desk.ctx.respond(desk.agent, number, venue.error_body(-2013), status=400)
        if desk.ctx.pending("GET", TRADES):
            break
    desk.answer("GET", TRADES, venue.trades_body((90, 5, "1.00000")))
    assert desk.statuses()[-1] == S.UNKNOWN
    owner = desk.only("GET", ORDER)
    assert desk.ctx.calls[owner].params["orderId"] == "5"
    desk.ctx.respond(desk.agent, owner, venue.order_body("T1", 5, status="FILLED", cum="1.00000"))
    assert desk.statuses()[-1] == S.FILLED


def test_a_fill_that_the_stream_lost_is_fetched_before_the_order_ends():
    desk = working()
    desk.event(venue.fill_report("T1", 10, "0.50000", "1.00000", status="FILLED"))
    assert desk.statuses()[-1] == S.PARTIALLY_FILLED
    desk.answer("GET", TRADES, venue.trades_body((9, 1, "0.50000"), (10, 1, "0.50000")))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PARTIALLY_FILLED, S.FILLED]
    assert_legal(desk)


def test_fills_of_the_downtime_are_fetched_after_a_restart_and_booked_once():
    before = working()
    before.event(venue.fill_report("T1", 9, "0.25000", "0.25000"))
    desk = before.restarted()
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile(
        venue.orders_body(venue.order_body("T1", status="PARTIALLY_FILLED", cum="0.75000")),
        venue.trades_body((9, 1, "0.25000"), (10, 1, "0.50000")),
    )
    fills = [m for m in desk.events() if isinstance(m, OrderFilled)]
    assert [(f.trade_id, f.cum_qty_lots, f.reconciled) for f in fills] == [("10", 75_000, True)]
    assert desk.ask(submit("T2")) == Ack(True)


def reconcile_for(desk, seconds, **lists):
    """Have the venue answer every pass of so long a time alike."""
    for _ in range(seconds):
        desk.ctx.advance(desk.agent, SECOND)
        desk.reconcile(**lists)


ONE_FILL = {
    "orders": venue.orders_body(venue.order_body("T1", status="PARTIALLY_FILLED", cum="0.25000")),
    "trades": venue.trades_body((9, 1, "0.25000")),
}


def next_cursor(desk):
    """Return from where on the next pass asks for fills."""
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.answer("GET", OPEN, ONE_FILL["orders"])
    return desk.ctx.calls[desk.only("GET", TRADES)].params.get("fromId")


def test_fills_are_asked_for_since_the_last_that_is_complete():
    before = working()
    reconcile_for(before, 40, **ONE_FILL)
    assert next_cursor(before) == "10"
    desk = before.restarted()
    for number, body in [(desk.only("GET", OPEN), b"[]"), (desk.only("GET", ACCOUNT), venue.account_body())]:
        desk.ctx.respond(desk.agent, number, body)
    assert desk.ctx.calls[desk.only("GET", TRADES)].params["fromId"] == "10"


def test_a_fill_that_is_listed_later_than_younger_ones_is_not_passed_over():
    desk = working()
    reconcile_for(desk, 20, **ONE_FILL)
    assert next_cursor(desk) is None
    desk.reconcile(trades=venue.trades_body((8, 77, "0.50000"), (9, 1, "0.25000")))
    body = venue.order_body("manual", 77, status="FILLED", qty="0.50000", cum="0.50000", side="SELL")
    desk.ctx.respond(desk.agent, desk.only("GET", ORDER), body)
    assert [m.trade_id for m in desk.events("manual") if isinstance(m, OrderFilled)] == ["8"]


def test_foreign_fills_bring_their_order_with_them():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.reconcile(trades=venue.trades_body((31, 88, "0.10000")))
    owner = desk.only("GET", ORDER)
    desk.ctx.respond(desk.agent, owner, venue.order_body("web_2", 88, status="FILLED", qty="0.10000", cum="0.10000"))
    assert desk.statuses("web_2") == [S.FILLED]
    assert desk.events("web_2")[0].external


def test_fills_whose_owner_was_not_told_are_asked_for_again():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.reconcile(trades=venue.trades_body((31, 88, "0.10000")))
    desk.lose("GET", ORDER)
    desk.ctx.advance(desk.agent, SECOND)
    desk.reconcile(trades=venue.trades_body((31, 88, "0.10000")))
    desk.answer("GET", ORDER, venue.order_body("web_2", 88, status="FILLED", qty="0.10000", cum="0.10000"))
    assert desk.statuses("web_2") == [S.FILLED]


def test_a_fill_whose_owner_is_still_asked_for_is_not_passed_over_by_the_next_pass():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    manual = venue.trades_body((900, 77, "0.50000"))
    desk.reconcile(trades=manual)
    owner = desk.only("GET", ORDER)
    connected_anew(desk, 2)
    desk.reconcile(trades=manual)
    assert not desk.agent.figures().reconciled
    assert "77" in desk.agent.figures().trouble
    desk.ctx.respond(desk.agent, owner, outcome=CallOutcome.UNKNOWN)
    desk.ctx.advance(desk.agent, 2 * SECOND)
    desk.reconcile(trades=manual)
    order = venue.order_body("manual", 77, status="FILLED", qty="0.50000", cum="0.50000")
    desk.ctx.respond(desk.agent, desk.only("GET", ORDER), order)
    assert [m.trade_id for m in desk.events("manual") if isinstance(m, OrderFilled)] == ["900"]
    assert desk.agent.figures().reconciled


def test_a_live_fill_does_not_hide_one_that_the_stream_lost_from_the_next_life():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.answer("GET", OPEN, b"[]")
    desk.answer("GET", TRADES, venue.trades_body((8, 44, "0.10000")))
    desk.event(venue.fill_report("web_1", 10, "0.20000", "0.20000", venue_id=45, status="FILLED", q="0.20000"))
    order = venue.order_body("web_0", 44, status="FILLED", qty="0.10000", cum="0.10000")
    desk.answer("GET", ORDER, order)
    reconcile_for(desk, 40, trades=venue.trades_body((8, 44, "0.10000")))
    assert [m for m in desk.ctx.messages(STREAM) if isinstance(m, Reconciled)][-1].fill_cursors == {1: "9"}
    again = desk.restarted()
    again.answer("GET", OPEN, b"[]")
    again.answer("GET", ACCOUNT, b'{"balances":[]}')
    assert again.ctx.calls[again.only("GET", TRADES)].params["fromId"] == "9"


MANUAL_SELL = {"qty": "0.50000", "cum": "0.50000", "side": "SELL"}
SELF_TRADE = venue.trades_body((9, 1, "0.50000"), (9, 2, "0.50000"))
HALF_FILLED = venue.orders_body(venue.order_body("T1", status="PARTIALLY_FILLED", cum="0.50000"))


def tell_by_stream(desk):
    """The taker's side first, as it comes."""
    desk.event(venue.report("manual", 2, S="SELL", q="0.50000"))
    desk.event(venue.fill_report("manual", 9, "0.50000", "0.50000", 2, "FILLED", S="SELL", q="0.50000"))
    desk.event(venue.fill_report("T1", 9, "0.50000", "0.50000"))


def tell_by_pass(desk):
    """The seller is not known before its fill."""
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.reconcile(HALF_FILLED, SELF_TRADE)
    desk.answer("GET", ORDER, venue.order_body("manual", 2, "FILLED", **MANUAL_SELL))


def tell_one_side_by_stream(desk):
    desk.event(venue.fill_report("T1", 9, "0.50000", "0.50000"))
    tell_by_pass(desk)


@pytest.mark.parametrize("tell", [tell_by_stream, tell_by_pass, tell_one_side_by_stream])
def test_both_sides_of_a_self_trade_are_booked(tell):
    desk = working()
    tell(desk)
    fills = [(m.client_order_id, m.trade_id, m.side) for m in desk.ctx.messages(STREAM) if isinstance(m, OrderFilled)]
    assert sorted(fills) == [("T1", "9", Side.BUY), ("manual", "9", Side.SELL)]
    assert (desk.statuses()[-1], desk.statuses("manual")[-1]) == (S.PARTIALLY_FILLED, S.FILLED)
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.reconcile(HALF_FILLED, SELF_TRADE)
    assert desk.agent.figures().reconciled
    again = desk.restarted()
    again.connect()
    again.reconcile(HALF_FILLED, SELF_TRADE)
    assert [m for m in again.ctx.messages(STREAM) if isinstance(m, OrderFilled)] == []
    assert_legal(desk)


def test_a_self_trade_that_two_pages_of_fills_share_is_booked_whole():
    desk = working()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    cum = "0.01000"
    desk.answer("GET", OPEN, venue.orders_body(venue.order_body("T1", status="PARTIALLY_FILLED", cum=cum)))
    desk.answer("GET", TRADES, venue.trades_body(*((number, 1, "0.00001") for number in range(1, 1001))))
    assert desk.ctx.calls[desk.only("GET", TRADES)].params["fromId"] == "1000"
    desk.answer("GET", TRADES, venue.trades_body((1000, 1, "0.00001"), (1000, 2, "0.00001")))
    desk.answer("GET", ORDER, venue.order_body("manual", 2, "FILLED", qty="0.00001", cum="0.00001", side="SELL"))
    assert [m.trade_id for m in desk.events("manual") if isinstance(m, OrderFilled)] == ["1000"]
    assert desk.events()[-1].cum_qty_lots == 1000
    assert desk.agent.figures().reconciled
    assert_legal(desk)

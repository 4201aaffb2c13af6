"""The order desk: one create per order, what the venue states of it, and cancels that are followed to their end."""

import pytest

from mesh.agent import CallOutcome
from schemas.messages import (
    Ack,
    CancelAll,
    CancelOrder,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
)
from schemas.orders import Reason, Side, TimeInForce
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import (
    LOT,
    MS,
    ORDER,
    SECOND,
    TRADES,
    Desk,
    S,
    assert_legal,
    submit,
    working,
)
from tests.unit.agents.submissions import RISK, place_of


def test_an_order_is_logged_under_its_id_before_anything_is_sent():
    desk = Desk()
    desk.ctx.take()
    assert desk.ask(submit(), corr=77) == Ack(True)
    assert desk.events()[0] == OrderInitialized("T1", "maker", 1, 1, LOT, 10_000, 1, (place_of(submit()),), False, RISK)
    assert desk.statuses() == [S.SUBMITTED]
    assert {item.header.corr for item in desk.ctx.published} == {77}
    call = desk.ctx.calls[desk.only("POST", ORDER)]
    assert call.signed
    assert call.params == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1.00000",
        "price": "100.00",
        "newClientOrderId": "T1",
        "newOrderRespType": "FULL",
    }


def test_only_the_orders_own_record_stands_before_the_call():
    desk = Desk()
    desk.ctx.take()
    logged = []
    call = desk.ctx.call

    def note(wanted):
        logged.append(desk.ctx.messages())
        return call(wanted)

    desk.ctx.call = note
    desk.ask(submit())
    assert logged == [[OrderInitialized("T1", "maker", 1, 1, LOT, 10_000, 1, (place_of(submit()),), False, RISK)]]


@pytest.mark.parametrize(
    ("time_in_force", "expected"),
    [
        (TimeInForce.IOC, {"type": "LIMIT", "timeInForce": "IOC"}),
        (TimeInForce.FOK, {"type": "LIMIT", "timeInForce": "FOK"}),
        (TimeInForce.GTX, {"type": "LIMIT_MAKER"}),
    ],
)
def test_time_in_force_is_said_in_the_venues_words(time_in_force, expected):
    desk = Desk()
    desk.ask(submit(time_in_force=time_in_force))
    (call,) = desk.creates()
    assert {key: call.params[key] for key in ("type", "timeInForce") if key in call.params} == expected


def test_tick_to_order_latency_is_measured_from_the_tick():
    desk = Desk()
    desk.ctx.origin_ns = desk.ctx.now_ns - 123_456
    desk.ask(submit())
    assert desk.ctx.latencies == [("tick_to_order", 123_456)]


def test_accepted_order_with_fills_in_the_reply_is_booked_once():
    desk = Desk()
    desk.ask(submit())
    fills = [venue.create_fill(56, "0.40000"), venue.create_fill(57, "0.60000", "99.99")]
    body = venue.order_body("T1", status="FILLED", cum="1.00000", fills=fills)
    desk.event(venue.fill_report("T1", 56, "0.40000", "0.40000"))
    desk.answer("POST", ORDER, body)
    desk.event(venue.fill_report("T1", 57, "0.60000", "1.00000", status="FILLED"))
    assert desk.statuses() == [S.SUBMITTED, S.PARTIALLY_FILLED, S.FILLED]
    fills = [m for m in desk.events() if isinstance(m, OrderFilled)]
    assert [(f.trade_id, f.last_qty_lots, f.last_px_ticks, f.cum_qty_lots, f.leaves_qty_lots) for f in fills] == [
        ("56", 40_000, 10_000, 40_000, 60_000),
        ("57", 60_000, 9_999, 100_000, 0),
    ]
    assert fills[1].commission_e8 == 10_000
    assert fills[1].commission_asset == "BTC"


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, venue.error_body(-2010, "Account has insufficient balance for requested action."), 26),
        (400, venue.error_body(-2010, "Order would immediately match and take."), Reason.VENUE_REJECTED),
        (400, venue.error_body(-1013, "Filter failure: LOT_SIZE"), Reason.VENUE_REJECTED),
        (400, venue.error_body(-1021, "Timestamp for this request is outside of the recvWindow."), Reason.VENUE_CLOCK),
        (429, venue.error_body(-1003, "Too many requests"), Reason.VENUE_RATE_LIMIT),
    ],
)
def test_a_refusal_needs_the_venues_proof(status, body, reason):
    desk = Desk()
    desk.ask(submit())
    desk.answer("POST", ORDER, body, status=status)
    assert desk.statuses() == [S.SUBMITTED, S.REJECTED]
    assert desk.events()[-1].reason == reason


def test_a_create_that_never_left_is_rejected_as_unreachable():
    desk = Desk()
    desk.ask(submit())
    desk.ctx.respond(desk.agent, desk.only("POST", ORDER), outcome=CallOutcome.NOT_SENT)
    assert desk.events()[-1].reason == Reason.VENUE_UNREACHABLE
    assert desk.statuses()[-1] == S.REJECTED


def test_fill_before_ack_and_ack_after_fill():
    desk = Desk()
    desk.ask(submit())
    desk.event(venue.fill_report("T1", 9, "0.50000", "0.50000"))
    desk.event(venue.report("T1", status="NEW"))
    desk.answer("POST", ORDER, venue.order_body("T1"))
    assert desk.statuses() == [S.SUBMITTED, S.PARTIALLY_FILLED]
    assert desk.ctx.counters["order_report_old"] == 2


def test_a_fill_told_by_stream_and_rest_is_booked_once():
    desk = working()
    desk.event(venue.fill_report("T1", 9, "0.50000", "0.50000"))
    desk.event(venue.fill_report("T1", 9, "0.50000", "0.50000"))
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.reconcile(
        venue.orders_body(venue.order_body("T1", status="PARTIALLY_FILLED", cum="0.50000")),
        venue.trades_body((9, 1, "0.50000")),
    )
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PARTIALLY_FILLED]


def test_a_fill_after_the_cancel_is_booked():
    desk = working()
    desk.event(venue.report("T1", status="CANCELED"))
    desk.event(venue.fill_report("T1", 9, "0.40000", "0.40000"))
    desk.event(venue.fill_report("T1", 10, "0.60000", "1.00000", status="FILLED"))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.CANCELED, S.CANCELED, S.FILLED]
    assert_legal(desk)


def test_a_late_acceptance_does_not_reopen_a_canceled_order():
    desk = working()
    desk.event(venue.report("T1", status="CANCELED"))
    desk.event(venue.report("T1", status="NEW"))
    assert desk.statuses()[-1] == S.CANCELED


def test_ioc_that_expires_ends_expired():
    desk = Desk()
    desk.ask(submit(time_in_force=TimeInForce.IOC))
    desk.answer("POST", ORDER, venue.order_body("T1", status="EXPIRED", fills=[]))
    assert desk.statuses() == [S.SUBMITTED, S.EXPIRED]


def test_an_order_that_is_not_ours_is_adopted_and_counts():
    desk = Desk()
    desk.event(venue.report("web_1", 44))
    desk.event(venue.fill_report("web_1", 12, "0.25000", "0.25000", venue_id=44))
    terms = desk.events("web_1")[0]
    assert terms.external
    assert (terms.qty_lots, terms.price_ticks, terms.side) == (LOT, 10_000, Side.BUY)
    assert desk.statuses("web_1") == [S.NEW, S.PARTIALLY_FILLED]
    assert desk.orders.external == 1


def test_a_client_id_that_the_venue_accepted_again_is_another_order():
    desk = working()
    desk.event(venue.fill_report("T1", 9, "1.00000", "1.00000", status="FILLED"))
    desk.event(venue.report("T1", 99))
    assert desk.statuses("T1")[-1] == S.FILLED
    assert desk.statuses("X99") == [S.NEW]


def test_cancel_is_followed_to_its_end():
    desk = working()
    assert desk.ask(CancelOrder("T1", Reason.CANCELED_BY_OPERATOR)) == Ack(True)
    assert desk.ctx.calls[desk.only("DELETE", ORDER)].params == {"symbol": "BTCUSDT", "orderId": "1"}
    desk.event(venue.report("cancel-1", status="CANCELED", C="T1"))
    desk.answer("DELETE", ORDER, venue.order_body("cancel-1", status="CANCELED", origClientOrderId="T1"))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.CANCELED]
    assert desk.events()[-1].reason == Reason.CANCELED_BY_OPERATOR


def test_cancel_that_came_too_late_is_proven_by_a_query():
    desk = working()
    desk.ask(CancelOrder("T1", 0))
    desk.answer("DELETE", ORDER, venue.error_body(-2011, "Unknown order sent."), status=400)
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.answer("GET", ORDER, venue.order_body("T1", status="FILLED", cum="1.00000"))
    assert desk.statuses()[-1] == S.PENDING_CANCEL
    desk.answer("GET", TRADES, venue.trades_body((9, 1, "1.00000")))
    assert desk.statuses()[-1] == S.FILLED
    desk.ctx.advance(desk.agent, 4 * SECOND)
    assert desk.ctx.pending("DELETE", ORDER) == []


def test_cancel_whose_reply_is_lost_is_repeated_if_the_order_is_still_open():
    desk = working()
    desk.ask(CancelOrder("T1", 0))
    desk.lose("DELETE", ORDER)
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.answer("GET", ORDER, venue.order_body("T1"))
    desk.ctx.advance(desk.agent, 500 * MS)
    desk.answer("DELETE", ORDER, venue.order_body("c2", status="CANCELED", origClientOrderId="T1"))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.NEW, S.PENDING_CANCEL, S.CANCELED]
    assert_legal(desk)


def test_cancel_that_overtakes_its_create_is_sent_again():
    desk = Desk()
    desk.ask(submit())
    desk.ask(CancelOrder("T1", 0))
    desk.answer("DELETE", ORDER, venue.error_body(-2011, "Unknown order sent."), status=400)
    desk.answer("POST", ORDER, venue.order_body("T1"))
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.answer("DELETE", ORDER, venue.order_body("c2", status="CANCELED", origClientOrderId="T1"))
    assert desk.statuses()[-1] == S.CANCELED
    assert_legal(desk)


def test_late_acceptance_does_not_undo_a_pending_cancel():
    desk = Desk()
    desk.ask(submit())
    desk.ask(CancelOrder("T1", 0))
    desk.answer("POST", ORDER, venue.order_body("T1"))
    assert desk.statuses() == [S.SUBMITTED, S.PENDING_CANCEL]


def test_cancel_of_an_unknown_order_is_sent_and_leaves_it_unknown():
    desk = Desk()
    desk.ask(submit())
    desk.lose("POST", ORDER)
    assert desk.ask(CancelOrder("T1", 0)) == Ack(True)
    assert desk.orders.unknown == 1
    desk.answer("DELETE", ORDER, venue.order_body("c1", 5, status="CANCELED", origClientOrderId="T1"))
    assert desk.statuses()[-1] == S.CANCELED


def test_an_adopted_order_whose_client_id_is_taken_is_followed_by_the_venues_id():
    desk = working()
    desk.event(venue.fill_report("T1", 5, "1.00000", "1.00000", status="FILLED"))
    desk.event(venue.report("T1", 2))
    desk.ask(CancelAll(0, Reason.CANCELED_BY_OPERATOR))
    desk.lose("DELETE", ORDER)
    desk.ctx.advance(desk.agent, 250 * MS)
    assert desk.ctx.calls[desk.only("GET", ORDER)].params["orderId"] == "2"
    desk.answer("GET", ORDER, venue.order_body("T1", 2, status="CANCELED"))
    assert desk.statuses("X2")[-1] == S.CANCELED
    assert desk.statuses("T1")[-1] == S.FILLED


@pytest.mark.parametrize("other", [venue.order_body("T9", 9), venue.order_body("T1", 9, symbol="ETHUSDT")])
def test_an_answer_about_another_order_proves_nothing_about_a_create(other):
    desk = Desk()
    desk.ask(submit())
    desk.answer("POST", ORDER, other)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN]
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.answer("GET", ORDER, venue.order_body("T1", 5))
    assert desk.statuses()[-1] == S.NEW


def test_repeated_cancels_of_an_unknown_order_publish_nothing_new():
    desk = Desk()
    desk.ask(submit())
    desk.lose("POST", ORDER)
    for _ in range(5):
        desk.ask(CancelAll(0, Reason.CANCELED_BY_OPERATOR))
        desk.answer("DELETE", ORDER, venue.error_body(-2011), status=400)
    reasons = [m.reason for m in desk.events() if isinstance(m, OrderUpdated) and m.status == S.UNKNOWN]
    assert reasons == [Reason.OUTCOME_UNKNOWN, Reason.CANCELED_BY_OPERATOR]

"""Execution: one create per order, outcomes only by proof, recovery that never goes back."""

import pytest

from agents.execution.agent import build
from core.frame import Header
from mesh.agent import CallOutcome
from schemas.config import Config, ExecutionConfig, InstrumentConfig, PortfolioConfig, RiskConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.messages import (
    Ack,
    CancelAll,
    CancelOrder,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Reconciled,
    SubmitOrder,
)
from schemas.orders import TRANSITIONS, OrderStatus, Reason, Side, TimeInForce
from schemas.streams import Kind, stream_id
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.fake_context import FakeContext

S = OrderStatus
MS = 1_000_000
SECOND = 1000 * MS
ORDER, OPEN, TRADES, ACCOUNT = "/api/v3/order", "/api/v3/openOrders", "/api/v3/myTrades", "/api/v3/account"
STREAM = stream_id(Kind.ORDER, 1, 0)
LOT = 100_000  # lots of 0.00001 in 1.0
SETTLE = (5 + 10 + 1) * SECOND  # receive window, the venue's engine timeout, a second for the clocks
QUERY_LAG = 30 * SECOND  # how long queries and lists may lack an order that stands at the venue


def config(**more):
    return Config(
        venues=(VenueConfig(id=1, name="binance", kind="binance_spot"),),
        instruments=(
            InstrumentConfig(
                id=1, venue="binance", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size="0.01", lot_size="0.00001"
            ),
        ),
        agents={
            "execution": ExecutionConfig(id=1, venue="binance", **more),
            "risk": RiskConfig(id=2, market_data=("md",), execution="execution", portfolio="portfolio"),
            "portfolio": PortfolioConfig(id=3, execution=("execution",), market_data=("md",)),
        },
    )


def submit(client_id="T1", qty=LOT, price=10_000, side=Side.BUY, time_in_force=TimeInForce.GTC, instrument=1):
    return SubmitOrder(client_id, "maker", instrument, side, qty, price, time_in_force, causes=((1, 2, 3),))


class Desk:
    """An execution agent with a venue that answers as the test says; open orders, trades and balances are empty."""

    def __init__(self, log=(), up=True, **more):
        self.ctx = FakeContext("execution")
        self.agent = build("execution", config(**more))
        self.agent.bind(self.ctx)
        for header, message in log:
            self.agent.restore(header, message)
        self.log = list(log)
        self.agent.start()
        if up:
            self.connect()

    def connect(self):
        self.agent.on_socket("user", True, "")
        self.agent.on_frame("user", venue.SUBSCRIBED)
        self.reconcile()

    def reconcile(self, orders=b"[]", trades=b"[]", balances=b'{"balances":[]}'):
        """Answer every call of the pass that is under way, and of older ones that were given up."""
        while waiting := [
            (number, call)
            for number, call in self.ctx.calls.items()
            if call.path in (OPEN, ACCOUNT) or (call.path == TRADES and "orderId" not in call.params)
        ]:
            for number, call in waiting:
                self.ctx.respond(self.agent, number, {OPEN: orders, TRADES: trades, ACCOUNT: balances}[call.path])

    def restarted(self):
        """Another life of the same agent: what it published is its log."""
        log = self.log + [(item.header, item.message) for item in self.ctx.published]
        return Desk(log, up=False)

    def ask(self, message, **more):
        return self.ctx.ask(self.agent, message, **more)

    def only(self, method, path):
        """Return the id of the one call of that kind that is out."""
        (number,) = self.ctx.pending(method, path)
        return number

    def answer(self, method, path, body, **more):
        self.ctx.respond(self.agent, self.only(method, path), body, **more)

    def lose(self, method, path):
        self.ctx.respond(self.agent, self.only(method, path), outcome=CallOutcome.UNKNOWN)

    def event(self, frame):
        self.agent.on_frame("user", frame)

    def pass_time(self, duration_ns):
        """Let time pass with reconciliation passes answered as they come."""
        step = 250 * MS
        for _ in range(duration_ns // step):
            self.ctx.advance(self.agent, step)
            self.reconcile(*self.lists)

    lists = ()

    def events(self, client_id="T1"):
        return [m for m in self.ctx.messages(STREAM) if getattr(m, "client_order_id", None) == client_id]

    def statuses(self, client_id="T1"):
        return [S(m.status) for m in self.events(client_id) if m.status != S.INITIALIZED]

    def creates(self):
        return [c for c in [*self.ctx.answered, *self.ctx.calls.values()] if (c.method, c.path) == ("POST", ORDER)]

    @property
    def orders(self):
        return self.agent.figures()["orders"]


def working(client_id="T1", **more):
    """A desk with one order that the venue has accepted."""
    desk = Desk(**more)
    desk.ask(submit(client_id))
    desk.answer("POST", ORDER, venue.order_body(client_id))
    return desk


def assert_legal(desk):
    """Every published status follows the one before by the table; every fill is published once."""
    seen = {}
    for message in desk.ctx.messages(STREAM):
        if isinstance(message, OrderInitialized | OrderUpdated | OrderFilled):
            before = seen.get(message.client_order_id, S.INITIALIZED)
            assert S(message.status) in TRANSITIONS[before] | {before}, (message, before)
            seen[message.client_order_id] = S(message.status)
    fills = [(m.venue_order_id, m.trade_id) for m in desk.ctx.messages(STREAM) if isinstance(m, OrderFilled)]
    assert len(fills) == len(set(fills))


# Taking on orders


def test_an_order_is_logged_under_its_id_before_anything_is_sent():
    desk = Desk()
    desk.ctx.take()
    assert desk.ask(submit(), corr=77) == Ack(True)
    assert desk.events()[0] == OrderInitialized("T1", "maker", 1, 1, LOT, 10_000, 1, ((1, 2, 3),))
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
    assert logged == [[OrderInitialized("T1", "maker", 1, 1, LOT, 10_000, 1, ((1, 2, 3),))]]


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


def test_a_pass_that_began_before_the_subscription_does_not_count():
    desk = Desk(up=False)
    early = dict(desk.ctx.calls)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    for number, call in early.items():
        desk.ctx.respond(desk.agent, number, b"[]" if call.path == OPEN else b'{"balances":[]}')
    assert not desk.agent.figures()["reconciled"]
    desk.reconcile()
    assert desk.agent.figures()["reconciled"]


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


def test_tick_to_order_latency_is_measured_from_the_tick():
    desk = Desk()
    desk.ctx.origin_ns = desk.ctx.now_ns - 123_456
    desk.ask(submit())
    assert desk.ctx.latencies == [("tick_to_order", 123_456)]


# The reply to a create


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
        (56, 40_000, 10_000, 40_000, 60_000),
        (57, 60_000, 9_999, 100_000, 0),
    ]
    assert fills[1].commission_e8 == 10_000
    assert fills[1].commission_asset == "BTC"


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, venue.error_body(-2010, "Account has insufficient balance for requested action."), 26),
        (400, venue.error_body(-2010, "Order would immediately match and take."), Reason.VENUE_REJECTED),
        (400, venue.error_body(-1013, "Filter failure: LOT_SIZE"), Reason.VENUE_REJECTED),
        (400, venue.error_body(-1021, "Timestamp for this request is outside of the recvWindow."), 40),
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


UNPROVEN = [
    (0, b"", CallOutcome.UNKNOWN),
    (500, venue.error_body(-1000, "unknown"), CallOutcome.ANSWERED),
    (504, b"<html>", CallOutcome.ANSWERED),
    (408, b"", CallOutcome.ANSWERED),
    (403, b"<html>", CallOutcome.ANSWERED),
    (400, venue.error_body(-1007, "Timeout waiting for response from backend server."), CallOutcome.ANSWERED),
    (400, venue.error_body(-1006, "An unexpected response was received."), CallOutcome.ANSWERED),
    (400, venue.error_body(-2010, "Duplicate order sent."), CallOutcome.ANSWERED),
    (200, b'{"symbol":"BTCUSDT","orderId":1,"cl', CallOutcome.ANSWERED),
    (200, b"{}", CallOutcome.ANSWERED),
]


@pytest.mark.parametrize(("status", "body", "outcome"), UNPROVEN)
def test_whatever_proves_nothing_makes_the_order_unknown_and_is_never_sent_again(status, body, outcome):
    desk = Desk()
    desk.ask(submit())
    desk.ctx.respond(desk.agent, desk.only("POST", ORDER), body, status=status, outcome=outcome)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN]
    assert desk.orders["unknown"] == 1
    desk.ctx.advance(desk.agent, 250 * MS)
    query = desk.ctx.calls[desk.only("GET", ORDER)]
    assert query.params == {"symbol": "BTCUSDT", "origClientOrderId": "T1"}
    desk.answer("GET", ORDER, venue.order_body("T1", 5, status="NEW"))
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.NEW]
    assert len(desk.creates()) == 1


def test_unknown_order_that_filled_is_found_with_its_fills():
    desk = Desk()
    desk.ask(submit())
    desk.lose("POST", ORDER)
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.answer("GET", ORDER, venue.order_body("T1", 5, status="FILLED", cum="1.00000"))
    assert desk.statuses()[-1] == S.UNKNOWN
    desk.answer("GET", TRADES, venue.trades_body((70, 5, "0.30000"), (71, 5, "0.70000")))
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.PARTIALLY_FILLED, S.FILLED]
    assert all(m.reconciled for m in desk.events() if isinstance(m, OrderFilled))


def test_queries_of_an_unknown_order_back_off_to_eight_seconds():
    desk = Desk(reconcile_interval_ms=1_000_000)
    desk.ask(submit())
    desk.lose("POST", ORDER)
    times = []
    lost_ns = desk.ctx.now_ns
    while len(times) < 8:
        desk.ctx.advance(desk.agent, 50 * MS)
        for number in desk.ctx.pending("GET", ORDER):
            times.append((desk.ctx.now_ns - lost_ns) // MS)
            desk.ctx.respond(desk.agent, number, outcome=CallOutcome.UNKNOWN)
    assert times == [250, 750, 1750, 3750, 7750, 15750, 23750, 31750]


def unknown_and_not_found(duration_ns):
    """An order whose create was lost, and that the venue says it does not know, for so long."""
    desk = Desk()
    desk.ask(submit())
    desk.lose("POST", ORDER)
    end_ns = desk.ctx.now_ns + duration_ns
    while desk.ctx.now_ns < end_ns:
        desk.ctx.advance(desk.agent, 250 * MS)
        for number in desk.ctx.pending("GET", ORDER):
            desk.ctx.respond(desk.agent, number, venue.error_body(-2013, "Order does not exist."), status=400)
        desk.reconcile()
    return desk


def test_not_found_proves_nothing_while_the_create_may_be_on_its_way():
    desk = unknown_and_not_found(SETTLE - SECOND)
    assert desk.statuses()[-1] == S.UNKNOWN


def test_never_reached_the_venue_after_two_late_queries_and_a_look_at_the_fills():
    desk = unknown_and_not_found(SETTLE + 12 * SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.REJECTED]
    assert desk.events()[-1].reason == Reason.NEVER_REACHED_VENUE
    assert len(desk.creates()) == 1


def test_later_evidence_wins_over_never_reached():
    desk = unknown_and_not_found(SETTLE + 12 * SECOND)
    desk.event(venue.fill_report("T1", 80, "0.25000", "0.25000"))
    assert desk.statuses()[-1] == S.PARTIALLY_FILLED
    assert_legal(desk)


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


def test_a_lost_reply_changes_nothing_when_the_private_stream_told_of_the_order_already():
    desk = Desk()
    desk.ask(submit())
    desk.event(venue.report("T1", 5))
    desk.lose("POST", ORDER)
    assert desk.statuses() == [S.SUBMITTED, S.NEW]


# The private stream


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


def test_a_fill_that_the_stream_lost_is_fetched_before_the_order_ends():
    desk = working()
    desk.event(venue.fill_report("T1", 10, "0.50000", "1.00000", status="FILLED"))
    assert desk.statuses()[-1] == S.PARTIALLY_FILLED
    desk.answer("GET", TRADES, venue.trades_body((9, 1, "0.50000"), (10, 1, "0.50000")))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PARTIALLY_FILLED, S.FILLED]
    assert_legal(desk)


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


def test_a_private_frame_that_does_not_decode_is_counted_and_leads_to_a_reconciliation():
    desk = Desk()
    desk.event(b'{"subscriptionId":0,"event":{"e":"executionReport","s":"BTCUSDT"}}')
    assert desk.ctx.counters["venue_frame_bad"] == 1
    assert desk.ask(submit()).reason == Reason.RECONCILING
    desk.ctx.advance(desk.agent, SECOND)
    desk.reconcile()
    assert desk.ask(submit("T2")) == Ack(True)


def test_an_order_that_is_not_ours_is_adopted_and_counts():
    desk = Desk()
    desk.event(venue.report("web_1", 44))
    desk.event(venue.fill_report("web_1", 12, "0.25000", "0.25000", venue_id=44))
    terms = desk.events("web_1")[0]
    assert terms.external
    assert (terms.qty_lots, terms.price_ticks, terms.side) == (LOT, 10_000, Side.BUY)
    assert desk.statuses("web_1") == [S.NEW, S.PARTIALLY_FILLED]
    assert desk.orders["external"] == 1


def test_a_client_id_that_the_venue_accepted_again_is_another_order():
    desk = working()
    desk.event(venue.fill_report("T1", 9, "1.00000", "1.00000", status="FILLED"))
    desk.event(venue.report("T1", 99))
    assert desk.statuses("T1")[-1] == S.FILLED
    assert desk.statuses("X99") == [S.NEW]


# Cancels


def test_cancel_is_followed_to_its_end():
    desk = working()
    assert desk.ask(CancelOrder("T1", Reason.CANCELED_BY_OPERATOR)) == Ack(True)
    assert desk.ctx.calls[desk.only("DELETE", ORDER)].params == {"symbol": "BTCUSDT", "orderId": "1"}
    desk.event(venue.report("cancel-1", status="CANCELED", C="T1"))
    desk.answer("DELETE", ORDER, venue.order_body("cancel-1", status="CANCELED", origClientOrderId="T1"))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.CANCELED]
    assert desk.events()[-1].reason == Reason.CANCELED_BY_OPERATOR


def test_cancels_are_taken_on_while_nothing_may_be_created():
    desk = working()
    desk.agent.on_socket("user", False, "gone")
    assert desk.ask(submit("T2")).reason == Reason.RECONCILING
    assert desk.ask(CancelOrder("T1", 0)) == Ack(True)
    assert desk.ctx.pending("DELETE", ORDER)


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
    assert desk.orders["unknown"] == 1
    desk.answer("DELETE", ORDER, venue.order_body("c1", 5, status="CANCELED", origClientOrderId="T1"))
    assert desk.statuses()[-1] == S.CANCELED


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


# Reconciliation and restart


def test_reconciled_is_published_with_the_balances():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile(balances=venue.account_body(BTC="1.25", USDT="1000"))
    (message,) = (m for m in desk.ctx.messages(STREAM) if isinstance(m, Reconciled))
    assert message.balances_e8 == {"BTC": 175_000_000, "USDT": 100_050_000_000}


def test_a_pass_that_finds_nothing_new_publishes_nothing():
    desk = working()
    desk.ctx.take()
    for _ in range(3):
        desk.ctx.advance(desk.agent, 5 * SECOND)
        desk.reconcile(venue.orders_body(venue.order_body("T1")))
    assert desk.ctx.published == []
    assert desk.agent.figures()["passes"] == 4


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
    assert [(f.trade_id, f.cum_qty_lots, f.reconciled) for f in fills] == [(10, 75_000, True)]
    assert desk.ask(submit("T2")) == Ack(True)


def test_fills_are_asked_for_since_the_last_that_is_complete():
    before = working()
    before.ctx.advance(before.agent, 5 * SECOND)
    before.reconcile(
        venue.orders_body(venue.order_body("T1", status="PARTIALLY_FILLED", cum="0.25000")),
        venue.trades_body((9, 1, "0.25000")),
    )
    before.ctx.advance(before.agent, 5 * SECOND)
    (opened,) = before.ctx.pending("GET", OPEN)
    before.ctx.respond(before.agent, opened, venue.orders_body(venue.order_body("T1", cum="0.25000")))
    assert before.ctx.calls[before.only("GET", TRADES)].params["fromId"] == "10"
    desk = before.restarted()
    for number, body in [(desk.only("GET", OPEN), b"[]"), (desk.only("GET", ACCOUNT), venue.account_body())]:
        desk.ctx.respond(desk.agent, number, body)
    assert desk.ctx.calls[desk.only("GET", TRADES)].params["fromId"] == "10"


def test_an_order_in_flight_at_the_crash_is_unknown_and_looked_up_never_sent():
    before = Desk()
    before.ask(submit())
    desk = before.restarted()
    assert desk.statuses() == [S.UNKNOWN]
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.answer("GET", ORDER, venue.order_body("T1", 5))
    assert desk.statuses() == [S.UNKNOWN, S.NEW]
    assert desk.creates() == []
    assert desk.ask(submit()) == Ack(True)
    assert desk.creates() == []


def test_an_order_of_the_downtime_is_found_in_the_list_of_open_orders():
    before = Desk()
    before.ask(submit())
    desk = before.restarted()
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile(venue.orders_body(venue.order_body("T1", 5)))
    assert desk.statuses() == [S.UNKNOWN, S.NEW]


def test_an_order_that_ended_in_the_downtime_is_looked_up():
    desk = working().restarted()
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile()
    assert not desk.agent.figures()["reconciled"]
    for number in desk.ctx.pending("GET", ORDER):
        desk.ctx.respond(desk.agent, number, venue.order_body("T1", status="CANCELED"))
    assert desk.statuses() == [S.CANCELED]
    assert desk.agent.figures()["reconciled"]


def test_a_cancel_of_an_earlier_life_is_taken_up_again():
    before = working()
    before.ask(CancelOrder("T1", Reason.CANCELED_BY_STRATEGY))
    desk = before.restarted()
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile(venue.orders_body(venue.order_body("T1")))
    desk.ctx.advance(desk.agent, 250 * MS)
    assert desk.ctx.calls[desk.only("DELETE", ORDER)].params["orderId"] == "1"


def test_a_snapshot_never_overwrites_newer_live_state():
    desk = working()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.event(venue.fill_report("T1", 9, "1.00000", "1.00000", status="FILLED"))
    desk.reconcile(venue.orders_body(venue.order_body("T1")), venue.trades_body((9, 1, "1.00000")))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.FILLED]


def test_an_order_created_during_the_pass_is_not_taken_for_missing():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    opened = desk.only("GET", OPEN)
    desk.ctx.advance(desk.agent, MS)
    desk.ask(submit())
    desk.answer("POST", ORDER, venue.order_body("T1"))
    desk.ctx.respond(desk.agent, opened, b"[]")
    desk.reconcile()
    assert desk.ctx.pending("GET", ORDER) == []
    assert desk.statuses() == [S.SUBMITTED, S.NEW]


def test_an_order_that_the_venue_forgets_becomes_unknown_and_is_adopted_again():
    desk = working()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.reconcile()
    desk.answer("GET", ORDER, venue.error_body(-2013), status=400)
    assert desk.statuses()[-1] == S.UNKNOWN
    desk.ctx.advance(desk.agent, SECOND)
    desk.answer("GET", ORDER, venue.order_body("T1"))
    assert desk.statuses()[-1] == S.NEW


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


def test_without_the_private_stream_the_account_is_polled_each_second():
    desk = working()
    desk.agent.on_socket("user", False, "gone")
    for trade_id in (9, 10):
        desk.ctx.advance(desk.agent, SECOND)
        cum = "0.10000" if trade_id == 9 else "0.20000"
        desk.reconcile(
            venue.orders_body(venue.order_body("T1", status="PARTIALLY_FILLED", cum=cum)),
            venue.trades_body((trade_id, 1, "0.10000")),
        )
    assert [m.trade_id for m in desk.events() if isinstance(m, OrderFilled)] == [9, 10]
    assert desk.ask(submit("T2")).reason == Reason.RECONCILING


def test_failed_passes_are_repeated_and_nothing_is_created_meanwhile():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    for number in list(desk.ctx.calls):
        desk.ctx.respond(desk.agent, number, b"{}", status=502)
    assert desk.ask(submit()).reason == Reason.RECONCILING
    desk.ctx.advance(desk.agent, SECOND)
    desk.reconcile()
    assert desk.ask(submit("T2")) == Ack(True)


def test_a_refused_subscription_is_tried_again():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", b'{"id":"user-1","status":400,"error":{"code":-1022,"msg":"Signature invalid."}}')
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert [(c, m["method"], signed) for c, m, signed in desk.ctx.sent] == [
        ("user", "userDataStream.subscribe.signature", True)
    ] * 2


def test_the_venues_rate_limiter_stops_creates_for_as_long_as_it_says():
    desk = Desk()
    desk.ask(submit())
    desk.answer("POST", ORDER, venue.error_body(-1003), status=429)
    assert desk.ask(submit("T2")).reason == Reason.VENUE_RATE_LIMIT
    desk.ctx.advance(desk.agent, SECOND)
    assert desk.ask(submit("T3")) == Ack(True)


def test_the_fold_of_the_log_is_the_live_state():
    desk = working()
    desk.event(venue.fill_report("T1", 9, "0.25000", "0.25000"))
    desk.ask(submit("T2"))
    desk.answer("POST", ORDER, venue.error_body(-1013), status=400)
    desk.event(venue.report("web_1", 44))
    live, folded = desk.agent.figures(), desk.restarted().agent.figures()
    assert folded["orders"] == live["orders"]
    assert folded["open"] == live["open"]


def test_records_of_other_streams_are_not_folded():
    desk = Desk(up=False)
    header = Header(stream=stream_id(Kind.SIGNAL), type=34, sender=1, epoch=1, seq=1)
    desk.agent.restore(header, OrderInitialized("T7", "s", 1, 1, 1, 1, 1))
    assert desk.agent.figures()["open"] == []


def test_a_venue_that_cannot_be_traded_is_refused():
    bad = config()
    bad = Config(
        venues=(VenueConfig(id=1, name="binance", kind="binance_usdm"),), instruments=bad.instruments, agents=bad.agents
    )
    with pytest.raises(ConfigError, match=r"agents\.execution\.venue"):
        build("execution", bad)


# The venue's limits


def connected_anew(desk, number):
    """Close the private stream and open it again; `number` is that of the subscription."""
    desk.agent.on_socket("user", False, "closed")
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.subscribed(number))


def answer_all(desk, order=None, trades=b"[]", orders=b"[]"):
    """Answer every call that is out: queries as `order` says (a body, or an error code), lists with nothing."""
    for number, call in list(desk.ctx.calls.items()):
        if call.path == ORDER and isinstance(order, bytes):
            desk.ctx.respond(desk.agent, number, order)
        elif call.path == ORDER:
            desk.ctx.respond(desk.agent, number, venue.error_body(order or -2013), status=400)
        else:
            bodies = {OPEN: orders, TRADES: trades, ACCOUNT: b'{"balances":[]}'}
            desk.ctx.respond(desk.agent, number, bodies[call.path])


def limited(desk, retry_after):
    """Answer every call that is out with 429."""
    for number in list(desk.ctx.calls):
        desk.ctx.respond(
            desk.agent, number, venue.error_body(-1003), status=429, headers={"Retry-After": str(retry_after)}
        )


def test_after_a_429_nothing_is_asked_for_as_long_as_the_venue_says():
    desk = working()
    desk.agent.on_socket("user", False, "closed")
    desk.ctx.advance(desk.agent, SECOND)
    limited(desk, 60)
    for _ in range(59):
        desk.ctx.advance(desk.agent, SECOND)
        assert not desk.ctx.calls
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert [call.path for call in desk.ctx.calls.values()] == [OPEN]


def test_queries_and_fills_wait_while_the_venue_asks_to_wait_and_cancels_do_not():
    desk = working(reconcile_interval_ms=1_000_000)
    desk.ask(submit("T2"))
    desk.lose("POST", ORDER)
    desk.ask(submit("T3"))
    limited(desk, 30)
    desk.event(venue.report("T1", status="PARTIALLY_FILLED", cum="0.50000"))
    desk.ctx.advance(desk.agent, 20 * SECOND)
    assert not desk.ctx.calls
    desk.ask(CancelOrder("T1", 0))
    desk.ask(CancelOrder("T2", 0))
    assert len(desk.ctx.pending("DELETE", ORDER)) == 2
    desk.ctx.advance(desk.agent, 11 * SECOND)
    assert desk.ctx.pending("GET", ORDER) == []
    answer_all(desk, -2011, venue.trades_body((9, 1, "0.50000")))
    desk.ctx.advance(desk.agent, SECOND)
    answer_all(desk, -2013, venue.trades_body((9, 1, "0.50000")))
    desk.ctx.advance(desk.agent, SECOND)
    answer_all(desk, -2013, venue.trades_body((9, 1, "0.50000")))
    assert [m.trade_id for m in desk.events() if isinstance(m, OrderFilled)] == [9]


def test_a_cancel_that_the_rate_limiter_refused_is_sent_again_before_it_relents():
    desk = working(reconcile_interval_ms=1_000_000)
    desk.ask(CancelOrder("T1", 0))
    limited(desk, 600)
    desk.ctx.advance(desk.agent, 250 * MS)
    assert desk.only("DELETE", ORDER)
    assert len(desk.ctx.calls) == 1


def test_a_pass_fails_when_another_call_was_told_to_wait():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.ask(submit())
    create = desk.only("POST", ORDER)
    desk.ctx.respond(desk.agent, create, venue.error_body(-1015), status=429, headers={"Retry-After": "10"})
    desk.reconcile()
    desk.ctx.advance(desk.agent, 9 * SECOND)
    assert not desk.ctx.calls
    assert "rate limiter" in desk.agent.figures()["trouble"]
    desk.pass_time(2 * SECOND)
    assert desk.agent.figures()["trouble"] == ""


def test_polling_stays_within_the_venues_weight_and_does_not_stop_while_the_stream_flaps():
    desk = working()
    weights = {OPEN: 80, ACCOUNT: 20, TRADES: 20}
    used, passes = 0, desk.agent.figures()["passes"]
    for number in range(2, 482):
        desk.ctx.advance(desk.agent, 125 * MS)
        if number % 2:
            desk.agent.on_socket("user", False, "refused")
        else:
            connected_anew(desk, number // 2 + 1)
        used += sum(weights[call.path] for call in desk.ctx.calls.values())
        desk.reconcile(venue.orders_body(venue.order_body("T1")))
    assert desk.agent.figures()["passes"] - passes > 20
    assert used <= 6_000


def test_the_pass_after_a_lost_stream_comes_as_soon_however_often_it_is_lost_again():
    desk = Desk()
    for _ in range(10):
        desk.agent.on_socket("user", False, "refused")
        desk.ctx.advance(desk.agent, 200 * MS)
    assert desk.only("GET", OPEN)


def test_balances_are_asked_for_with_the_pass_that_opens_trading_and_then_seldom():
    desk = Desk()
    desk.pass_time(55 * SECOND)
    assert desk.agent.figures()["passes"] == 12
    assert sum(call.path == ACCOUNT for call in desk.ctx.answered) == 2
    desk.pass_time(10 * SECOND)
    assert sum(call.path == ACCOUNT for call in desk.ctx.answered) == 3


# The subscription


def test_a_subscription_that_is_refused_after_an_earlier_was_late_is_asked_for_again():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.agent.on_frame("user", venue.subscribed(1))
    assert desk.ctx.counters["subscription_replies_old"] == 1
    desk.agent.on_frame("user", b'{"id":"user-2","status":500,"error":{"code":-1000,"msg":"unknown"}}')
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert [message["id"] for _, message, _ in desk.ctx.sent] == ["user-1", "user-2", "user-3"]
    desk.agent.on_frame("user", venue.subscribed(3))
    desk.reconcile()
    assert desk.agent.figures()["reconciled"]


def test_a_connection_that_has_the_subscription_already_is_subscribed():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.ctx.advance(desk.agent, 5 * SECOND)
    error = b'{"code":-2035,"msg":"User Data Stream subscription already active."}'
    desk.agent.on_frame("user", b'{"id":"user-2","status":400,"error":' + error + b"}")
    desk.reconcile()
    assert desk.agent.figures()["reconciled"]


# What a pass may not pass over


def test_a_fill_whose_owner_is_still_asked_for_is_not_passed_over_by_the_next_pass():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    manual = venue.trades_body((900, 77, "0.50000"))
    desk.reconcile(trades=manual)
    owner = desk.only("GET", ORDER)
    connected_anew(desk, 2)
    desk.reconcile(trades=manual)
    assert not desk.agent.figures()["reconciled"]
    assert "77" in desk.agent.figures()["trouble"]
    desk.ctx.respond(desk.agent, owner, outcome=CallOutcome.UNKNOWN)
    desk.ctx.advance(desk.agent, 2 * SECOND)
    desk.reconcile(trades=manual)
    order = venue.order_body("manual", 77, status="FILLED", qty="0.50000", cum="0.50000")
    desk.ctx.respond(desk.agent, desk.only("GET", ORDER), order)
    assert [m.trade_id for m in desk.events("manual") if isinstance(m, OrderFilled)] == [900]
    assert desk.agent.figures()["reconciled"]


def test_a_live_fill_does_not_hide_one_that_the_stream_lost_from_the_next_life():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.answer("GET", OPEN, b"[]")
    desk.answer("GET", TRADES, venue.trades_body((8, 44, "0.10000")))
    desk.event(venue.fill_report("web_1", 10, "0.20000", "0.20000", venue_id=45, status="FILLED", q="0.20000"))
    order = venue.order_body("web_0", 44, status="FILLED", qty="0.10000", cum="0.10000")
    desk.answer("GET", ORDER, order)
    assert [m for m in desk.ctx.messages(STREAM) if isinstance(m, Reconciled)][-1].trade_ids == {1: 8}
    again = desk.restarted()
    again.answer("GET", OPEN, b"[]")
    again.answer("GET", ACCOUNT, b'{"balances":[]}')
    assert again.ctx.calls[again.only("GET", TRADES)].params["fromId"] == "9"


# What the venue does not know any more


def forget(desk, duration_ns):
    """Let time pass in which no list and no query finds an order."""
    for _ in range(duration_ns // (250 * MS)):
        desk.ctx.advance(desk.agent, 250 * MS)
        answer_all(desk)


def forgotten(duration_ns, **more):
    """An order that was working, and that from now on no list and no query finds."""
    desk = working(**more)
    forget(desk, duration_ns)
    return desk


def test_an_acknowledged_order_that_queries_do_not_show_stays_unknown():
    desk = forgotten(QUERY_LAG + 5 * SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.UNKNOWN]
    assert len(desk.agent.figures()["open"]) == 1
    shown = venue.order_body("T1")
    for _ in range(4 * 8):
        desk.ctx.advance(desk.agent, 250 * MS)
        answer_all(desk, shown, orders=venue.orders_body(shown))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.UNKNOWN, S.NEW]


def test_a_canceled_order_that_queries_do_not_show_stays_unknown_too():
    desk = working()
    desk.ask(CancelOrder("T1", Reason.CANCELED_BY_STRATEGY))
    desk.answer("DELETE", ORDER, venue.error_body(-2011), status=400)
    forget(desk, QUERY_LAG)
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.UNKNOWN]


def test_whatever_the_venue_tells_of_the_order_begins_the_wait_anew():
    desk = forgotten(QUERY_LAG)
    desk.event(venue.fill_report("T1", 9, "0.25000", "0.25000"))
    forget(desk, QUERY_LAG)
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.UNKNOWN, S.PARTIALLY_FILLED, S.UNKNOWN]


def test_a_proven_order_that_the_venue_does_not_know_any_more_ends_canceled():
    desk = forgotten(60 * SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.UNKNOWN, S.CANCELED]
    last = desk.events()[-1]
    assert (last.reason, last.reconciled) == (Reason.ORDER_NOT_FOUND, True)
    assert desk.agent.figures()["open"] == []
    assert desk.agent.figures()["reconciled"]


def test_it_stays_unknown_until_a_later_list_of_open_orders_lacks_it_too():
    """The passes at 20 and 40 s begin less than `QUERY_LAG` after the order was missed, the one at 60 s more."""
    desk = forgotten(59 * SECOND, reconcile_interval_ms=20_000)
    assert desk.statuses()[-1] == S.UNKNOWN
    forget(desk, 15 * SECOND)
    assert desk.statuses()[-1] == S.CANCELED


def test_it_stays_unknown_while_its_fills_cannot_be_asked_for():
    desk, looks = working(), 0
    for _ in range(4 * 120):
        desk.ctx.advance(desk.agent, 250 * MS)
        for number in desk.ctx.pending("GET", ORDER):
            desk.ctx.respond(desk.agent, number, venue.error_body(-2013), status=400)
        for number in desk.ctx.pending("GET", TRADES):
            desk.ctx.respond(desk.agent, number, b"{}", status=502)
            looks += 1
        desk.reconcile()
    assert looks > 1
    assert desk.statuses()[-1] == S.UNKNOWN


def test_later_evidence_wins_over_a_cancel_that_was_concluded():
    desk = forgotten(60 * SECOND)
    assert desk.statuses()[-1] == S.CANCELED
    restarted = desk.restarted()
    for later in (desk, restarted):
        later.event(venue.fill_report("T1", 80, "0.25000", "0.25000"))
        later.event(venue.report("T1", status="PARTIALLY_FILLED", cum="0.25000"))
        assert later.statuses()[-1] == S.PARTIALLY_FILLED
        assert len(later.agent.figures()["open"]) == 1
    assert_legal(desk)


# Trades of the account with itself: one trade id, a fill of each order


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
    assert sorted(fills) == [("T1", 9, Side.BUY), ("manual", 9, Side.SELL)]
    assert (desk.statuses()[-1], desk.statuses("manual")[-1]) == (S.PARTIALLY_FILLED, S.FILLED)
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.reconcile(HALF_FILLED, SELF_TRADE)
    assert desk.agent.figures()["reconciled"]
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
    assert [m.trade_id for m in desk.events("manual") if isinstance(m, OrderFilled)] == [1000]
    assert desk.events()[-1].cum_qty_lots == 1000
    assert desk.agent.figures()["reconciled"]
    assert_legal(desk)


# Whose answer it is


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


# The configuration


def test_a_log_that_would_not_be_kept_whole_is_refused():
    with pytest.raises(ConfigError, match=r"agents\.execution\.log_retention_bytes"):
        build("execution", config(log_retention_bytes=1 << 27))


def test_only_the_instruments_that_are_named_are_traded():
    with pytest.raises(ConfigError, match=r"agents\.execution\.instruments: \['DOGEUSDT'\]"):
        build("execution", config(instruments=("DOGEUSDT",)))
    assert Desk(instruments=("BTCUSDT",)).ask(submit()) == Ack(True)

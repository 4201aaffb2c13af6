"""An execution agent on a Bybit account: what is only taken on, what comes later, and what is found after it was lost."""

import json

from agents.execution.agent import build
from mesh.agent import CallOutcome
from schemas.config import Config, ExecutionConfig, MarketDataConfig, PortfolioConfig, RiskConfig
from schemas.messages import CancelOrder, OrderFilled, Transfer
from schemas.orders import OrderStatus, Reason, Side, TimeInForce
from schemas.streams import Kind, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.submissions import approved, submission
from tests.unit.agents.venues.bybit.account_desk import execution, frame, order
from tests.unit.agents.venues.bybit.bybit_market import MS, config_of, instrument

S, R = OrderStatus, Reason
SECOND = 1_000 * MS
STREAM = stream_id(Kind.ORDER, 1, 0)
SPOT, LINEAR = 1, 2
CREATE, CANCEL = "/v5/order/create", "/v5/order/cancel"
REALTIME, HISTORY, EXECUTIONS = "/v5/order/realtime", "/v5/order/history", "/v5/execution/list"
TIME, WALLET = "/v5/market/time", "/v5/account/wallet-balance"


class Desk:
    """The agent on a fake context; what asks and changes nothing is answered from what the venue has."""

    def __init__(self):
        market = config_of(
            instrument(SPOT, "BTCUSDT", "spot", "0.01", "0.000001"),
            instrument(LINEAR, "BTC-PERP", "linear", "0.10", "0.001", venue_symbol="BTCUSDT"),
        )
        agents = {
            "execution": ExecutionConfig(id=1, venue="bybit"),
            "risk": RiskConfig(id=2, market_data=("md",), execution=("execution",), portfolio="portfolio"),
            "portfolio": PortfolioConfig(id=3, execution=("execution",), market_data=("md",)),
            "md": MarketDataConfig(id=6, venue="bybit", instruments=("BTCUSDT", "BTC-PERP")),
        }
        self.realtime, self.history, self.executions = [], [], []
        self.asked = []
        self.ctx = FakeContext("execution")
        self.agent = build("execution", Config(venues=market.venues, instruments=market.instruments, agents=agents))
        self.agent.bind(self.ctx)
        self.agent.start()
        self.answer_all()
        self.agent.on_socket("user", True, "")
        self.tell(b'{"success":true,"ret_msg":"","op":"auth","conn_id":"c"}')
        self.tell(b'{"success":true,"ret_msg":"","op":"subscribe","req_id":"user-1","conn_id":"c"}')
        self.answer_all()
        assert self.agent.healthy
        self.asked.clear()

    def tell(self, text):
        self.agent.on_frame("user", text)

    def answer_all(self):
        """Answer all that asks, until nothing is asked any more."""
        while waiting := [(number, call) for number, call in self.ctx.calls.items() if call.method == "GET"]:
            for number, call in waiting:
                if call.path != TIME:
                    self.asked.append((call.path, dict(call.params)))
                body = {"retCode": 0, "retMsg": "OK", "result": self.result(call), "time": self.ctx.wall_ns // MS}
                self.ctx.respond(self.agent, number, json.dumps(body).encode())

    def result(self, call):
        if call.path == TIME:
            return {"timeNano": str(self.ctx.wall_ns)}
        if call.path == WALLET:
            return {"list": [{"coin": [{"coin": "USDT", "walletBalance": "1000"}]}]}
        rows = {REALTIME: self.realtime, HISTORY: self.history, EXECUTIONS: self.executions}[call.path]
        asked = [("category", "category"), ("symbol", "symbol"), ("orderId", "orderId"), ("orderLinkId", "orderLinkId")]
        found = [row for row in rows if all(call.params.get(name, row[key]) == row[key] for name, key in asked)]
        if "settleCoin" in call.params or ("limit" in call.params and call.path == REALTIME):
            found = [row for row in found if row["orderStatus"] in ("New", "PartiallyFilled")]
        first = int(call.params.get("cursor", "0"))
        page = found[first : first + int(call.params.get("limit", "50"))]
        return {"category": call.params["category"], "list": page, "nextPageCursor": str(first + len(page))}

    def submit(self, client_id="mine", qty=100, price=300_005, time_in_force=TimeInForce.GTC, instrument_id=LINEAR):
        self.ctx.ask(self.agent, submission(approved(client_id, qty, price, Side.BUY, time_in_force, instrument_id)))

    def respond(self, path, body=b"", **more):
        (number,) = self.ctx.pending("POST", path)
        self.ctx.respond(self.agent, number, body, **more)

    def taken(self, path=CREATE, venue_id="V1"):
        self.respond(path, json.dumps({"retCode": 0, "result": {"orderId": venue_id, "orderLinkId": "mine"}}).encode())

    def pass_time(self, duration_ns):
        for _ in range(duration_ns // (250 * MS)):
            self.ctx.advance(self.agent, 250 * MS)
            self.answer_all()

    def events(self, client_id="mine"):
        return [m for m in self.ctx.messages(STREAM) if getattr(m, "client_order_id", None) == client_id]

    def statuses(self, client_id="mine"):
        return [S(m.status) for m in self.events(client_id) if m.status != S.INITIALIZED]

    def fills(self):
        return [m for m in self.ctx.messages(STREAM) if isinstance(m, OrderFilled)]

    def asked_of(self, path):
        return [params for where, params in self.asked if where == path]


def stands(status="New", **changes):
    return order(orderId="V1", orderStatus=status, **changes)


def filled(qty="0.100", number=1, **changes):
    terms = {"side": "Buy", "orderId": "V1", "execPrice": "30000.5", "orderQty": "0.100", "orderPrice": "30000.5"}
    return execution(execQty=qty, execId=f"E{number}", execFee="0.1", **terms, **changes)


def working():
    """Return a desk with an order that the venue has told of."""
    desk = Desk()
    desk.submit()
    desk.taken()
    desk.tell(frame("order", stands()))
    assert desk.statuses() == [S.SUBMITTED, S.NEW]
    return desk


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


def test_funding_is_booked_as_money():
    desk = Desk()
    desk.tell(frame("execution", execution(execType="Funding", execFee="1.25")))
    (moved,) = [m for m in desk.ctx.messages(STREAM) if isinstance(m, Transfer)]
    assert (moved.asset, moved.amount) == ("USDT", "-1.25")


def test_the_account_may_not_be_known_to_have_a_dead_mans_switch():
    assert Desk().agent.figures().dead_man_switch == "the venue has none"


def test_what_an_answer_to_a_create_says_of_the_limit_is_taken():
    desk = Desk()
    desk.submit()
    body = b'{"retCode":0,"result":{"orderId":"V1","orderLinkId":"mine"}}'
    desk.respond(CREATE, body, headers={"X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "3"})
    assert desk.agent.figures().venue_budget["new orders in 1 second"] == "7 of 10"

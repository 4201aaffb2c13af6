"""Execution on an OKX account: what it asks first, what opens an order, and what becomes of one whose answer is lost."""

import json

from agents.execution.agent import build
from mesh.agent import CallOutcome
from schemas.config import Config, ExecutionConfig, MarketDataConfig, RiskConfig
from schemas.messages import Ack, CancelOrder, OrderFilled
from schemas.orders import OrderStatus, Reason, Side, TimeInForce
from schemas.streams import Kind, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.submissions import approved, submission
from tests.unit.agents.venues.okx.okx_account import SPOT, SWAP, answer, order, push
from tests.unit.agents.venues.okx.okx_market import MS, VENUE

S = OrderStatus
SECOND = 1000 * MS
TIME, INSTRUMENTS, SWITCH = "/api/v5/public/time", "/api/v5/public/instruments", "/api/v5/trade/cancel-all-after"
ORDER, CANCEL, PENDING = "/api/v5/trade/order", "/api/v5/trade/cancel-order", "/api/v5/trade/orders-pending"
CONFIG, LEVERAGE = "/api/v5/account/config", "/api/v5/account/leverage-info"
POSITIONS, BILLS = "/api/v5/account/positions", "/api/v5/account/bills"
BALANCE, FILLS = "/api/v5/account/balance", "/api/v5/trade/fills"
STREAM = stream_id(Kind.ORDER, 1, 0)
LOGIN = b'{"event":"login","code":"0","msg":"","connId":"a"}'
CODES = {"BTC-USDT": 10458, "BTC-USDT-SWAP": 10459}
QTY = 100_000


class Desk:
    """Execution on a fake context, its private stream subscribed and its account reconciled."""

    def __init__(self, mode="net_mode"):
        self.mode = mode
        agents = {
            "execution": ExecutionConfig(id=1, venue="okx"),
            "risk": RiskConfig(id=2, market_data=("md",), execution=("execution",), portfolio="portfolio"),
            "md": MarketDataConfig(id=3, venue="okx", instruments=(SPOT.symbol, SWAP.symbol)),
        }
        self.ctx = FakeContext("execution")
        self.agent = build("execution", Config(venues=(VENUE,), instruments=(SPOT, SWAP), agents=agents))
        self.agent.bind(self.ctx)
        self.agent.start()
        self.settle()
        self.agent.on_socket("user", True, "")
        self.logged_in = []
        while not self.agent.figures().reconciled:
            self.settle()
            self.ctx.advance(self.agent, 100 * MS)

    def settle(self):
        """Answer all that is asked for but creates and cancels."""
        while answered := [number for number, call in self.ctx.calls.items() if self.usual(call) is not None]:
            for number in answered:
                self.ctx.respond(self.agent, number, self.usual(self.ctx.calls[number]))
        sent, self.ctx.sent[:] = list(self.ctx.sent), []
        for _, message, signed in sent:
            self.logged_in.append((message["op"], signed))
            arg = message.get("args", [{}])[0]
            event = {"event": message["op"], "arg": arg, "code": "0"}
            self.agent.on_frame("user", LOGIN if message["op"] == "login" else json.dumps(event).encode())

    def usual(self, call):
        if call.path == TIME:
            return answer({"ts": str(self.ctx.wall_ns // MS)})
        if call.path == INSTRUMENTS:
            name = call.params["instId"]
            return answer({"instId": name, "instIdCode": CODES[name]})
        if call.path == BALANCE:
            coin = {"ccy": "USDT", "cashBal": "1000", "eq": "1000", "availEq": "900", "imr": "100", "mmr": "10"}
            return answer({"details": [coin]})
        if call.path == CONFIG:
            return answer({"acctLv": "2", "posMode": self.mode})
        if call.path == LEVERAGE:
            return answer({"instId": SWAP.symbol, "lever": "5", "mgnMode": "cross"})
        return answer() if call.path in (PENDING, FILLS, SWITCH, POSITIONS, BILLS) else None

    def submit(self, name="T1", time_in_force=TimeInForce.GTC):
        return self.ctx.ask(self.agent, submission(approved(name, QTY, 315271, Side.BUY, time_in_force)))

    def out(self, path, method="POST"):
        (number,) = self.ctx.pending(method, path)
        return number

    def taken(self, path, venue_order_id="77"):
        data = {"clOrdId": "", "ordId": venue_order_id, "tag": "", "sCode": "0", "sMsg": ""}
        self.ctx.respond(self.agent, self.out(path), answer(data))

    def tells(self, **fields):
        self.agent.on_frame("user", push(order(**{"clOrdId": "T1", "ordId": "77", **fields})))

    def statuses(self, name="T1"):
        return [
            S(message.status)
            for message in self.ctx.messages(STREAM)
            if getattr(message, "client_order_id", "") == name and hasattr(message, "status")
        ]


def test_the_stream_logs_in_and_the_numbers_of_the_instruments_are_learned():
    desk = Desk()
    assert desk.logged_in == [("login", True), *[("subscribe", False)] * 5]
    assert len([call for call in desk.ctx.answered if call.path == INSTRUMENTS]) == 2
    desk.submit()
    assert desk.ctx.calls[desk.out(ORDER)].params["instIdCode"] == "10458"


def test_one_switch_is_told_for_the_whole_account():
    desk = Desk()
    before = len([call for call in desk.ctx.answered if call.path == SWITCH])
    desk.ctx.advance(desk.agent, 3_400 * MS)
    assert len(desk.ctx.pending("POST", SWITCH)) == 1
    desk.settle()
    assert before >= 1
    assert desk.agent.figures().dead_man_switch == "armed 10 s"


def test_an_acknowledgement_opens_nothing_and_the_channel_does():
    desk = Desk()
    assert desk.submit() == Ack(True)
    desk.taken(ORDER)
    assert desk.statuses() == [S.SUBMITTED]
    desk.tells()
    assert desk.statuses() == [S.SUBMITTED, S.NEW]


def test_the_channel_may_be_first():
    desk = Desk()
    desk.submit()
    fill = {"accFillSz": "0.001", "fillSz": "0.001", "fillPx": "31527.1", "tradeId": "5", "fillTime": "9"}
    desk.tells(state="filled", fillFee="-0.03", fillFeeCcy="USDT", execType="T", **fill)
    desk.tells(state="filled", fillFee="-0.03", fillFeeCcy="USDT", execType="T", uTime="1654084399999", **fill)
    desk.taken(ORDER)
    assert desk.statuses()[-1] == S.FILLED
    (booked,) = [message for message in desk.ctx.messages(STREAM) if isinstance(message, OrderFilled)]
    assert (booked.last_qty_lots, booked.commission_e8, booked.commission_asset) == (QTY, 3_000_000, "USDT")


def test_a_post_only_that_would_have_taken_is_rejected():
    desk = Desk()
    desk.submit(time_in_force=TimeInForce.GTX)
    desk.taken(ORDER)
    desk.tells(state="canceled", cancelSource="31", ordType="post_only")
    assert desk.statuses() == [S.SUBMITTED, S.REJECTED]


def test_a_cancel_is_taken_and_told():
    desk = Desk()
    desk.submit()
    desk.taken(ORDER)
    desk.tells()
    assert desk.ctx.ask(desk.agent, CancelOrder("T1", 61)) == Ack(True)
    assert desk.ctx.calls[desk.out(CANCEL)].params["ordId"] == "77"
    desk.taken(CANCEL)
    assert desk.statuses()[-1] == S.PENDING_CANCEL
    desk.tells(state="canceled", cancelSource="1")
    assert desk.statuses()[-1] == S.CANCELED
    (last,) = [m for m in desk.ctx.messages(STREAM) if getattr(m, "status", 0) == S.CANCELED]
    assert last.reason == Reason.CANCELED_BY_OPERATOR


def test_a_refusal_rejects():
    desk = Desk()
    desk.submit()
    refused = {"clOrdId": "T1", "ordId": "", "sCode": "51008", "sMsg": "Insufficient balance"}
    desk.ctx.respond(desk.agent, desk.out(ORDER), answer(refused, code="1", msg="All operations failed"))
    assert desk.statuses() == [S.SUBMITTED, S.REJECTED]


def test_an_id_that_exists_is_looked_up_and_nothing_is_sent_twice():
    desk = Desk()
    desk.submit()
    exists = {"clOrdId": "T1", "ordId": "", "sCode": "51016", "sMsg": "Client order ID already exists"}
    desk.ctx.respond(desk.agent, desk.out(ORDER), answer(exists, code="1"))
    desk.ctx.advance(desk.agent, 300 * MS)
    desk.ctx.respond(desk.agent, desk.out(ORDER, "GET"), answer(order(clOrdId="T1", ordId="77")))
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.NEW]
    assert desk.ctx.pending("POST", ORDER) == []


def test_a_create_without_an_answer_is_proven_gone_only_after_it_has_expired():
    desk = Desk()
    desk.submit()
    desk.ctx.respond(desk.agent, desk.out(ORDER), outcome=CallOutcome.UNKNOWN)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN]
    gone = answer(code="51603", msg="Order does not exist")
    sent_ns = desk.ctx.now_ns
    while desk.statuses()[-1] == S.UNKNOWN:
        desk.ctx.advance(desk.agent, 50 * MS)
        desk.settle()
        for number in desk.ctx.pending("GET", ORDER):
            desk.ctx.respond(desk.agent, number, gone)
    assert desk.statuses()[-1] == S.REJECTED
    assert desk.ctx.now_ns - sent_ns >= 4 * SECOND
    assert desk.ctx.pending("POST", ORDER) == []

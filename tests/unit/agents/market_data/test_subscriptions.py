"""Subscribing by message: one request after the other, and one that is refused holds up no other."""

import json

from agents.market_data.agent import build
from agents.market_data.subscriptions import AGAIN_NS
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.venues.bybit.bybit_market import config_of, instrument

SECOND = 1_000_000_000


class Desk:
    """Market data of some coins of Bybit, the socket up."""

    def __init__(self, *symbols):
        config = config_of(
            *(instrument(n, symbol, "linear", "0.1", "0.001", ("trade",)) for n, symbol in enumerate(symbols, 1))
        )
        self.ctx = FakeContext("md")
        self.agent = build("md", config)
        self.agent.bind(self.ctx)
        self.agent.start()
        self.agent.on_socket("linear", True, "")

    def asked(self):
        """Return the ids of the requests that were sent since this was asked before."""
        sent, self.ctx.sent[:] = list(self.ctx.sent), []
        return [message["req_id"] for _, message, _ in sent]

    def answer(self, request, *, success=True, text=""):
        frame = {"success": success, "ret_msg": text, "req_id": request, "op": "subscribe"}
        self.ctx.receive(self.agent, "linear", json.dumps(frame).encode())


def test_the_next_request_is_sent_when_the_one_before_was_acknowledged():
    desk = Desk("A", "B")
    assert desk.asked() == ["linear:1"]
    desk.answer("linear:2")
    assert desk.asked() == []
    desk.answer("linear:1")
    assert desk.asked() == ["linear:2"]
    desk.answer("linear:2")
    desk.ctx.advance(desk.agent, 2 * AGAIN_NS)
    assert desk.asked() == []
    assert desk.ctx.counters == {}


def test_a_request_that_nobody_answers_is_sent_again():
    desk = Desk("A", "B")
    assert desk.asked() == ["linear:1"]
    desk.ctx.advance(desk.agent, AGAIN_NS)
    assert desk.asked() == ["linear:1"]
    assert desk.ctx.counters == {"subscriptions_unanswered": 1}


def test_a_refused_request_is_told_and_waits_behind_the_others():
    desk = Desk("A", "NO", "B")
    desk.answer("linear:1")
    desk.asked()
    desk.answer("linear:2", success=False, text="error:handler not found,topic:publicTrade.NO")
    assert desk.asked() == ["linear:3"]
    states = desk.ctx.messages(stream_id(Kind.TRADE, 1, 2))
    assert states[-1].state == StreamState.SYNCING
    assert states[-1].reason == "subscription refused: error:handler not found,topic:publicTrade.NO"
    desk.answer("linear:3")
    assert desk.asked() == []
    desk.ctx.advance(desk.agent, AGAIN_NS)
    assert desk.asked() == ["linear:2"]
    desk.answer("linear:2")
    desk.ctx.advance(desk.agent, 2 * AGAIN_NS)
    assert desk.asked() == []
    assert desk.ctx.counters == {"subscriptions_refused": 1}


def test_requests_that_are_all_refused_are_not_sent_in_a_row():
    desk = Desk("NO", "NEITHER")
    for _ in range(3):
        for request in ("linear:1", "linear:2"):
            assert desk.asked() == [request]
            desk.answer(request, success=False, text="no")
        assert desk.asked() == []
        desk.ctx.advance(desk.agent, AGAIN_NS)
    assert desk.ctx.counters == {"subscriptions_refused": 6}

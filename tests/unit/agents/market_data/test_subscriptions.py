"""Subscribing by message: one request after the other, and one that is refused holds up no other."""

import itertools
import json

from agents.market_data.agent import build
from agents.market_data.subscriptions import LASTING_WAIT_NS, WAIT_NS, WAIT_NS_MAX
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

    def waits(self, request, **answer):
        """Refuse a request over and over for `hours`; return how long each wait was, in nanoseconds."""
        hours = answer.pop("hours", 1)
        assert self.asked() == [request]
        self.answer(request, success=False, **answer)
        found, since_ns, end_ns = [], self.ctx.now_ns, self.ctx.now_ns + hours * 3_600 * SECOND
        while self.ctx.now_ns < end_ns:
            self.ctx.advance(self.agent, SECOND)
            if self.asked():
                found.append(self.ctx.now_ns - since_ns)
                self.answer(request, success=False, **answer)
                since_ns = self.ctx.now_ns
        return found


def test_the_next_request_is_sent_when_the_one_before_was_acknowledged():
    desk = Desk("A", "B")
    assert desk.asked() == ["linear:1"]
    desk.answer("linear:2")
    assert desk.asked() == []
    desk.answer("linear:1")
    assert desk.asked() == ["linear:2"]
    desk.answer("linear:2")
    desk.ctx.advance(desk.agent, 10 * WAIT_NS)
    assert desk.asked() == []
    assert desk.ctx.counters == {}


def test_a_request_that_nobody_answers_waits_behind_the_others_and_ever_longer():
    desk = Desk("A", "B")
    assert desk.asked() == ["linear:1"]
    desk.ctx.advance(desk.agent, WAIT_NS)
    assert desk.asked() == ["linear:2"]
    assert desk.ctx.counters == {"subscriptions_unanswered": 1}
    desk.answer("linear:2")
    sent = []
    for second in range(3_600):
        desk.ctx.advance(desk.agent, SECOND)
        if desk.asked():
            sent.append(second)
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert gaps[:3] == sorted(gaps[:3])
    assert all(300 <= gap <= 376 for gap in gaps[6:])
    assert len(sent) < 20


def test_an_answer_that_comes_late_counts():
    desk = Desk("A", "B")
    desk.ctx.advance(desk.agent, WAIT_NS)
    assert desk.asked() == ["linear:1", "linear:2"]
    desk.answer("linear:1")
    desk.answer("linear:2")
    desk.ctx.advance(desk.agent, 1_000 * SECOND)
    assert desk.asked() == []


def test_a_refused_request_is_told_and_waits_behind_the_others():
    desk = Desk("A", "NO", "B")
    desk.answer("linear:1")
    desk.asked()
    desk.answer("linear:2", success=False, text="too many requests")
    assert desk.asked() == ["linear:3"]
    states = desk.ctx.messages(stream_id(Kind.TRADE, 1, 2))
    assert states[-1].state == StreamState.SYNCING
    assert states[-1].reason == "subscription refused: too many requests"
    desk.answer("linear:3")
    assert desk.asked() == []
    told = desk.agent.figures().subscriptions
    assert list(told) == ["linear linear:2"]
    assert "refused: too many requests, 1 times; again in" in told["linear linear:2"]
    desk.ctx.advance(desk.agent, WAIT_NS + WAIT_NS // 4)
    assert desk.asked() == ["linear:2"]
    desk.answer("linear:2")
    desk.ctx.advance(desk.agent, 1_000 * SECOND)
    assert desk.asked() == []
    assert desk.agent.figures().subscriptions == {}
    assert desk.ctx.counters["subscriptions_refused"] == 1


def test_refusals_in_a_row_double_the_wait_up_to_a_bound():
    waits = Desk("A").waits("linear:1", text="too many requests", hours=2)
    bounds = [min(WAIT_NS << n, WAIT_NS_MAX) for n in range(len(waits))]
    assert len(waits) > 20
    assert all(least <= wait < least * 5 // 4 + SECOND for least, wait in zip(bounds, waits, strict=True))
    # The spread differs from attempt to attempt, and is the same in each run.
    assert len({wait // SECOND for wait in waits[6:]}) > 5
    assert Desk("A").waits("linear:1", text="too many requests", hours=2) == waits


def test_what_the_venue_does_not_have_waits_longest_at_once():
    waits = Desk("NO").waits("linear:1", text="error:handler not found,topic:publicTrade.NO", hours=2)
    assert len(waits) in (6, 7)
    assert all(LASTING_WAIT_NS <= wait < LASTING_WAIT_NS * 5 // 4 + SECOND for wait in waits)


def test_many_refused_requests_stay_below_what_a_venue_takes_in_an_hour():
    desk = Desk(*(f"NO{n}" for n in range(20)))
    sent = 0
    for _ in range(3_600):
        for request in desk.asked():
            sent += 1
            desk.answer(request, success=False, text="too many requests")
        desk.ctx.advance(desk.agent, SECOND)
    assert 20 * 10 < sent < 480


def test_a_connection_that_comes_up_again_begins_anew():
    desk = Desk("A")
    desk.answer("linear:1", success=False, text="invalid symbol")
    desk.asked()
    desk.agent.on_socket("linear", False, "gone")
    assert desk.agent.figures().subscriptions == {}
    desk.ctx.advance(desk.agent, 2_000 * SECOND)
    assert desk.asked() == []
    desk.agent.on_socket("linear", True, "")
    assert desk.asked() == ["linear:1"]

"""Trades that come together against the same one by one: nothing differs but how a strategy that asks for it is told."""

from hypothesis import given
from hypothesis import strategies as st

from agents.signal.agent import build
from core.frame import FLAG_REPLAY, Header
from mesh.protocol.codec import type_number
from schemas.messages import FeedState, Trade
from schemas.streams import Kind, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import config, quote, strategy, stream

S = 1_000_000_000
PROBES = "tests.unit.agents.probe_strategies"
TRADES, QUOTES = stream(Kind.TRADE), stream(Kind.QUOTE)

# What comes at one moment: (stream, [(step of the venue's time in ms, price, age in s, replayed, whether a FeedState)]).
MOMENTS = st.lists(
    st.tuples(
        st.integers(0, 1_500),
        st.booleans(),
        st.lists(
            st.tuples(st.integers(0, 400), st.integers(1, 2**62), st.integers(0, 4), st.booleans(), st.integers(0, 9)),
            min_size=1,
            max_size=12,
        ),
    ),
    max_size=12,
)


class Desk:
    def __init__(self, *strategies):
        self.agent = build("signal", config(strategies=strategies))
        self.ctx = FakeContext("signal", sender=2)
        self.agent.bind(self.ctx)
        self.agent.start()
        self.event_ns = 5 * S
        self.seqs = {}
        self.trades = []

    def play(self, moments, together):
        for wait_ms, quoted, items in moments:
            self.ctx.advance(self.agent, wait_ms * 1_000_000)
            if quoted:
                self._hand([self._item(QUOTES, quote(self.ctx))], together)
            self._hand([self._trade_item(*item) for item in items], together)
        self.ctx.advance(self.agent, 3 * S)

    def _trade_item(self, step_ms, price, age_s, replayed, kind):
        self.event_ns += step_ms * 1_000_000
        recv_ns = self.ctx.wall_ns - age_s * S
        flags = FLAG_REPLAY if replayed else 0
        if kind == 0:
            return self._item(TRADES, FeedState(recv_ns, StreamState.GAP, "quiet"), flags)
        message = Trade(self.event_ns, recv_ns, price, price // 2, 1, str(kind))
        self.trades.append(message)
        return self._item(TRADES, message, flags)

    def _item(self, number, message, flags=0):
        self.seqs[number] = seq = self.seqs.get(number, 0) + 1
        header = Header(stream=number, type=type_number(message), sender=9, epoch=1, seq=seq, flags=flags)
        return header, message

    def _hand(self, items, together):
        handler = self.ctx.handlers_of(self.agent).message
        if together:
            handler.on_messages("md", [header for header, _ in items], [message for _, message in items])
        else:
            for header, message in items:
                handler.on_message("md", header, message)

    def calls(self, name):
        return self.agent._runners[name].strategy.calls

    def facts(self):
        return self.ctx.published, self.ctx.requests, self.ctx.counters, self.ctx.timers, self.agent.figures()


@given(MOMENTS, st.sampled_from(["", "trade", "bar"]))
def test_strategies_that_take_no_batches_see_no_difference(moments, buy_on):
    made = [Desk(*(strategy(name, f"{PROBES}:Recorder", buy_on=buy_on) for name in ("a", "b"))) for _ in range(2)]
    for desk, together in zip(made, (True, False), strict=True):
        desk.play(moments, together)
    one, other = made
    assert not one.agent.takes_batches
    assert one.facts() == other.facts()
    assert [one.calls(name) for name in ("a", "b")] == [other.calls(name) for name in ("a", "b")]


@given(MOMENTS)
def test_a_strategy_that_takes_batches_sees_every_trade_once_and_the_same_bars(moments):
    alone, beside = (
        Desk(strategy("a", f"{PROBES}:Recorder")),
        Desk(strategy("a", f"{PROBES}:Recorder"), strategy("b", f"{PROBES}:BatchRecorder")),
    )
    alone.play(moments, False)
    beside.play(moments, True)
    assert beside.agent.takes_batches
    assert alone.calls("a") == beside.calls("a")
    told = [trade for name, _, what in beside.calls("b") if name == "trades" for trade in what]
    assert told == beside.trades
    assert not [name for name, _, _ in beside.calls("b") if name == "trade"]
    bars = [[what for name, _, what in beside.calls(each) if name == "bar"] for each in ("a", "b")]
    assert bars[0] == bars[1]


def test_a_batch_ends_where_the_feed_tells_of_itself():
    desk = Desk(strategy("b", f"{PROBES}:BatchRecorder"))
    desk.play(
        [(0, False, [(1, 10, 0, False, 1), (1, 11, 0, False, 2), (1, 9, 0, False, 0), (1, 12, 0, False, 3)])], True
    )
    batches = [[t.price_ticks for t in what] for name, _, what in desk.calls("b") if name == "trades"]
    assert batches == [[10, 11], [12]]


def test_what_a_batch_causes_rests_on_its_last_trade():
    desk = Desk(strategy("b", f"{PROBES}:BatchRecorder", buy_on="trades"))
    desk.play([(0, True, [(1, 10, 0, False, 1), (1, 11, 0, False, 2)])], True)
    (signal,) = [item.message for item in desk.ctx.published]
    assert signal.causes[0] == (TRADES, 1, 2)
    assert isinstance(desk.ctx.requests[0].message, type(signal))


def test_a_single_trade_is_a_batch_of_one():
    desk = Desk(strategy("b", f"{PROBES}:BatchRecorder"))
    desk.play([(0, False, [(1, 10, 0, False, 1), (1, 11, 0, False, 2)])], False)
    assert [len(what) for name, _, what in desk.calls("b") if name == "trades"] == [1, 1]

"""Signal agent: what strategies are shown, what becomes of what they ask, and when nothing may be asked."""

import msgspec
import pytest

from agents.signal.agent import build
from core.frame import FLAG_REPLAY, FLAG_STALE
from mesh.agent import Outcome, Start
from schemas.config import StrategyConfig
from schemas.errors import ConfigError
from schemas.messages import Ack, Approved, BookDelta, CancelOrder, Denied, FeedState, Instrument, Signal
from schemas.orders import OrderStatus, Reason, Side, TimeInForce
from schemas.streams import Kind, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import (
    BTC,
    ETH,
    ORDERS,
    book,
    config,
    filled,
    initialized,
    quote,
    reconciled,
    strategy,
    stream,
    trade,
    updated,
)

S = 1_000_000_000
MS = 1_000_000
RECORDER = "tests.unit.agents.probe_strategies:Recorder"


class Desk:
    """A signal agent with recorders."""

    def __init__(self, *strategies, epoch=1, log=()):
        self.agent = build("signal", config(strategies=strategies or (strategy("test", RECORDER),)))
        self.ctx = FakeContext("signal", sender=2, epoch=epoch)
        self.agent.bind(self.ctx)
        for item in log:
            self.agent.restore(item.header, item.message)
        self.agent.start()

    def strategy(self, name="test"):
        return self.agent._runners[name].strategy

    def market(self, message, kind, instrument=BTC, flags=0):
        return self.ctx.deliver(self.agent, "md", stream(kind, instrument), message, flags=flags)

    def book(self, **more):
        return self.market(book(self.ctx, **more), Kind.BOOK)

    def trade(self, **more):
        return self.market(trade(self.ctx, **more), Kind.TRADE)

    def event(self, message, corr=0):
        self.ctx.deliver(self.agent, "exec", ORDERS, message, corr=corr)

    def signals(self):
        return [m for m in self.ctx.messages() if isinstance(m, Signal)]


def buyer(on="trade", name="test", **more):
    return strategy(name, RECORDER, buy_on=on, **more)


# What is followed and shown


def test_only_the_shards_streams_are_followed():
    followed = {(s.publisher, s.stream, s.start) for s in Desk().agent.subscriptions()}
    assert followed == {
        ("md", stream(Kind.TRADE), Start.NEXT),
        ("md", stream(Kind.BOOK), Start.NEXT),
        ("md", stream(Kind.QUOTE), Start.NEXT),
        ("md", stream(Kind.INSTRUMENT), Start.NEXT),
        ("exec", ORDERS, Start.FIRST),
    }


def test_strategy_sees_trades_books_and_closed_bars_of_its_instruments():
    desk = Desk(strategy("a", RECORDER), strategy("b", RECORDER, ("ETHUSDT",)))
    desk.book()
    desk.trade(price=10, event_ns=5 * S)
    desk.trade(price=12, event_ns=5 * S + 1)
    desk.trade(price=11, event_ns=6 * S)
    a, b = desk.strategy("a"), desk.strategy("b")
    assert a.of("book") == [(5_999_900, 6_000_100)]
    assert [t.price_ticks for t in a.of("trade")] == [10, 12, 11]
    ((bar, count),) = a.of("bar")
    assert (bar.open_ticks, bar.high_ticks, bar.low_ticks, bar.close_ticks, bar.trades) == (10, 12, 10, 12, 2)
    assert count == 1
    assert [name for name, _, _ in a.calls] == ["book", "trade", "trade", "bar", "trade"]
    assert not b.calls
    assert desk.agent.figures()["bars"] == 1


def test_bar_is_closed_by_time():
    desk = Desk()
    desk.trade(event_ns=5 * S)
    desk.ctx.advance(desk.agent, S + 250 * MS - 1)
    assert not desk.strategy().of("bar")
    desk.ctx.advance(desk.agent, 1)
    assert len(desk.strategy().of("bar")) == 1
    desk.trade(event_ns=7 * S)
    desk.ctx.advance(desk.agent, 2 * S)
    assert len(desk.strategy().of("bar")) == 2


def test_deltas_change_a_valid_book_and_stale_ones_do_not():
    desk = Desk()
    empty = BookDelta(1, desk.ctx.wall_ns, 1, 1, b"", book(desk.ctx, asks=((6_000_000, 5),)).asks)
    desk.market(empty, Kind.BOOK)
    desk.market(empty, Kind.BOOK, flags=FLAG_STALE)
    assert not desk.strategy().of("book")
    desk.book()
    desk.market(empty, Kind.BOOK, flags=FLAG_STALE)
    desk.market(empty, Kind.BOOK)
    assert desk.strategy().of("book") == [(5_999_900, 6_000_100), (5_999_900, 6_000_000)]


def test_levels_that_do_not_decode_make_the_book_invalid():
    desk = Desk()
    desk.book()
    desk.market(BookDelta(1, desk.ctx.wall_ns, 1, 1, b"123", b""), Kind.BOOK)
    desk.market(BookDelta(1, desk.ctx.wall_ns, 1, 1, b"", b""), Kind.BOOK)
    assert len(desk.strategy().of("book")) == 1


def test_timer_is_called_at_the_strategys_own_pace():
    desk = Desk()
    desk.ctx.advance(desk.agent, 2 * S)
    assert desk.strategy().of("timer") == [1_500 * MS, 2_000 * MS, 2_500 * MS, 3_000 * MS]


# Asking


def test_signal_is_published_then_asked_of_risk():
    desk = Desk(buyer())
    place = desk.book()
    cause = desk.trade()
    signal_id = 2 << 48 | 1 << 24 | 1
    assert desk.strategy().asked == [signal_id]
    expected = Signal(
        signal_id,
        "test",
        BTC,
        int(Side.BUY),
        1_000,
        6_000_100,
        int(TimeInForce.IOC),
        1.0,
        "trade",
        ((cause.stream, 1, cause.seq), (place.stream, 1, place.seq)),
    )
    assert desk.signals() == [expected]
    assert desk.ctx.published[0].stream == stream(Kind.SIGNAL)
    assert desk.ctx.published[0].header.corr == signal_id
    asked = desk.ctx.requests[0]
    assert (asked.peer, asked.message, asked.ttl_ms, asked.corr) == ("risk", expected, 1000, signal_id)


def test_signal_ids_never_come_twice():
    desk = Desk(buyer())
    desk.book()
    for _ in range(3):
        desk.trade()
    again = Desk(buyer(), epoch=2, log=desk.ctx.published)
    again.book()
    again.trade()
    ids = [m.signal_id for m in desk.signals() + again.signals()]
    assert len(set(ids)) == 4
    assert again.agent.figures()["signals"] == 4


def test_nothing_is_asked_without_a_market():
    desk = Desk(buyer())
    desk.trade()
    assert desk.strategy().asked == [0]
    assert not desk.ctx.published
    assert desk.ctx.counters["signals_withheld"] == 1


@pytest.mark.parametrize(
    "source",
    [("md", stream(Kind.TRADE)), ("md", stream(Kind.BOOK)), ("exec", ORDERS)],
)
def test_nothing_is_asked_while_a_stream_is_not_live(source):
    desk = Desk(buyer())
    desk.book()
    desk.ctx.stream_states[source] = StreamState.GAP
    desk.trade()
    desk.ctx.stream_states[source] = StreamState.LIVE
    desk.trade()
    assert [bool(number) for number in desk.strategy().asked] == [False, True]


def test_nothing_is_asked_on_a_market_that_is_too_old():
    desk = Desk(buyer())
    desk.book()
    desk.ctx.advance(desk.agent, 2 * S + 1)
    desk.trade()
    assert desk.strategy().asked == [0]


def test_nothing_is_asked_after_the_feed_reported_a_fault():
    desk = Desk(buyer())
    desk.book()
    desk.market(FeedState(desk.ctx.wall_ns, StreamState.DOWN, "closed"), Kind.BOOK)
    desk.trade()
    desk.book()
    desk.trade()
    assert [bool(number) for number in desk.strategy().asked] == [False, True]


def test_quotes_alone_are_a_market():
    desk = Desk(buyer())
    desk.market(quote(desk.ctx), Kind.QUOTE)
    desk.trade()
    assert desk.strategy().asked != [0]


def test_old_replayed_trades_build_bars_and_trigger_nothing():
    desk = Desk(buyer())
    old = trade(desk.ctx, event_ns=5 * S)
    desk.ctx.advance(desk.agent, 3 * S)
    desk.book()
    desk.market(old, Kind.TRADE, flags=FLAG_REPLAY)
    assert desk.strategy().asked == [0]
    desk.trade(event_ns=6 * S)
    assert len(desk.strategy().of("bar")) == 1
    assert desk.strategy().asked[1] != 0


def test_confidence_is_held_within_its_range():
    desk = Desk(buyer())
    desk.book()
    desk.trade()
    assert desk.signals()[0].confidence == 1.0


# Answers, orders, fills


def approved(signal_, order_id="a"):
    return Approved(
        signal_.signal_id,
        order_id,
        signal_.strategy,
        signal_.instrument_id,
        signal_.side,
        signal_.qty_lots,
        signal_.price_ticks,
        signal_.time_in_force,
    )


def asked_desk():
    desk = Desk(buyer())
    desk.book()
    desk.trade()
    return desk, desk.signals()[0], desk.strategy().market.instruments[0]


def test_signal_is_pending_until_its_order_shows():
    desk, signal_, btc = asked_desk()
    ctx = desk.strategy().ctx
    assert ctx.pending(btc) == 1
    desk.ctx.finish(desk.agent, desk.ctx.requests[0], approved(signal_))
    assert ctx.pending(btc) == 1
    assert not ctx.open_orders(btc)
    desk.event(initialized("a", qty=1_000), corr=signal_.signal_id)
    assert ctx.pending(btc) == 0
    assert [order.client_order_id for order in ctx.open_orders(btc)] == ["a"]
    assert not ctx.idle(btc)
    desk.event(filled("a", 5, 1_000, status=OrderStatus.FILLED))
    assert ctx.idle(btc)
    assert ctx.position(btc) == 1_000


@pytest.mark.parametrize(
    ("answer", "outcome", "pending"),
    [
        (Denied(1, "test", BTC, Reason.HALTED, {}), Outcome.ANSWERED, 0),
        (Ack(accepted=False, reason=Reason.DEADLINE_EXPIRED), Outcome.ANSWERED, 0),
        (None, Outcome.NOT_SENT, 0),
        (None, Outcome.UNKNOWN, 1),
    ],
)
def test_signal_that_came_to_nothing_is_not_pending(answer, outcome, pending):
    desk, _, btc = asked_desk()
    desk.ctx.finish(desk.agent, desk.ctx.requests[0], answer, outcome)
    assert desk.strategy().ctx.pending(btc) == pending
    desk.ctx.advance(desk.agent, 7 * S)
    assert desk.strategy().ctx.pending(btc) == 0


def test_position_is_the_strategys_own():
    desk = Desk(strategy("test", RECORDER), strategy("other", RECORDER))
    desk.event(initialized("a"))
    desk.event(filled("a", 1, 10_000))
    desk.event(filled("b", 2, 500, name="other"))
    desk.event(filled("c", 3, 70_000, name=""))
    desk.event(filled("a", 1, 10_000))
    desk.event(reconciled())
    figures = desk.agent.figures()["strategies"]
    assert figures["test"]["positions"] == {"BTCUSDT": "0.1"}
    assert figures["other"]["positions"] == {"BTCUSDT": "0.005"}
    assert desk.strategy().of("fill") == [1]
    assert figures["test"]["fills"] == 1


def test_commission_in_base_leaves_whole_lots_only():
    desk = Desk()
    desk.event(filled("a", 1, 1_000, commission=1_000, asset="BTC"))
    btc = desk.strategy().market.instruments[0]
    assert desk.strategy().ctx.position(btc) == 999


def test_cancel_goes_through_risk():
    desk = Desk()
    desk.event(initialized("a"))
    desk.event(updated("a", OrderStatus.NEW))
    desk.strategy().ctx.cancel("a")
    asked = desk.ctx.requests[0]
    assert (asked.peer, asked.message) == ("risk", CancelOrder("a", int(Reason.CANCELED_BY_STRATEGY)))
    desk.ctx.finish(desk.agent, asked, None, Outcome.UNKNOWN)
    assert desk.ctx.counters["cancels_unanswered"] == 1


# Configuration


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("no_such_module:X", "cannot be loaded"),
        ("tests.unit.agents.probe_strategies:Missing", "cannot be loaded"),
        ("tests.unit.agents.probe_strategies", "cannot be loaded"),
        ("", "cannot be loaded"),
        ("tests.unit.agents.probe_strategies:NotAStrategy", "not a subclass of Strategy"),
    ],
)
def test_strategy_that_cannot_be_loaded_is_refused_by_name(path, found):
    with pytest.raises(ConfigError, match=rf"strategies\.x\.path: .*{found}"):
        Desk(strategy("x", path))


def test_strategys_own_objection_names_it():
    with pytest.raises(ConfigError, match=r"strategies\.x\.params: refuse is set"):
        Desk(strategy("x", RECORDER, refuse=True))


def test_instrument_without_feed_is_refused():
    with pytest.raises(ConfigError, match=r"no feed of 'XRPUSDT' \(there are: BTCUSDT, ETHUSDT\)"):
        Desk(strategy("x", RECORDER, ("XRPUSDT",)))


def test_two_strategies_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="same name"):
        Desk(strategy("x", RECORDER), strategy("x", RECORDER))


def test_agent_number_must_fit_into_signal_ids():
    good = config(strategies=(strategy("x", RECORDER),))
    agents = dict(good.agents)
    agents["signal"] = msgspec.structs.replace(agents["signal"], id=40_000)
    with pytest.raises(ConfigError, match=r"agents\.signal\.id"):
        build("signal", msgspec.structs.replace(good, agents=agents))


def test_bars_of_different_length_stand_side_by_side():
    slow = StrategyConfig(name="slow", path=RECORDER, instruments=("BTCUSDT",), bar_ms=10_000)
    desk = Desk(strategy("fast", RECORDER), slow)
    for second in range(21):
        desk.trade(event_ns=(100 + second) * S)
    assert len(desk.strategy("fast").of("bar")) == 20
    assert len(desk.strategy("slow").of("bar")) == 2


def test_eth_is_kept_apart_from_btc():
    desk = Desk(strategy("both", RECORDER, ("BTCUSDT", "ETHUSDT")))
    desk.market(trade(desk.ctx, 1, event_ns=5 * S), Kind.TRADE, BTC)
    desk.market(trade(desk.ctx, 2, event_ns=6 * S), Kind.TRADE, ETH)
    assert not desk.strategy("both").of("bar")


def test_what_a_strategy_asks_for_is_rounded_to_the_venues_steps():
    desk = Desk()
    desk.book()
    stated = Instrument(BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", qty_step_lots=100, price_step_ticks=10)
    desk.market(stated, Kind.INSTRUMENT)
    ctx = desk.strategy().ctx
    info = desk.strategy().market.instruments[0]
    assert ctx.buy(info, 12_345, 5_999_987)
    assert ctx.sell(info, 12_345, 5_999_981)
    assert ctx.sell(info, 99, 5_999_981) == 0
    assert [(s.side, s.qty_lots, s.price_ticks) for s in desk.signals()] == [
        (1, 12_300, 5_999_980),
        (-1, 12_300, 5_999_990),
    ]

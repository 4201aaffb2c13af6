"""The signal client: when nothing may be asked, and what becomes of what was asked."""

import pytest

from mesh.agent import Outcome
from schemas.config import LimitsConfig
from schemas.messages import Ack, Approved, CancelOrder, Denied, FeedState, Instrument, Signal
from schemas.orders import OrderStatus, Reason, Side, TimeInForce
from schemas.streams import Kind, StreamState
from tests.unit.agents.signal.signal_desk import Desk, S, buyer
from tests.unit.agents.trading_desk import (
    BTC,
    ORDERS,
    filled,
    initialized,
    quote,
    stream,
    updated,
)


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
    assert again.agent.figures().signals == 4


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


def test_confidence_is_held_within_its_range():
    desk = Desk(buyer())
    desk.book()
    desk.trade()
    assert desk.signals()[0].confidence == 1.0


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


def test_cancel_goes_through_risk():
    desk = Desk()
    desk.event(initialized("a"))
    desk.event(updated("a", OrderStatus.NEW))
    desk.strategy().ctx.cancel("a")
    asked = desk.ctx.requests[0]
    assert (asked.peer, asked.message) == ("risk", CancelOrder("a", int(Reason.CANCELED_BY_STRATEGY)))
    desk.ctx.finish(desk.agent, asked, None, Outcome.UNKNOWN)
    assert desk.ctx.counters["cancels_unanswered"] == 1


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


def test_how_old_the_market_may_be_is_what_risk_is_configured_for():
    desk = Desk(buyer(), limits=LimitsConfig(market_data_age_max_ms=60_000))
    desk.book()
    desk.ctx.now_ns += 50 * S
    desk.ctx.wall_ns += 50 * S
    desk.trade()
    assert len(desk.signals()) == 1
    desk.ctx.now_ns += 11 * S
    desk.ctx.wall_ns += 11 * S
    desk.trade()
    assert len(desk.signals()) == 1

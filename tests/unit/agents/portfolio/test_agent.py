"""Portfolio: positions and equity from order events and marks, what is published when, and what a restart keeps."""

import pytest

from agents.portfolio.builder import build
from mesh.agent import Start
from schemas.figures import PnlFigures
from schemas.messages import E8, Equity, FeedState, InflowValued, MarkPrice, Position
from schemas.orders import OrderStatus, Side
from schemas.streams import Kind, StreamState
from tests.unit.agents.portfolio.portfolio_desk import DAY_NS, POSITION, Desk, S, with_feeds
from tests.unit.agents.trading_desk import BTC, ETH, ORDERS, config, filled, initialized, stream, updated


def test_order_events_are_followed_from_the_first_and_marks_from_now():
    subscriptions = build("folio", config()).subscriptions()
    assert (subscriptions[0].publisher, subscriptions[0].stream, subscriptions[0].start) == (
        "exec",
        ORDERS,
        Start.FIRST,
    )
    assert [s.stream for s in subscriptions[1:]] == [
        stream(Kind.QUOTE, BTC),
        stream(Kind.TRADE, BTC),
        stream(Kind.QUOTE, ETH),
        stream(Kind.TRADE, ETH),
    ]
    assert all(s.conflate for s in subscriptions[1:])


@pytest.mark.parametrize(
    ("feeds", "kinds"),
    [
        (("bookTicker", "markPrice@1s", "trade"), [Kind.MARK, Kind.TRADE]),
        (("trade", "bookTicker"), [Kind.QUOTE, Kind.TRADE]),
        (("bookTicker",), [Kind.QUOTE]),
        (("depth@100ms", "aggTrade"), [Kind.TRADE]),
    ],
)
def test_the_best_feed_that_an_instrument_has_carries_its_mark_and_its_trades_confirm(feeds, kinds):
    subscriptions = build("folio", with_feeds(feeds)).subscriptions()
    assert [s.stream for s in subscriptions[1:]] == [stream(kind, number) for number in (BTC, ETH) for kind in kinds]


def test_fill_publishes_position_and_equity():
    desk = Desk()
    desk.market(5_999_900, 6_000_100)
    header = desk.event(filled("a", 1, 50_000, price=5_900_000, commission=29 * E8, asset="USDT"))
    position = desk.ctx.messages(POSITION)[0]
    assert position == Position(
        BTC,
        E8 // 2,
        59_000 * E8,
        60_000 * E8,
        0,
        500 * E8,
        29 * E8,
        1,
        order_seq=header.seq,
        net_qty="0.5",
        avg_px="59000",
        mark_px="60000",
    )
    assert desk.ctx.published[0].header.corr == 42
    assert desk.equity() == [
        Equity(
            desk.ctx.wall_ns,
            1_000_471 * E8,
            0,
            500 * E8,
            29 * E8,
            1_000_000 * E8,
            1_000_471 * E8,
            opening_e8=1_000_000 * E8,
        )
    ]
    assert desk.agent.snapshot(POSITION) == position


def test_only_fills_make_a_position():
    desk = Desk()
    desk.event(initialized("a"))
    desk.event(updated("a", OrderStatus.NEW))
    assert not desk.ctx.published
    assert desk.agent.snapshot(POSITION) is None


def test_a_position_without_a_mark_is_shown_at_its_fill_and_makes_no_equity():
    desk = Desk()
    desk.event(filled("a", 1, 100_000))
    desk.ctx.advance(desk.agent, 2 * S)
    assert desk.ctx.messages(POSITION)[-1].mark_px_e8 == 60_000 * E8
    assert not desk.equity()
    desk.market(5_999_900, 6_000_100)
    desk.ctx.advance(desk.agent, S)
    assert desk.equity()[-1].equity_e8 == 1_000_000 * E8


def test_equity_needs_the_stream_of_every_mark_live():
    desk = Desk()
    desk.market(5_999_900, 6_000_100)
    desk.event(filled("a", 1, 100_000))
    desk.ctx.take()
    desk.ctx.stream_states["md", stream(Kind.QUOTE)] = StreamState.GAP
    desk.ctx.advance(desk.agent, 3 * S)
    assert not desk.equity()
    desk.ctx.stream_states["md", stream(Kind.QUOTE)] = StreamState.LIVE
    desk.ctx.stream_states["md", stream(Kind.QUOTE, ETH)] = StreamState.DOWN
    desk.ctx.advance(desk.agent, S)
    assert len(desk.equity()) == 1


@pytest.mark.parametrize(("state", "points"), [(StreamState.GAP, 1), (StreamState.SYNCING, 0), (StreamState.DOWN, 0)])
def test_a_feed_that_pauses_leaves_its_mark_and_one_that_is_down_does_not(state, points):
    desk = Desk()
    desk.market(5_999_900, 6_000_100)
    desk.event(filled("a", 1, 100_000))
    desk.ctx.take()
    desk.ctx.deliver(desk.agent, "md", stream(Kind.QUOTE), FeedState(1, state, "why"))
    desk.ctx.advance(desk.agent, S)
    assert len(desk.equity()) == points


def test_a_restart_does_not_mark_at_the_last_fill_into_the_peak():
    desk = Desk()
    desk.market(5_899_900, 5_900_100)
    desk.event(filled("a", 1, 100_000, price=6_500_000))
    peak = desk.equity()[-1].peak_equity_e8
    again = desk.again()
    again.ctx.advance(again.agent, 2 * S)
    assert not again.equity()
    again.market(5_899_900, 5_900_100)
    again.ctx.advance(again.agent, S)
    assert {m.peak_equity_e8 for m in again.equity()} == {peak}
    assert {m.equity_e8 for m in again.equity()} == {994_000 * E8}


def test_repeated_fill_is_booked_once():
    desk = Desk()
    desk.event(filled("a", 1, 100_000))
    desk.ctx.take()
    desk.event(filled("a", 1, 100_000))
    assert not desk.ctx.published
    assert desk.agent.figures().fills == 1


def test_both_sides_of_a_self_trade_are_booked():
    desk = Desk()
    desk.event(filled("a", 1, 100_000))
    desk.event(filled("b", 1, 30_000, side=Side.SELL))
    desk.event(filled("b", 1, 30_000, side=Side.SELL))
    assert desk.agent.figures().positions == {"BTCUSDT": "0.7"}
    assert desk.agent.figures().fills == 2


def test_same_trade_id_in_another_instrument_is_another_fill():
    desk = Desk()
    desk.event(filled("a", 1, 100_000))
    desk.event(filled("b", 1, 10_000, price=300_000, instrument=ETH))
    assert desk.agent.figures().positions == {"BTCUSDT": "1", "ETHUSDT": "1"}


def test_moved_marks_are_published_by_the_interval_and_unmoved_ones_not_at_all():
    desk = Desk()
    desk.event(filled("a", 1, 100_000))
    desk.ctx.take()
    for bid in (5_999_900, 6_009_900, 6_019_900):
        desk.market(bid, bid + 200)
    assert not desk.ctx.published
    desk.ctx.advance(desk.agent, S)
    assert [m.mark_px_e8 for m in desk.ctx.messages(POSITION)] == [60_200 * E8]
    assert [m.unrealised_e8 for m in desk.equity()] == [200 * E8]
    desk.ctx.take()
    desk.ctx.advance(desk.agent, S)
    assert not desk.ctx.messages(POSITION)
    assert len(desk.equity()) == 1


def test_venues_mark_price_goes_before_the_middle():
    desk = Desk(feeds=("markPrice@1s", "bookTicker"))
    desk.event(filled("a", 1, 100_000))
    mark = MarkPrice(1, 1, 61_000 * E8, 0, 0, 1)
    desk.ctx.deliver(desk.agent, "md", stream(Kind.MARK), mark)
    desk.market(5_999_900, 6_000_100)
    desk.ctx.advance(desk.agent, S)
    assert desk.equity()[-1].unrealised_e8 == 1_000 * E8


def test_one_sided_quote_is_no_mark():
    desk = Desk()
    desk.event(filled("a", 1, 100_000))
    desk.market(0, 6_100_000)
    desk.ctx.advance(desk.agent, S)
    assert not desk.equity()


def test_peak_is_the_highest_equity_so_far():
    desk = Desk()
    desk.market(5_999_999, 6_000_001)
    desk.event(filled("a", 1, 100_000))
    for price in (6_100_000, 5_900_000, 6_050_000):
        desk.market(price - 1, price + 1)
        desk.ctx.advance(desk.agent, S)
    assert [m.peak_equity_e8 // E8 for m in desk.equity()] == [1_000_000, 1_001_000, 1_001_000, 1_001_000]


def test_day_starts_at_midnight_with_the_last_equity_of_the_day_before():
    midnight = 1_700_006_400 * S  # 2023-11-15T00:00:00Z
    desk = Desk(wall_ns=midnight - 2 * S)
    desk.market(5_999_999, 6_000_001)
    desk.event(filled("a", 1, 100_000))
    desk.market(6_009_999, 6_010_001)
    desk.ctx.advance(desk.agent, S)
    desk.market(6_029_999, 6_030_001)
    desk.ctx.advance(desk.agent, S)
    desk.ctx.advance(desk.agent, S)
    assert [m.day_start_equity_e8 // E8 for m in desk.equity()] == [1_000_000, 1_000_000, 1_000_100, 1_000_100]


def test_nothing_is_published_while_order_events_are_missing():
    desk = Desk(states={("exec", ORDERS): StreamState.SYNCING})
    desk.market(5_999_999, 6_000_001)
    desk.event(filled("a", 1, 100_000))
    desk.ctx.advance(desk.agent, 3 * S)
    assert not desk.ctx.published
    desk.ctx.stream_states["exec", ORDERS] = StreamState.LIVE
    desk.agent.on_stream_state("exec", ORDERS, StreamState.LIVE)
    assert [type(m) for m in desk.ctx.messages()] == [InflowValued, Position, Equity]


def test_restart_rebuilds_positions_from_events_and_keeps_peak_and_day_start():
    events = [
        filled("a", 1, 100_000, price=6_000_000, commission=6 * E8),
        filled("b", 2, 40_000, price=6_200_000, side=Side.SELL, commission=2 * E8),
    ]
    desk = Desk()
    desk.market(6_199_999, 6_200_001)
    for event in events:
        desk.event(event)
    figures = desk.agent.figures()
    assert figures.positions == {"BTCUSDT": "0.6"}
    assert figures.pnl == PnlFigures(realised="800", unrealised="1200", fees="8", equity="1001992")
    again = desk.again(market=(6_199_999, 6_200_001))
    assert again.agent.figures() == figures
    last = desk.equity()[-1]
    assert again.equity()[-1].peak_equity_e8 == last.peak_equity_e8
    late = desk.again(epoch=3, market=(6_199_999, 6_200_001), wall_ns=desk.ctx.wall_ns + 3 * DAY_NS)
    assert late.equity()[-1].day_start_equity_e8 == last.equity_e8


def test_fees_in_other_assets_are_shown():
    desk = Desk()
    desk.event(filled("a", 1, 100_000, commission=E8 // 50, asset="BNB"))
    assert desk.agent.figures().fees_by_asset == {"BNB": "0.02"}
    assert desk.agent.figures().pnl.fees == "0"

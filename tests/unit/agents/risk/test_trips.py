"""Trips: a limit that is reached sets a trading mode with its figures, cancels what opens, and is lifted with its cause."""

import pytest

from schemas.messages import CancelAll, Equity, EquityReset, FeedState, TradingState
from schemas.messages.base import E8
from schemas.orders import Reason, Side, TradingMode
from schemas.streams import Kind, StreamState
from tests.unit.agents.risk.risk_desk import Desk, S
from tests.unit.agents.trading_desk import BTC, EQUITY, ORDERS, book, filled, signal, stream

ACTIVE, REDUCING = int(TradingMode.ACTIVE), int(TradingMode.REDUCING)
DAY = 86_400 * S


def cancels(desk):
    return [asked.message for asked in desk.asked(CancelAll)]


def test_a_daily_loss_cancels_what_rests_and_opens():
    desk = Desk(daily_loss_max="10000")
    for n in range(5):
        desk.work(f"o{n}", qty=50_000, price=5_900_000)
    desk.pass_time(0.4, equity=900_000)
    told = desk.modes()
    assert [(state.mode, state.reason, state.venue_id, state.instrument_id) for state in told] == [
        (REDUCING, Reason.DAILY_LOSS, 1, 0)
    ]
    assert told[0].text == "daily_loss 100000, daily_loss_max 10000"
    assert cancels(desk) == [CancelAll(reason=int(Reason.CANCELED_BY_LIMIT), opening_only=True)]
    assert desk.agent.figures().trading == ["REDUCING account=1: DAILY_LOSS: daily_loss 100000, daily_loss_max 10000"]


def test_a_daily_loss_stays_though_equity_comes_back_until_the_next_day():
    desk = Desk(daily_loss_max="10000")
    desk.pass_time(0.4, equity=900_000)
    desk.pass_time(5, equity=1_000_000)
    assert desk.deny(signal(1)) == (
        Reason.DAILY_LOSS,
        {"mode": "REDUCING", "reason": "daily_loss 100000, daily_loss_max 10000"},
    )
    desk.ctx.wall_ns += DAY
    desk.pass_time(0.4)
    assert [state.mode for state in desk.modes()] == [REDUCING, ACTIVE]
    desk.approve(signal(2))


def test_a_daily_loss_stays_over_a_restart():
    desk = Desk(daily_loss_max="10000")
    desk.pass_time(0.4, equity=900_000)
    again = Desk(epoch=2, log=desk.ctx.published, daily_loss_max="10000")
    again.pass_time(1)
    assert again.deny(signal(1))[0] is Reason.DAILY_LOSS
    assert again.modes() == []


@pytest.mark.parametrize(
    ("reset", "lifted"), [({"peak": True, "day_start": False}, True), ({"peak": False, "day_start": True}, False)]
)
def test_a_drawdown_stays_until_an_operator_has_the_peak_begin_anew(reset, lifted):
    desk = Desk(drawdown_max=0.1, daily_loss_max="0")
    desk.pass_time(0.4, equity=900_000)
    assert desk.modes()[0].reason == Reason.DRAWDOWN
    desk.ctx.wall_ns += 2 * DAY
    desk.pass_time(1, equity=950_000)
    assert desk.modes() == []
    desk.ctx.deliver(desk.agent, "folio", EQUITY, EquityReset(desk.ctx.wall_ns, text="looked into", **reset))
    desk.pass_time(0.4, equity=950_000)
    assert [state.mode for state in desk.modes()] == [ACTIVE] * lifted


def test_a_market_that_is_stale_cancels_what_opens_in_its_instrument_and_is_lifted_when_it_was_well_for_a_while():
    desk = Desk(market_data_age_max_ms=500)
    desk.work("a", price=5_900_000)
    desk.pass_time(1.4, market=False)
    assert desk.modes() == []
    desk.pass_time(0.4, market=False)
    told = desk.modes()
    assert [(state.mode, state.reason, state.instrument_id) for state in told] == [
        (REDUCING, Reason.STALE_MARKET_DATA, BTC)
    ]
    assert told[0].text.startswith("age_ms ")
    assert cancels(desk)[0] == CancelAll(BTC, int(Reason.CANCELED_BY_LIMIT), opening_only=True)
    desk.pass_time(1.8)
    assert desk.modes() == []
    desk.pass_time(0.6)
    assert [(state.mode, state.reason) for state in desk.modes()] == [(ACTIVE, Reason.STALE_MARKET_DATA)]
    desk.approve(signal(1))


def test_a_broken_book_trips_by_its_own_name_and_a_short_gap_does_not():
    desk = Desk()
    at = stream(Kind.BOOK)
    desk.ctx.deliver(desk.agent, "md", at, book(desk.ctx))
    desk.ctx.deliver(desk.agent, "md", at, FeedState(desk.ctx.wall_ns, StreamState.SYNCING, "gap"))
    desk.pass_time(0.6)
    desk.ctx.deliver(desk.agent, "md", at, book(desk.ctx))
    desk.pass_time(3)
    assert desk.modes() == []
    desk.ctx.deliver(desk.agent, "md", at, FeedState(desk.ctx.wall_ns, StreamState.SYNCING, "gap"))
    desk.pass_time(1.6)
    assert [state.reason for state in desk.modes()] == [Reason.BOOK_INVALID]


def test_while_a_market_has_tripped_its_position_can_be_left():
    desk = Desk(market_data_age_max_ms=500)
    desk.event(filled("old", 1, 50_000))
    desk.pass_time(3, market=False)
    desk.approve(signal(1, Side.SELL))


def test_a_market_that_was_never_seen_trips_nothing_that_has_no_orders():
    desk = Desk()
    desk.pass_time(5)
    assert desk.modes() == []


def test_equity_that_is_not_heard_of_cancels_what_opens_in_the_account():
    desk = Desk()
    desk.pass_time(14, equity=None)
    assert [state.reason for state in desk.modes()] == [Reason.PORTFOLIO_UNAVAILABLE]
    desk.pass_time(0.4)
    assert [state.mode for state in desk.modes()] == [ACTIVE]


def test_execution_that_does_not_agree_with_its_venue_for_long_cancels_what_opens():
    desk = Desk(ready=False)
    desk.ctx.stream_states["exec", ORDERS] = StreamState.LIVE
    desk.pass_time(9)
    assert desk.modes() == []
    desk.pass_time(2)
    assert [state.reason for state in desk.modes()] == [Reason.RECONCILIATION_TROUBLE]


def test_an_equity_without_limits_trips_nothing():
    desk = Desk(daily_loss_max="0", drawdown_max=1.0)
    desk.ctx.deliver(desk.agent, "folio", EQUITY, Equity(desk.ctx.wall_ns, 1, 0, 0, 0, E8, E8))
    desk.pass_time(1, equity=1)
    assert desk.modes() == []


def test_what_tripped_is_one_entry_however_long_it_lasts():
    desk = Desk(daily_loss_max="10000")
    desk.pass_time(5, equity=900_000)
    assert len([state for state in desk.modes() if isinstance(state, TradingState)]) == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_a_cause_counts_from_when_it_came_though_all_was_well_for_long_before(restarted):
    desk = Desk(market_data_age_max_ms=500)
    desk.work("a", price=5_900_000)
    if restarted:
        desk = Desk(epoch=2, log=desk.ctx.published, market_data_age_max_ms=500)
        desk.work("a", price=5_900_000)
    desk.pass_time(60)
    desk.pass_time(1.2, market=False)
    desk.pass_time(0.4)
    desk.pass_time(1.2, market=False)
    assert desk.modes() == []
    desk.pass_time(0.6, market=False)
    assert [state.mode for state in desk.modes()] == [REDUCING]


@pytest.mark.parametrize(
    ("limits", "passing"),
    [
        ({"daily_loss_max": "10000"}, {"equity": 980_000}),
        ({"drawdown_max": 0.1, "daily_loss_max": "0"}, {"equity": 880_000}),
        ({"market_data_age_max_ms": 500}, {"market": False}),
        ({}, {"equity": None}),
    ],
)
def test_whatever_sets_a_mode_is_not_well(limits, passing):
    desk = Desk(**limits)
    desk.work("a", price=5_900_000)
    checks = desk.agent._checks
    assert checks.is_well(desk.ctx)
    desk.pass_time(14, **passing)
    assert not checks.is_well(desk.ctx)
    assert [state.mode for state in desk.modes()] == [REDUCING]

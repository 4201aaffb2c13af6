"""Equity that limits on loss are held against: of an account, of the desk, and of use for a while."""

from schemas.orders import Reason, TradingMode
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.risk.risk_desk import S
from tests.unit.agents.risk.several_desk import BTC_ONE, BTC_TWO, SeveralDesk
from tests.unit.agents.trading_desk import signal

REDUCING = int(TradingMode.REDUCING)


def test_an_account_is_held_against_its_own_equity():
    desk = SeveralDesk()
    desk.equity_of(2, 980_000)
    assert desk.deny(signal(1, instrument=BTC_TWO)) == (
        Reason.DAILY_LOSS,
        {"daily_loss": "20000", "daily_loss_max": "10000"},
    )
    desk.approve(signal(2, instrument=BTC_ONE))


def test_the_desk_is_held_against_that_of_all():
    desk = SeveralDesk(desk={"daily_loss_max": "5000", "drawdown_max": 0.1})
    desk.equity_of(0, 994_000)
    assert desk.deny(signal(1)) == (
        Reason.DAILY_LOSS,
        {"desk_daily_loss": "6000", "desk_daily_loss_max": "5000"},
    )
    desk.equity_of(0, 900_000, day_start=900_000)
    assert desk.deny(signal(2)) == (
        Reason.DRAWDOWN,
        {
            "desk_equity": "900000",
            "desk_equity_peak": "1000000",
            "desk_drawdown": 0.1,
            "desk_drawdown_max": 0.1,
        },
    )


def test_an_equity_that_is_missing_stops_whom_it_is_of():
    desk = SeveralDesk()
    desk.ctx.stream_states["folio", stream_id(Kind.EQUITY, 2, 0)] = StreamState.DOWN
    assert desk.deny(signal(1, instrument=BTC_TWO)) == (
        Reason.PORTFOLIO_UNAVAILABLE,
        {"stream_state": "DOWN", "stream_state_required": "LIVE", "equity_seen": 1},
    )
    desk.approve(signal(2, instrument=BTC_ONE))
    assert SeveralDesk(ready=False).deny(signal(1))[0] is Reason.RECONCILING


def test_the_desks_equity_is_needed_where_the_desk_has_a_limit_on_loss():
    desk = SeveralDesk(desk={"daily_loss_max": "5000"})
    desk.ctx.advance(desk.agent, 3 * S)
    desk.refresh()
    desk.ctx.stream_states["folio", stream_id(Kind.EQUITY, 0, 0)] = StreamState.DOWN
    assert desk.deny(signal(1))[0] is Reason.PORTFOLIO_UNAVAILABLE
    other = SeveralDesk()
    other.ctx.stream_states["folio", stream_id(Kind.EQUITY, 0, 0)] = StreamState.DOWN
    other.approve(signal(1))


def test_a_decision_names_both_as_its_causes():
    desk = SeveralDesk()
    approved = desk.ask(signal(1, instrument=BTC_TWO))
    streams = [cause[0] for cause in approved.causes]
    assert stream_id(Kind.EQUITY, 2, 0) in streams
    assert stream_id(Kind.EQUITY, 0, 0) in streams
    assert stream_id(Kind.ORDER, 2, 0) in streams


def test_a_loss_trips_for_whom_it_is_of():
    desk = SeveralDesk(desk={"daily_loss_max": "5000"})
    desk.equity_of(2, 980_000)
    desk.equity_of(0, 980_000)
    desk.ctx.advance(desk.agent, S // 5)
    told = {(state.mode, state.reason, state.venue_id): state.text for state in desk.modes()}
    assert told == {
        (REDUCING, Reason.DAILY_LOSS, 2): "daily_loss 20000, daily_loss_max 10000",
        (REDUCING, Reason.DAILY_LOSS, 0): "desk_daily_loss 20000, desk_daily_loss_max 5000",
    }

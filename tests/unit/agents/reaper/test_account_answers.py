"""What is open and held, told to whoever asks, and how seldom the venue is asked for it."""

from schemas.messages import CancelAll, OpenOrdersAnswer, OpenOrdersRequest
from tests.unit.agents.reaper.reaper_desk import ACCOUNT, MS, OPEN, SECOND, Desk


def answer_to(desk, message):
    desk.ask(message)
    desk.answer_all()
    return desk.ctx.replies[-1][1]


def test_open_orders_and_positions_are_the_venues_own():
    desk = Desk()
    desk.venue.rest(1)
    desk.venue.rest(2, "ETHUSDT")
    desk.venue.balances = {"BTC": "0.5", "USDT": "100"}
    assert answer_to(desk, OpenOrdersRequest()) == OpenOrdersAnswer(("T1", "T2"), (), {"BTCUSDT": "0.5"})
    assert answer_to(desk, OpenOrdersRequest(instrument_id=2)).open == ("T2",)


def test_orders_in_instruments_that_are_not_configured_are_left_out():
    desk = Desk()
    desk.venue.rest(1, "DOGEUSDT")
    assert answer_to(desk, OpenOrdersRequest()).open == ()


def test_trouble_is_told_and_nothing_else():
    desk = Desk()
    desk.venue.dead = True
    found = answer_to(desk, OpenOrdersRequest())
    assert (found.open, found.positions) == ((), {})
    assert found.trouble


def test_orders_of_a_strategy_are_not_known():
    assert "strategy" in answer_to(Desk(), OpenOrdersRequest(strategy="maker")).trouble


def test_who_asks_while_a_look_is_under_way_shares_it_and_who_asks_soon_after_too():
    desk = Desk()
    desk.pass_time(3 * SECOND)
    for _ in range(3):
        assert desk.ask(OpenOrdersRequest()) is None
    assert [call.path for call in desk.ctx.calls.values()] == [OPEN, ACCOUNT]
    desk.answer_all()
    assert len(desk.ctx.replies) == 3
    for _ in range(100):
        assert desk.ask(OpenOrdersRequest()) == OpenOrdersAnswer((), (), {})
        desk.pass_time(10 * MS)
    assert desk.venue.count("GET", ACCOUNT) == 1
    desk.pass_time(2 * SECOND)
    assert desk.ask(OpenOrdersRequest()) is None


def test_what_a_sweep_sees_is_told_at_once():
    desk = Desk()
    desk.venue.rest(1)
    desk.fall_silent()
    assert answer_to(desk, OpenOrdersRequest()).open == ("T1",)
    desk.ask(CancelAll())
    desk.pass_time(300 * MS)
    asked = desk.venue.count("GET", OPEN)
    assert desk.ask(OpenOrdersRequest()) == OpenOrdersAnswer((), (), {})
    assert desk.venue.count("GET", OPEN) == asked


def test_a_venue_that_asks_to_wait_is_not_asked_for_an_answer():
    desk = Desk()
    desk.pass_time(3 * SECOND)
    desk.venue.limited = True
    assert answer_to(desk, OpenOrdersRequest()).trouble.startswith("-1003")
    desk.pass_time(2500 * MS)
    assert answer_to(desk, OpenOrdersRequest()).trouble == "the venue asked not to be called for 0.5 s"

"""A sweep: rounds of looks and cancels until the venue shows nothing twice."""

from agents.reaper.sweep import PARALLEL_MAX
from schemas.messages import CancelAll, OrdersReaped
from schemas.streams import AGENT_STREAM
from tests.unit.agents.reaper.reaper_desk import MS, OPEN, ORDER, SECOND, Desk

CANCEL_ALL = ("DELETE", OPEN)


def silent(orders=(), **more):
    """A desk with resting orders whose execution is about to have been silent for too long."""
    desk = Desk(**more)
    for number, symbol in enumerate(orders, start=1):
        desk.venue.rest(number, symbol)
    desk.fall_silent()
    return desk


def test_instruments_with_orders_are_canceled_whole_and_looked_at_twice_more():
    desk = silent(["BTCUSDT"] * 3)
    looks = desk.venue.count("GET", OPEN)
    desk.pass_time(1600 * MS)
    assert desk.venue.orders == {}
    assert [call for call in desk.venue.calls if call[0] == "DELETE"] == [(*CANCEL_ALL, "BTCUSDT")]
    assert desk.venue.count("GET", OPEN) == looks + 3
    (told,) = desk.reaped()
    assert (told.canceled, told.left) == (3, 0)


def test_what_a_whole_cancel_has_left_is_canceled_order_by_order():
    desk = silent(["BTCUSDT", "BTCUSDT", "ETHUSDT"])
    desk.venue.kept = {2}
    desk.pass_time(2 * SECOND)
    assert desk.venue.orders == {}
    assert desk.venue.count("DELETE", ORDER) == 1
    assert desk.venue.count(*CANCEL_ALL) == 2


def test_an_order_that_arrives_between_two_looks_is_canceled_too():
    desk = silent(["BTCUSDT"])
    desk.pass_time(1100 * MS)
    assert desk.venue.orders == {}
    desk.venue.rest(9)
    desk.pass_time(SECOND)
    assert desk.venue.orders == {}
    assert desk.reaped()[0].canceled == 2


def test_without_a_list_whole_instruments_are_canceled_all_the_same():
    desk = silent(["BTCUSDT"])
    desk.pass_time(900 * MS)
    while not desk.ctx.pending("GET", OPEN):
        desk.ctx.advance(desk.agent, 10 * MS)
    (look,) = desk.ctx.pending("GET", OPEN)
    desk.ctx.respond(desk.agent, look, b"", status=500)
    assert len(desk.ctx.pending(*CANCEL_ALL)) == 2
    assert desk.figures.trouble.startswith("status 500")
    desk.answer_all()
    assert desk.venue.orders == {}
    desk.pass_time(SECOND)
    assert desk.reaped()[0].left == 0


def test_looks_become_rarer_while_the_venue_does_not_answer():
    desk = silent(["BTCUSDT"])
    desk.venue.dead = True
    desk.pass_time(60 * SECOND)
    looks = desk.venue.count("GET", OPEN)
    assert 30 <= looks <= 45, "at most ten times the first pause of 200 ms apart"
    assert desk.reaped() == []
    desk.venue.dead = False
    desk.pass_time(4 * SECOND)
    assert desk.venue.orders == {}
    assert desk.reaped()[0].left == 0


def test_only_so_many_cancels_are_out_at_once():
    desk = silent(["BTCUSDT"] * 100)
    desk.venue.kept = set(range(1, 101))
    desk.pass_time(1100 * MS)
    while not desk.ctx.pending("DELETE", ORDER):
        desk.ctx.advance(desk.agent, 10 * MS)
        while desk.ctx.pending("GET", OPEN):
            desk.answer_one()
    assert len(desk.ctx.pending("DELETE", ORDER)) == PARALLEL_MAX
    desk.answer_one()
    assert len(desk.ctx.pending("DELETE", ORDER)) == PARALLEL_MAX
    desk.answer_all()
    assert desk.venue.orders == {}


def test_orders_of_other_instruments_are_left_alone_and_told():
    desk = silent(["BTCUSDT", "DOGEUSDT"])
    desk.pass_time(2 * SECOND)
    assert list(desk.venue.orders.values()) == ["DOGEUSDT"]
    assert "1 in instruments that are not configured are left alone" in desk.reaped()[0].text


def test_what_is_still_held_is_told():
    desk = silent(["BTCUSDT"])
    desk.venue.balances = {"BTC": "0.25", "USDT": "10"}
    desk.pass_time(2 * SECOND)
    assert desk.reaped()[0].positions == {"BTCUSDT": "0.25"}
    assert desk.figures.positions == {"BTCUSDT": "0.25"}


def test_a_sweep_that_another_takes_over_tells_what_it_has_done():
    desk = silent(["BTCUSDT", "ETHUSDT"])
    desk.ask(CancelAll(1))
    desk.answer_all()
    assert list(desk.venue.orders.values()) == ["ETHUSDT"]
    desk.ask(CancelAll())
    desk.pass_time(SECOND)
    assert desk.venue.orders == {}
    first, second = [m for m in desk.ctx.messages(AGENT_STREAM) if isinstance(m, OrdersReaped)]
    assert "all are canceled now" in first.text
    assert (second.canceled, second.left) == (1, 0)

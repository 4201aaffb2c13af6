"""What the venue shows of an account: open orders, balances, and why it does not."""

from agents.instruments import InstrumentTable
from agents.reaper.account_calls import held
from schemas.messages import OpenOrdersRequest
from tests.unit.agents.reaper.reaper_desk import OPEN, SECOND, Desk, config


def test_what_is_held_is_told_by_symbol_and_less_than_a_lot_is_not():
    instruments = InstrumentTable(config()).by_id
    assert held(instruments, {"BTC": 150_000_000, "ETH": 999, "USDT": 10**12}) == {"BTCUSDT": "1.5"}
    assert held(instruments, {"BTC": -1000}) == {"BTCUSDT": "-0.00001"}
    assert held(instruments, {"BTC": 10**30}) == {"BTCUSDT": "1" + "0" * 22}
    assert held(instruments, None) == {}


def test_an_answer_that_cannot_be_read_is_trouble():
    desk = Desk()
    desk.ask(OpenOrdersRequest())
    for number in list(desk.ctx.calls):
        desk.ctx.respond(desk.agent, number, b"{")
    assert desk.ctx.replies[-1][1].trouble
    assert desk.ctx.counters["venue_reply_bad"] == 2


def test_a_venue_that_asks_to_wait_is_not_called_meanwhile():
    desk = Desk(heard=False)
    desk.venue.rest(1)
    desk.pass_time(SECOND)
    desk.venue.limited = True
    desk.pass_time(1100 * 10**6)
    asked = desk.venue.count("GET", OPEN)
    assert desk.ctx.counters["venue_rate_limited"] >= 1
    desk.venue.limited = False
    desk.pass_time(2 * SECOND)
    assert desk.venue.count("GET", OPEN) == asked
    desk.pass_time(2 * SECOND)
    assert desk.venue.orders == {}

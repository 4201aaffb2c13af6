"""What the venue shows of an account: open orders, balances, and why it does not."""

from agents.instruments import InstrumentTable
from agents.reaper.account_calls import AccountCalls, held
from agents.venues.reports import PositionReport
from mesh.agent import VenueReply
from schemas.messages import OpenOrdersRequest
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.reaper.reaper_desk import OPEN, SECOND, Desk, config
from tests.unit.agents.venues.bybit.account_desk import answer, both, order


def test_what_is_held_is_told_by_symbol_and_less_than_a_lot_is_not():
    instruments = InstrumentTable(config()).by_id
    assert held(instruments, {"BTC": 150_000_000, "ETH": 999, "USDT": 10**12}, None) == {"BTCUSDT": "1.5"}
    assert held(instruments, {"BTC": -1000}, None) == {"BTCUSDT": "-0.00001"}
    assert held(instruments, {"BTC": 10**30}, None) == {"BTCUSDT": "1" + "0" * 22}
    assert held(instruments, None, None) == {}


def test_of_contracts_the_positions_are_held():
    _, spot, linear = both()
    instruments = {spot.id: spot, linear.id: linear}
    positions = [PositionReport(linear.id, -500, 0, 0)]
    assert held(instruments, {"BTC": 10**8}, positions) == {"BTCUSDT": "1", "BTC-PERP": "-0.5"}
    assert held(instruments, {"BTC": 0}, []) == {}
    assert held(instruments, None, positions) == {}


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


def test_a_look_ends_with_the_last_page_of_every_call():
    account, _, _ = both()
    calls, seen = AccountCalls(account), []
    calls.ctx = ctx = FakeContext("reaper")
    calls.look(seen.append, balances=False)
    spot, linear = ctx.calls.values()
    pages = [[order(orderId=f"{page}-{n}") for n in range(50)] for page in range(2)]
    rows = {"0": pages[0], "p1": pages[1], "p2": [order(orderId="last"), order(symbol="ETHUSDT")]}
    calls.ended(answer_of(ctx, spot, {"category": "spot", "list": []}))
    for cursor, after in (("0", "p1"), ("p1", "p2"), ("p2", "")):
        assert seen == []
        call = next(call for call in ctx.calls.values() if call.params.get("cursor", "0") == cursor)
        result = {"category": "linear", "list": rows[cursor], "nextPageCursor": after}
        calls.ended(answer_of(ctx, call, result))
    (look,) = seen
    assert (len(look.orders), look.others, look.trouble) == (101, 1, "")
    assert linear.params["settleCoin"] == "USDT"


def answer_of(ctx, call, result):
    """Return the end of a call that is out."""
    number = next(number for number, each in ctx.calls.items() if each is call)
    del ctx.calls[number]
    found = answer(call, result)
    return VenueReply(number, call, found.outcome, found.status, found.body)

"""Margin calls: what they are about is kept to what reduces, until the venue's own figures say that it is over."""

from types import SimpleNamespace

from agents.execution.margin_call import REPEATED_NS, MarginCalls
from agents.execution.trading_modes import TradingModes
from agents.venues.reports import MarginCalled
from schemas.messages import TradingState
from schemas.orders import Reason, TradingMode
from schemas.streams import AGENT_STREAM
from tests.unit.agents.fake_context import FakeContext

E8 = 10**8


class Nothing:
    """No orders, and nothing to cancel."""

    def opening(self, *_):
        return None


class Venue:
    """An account with two contracts, as its venue tells of it."""

    def __init__(self):
        self.contracts = {1: "BTC", 2: "ETH"}
        self.margin_ns = 0
        self.cover = (0, 0)
        self.lots = {1: 5, 2: 5}

    def held_lots(self, number):
        return self.lots[number]


def account():
    venue, ctx = Venue(), FakeContext("execution")
    modes = TradingModes(1, Nothing(), Nothing())
    modes.bind(ctx)
    calls = MarginCalls(venue, modes)
    calls.bind(ctx)
    return SimpleNamespace(venue=venue, ctx=ctx, calls=calls)


def figures(at, equity, maintenance):
    at.ctx.wall_ns += 1
    at.venue.margin_ns, at.venue.cover = at.ctx.wall_ns, (equity * E8, maintenance * E8)
    at.calls.look()


def told(at):
    states = [m for m in at.ctx.messages(AGENT_STREAM) if isinstance(m, TradingState)]
    assert all(each.reason == Reason.LIQUIDATION_NEAR for each in states)
    return [(each.instrument_id, TradingMode(each.mode)) for each in states]


REDUCING, ACTIVE = TradingMode.REDUCING, TradingMode.ACTIVE


def test_a_call_on_cross_margin_is_of_all_contracts_and_ends_with_twice_what_must_be_kept():
    at = account()
    at.calls.take(MarginCalled("MARGIN_CALL: BTC"))
    assert told(at) == [(1, REDUCING), (2, REDUCING)]
    at.calls.look()
    figures(at, 19, 10)
    assert at.calls.told == ["MARGIN_CALL: BTC"]
    figures(at, 20, 10)
    assert told(at)[2:] == [(1, ACTIVE), (2, ACTIVE)]
    assert at.calls.told == []


def test_figures_that_are_older_than_the_call_say_nothing_of_it():
    at = account()
    at.venue.margin_ns, at.venue.cover = at.ctx.wall_ns, (100 * E8, E8)
    at.calls.take(MarginCalled("MARGIN_CALL"))
    at.calls.look()
    assert told(at) == [(1, REDUCING), (2, REDUCING)]


def test_a_call_that_is_repeated_is_told_once():
    at = account()
    at.calls.take(MarginCalled("MARGIN_CALL"))
    at.calls.take(MarginCalled("MARGIN_CALL"))
    assert len(told(at)) == 2


def test_a_call_on_an_isolated_position_ends_when_that_is_closed():
    at = account()
    at.calls.take(MarginCalled("MARGIN_CALL: ETH", (2,)))
    figures(at, 1_000, 1)
    assert told(at) == [(2, REDUCING)]
    at.venue.lots[2] = 0
    figures(at, 1_000, 1)
    assert told(at)[1:] == [(2, ACTIVE)]


def test_or_when_it_was_not_repeated_for_long():
    at = account()
    at.calls.take(MarginCalled("MARGIN_CALL: ETH", (2,)))
    at.ctx.wall_ns += REPEATED_NS
    figures(at, 1_000, 1)
    assert told(at)[1:] == [(2, ACTIVE)]

"""Venue spread: both legs at once, back when the spread is usual, and what happens when one leg fails."""

import pytest

from agents.signal.agent import build
from mesh.agent import Outcome
from schemas.errors import ConfigError
from schemas.messages import Approved, Signal
from schemas.orders import OrderStatus, Side
from schemas.streams import Kind, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.signal.test_several_accounts import BOTH, OTHER_BTC, OTHER_ORDERS, two_venues
from tests.unit.agents.trading_desk import BTC, ORDERS, filled, initialized, quote, strategy, stream, updated

PATH = "agents.strategies.venue_spread:VenueSpread"
MS = 1_000_000
MID = 6_000_000
FAR = 6_060
"""Ticks that are 10 basis points of the price."""


class Pair:
    """The strategy on two venues, the second of contracts; `settle` ends the orders of one leg."""

    def __init__(self, **params):
        params = {"half_life_ms": 1_000, "leg_timeout_ms": 500} | params
        self.agent = build("signal", two_venues(strategy("test", PATH, BOTH, **params), contracts=True))
        self.ctx = FakeContext("signal", sender=2)
        self.agent.bind(self.ctx)
        self.agent.start()
        self.fills = 0
        self.here, self.there = self.agent._runners["test"].strategy.legs
        for _ in range(3):
            self.quote()
            self.pass_ms(500)
        assert not self.asked()

    def pass_ms(self, ms):
        """Let time pass, a timer at a time."""
        for _ in range(ms // 100):
            self.ctx.advance(self.agent, 100 * MS)

    def quote(self, here=MID, there=MID):
        """Tell the quotes of both venues at these middles."""
        other = stream_id(Kind.QUOTE, 2, OTHER_BTC)
        self.ctx.deliver(self.agent, "md2", other, quote(self.ctx, there - 100, there + 100))
        self.ctx.deliver(self.agent, "md", stream(Kind.QUOTE), quote(self.ctx, here - 100, here + 100))

    def asked(self):
        """Return what was asked of risk and not answered, by instrument."""
        return {a.message.instrument_id: a for a in self.ctx.requests if isinstance(a.message, Signal)}

    def begin(self, number, order_id):
        """Approve what was asked in an instrument and have execution take it on."""
        asked = self.asked()[number]
        signal = asked.message
        approved = Approved(
            signal.signal_id, order_id, "test", number, signal.side, signal.qty_lots, signal.price_ticks, 2, (), 2, 1
        )
        self.ctx.finish(self.agent, asked, approved)
        side, qty = Side(signal.side), signal.qty_lots
        self.event(number, initialized(order_id, side, qty, signal.price_ticks, number), signal.signal_id)
        return signal

    def fill(self, number, order_id, signal, share=1.0):
        """Fill a share of an order, and end it."""
        self.fills += 1
        qty = int(signal.qty_lots * share)
        if qty:
            state = OrderStatus.FILLED if qty == signal.qty_lots else OrderStatus.PARTIALLY_FILLED
            side = Side(signal.side)
            self.event(number, filled(order_id, self.fills, qty, signal.price_ticks, side, state, instrument=number))
        if qty != signal.qty_lots:
            self.event(number, updated(order_id, OrderStatus.EXPIRED, qty, number))

    def settle(self, number, share=1.0):
        """Approve and end what was asked in an instrument."""
        order_id = f"o{self.fills}-{number}"
        signal = self.begin(number, order_id)
        self.fill(number, order_id, signal, share)
        return signal

    def event(self, number, message, corr=0):
        """Tell an event of the account of an instrument."""
        name, orders = ("exec", ORDERS) if number == BTC else ("exec2", OTHER_ORDERS)
        self.ctx.deliver(self.agent, name, orders, message, corr=corr)

    @property
    def held(self):
        """The lots of both legs."""
        ctx = self.agent._runners["test"].strategy.ctx
        return ctx.position(self.here), ctx.position(self.there)

    def enter(self):
        """Make the second venue dear, and return what is asked."""
        self.quote(there=MID + FAR)
        return {number: asked.message for number, asked in self.asked().items()}


def test_what_is_dear_is_sold_and_what_is_cheap_bought_of_one_quantity():
    pair = Pair()
    signals = pair.enter()
    assert (signals[BTC].side, signals[OTHER_BTC].side) == (Side.BUY, Side.SELL)
    assert signals[BTC].qty_lots == signals[OTHER_BTC].qty_lots
    # 500 at the buy's worst price, two basis points through the ask
    assert signals[BTC].price_ticks == round((MID + 100) * 1.0002)
    assert signals[BTC].qty_lots == int(500 / ((MID + FAR - 100) / 100 * 0.9998) * 1e5)


def test_it_waits_until_it_knows_what_is_usual():
    pair = Pair(half_life_ms=60_000)
    assert not pair.enter()


def test_a_spread_that_stays_becomes_usual():
    pair = Pair()
    pair.ctx.stream_states["exec", ORDERS] = pair.ctx.stream_states["exec2", OTHER_ORDERS] = 0
    for _ in range(100):
        pair.quote(there=MID + FAR)
        pair.pass_ms(100)
    pair.ctx.stream_states.clear()
    assert not pair.enter()


def test_both_legs_are_closed_when_the_spread_is_usual_again():
    pair = Pair()
    pair.enter()
    pair.settle(BTC)
    pair.settle(OTHER_BTC)
    bought, sold = pair.held
    assert bought == -sold > 0
    pair.pass_ms(1_000)
    pair.quote(there=MID + 300)
    signals = {number: asked.message for number, asked in pair.asked().items()}
    assert (signals[BTC].side, signals[BTC].qty_lots) == (Side.SELL, bought)
    assert (signals[OTHER_BTC].side, signals[OTHER_BTC].qty_lots) == (Side.BUY, bought)
    pair.settle(BTC)
    pair.settle(OTHER_BTC)
    assert pair.held == (0, 0)


def test_what_is_held_stays_within_its_maximum():
    pair = Pair(half_life_ms=100_000_000, position_notional_max=1_100.0, cooldown_ms=0)
    pair.agent._runners["test"].strategy._began_ns -= 200_000_000 * MS
    for _ in range(5):
        if pair.enter():
            pair.settle(BTC)
            pair.settle(OTHER_BTC)
    assert 1_000 <= pair.held[0] * MID / 1e7 <= 1_100


def test_spot_is_not_sold_short():
    pair = Pair()
    pair.quote(here=MID + FAR)
    assert not pair.asked()


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_a_leg_that_does_not_fill_has_the_other_unwound(share):
    pair = Pair()
    pair.enter()
    pair.settle(OTHER_BTC, share)
    bought = pair.settle(BTC).qty_lots
    pair.pass_ms(100)
    [asked] = pair.asked().values()
    signal = asked.message
    assert (signal.instrument_id, signal.side, signal.reason) == (BTC, Side.SELL, "leg failed: unwind")
    assert signal.qty_lots == bought - int(bought * share)
    pair.settle(BTC)
    assert sum(pair.held) == 0


def test_a_leg_that_does_not_fill_is_hedged_as_often_as_is_allowed_and_then_unwound():
    pair = Pair(on_leg_failure="hedge", hedge_tries=2)
    pair.enter()
    pair.settle(OTHER_BTC, 0.0)
    pair.settle(BTC)
    for number in (1, 2):
        assert pair.settle(OTHER_BTC, 0.0).reason == f"leg failed: hedge, try {number} of 2"
        pair.pass_ms(500)
    assert pair.settle(BTC).reason == "leg failed: unwind"
    assert pair.held == (0, 0)


def test_a_leg_that_is_not_answered_has_the_other_unwound_after_its_time_and_itself_when_it_was_late():
    pair = Pair()
    pair.enter()
    sold = pair.begin(OTHER_BTC, "late")
    pair.settle(BTC)
    pair.pass_ms(300)
    assert not pair.asked()
    pair.pass_ms(300)
    assert pair.settle(BTC).reason == "leg failed: unwind"
    assert pair.held == (0, 0)
    pair.fill(OTHER_BTC, "late", sold)
    assert pair.held == (0, -sold.qty_lots)
    pair.pass_ms(600)
    signal = pair.settle(OTHER_BTC)
    assert (signal.side, signal.reason) == (Side.BUY, "leg failed: unwind")
    assert pair.held == (0, 0)


def test_nothing_is_entered_while_a_leg_is_open():
    pair = Pair()
    pair.enter()
    pair.begin(OTHER_BTC, "late")
    pair.settle(BTC)
    pair.pass_ms(300)
    pair.quote(there=MID + 2 * FAR)
    assert not pair.asked()


def test_a_leg_that_risk_never_heard_of_has_the_other_unwound():
    pair = Pair()
    pair.enter()
    pair.ctx.finish(pair.agent, pair.asked()[OTHER_BTC], None, Outcome.NOT_SENT)
    pair.settle(BTC)
    pair.pass_ms(100)
    assert pair.settle(BTC).reason == "leg failed: unwind"


@pytest.mark.parametrize(
    ("instruments", "params", "words"),
    [
        (BOTH[:1], {}, "a spread is of two of one coin"),
        (("paper:BTCUSDT", "ETHUSDT"), {}, "paper:BTCUSDT of BTC, ETHUSDT of ETH"),
        (BOTH, {"exit_bps": 5.0}, r"exit_bps must be below entry_bps 5\.0"),
        (BOTH, {"on_leg_failure": "hope"}, "on_leg_failure"),
    ],
)
def test_what_is_no_spread_is_refused(instruments, params, words):
    with pytest.raises(ConfigError, match=words):
        build("signal", two_venues(strategy("test", PATH, instruments, **params)))

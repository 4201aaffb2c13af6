"""A signal agent whose strategies trade on two accounts, at venues that name one instrument alike."""

from decimal import Decimal

import msgspec
import pytest

from agents.signal.agent import build
from schemas.config import ExecutionConfig, MarketDataConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.messages import CancelOrder, Reconciled
from schemas.orders import OrderStatus, Reason, Side
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.signal.signal_desk import RECORDER, Desk
from tests.unit.agents.trading_desk import BTC, ORDERS, book, config, filled, initialized, strategy, trade, updated

OTHER_BTC = 11
OTHER_ORDERS = stream_id(Kind.ORDER, 2, 0)
BOTH = ("paper:BTCUSDT", "other:BTCUSDT")


def two_venues(*strategies, contracts=False):
    """Return the desk of one venue with a second one beside it, of contracts if it is to be."""
    one = config(strategies=strategies)
    category = "linear" if contracts else ""
    btc = msgspec.structs.replace(one.instruments[0], id=OTHER_BTC, venue="other", category=category)
    agents = dict(one.agents)
    agents["md2"] = MarketDataConfig(id=11, venue="other", instruments=("BTCUSDT",))
    agents["exec2"] = ExecutionConfig(id=12, venue="other")
    agents["signal"] = msgspec.structs.replace(agents["signal"], market_data=("md", "md2"))
    agents["risk"] = msgspec.structs.replace(agents["risk"], market_data=("md", "md2"), execution=("exec", "exec2"))
    return msgspec.structs.replace(
        one,
        venues=(*one.venues, VenueConfig(id=2, name="other", kind="bybit")),
        instruments=(*one.instruments, btc),
        agents=agents,
    )


class TwoVenues(Desk):
    """A desk of one strategy on the BTCUSDT of both venues."""

    def __init__(self, *strategies):
        self.agent = build("signal", two_venues(*(strategies or (strategy("test", RECORDER, BOTH),))))
        self.ctx = self.context()
        self.agent.bind(self.ctx)
        self.agent.start()
        here, there = self.strategy().market.instruments
        self.here, self.there = here, there

    @staticmethod
    def context():
        """Return the context of an agent that was never started before."""
        return FakeContext("signal", sender=2)

    def at_other(self, message, kind):
        """Deliver a message of the second venue's market."""
        self.ctx.deliver(self.agent, "md2", stream_id(kind, 2, OTHER_BTC), message)

    def other_event(self, message):
        """Deliver an event of the second venue's account."""
        self.ctx.deliver(self.agent, "exec2", OTHER_ORDERS, message)


def test_a_name_of_two_venues_must_say_which():
    with pytest.raises(ConfigError, match=r"'BTCUSDT' is of several venues: say paper:BTCUSDT or other:BTCUSDT"):
        build("signal", two_venues(strategy("test", RECORDER)))


def test_both_accounts_are_followed_from_the_first_event():
    followed = {(s.publisher, s.stream) for s in TwoVenues().agent.subscriptions()}
    assert {("exec", ORDERS), ("exec2", OTHER_ORDERS)} <= followed


def test_positions_orders_and_balances_are_of_the_account_that_has_them():
    desk = TwoVenues()
    ctx = desk.strategy().ctx
    desk.event(initialized("a"))
    desk.event(filled("a", 1, 10_000))
    desk.other_event(initialized("b", side=Side.SELL, instrument=OTHER_BTC))
    desk.other_event(updated("b", OrderStatus.NEW, instrument=OTHER_BTC))
    desk.event(Reconciled(0, 0, 0, balances={"USDT": "5", "BTC": "0.1"}))
    desk.other_event(Reconciled(0, 0, 0, balances={"USDT": "7"}))
    assert (ctx.position(desk.here), ctx.position(desk.there)) == (10_000, 0)
    assert (ctx.account_position(desk.here), ctx.account_position(desk.there)) == (10_000, 0)
    assert [order.client_order_id for order in ctx.open_orders(desk.there)] == ["b"]
    assert not ctx.idle(desk.there)
    assert ctx.balances() == {"USDT": Decimal(12), "BTC": Decimal("0.1")}
    assert ctx.balances("other") == {"USDT": Decimal(7)}
    assert desk.agent.figures().strategies["test"].positions == {"paper:BTCUSDT": "0.1", "other:BTCUSDT": "0"}
    assert ctx.cancel("b") is Reason.NONE
    assert desk.ctx.requests[-1].message == CancelOrder("b", int(Reason.CANCELED_BY_STRATEGY))


def test_an_account_that_is_away_stops_only_what_is_asked_of_it():
    desk = TwoVenues()
    ctx = desk.strategy().ctx
    desk.book()
    desk.trade()
    desk.at_other(book(desk.ctx), Kind.BOOK)
    desk.at_other(trade(desk.ctx), Kind.TRADE)
    desk.ctx.stream_states["exec2", OTHER_ORDERS] = StreamState.DOWN
    assert ctx.buy(desk.here, 1_000, 6_000_000)
    assert not ctx.sell(desk.there, 1_000, 6_000_000)
    assert ctx.refusal is Reason.EXECUTION_UNAVAILABLE
    [signal] = desk.signals()
    assert signal.instrument_id == BTC


def test_a_strategy_begins_when_all_of_its_accounts_are_known_and_not_later():
    alone, both = strategy("alone", RECORDER, ("paper:BTCUSDT",)), strategy("test", RECORDER, BOTH)
    agent = build("signal", two_venues(alone, both))
    ctx = TwoVenues.context()
    ctx.stream_states["exec2", OTHER_ORDERS] = StreamState.SYNCING
    agent.bind(ctx)
    agent.start()
    assert [runner.started for runner in agent._runners.values()] == [True, False]
    ctx.stream_states["exec2", OTHER_ORDERS] = StreamState.LIVE
    agent.on_stream_state("exec2", OTHER_ORDERS, StreamState.LIVE)
    assert [runner.started for runner in agent._runners.values()] == [True, True]

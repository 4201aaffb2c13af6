"""Connections of a recorder: opened, replaced before their end, and what of two of them is recorded."""

from agents.instruments import InstrumentTable
from agents.market_data.subscriptions import Subscriptions
from agents.recorder.connections import LIFE, WINDOW, RecordedConnections
from agents.venues.adapters import ADAPTERS
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.market_data.market_data_desk import config, depth, trade

LIFE_MS = 10_000


class Line:
    """One line of a venue on a fake context, its connection up."""

    def __init__(self, life_ms=LIFE_MS):
        table = InstrumentTable(config(feeds=("trade", "depth@100ms")))
        self.feeds = ADAPTERS["binance_spot"].feeds(table.venues["b"], table.at_venue("b"))
        self.ctx = FakeContext()
        self.connections = RecordedConnections(self.feeds, Subscriptions(self.feeds), life_ms)
        self.connections.begin(self.ctx)
        self.line = self.connections.lines["market"]
        self.up("market")

    def up(self, connection, up=True):
        return self.connections.on_socket(connection, up)

    def frame(self, connection, frame):
        return self.connections.on_frame(self.line, connection, self.feeds.channel(frame), frame)

    def fire(self, name):
        del self.ctx.timers[name]
        return self.connections.on_timer(name)

    def two(self):
        self.fire(LIFE + "market")
        assert list(self.ctx.opened) == ["market", "market+"]
        self.up("market+")
        return self


def test_one_connection_has_no_takeovers():
    desk = Line()
    assert not desk.line.takeovers
    assert desk.line.is_up
    assert desk.frame("market", trade()) == [trade()]


def test_a_venue_that_ends_no_connection_has_no_second_one():
    assert not Line(life_ms=0).ctx.timers


def test_streams_go_over_when_all_are_proven():
    desk = Line().two()
    assert desk.frame("market", trade(1)) == [trade(1)]
    assert desk.frame("market+", trade(1)) == []
    assert desk.frame("market+", trade(2)) == []
    assert desk.line.current == "market"
    assert desk.frame("market+", depth(1, 3)) == []
    assert desk.frame("market+", depth(4, 6)) == []
    assert desk.frame("market", depth(1, 3)) == [depth(1, 3), trade(2), depth(4, 6)]
    assert (desk.line.current, desk.line.spare, desk.line.takeovers) == ("market+", "", {})
    assert list(desk.ctx.opened) == ["market+"]
    assert desk.ctx.counters == {"connections_replaced": 1, "frames_doubled": 2}


def test_a_new_connection_that_is_behind_is_recorded_from_where_the_old_one_was():
    desk = Line().two()
    for number in (1, 2, 3):
        desk.frame("market", trade(number))
    desk.frame("market+", trade(1))
    desk.frame("market", depth(1, 3))
    desk.frame("market+", depth(1, 3))
    assert desk.line.current == "market+"
    assert list(desk.line.takeovers) == [desk.feeds.channel(trade()).stream]
    assert [desk.frame("market+", trade(number)) for number in (2, 3, 4)] == [[], [], [trade(4)]]
    assert not desk.line.takeovers


def test_the_second_one_goes_on_if_the_first_is_lost():
    desk = Line().two()
    desk.frame("market", trade(1))
    desk.frame("market+", trade(2))
    assert desk.up("market", False) == [trade(2)]
    assert desk.line.current == "market+"
    assert desk.line.is_up
    assert desk.ctx.counters["handovers_unproven"] == 2


def test_the_first_one_goes_on_if_the_second_is_lost():
    desk = Line().two()
    desk.frame("market", trade(1))
    desk.frame("market+", trade(1))
    desk.frame("market+", trade(2))
    assert desk.up("market+", False) == []
    assert desk.line.current == "market"
    assert desk.frame("market", trade(2)) == [trade(2)]


def test_what_is_never_proven_goes_over_when_the_time_is_over_unless_the_second_is_deaf():
    desk = Line().two()
    desk.frame("market", trade(1))
    assert desk.fire(WINDOW + "market") == []
    assert desk.line.current == "market"
    desk.frame("market+", trade(3))
    assert desk.fire(WINDOW + "market") == [trade(3)]
    assert desk.line.current == "market+"


def test_an_announced_end_has_another_one_opened_at_once():
    desk = Line(life_ms=0)
    desk.connections.on_announced("market")
    assert list(desk.ctx.opened) == ["market", "market+"]
    desk.up("market+")
    desk.connections.on_announced("market+")
    desk.up("market", False)
    assert list(desk.ctx.opened) == ["market+", "market"]
    assert desk.line.current == "market+"

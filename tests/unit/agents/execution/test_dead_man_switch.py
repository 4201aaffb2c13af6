"""The venue's dead man's switch: told again and again by an execution that lives, and said to be armed only if it is."""

import pytest

from agents.execution.dead_man_switch import DEAD_MAN, DeadManSwitch
from agents.execution.venue_calls import VenueCalls
from agents.instruments import InstrumentTable
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, Verdict
from mesh.context import VenueCall
from tests.unit.agents.execution.execution_desk import MS, SECOND, Desk, config
from tests.unit.agents.fake_context import FakeContext


class Account(TradingAccount):
    """An account at a venue that may have a switch; a reply's status 200 proves that it was told."""

    def __init__(self, *, has_dead_man_switch=True, weight_per_minute_max=1_000):
        super().__init__(
            private_url="",
            settle_ns=0,
            query_lag_ns=0,
            pass_weight=1,
            weight_per_minute_max=weight_per_minute_max,
            has_dead_man_switch=has_dead_man_switch,
        )

    def dead_man_switch(self, info, timeout_ms):
        return VenueCall("POST", "/countdown", {"symbol": info.symbol, "ms": str(timeout_ms)})

    def proof(self, reply):
        if reply.status == 429:
            return Verdict(CallResult.REFUSED, text="too many", retry_after_ns=30 * SECOND)
        return Verdict(CallResult.ACCEPTED) if reply.status == 200 else Verdict(CallResult.UNKNOWN, text="lost")


class Armed:
    """A switch that is told, and what the venue is told."""

    def __init__(self, account=None, timeout_ms=9_000):
        self.ctx = FakeContext()
        account = account or Account()
        self.calls = VenueCalls(account, 0.0)
        self.calls.ctx, self.calls.watch = self.ctx, self
        instruments = list(InstrumentTable(config()).by_id.values())
        self.switch = DeadManSwitch(account, instruments, self.calls, timeout_ms)
        self.switch.bind(self.ctx)
        self.switch.tell()

    def judged(self, verdict):
        return verdict

    def on_timer(self, name):
        assert name == DEAD_MAN
        self.switch.tell()

    def handlers(self):
        return self

    def venue_reply(self, reply):
        self.calls.hand_over(reply, self.calls.ended(reply))

    def answer(self, status=200):
        told = list(self.ctx.calls)
        for number in told:
            self.ctx.respond(self, number, status=status)
        return len(told)

    def pass_time(self, duration_ns):
        self.ctx.advance(self, duration_ns)


def test_the_venue_is_told_three_times_within_the_time():
    armed = Armed()
    assert [call.params for call in armed.ctx.calls.values()] == [{"symbol": "BTCUSDT", "ms": "9000"}]
    assert armed.switch.state() == "not armed: the venue was not told yet"
    told = armed.answer()
    assert armed.switch.state() == "armed 9 s"
    for _ in range(6):
        armed.pass_time(1500 * MS)
        told += armed.answer()
    assert told == 4


def test_a_switch_whose_time_ran_out_is_not_said_to_be_armed():
    armed = Armed()
    armed.answer()
    for _ in range(3):
        armed.pass_time(3 * SECOND)
        armed.answer(500)
    assert armed.switch.state() == "not armed: lost"
    assert armed.ctx.counters["dead_man_not_told"] == 3
    armed.pass_time(3 * SECOND)
    armed.answer()
    assert armed.switch.state() == "armed 9 s"


def test_a_venue_that_asks_to_wait_is_not_told_meanwhile():
    armed = Armed()
    armed.answer(429)
    armed.pass_time(27 * SECOND)
    assert not armed.ctx.calls
    armed.pass_time(3 * SECOND)
    assert armed.answer() == 1


@pytest.mark.parametrize(
    ("account", "timeout_ms", "state"),
    [(Account(has_dead_man_switch=False), 9_000, "the venue has none"), (Account(), 0, "off")],
)
def test_what_cannot_or_shall_not_be_armed_is_told(account, timeout_ms, state):
    armed = Armed(account, timeout_ms)
    assert not armed.ctx.calls
    assert not armed.ctx.timers
    assert armed.switch.state() == state


def test_execution_says_whether_its_venue_has_one():
    assert Desk().agent.figures().dead_man_switch == "the venue has none"


def test_a_switch_that_takes_too_much_of_the_venues_weight_is_told_less_often():
    # One instrument, three tells in the time, a sixth of ten in a minute: 108 s.
    armed = Armed(Account(weight_per_minute_max=10))
    ((_, call),) = armed.ctx.calls.items()
    assert call.params["ms"] == "108000"
    assert armed.ctx.timers[DEAD_MAN] - armed.ctx.now_ns == 36 * SECOND
    assert Armed(Account(weight_per_minute_max=10), timeout_ms=0).ctx.calls == {}

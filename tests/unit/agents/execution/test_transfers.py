"""Transfers that a venue lists: each is told once, from the first agreement on, also over a restart."""

import pytest

from agents.execution.listed_once import EXPECTED_NS, LATE_NS
from agents.execution.transfers import TransferBook
from agents.venues.reports import BalancesChanged, StreamEnded, TransferDue, TransferReport
from mesh.context import VenueCall
from schemas.errors import VenueError
from schemas.messages import Reconciled, Transfer
from schemas.streams import Kind, stream_id
from tests.unit.agents.fake_context import FakeContext

STREAM = stream_id(Kind.ORDER, 1, 0)
T0 = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
E8 = 10**8


class Lister:
    """Notes what is asked for."""

    def transfer_calls(self, since_ns, now_ns):
        self.asked = (since_ns, now_ns)
        return [VenueCall("GET", "/bills", {}, True, 1_000)]


def book(*log, wall_ns=T0):
    made = TransferBook(STREAM, Lister())
    made.ctx = ctx = FakeContext("execution")
    ctx.wall_ns = wall_ns
    made.bind(ctx)
    for message in log:
        made.restore(message)
    return made


def deposit(number, at_ns=T0 + SECOND, amount_e8=E8):
    return TransferReport("USDT", amount_e8, at_ns, str(number))


def told(made):
    return [(each.transfer_id, each.amount) for each in made.ctx.messages(STREAM)]


def test_nothing_is_asked_before_the_account_has_agreed():
    made = book()
    assert not made.calls()
    made.agreed(made.ctx.wall_ns)
    assert made.calls()
    assert made._account.asked == (T0, T0)


def test_each_is_told_once_the_oldest_first_and_none_from_before():
    made = book()
    made.agreed(made.ctx.wall_ns)
    made.calls()
    made.take([deposit(3, T0 + 3), deposit(2, T0 + 2, -E8 // 2), deposit(1, T0 - 1)])
    made.take([deposit(3, T0 + 3), deposit(2, T0 + 2, -E8 // 2)])
    assert told(made) == [("2", "-0.5"), ("3", "1")]


def test_a_restart_asks_for_what_came_meanwhile_and_tells_nothing_twice():
    first = Reconciled(0, 0, T0, ts_ns=T0)
    known = Transfer("USDT", "1", T0 + SECOND, T0 + SECOND, transfer_id="7")
    made = book(first, known, wall_ns=T0 + 2 * LATE_NS)
    made.calls()
    assert made._account.asked == (T0, T0 + 2 * LATE_NS)
    made.take([deposit(7), deposit(8, T0 + LATE_NS)])
    assert told(made) == [("8", "1")]
    made.calls()
    assert made._account.asked[0] == T0 + LATE_NS


def test_logs_of_before_count_from_the_next_agreement():
    made = book(Reconciled(0, 0, T0), wall_ns=T0 + SECOND)
    assert not made.calls()
    made.agreed(made.ctx.wall_ns)
    made.take([deposit(1, T0)])
    assert told(made) == []


def test_what_the_venue_says_that_there_is_is_looked_for_until_it_is_found():
    made = book()
    made.agreed(made.ctx.wall_ns)
    assert made.on_event(TransferDue("transferred"))
    assert made.looks_again
    made.take([deposit(1)])
    assert not made.looks_again
    made.on_event(TransferDue("transferred"))
    made.ctx.now_ns += EXPECTED_NS
    assert not made.looks_again


def test_what_the_private_stream_tells_whole_is_told_at_once():
    made = book()
    assert made.on_event(TransferReport("BTC", -E8, T0))
    assert made.on_event(BalancesChanged("externalLockUpdate"))
    assert not made.on_event(StreamEnded("over"))
    assert told(made) == [("", "-1")]


def test_an_id_that_no_message_can_tell_is_refused():
    with pytest.raises(VenueError, match="no id of a transfer"):
        TransferReport("BTC", 1, T0, "1" * 1000)

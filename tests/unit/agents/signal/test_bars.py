"""Bars: closed by a later trade or by time, on the venue's clock."""

from agents.signal.bars import GRACE_NS, Bar, BarBuilder
from schemas.messages import Trade

S = 1_000_000_000
VENUE = 1_700_000_000 * S


def at(offset_ms, price, qty=1):
    return Trade(VENUE + offset_ms * 1_000_000, 0, price, qty, 1, "1")


def test_bar_holds_open_high_low_close_and_volume():
    bars = BarBuilder(1000)
    for offset, price, qty in ((0, 10, 1), (300, 14, 2), (600, 8, 3), (999, 11, 4)):
        assert bars.add(at(offset, price, qty), 0) is None
    assert bars.add(at(1000, 99), 0) == Bar(VENUE, S, 10, 14, 8, 11, 10, 4)


def test_bar_does_not_contain_the_trade_that_closed_it():
    bars = BarBuilder(1000)
    bars.add(at(0, 10), 0)
    bars.add(at(5000, 50), 0)
    assert bars.add(at(6000, 1), 0) == Bar(VENUE + 5 * S, S, 50, 50, 50, 50, 1, 1)


def test_bar_is_closed_by_time_when_the_venues_clock_had_run_out_and_a_grace():
    bars = BarBuilder(1000)
    bars.add(at(400, 10), 7 * S)
    due = 7 * S + 600_000_000 + GRACE_NS
    assert bars.due_ns == due
    assert bars.close_due(due - 1) is None
    assert bars.close_due(due) == Bar(VENUE, S, 10, 10, 10, 10, 1, 1)
    assert bars.close_due(due) is None
    assert bars.due_ns == 0


def test_trade_of_a_closed_bar_is_late_and_not_added():
    bars = BarBuilder(1000)
    bars.add(at(0, 10), 0)
    assert bars.close_due(2 * S) is not None
    assert bars.add(at(900, 77), 2 * S) is None
    bars.add(at(1100, 20), 2 * S)
    assert bars.add(at(800, 77), 2 * S) is None
    assert bars.late == 2
    assert bars.add(at(2000, 1), 2 * S).high_ticks == 20


def test_interval_without_trades_makes_no_bar():
    bars = BarBuilder(1000)
    bars.add(at(0, 10), 0)
    assert bars.close_due(100 * S).start_ns == VENUE
    assert bars.add(at(60_000, 10), 100 * S) is None

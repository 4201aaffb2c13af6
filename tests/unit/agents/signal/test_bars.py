"""Bars: closed by a later trade or by time, on the venue's clock; intervals without a trade; bars that are not whole."""

import gzip

import msgspec

from agents.signal.bars import EMPTY_MAX, GRACE_NS, Bar, BarBuilder
from core.decimals import Scale
from schemas.messages import Trade

S = 1_000_000_000
MS = 1_000_000
VENUE = 1_700_000_000 * S
TICK, LOT = Scale("0.01"), Scale("0.000001")


def at(offset_ms, price, qty=1):
    return Trade(VENUE + offset_ms * MS, 0, price, qty, 1, "1")


def whole(bar_ms=1000):
    """A builder that has seen the end of the bar before VENUE, with a close of 5."""
    bars = BarBuilder(bar_ms)
    bars.add(at(-1, 5), 0)
    return bars


def test_bar_holds_open_high_low_close_and_volume():
    bars = whole()
    bars.add(at(0, 10, 1), 0)
    for offset, price, qty in ((300, 14, 2), (600, 8, 3), (999, 11, 4)):
        assert bars.add(at(offset, price, qty), 0) is None
    assert bars.add(at(1000, 99), 0) == [Bar(VENUE, S, 10, 14, 8, 11, 10, 4)]


def test_bar_does_not_contain_the_trade_that_closed_it():
    bars = whole()
    bars.add(at(5000, 50), 0)
    assert bars.add(at(6000, 1), 0) == [Bar(VENUE + 5 * S, S, 50, 50, 50, 50, 1, 1)]


def test_bar_that_was_joined_in_the_middle_is_partial_and_the_next_one_is_not():
    bars = BarBuilder(1000)
    assert bars.add(at(400, 10), 0) is None
    assert bars.add(at(1000, 20), 0) == [Bar(VENUE, S, 10, 10, 10, 10, 1, 1, True)]
    assert bars.add(at(2000, 30), 0) == [Bar(VENUE + S, S, 20, 20, 20, 20, 1, 1)]


def test_bars_around_an_interruption_are_partial_and_those_within_are_not_made():
    bars = whole()
    bars.add(at(0, 10), 0)
    bars.interrupt()
    assert [bar.partial for bar in bars.add(at(3500, 20), 0)] == [True]
    assert bars.add(at(4000, 30), 0) == [Bar(VENUE + 3 * S, S, 20, 20, 20, 20, 1, 1, True)]
    assert [bar.partial for bar in bars.add(at(5000, 30), 0)] == [False]


def test_interruption_within_a_bar_makes_it_alone_partial():
    bars = whole()
    bars.add(at(0, 10), 0)
    bars.interrupt()
    bars.add(at(900, 10), 0)
    assert [bar.partial for bar in bars.add(at(1000, 20), 0)] == [True]
    assert [bar.partial for bar in bars.add(at(2000, 20), 0)] == [False]


def test_bar_is_closed_by_time_when_the_venues_clock_had_run_out_and_a_grace():
    bars = whole()
    bars.add(at(400, 10), 7 * S)
    due = 7 * S + 600 * MS + GRACE_NS
    assert bars.due_ns == due
    assert bars.close_due(due - 1, 0) is None
    assert bars.close_due(due, 0) == Bar(VENUE, S, 10, 10, 10, 10, 1, 1)
    assert bars.close_due(due, 0) is None
    assert bars.due_ns == due + S


def test_trade_of_a_closed_bar_is_late_and_not_added():
    bars = whole()
    bars.add(at(0, 10), 0)
    assert bars.close_due(2 * S, 0) is not None
    assert bars.add(at(900, 77), 2 * S) is None
    bars.add(at(1100, 20), 2 * S)
    assert bars.add(at(800, 77), 2 * S) is None
    assert bars.late == 2
    assert bars.add(at(2000, 1), 2 * S)[0].high_ticks == 20


def test_interval_without_trades_is_a_bar_of_the_close_before_it():
    bars = whole()
    bars.add(at(0, 10, 7), 0)
    bars.add(at(100, 12, 7), 0)
    empty = [Bar(VENUE + n * S, S, 12, 12, 12, 12, 0, 0) for n in (1, 2)]
    assert bars.add(at(3000, 10), 0) == [Bar(VENUE, S, 10, 12, 10, 12, 14, 2), *empty]


def test_interval_without_trades_ends_by_time_if_the_market_has_carried_something_newer():
    bars = whole()
    bars.add(at(0, 10), 0)
    assert bars.close_due(S + GRACE_NS, 0).trades == 1
    due = 2 * S + GRACE_NS
    assert bars.close_due(due, 2 * S - 1) is None
    assert bars.close_due(due + GRACE_NS, 2 * S) == Bar(VENUE + S, S, 10, 10, 10, 10, 0, 0)
    assert bars.due_ns == 3 * S + GRACE_NS
    bars.interrupt()
    assert bars.close_due(3 * S + GRACE_NS, 3 * S) is not None
    assert bars.due_ns == 0


def test_bars_without_trades_are_bounded():
    bars = whole()
    bars.add(at(0, 10), 0)
    assert len(bars.add(at(10_000 * 1000, 10), 0)) == 1 + EMPTY_MAX


def recorded_trades(path):
    with gzip.open(path, "rb") as file:
        for line in file:
            frame = msgspec.json.decode(line.split(b" ", 1)[1])
            if frame.get("stream", "").endswith("@trade"):
                data = frame["data"]
                yield data["T"], TICK.parse(data["p"]), LOT.parse(data["q"])


def klines_of(trades, bar_ms):
    """What the venue's klines are: rows of (open time, open, high, low, close, volume, trades) by plain grouping."""
    groups = {}
    for time_ms, price, qty in trades:
        groups.setdefault(time_ms // bar_ms, []).append((price, qty))
    close, rows = 0, []
    for number in range(min(groups), max(groups) + 1):
        own = groups.get(number, [])
        prices = [price for price, _ in own] or [close]
        close = prices[-1]
        rows.append((number * bar_ms, prices[0], max(prices), min(prices), close, sum(q for _, q in own), len(own)))
    return rows


def test_bars_of_a_recorded_market_are_the_klines_of_its_trades(data_dir):
    trades = list(recorded_trades(data_dir / "raw" / "binance-spot" / "hftbacktest" / "btcusdt_20240809.gz"))
    for bar_ms in (500, 1_000, 60_000):
        builder, bars = BarBuilder(bar_ms), []
        for time_ms, price, qty in trades:
            bars += builder.add(Trade(time_ms * MS, 0, price, qty, 1, "1"), 0) or ()
        expected = klines_of(trades, bar_ms)
        assert any(row[-1] == 0 for row in expected) or bar_ms > 1_000
        assert bars[0].partial
        made = [
            (b.start_ns // MS, b.open_ticks, b.high_ticks, b.low_ticks, b.close_ticks, b.volume_lots, b.trades)
            for b in bars
        ]
        # The last group is under way.
        assert made[1:] == expected[1:-1]

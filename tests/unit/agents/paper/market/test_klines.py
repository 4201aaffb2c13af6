"""Bars of the paper venue: equal to a plain group-by of its trades, and flat where there was none."""

import random

from agents.paper.binance.catalog import kline
from agents.paper.market.klines import SILENT_BARS_MAX, KlineTape
from agents.paper.money import E8


def rows(tape, interval_ms, *limits):
    """Return bars as an endpoint tells them."""
    return [kline(bar, interval_ms) for bar in tape.bars(interval_ms, *limits)]


def test_bars_are_what_a_plain_group_by_of_the_trades_gives():
    chance, tape, trades, time_ms = random.Random(3), KlineTape(), [], 1_700_000_000_123
    for _ in range(3_000):
        time_ms += chance.choice((0, 3, 250, 900, 4_000, 61_000))
        trade = (time_ms, chance.randrange(1, 500) * E8, chance.randrange(1, 50) * E8, chance.random() < 0.5)
        trades.append(trade)
        tape.add(*trade[:3], buyer_maker=trade[3])
    now_ms = time_ms + 130_000
    for interval_ms in (1_000, 60_000, 300_000):
        found = rows(tape, interval_ms, now_ms, 0, None, 10**9)
        first = trades[0][0] // interval_ms
        assert [row[0] // interval_ms for row in found] == list(range(first, now_ms // interval_ms + 1))
        close = ""
        grouped = {}
        for trade in trades:
            grouped.setdefault(trade[0] // interval_ms, []).append(trade)
        for row in found:
            inside = grouped.get(row[0] // interval_ms, [])
            if not inside:
                assert (row[1:6], row[8]) == ([close] * 4 + ["0.00000000"], 0)
                continue
            prices = [price / E8 for _, price, _, _ in inside]
            assert [float(text) for text in row[1:5]] == [prices[0], max(prices), min(prices), prices[-1]]
            assert float(row[5]) == sum(qty for _, _, qty, _ in inside) / E8
            assert float(row[7]) == sum(price * qty for _, price, qty, _ in inside) / E8 / E8
            assert float(row[9]) == sum(qty for _, _, qty, maker in inside if not maker) / E8
            assert row[8] == len(inside)
            close = row[4]
        assert [tape.bar(interval_ms, row[0]) for row in found[-100:]] == tape.bars(
            interval_ms, now_ms, None, None, 100
        )


def test_times_and_limit_choose_as_at_the_venue():
    tape = KlineTape()
    for second in range(10):
        tape.add(second * 1_000, E8, E8, buyer_maker=False)

    def opens(*asked):
        return [row[0] for row in rows(tape, 1_000, 9_500, *asked)]

    assert opens(None, None, 3) == [7_000, 8_000, 9_000]
    assert opens(2_000, None, 3) == [2_000, 3_000, 4_000]
    assert opens(None, 4_999, 2) == [3_000, 4_000]
    assert opens(8_000, 8_999, 5) == [8_000]


def test_before_any_trade_there_are_no_bars():
    assert KlineTape().bars(60_000, 10**12, None, None, 500) == []
    assert KlineTape().bar(60_000, 0) is None


def test_a_bar_knows_its_trades_and_those_without_any_have_none():
    tape = KlineTape()
    for number, time_ms in enumerate((1_000, 1_900, 2_500, 61_000), 7):
        tape.add(time_ms, E8, E8, buyer_maker=False, ids=(number, number))
    bar, flat = tape.bar(60_000, 0), tape.bar(60_000, 120_000)
    assert (bar.first_id, bar.last_id, bar.last_ms, bar.trades) == (7, 9, 2_500, 3)
    assert (flat.first_id, flat.last_id, flat.last_ms, flat.trades) == (-1, -1, 0, 0)


def test_a_silence_of_years_costs_no_more_than_its_last_bars():
    tape = KlineTape()
    tape.add(0, 2 * E8, E8, buyer_maker=False)
    tape.add(10**12, E8, E8, buyer_maker=False)
    bars = tape.bars(1_000, 10**12 + 999, None, None, 10**9)
    assert len(bars) == SILENT_BARS_MAX + 1
    assert [bar.open_ms for bar in bars[-2:]] == [10**12 - 1_000, 10**12]
    assert {bar.close for bar in bars[:-1]} == {2 * E8}

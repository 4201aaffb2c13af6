"""Two lives of an order: how far apart, what they waited, and what they are good for."""

import pytest

from agents.backtest.parity.order_pair import distance, gained_e16, pair_of, waited_ns
from agents.backtest.parity.run_orders import OrderLife, TradedPart
from tests.unit.agents.backtest.parity.lives import MS, SENT_NS, life, order

UNTIL_NS = SENT_NS + 100 * MS


@pytest.mark.parametrize(
    ("real", "simulated", "apart"),
    [
        ([], [], 0.0),
        ([(20, 10)], [(20, 10)], 0.0),
        ([(0, 10)], [], 1.0),  # all at once, and nothing
        ([(20, 10)], [], 0.8),
        ([(20, 10)], [(60, 10)], 0.4),  # 40 of 100 ms later
        ([(60, 10)], [(20, 10)], 0.4),  # or earlier
        ([(50, 5)], [(50, 10)], 0.25),  # half of it, for half of the time
        ([(20, 5), (60, 5)], [(40, 10)], 0.2),  # first 5 lots behind for 20 ms, then 5 ahead for 20
        ([(20, 10)], [(200, 10)], 0.8),  # what comes after the end does not count
    ],
)
def test_the_distance_is_the_area_between_what_was_filled_by_when(real, simulated, apart):
    assert distance(life(*real), life(*simulated), SENT_NS, UNTIL_NS, 10) == pytest.approx(apart)


def test_simulated_times_are_cut_as_the_venue_s_are():
    own = order(1, life((20, 10), accepted_ms=4))
    simulated = OrderLife(
        accepted_ns=SENT_NS + 4 * MS + 700_000,
        status="FILLED",
        parts=[TradedPart(SENT_NS + 20 * MS + 999_999, 100, 10, 0, "USDT", True)],
    )
    assert pair_of(own, simulated, UNTIL_NS, MS, 0).simulated.accepted_ns == own.life.accepted_ns
    assert pair_of(own, simulated, UNTIL_NS, MS, 0).distance == 0.0
    assert pair_of(own, simulated, UNTIL_NS, 1, 0).distance == pytest.approx(0.01, rel=1e-3)
    # A venue whose clock is 300 us ahead of ours cuts at other moments of ours.
    assert pair_of(own, simulated, UNTIL_NS, MS, 300_000).simulated.accepted_ns == own.life.accepted_ns + 700_000


def test_a_wait_is_never_below_nothing():
    assert waited_ns(order(1, life()), life()) is None
    assert waited_ns(order(1, life()), life((7, 1))) == 7 * MS
    assert waited_ns(order(1, life()), life((-1, 1))) == 0


@pytest.mark.parametrize(("side", "gained"), [(1, 5), (-1, -5)])
def test_what_fills_are_good_for_at_a_mark(side, gained):
    """Ten lots of 0.001 at 1.00, worth 501.00: 5.00, less a fee of 0.25."""
    found = gained_e16(order(1, life(), side=side), life((1, 10), fee_e8=25_000_000), 501 * 10**8)
    assert found == gained * 10**16 - 25 * 10**14


def test_a_worse_price_is_above_zero_on_both_sides():
    for side, ticks in ((1, 103), (-1, 97)):
        own = order(1, life((1, 10)), side=side)
        other = OrderLife(parts=[TradedPart(SENT_NS + MS, ticks, 10, 0, "USDT", True)])
        pair = pair_of(own, other, UNTIL_NS, MS, 0)
        assert pair.price_difference_ticks == 3
        assert pair.price_difference_bps == pytest.approx(300)
    assert pair_of(order(1, life()), other, UNTIL_NS, MS, 0).price_difference_ticks is None

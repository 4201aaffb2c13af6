"""Terms of orders: text and Decimal exactly or not at all, sizes in the quote currency, exits on the right side."""

from decimal import Decimal

import pytest

from agents.signal.order_terms import check_exits, lots_for, price_ticks, qty_lots
from schemas.errors import TermsError
from tests.unit.agents.signal.signal_desk import Desk


@pytest.fixture
def btc():
    """BTCUSDT: ticks of 0.01, lots of 0.00001."""
    return Desk().strategy().market.instruments[0]


@pytest.mark.parametrize(
    ("said", "ticks"),
    [
        ("60000", 6_000_000),
        ("60000.50", 6_000_050),
        (Decimal("60000.5"), 6_000_050),
        (Decimal("6E+4"), 6_000_000),
        (7, 7),
    ],
)
def test_prices_are_taken_exactly(btc, said, ticks):
    assert price_ticks(btc, said, 1) == ticks


@pytest.mark.parametrize(("said", "lots"), [("1.5", 150_000), (Decimal("0.00001"), 1), (12, 12)])
def test_quantities_are_taken_exactly(btc, said, lots):
    assert qty_lots(btc, said, 1) == lots


@pytest.mark.parametrize(
    ("said", "step", "message"),
    [
        ("60000.005", 1, "BTCUSDT: price 60000.005: not a whole number of steps of 0.01"),
        ("60000.05", 10, "BTCUSDT: price 60000.05: not a whole number of steps of 0.10"),
        (Decimal("NaN"), 1, "BTCUSDT: price NaN: not a whole number of steps of 0.01"),
        ("-1", 1, "BTCUSDT: price -1: not a whole number"),
        ("a lot", 1, "BTCUSDT: price a lot: not a whole number"),
        (60_000.5, 1, "BTCUSDT: price 60000.5: allowed are whole numbers of 0.01, text and Decimal"),
    ],
)
def test_what_is_not_a_step_is_refused_and_the_step_named(btc, said, step, message):
    with pytest.raises(TermsError, match=message):
        price_ticks(btc, said, step)


@pytest.mark.parametrize(
    ("said", "step", "lots"),
    # 250 / 60000.01 = 0.0041666659...
    [("250", 1, 416), (250, 1, 416), (Decimal("250"), 100, 400), ("0.5", 1, 0), ("60000.01", 1, 100_000)],
)
def test_a_size_buys_as_many_whole_steps_as_it_pays_for(btc, said, step, lots):
    assert lots_for(btc, said, 6_000_001, step) == lots


def test_a_size_needs_a_price(btc):
    with pytest.raises(TermsError, match="a price over 0 is needed"):
        lots_for(btc, "250", 0, 1)


@pytest.mark.parametrize(
    ("side", "profit", "stop", "message"),
    [
        (1, 99, 0, "take_profit 0.99 of a buy at 1.00: it must be above that"),
        (1, 0, 100, "stop 1.00 of a buy at 1.00: it must be below that"),
        (-1, 101, 0, "take_profit 1.01 of a sell at 1.00: it must be below that"),
        (-1, 0, 99, "stop 0.99 of a sell at 1.00: it must be above that"),
    ],
)
def test_exits_on_the_wrong_side_are_refused(btc, side, profit, stop, message):
    with pytest.raises(TermsError, match=message):
        check_exits(btc, side, 100, profit, stop)


def test_exits_on_the_right_side_pass(btc):
    check_exits(btc, 1, 100, 101, 99)
    check_exits(btc, -1, 100, 99, 101)
    check_exits(btc, 1, 100, 0, 0)

"""The ledger against two models that know nothing of it: a purse of cash and coins, and average cost in fractions."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from agents.instruments import InstrumentTable
from agents.state.positions import Ledger
from schemas.messages import E8
from tests.unit.agents.trading_desk import BTC, config, filled

INFO = InstrumentTable(config()).by_id[BTC]

FILLS = st.lists(
    st.tuples(
        st.sampled_from([1, -1]),
        st.integers(1, 10**9),
        st.integers(1, 10**8),
        st.integers(-(10**6), 10**8),
        st.sampled_from(["USDT", "BTC", "BNB"]),
    ),
    max_size=60,
)


def booked(fills):
    ledger = Ledger(INFO)
    for number, (side, qty, price, commission, asset) in enumerate(fills):
        ledger.apply(filled("a", number, qty, price, side, commission=commission, asset=asset))
    return ledger


@given(FILLS, st.integers(1, 10**16))
def test_profit_less_fees_is_what_a_purse_would_hold(fills, mark_px_e8):
    cash, coins = Fraction(0), Fraction(0)
    for side, qty, price, commission, asset in fills:
        coins += side * Fraction(qty, 100_000)
        cash -= side * Fraction(qty, 100_000) * Fraction(price, 100)
        cash -= Fraction(commission, E8) if asset == "USDT" else 0
        coins -= Fraction(commission, E8) if asset == "BTC" else 0
    ledger = booked(fills)
    profit = ledger.realised_e16 + ledger.unrealised_e17(mark_px_e8 * 10) // 10 - ledger.fees_e16
    assert Fraction(profit, E8 * E8) == cash + coins * Fraction(mark_px_e8, E8)
    assert Fraction(ledger.net_qty_e8, E8) == coins


@given(FILLS)
def test_realised_profit_is_that_of_average_cost_in_fractions(fills):
    held, average, realised = Fraction(0), Fraction(0), Fraction(0)
    for side, qty, price, commission, asset in fills:
        at = Fraction(price, 100)
        handed_over = -Fraction(commission, E8) if asset == "BTC" else Fraction(0)
        for change in (side * Fraction(qty, 100_000), handed_over):
            if held * change >= 0:
                average = (held * average + change * at) / (held + change) if held + change else Fraction(0)
            else:
                closed = min(abs(held), abs(change)) * (1 if held > 0 else -1)
                realised += closed * (at - average)
                average = at if abs(change) > abs(held) else average
            held += change
    ledger = booked(fills)
    # Each closing rounds its share of the cost down by less than 10**-16.
    assert abs(Fraction(ledger.realised_e16) - realised * E8 * E8) <= 2 * len(fills)


@given(FILLS)
def test_flat_ledger_holds_no_cost(fills):
    ledger = booked(fills)
    ledger.trade(-ledger.net_qty_e8, 123)
    assert (ledger.net_qty_e8, ledger.cost_e16) == (0, 0)

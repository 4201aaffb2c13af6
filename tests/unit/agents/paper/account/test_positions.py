"""Positions against margin: what they cost, realise and hold, by numbers worked out by hand, and by a naive account."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from agents.paper.account.balances import Balances
from agents.paper.account.positions import LEVERAGE, MarginedPosition
from agents.paper.money import E8, Listing
from agents.paper.orders import Fill, VenueOrder
from schemas.orders import Side
from tests.unit.agents.paper.model_kit import instrument

SWAP = Listing.of(
    instrument(1, "BTC-USDT-SWAP", "linear", tick_size="0.1", lot_size="0.01", contract_size="0.01"), margin=True
)
"""A lot is 0.0001 BTC: at 60,000 (600,000 ticks) it is worth 6 USDT."""


def test_a_contract_of_a_venue_that_does_not_margin_is_bought_and_sold() -> None:
    assert not Listing.of(instrument(1, "BTCUSDT", "linear")).margined
    assert not Listing.of(instrument(1, "BTC-USDT", "spot"), margin=True).margined


def test_a_long_position_realises_by_its_average_cost() -> None:
    position = MarginedPosition()
    assert position.settle(SWAP, Side.BUY, 600_000, 100) == 0  # 0.01 BTC for 600
    assert position.settle(SWAP, Side.BUY, 620_000, 100) == 0  # and for 620: 1220 for 0.02
    assert (position.qty_lots, position.cost_e8, position.margin_e8) == (200, 1220 * E8, 122 * E8)
    assert position.settle(SWAP, Side.SELL, 630_000, 50) == 10 * E8  # 0.005 at 63,000 is 315, it cost 305
    assert (position.qty_lots, position.cost_e8, position.realized_e8) == (150, 915 * E8, 10 * E8)
    assert position.worth_e8(SWAP, 60_000 * E8) == 900 * E8


def test_a_short_position_gains_as_the_price_falls() -> None:
    position = MarginedPosition()
    position.settle(SWAP, Side.SELL, 600_000, 100)
    assert (position.qty_lots, position.cost_e8, position.margin_e8) == (-100, -600 * E8, 60 * E8)
    assert position.worth_e8(SWAP, 59_000 * E8) - position.cost_e8 == 10 * E8
    assert (position.closable(Side.BUY), position.closable(Side.SELL)) == (100, 0)
    assert position.settle(SWAP, Side.BUY, 590_000, 100) == 10 * E8
    assert (position.qty_lots, position.cost_e8) == (0, 0)


def test_an_order_beyond_the_position_turns_it_round() -> None:
    position = MarginedPosition()
    position.settle(SWAP, Side.BUY, 600_000, 100)
    assert position.settle(SWAP, Side.SELL, 610_000, 150) == 10 * E8
    assert (position.qty_lots, position.cost_e8, position.realized_e8) == (-50, -305 * E8, 0)


FILLS = st.lists(
    st.tuples(st.sampled_from([Side.BUY, Side.SELL]), st.integers(500_000, 700_000), st.integers(1, 500)), max_size=30
)


@given(FILLS)
def test_money_changes_by_profit_and_commissions_alone(fills: list[tuple[Side, int, int]]) -> None:
    account = Balances({"USDT": "1000000"}, "0.0002", "0.0005")
    cash, held = Fraction(1_000_000), 0
    for number, (side, price, lots) in enumerate(fills, 1):
        order = VenueOrder(number, f"c{number}", SWAP, side, "LIMIT", "IOC", price, lots, number)
        account.lock(order, SWAP.notional_e8(price, lots) // LEVERAGE)
        commission = account.commission(order, price, lots, maker=False)
        account.settle(order, Fill(number, price, lots, SWAP.notional_e8(price, lots), commission, "USDT", False, 1))
        account.release(order)
        held += side * lots
        cash += -side * Fraction(SWAP.notional_e8(price, lots), E8) - Fraction(commission, E8)
    position, usdt = account.position(SWAP.symbol), account.balance("USDT")
    assert position.qty_lots == held
    assert Fraction(usdt.total_e8 - position.cost_e8, E8) == cash
    assert usdt.locked_e8 == position.margin_e8
    assert (position.cost_e8 == 0) == (held == 0)

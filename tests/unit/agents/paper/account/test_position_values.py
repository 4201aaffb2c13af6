"""What positions are worth at the mark, and where they would be liquidated."""

import pytest

from agents.paper.money import E8
from tests.unit.agents.paper.binance.usdm.usdm_desk import UsdmDesk


@pytest.mark.parametrize(("side", "sign"), [("BUY", 1), ("SELL", -1)])
def test_at_its_price_of_liquidation_a_position_has_used_up_what_it_must_keep(side: str, sign: int) -> None:
    desk = UsdmDesk(balances={"USDT": "1000"}, taker_fee="0")
    desk.run(1)
    desk.order(side, "0.100")
    values, listing = desk.exchange.trading.values, desk.exchange.listings["BTCUSDT"]
    held = desk.exchange.account.position("BTCUSDT")
    price_e8 = values.liquidation_e8(listing)
    worth_e8 = price_e8 // 10
    assert (price_e8 % listing.tick_e8, held.qty_lots) == (0, sign * 100)
    left_e8 = 1000 * E8 + sign * worth_e8 - held.cost_e8 - worth_e8 // 200
    assert abs(left_e8) <= listing.tick_e8


def test_a_position_of_another_contract_counts() -> None:
    desk = UsdmDesk(balances={"USDT": "1000"}, taker_fee="0")
    desk.run(1)
    desk.order("BUY", "0.100")
    values, listing = desk.exchange.trading.values, desk.exchange.listings["BTCUSDT"]
    alone_e8 = values.liquidation_e8(listing)
    desk.order("BUY", "1.000", symbol="ETHUSDT")
    other = desk.exchange.listings["ETHUSDT"]
    assert values.maintenance_e8(other) == values.worth_e8(other) // 200
    assert values.total_profit_e8("USDT") == values.profit_e8(listing) + values.profit_e8(other)
    assert values.liquidation_e8(listing) > alone_e8


def test_what_is_not_held_has_no_price_of_liquidation() -> None:
    desk = UsdmDesk(balances={"USDT": "1000"})
    listing = desk.exchange.listings["BTCUSDT"]
    assert desk.exchange.trading.values.liquidation_e8(listing) == 0
    desk.run(1)
    desk.order("BUY", "0.001")
    assert desk.exchange.trading.values.liquidation_e8(listing) == 0

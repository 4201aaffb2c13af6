"""Orders of the paper account: what is open, what is left, and in which asset they pay and are paid."""

import pytest

from schemas.orders import Side
from tests.unit.agents.paper.paper_kit import make_order


@pytest.mark.parametrize(("side", "pays", "receives"), [(Side.BUY, "USDT", "BTC"), (Side.SELL, "BTC", "USDT")])
def test_a_buy_pays_in_quote_and_a_sell_in_base(side: Side, pays: str, receives: str) -> None:
    order = make_order(1, side, 100, 10)
    assert (order.locked_asset, order.received_asset) == (pays, receives)


def test_an_order_is_open_until_it_has_ended() -> None:
    order = make_order(1, Side.BUY, 100, 10)
    order.cum_qty_lots = 4
    assert order.leaves_qty_lots == 6
    found = {}
    for status in ("NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"):
        order.status = status
        found[status] = order.open
    assert [status for status, still in found.items() if still] == ["NEW", "PARTIALLY_FILLED"]

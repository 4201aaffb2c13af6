"""Position and profit of one instrument from its fills, exact, by the average-cost method.

Quantities and prices are integers times 10**8, so money is an integer times 10**16 inside and nothing is rounded but one
thing: closing part of a position takes its share of the cost, rounded down to 10**-16 of the quote currency. What is
taken and what stays always add up to the cost, so the profit of a position that was closed is exact whatever the path.

Average cost: buying more raises the cost by what was paid; closing realises proceeds less the share of the cost; a fill
through zero closes the position and opens the other side at the fill's price. Commission in the quote currency is a fee.
Commission in the base currency is quantity handed over at the fill's price: it changes the position like a trade at that
price, and its value is a fee. Commission in another asset is kept apart, by asset, and not valued.
"""

from agents.instruments import InstrumentInfo
from agents.state.message_fields import ORDER_FILLED
from schemas.messages import E8, OrderFilled

E16 = E8 * E8


class Ledger:
    """Net position, cost, realised profit and fees of one instrument.

    Money is in the quote currency: `_e16` times 10**16, `_e8` times 10**8 rounded down. `net_qty_e8` and `cost_e16` are
    negative for a short position. Profit is before fees.
    """

    def __init__(self, info: InstrumentInfo) -> None:
        """Start flat."""
        self.info = info
        self._tick_e8 = info.tick_e8
        self._lot_e8 = info.lot_e8
        self._base = info.config.base
        self._quote = info.config.quote
        self.net_qty_e8 = 0
        self.cost_e16 = 0
        self.realised_e16 = 0
        self.fees_e16 = 0
        self.fees_by_asset: dict[str, int] = {}
        self.last_px_e8 = 0
        self.fills = 0

    def apply(self, fill: OrderFilled) -> None:
        """Book one fill; the caller sees to it that each fill comes once."""
        px_e8 = ORDER_FILLED.last_px_ticks.of(fill) * self._tick_e8
        self.trade(ORDER_FILLED.side.of(fill) * ORDER_FILLED.last_qty_lots.of(fill) * self._lot_e8, px_e8)
        self._charge(ORDER_FILLED.commission_e8.of(fill), ORDER_FILLED.commission_asset.of(fill), px_e8)
        self.last_px_e8 = px_e8
        self.fills += 1

    def trade(self, qty_e8: int, px_e8: int) -> None:
        """Change the position by `qty_e8` (negative sells) at a price."""
        if self.net_qty_e8 * qty_e8 >= 0:
            self.cost_e16 += qty_e8 * px_e8
            self.net_qty_e8 += qty_e8
            return
        closed_e8 = min(abs(qty_e8), abs(self.net_qty_e8))
        signed_e8 = closed_e8 if self.net_qty_e8 > 0 else -closed_e8
        share_e16 = self.cost_e16 * closed_e8 // abs(self.net_qty_e8)
        self.realised_e16 += signed_e8 * px_e8 - share_e16
        self.cost_e16 -= share_e16
        self.net_qty_e8 -= signed_e8
        rest_e8 = qty_e8 + signed_e8
        self.cost_e16 += rest_e8 * px_e8
        self.net_qty_e8 += rest_e8

    def unrealised_e16(self, mark_px_e8: int) -> int:
        """Return what closing the position at a price would realise."""
        return self.net_qty_e8 * mark_px_e8 - self.cost_e16

    @property
    def avg_px_e8(self) -> int:
        """Average price paid for the open position, rounded down; 0 when flat."""
        return self.cost_e16 // self.net_qty_e8 if self.net_qty_e8 else 0

    def _charge(self, commission_e8: int, asset: str, px_e8: int) -> None:
        if commission_e8 == 0:
            return
        if asset == self._quote:
            self.fees_e16 += commission_e8 * E8
        elif asset == self._base:
            self.trade(-commission_e8, px_e8)
            self.fees_e16 += commission_e8 * px_e8
        else:
            self.fees_by_asset[asset] = self.fees_by_asset.get(asset, 0) + commission_e8


def text_e8(value_e8: int) -> str:
    """Return an integer times 10**8 as a plain decimal string without trailing zeros: `-12.5`."""
    whole, rest = divmod(abs(value_e8), E8)
    sign = "-" if value_e8 < 0 else ""
    return f"{sign}{whole}.{rest:08d}".rstrip("0").rstrip(".")

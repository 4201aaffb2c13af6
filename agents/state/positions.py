"""Position and profit of one instrument from its fills, exact, by the average-cost method.

Quantities and prices are integers times 10**8, so money is an integer times 10**16 inside and nothing is rounded but one
thing: closing part of a position takes its share of the cost, rounded down to 10**-16 of the quote currency. What is
taken and what stays always add up to the cost, so the profit of a position that was closed is exact whatever the path.

Average cost: buying more raises the cost by what was paid; closing realises proceeds less the share of the cost; a fill
through zero closes the position and opens the other side at the fill's price. Commission in the quote currency is a fee.
Commission in the base currency is quantity handed over at the fill's price: it changes the position like a trade at that
price, and its value is a fee. Commission in another asset is told by asset; where that asset is a position of its own, it
is handed over there (`hand_over`), and else it is a balance of the account, which values it.

Funding of a contract (`settle`) is profit or loss of its position, realised when it is paid, and told apart as well.

What a contract had gained or lost when its account opened (`take_over`) was made before us. It is part of the profit here,
which is counted from the price of entry, as the venue counts it; how much of it is open yet and how much was realised is
told apart, so that whoever adds up what was gained since can take it off.

What comes in or leaves by no trade (`pay_in`) is bought or sold at what it is worth, and nothing was paid for it:
`flow_e16` is what trading has moved in the quote currency, to the last digit, whatever things were valued at.
"""

from agents.instruments import InstrumentInfo
from agents.state.message_fields import ORDER_FILLED
from schemas.messages import E8, OrderFilled

E16 = E8 * E8
E9 = 10 * E8
"""Prices that positions are valued at have nine decimals: half a tick of the eighth can be told."""


class Ledger:
    """Net position, cost, realised profit and fees of one instrument.

    Money is in the quote currency: `_e16` times 10**16, `_e8` times 10**8 rounded down. `net_qty_e8` and `cost_e16` are
    negative for a short position. Profit is before fees; `funding_e16` is the part of what was realised that was funding.
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
        self.funding_e16 = 0
        self.paid_in_e16 = 0
        self.gained_before_e16 = 0
        self.realised_before_e16 = 0
        self.fees_by_asset: dict[str, int] = {}
        self.last_px_e8 = 0
        self.fills = 0

    def apply(self, fill: OrderFilled) -> bool:
        """Book one fill; return whether its commission is in another asset. The caller has each fill come once."""
        px_e8 = ORDER_FILLED.last_px_ticks.of(fill) * self._tick_e8
        self.trade(ORDER_FILLED.side.of(fill) * ORDER_FILLED.last_qty_lots.of(fill) * self._lot_e8, px_e8)
        self.last_px_e8 = px_e8
        self.fills += 1
        return self._charge(ORDER_FILLED.commission_e8.of(fill), ORDER_FILLED.commission_asset.of(fill), px_e8)

    def trade(self, qty_e8: int, px_e8: int) -> None:
        """Change the position by `qty_e8` (negative sells) at a price."""
        if self.net_qty_e8 * qty_e8 >= 0:
            self.cost_e16 += qty_e8 * px_e8
            self.net_qty_e8 += qty_e8
            return
        closed_e8 = min(abs(qty_e8), abs(self.net_qty_e8))
        signed_e8 = closed_e8 if self.net_qty_e8 > 0 else -closed_e8
        share_e16 = self.cost_e16 * closed_e8 // abs(self.net_qty_e8)
        if self.gained_before_e16:
            self._realise_before(closed_e8)
        self.realised_e16 += signed_e8 * px_e8 - share_e16
        self.cost_e16 -= share_e16
        self.net_qty_e8 -= signed_e8
        rest_e8 = qty_e8 + signed_e8
        self.cost_e16 += rest_e8 * px_e8
        self.net_qty_e8 += rest_e8

    def pay_in(self, qty_e8: int, px_e8: int) -> int:
        """Take in a quantity (negative: give away) that nothing is paid for; it counts as bought at a price.

        Returns:
            How much of it opened a position, with its sign; the rest closed one.
        """
        net_qty_e8 = self.net_qty_e8
        self.trade(qty_e8, px_e8)
        self.paid_in_e16 += qty_e8 * px_e8
        self.last_px_e8 = px_e8 or self.last_px_e8
        if net_qty_e8 * qty_e8 >= 0:
            return qty_e8
        return self.net_qty_e8 if self.net_qty_e8 * qty_e8 > 0 else 0

    def take_over(self, gain_e16: int) -> None:
        """Note that so much of what the position gains was gained before it was ours."""
        self.gained_before_e16 += gain_e16

    def value(self, qty_e8: int, opened_e8: int, px_e8: int) -> None:
        """Value a quantity at a price that was paid in at none, as nobody knew what it was worth."""
        if self.net_qty_e8:
            self.cost_e16 += opened_e8 * px_e8
        else:
            self.realised_e16 -= opened_e8 * px_e8
        self.realised_e16 -= (qty_e8 - opened_e8) * px_e8
        self.paid_in_e16 += qty_e8 * px_e8
        self.last_px_e8 = px_e8

    def hand_over(self, qty_e8: int) -> None:
        """Pay a commission of another instrument's fill in the base currency, at the last price that is known here.

        That price only says how much of the equity's loss is a fee and how much of it profit.
        """
        self.trade(-qty_e8, self.last_px_e8)
        self.fees_e16 += qty_e8 * self.last_px_e8

    def settle(self, amount_e8: int) -> None:
        """Book funding that was received, or paid if it is negative."""
        self.realised_e16 += amount_e8 * E8
        self.funding_e16 += amount_e8 * E8

    def unrealised_e17(self, mark_px_e9: int) -> int:
        """Return what closing the position at a price would realise."""
        return self.net_qty_e8 * mark_px_e9 - self.cost_e16 * 10

    @property
    def flow_e16(self) -> int:
        """What fills, their commissions and funding have brought in quote currency, negative for what they took: exact."""
        return self.realised_e16 - self.cost_e16 - self.fees_e16 + self.paid_in_e16

    @property
    def avg_px_e8(self) -> int:
        """Average price paid for the open position, rounded down; 0 when flat."""
        return self.cost_e16 // self.net_qty_e8 if self.net_qty_e8 else 0

    @property
    def avg_px_e16(self) -> int:
        """The same with sixteen decimals: of the cheapest coins, eight are not enough."""
        return self.cost_e16 * E8 // self.net_qty_e8 if self.net_qty_e8 else 0

    def _realise_before(self, closed_e8: int) -> None:
        """Have a part of the position take along its share of what was gained before."""
        share_e16 = self.gained_before_e16 * closed_e8 // abs(self.net_qty_e8)
        self.gained_before_e16 -= share_e16
        self.realised_before_e16 += share_e16

    def _charge(self, commission_e8: int, asset: str, px_e8: int) -> bool:
        if commission_e8 == 0:
            return False
        if asset == self._quote:
            self.fees_e16 += commission_e8 * E8
        elif asset == self._base:
            self.trade(-commission_e8, px_e8)
            self.fees_e16 += commission_e8 * px_e8
        else:
            self.fees_by_asset[asset] = self.fees_by_asset.get(asset, 0) + commission_e8
            return True
        return False


def text_e8(value_e8: int) -> str:
    """Return an integer times 10**8 as a plain decimal string without trailing zeros: `-12.5`."""
    return text_of(value_e8, 8)


def text_of(value: int, decimals: int) -> str:
    """Return an integer times 10**`decimals` as a plain decimal string without trailing zeros, exact at any size."""
    whole, rest = divmod(abs(value), 10**decimals)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{rest:0{decimals}d}".rstrip("0") if rest else f"{sign}{whole}"

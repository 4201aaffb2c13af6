"""A strategy for the simulated desk whose orders rest, and become smaller where they stand, or move.

What it does is told by time alone, so that a restarted one goes on as the same strategy would.
"""

from agents.instruments import InstrumentInfo
from agents.signal.strategy import Strategy, smallest_lots
from schemas.orders import Side, TimeInForce

TURN_NS = 200_000_000
SHARES = 4
"""An order is for so many times the smallest one there is; each replacement is for one less."""


class Shrinking(Strategy):
    """Buys at the bid, and replaces what rests by less of it, now and then at another price."""

    timer_ms = 200

    def on_timer(self, now_ns: int) -> None:
        for instrument in self.market.instruments:
            bid, _ = self.ctx.top(instrument)
            if bid and not self.ctx.pending(instrument):
                self._act(instrument, bid, now_ns // TURN_NS + instrument.id)

    def _act(self, instrument: InstrumentInfo, bid: int, turn: int) -> None:
        least = smallest_lots(instrument, bid)
        orders = [order for order in self.ctx.open_orders(instrument) if order.side == Side.BUY]
        held = self.ctx.position(instrument)
        if held > 3 * SHARES * least:
            self.ctx.sell(instrument, held, bid * 99 // 100, reduce_only=True)
        elif not orders:
            self.ctx.buy(instrument, SHARES * least, bid - turn % 3, time_in_force=TimeInForce.GTC, lifetime_ms=6_000)
        elif orders[0].leaves_qty_lots > least * 5 // 4:
            price = bid - 2 if turn % 5 == 0 else orders[0].price_ticks
            lots = max(least * 9 // 8, orders[0].leaves_qty_lots - least)
            self.ctx.replace(orders[0].client_order_id, qty=lots, price=price)
        elif turn % 4 == 0:
            self.ctx.cancel(orders[0].client_order_id)

"""A strategy for the simulated desk that wants brackets, moves what rests, and now and then closes otherwise.

What it does is told by time alone, so that a restarted one goes on as the same strategy would.
"""

from agents.instruments import InstrumentInfo
from agents.signal.strategy import Strategy, smallest_lots
from schemas.orders import Side, TimeInForce

TURN_NS = 300_000_000
NEAR_PPM = (15, 40, 120)
"""How far the two prices of a bracket are from the entry's, in turn."""
PPM = 1_000_000


class Bracketed(Strategy):
    """Buys with a bracket, at once or at a distance; replaces what rests, cancels exits and sells by itself at times."""

    timer_ms = 300

    def on_timer(self, now_ns: int) -> None:
        for instrument in self.market.instruments:
            bid, ask = self.ctx.top(instrument)
            if bid and ask and not self.ctx.pending(instrument):
                self._act(instrument, bid, ask, now_ns // TURN_NS + instrument.id)

    def _act(self, instrument: InstrumentInfo, bid: int, ask: int, turn: int) -> None:
        orders = self.ctx.open_orders(instrument)
        entries = [order for order in orders if order.side == Side.BUY]
        exits = [order for order in orders if order.side == Side.SELL]
        away = bid * NEAR_PPM[turn % 3] // PPM
        both = {"take_profit": ask + away, "stop": max(1, bid - 2 * away)}
        if turn % 7 == 4:
            del both["take_profit" if turn % 2 else "stop"]
        if entries:
            if turn % 3 == 0:
                self.ctx.replace(entries[0].client_order_id, price=bid - turn % 2, lifetime_ms=8_000, **both)
        elif exits and turn % 17 == 3:
            self.ctx.cancel(exits[0].client_order_id)
        elif exits and turn % 17 == 11:
            self.ctx.replace(exits[0].client_order_id, price=ask + away // 2, reduce_only=True)
        elif turn % 13 == 5:
            lots = self.ctx.position(instrument)
            self.ctx.sell(instrument, lots, bid - away, reduce_only=True)
        elif turn % 2:
            self._enter(instrument, bid, ask + away // 2, turn, both)

    def _enter(self, instrument: InstrumentInfo, bid: int, take: int, turn: int, both: dict[str, int]) -> None:
        lots = smallest_lots(instrument, bid) * (2 + turn % 9)
        if turn % 4 == 1:
            self.ctx.buy(instrument, lots, take, **both)
        else:
            self.ctx.buy(instrument, lots, bid, time_in_force=TimeInForce.GTC, lifetime_ms=6_000, **both)

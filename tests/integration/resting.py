"""A strategy that rests small orders far below the market, and nothing else."""

from agents.signal.strategy import Market, Params, Strategy, smallest_lots
from schemas.orders import TimeInForce


class Resting(Strategy):
    """Keeps `orders` buy orders open in each instrument, a twentieth below the best bid."""

    timer_ms = 250

    def __init__(self, params: Params, market: Market) -> None:
        """Take how many orders are to rest."""
        super().__init__(params, market)
        self._orders = int(params["orders"])

    def on_timer(self, now_ns: int) -> None:
        """Ask for one more order in each instrument that has too few."""
        for instrument in self.market.instruments:
            bid, _ = self.ctx.top(instrument)
            wanted = len(self.ctx.open_orders(instrument)) + self.ctx.pending(instrument) < self._orders
            if bid and wanted:
                price_ticks = bid * 19 // 20
                lots = 2 * smallest_lots(instrument, price_ticks)
                self.ctx.buy(instrument, lots, price_ticks, time_in_force=TimeInForce.GTC)

"""A strategy for tests of operators: it rests many small orders far from the market, buys once, and may go on and on."""

import msgspec

from agents.instruments import InstrumentInfo
from agents.signal.strategy import Market, Params, Strategy, parse_params, smallest_lots
from core.book import OrderBook
from schemas.orders import Side, TimeInForce

AT_ONCE = 5
"""So many signals are on their way at most."""


class RestingParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many orders to keep resting, how far below the market, and what to buy of each instrument at first."""

    orders: int = 1
    below: float = 0.2
    buy_notional: float = 0.0


class Resting(Strategy):
    """Keeps orders resting in each instrument; one that goes is replaced."""

    def __init__(self, params: Params, market: Market) -> None:
        super().__init__(params, market)
        self.params = parse_params(params, RestingParams)

    def on_book(self, instrument: InstrumentInfo, book: OrderBook) -> None:
        """Buy what is to be held first; then place what is missing, a few orders at once."""
        pending = self.ctx.pending(instrument)
        if not (book.best_bid and book.best_ask) or pending >= AT_ONCE:
            return
        held_e8 = instrument.notional_e8(book.best_ask, self.ctx.position(instrument))
        if held_e8 < self.params.buy_notional * 0.9e8:
            if self.ctx.idle(instrument):
                qty_lots = int(self.params.buy_notional * 1e8) // instrument.notional_e8(book.best_ask, 1)
                self.ctx.buy(instrument, qty_lots, int(book.best_ask * 1.002))
            return
        missing = self.params.orders - len(self.ctx.open_orders(instrument)) - pending
        price_ticks = int(book.best_bid * (1 - self.params.below))
        for _ in range(min(missing, AT_ONCE - pending)):
            self.ctx.signal(
                instrument,
                Side.BUY,
                smallest_lots(instrument, price_ticks),
                price_ticks,
                TimeInForce.GTC,
                1.0,
                "to rest",
            )

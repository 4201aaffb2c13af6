"""Book imbalance: lean a little with the weight of the top of the book, long only, and lean back.

Imbalance is (bid - ask) / (bid + ask) volume of the best `levels` of each side; it predicts the next move of the middle
price over short times (Cont, Kukanov, Stoikov, "The price impact of order book events", 2014). Buys a small fixed amount
while it is above `threshold`, up to `position_notional_max`; sells what is held while it is below minus `threshold`; at
most one order at a time, and one signal each `cooldown_ms`.

Orders are IOC at `slippage_ticks` through the best price, or post-only at the best price of the own side for at most
`hold_ms`, which execution keeps.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from agents.instruments import InstrumentInfo
from agents.signal.strategy import Market, Params, Strategy, parse_params, sellable, smallest_lots
from core.book import OrderBook
from schemas.messages import E8
from schemas.orders import Side
from schemas.units import MS


class BookImbalanceParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Money in quote currency, prices in ticks."""

    levels: Annotated[int, Meta(ge=1, le=1000)] = 5
    threshold: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.3
    order_notional: Annotated[float, Meta(gt=0.0, le=1e12)] = 500.0
    position_notional_max: Annotated[float, Meta(gt=0.0, le=1e12)] = 2_000.0
    cooldown_ms: Annotated[int, Meta(ge=0)] = 1_000
    slippage_ticks: Annotated[int, Meta(ge=0)] = 10
    maker: bool = False
    hold_ms: Annotated[int, Meta(ge=1)] = 2_000


class BookImbalance(Strategy):
    """Trades one small order at a time in each instrument."""

    def __init__(self, params: Params, market: Market) -> None:
        """Take the parameters of `BookImbalanceParams`."""
        super().__init__(params, market)
        self.params = parse_params(params, BookImbalanceParams)
        self._asked_ns: dict[int, int] = {}

    def on_book(self, instrument: InstrumentInfo, book: OrderBook) -> None:
        """Lean with the book if it is heavy on one side."""
        imbalance = book.imbalance(self.params.levels)
        if abs(imbalance) < self.params.threshold or self._cooling(instrument) or not self.ctx.idle(instrument):
            return
        side = Side.BUY if imbalance > 0 else Side.SELL
        price_ticks, maker = self._price(book, side), self.params.maker
        qty_lots = self._qty(instrument, side, price_ticks)
        if price_ticks <= 0 or qty_lots <= 0:
            return
        asked = self.ctx.signal(
            instrument,
            side,
            qty_lots,
            price_ticks,
            confidence=abs(imbalance),
            reason=f"imbalance {imbalance:+.3f}",
            post_only=maker,
            lifetime_ms=self.params.hold_ms if maker else 0,
        )
        if asked:
            self._asked_ns[instrument.id] = self.ctx.now_ns

    def _cooling(self, instrument: InstrumentInfo) -> bool:
        asked_ns = self._asked_ns.get(instrument.id)
        return asked_ns is not None and self.ctx.now_ns - asked_ns < self.params.cooldown_ms * MS

    def _price(self, book: OrderBook, side: Side) -> int:
        if not (book.best_bid and book.best_ask):
            return 0
        if self.params.maker:
            return book.best_bid if side is Side.BUY else book.best_ask
        touch = book.best_ask if side is Side.BUY else book.best_bid
        return max(1, touch + side * self.params.slippage_ticks)

    def _qty(self, instrument: InstrumentInfo, side: Side, price_ticks: int) -> int:
        held = self.ctx.position(instrument)
        if side is Side.SELL:
            return held if sellable(instrument, held, price_ticks) else 0
        if price_ticks <= 0:
            return 0
        wanted = int(self.params.order_notional * E8) // max(1, instrument.notional_e8(price_ticks, 1))
        qty_lots = max(wanted, smallest_lots(instrument, price_ticks))
        room = instrument.notional_e8(price_ticks, held + qty_lots) <= int(self.params.position_notional_max * E8)
        return qty_lots if room else 0

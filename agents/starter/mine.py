"""A strategy to begin with: hold a little while the price is above its average, and nothing while it is below.

It shows what every strategy does, and is not meant to earn money. Change it, then run its test:

    python -m pytest test_mine.py

Prices are whole ticks and quantities whole lots; `instrument.price.to_float(ticks)` is the price as a number.
"""

import math
from typing import Annotated

import msgspec
from msgspec import Meta

from agents.instruments import InstrumentInfo
from agents.signal.bars import Bar
from agents.signal.strategy import (
    Market,
    OrderChange,
    OrderEvent,
    Params,
    Strategy,
    parse_params,
    sellable,
    smallest_lots,
)
from core.indicators import Indicators

DENIED_WAIT_NS = 10_000_000_000


class MineParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `params` may hold in the configuration; a wrong name or value is refused before anything starts."""

    bars: Annotated[int, Meta(ge=2, le=1000)] = 5
    slippage_ticks: Annotated[int, Meta(ge=0)] = 200


class Mine(Strategy):
    """Buys above the average of the last bars, sells below it."""

    def __init__(self, params: Params, market: Market) -> None:
        """Take the parameters of `MineParams`."""
        super().__init__(params, market)
        self.params = parse_params(params, MineParams)
        self._wait_until_ns = 0

    def make_indicators(self) -> Indicators:
        """Return what is computed of each bar: only what is read below."""
        return Indicators(ema_period=self.params.bars)

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Act on a closed bar; its length is `bar_ms` in the configuration."""
        average = self.ctx.indicators(instrument).ema
        bid, ask = self.ctx.top(instrument)
        if math.isnan(average) or not (bid and ask) or not self.ctx.idle(instrument):
            return
        if self.ctx.now_ns < self._wait_until_ns:
            return
        above = instrument.price.to_float(bar.close_ticks) > average
        held = self.ctx.position(instrument)
        if above and not sellable(instrument, held, bid):
            price = ask + self.params.slippage_ticks
            self.ctx.buy(instrument, smallest_lots(instrument, bid), price, reason=f"above {average:.8g}")
        elif not above and sellable(instrument, held, bid):
            price = max(1, bid - self.params.slippage_ticks)
            self.ctx.sell(instrument, held, price, reason=f"below {average:.8g}")

    def on_order(self, event: OrderEvent) -> None:
        """Wait a while after a denial: `event.reason_name` and `event.figures` say what risk did not like."""
        if event.change is OrderChange.DENIED:
            self._wait_until_ns = self.ctx.now_ns + DENIED_WAIT_NS

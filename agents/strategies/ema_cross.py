"""EMA cross with an RSI filter and a size scaled by ATR, long only.

Buys when the fast average of the closes crosses above the slow one while RSI is below `rsi_overbought`; sells all when
the fast average is below the slow one or RSI is above `rsi_exit`. An exit that did not trade is tried again with the next
bar. Size is such that a move of `atr_multiple` average true ranges (Wilder, 1978) against the position loses
`risk_fraction` of `equity`, and at most `notional_max`.

Orders are IOC at `slippage_ticks` through the best price, or post-only at the best price of the own side for at most
`hold_ms`, which execution keeps.
"""

import math
from typing import Annotated

import msgspec
from msgspec import Meta

from agents.instruments import InstrumentInfo
from agents.signal.bars import Bar
from agents.signal.strategy import Market, Params, Strategy, parse_params, sellable, smallest_lots
from core.indicators import PERIOD_MAX, Indicators
from schemas.errors import ConfigError
from schemas.messages import E8
from schemas.orders import Side

Period = Annotated[int, Meta(ge=2, le=PERIOD_MAX)]
Percent = Annotated[float, Meta(gt=0.0, le=100.0)]
PositiveFloat = Annotated[float, Meta(gt=0.0, le=1e12)]


class EmaCrossParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Periods in bars; money in quote currency. The defaults act within a minute on one-second bars."""

    fast: Period = 3
    slow: Period = 8
    rsi_period: Period = 9
    atr_period: Period = 9
    rsi_overbought: Percent = 80.0
    rsi_exit: Percent = 95.0
    equity: PositiveFloat = 100_000.0
    risk_fraction: Annotated[float, Meta(gt=0.0, le=0.1)] = 0.0001
    atr_multiple: PositiveFloat = 20.0
    notional_max: PositiveFloat = 5_000.0
    slippage_ticks: Annotated[int, Meta(ge=0)] = 10
    maker: bool = False
    hold_ms: Annotated[int, Meta(ge=1)] = 5_000


class EmaCross(Strategy):
    """Follows the trend of closes, one position for each instrument."""

    def __init__(self, params: Params, market: Market) -> None:
        """Take the parameters of `EmaCrossParams`."""
        super().__init__(params, market)
        self.params = parse_params(params, EmaCrossParams)
        if self.params.fast >= self.params.slow:
            raise ConfigError(f"params: fast {self.params.fast} must be less than slow {self.params.slow}")
        self._above: dict[int, bool] = {}

    def make_indicators(self) -> Indicators:
        """Return the two averages, RSI and ATR."""
        p = self.params
        return Indicators(ema_period=p.fast, ema_slow_period=p.slow, rsi_period=p.rsi_period, atr_period=p.atr_period)

    def on_past_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Note on which side of the slow average the fast one was."""
        now = self.ctx.indicators(instrument)
        if _known(now):
            self._above[instrument.id] = now.ema > now.ema_slow

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Enter on a cross, leave while the averages or RSI say so."""
        now = self.ctx.indicators(instrument)
        if not _known(now):
            return
        above = now.ema > now.ema_slow
        crossed = above and self._above.get(instrument.id) is False
        self._above[instrument.id] = above
        if not self.ctx.idle(instrument):
            return
        if not above or now.rsi > self.params.rsi_exit:
            self._leave(instrument, now)
        elif crossed and now.rsi < self.params.rsi_overbought:
            self._enter(instrument, now)

    def size_lots(self, instrument: InstrumentInfo, atr: float, price_ticks: int) -> int:
        """Return the quantity to buy, in lots: by risk, at most `notional_max`, at least what the venue takes."""
        p = self.params
        price = instrument.price.to_float(price_ticks)
        by_risk = p.equity * p.risk_fraction / (p.atr_multiple * atr) if atr > 0 else math.inf
        qty = min(by_risk, p.notional_max / price)
        return max(int(qty * E8 / instrument.lot_e8), smallest_lots(instrument, price_ticks))

    def _enter(self, instrument: InstrumentInfo, now: Indicators) -> None:
        price_ticks = self._price(instrument, Side.BUY)
        held = self.ctx.position(instrument)
        if price_ticks <= 0 or sellable(instrument, held, price_ticks):
            return
        qty_lots = self.size_lots(instrument, now.atr, price_ticks)
        reason = f"ema {now.ema:.8g} over {now.ema_slow:.8g}, rsi {now.rsi:.1f}, atr {now.atr:.6g}"
        self._ask(instrument, Side.BUY, qty_lots, price_ticks, 1.0 - now.rsi / 100.0, reason)

    def _leave(self, instrument: InstrumentInfo, now: Indicators) -> None:
        price_ticks = self._price(instrument, Side.SELL)
        held = self.ctx.position(instrument)
        if price_ticks <= 0 or not sellable(instrument, held, price_ticks):
            return
        reason = f"ema {now.ema:.8g} against {now.ema_slow:.8g}, rsi {now.rsi:.1f}"
        self._ask(instrument, Side.SELL, held, price_ticks, 1.0, reason)

    def _ask(
        self, instrument: InstrumentInfo, side: Side, qty_lots: int, price_ticks: int, confidence: float, reason: str
    ) -> None:
        maker = self.params.maker
        self.ctx.signal(
            instrument,
            side,
            qty_lots,
            price_ticks,
            confidence=confidence,
            reason=reason,
            post_only=maker,
            lifetime_ms=self.params.hold_ms if maker else 0,
        )

    def _price(self, instrument: InstrumentInfo, side: Side) -> int:
        bid, ask = self.ctx.top(instrument)
        if not (bid and ask):
            return 0
        if self.params.maker:
            return bid if side is Side.BUY else ask
        touch = ask if side is Side.BUY else bid
        return max(1, touch + side * self.params.slippage_ticks)


def _known(now: Indicators) -> bool:
    """Return whether there were bars enough for all that is decided by."""
    return not math.isnan(now.ema_slow + now.rsi + now.atr)

"""Venue spread: one coin at two venues, bought where it is cheap and sold where it is dear, until the spread is as usual.

The spread is what the second instrument's middle price is over the first one's, in basis points; what is usual is its
average, of which a sample loses half its weight in `half_life_ms` (pairs trading: Gatev, Goetzmann, Rouwenhorst, "Pairs
Trading: Performance of a Relative-Value Arbitrage Rule", 2006, with a running average for their formation period). Beyond
`entry_bps` from it both legs are ordered at once, IOC, of one quantity; within `exit_bps` of it both are closed. Fees are
no part of it: `entry_bps` must be worth them. A spot instrument is never sold beyond what is held.

One leg may fail: denied, not filled, or its venue does not answer. What one leg holds beyond the other is looked at when
both have ended, or one has and the other has not for `leg_timeout_ms`. It is then unwound where it is held or, if
`on_leg_failure` is "hedge", ordered once more at the other venue, `hedge_tries` times, and unwound after that. Nothing new
is entered before. Each leg has one order at a time and what is unwound was held, so what one leg holds beyond the other is
never more than one order, `order_notional` and the least that the venues take: also where a leg was only late, and trades
after the other was unwound.
"""

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agents.instruments import InstrumentInfo
from agents.signal.order_event import OrderEvent
from agents.signal.strategy import Market, Params, Strategy, parse_params, smallest_lots
from core.book import OrderBook
from schemas.errors import ConfigError
from schemas.messages import E8, Quote
from schemas.orders import Side
from schemas.units import MS

BPS = 10_000


class VenueSpreadParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Money in quote currency, differences of prices in basis points."""

    entry_bps: Annotated[float, Meta(gt=0.0, le=1e4)] = 5.0
    exit_bps: Annotated[float, Meta(ge=0.0, le=1e4)] = 1.0
    half_life_ms: Annotated[int, Meta(ge=1)] = 30_000
    order_notional: Annotated[float, Meta(gt=0.0, le=1e12)] = 500.0
    position_notional_max: Annotated[float, Meta(gt=0.0, le=1e12)] = 2_000.0
    slippage_bps: Annotated[float, Meta(ge=0.0, le=1e3)] = 2.0
    cooldown_ms: Annotated[int, Meta(ge=0)] = 1_000
    leg_timeout_ms: Annotated[int, Meta(ge=1)] = 1_000
    on_leg_failure: Literal["unwind", "hedge"] = "unwind"
    hedge_tries: Annotated[int, Meta(ge=1, le=100)] = 2


class VenueSpread(Strategy):
    """Trades the difference between two instruments of one coin."""

    timer_ms = 100

    def __init__(self, params: Params, market: Market) -> None:
        """Take the parameters of `VenueSpreadParams`; raise ConfigError unless two instruments of one coin are traded."""
        super().__init__(params, market)
        self.params = parse_params(params, VenueSpreadParams)
        found = ", ".join(f"{info.name} of {info.config.base}" for info in market.instruments)
        if len(market.instruments) != 2 or len({info.config.base for info in market.instruments}) != 1:
            raise ConfigError(f"instruments: a spread is of two of one coin (found: {found or 'none'})")
        if self.params.exit_bps >= self.params.entry_bps:
            raise ConfigError(
                f"params: exit_bps must be below entry_bps {self.params.entry_bps} (found: {self.params.exit_bps})"
            )
        self.legs = market.instruments
        self._unit_e8 = math.lcm(*(info.lot_e8 for info in self.legs))
        self._mean_bps = 0.0
        self._began_ns = 0
        self._seen_ns = 0
        self._entered_ns: int | None = None
        self._mended_ns: int | None = None
        self._busy_ns = [0, 0]
        """Since when each leg has an order that has not ended, 0 if it has none."""
        self._tries = 0

    def on_quote(self, instrument: InstrumentInfo, quote: Quote) -> None:
        """Look at the spread."""
        self._look()

    def on_book(self, instrument: InstrumentInfo, book: OrderBook) -> None:
        """Look at the spread."""
        self._look()

    def on_order(self, event: OrderEvent) -> None:
        """See whether the legs go together."""
        self._mend(self.ctx.now_ns)

    def on_timer(self, now_ns: int) -> None:
        """See whether the legs go together."""
        self._mend(now_ns)

    # The spread

    def _look(self) -> None:
        """Take a sample of the spread, and enter or leave."""
        mids = [sum(self.ctx.top(info)) * info.tick_e8 for info in self.legs]
        if not all(all(self.ctx.top(info)) for info in self.legs):
            return
        spread_bps = (mids[1] / mids[0] - 1) * BPS
        now_ns = self.ctx.now_ns
        if not self._began_ns:
            self._began_ns = now_ns
            self._mean_bps = spread_bps
        weight = 0.5 ** ((now_ns - (self._seen_ns or now_ns)) / (self.params.half_life_ms * MS))
        self._mean_bps = weight * self._mean_bps + (1 - weight) * spread_bps
        self._seen_ns = now_ns
        if now_ns - self._began_ns >= self.params.half_life_ms * MS and self._is_calm(now_ns):
            self._act(spread_bps - self._mean_bps)

    def _act(self, beyond_bps: float) -> None:
        """Enter while the spread is far from usual, leave when it is not any more, or is on the other side."""
        dear = 1 if beyond_bps > 0 else -1
        held = self._pair()
        if held and (abs(beyond_bps) <= self.params.exit_bps or held != dear):
            self._leave(beyond_bps)
        elif abs(beyond_bps) >= self.params.entry_bps and held in (0, dear):
            self._enter(dear, beyond_bps)

    def _pair(self) -> int:
        """Return 1 if the first leg is held and the second sold, -1 if it is the other way round, 0 if neither is."""
        tops = [max(self.ctx.top(info)) for info in self.legs]
        if min(abs(self._held_e8(0)), abs(self._held_e8(1))) < self._least_e8(tops):
            return 0
        return 1 if self._held_e8(0) > 0 else -1

    def _enter(self, dear: int, beyond_bps: float) -> None:
        """Buy the first leg and sell the second (`dear` 1), or the other way round, of one quantity."""
        sides = [Side.BUY, Side.SELL] if dear > 0 else [Side.SELL, Side.BUY]
        prices = [self._price_ticks(leg, side) for leg, side in enumerate(sides)]
        if not all(prices):
            return
        most_e8 = max(abs(self._held_e8(0)), abs(self._held_e8(1)))
        qty_e8 = min(self._order_e8(prices), self._worth_e8(self.params.position_notional_max, prices) - most_e8)
        for leg, side in enumerate(sides):
            if side is Side.SELL and not self.legs[leg].margin:
                qty_e8 = min(qty_e8, self._held_e8(leg))
        qty_e8 -= qty_e8 % self._unit_e8
        if qty_e8 >= self._least_e8(prices):
            self._entered_ns = self.ctx.now_ns
            words = f"spread {beyond_bps:+.2f} bps from usual"
            if self._order(0, sides[0], qty_e8, words):
                self._order(1, sides[1], qty_e8, words)

    def _leave(self, beyond_bps: float) -> None:
        """Close both legs, no more at once than is entered at once: one leg may fail here too."""
        self._entered_ns = self.ctx.now_ns
        held = [self._held_e8(leg) for leg in (0, 1)]
        sides = [Side.SELL if each > 0 else Side.BUY for each in held]
        prices = [self._price_ticks(leg, side) for leg, side in enumerate(sides)]
        both_e8 = min(abs(each) for each in held)
        qty_e8 = min(both_e8, self._order_e8(prices))
        if both_e8 - qty_e8 < self._least_e8(prices):
            qty_e8 = both_e8
        for leg, side in enumerate(sides):
            self._order(leg, side, qty_e8, f"spread {beyond_bps:+.2f} bps from usual: leave")

    def _is_calm(self, now_ns: int) -> bool:
        """Return whether nothing is under way, the legs go together, and the last entry is long enough ago."""
        cooling = self._entered_ns is not None and now_ns - self._entered_ns < self.params.cooldown_ms * MS
        return not cooling and all(self.ctx.idle(info) for info in self.legs) and not self._excess_e8()

    # A leg that failed

    def _mend(self, now_ns: int) -> None:
        """Hedge or unwind what one leg holds beyond the other, once it is known what became of both, or late enough."""
        idle = [self.ctx.idle(info) for info in self.legs]
        self._busy_ns = [0 if free else since or now_ns for free, since in zip(idle, self._busy_ns, strict=True)]
        wait_ns = self.params.leg_timeout_ms * MS
        if not all(free or now_ns - since >= wait_ns for free, since in zip(idle, self._busy_ns, strict=True)):
            return
        excess_e8 = self._excess_e8()
        if not excess_e8:
            if all(idle):
                self._tries = 0
            return
        if self._mended_ns is not None and now_ns - self._mended_ns < wait_ns:
            return
        self._mended_ns = now_ns
        if all(idle) and self.params.on_leg_failure == "hedge" and self._tries < self.params.hedge_tries:
            self._tries += 1
            self._hedge(excess_e8)
        else:
            self._unwind(excess_e8, idle)

    def _hedge(self, excess_e8: int) -> None:
        """Order once more what the leg lacks that holds less."""
        lacking = 0 if abs(self._held_e8(0)) < abs(self._held_e8(1)) else 1
        side = Side.SELL if excess_e8 > 0 else Side.BUY
        if side is Side.SELL and not self.legs[lacking].margin and self._held_e8(lacking) <= 0:
            self._unwind(excess_e8, [True, True])
            return
        self._order(lacking, side, abs(excess_e8), f"leg failed: hedge, try {self._tries} of {self.params.hedge_tries}")

    def _unwind(self, excess_e8: int, idle: list[bool]) -> None:
        """Close what is too much where it is held, on a leg that has no order."""
        sign = 1 if excess_e8 > 0 else -1
        held = [(self._held_e8(leg) * sign, leg) for leg in (0, 1) if idle[leg]]
        most_e8, leg = max(held, default=(0, 0))
        if most_e8 > 0:
            side = Side.SELL if sign > 0 else Side.BUY
            self._order(leg, side, min(most_e8, abs(excess_e8)), "leg failed: unwind")

    def _excess_e8(self) -> int:
        """Return what both legs come to, 0 if neither venue would take an order of so little."""
        excess_e8 = self._held_e8(0) + self._held_e8(1)
        tops = [max(self.ctx.top(info)) for info in self.legs]
        smallest = [smallest_lots(info, top) * info.lot_e8 for info, top in zip(self.legs, tops, strict=True)]
        return excess_e8 if abs(excess_e8) >= min(smallest) else 0

    # One leg

    def _held_e8(self, leg: int) -> int:
        info = self.legs[leg]
        return info.qty_e8(self.ctx.position(info))

    def _order_e8(self, prices: list[int]) -> int:
        """Return the quantity of one order, which both legs can have."""
        qty_e8 = self._worth_e8(self.params.order_notional, prices)
        return qty_e8 - qty_e8 % self._unit_e8

    def _worth_e8(self, notional: float, prices: list[int]) -> int:
        px_e8 = max(info.px_e8(price) for info, price in zip(self.legs, prices, strict=True))
        return int(notional * E8) * E8 // max(1, px_e8)

    def _least_e8(self, prices: list[int]) -> int:
        return max(smallest_lots(info, price) * info.lot_e8 for info, price in zip(self.legs, prices, strict=True))

    def _price_ticks(self, leg: int, side: Side) -> int:
        """Return the worst price to trade at: the best of the other side, and the slippage through it."""
        bid_ticks, ask_ticks = self.ctx.top(self.legs[leg])
        touch = ask_ticks if side is Side.BUY else bid_ticks
        return max(1, round(touch * (1 + side * self.params.slippage_bps / BPS))) if touch else 0

    def _order(self, leg: int, side: Side, qty_e8: int, reason: str) -> int:
        info, price_ticks = self.legs[leg], self._price_ticks(leg, side)
        lots = qty_e8 // info.lot_e8
        return self.ctx.signal(info, side, lots, price_ticks, reason=reason) if lots and price_ticks else 0

"""What an account on margin can still open, and how near its venue is to closing what it holds.

The venue alone knows what a position costs there. It tells (`AccountMargin`, by execution) what may still be used; of that
an order needs its value by the leverage of its instrument, and a share for fees, and so does everything that could open a
position and that the figure may not know of yet: orders that began since, or shortly before, or that the venue has not
acknowledged, and what fills since have opened, by the one clock of execution that tells of both (after a restart older
fills are read behind the figure). What that margin was freed by since, the next figure tells. Money counts one for one,
whatever dollar the venue counts in.

Where coins are bought from the same account, what is paid for them is collateral that contracts rest on. So a buy of coins
needs all of its value there, as if the coins were worth nothing as margin, and counts like an order of a contract until
the venue's figure knows of it and says what it makes of the coins. A buy on an account on which no contract is held or
ordered needs nothing of that.

Nothing is added to a position whose price is near the one at which its venue would liquidate it. Nothing here is asked of
what only reduces, nor anything before the venue has told a figure for the first time.

This file is compiled (`margin_power.pxd` has the C types).
"""

from collections import deque
from collections.abc import Sequence

from agents.instruments import InstrumentInfo
from agents.risk.limits import Denial, Limits, fraction
from agents.state.account import Account, PositionRange
from agents.state.message_fields import ORDER_FILLED
from agents.state.positions import text_e8
from agents.state.saturating import times
from agents.state.working_orders import WorkingOrder
from schemas.messages import E8, AccountMargin, OrderFilled, PositionMargin
from schemas.orders import OrderStatus, Reason, Side
from schemas.units import MS

BUY = int(Side.BUY)
PPB = 1_000_000_000
SETTLED_NS = 2_000 * MS
"""So much older than a figure an order must be for the venue to have counted it, if it had acknowledged it."""
DOLLARS = "USD"
"""What venues count the totals of a unified account in, to which all that it holds adds."""
NEW, PARTIALLY_FILLED = int(OrderStatus.NEW), int(OrderStatus.PARTIALLY_FILLED)


class MarginPower:
    """What one account can be margined for, by the venue's newest word."""

    def __init__(self, account: Account, limits: Limits) -> None:
        """Follow an account, of which nothing was told yet."""
        self.margin: AccountMargin | None = None
        self._account = account
        self._limits = limits
        self._positions: dict[int, PositionMargin] = {}
        self._told_ns = 0
        self._fills: deque[tuple[int, int]] = deque()
        """When fills since the newest figure were told, and what each may have taken of it."""
        self._filled_e8 = 0
        """What they may have taken together."""

    def anchored(self) -> list[tuple[int, str]]:
        """Return when each fill since the newest figure was told, and what it may have taken of it."""
        return [(filled_ns, str(taken_e8)) for filled_ns, taken_e8 in self._fills]

    def resume(self, margin: AccountMargin, fills: Sequence[tuple[int, str]], now_ns: int, wall_ns: int) -> None:
        """Begin with the newest figure and the fills since then, as an anchor has them."""
        for filled_ns, text in fills:
            self._fills.append((filled_ns, int(text)))
            self._filled_e8 += int(text)
        self.take(margin, now_ns, wall_ns)

    def take(self, margin: AccountMargin, now_ns: int, wall_ns: int) -> None:
        """Take what the venue says: as old as execution's clock says that it was on arrival.

        A telling may be new in its positions alone; what has filled since the venue told the figure is not in it either.
        """
        self.margin = margin
        self._positions = {position.instrument_id: position for position in margin.positions}
        self._told_ns = now_ns - max(0, wall_ns - margin.ts_recv_ns)
        while self._fills and self._fills[0][0] <= margin.ts_recv_ns:
            _, taken_e8 = self._fills.popleft()
            self._filled_e8 -= taken_e8

    def book(self, fill: OrderFilled) -> None:
        """Take a fill that the account has booked: what it opened, or paid, the newest figure does not know of."""
        if self.margin is None or fill.ts_recv_ns <= self.margin.ts_recv_ns:
            return
        info = self._account.find(ORDER_FILLED.instrument_id.of(fill))
        if info is None:
            return
        side, price_ticks = ORDER_FILLED.side.int_of(fill), ORDER_FILLED.last_px_ticks.int_of(fill)
        qty_e8 = times(ORDER_FILLED.last_qty_lots.int_of(fill), info.lot_e8)
        if info.margin:
            held_e8 = side * self._account.reach(info.id).net_qty_e8
            taken_e8 = self._needed_e8(info, price_ticks, min(qty_e8, held_e8)) if held_e8 > 0 else 0
        else:
            taken_e8 = self._spent_e8(info, price_ticks, qty_e8) if side == BUY and self._pays(info) else 0
        if taken_e8:
            self._fills.append((fill.ts_recv_ns, taken_e8))
            self._filled_e8 += taken_e8

    def check(
        self, info: InstrumentInfo, reach: PositionRange, side: int, price_ticks: int, qty_e8: int, mid_e8: int
    ) -> Denial | None:
        """Deny what nears a liquidation, or needs more margin than is free; `mid_e8` is the market's middle, 0 if none."""
        if self.margin is None:
            return None
        if side * reach.net_qty_e8 > 0 and (denial := self._check_liquidation(info, mid_e8)) is not None:
            return denial
        needed_e8, promised_e8 = self._needed_e8(info, price_ticks, qty_e8), self._promised_e8()
        if needed_e8 <= self.margin.available_e8 - promised_e8:
            return None
        return self._short_of(needed_e8, promised_e8)

    def check_spent(self, info: InstrumentInfo, price_ticks: int, qty_e8: int) -> Denial | None:
        """Deny a buy of coins that spends more of what contracts rest on than the account has free."""
        if self.margin is None or not self._pays(info) or not self._is_rested_on():
            return None
        needed_e8, promised_e8 = self._spent_e8(info, price_ticks, qty_e8), self._promised_e8()
        if needed_e8 <= self.margin.available_e8 - promised_e8:
            return None
        return self._short_of(needed_e8, promised_e8)

    def _check_liquidation(self, info: InstrumentInfo, mid_e8: int) -> Denial | None:
        position = self._positions.get(info.id)
        if position is None or position.liquidation_px_e8 <= 0:
            return None
        # Of the two prices, the venue's mark at its last word and the market now, the one that is nearer counts.
        least_ppb = min(
            [
                abs(mark - position.liquidation_px_e8) * PPB // mark
                for mark in (position.mark_px_e8, mid_e8)
                if mark > 0
            ],
            default=PPB,
        )
        if least_ppb >= self._limits.liquidation_distance_min_ppb:
            return None
        return Denial(
            Reason.LIQUIDATION_NEAR,
            {
                "position": text_e8(info.qty_e8(position.qty_lots)),
                "liquidation": text_e8(position.liquidation_px_e8),
                "mark": text_e8(position.mark_px_e8),
                "mid": text_e8(mid_e8),
                "liquidation_distance": fraction(least_ppb),
                "liquidation_distance_min": fraction(self._limits.liquidation_distance_min_ppb),
            },
        )

    def _needed_e8(self, info: InstrumentInfo, price_ticks: int, qty_e8: int) -> int:
        """Return what an order takes of the free margin, rounded up."""
        notional_e8 = (times(price_ticks * info.tick_e8, qty_e8) + E8 - 1) // E8
        fee_e8 = times(notional_e8, self._limits.fee_reserve_ppb) // PPB
        leverage_e8 = self.leverage_e8(info.id)
        return (times(notional_e8, E8) + leverage_e8 - 1) // leverage_e8 + fee_e8

    def _spent_e8(self, info: InstrumentInfo, price_ticks: int, qty_e8: int) -> int:
        """Return what a buy of coins may pay, rounded up."""
        notional_e8 = (times(price_ticks * info.tick_e8, qty_e8) + E8 - 1) // E8
        return notional_e8 + times(notional_e8, self._limits.fee_reserve_ppb) // PPB

    def _pays(self, info: InstrumentInfo) -> bool:
        """Return whether what coins are paid with is of what the figure counts."""
        return self.margin is not None and self.margin.currency in (DOLLARS, info.config.quote)

    def _is_rested_on(self) -> bool:
        """Return whether a contract is held on the account, or could be once its orders have traded."""
        if self._positions:
            return True
        for ledger in self._account.ledgers.values():
            if ledger.info.margin and ledger.net_qty_e8:
                return True
        for number, held in self._account.orders.all_held.items():
            info = self._account.find(number)
            if info is not None and info.margin and (held.buys or held.sells):
                return True
        return False

    def leverage_e8(self, instrument_id: int) -> int:
        """Return what a new position is margined by: what holds for new ones, else the position's own, else 1."""
        if self.margin is None:
            return E8
        position = self._positions.get(instrument_id)
        own_e8 = 0 if position is None else position.leverage_e8
        return max(E8, self.margin.leverages_e8.get(instrument_id, 0) or own_e8)

    def _promised_e8(self) -> int:
        """Return what is to come off the newest figure for all that it may not know of."""
        promised_e8 = self._filled_e8
        order = self._account.orders.binding.oldest
        while order is not None:
            is_acknowledged = order.status in (NEW, PARTIALLY_FILLED)
            if order.open and not (is_acknowledged and order.since_ns + SETTLED_NS <= self._told_ns):
                info = self._account.find(order.instrument_id)
                if info is not None:
                    promised_e8 += self._taken_by_e8(order, info)
            order = order.newer
        return promised_e8

    def _taken_by_e8(self, order: WorkingOrder, info: InstrumentInfo) -> int:
        """Return what an open order may take of the free margin: to open a position, or paying for coins."""
        qty_e8 = times(order.leaves_qty_lots, info.lot_e8)
        if info.margin:
            return self._needed_e8(info, order.price_ticks, qty_e8) if self._opens(info.id, order.side) else 0
        return self._spent_e8(info, order.price_ticks, qty_e8) if order.side == BUY and self._pays(info) else 0

    def _opens(self, instrument_id: int, side: int) -> bool:
        """Return whether the open orders on a side of an instrument could open a position, or add to one."""
        reach = self._account.reach(instrument_id)
        return reach.long_e8 > 0 if side == BUY else reach.short_e8 < 0

    def _short_of(self, needed_e8: int, promised_e8: int) -> Denial:
        assert self.margin is not None
        return Denial(
            Reason.INSUFFICIENT_MARGIN,
            {
                "currency": self.margin.currency,
                "order_margin": text_e8(needed_e8),
                "available": text_e8(self.margin.available_e8),
                "open_orders": text_e8(promised_e8),
                "free": text_e8(self.margin.available_e8 - promised_e8),
            },
        )

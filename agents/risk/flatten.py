"""Flattening: closes the positions of a scope in steps, on an operator's word, until less is held than can be ordered.

The scope is HALTED first, so that nothing new opens and everything that rests is canceled (`mode_cancels`); what is left to
do here is to close. Each step is an order like any other: judged, published as a decision, submitted; it only reduces (all
that is on its way counted as traded, so two steps never close the same), does not rest, and is no larger than the limits
on one order. Its price begins near the best of the other side and goes further through the market with each step that
leaves something, at most as far as the collar. A step that is refused is tried again; what refused it is told.

A position is closed in the name of the strategies that traded it; what no strategy traded is closed as `flatten`. With one
strategy named, only what that one traded is, and only as far as it reduces what the account holds. Which scopes are being
flattened is not kept over a restart: the operator asks again; the halt is kept.
"""

from collections.abc import Callable

from agents.risk.desk import Desk
from agents.risk.judged_market import JudgedMarket
from agents.risk.limits import Denial
from agents.risk.pre_trade import PreTradeChecks
from agents.state.bounded_price import bounded_price_ticks
from agents.state.positions import text_e8
from schemas.messages import E8, Flatten, SetTradingMode, Signal
from schemas.orders import ExecInst, Side, TimeInForce
from schemas.units import MS

INTERVAL_NS = 250 * MS
TIMER = "flatten"
UNATTRIBUTED = "flatten"

Scope = tuple[int, str, int]
"""Account (its venue), strategy and instrument; empty and 0 are all."""


class Flattening:
    """The scopes of a desk that are being flattened; `close` judges and submits one order."""

    def __init__(self, desk: Desk, checks: PreTradeChecks, close: Callable[[Signal], Denial | None]) -> None:
        """Begin with none."""
        self._desk = desk
        self._checks = checks
        self._close = close
        self._scopes: dict[Scope, str] = {}
        """Being flattened, and the operator's words."""
        self._steps: dict[int, int] = {}
        """By instrument, the steps that were made."""
        self._refused: dict[int, str] = {}
        """By instrument, why its last step was refused."""
        self._signal_ids = 0

    def __bool__(self) -> bool:
        return bool(self._scopes)

    def begin(self, scope: Scope, text: str) -> None:
        """Begin with a scope."""
        self._scopes[scope] = text
        self._steps.clear()

    def end(self, scope: Scope) -> bool:
        """Close no more of a scope; return whether it was being flattened."""
        return self._scopes.pop(scope, None) is not None

    def step(self) -> None:
        """Make a step in every instrument of every scope; a scope is done when nothing is left of it to be ordered."""
        for scope in list(self._scopes):
            strategy = scope[1]
            left = [market for market in self._markets(scope) if self._step(strategy, market)]
            if not left:
                del self._scopes[scope]

    def figures(self) -> list[str]:
        """Return each scope in a line for people: `strategy=x: words: BTCUSDT 0.5 left`."""
        return [self._line(scope) for scope in self._scopes]

    def _markets(self, scope: Scope) -> list[JudgedMarket]:
        """Return the markets of a scope."""
        venue_id, _, number = scope
        markets = self._checks.markets
        found = [markets[number]] if number in markets else [] if number else list(markets.values())
        return [market for market in found if venue_id in (0, market.account.venue_id)]

    def _step(self, strategy: str, market: JudgedMarket) -> bool:
        """Close what can be closed in one instrument now; return whether anything of it is left to close."""
        number = market.feed.info.id
        for name, own_e8 in _shares(market, strategy):
            signal = self._closing(market, number, name, own_e8)
            if signal is None:
                continue
            self._steps[number] = self._steps.get(number, 0) + 1
            denial = self._close(signal)
            if denial is None:
                self._refused.pop(number, None)
            else:
                self._refused[number] = f"{denial.reason.name} {denial.figures}"
        return self._is_left(market, strategy)

    def _closing(self, market: JudgedMarket, number: int, name: str, own_e8: int) -> Signal | None:
        """Return the order that closes what a strategy holds, as far as it only reduces; None if there is nothing to do."""
        reach = market.account.account.reach(number)
        free_e8 = reach.short_e8 if reach.net_qty_e8 > 0 else reach.long_e8
        if free_e8 * reach.net_qty_e8 <= 0:
            return None
        side = Side.SELL if free_e8 > 0 else Side.BUY
        qty_e8 = min(abs(free_e8), -side * own_e8)
        price_ticks = self._price_ticks(market, number, side)
        qty_lots = 0 if price_ticks == 0 else _qty_lots(market, qty_e8, price_ticks)
        if qty_lots == 0:
            return None
        self._signal_ids += 1
        return Signal(
            signal_id=self._signal_ids,
            strategy=name,
            instrument_id=number,
            side=int(side),
            qty_lots=qty_lots,
            price_ticks=price_ticks,
            time_in_force=int(TimeInForce.IOC),
            confidence=1.0,
            reason="flatten",
            exec_inst=int(ExecInst.REDUCE_ONLY | ExecInst.CLOSE),
        )

    def _price_ticks(self, market: JudgedMarket, number: int, side: Side) -> int:
        """Return the bound of the next step's price, through the market and in the venue's steps; 0 if none is known."""
        best_ticks = self._checks.opposite_ticks(market, int(side))
        step, collar_ppb = self._steps.get(number, 0) + 1, market.account.limits.price_collar_ppb
        return bounded_price_ticks(best_ticks, int(side), step, collar_ppb, market.filters.price_step_ticks)

    def _is_left(self, market: JudgedMarket, strategy: str) -> bool:
        """Return whether a position that could be ordered is held, or anything of the scope may still trade."""
        number, account = market.feed.info.id, market.account.account
        if any(order.open and strategy in ("", order.strategy) for order in account.orders.of(number)):
            return True
        qty_e8 = abs(_left_e8(market, strategy))
        best_ticks = self._checks.opposite_ticks(market, int(Side.BUY))
        return qty_e8 > 0 and (best_ticks == 0 or _qty_lots(market, qty_e8, best_ticks) > 0)

    def _line(self, scope: Scope) -> str:
        venue_id, strategy, number = scope
        account = self._desk.name_of(venue_id) if venue_id else ""
        named = (("account", account), ("strategy", strategy), ("instrument", number))
        told = " ".join(f"{name}={value}" for name, value in named if value)
        lefts = []
        for market in self._markets(scope):
            left_e8 = _left_e8(market, strategy)
            if left_e8:
                info = market.feed.info
                refused = f" ({self._refused[info.id]})" if info.id in self._refused else ""
                lefts.append(f"{info.name} {text_e8(left_e8)}{refused}")
        return f"{told or 'all'}: {self._scopes[scope]}: {', '.join(lefts) or 'nothing'} left"


def scope_of(asked: Flatten | SetTradingMode) -> Scope:
    """Return the scope that an operator named."""
    return asked.venue_id, asked.strategy, asked.instrument_id


def _shares(market: JudgedMarket, strategy: str) -> list[tuple[str, int]]:
    """Return in whose names a position is to be closed, and what each of them holds."""
    account, number = market.account.account, market.feed.info.id
    if strategy:
        return [(strategy, account.strategy_qty_e8(strategy, number))]
    traded = [name for name in account.strategies_in(number) if name not in ("", UNATTRIBUTED)]
    shares = [(name, account.strategy_qty_e8(name, number)) for name in traded]
    rest_e8 = account.reach(number).net_qty_e8 - sum(own_e8 for _, own_e8 in shares)
    return [*shares, (UNATTRIBUTED, rest_e8)]


def _qty_lots(market: JudgedMarket, qty_e8: int, price_ticks: int) -> int:
    """Return as much of a quantity as one order may have, in the venue's steps; 0 if that is less than any may."""
    limits, info = market.account.limits, market.feed.info
    qty_e8 = min(qty_e8, limits.order_qty_max_e8)
    if limits.order_notional_max_e8:
        qty_e8 = min(qty_e8, limits.order_notional_max_e8 * E8 // info.px_e8(price_ticks))
    return market.filters.fit_lots(info, qty_e8 // info.lot_e8, price_ticks)


def _left_e8(market: JudgedMarket, strategy: str) -> int:
    account, number = market.account.account, market.feed.info.id
    net_e8 = account.reach(number).net_qty_e8
    if not strategy:
        return net_e8
    own_e8 = account.strategy_qty_e8(strategy, number)
    if own_e8 * net_e8 <= 0:
        return 0
    return min(own_e8, net_e8) if net_e8 > 0 else max(own_e8, net_e8)

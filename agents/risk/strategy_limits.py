"""Limits of one strategy, beside those of the account: what it alone may hold, order and have open.

They hold for what opens, as the account's do; what reduces the account's position passes. What a strategy holds is what its
own fills come to, and its open orders count as if they traded; how many it has open is counted over all accounts. Only
strategies that the configuration names are looked at.

After a restart an account that is away counts with what it had open at the last anchor, and with what was approved since:
that any of it has ended, only its execution can tell.
"""

from collections.abc import Sequence
from typing import NamedTuple

from agents.instruments import InstrumentInfo, setting_e8
from agents.risk.limits import Denial
from agents.state.account import Account
from agents.state.positions import text_e8
from schemas.config import StrategyLimitsConfig
from schemas.messages import Signal
from schemas.orders import Reason


class _Most(NamedTuple):
    """The limits of one strategy; 0 is none."""

    position_e8: int
    notional_e8: int
    open_orders: int


class StrategyLimits:
    """The limits of the strategies of the desk that `accounts` are of, by name."""

    def __init__(self, config: dict[str, StrategyLimitsConfig], accounts: Sequence[Account], key: str) -> None:
        """Take the limits of `config`, the table `key`.

        Raises:
            ConfigError: If a decimal string has more than eight decimals or a number is over 2**62, naming it.
        """
        self._accounts = accounts
        self._most = {name: _parsed(limits, f"{key}.{name}") for name, limits in config.items()}

    def __bool__(self) -> bool:
        return bool(self._most)

    def check(self, signal: Signal, info: InstrumentInfo, account: Account) -> Denial | None:
        """Deny an order on an account with which its strategy could go over one of its limits."""
        most = self._most.get(signal.strategy)
        if most is None:
            return None
        return (
            self._check_notional(most, signal, info)
            or self._check_count(most, signal)
            or self._check_position(most, signal, info, account)
        )

    def _check_notional(self, most: _Most, signal: Signal, info: InstrumentInfo) -> Denial | None:
        notional_e8 = info.notional_e8(signal.price_ticks, signal.qty_lots)
        if most.notional_e8 == 0 or notional_e8 <= most.notional_e8:
            return None
        figures = {"order_notional": text_e8(notional_e8), "strategy_order_notional_max": text_e8(most.notional_e8)}
        return Denial(Reason.NOTIONAL_ABOVE_MAXIMUM, {"strategy": signal.strategy, **figures})

    def _check_count(self, most: _Most, signal: Signal) -> Denial | None:
        if most.open_orders == 0:
            return None
        orders = [order for account in self._accounts for order in account.orders.all_binding()]
        count = sum(each.open and each.strategy == signal.strategy for each in orders)
        if count < most.open_orders:
            return None
        figures = {"open_orders": count, "strategy_open_orders_max": most.open_orders}
        return Denial(Reason.MAX_OPEN_ORDERS, {"strategy": signal.strategy, **figures})

    def _check_position(self, most: _Most, signal: Signal, info: InstrumentInfo, account: Account) -> Denial | None:
        if most.position_e8 == 0:
            return None
        own = account.orders.of(signal.instrument_id, signal.strategy)
        open_e8 = info.qty_e8(sum(order.leaves_qty_lots for order in own if order.side == signal.side))
        held_e8 = account.strategy_qty_e8(signal.strategy, signal.instrument_id)
        qty_e8 = info.qty_e8(signal.qty_lots)
        could_be_e8 = signal.side * held_e8 + open_e8 + qty_e8
        if could_be_e8 <= most.position_e8:
            return None
        figures = {
            "strategy_position": text_e8(held_e8),
            "open_orders": text_e8(open_e8),
            "order_qty": text_e8(qty_e8),
            "strategy_position_max": text_e8(most.position_e8),
        }
        return Denial(Reason.MAX_POSITION, {"strategy": signal.strategy, **figures})


def _parsed(config: StrategyLimitsConfig, key: str) -> _Most:
    return _Most(
        setting_e8(config.position_max, f"{key}.position_max"),
        setting_e8(config.order_notional_max, f"{key}.order_notional_max"),
        config.open_orders_max,
    )

"""Buying power: what an order costs against what the account has left, where an account pays in full.

The balance is what the account holds as its fills and transfers have it since it opened with the venue's balances
(`agents.state.holdings`), less what open orders may still pay, UNKNOWN ones and approvals under way too, plus a share for
fees. On margin venues the venue alone knows what a position costs, and nothing is checked here; nor is anything before the
venue has told its balances for the first time.

This file is compiled (`buying_power.pxd` has the C types).
"""

from agents.instruments import InstrumentInfo
from agents.risk.limits import Denial
from agents.state.account import Account
from agents.state.positions import text_e8
from agents.state.saturating import times, wide
from schemas.messages import E8
from schemas.orders import Reason, Side

BUY = int(Side.BUY)
PPB = 1_000_000_000


class BuyingPower:
    """What one account can pay; remembers the balance of the asset that was asked for last, until any has changed."""

    def __init__(self, account: Account, fee_ppb: int) -> None:
        """Follow an account; a buy must find `fee_ppb` parts per billion more than its cost."""
        self._account = account
        self._fee_ppb = fee_ppb
        self._asset = ""
        self._as_of = -1
        self._balance_e8 = 0

    def check(
        self, info: InstrumentInfo, base: str, quote: str, side: int, price_ticks: int, qty_e8: int, alone: bool
    ) -> Denial | None:
        """Deny a buy of more quote currency than is free, or a sell of more base currency; call it where both are paid.

        `base` and `quote` are the instrument's; `alone` says that no other instrument has orders that are open.
        """
        if not self._account.funded:
            return None
        if side != BUY:
            return self._compare(base, qty_e8, self._account.promised_e8(base))
        cost_e8 = times(price_ticks * info.tick_e8, qty_e8) // E8
        cost_e8 += times(cost_e8, self._fee_ppb) // PPB
        promised_e8 = self._account.cost_e8(info.id) if alone else self._account.promised_e8(quote)
        return self._compare(quote, cost_e8, promised_e8)

    def _compare(self, asset: str, needed_e8: int, promised_e8: int) -> Denial | None:
        if asset != self._asset or self._as_of != self._account.balances_changed:
            self._asset, self._as_of = asset, self._account.balances_changed
            self._balance_e8 = wide(self._account.held_e8(asset))
        if needed_e8 <= self._balance_e8 - promised_e8:
            return None
        return _short_of(asset, needed_e8, self._balance_e8, promised_e8)


def _short_of(asset: str, needed_e8: int, balance_e8: int, promised_e8: int) -> Denial:
    return Denial(
        Reason.INSUFFICIENT_BALANCE,
        {
            "asset": asset,
            "order_cost": text_e8(needed_e8),
            "balance": text_e8(balance_e8),
            "open_orders": text_e8(promised_e8),
            "free": text_e8(balance_e8 - promised_e8),
        },
    )

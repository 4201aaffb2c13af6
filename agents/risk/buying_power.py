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


def check_buying_power(
    account: Account, info: InstrumentInfo, side: int, price_ticks: int, qty_e8: int, fee_ppb: int
) -> Denial | None:
    """Deny a buy of more quote currency than is free, or a sell of more base currency; call it where both are paid."""
    if not account.holdings.opened:
        return None
    asset: str = info.config.quote if side == BUY else info.config.base
    needed_e8 = qty_e8
    if side == BUY:
        needed_e8 = times(price_ticks * info.tick_e8, qty_e8) // E8
        needed_e8 += needed_e8 // PPB * fee_ppb + needed_e8 % PPB * fee_ppb // PPB
    held_e8 = wide(account.held_e8(asset))
    open_e8 = account.promised_e8(asset)
    if needed_e8 <= held_e8 - open_e8:
        return None
    return _short_of(asset, needed_e8, held_e8, open_e8)


def _short_of(asset: str, needed_e8: int, held_e8: int, open_e8: int) -> Denial:
    figures = {
        "asset": asset,
        "order_cost": text_e8(needed_e8),
        "balance": text_e8(held_e8),
        "open_orders": text_e8(open_e8),
        "free": text_e8(held_e8 - open_e8),
    }
    return Denial(Reason.INSUFFICIENT_BALANCE, {**figures})

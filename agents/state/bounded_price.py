"""The price of an order that is to trade at once, as far through the market as it may and no further.

It begins near the best price of the other side and goes further with each step that leaves something, at most as far as a
bound that whoever closes a position sets. It is in the venue's steps, rounded to the near side of the bound.
"""

from schemas.orders import Side

STEPS = 4
"""So many steps take the price from near the market to the bound."""
PPB = 1_000_000_000


def bounded_price_ticks(best_ticks: int, side: int, step: int, bound_ppb: int, price_step_ticks: int = 1) -> int:
    """Return the price of an order of `side` for the `step`-th step, from 1 on; 0 if no best price is known.

    Args:
        best_ticks: The best price that the order meets.
        side: 1 buys, -1 sells.
        step: How many steps were made, this one included.
        bound_ppb: How far through the market the last step may be, as a share of the best price.
        price_step_ticks: The venue takes multiples of this.
    """
    if not best_ticks:
        return 0
    bound_ticks = best_ticks * (PPB + side * (bound_ppb * min(step, STEPS) // STEPS))
    if side == Side.BUY:
        return bound_ticks // (PPB * price_step_ticks) * price_step_ticks
    return max(price_step_ticks, -(-bound_ticks // (PPB * price_step_ticks)) * price_step_ticks)

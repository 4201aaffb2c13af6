"""The orders of a run in sum: the same figures of the real venue and of a simulated one.

Money is by quote currency: what all fills are good for at the last price of the run, less fees, without funding, and
without what was held before. So real and simulated P&L differ by the orders' fills alone.
"""

from collections.abc import Mapping, Sequence

import msgspec

from agents.backtest.parity.order_pair import OrderPair, gained_e16, waited_ns
from agents.backtest.parity.run_orders import OrderLife
from agents.backtest.result.figures import mean, quantile, ratio
from agents.state.positions import text_of


class LivesFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of all lives on one side; times are nanoseconds from when an order was sent to its first fill.

    `fill_ratio` is of orders, filled wholly or in part, `quantity_ratio` of what was ordered of each, on average.
    """

    orders_filled: int
    fill_ratio: float | None
    quantity_ratio: float | None
    fills: int
    fills_maker: int
    time_to_fill_p50: int | None
    time_to_fill_p90: int | None
    pnl: dict[str, str]
    fees: dict[str, str]


class DifferenceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between both sides, by order: who was filled on which, and by how much worse a simulated price was.

    Prices are of the orders that were filled on both sides.
    """

    filled_on_both: int
    filled_really_only: int
    filled_simulated_only: int
    price_ticks: float | None
    price_bps: float | None


def lives_figures(
    pairs: Sequence[OrderPair], marks_e8: Mapping[tuple[str, str], int], *, simulated: bool
) -> LivesFigures:
    """Return the figures of one side; `marks_e8` are by account and symbol."""
    lives = [(each.order, each.simulated if simulated else each.real) for each in pairs]
    filled = [(order, life) for order, life in lives if life.parts]
    waits = sorted(waited for order, life in filled if (waited := waited_ns(order, life)) is not None)
    parts = [part for _, life in filled for part in life.parts]
    pnl: dict[str, int] = {}
    for order, life in lives:
        quote = order.info.config.quote
        pnl[quote] = pnl.get(quote, 0) + gained_e16(order, life, marks_e8[order.account, order.info.symbol])
    return LivesFigures(
        orders_filled=len(filled),
        fill_ratio=ratio(len(filled), len(lives)),
        quantity_ratio=mean([life.filled_lots / order.qty_lots for order, life in lives]),
        fills=len(parts),
        fills_maker=sum(part.maker for part in parts),
        time_to_fill_p50=quantile(waits, 0.5),
        time_to_fill_p90=quantile(waits, 0.9),
        pnl={name: text_of(value, 16) for name, value in sorted(pnl.items())},
        fees=_fees([life for _, life in filled]),
    )


def difference_figures(pairs: Sequence[OrderPair]) -> DifferenceFigures:
    """Return what differs."""
    both = [(bool(each.real.parts), bool(each.simulated.parts)) for each in pairs]
    ticks = [found for each in pairs if (found := each.price_difference_ticks) is not None]
    bps = [found for each in pairs if (found := each.price_difference_bps) is not None]
    return DifferenceFigures(
        filled_on_both=both.count((True, True)),
        filled_really_only=both.count((True, False)),
        filled_simulated_only=both.count((False, True)),
        price_ticks=mean(ticks),
        price_bps=mean(bps),
    )


def _fees(lives: Sequence[OrderLife]) -> dict[str, str]:
    found: dict[str, int] = {}
    for life in lives:
        for part in life.parts:
            found[part.fee_asset] = found.get(part.fee_asset, 0) + part.fee_e8
    return {name: text_of(value, 8) for name, value in sorted(found.items()) if name}

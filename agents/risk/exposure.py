"""What an order would add to all that its account holds: exposure of all instruments together, and what moves alike.

Exposure is that of all instruments, each at the worst that its open orders allow, valued at the middle price (at the last
trade, the order's price or the last fill where there is none). An instrument that is held while its market is not to be
relied on has no exposure and no correlation that is known, so neither is below a limit: nothing is opened anywhere until
it is back. Only what is too little to be ordered, dust, stops nobody: it counts at its last price, and moves nothing.

This file is compiled (`exposure.pxd` has the C types).
"""

from agents.risk.correlations import Correlations
from agents.risk.judged_account import JudgedAccount
from agents.risk.judged_market import JudgedMarket
from agents.risk.limits import Denial, exposure_e8, is_beyond
from agents.state.account import Account, PositionRange
from agents.state.market_view import Figures, MarketView
from agents.state.message_fields import SIGNAL
from agents.state.positions import text_e8
from mesh.context import Context
from schemas.messages import Signal
from schemas.orders import Reason, Side

BUY = int(Side.BUY)


class Exposures:
    """The exposure of each account, and how it moves together; `markets` are those that it can be valued by."""

    def __init__(self, markets: dict[int, JudgedMarket], correlations: Correlations) -> None:
        """Value by these."""
        self._markets = markets
        self._correlations = correlations

    def gross_e8(self, account: Account) -> int:
        """Return the exposure of all instruments now, at prices as they were last known."""
        gross_e8 = 0
        for number in account.instruments():
            reach = account.reach(number)
            gross_e8 += _worst_e8(reach.long_e8, reach.short_e8, self.mark_px_e8(account, number))
        return gross_e8

    def others(self, account: Account, instrument_id: int) -> list[int]:
        """Return what else is held or ordered on an account, but for dust."""
        found = [number for number in account.instruments() if number != instrument_id]
        return [number for number in found if not self.is_dust(account, number)]

    def check(
        self, ctx: Context, signal: Signal, market: JudgedMarket, reach: PositionRange, others: list[int]
    ) -> Denial | None:
        """Deny an order that would take gross or net exposure over its limit, or while they are not known."""
        feed, limits = market.feed, market.account.limits
        gross_max_e8, net_max_e8 = limits.exposure_gross_max_e8, limits.exposure_net_max_e8
        if not (gross_max_e8 or net_max_e8):
            return None
        side, qty_e8 = SIGNAL.side.int_of(signal), SIGNAL.qty_lots.int_of(signal) * feed.lot_e8
        mark = feed.mid_e8() or order_px_e8(feed, SIGNAL.price_ticks.int_of(signal))
        long_e8, short_e8 = reach.long_e8, reach.short_e8
        if side == BUY:
            long_e8 += qty_e8
        else:
            short_e8 -= qty_e8
        gross_e8 = _worst_e8(long_e8, short_e8, mark)
        net_e8 = exposure_e8(long_e8 if side == BUY else -short_e8, mark)
        added_e8 = gross_e8 - _worst_e8(reach.long_e8, reach.short_e8, mark)
        # Beyond the bound neither a difference nor a sum tells anything, and nothing more may be added.
        beyond = is_beyond(gross_e8)
        for number in others:
            own = market.account
            fault = self.fault(ctx, number)
            if fault is not None:
                return self._not_known(own, number, fault)
            other, other_mark = own.account.reach(number), self.mark_px_e8(own.account, number)
            worst_e8 = _worst_e8(other.long_e8, other.short_e8, other_mark)
            beyond = beyond or is_beyond(worst_e8)
            gross_e8 += worst_e8
            net_e8 += exposure_e8(other.long_e8 if side == BUY else -other.short_e8, other_mark)
        if (added_e8 > 0 or beyond) and 0 < gross_max_e8 < gross_e8:
            figures: Figures = {"exposure_gross": text_e8(gross_e8), "exposure_gross_max": text_e8(gross_max_e8)}
            return Denial(Reason.MAX_EXPOSURE_GROSS, figures)
        if net_max_e8 > 0 and (net_max_e8 < net_e8 or beyond):
            figures = {"exposure_net": text_e8(side * net_e8), "exposure_net_max": text_e8(net_max_e8)}
            return Denial(Reason.MAX_EXPOSURE_NET, figures)
        return None

    def check_correlation(self, ctx: Context, signal: Signal, own: JudgedAccount, others: list[int]) -> Denial | None:
        """Deny more of what moves with an exposure that the account has or may get, or may do so for all that is known."""
        if own.limits.correlation_max >= 1.0:
            return None
        for number in others:
            reach = own.account.reach(number)
            sides = _sides(reach, own.account.info(number).lot_e8)
            if sides and (denial := self._compare(ctx, signal, own, number, reach, sides)) is not None:
                return denial
        return None

    def _compare(
        self,
        ctx: Context,
        signal: Signal,
        own: JudgedAccount,
        number: int,
        reach: PositionRange,
        sides: tuple[int, ...],
    ) -> Denial | None:
        correlation = self._correlations.between(signal.instrument_id, number)
        fault = self.fault(ctx, number)
        figures = held_figures(own.account, number)
        if fault is not None:
            return Denial(Reason.CORRELATION, {"correlation": "unknown", **figures, **fault})
        if correlation is None:
            samples = self._correlations.samples(signal.instrument_id, number)
            figures |= {"samples": samples, "samples_needed": self._correlations.samples_needed}
            return Denial(Reason.CORRELATION, {"correlation": "unknown", **figures})
        together = max(signal.side * side * correlation for side in sides)
        if together <= own.limits.correlation_max:
            return None
        compared: Figures = {"correlation": together, "correlation_max": own.limits.correlation_max}
        return Denial(Reason.CORRELATION, compared | figures)

    def _not_known(self, own: JudgedAccount, number: int, fault: Figures) -> Denial:
        figures = {**held_figures(own.account, number), **fault}
        if own.limits.exposure_gross_max_e8:
            return Denial(Reason.MAX_EXPOSURE_GROSS, {"exposure_gross": "unknown", **figures})
        return Denial(Reason.MAX_EXPOSURE_NET, {"exposure_net": "unknown", **figures})

    def fault(self, ctx: Context, number: int) -> Figures | None:
        """Return why the market of an instrument says nothing now, None if it does."""
        market = self._markets.get(number)
        if market is None:
            return {"with_market": "not followed"}
        fault = market.feed.fault(ctx, market.account.limits.market_data_age_ns_max)
        if fault is None:
            return None
        return {"with_market": fault[0].name, **fault[1]}

    def is_dust(self, account: Account, number: int) -> bool:
        """Return whether all that may be held of an instrument is less than an order of it may be."""
        market = self._markets.get(number)
        if market is None:
            return False
        reach = account.reach(number)
        most_e8 = max(reach.long_e8, -reach.long_e8, reach.short_e8, -reach.short_e8)
        if most_e8 < market.filters.min_qty_lots * market.feed.lot_e8:
            return True
        return exposure_e8(most_e8, self.mark_px_e8(account, number)) < market.filters.min_notional_e8

    def mark_px_e8(self, account: Account, number: int) -> int:
        """Return the price that an instrument is valued at, as it was last known; 0 if it never was."""
        market = self._markets.get(number)
        mark = market.feed.mid_e8() if market is not None else 0
        if mark:
            return mark
        ledger, info = account.ledgers.get(number), account.info(number)
        return (ledger.last_px_e8 if ledger is not None else 0) or max(
            [info.px_e8(order.price_ticks) for order in account.orders.of(number)], default=0
        )


def held_figures(account: Account, number: int) -> Figures:
    """Return what is held and ordered of an instrument, for a denial that it is the reason of."""
    reach = account.reach(number)
    return {
        "with": account.info(number).name,
        "with_position": text_e8(reach.net_qty_e8),
        "with_open_buys": text_e8(reach.buys_e8),
        "with_open_sells": text_e8(reach.sells_e8),
    }


def _sides(reach: PositionRange, lot_e8: int) -> tuple[int, ...]:
    """Return the signs that the position may have once open orders have traded; less than a lot is none."""
    long, short = reach.long_e8 >= lot_e8, reach.short_e8 <= -lot_e8
    return (1,) * long + (-1,) * short


def _worst_e8(long_e8: int, short_e8: int, mark_px_e8: int) -> int:
    return exposure_e8(max(long_e8, -long_e8, short_e8, -short_e8), mark_px_e8)


def order_px_e8(feed: MarketView, price_ticks: int) -> int:
    """Return an order's price in quote currency."""
    return price_ticks * feed.tick_e8

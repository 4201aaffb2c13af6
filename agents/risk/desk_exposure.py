"""What an order would add to all that the desk holds: one coin is one exposure, at every venue, spot and contracts.

Of each coin the longs and the shorts of all its instruments are added up, each instrument at the worst that its open orders
allow: whatever trades, the desk is between the two. So what is long here and short there is little, and the worst of a coin
is the larger of both sides. Gross exposure adds up coins; net adds up the side that the order is on. Quote currencies that
are joined count one for one.

What does not add to the worst of its own coin, a hedge above all, passes the limits on coin, gross exposure and
correlation. What does add meets them even where it reduces the position in its instrument: closing one of two legs that
hedge each other leaves the other bare. It can be done in several, leg by leg; an operator's flattening passes.

An account counts as long as it was known once since risk began, also while its execution is away, has not agreed with its
venue, or does not know what became of orders: every order there was approved here and counts in full until there is proof
of its end, so the account is still somewhere between the two sides, and the others trade on. (What a person orders at the
venue by hand meanwhile is seen when execution is back.) An account that was not known since risk began may hold anything:
as long as the desk has a limit, nothing opens anywhere. A coin whose market is not to be relied on at one venue has its
price at another; where no market of it is, and it is no dust, its exposure is not known, and nothing opens either. What
reduces is never held back by what is not known: it is held against what was known last, and passes while an account was
never known.

A coin is not correlated with itself: that is its exposure. A hedged one moves nothing.

This file is compiled (`desk_exposure.pxd` has the C types).
"""

from collections.abc import Sequence

from agents.instruments import InstrumentInfo
from agents.risk.correlations import Correlations
from agents.risk.exposure import Exposures, held_figures, order_px_e8
from agents.risk.judged_account import JudgedAccount
from agents.risk.judged_market import JudgedMarket
from agents.risk.limits import Denial, DeskLimits, is_beyond
from agents.state.market_view import Figures
from agents.state.message_fields import SIGNAL
from agents.state.positions import text_e8
from agents.state.saturating import times
from mesh.context import Context
from schemas.messages import E8, Signal
from schemas.orders import Reason, Side

BUY = int(Side.BUY)


class Coin:
    """One coin on the desk: its instruments, and the sums of their longs and shorts when they were last added up."""

    def __init__(self, name: str) -> None:
        """Begin with no instruments."""
        self.name = name
        self.parts: list[CoinPart] = []
        self.begin()

    def begin(self) -> None:
        """Begin to add up."""
        self.long_e8 = 0
        self.short_e8 = 0
        self.least_e8 = 0
        """The value of the least order of it; less than that moves nothing."""
        self.held = False
        """Whether anything of it is held or ordered."""

    def worst_e8(self) -> int:
        """Return the larger of both sides."""
        return max(self.long_e8, -self.long_e8, self.short_e8, -self.short_e8)


class CoinPart:
    """One instrument of a coin, on the account that trades it; `market` is None where its prices are not followed."""

    def __init__(self, coin: Coin, info: InstrumentInfo, account: JudgedAccount, market: JudgedMarket | None) -> None:
        """Take what it is made of; unchangeable from then on."""
        self.coin = coin
        self.info = info
        self.number: int = info.id
        self.account = account
        self.market = market
        self.held = False
        """Whether anything of it was held or ordered when it was last added up."""


class DeskExposures:
    """The exposure of all accounts together; `exposures` says what is known of each market."""

    def __init__(
        self, limits: DeskLimits, accounts: Sequence[JudgedAccount], exposures: Exposures, correlations: Correlations
    ) -> None:
        """Begin without instruments."""
        self.limits = limits
        self.bounded = (
            limits.exposure_gross_max_e8 > 0
            or limits.exposure_net_max_e8 > 0
            or limits.coin_exposure_max_e8 > 0
            or limits.correlation_max < 1.0
        )
        """Whether there is any limit; while there is none, nothing need be added up."""
        self._accounts = list(accounts)
        self._exposures = exposures
        self._correlations = correlations
        self._coins: dict[str, Coin] = {}
        self._parts: list[CoinPart] = []
        self._by_number: dict[int, CoinPart] = {}

    def add(self, info: InstrumentInfo, account: JudgedAccount, market: JudgedMarket | None) -> None:
        """Count an instrument in."""
        name = info.config.base
        coin = self._coins.setdefault(name, Coin(name))
        part = self._by_number[info.id] = CoinPart(coin, info, account, market)
        coin.parts.append(part)
        self._parts.append(part)

    def figures(self) -> dict[str, str]:
        """Return the worst exposure of each coin that is held or ordered, at prices as they were last known."""
        self._add_up(None, 0, 0)
        found: dict[str, str] = {}
        for coin in self._coins.values():
            if coin.held:
                found[coin.name] = text_e8(coin.worst_e8())
        return found

    def check(self, ctx: Context, signal: Signal, market: JudgedMarket, reducing: bool) -> Denial | None:
        """Deny an order that would take the desk over one of its limits, or while what they are held against is not known.

        `reducing` says that it can only bring its own position nearer to zero.
        """
        if reducing:
            # What was approved on an account before a restart counts there until its orders are read: that says nothing.
            if not self._are_known(ctx):
                return None
        elif (denial := self._not_known(ctx, market)) is not None:
            return denial
        side, qty_e8 = SIGNAL.side.int_of(signal), SIGNAL.qty_lots.int_of(signal) * market.feed.lot_e8
        part = self._by_number[market.feed.info.id]
        mark = market.feed.mid_e8() or order_px_e8(market.feed, SIGNAL.price_ticks.int_of(signal))
        beyond = self._add_up(part, mark, 0 if reducing else 1)
        coin = part.coin
        gross_e8 = net_e8 = 0
        for each in self._coins.values():
            gross_e8 += each.worst_e8()
            net_e8 += each.long_e8 if side == BUY else -each.short_e8
        before_e8 = coin.worst_e8()
        added_e8 = self._added_e8(part, side, qty_e8, mark)
        if side == BUY:
            coin.long_e8 += added_e8
        else:
            coin.short_e8 -= added_e8
        worst_e8 = coin.worst_e8()
        beyond = beyond or is_beyond(worst_e8)
        adds = worst_e8 > before_e8 or beyond
        if reducing and (beyond or not adds):
            return None
        denial = self._compare(coin, side, adds, beyond, gross_e8 + worst_e8 - before_e8, net_e8 + added_e8)
        if denial is not None or reducing or not adds or self.limits.correlation_max >= 1.0:
            return denial
        return self._check_correlation(ctx, signal, coin)

    def _compare(self, coin: Coin, side: int, adds: bool, beyond: bool, gross_e8: int, net_e8: int) -> Denial | None:
        limits, worst_e8 = self.limits, coin.worst_e8()
        if adds and limits.coin_exposure_max_e8 > 0 and (limits.coin_exposure_max_e8 < worst_e8 or beyond):
            figures: Figures = {
                "coin": coin.name,
                "coin_exposure": text_e8(worst_e8),
                "coin_exposure_max": text_e8(limits.coin_exposure_max_e8),
            }
            return Denial(Reason.MAX_EXPOSURE_COIN, figures)
        if adds and limits.exposure_gross_max_e8 > 0 and (limits.exposure_gross_max_e8 < gross_e8 or beyond):
            figures = {
                "desk_exposure_gross": text_e8(gross_e8),
                "desk_exposure_gross_max": text_e8(limits.exposure_gross_max_e8),
            }
            return Denial(Reason.MAX_EXPOSURE_GROSS, figures)
        if limits.exposure_net_max_e8 > 0 and (limits.exposure_net_max_e8 < net_e8 or beyond):
            figures = {
                "desk_exposure_net": text_e8(side * net_e8),
                "desk_exposure_net_max": text_e8(limits.exposure_net_max_e8),
            }
            return Denial(Reason.MAX_EXPOSURE_NET, figures)
        return None

    def _add_up(self, own: CoinPart | None, own_mark: int, least: int) -> bool:
        """Add up every coin, `own` at a price of its own; return whether anything is too large to be known.

        With `least` the value of the least order of each coin is worked out too.
        """
        beyond = False
        for coin in self._coins.values():
            coin.begin()
        for part in self._parts:
            reach = part.account.account.reach(part.number)
            part.held = reach.long_e8 != 0 or reach.short_e8 != 0
            if not part.held:
                continue
            coin = part.coin
            mark = own_mark if part is own else self._mark_px_e8(part)
            long_e8, short_e8 = value_up_e8(reach.long_e8, mark), -value_up_e8(-reach.short_e8, mark)
            beyond = beyond or is_beyond(max(long_e8, -long_e8)) or is_beyond(max(short_e8, -short_e8))
            coin.held = True
            coin.long_e8 += long_e8
            coin.short_e8 += short_e8
            if least:
                least_e8 = self._least_e8(part, mark)
                coin.least_e8 = least_e8 if coin.least_e8 == 0 else min(coin.least_e8, least_e8)
        return beyond

    def _added_e8(self, part: CoinPart, side: int, qty_e8: int, mark: int) -> int:
        """Return what an order adds to the side that it is on."""
        reach = part.account.account.reach(part.number)
        was_e8 = reach.long_e8 if side == BUY else -reach.short_e8
        return value_up_e8(was_e8 + qty_e8, mark) - value_up_e8(was_e8, mark)

    def _least_e8(self, part: CoinPart, mark: int) -> int:
        """Return the value of the least order of an instrument."""
        market = part.market
        if market is None:
            return value_up_e8(part.info.lot_e8, mark)
        filters = market.filters
        return max(value_up_e8(max(1, filters.min_qty_lots) * part.info.lot_e8, mark), filters.min_notional_e8)

    def _mark_px_e8(self, part: CoinPart) -> int:
        """Return the price of an instrument as it was last known, at another venue where this one never told any."""
        mark = self._exposures.mark_px_e8(part.account.account, part.number)
        if mark:
            return mark
        for other in part.coin.parts:
            mark = mark or self._exposures.mark_px_e8(other.account.account, other.number)
        return mark

    def _are_known(self, ctx: Context) -> bool:
        known = True
        for account in self._accounts:
            known = known and account.is_known(ctx)
        return known

    def _not_known(self, ctx: Context, market: JudgedMarket) -> Denial | None:
        """Return why it is not known what the desk may come to hold, or what that is worth."""
        for account in self._accounts:
            if not account.is_known(ctx):
                fault = account.fault(ctx)
                figures = {} if fault is None else fault.figures
                return self._unknown({"account": account.execution, **figures})
        for part in self._parts:
            if part.market is market:
                continue
            reach = part.account.account.reach(part.number)
            if (reach.long_e8 != 0 or reach.short_e8 != 0) and (fault_there := self._fault(ctx, part)) is not None:
                return self._unknown({**held_figures(part.account.account, part.number), **fault_there})
        return None

    def _fault(self, ctx: Context, part: CoinPart) -> Figures | None:
        """Return why nothing says now what a coin is worth, None if a market of it does, or it is dust."""
        fault = self._exposures.fault(ctx, part.number)
        if fault is None:
            return None
        for other in part.coin.parts:
            if self._exposures.fault(ctx, other.number) is None:
                return None
        return None if self._exposures.is_dust(part.account.account, part.number) else fault

    def _unknown(self, figures: Figures) -> Denial:
        limits = self.limits
        if limits.coin_exposure_max_e8:
            return Denial(Reason.MAX_EXPOSURE_COIN, {"coin_exposure": "unknown", **figures})
        if limits.exposure_gross_max_e8:
            return Denial(Reason.MAX_EXPOSURE_GROSS, {"desk_exposure_gross": "unknown", **figures})
        if limits.exposure_net_max_e8:
            return Denial(Reason.MAX_EXPOSURE_NET, {"desk_exposure_net": "unknown", **figures})
        return Denial(Reason.CORRELATION, {"desk_correlation": "unknown", **figures})

    def _check_correlation(self, ctx: Context, signal: Signal, own: Coin) -> Denial | None:
        """Deny more of what moves with another coin that the desk is exposed to, or may do so for all that is known."""
        for coin in self._coins.values():
            sides = () if coin is own else _sides(coin)
            if sides and (denial := self._compare_coin(ctx, signal, coin, sides)) is not None:
                return denial
        return None

    def _compare_coin(self, ctx: Context, signal: Signal, coin: Coin, sides: tuple[int, ...]) -> Denial | None:
        figures: Figures = {"desk_correlation": "unknown", "with": coin.name}
        correlation: float | None = None
        for part in coin.parts:
            if correlation is None and part.held:
                fault = self._exposures.fault(ctx, part.number)
                correlation = self._correlations.between(signal.instrument_id, part.number) if fault is None else None
                samples = self._correlations.samples(signal.instrument_id, part.number)
                needed = self._correlations.samples_needed
                figures |= fault or {"samples": samples, "samples_needed": needed}
        if correlation is None:
            return Denial(Reason.CORRELATION, figures)
        together = max(signal.side * side * correlation for side in sides)
        if together <= self.limits.correlation_max:
            return None
        compared: Figures = {"desk_correlation": together, "desk_correlation_max": self.limits.correlation_max}
        held: Figures = {"with": coin.name, "with_long": text_e8(coin.long_e8), "with_short": text_e8(coin.short_e8)}
        return Denial(Reason.CORRELATION, compared | held)


def value_up_e8(qty_e8: int, mark_px_e8: int) -> int:
    """Return the value of a quantity at a price with the quantity's sign, rounded up."""
    if qty_e8 < 0:
        return -(times(-qty_e8, mark_px_e8) // E8)
    return (times(qty_e8, mark_px_e8) + E8 - 1) // E8


def _sides(coin: Coin) -> tuple[int, ...]:
    """Return the signs that the exposure in a coin may have; less than can be ordered is none."""
    least_e8 = max(1, coin.least_e8)
    return (1,) * (coin.long_e8 >= least_e8) + (-1,) * (coin.short_e8 <= -least_e8)

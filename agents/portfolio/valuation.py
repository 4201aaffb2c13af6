"""What the accounts are worth: every balance and position at its mark, or why that cannot be said.

Positions are marked at the venue's mark price where an instrument has that feed, else at the middle of the best bid and
ask, else at the last trade, all guarded (`agents.portfolio.marks`). Another asset counts at what `asset_marks` gives it: a
fixed price, or the mark of an instrument that is followed for it; without, at the mark of a traded instrument that has it
as base, at whatever venue. What none of that values is in no equity, and told.

Equity is not known while an account has not opened, while a position has no mark or its stream is not live, and while it
does not fit in 64 bits. Dust does not stop it: a position of less than a lot, or worth no more than `dust_max` or the least
notional that the venue takes, counts at the last price that is known, and at nothing if there is none.

This file is compiled (`valuation.pxd`).
"""

from collections.abc import Iterable, Mapping

from agents.portfolio.equity_series import EquityParts
from agents.portfolio.inflows import MONEY_MAX, Inflows
from agents.portfolio.marks import Mark
from agents.state.account import Account
from agents.state.holdings import Inflow
from agents.state.positions import E9, Ledger, text_e8, text_of
from mesh.context import Context
from schemas.messages import E8
from schemas.streams import StreamState

LIVE = StreamState.LIVE
AssetMarks = Mapping[str, int | Mark]
"""By asset, a fixed price times 10**9, or what marks it."""


class Valuation:
    """Values accounts; asks the context which streams are live."""

    def __init__(
        self,
        accounts: Mapping[int, Account],
        marks: Mapping[int, Mark],
        asset_marks: AssetMarks,
        quote: str,
        dust_e8: int,
    ) -> None:
        """Take accounts by venue number, the marks of what is traded by instrument number, and those of other assets."""
        self._accounts = accounts
        self._marks = marks
        self._asset_marks = asset_marks
        self._quote = quote
        self._dust_e8 = dust_e8

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def ledgers(self) -> dict[int, Ledger]:
        """Return every ledger by instrument number."""
        return {number: ledger for account in self._accounts.values() for number, ledger in account.ledgers.items()}

    def mark_e9(self, ledger: Ledger) -> int:
        """Return what a position is shown at: its mark, the last one if it is dead, its last fill if there was none."""
        mark = self._marks.get(ledger.info.id)
        return (mark.px_e9 if mark is not None else 0) or ledger.last_px_e8 * 10

    def parts(self, inflows: Inflows) -> EquityParts:
        """Return the equity and what it is made of; it is of no use if `not_known` says so.

        Equity is rounded once; the unrealised profit takes up what rounding the parts would lose, so they add up.
        """
        equity_e17 = realised_e16 = fees_e17 = 0
        for account in self._accounts.values():
            holdings = account.holdings
            equity_e17 += holdings.held_e16(self._quote) * 10
            for ledger in account.ledgers.values():
                equity_e17 += ledger.net_qty_e8 * self.mark_e9(ledger)
                if ledger.info.margin:
                    equity_e17 -= ledger.cost_e16 * 10
                realised_e16 += ledger.realised_e16
                fees_e17 += ledger.fees_e16 * 10
            for asset, amount_e8 in holdings.amounts_e8.items():
                if asset != self._quote:
                    equity_e17 += amount_e8 * self._asset_e9(asset)
            for asset, fee_e8 in holdings.fees_e8.items():
                fees_e17 += fee_e8 * self._asset_e9(asset)
        return EquityParts(
            equity_e8=equity_e17 // E9,
            realised_e8=realised_e16 // E8,
            fees_e8=fees_e17 // E9,
            opening_e8=inflows.opening_e8,
            transfers_e8=inflows.transfers_e8,
        )

    def not_known(self) -> str:
        """Return why the equity is not known now, empty if it is."""
        for account in self._accounts.values():
            if not account.holdings.opened:
                return "the venue has not told its balances yet"
            if account.holdings.to_value:
                assets = sorted({inflow.asset for inflow in account.holdings.to_value})
                return f"no mark yet for what came in: {', '.join(assets)}"
        dead = [each.info.name for each in self.ledgers().values() if not (self._is_live(each) or self.is_dust(each))]
        return f"no live mark of {', '.join(dead)}" if dead else ""

    def dead_marks(self) -> dict[str, str]:
        """Return the positions without a live mark that are too small to matter, with the price that they count at."""
        return {
            ledger.info.name: text_of(self.mark_e9(ledger), 9)
            for ledger in self.ledgers().values()
            if not self._is_live(ledger) and self.is_dust(ledger)
        }

    def doubted_marks(self) -> dict[str, str]:
        """Return the prices that are held back, by symbol."""
        return {
            mark.info.name: f"{text_of(mark.doubted_e9, 9)}, mark {text_of(mark.px_e9, 9)}"
            for mark in self._marks.values()
            if mark.doubted_e9
        }

    def not_valued(self) -> dict[str, str]:
        """Return the balances that nothing values."""
        return {
            asset: text_e8(amount_e8)
            for account in self._accounts.values()
            for asset, amount_e8 in account.holdings.amounts_e8.items()
            if amount_e8 and not self.is_valued(asset)
        }

    def is_valued(self, asset: str) -> bool:
        """Return whether an asset that is no position has a price, known or not."""
        return asset == self._quote or asset in self._asset_marks

    def is_dust(self, ledger: Ledger) -> bool:
        """Return whether a position is too small to be sold, or to matter."""
        return not self._is_worth_more(ledger, abs(ledger.net_qty_e8))

    def price_of(self, inflow: Inflow) -> int | None:
        """Return the price at which to value what came in: 0 if nothing values it, None while it is not known."""
        if inflow.ledger is None:
            return self._asset_e9(inflow.asset) or (None if self.is_valued(inflow.asset) else 0)
        mark = self._marks.get(inflow.ledger.info.id)
        if mark is not None and mark.known:
            return mark.px_e9
        return None if self._is_worth_more(inflow.ledger, abs(inflow.amount_e8)) else self.mark_e9(inflow.ledger)

    def tolerance_e8(self, account: Account, asset: str) -> int | None:
        """Return how much of an asset may differ from what the venue tells; None if it is not to be compared."""
        infos = [ledger.info for ledger in account.ledgers.values()]
        if any(info.margin for info in infos):
            return None
        lots_e8 = [info.lot_e8 for info in infos if info.config.base == asset]
        if lots_e8:
            return max(lots_e8)
        price_e9 = self._asset_e9(asset)
        return self._dust_e8 * E9 // price_e9 if price_e9 else None

    def _asset_e9(self, asset: str) -> int:
        """Return the price of an asset that is no position, 0 if it has none."""
        if asset == self._quote:
            return E9
        mark = self._asset_marks.get(asset, 0)
        return mark.px_e9 if isinstance(mark, Mark) else mark

    def _is_live(self, ledger: Ledger) -> bool:
        """Return whether nothing is held, or the mark of it is known and its stream live."""
        if not ledger.net_qty_e8:
            return True
        mark = self._marks.get(ledger.info.id)
        return mark is not None and mark.known and self._ctx.stream_state(mark.publisher, mark.stream) is LIVE

    def _is_worth_more(self, ledger: Ledger, qty_e8: int) -> bool:
        if qty_e8 < ledger.info.lot_e8:
            return False
        price_e9 = self.mark_e9(ledger)
        return not price_e9 or qty_e8 * price_e9 > max(self._dust_e8, ledger.info.min_notional_e8) * E9


def fits(parts: EquityParts) -> bool:
    """Return whether every part can be published."""
    return all(-MONEY_MAX <= part <= MONEY_MAX for part in parts)


def bounded(value: int) -> int:
    """Return a number, or the bound of 64 bits that it is beyond."""
    return max(-MONEY_MAX, min(MONEY_MAX, value))


def fees_by_asset(ledgers: Iterable[Ledger]) -> dict[str, int]:
    """Return the commissions in assets that are neither base nor quote, times 10**8."""
    fees: dict[str, int] = {}
    for ledger in ledgers:
        for asset, value_e8 in ledger.fees_by_asset.items():
            fees[asset] = fees.get(asset, 0) + value_e8
    return fees

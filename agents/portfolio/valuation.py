"""What accounts are worth: every balance and position at its mark, or why that cannot be said.

Positions are marked at the venue's mark price where an instrument has that feed, else at the middle of the best bid and
ask, else at the last trade, all guarded (`agents.portfolio.marks`). Another asset counts at what `asset_marks` gives it: a
fixed price, or the mark of an instrument that is followed for it; without, at the mark of a traded instrument that has it
as base, at whatever venue. What none of that values is in no equity, and told. What is quoted in another currency than the
desk's counts by what that is worth (`agents.portfolio.currencies`), realised profit and fees of earlier too.

Equity is not known while an account has not opened, while a position has no mark or its stream is not live, while what is
held in a joined currency has no such rate, and while it does not fit in 64 bits. Dust does not stop it: a position of less
than a lot, or worth no more than `dust_max` or the least notional that the venue takes, counts at the last price that is
known, and at nothing if there is none; of what is dust, joined currencies count one for one.

Money is times 10**26 inside: amounts times 10**8, prices and rates times 10**9. So each sum is rounded once, at its end.

This file is compiled (`valuation.pxd`).
"""

from collections.abc import Iterable, Mapping, Sequence

from agents.portfolio.currencies import Currencies
from agents.portfolio.equity_series import EquityParts
from agents.portfolio.inflows import MONEY_MAX
from agents.portfolio.marks import Mark
from agents.state.account import Account
from agents.state.holdings import Inflow
from agents.state.positions import E9, Ledger
from mesh.context import Context
from schemas.streams import StreamState

LIVE = StreamState.LIVE
E17, E18 = 10**17, 10**18
AssetMarks = Mapping[str, int | Mark]
"""By asset, a fixed price times 10**9 in the desk's currency, or what marks it."""

ROUNDED_E8 = 2
"""Venues round the profit and the commission of each fill in a contract, and we do not."""
SETTLED_BY_SESSION = frozenset({("bybit", "USDC")})
"""Kinds of venues and currencies whose contracts pay out what positions have gained every few hours, closed or not: their
wallets are not compared with what fills come to.

(Bybit, help center, USDC perpetual session settlement mechanism: with each funding the average entry price becomes the mark
price, and what was gained until then is credited to the wallet.)
"""


class Valuation:
    """Values accounts; asks the context which streams are live."""

    def __init__(
        self, marks: Mapping[int, Mark], asset_marks: AssetMarks, currencies: Currencies, dust_e8: int
    ) -> None:
        """Take the marks of what is traded by instrument number, those of other assets, and what money is worth."""
        self._marks = marks
        self._asset_marks = asset_marks
        self._currencies = currencies
        self._dust_e8 = dust_e8

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx
        self._currencies.bind(ctx)

    def mark_e9(self, ledger: Ledger) -> int:
        """Return what a position is shown at: its mark, the last one if it is dead, its last fill if there was none."""
        mark = self._marks.get(ledger.info.id)
        return (mark.px_e9 if mark is not None else 0) or ledger.last_px_e8 * 10

    def parts(self, accounts: Sequence[Account], opening_e8: int, transfers_e8: int) -> EquityParts:
        """Return the equity of accounts and what it is made of; it is of no use if `not_known` says so of one.

        Equity is rounded once; the unrealised profit takes up what rounding the parts would lose, so they add up.
        """
        equity_e26 = realised_e25 = funding_e25 = fees_e26 = 0
        for currency in self._currencies.all:
            value_e17 = realised_e16 = funding_e16 = fees_e16 = 0
            for account in accounts:
                value_e17 += account.holdings.beside_position_e16(currency) * 10
                for ledger in account.ledgers.values():
                    if ledger.info.config.quote == currency:
                        value_e17 += self._position_e17(ledger)
                        realised_e16 += ledger.realised_e16 - ledger.realised_before_e16
                        funding_e16 += ledger.funding_e16
                        fees_e16 += ledger.fees_e16
            rate_e9 = self._currencies.rate_e9(currency)
            equity_e26 += value_e17 * rate_e9
            realised_e25 += realised_e16 * rate_e9
            funding_e25 += funding_e16 * rate_e9
            fees_e26 += fees_e16 * 10 * rate_e9
        for account in accounts:
            for asset, amount_e8 in account.holdings.amounts_e8.items():
                if not self._currencies.is_money(asset):
                    equity_e26 += amount_e8 * self._asset_e18(asset)
            for asset, fee_e8 in account.holdings.fees_e8.items():
                fees_e26 += fee_e8 * self._asset_e18(asset)
        return EquityParts(
            equity_e8=equity_e26 // E18,
            realised_e8=realised_e25 // E17,
            fees_e8=fees_e26 // E18,
            opening_e8=opening_e8,
            transfers_e8=transfers_e8,
            funding_e8=funding_e25 // E17,
        )

    def not_known(self, account: Account) -> str:
        """Return why the equity of an account is not known now, empty if it is."""
        if not account.holdings.opened:
            return "the venue has not told its balances yet"
        if account.holdings.to_value:
            assets = sorted({inflow.asset for inflow in account.holdings.to_value})
            return f"no mark yet for what came in: {', '.join(assets)}"
        ledgers = account.ledgers.values()
        dead = [each.info.name for each in ledgers if not (self._is_live(each) or self.is_dust(each))]
        if dead:
            return f"no live mark of {', '.join(dead)}"
        for currency, mark in self._currencies.marked.items():
            if not self._currencies.is_live(currency) and self._stake_e17(account, currency) > self._dust_e8 * E9:
                return f"no live mark of {mark.info.name}, by which {currency} counts"
        return ""

    def dead_marks(self, accounts: Iterable[Account]) -> dict[str, int]:
        """Return the positions without a live mark that are too small to matter, with the price that they count at."""
        return {
            ledger.info.name: self.mark_e9(ledger)
            for account in accounts
            for ledger in account.ledgers.values()
            if not self._is_live(ledger) and self.is_dust(ledger)
        }

    def doubted(self) -> list[Mark]:
        """Return the marks with a price that is held back."""
        return [mark for mark in self._marks.values() if mark.doubted_e9]

    def not_valued(self, accounts: Iterable[Account]) -> dict[str, int]:
        """Return the balances that nothing values."""
        found: dict[str, int] = {}
        for account in accounts:
            for asset, amount_e8 in account.holdings.amounts_e8.items():
                if amount_e8 and not self.is_valued(asset):
                    found[asset] = found.get(asset, 0) + amount_e8
        return found

    def is_valued(self, asset: str) -> bool:
        """Return whether an asset that is no position has a price, known or not."""
        return self._currencies.is_money(asset) or asset in self._asset_marks

    def is_dust(self, ledger: Ledger) -> bool:
        """Return whether a position is too small to be sold, or to matter."""
        return not self._is_worth_more(ledger, abs(ledger.net_qty_e8))

    def price_of(self, inflow: Inflow) -> int | None:
        """Return the price at which to value what came in: 0 if nothing values it, None while it is not known.

        It is in what `rate_of` says the worth of.
        """
        if inflow.ledger is None:
            if self._currencies.is_money(inflow.asset):
                return E9
            return self._asset_e9(inflow.asset) or (None if self.is_valued(inflow.asset) else 0)
        mark = self._marks.get(inflow.ledger.info.id)
        if mark is not None and mark.known:
            return mark.px_e9
        return None if self._is_worth_more(inflow.ledger, abs(inflow.amount_e8)) else self.mark_e9(inflow.ledger)

    def rate_of(self, inflow: Inflow) -> int | None:
        """Return what money is worth, of that in which `price_of` tells, None while that is not known."""
        if inflow.ledger is not None:
            return self._currencies.known_rate_e9(inflow.ledger.info.config.quote)
        if self._currencies.is_money(inflow.asset):
            return self._currencies.known_rate_e9(inflow.asset)
        mark = self._asset_marks.get(inflow.asset, 0)
        return self._currencies.known_rate_e9(mark.info.config.quote) if isinstance(mark, Mark) else E9

    def tolerance_e8(self, account: Account, asset: str) -> int | None:
        """Return how much of an asset may differ from what the venue tells; None if it is not to be compared.

        Of what contracts are settled in, the wallet's balance is compared; cross margin leaves it whole.
        """
        margined = [ledger for ledger in account.ledgers.values() if ledger.info.margin]
        settled = [ledger for ledger in margined if ledger.info.config.quote == asset]
        if any((ledger.info.venue.kind, asset) in SETTLED_BY_SESSION for ledger in settled):
            return None
        infos = [ledger.info for ledger in account.ledgers.values() if not ledger.info.margin]
        lots_e8 = [info.lot_e8 for info in infos if info.config.base == asset]
        if lots_e8 and not self._currencies.is_money(asset):
            return max(lots_e8)
        price_e18 = self._asset_e18(asset)
        rounded_e8 = ROUNDED_E8 * sum(ledger.fills for ledger in settled)
        return self._dust_e8 * E18 // price_e18 + rounded_e8 if price_e18 else None

    def _position_e17(self, ledger: Ledger) -> int:
        """Return what a position is worth in its quote currency: on margin, what it would gain if it were closed now."""
        value_e17 = ledger.net_qty_e8 * self.mark_e9(ledger)
        return value_e17 - ledger.cost_e16 * 10 if ledger.info.margin else value_e17

    def _stake_e17(self, account: Account, currency: str) -> int:
        """Return how much of an account's worth moves with a currency, whichever way."""
        stake_e17 = abs(account.holdings.beside_position_e16(currency)) * 10
        for ledger in account.ledgers.values():
            if ledger.info.config.quote == currency:
                stake_e17 += abs(self._position_e17(ledger))
        return stake_e17

    def _asset_e9(self, asset: str) -> int:
        """Return the price of an asset that is neither position nor money, in its mark's currency; 0 if it has none."""
        mark = self._asset_marks.get(asset, 0)
        return mark.px_e9 if isinstance(mark, Mark) else mark

    def _asset_e18(self, asset: str) -> int:
        """Return what an asset that is no position is worth in the desk's currency, 0 if it has no price."""
        if self._currencies.is_money(asset):
            return self._currencies.rate_e9(asset) * E9
        mark = self._asset_marks.get(asset, 0)
        if isinstance(mark, Mark):
            return mark.px_e9 * self._currencies.rate_e9(mark.info.config.quote)
        return mark * E9

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

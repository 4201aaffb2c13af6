"""The account: free and locked balances, exact to 10**-8, and how a fill changes them.

An order's cost is locked when it is accepted (quote for a buy, base for a sell). A fill spends what it cost from the
lock and credits what was received less the commission, which is charged in the received asset and rounded down, as on
Binance spot. What the lock holds beyond the rest of the order is given back after each fill, and all of it when the
order ends. Beside fills and commissions, money only enters or leaves by transfers. Margined contracts are neither bought
nor sold: both sides lock margin, in the quote, which is also what they gain, lose and pay commissions in (`positions`).
"""

from collections.abc import Mapping

import msgspec

from agents.paper.account.positions import MarginedPosition
from agents.paper.money import E8, format_e8, parse_e8
from agents.paper.orders import Fill, VenueOrder
from schemas.figures import PaperBalance
from schemas.orders import Side


class Balance(msgspec.Struct):
    """One asset: what can be spent, what open orders hold, what the account began with, and what was paid in since."""

    free_e8: int = 0
    locked_e8: int = 0
    initial_e8: int = 0
    transferred_e8: int = 0

    @property
    def total_e8(self) -> int:
        """Return free and locked together."""
        return self.free_e8 + self.locked_e8

    @property
    def gained_e8(self) -> int:
        """Return what trading has added."""
        return self.total_e8 - self.initial_e8 - self.transferred_e8


class Balances:
    """Balances by asset, and the commission rates (decimal strings, such as "0.001")."""

    def __init__(self, balances: Mapping[str, str], maker_fee: str, taker_fee: str) -> None:
        """Begin with `balances`, decimal strings by asset."""
        self.balances: dict[str, Balance] = {}
        for asset, text in balances.items():
            self.balances[asset] = Balance(parse_e8(text), 0, parse_e8(text))
        self.maker_fee_e8 = parse_e8(maker_fee)
        self.taker_fee_e8 = parse_e8(taker_fee)
        self.positions: dict[str, MarginedPosition] = {}
        """By symbol, what is held in margined contracts."""
        self.commission_e8: dict[str, int] = {}
        """Commissions charged so far by asset."""
        self.funding_e8: dict[str, int] = {}
        """What holding contracts was paid so far by asset, below zero if it cost."""

    def balance(self, asset: str) -> Balance:
        """Return the balance of `asset`, zero if it was never held."""
        return self.balances.setdefault(asset, Balance())

    def position(self, symbol: str) -> MarginedPosition:
        """Return what is held in a margined contract, nothing if it was never traded."""
        return self.positions.setdefault(symbol, MarginedPosition())

    def begin_with(self, asset: str, initial_e8: int) -> None:
        """Let the account have begun with `initial_e8` of `asset`, whatever has happened since."""
        balance = self.balance(asset)
        balance.free_e8 += initial_e8 - balance.initial_e8
        balance.initial_e8 = initial_e8

    def transfer(self, asset: str, amount_e8: int) -> None:
        """Pay so much in, or out if it is negative; that much is free."""
        balance = self.balance(asset)
        balance.free_e8 += amount_e8
        balance.transferred_e8 += amount_e8

    def lock(self, order: VenueOrder, amount_e8: int) -> None:
        """Reserve `amount_e8` of the asset that `order` pays with; that much is free."""
        balance = self.balance(order.locked_asset)
        assert not amount_e8 or amount_e8 <= balance.free_e8, "an order is accepted only if it can be paid"
        balance.free_e8 -= amount_e8
        balance.locked_e8 += amount_e8
        order.locked_e8 += amount_e8

    def move_margin(self, asset: str, amount_e8: int) -> None:
        """Lock so much more of an asset for contracts, or less if it is negative."""
        balance = self.balance(asset)
        balance.free_e8 -= amount_e8
        balance.locked_e8 += amount_e8

    def commission(self, order: VenueOrder, price_ticks: int, qty_lots: int, *, maker: bool) -> int:
        """Return what an execution of `order` is charged, in the asset that it pays commissions in."""
        listing = order.listing
        buying = order.side == Side.BUY and not listing.margined
        received = listing.qty_e8(qty_lots) if buying else listing.notional_e8(price_ticks, qty_lots)
        return received * (self.maker_fee_e8 if maker else self.taker_fee_e8) // E8

    def settle(self, order: VenueOrder, fill: Fill) -> None:
        """Book one execution of `order`: spend from its lock, credit the other asset less commission."""
        if order.listing.margined:
            self._settle_margined(order, fill)
            return
        quote_e8, qty_e8, asset = fill.quote_e8, order.listing.qty_e8(fill.qty_lots), order.received_asset
        spent, received = (quote_e8, qty_e8) if order.side == Side.BUY else (qty_e8, quote_e8)
        assert spent <= order.locked_e8, "an execution never costs more than was locked for it"
        order.locked_e8 -= spent
        self.balance(order.locked_asset).locked_e8 -= spent
        self.balance(asset).free_e8 += received - fill.commission_e8
        self._filled(order, fill)

    def _settle_margined(self, order: VenueOrder, fill: Fill) -> None:
        """Turn the execution's share of the order's lock into margin of the position, and pay what it realised."""
        position, balance = self.position(order.listing.symbol), self.balance(order.locked_asset)
        share_e8 = order.locked_e8 * fill.qty_lots // order.leaves_qty_lots
        held_e8 = position.margin_e8
        fill.pnl_e8 = position.settle(order.listing, order.side, fill.price_ticks, fill.qty_lots)
        position.fees_e8 += fill.commission_e8
        position.opened_ns = position.opened_ns or fill.ts_ns
        position.updated_ns, position.trade_id = fill.ts_ns, fill.trade_id
        order.locked_e8 -= share_e8
        kept_e8 = position.margin_e8 - held_e8 - share_e8
        balance.locked_e8 += kept_e8
        balance.free_e8 += fill.pnl_e8 - fill.commission_e8 - kept_e8
        self._filled(order, fill)

    def _filled(self, order: VenueOrder, fill: Fill) -> None:
        asset = fill.commission_asset
        self.commission_e8[asset] = self.commission_e8.get(asset, 0) + fill.commission_e8
        order.fills.append(fill)
        order.cum_qty_lots += fill.qty_lots
        order.cum_quote_e8 += fill.quote_e8

    def release(self, order: VenueOrder, needed_e8: int = 0) -> None:
        """Give back what is locked for an order beyond what it still needs: nothing once it has ended."""
        balance, excess_e8 = self.balance(order.locked_asset), order.locked_e8 - needed_e8
        balance.locked_e8 -= excess_e8
        balance.free_e8 += excess_e8
        order.locked_e8 = needed_e8

    def figures(self) -> dict[str, PaperBalance]:
        """Return every balance as decimal strings."""
        return {
            asset: PaperBalance(
                free=format_e8(balance.free_e8),
                locked=format_e8(balance.locked_e8),
                initial=format_e8(balance.initial_e8),
                transferred=format_e8(balance.transferred_e8),
            )
            for asset, balance in self.balances.items()
        }

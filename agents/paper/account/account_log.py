"""The account as the fold of its events: balances, orders, fills, and the ids that are taken.

Whatever changes the account is an event first (`schemas.messages`, Paper...). The venue logs it and applies it here, and
a restart applies the log's events here again, so what a restart finds is what was there. Nothing else changes an order's
terms, status or fills, or a balance. Not in the events, and so forgotten by a restart: where an order queued, and faults.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping

from agents.amounts import parse_amount_e8
from agents.paper.account.balances import Balances
from agents.paper.money import Listing
from agents.paper.orders import Fill, Funding, Moved, VenueOrder
from schemas.errors import ConfigError
from schemas.messages import (
    PaperAmended,
    PaperEnded,
    PaperFill,
    PaperFunding,
    PaperLeverage,
    PaperOpened,
    PaperOrder,
    PaperTransfer,
)
from schemas.orders import Side

PaperEvent = (
    PaperOpened | PaperOrder | PaperAmended | PaperFill | PaperEnded | PaperTransfer | PaperLeverage | PaperFunding
)


class AccountLog:
    """All that is known of the account and its orders, as of the last event."""

    def __init__(self, account: Balances, listings: Mapping[str, Listing]) -> None:
        """Begin with an account that has not traded."""
        self.account = account
        self.orders: dict[int, VenueOrder] = {}
        self.open: dict[int, VenueOrder] = {}
        self.by_client_id: dict[tuple[str, str], VenueOrder] = {}
        """By symbol and client order id, the last order that had it."""
        self.creates: dict[str, int] = {}
        """How many orders were created under each client order id."""
        self.opened_e8: dict[str, int] = {}
        """What the account began with, as far as an event has told of it."""
        self.next_order_id = 1
        self.fundings: list[Funding] = []
        self.transfers: list[Moved] = []
        self._executed: dict[str, list[tuple[VenueOrder, Fill]]] = {}
        """By symbol, all executions in the order of their ids."""
        self.fills = 0
        """How many executions there were."""
        self.reports = 0
        """How many changes of orders there were; each has an execution report of its own number."""
        self.updated_ns = 0
        self._listings = listings

    def apply(self, event: PaperEvent) -> None:
        """Change the account as the event says.

        Raises:
            ConfigError: If it is an order of an instrument that is not configured any more.
        """
        if isinstance(event, PaperOpened):
            self._opened(event)
            return
        if isinstance(event, PaperTransfer):
            amount_e8 = parse_amount_e8(event.amount)
            self.account.transfer(event.asset, amount_e8)
            balance_e8 = self.account.balance(event.asset).total_e8
            self.transfers.append(Moved(event.asset, amount_e8, event.ts_ns, len(self.transfers) + 1, balance_e8))
            self.updated_ns = event.ts_ns
            return
        if isinstance(event, PaperLeverage):
            self._leveraged(event)
            return
        if isinstance(event, PaperFunding):
            self._funded(event)
            return
        self.reports += 1
        self.updated_ns = event.ts_ns
        if isinstance(event, PaperOrder):
            self._accepted(event)
        elif isinstance(event, PaperFill):
            self._filled(event)
        elif isinstance(event, PaperAmended):
            self._amended(event)
        else:
            self.orders[event.order_id].cause = event.cause
            self._end(self.orders[event.order_id], event.status)
        self.orders[event.order_id].updated_ns = event.ts_ns

    def executions(self, symbol: str, from_id: int, wall_ns: int) -> list[tuple[VenueOrder, Fill]]:
        """Return executions of `symbol` that are to be seen, by their ids, from one on."""
        executed = self._executed.get(symbol, [])
        first = bisect_left(executed, from_id, key=_trade_id)
        return [each for each in executed[first:] if each[0].hidden_until_ns <= wall_ns]

    def _opened(self, event: PaperOpened) -> None:
        self.opened_e8 |= event.initial_e8
        for asset, initial_e8 in event.initial_e8.items():
            self.account.begin_with(asset, initial_e8)

    def _accepted(self, event: PaperOrder) -> None:
        listing = self._listed(event.symbol)
        order = VenueOrder(
            order_id=event.order_id,
            client_order_id=event.client_order_id,
            listing=listing,
            side=Side(event.side),
            type=event.type,
            time_in_force=event.time_in_force,
            price_ticks=event.price_ticks,
            qty_lots=event.qty_lots,
            created_ns=event.ts_ns,
            quote_order_e8=event.quote_order_e8,
            reduce_only=event.reduce_only,
            tag=event.tag,
            origin=event.origin,
            leverage=self.account.position(event.symbol).leverage if listing.margined else 0,
        )
        self.account.lock(order, event.locked_e8)
        self.orders[order.order_id] = self.open[order.order_id] = order
        self.by_client_id[event.symbol, order.client_order_id] = order
        self.creates[order.client_order_id] = self.creates.get(order.client_order_id, 0) + 1
        self.next_order_id = order.order_id + 1

    def _leveraged(self, event: PaperLeverage) -> None:
        """Lock another share for the position and for what open orders would open."""
        listing = self._listed(event.symbol)
        position = self.account.position(event.symbol)
        old, position.leverage = position.leverage, event.leverage
        self.account.move_margin(listing.quote, position.margin_e8 - position.margin_at(old))
        for order in self.open.values():
            if order.listing is listing:
                needed_e8 = order.locked_e8 * old // event.leverage
                self.account.move_margin(listing.quote, needed_e8 - order.locked_e8)
                order.locked_e8 = needed_e8

    def _funded(self, event: PaperFunding) -> None:
        listing, amount_e8 = self._listed(event.symbol), event.amount_e8
        self.account.balance(listing.quote).free_e8 += amount_e8
        self.account.funding_e8[listing.quote] = self.account.funding_e8.get(listing.quote, 0) + amount_e8
        self.account.position(event.symbol).funding_e8 += amount_e8
        terms = (amount_e8, event.rate_e8, event.mark_e8, event.qty_lots, event.ts_ns)
        balance_e8 = self.account.balance(listing.quote).total_e8
        self.fundings.append(Funding(listing, *terms, len(self.fundings) + 1, balance_e8))
        self.updated_ns = event.ts_ns

    def _listed(self, symbol: str) -> Listing:
        listing = self._listings.get(symbol)
        if listing is None:
            raise ConfigError(
                f"instrument {symbol}: not configured, but the paper account has traded it;"
                " configure it, or use another state_dir"
            )
        return listing

    def _amended(self, event: PaperAmended) -> None:
        order = self.orders[event.order_id]
        self.account.release(order)
        order.price_ticks, order.qty_lots = event.price_ticks, event.qty_lots
        self.account.lock(order, event.locked_e8)
        if event.client_order_id:
            order.client_order_id = event.client_order_id
            self.by_client_id[(order.listing.symbol, order.client_order_id)] = order

    def _filled(self, event: PaperFill) -> None:
        order = self.orders[event.order_id]
        self.fills += 1
        fill = Fill(
            trade_id=event.trade_id,
            price_ticks=event.price_ticks,
            qty_lots=event.qty_lots,
            quote_e8=order.listing.notional_e8(event.price_ticks, event.qty_lots),
            commission_e8=event.commission_e8,
            commission_asset=order.received_asset,
            maker=event.maker,
            ts_ns=event.ts_ns,
            number=self.fills,
        )
        self.account.settle(order, fill)
        insort(self._executed.setdefault(order.listing.symbol, []), (order, fill), key=_trade_id)
        if order.leaves_qty_lots:
            order.status = "PARTIALLY_FILLED"
            self.account.release(order, _still_needed(order))
        else:
            self._end(order, "FILLED")

    def _end(self, order: VenueOrder, status: str) -> None:
        order.status = status
        del self.open[order.order_id]
        self.account.release(order)


def _trade_id(execution: tuple[VenueOrder, Fill]) -> int:
    return execution[1].trade_id


def _still_needed(order: VenueOrder) -> int:
    """Return what must stay locked for the rest of an order: the better of its price and its fills is given back."""
    if order.side == Side.SELL or order.type == "MARKET" or order.listing.margined:
        return order.locked_e8
    return order.listing.notional_e8(order.price_ticks, order.leaves_qty_lots)

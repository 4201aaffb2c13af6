"""The account's orders: how one is accepted, matched, filled, canceled and looked up.

Each change is an event: handed to the log, applied to the ledger, then told (`told`). The order of what is told of one
order: NEW, then a TRADE for each fill, then EXPIRED or CANCELED for what can no longer trade; after each change of the
account its balances. A client order id may be used again once the order that had it is closed. An order that only reduces
is cut to the position as it is taken on, and canceled once it is for more than is left of it.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from agents.amounts import amount_text
from agents.paper.account.account_log import AccountLog, PaperEvent
from agents.paper.account.balances import Balances
from agents.paper.account.new_order import OPEN_ORDERS_MAX, NewOrder
from agents.paper.account.position_values import PositionValues
from agents.paper.account.told import (
    AccountEvent,
    BalancesTold,
    FundingTold,
    LeverageTold,
    OrderTold,
    TransferTold,
)
from agents.paper.market.market import ContractMark, Match, VenueMarket
from agents.paper.money import E8, Listing
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused, Why
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

REDUCED = "reduce_only"
"""The cause of an order's end: the position that it was to reduce became smaller than it."""
LIQUIDATION = "liquidation"
"""The cause of an order's end, or its origin: the account had less than its positions must keep."""


class Trading:
    """All orders of the account, on one market."""

    def __init__(
        self,
        account: Balances,
        listings: Mapping[str, Listing],
        market: VenueMarket,
        tell: Callable[[AccountEvent], None],
    ) -> None:
        """Trade `account` on `market`; what happens is told by `tell`."""
        self.account = account
        self.ledger = AccountLog(account, listings)
        self.values = PositionValues(account, listings, market)
        self.orders = self.ledger.orders
        self.creates = self.ledger.creates
        self.log: Callable[[PaperEvent], object] = _not_logged
        """Takes every event before it is applied; what it raises leaves the account as it was."""
        self.forget_ns: int | None = None
        """For how long an order that was canceled without a fill is known; None: for good."""
        self._market = market
        self._tell = tell
        self._open = self.ledger.open

    def begin(self, wall_ns: int) -> None:
        """Go on where the restored events end: open orders arrive on the market anew, oldest first.

        One that the market has moved through trades as an arriving order does; a LIMIT_MAKER expires then, and so does
        one that was never to rest (the venue ended while it was being carried out).
        """
        known = self.ledger.opened_e8
        initial = {asset: b.initial_e8 for asset, b in self.account.balances.items() if b.initial_e8}
        if initial.keys() - known.keys():
            self._record(PaperOpened({asset: e8 for asset, e8 in initial.items() if asset not in known}))
        for order in list(self._open.values()):
            if order.type == "LIMIT" and _may_rest(order):
                self._take(order, wall_ns)
            if order.open and _may_rest(order) and not self._reachable(order, 1):
                self._market.rest(order)
            elif order.open:
                self._close(order, "EXPIRED", wall_ns)

    def check(self, new: NewOrder) -> tuple[int, int]:
        """Return the quantity that the order is for and what it must lock; raises Refused if it would be refused now."""
        held = self.ledger.by_client_id.get((new.listing.symbol, new.client_order_id))
        if new.client_order_id and held is not None and held.open:
            raise Refused(Why.DUPLICATE_ORDER)
        if sum(order.listing is new.listing for order in self._open.values()) >= OPEN_ORDERS_MAX:
            raise Refused(Why.TOO_MANY_ORDERS)
        if new.reduce_only:
            new = self._reducing(new)
        if new.type == "LIMIT_MAKER" and self._reachable(new, 1):
            raise Refused(Why.WOULD_TAKE)
        return self._size_and_cost(new)

    def create(self, new: NewOrder, wall_ns: int) -> VenueOrder:
        """Accept the order and let it trade; raises Refused if it is refused, and then nothing has changed."""
        qty_lots, cost_e8 = self.check(new)
        order = self._accept(new, qty_lots, cost_e8, wall_ns)
        if new.time_in_force != "FOK" or self._reachable(new, qty_lots) == qty_lots:
            self._take(order, wall_ns)
        if order.open and _may_rest(order):
            self._market.rest(order)
        elif order.open:
            self._close(order, "EXPIRED", wall_ns)
        self._reduce(order.listing, wall_ns)
        self._report_account(order.listing, wall_ns)
        return order

    def amend(self, order: VenueOrder, price_ticks: int, qty_lots: int, wall_ns: int) -> None:
        """Give an open order another price or quantity; it goes behind all at its price, and takes what it reaches.

        `qty_lots` counts what is filled; an order that wants no more than that is filled then. Raises Refused if it is not
        open or the account cannot pay for it; and if it may only make and would take.
        """
        if not order.open:
            raise Refused(Why.NOT_OPEN)
        leaves = max(0, qty_lots - order.cum_qty_lots)
        if leaves and order.type == "LIMIT_MAKER" and self._reachable(order, 1, price_ticks):
            raise Refused(Why.WOULD_TAKE)
        cost_e8 = self._cost(order.listing, order.side, leaves, order.listing.notional_e8(price_ticks, leaves), order)
        if cost_e8 > self.account.balance(order.locked_asset).free_e8 + order.locked_e8:
            raise Refused(Why.INSUFFICIENT_BALANCE)
        self._market.withdraw(order)
        self._record(PaperAmended(order.order_id, price_ticks, order.cum_qty_lots + leaves, cost_e8, wall_ns))
        self._report(order, "AMENDED")
        if not leaves:
            self._close(order, "FILLED", wall_ns)
        else:
            self._take(order, wall_ns)
        if order.open:
            self._market.rest(order)
        self._reduce(order.listing, wall_ns)
        self._report_account(order.listing, wall_ns)

    def reduce(self, order: VenueOrder, qty_lots: int, wall_ns: int, client_order_id: str = "") -> None:
        """Make an open order smaller, to more than is filled; it keeps its place. Raises Refused if it is not open."""
        if not order.open:
            raise Refused(Why.NOT_OPEN)
        leaves = qty_lots - order.cum_qty_lots
        quote_e8 = order.listing.notional_e8(order.price_ticks, leaves)
        cost_e8 = self._cost(order.listing, order.side, leaves, quote_e8, order)
        self._record(PaperAmended(order.order_id, order.price_ticks, qty_lots, cost_e8, wall_ns, client_order_id))
        self._market.reduce(order)
        self._report(order, "AMENDED")
        self._report_account(order.listing, wall_ns)

    def turn_away(self, new: NewOrder, wall_ns: int) -> VenueOrder:
        """Take on an order that was acknowledged and is not carried out after all: it ends as REJECTED."""
        order = self._accept(new, new.qty_lots, 0, wall_ns, tell=False)
        self._close(order, "REJECTED", wall_ns)
        return order

    def cancel(self, order: VenueOrder, cancel_id: str, wall_ns: int, cause: str = "") -> str:
        """Cancel an open order; return the id of the cancel request. Raises Refused if it is not open.

        `cause` says who did, if it was not its owner.
        """
        if not order.open:
            raise Refused(Why.NOT_OPEN)
        cancel_id = cancel_id or f"cancel{order.order_id}"
        self._market.withdraw(order)
        self._close(order, "CANCELED", wall_ns, cancel_id, cause)
        self._report_account(order.listing, wall_ns)
        return cancel_id

    def maker_fill(self, order: VenueOrder, match: Match, wall_ns: int) -> None:
        """Book an execution of a resting order."""
        self._fill(order, match, maker=True, wall_ns=wall_ns)
        self._reduce(order.listing, wall_ns)
        self._report_account(order.listing, wall_ns)

    def transfer(self, asset: str, amount_e8: int, wall_ns: int) -> None:
        """Pay into the account, or out of what is free there; raises Refused if that is less."""
        if self.account.balance(asset).free_e8 + amount_e8 < 0:
            raise Refused(Why.INSUFFICIENT_BALANCE)
        self._record(PaperTransfer(asset, amount_text(amount_e8), wall_ns))
        self._tell(TransferTold(asset, amount_e8, wall_ns))
        self._tell(BalancesTold((asset,), wall_ns, transfer=True))

    def set_leverage(self, listing: Listing, leverage: int, wall_ns: int) -> None:
        """Give positions of a margined instrument another leverage; raises Refused if the account has not that much."""
        position = self.account.position(listing.symbol)
        orders_e8 = sum(order.locked_e8 for order in self._open.values() if order.listing is listing)
        needed_e8 = position.margin_at(leverage) + orders_e8 * position.leverage // leverage
        if needed_e8 - position.margin_e8 - orders_e8 > self.account.balance(listing.quote).free_e8:
            raise Refused(Why.INSUFFICIENT_BALANCE)
        self._record(PaperLeverage(listing.symbol, leverage, wall_ns))
        self._tell(LeverageTold(listing.symbol, leverage, wall_ns))

    def settle_funding(self, listing: Listing, mark: ContractMark, wall_ns: int) -> None:
        """Book what holding a contract is paid, or costs, at a mark; nothing where nothing is held."""
        position = self.account.position(listing.symbol)
        if not position.qty_lots:
            return
        amount_e8 = -(position.worth_e8(listing, mark.price_e8) * mark.rate_e8) // E8
        terms = (amount_e8, mark.rate_e8, mark.price_e8, position.qty_lots, wall_ns)
        self._record(PaperFunding(listing.symbol, *terms))
        self._tell(FundingTold(self.ledger.fundings[-1]))
        self._tell(BalancesTold((listing.quote,), wall_ns, listing.symbol, funding=True))

    def close_out(self, listing: Listing, wall_ns: int) -> VenueOrder:
        """Close a position at whatever is bid or asked for it, in the name of the venue; what finds nothing stays."""
        qty_lots = self.account.position(listing.symbol).qty_lots
        side = Side.SELL if qty_lots > 0 else Side.BUY
        terms = (listing, side, "MARKET", "IOC", 0, abs(qty_lots), 0, f"{LIQUIDATION}-{self.ledger.next_order_id}")
        order = self._accept(NewOrder(*terms, reduce_only=True, origin=LIQUIDATION), abs(qty_lots), 0, wall_ns)
        self._take(order, wall_ns)
        if order.open:
            self._close(order, "EXPIRED", wall_ns)
        self._report_account(listing, wall_ns)
        return order

    def find(self, symbol: str, order_id: int | None, client_order_id: str, wall_ns: int) -> VenueOrder:
        """Return the order of that id (the last one of a client order id); raises Refused if there is none to be seen."""
        if order_id is not None:
            order = self.orders.get(order_id)
        else:
            order = self.ledger.by_client_id.get((symbol, client_order_id))
        if order is None or order.listing.symbol != symbol or not self._known(order, wall_ns):
            raise Refused(Why.NO_SUCH_ORDER)
        return order

    def open_orders(self, symbol: str | None, wall_ns: int) -> list[VenueOrder]:
        """Return the open orders that are to be seen, of one symbol or all."""
        return [
            order
            for order in self._open.values()
            if symbol in (None, order.listing.symbol) and order.hidden_until_ns <= wall_ns
        ]

    def of_symbol(self, symbol: str, wall_ns: int) -> Iterable[VenueOrder]:
        """Yield every order of `symbol` that is to be seen, oldest first."""
        return (o for o in self.orders.values() if o.listing.symbol == symbol and self._known(o, wall_ns))

    def counts(self) -> dict[str, int]:
        """Return how many orders there are in each status."""
        counted: dict[str, int] = {}
        for order in self.orders.values():
            counted[order.status] = counted.get(order.status, 0) + 1
        return counted

    def positions(self, listings: Mapping[str, Listing]) -> dict[str, int]:
        """Return by symbol the position, or what trading added to the balance of its base asset, times 10**8."""
        return {symbol: self._held_e8(listing) for symbol, listing in listings.items()}

    def _held_e8(self, listing: Listing) -> int:
        if not listing.margined:
            return self.account.balance(listing.base).gained_e8
        lots = self.account.position(listing.symbol).qty_lots
        return listing.qty_e8(abs(lots)) * (1 if lots > 0 else -1)

    def _known(self, order: VenueOrder, wall_ns: int) -> bool:
        """Return whether the venue still knows, and shows, an order."""
        empty = not order.open and not order.fills
        forgotten = self.forget_ns is not None and empty and wall_ns - order.updated_ns > self.forget_ns
        return order.hidden_until_ns <= wall_ns and not forgotten

    def _reducing(self, new: NewOrder) -> NewOrder:
        """Return an order that only reduces, cut to the position; raises Refused if it would not reduce it."""
        closable = self.account.position(new.listing.symbol).closable(new.side) if new.listing.margined else 0
        if not closable:
            raise Refused(Why.NOT_REDUCING)
        return msgspec.structs.replace(new, qty_lots=min(new.qty_lots, closable))

    def _reduce(self, listing: Listing, wall_ns: int) -> None:
        """Cancel orders that only reduce and are for more than is left to reduce."""
        if not listing.margined:
            return
        position = self.account.position(listing.symbol)
        for order in [each for each in self._open.values() if each.reduce_only and each.listing is listing]:
            if order.leaves_qty_lots > position.closable(order.side):
                self._market.withdraw(order)
                self._close(order, "CANCELED", wall_ns, cause=REDUCED)

    def _size_and_cost(self, new: NewOrder) -> tuple[int, int]:
        """Return the order's quantity, and what must be locked for it; raises Refused if the account has less."""
        listing, qty_lots = new.listing, new.qty_lots
        if new.type == "MARKET":
            qty_lots, quote_e8 = self._market_size(new)
        else:
            quote_e8 = listing.notional_e8(new.price_ticks, qty_lots)
        asset = listing.quote if new.side == Side.BUY or listing.margined else listing.base
        cost_e8 = self._cost(listing, new.side, qty_lots, quote_e8)
        if cost_e8 > max(0, self.account.balance(asset).free_e8):
            raise Refused(Why.INSUFFICIENT_BALANCE)
        return qty_lots, cost_e8

    def _cost(
        self, listing: Listing, side: Side, qty_lots: int, quote_e8: int, itself: VenueOrder | None = None
    ) -> int:
        """Return what an order of `qty_lots` for `quote_e8` must lock: all of it, or the margin of what it opens.

        What the other open orders of its side close, it does not.
        """
        if not listing.margined:
            return quote_e8 if side == Side.BUY else listing.qty_e8(qty_lots)
        others = (o for o in self._open.values() if o.listing is listing and o.side == side and o is not itself)
        closable = self.account.position(listing.symbol).closable(side) - sum(o.leaves_qty_lots for o in others)
        opened = max(0, qty_lots - max(0, closable))
        return quote_e8 * opened // max(1, qty_lots) // self.account.position(listing.symbol).leverage

    def _market_size(self, new: NewOrder) -> tuple[int, int]:
        """Return the quantity of a market order and what it costs on the book as it stands."""
        listing, qty_lots, quote_e8 = new.listing, 0, 0
        for price, available in self._market.liquidity(listing.symbol, new.side):
            if new.qty_lots:
                lots = min(available, new.qty_lots - qty_lots)
            else:
                lots = min(available, (new.quote_order_e8 - quote_e8) // max(1, listing.notional_e8(price, 1)))
            if lots <= 0:
                break
            qty_lots += lots
            quote_e8 += listing.notional_e8(price, lots)
        if not new.qty_lots and not qty_lots:
            raise Refused(Why.QUANTITY)
        if quote_e8 < listing.min_notional_e8 and qty_lots and not new.reduce_only:
            raise Refused(Why.NOTIONAL)
        return new.qty_lots or qty_lots, quote_e8

    def _reachable(self, new: NewOrder | VenueOrder, qty_lots: int, price_ticks: int = 0) -> int:
        """Return how much of `qty_lots` could be taken now at the order's price (or at `price_ticks`) or better."""
        reachable, limit = 0, price_ticks or new.price_ticks
        for price, available in self._market.liquidity(new.listing.symbol, new.side):
            if reachable >= qty_lots or (limit and (price - limit) * new.side > 0):
                break
            reachable += available
        return min(reachable, qty_lots)

    def _accept(self, new: NewOrder, qty_lots: int, cost_e8: int, wall_ns: int, *, tell: bool = True) -> VenueOrder:
        order_id = self.ledger.next_order_id
        self._record(
            PaperOrder(
                order_id=order_id,
                client_order_id=new.client_order_id or f"paper{order_id}",
                symbol=new.listing.symbol,
                side=int(new.side),
                type=new.type,
                time_in_force=new.time_in_force,
                price_ticks=new.price_ticks,
                qty_lots=qty_lots,
                quote_order_e8=new.quote_order_e8,
                locked_e8=cost_e8,
                ts_ns=wall_ns,
                reduce_only=new.reduce_only,
                tag=new.tag,
                origin=new.origin,
            )
        )
        order = self.orders[order_id]
        if tell:
            self._report(order, "NEW")
        return order

    def _take(self, order: VenueOrder, wall_ns: int) -> None:
        for match in self._market.take(order, order.price_ticks, wall_ns):
            self._fill(order, match, maker=False, wall_ns=wall_ns)

    def _fill(self, order: VenueOrder, match: Match, *, maker: bool, wall_ns: int) -> None:
        commission_e8 = self.account.commission(order, match.price_ticks, match.qty_lots, maker=maker)
        self._record(
            PaperFill(
                order.order_id, match.trade_id, match.price_ticks, match.qty_lots, commission_e8, maker, ts_ns=wall_ns
            )
        )
        self._report(order, "TRADE")

    def _close(self, order: VenueOrder, status: str, wall_ns: int, cancel_id: str = "", cause: str = "") -> None:
        self._record(PaperEnded(order.order_id, status, wall_ns, cause))
        self._report(order, status, cancel_id)

    def _record(self, event: PaperEvent) -> None:
        self.log(event)
        self.ledger.apply(event)

    def _report(self, order: VenueOrder, execution: str, cancel_id: str = "") -> None:
        fill = order.fills[-1] if execution == "TRADE" else None
        self._tell(OrderTold(order, execution, self.ledger.reports, order.updated_ns, fill, cancel_id))

    def _report_account(self, listing: Listing, wall_ns: int) -> None:
        if listing.margined:
            self._tell(BalancesTold((listing.quote,), wall_ns, listing.symbol))
        else:
            self._tell(BalancesTold((listing.base, listing.quote), wall_ns))


def _may_rest(order: VenueOrder) -> bool:
    """Return whether what is left of the order may stand in the book."""
    return order.type != "MARKET" and order.time_in_force == "GTC"


def _not_logged(event: PaperEvent) -> None:
    """Stand in for the log of a venue that is not an agent's."""

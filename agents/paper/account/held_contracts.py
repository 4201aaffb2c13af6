"""What becomes of positions without their owner: funding at its time, and liquidation.

Each second of the venue's time what is held is looked at. A contract whose time of funding has passed since is paid for, at
the mark and the rate that were told last before it. If the account has less of an asset than its positions must keep, all
its orders for contracts in it are canceled, and all its positions in it are closed at whatever the book has; what the book
has not is closed later. Before that, once, the account is told that it has little more. Nothing insures the account: what
is lost beyond its money leaves it below zero.
"""

from collections.abc import Callable, Mapping

from agents.paper.account.told import AccountEvent, MarginCallTold
from agents.paper.account.trading import LIQUIDATION, Trading
from agents.paper.market.market import ContractMark, VenueMarket
from agents.paper.money import Listing
from schemas.orders import Side
from schemas.units import SECOND

LOOK_NS = SECOND


class HeldContracts:
    """Looks at the account's positions now and then."""

    def __init__(
        self,
        trading: Trading,
        listings: Mapping[str, Listing],
        market: VenueMarket,
        tell: Callable[[AccountEvent], None],
    ) -> None:
        """Look at what `trading` holds of `listings`; calls for margin are told by `tell`."""
        self._tell = tell
        self._called: set[str] = set()
        """The assets in which the account was called for margin, and still has little."""
        self._trading = trading
        self._margined = [each for each in listings.values() if each.margined]
        self._market = market
        self._next_ns = 0
        self._marks: dict[str, ContractMark] = {}
        self._paid_ns: dict[str, int] = {}
        """The last time of funding that has passed, by the market's clock."""

    def advance(self, wall_ns: int) -> None:
        """Pay for what is held, and close what cannot be held any more, if it is time to look."""
        if wall_ns < self._next_ns or not self._margined:
            return
        self._next_ns = wall_ns + LOOK_NS
        clock_ns = self._market.clock_ns(wall_ns)
        for listing in self._margined:
            self._pay(listing, clock_ns, wall_ns)
        held = [each for each in self._margined if self._trading.account.position(each.symbol).qty_lots]
        for asset in dict.fromkeys(each.quote for each in held):
            if self._trading.values.exhausted(asset):
                self._liquidate(asset, wall_ns)
            else:
                self._call(asset, wall_ns)

    def _call(self, asset: str, wall_ns: int) -> None:
        """Call for margin when the account comes to have little."""
        if not self._trading.values.strained(asset):
            self._called.discard(asset)
        elif asset not in self._called:
            self._called.add(asset)
            held = [each.symbol for each in self._trading.values.margined(asset)]
            symbols = [each for each in held if self._trading.account.position(each).qty_lots]
            self._tell(MarginCallTold(tuple(symbols), wall_ns))

    def settle(self, listing: Listing, rate_e8: int, wall_ns: int) -> None:
        """Have funding of a contract paid now, at a rate of its own."""
        self._trading.settle_funding(listing, ContractMark(self._trading.values.mark_e8(listing), rate_e8), wall_ns)

    def _pay(self, listing: Listing, clock_ns: int, wall_ns: int) -> None:
        before, mark = self._marks.get(listing.symbol), self._market.mark(listing.symbol)
        if mark is not None:
            self._marks[listing.symbol] = mark
        if before is not None and self._paid_ns.get(listing.symbol, 0) < before.funding_ns <= clock_ns:
            self._paid_ns[listing.symbol] = before.funding_ns
            self._trading.settle_funding(listing, before, wall_ns)

    def _liquidate(self, asset: str, wall_ns: int) -> None:
        listings = self._trading.values.margined(asset)
        for listing in listings:
            for order in self._trading.open_orders(listing.symbol, 1 << 62):
                self._trading.cancel(order, "", wall_ns, LIQUIDATION)
        for listing in listings:
            if self._trading.account.position(listing.symbol).qty_lots and self._reachable(listing):
                self._trading.close_out(listing, wall_ns)

    def _reachable(self, listing: Listing) -> bool:
        """Return whether the book has anything for the position."""
        side = -1 if self._trading.account.position(listing.symbol).qty_lots > 0 else 1
        return next(self._market.liquidity(listing.symbol, Side(side)), None) is not None

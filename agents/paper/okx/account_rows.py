"""The account as OKX tells it: balances, positions and configuration.

(OKX v5 documentation, trading account.) One account of net positions on cross margin in the mode for futures; coins are no
margin. Amounts in dollars are by the last trade against the quote of an instrument, which counts as a dollar. A position is
valued at the last trade, and liquidated by the core at its marks (`account.position_values`).
"""

from collections.abc import Iterable

from agents.paper.account.position_values import MAINTENANCE_E8
from agents.paper.account.positions import MarginedPosition
from agents.paper.dialect import Floor
from agents.paper.money import E8, Listing, parse_e8
from agents.paper.okx.answers import Json
from agents.paper.okx.order_rows import amount

UID = "44705892343619584"
POSITION_ID_BASE = 4_000_000_000_000_000_000
_ROW_ZERO = (
    "fixedBal",
    "isoEq",
    "isoUpl",
    "notionalLever",
    "rewardBal",
    "smtSyncEq",
    "spotCopyTradingEq",
    "spotIsoBal",
)
_ROW_EMPTY = (
    "accAvgPx",
    "borrowFroz",
    "clSpotInUseAmt",
    "crossLiab",
    "interest",
    "isoLiab",
    "liab",
    "maxLoan",
    "maxSpotInUseAmt",
    "openAvgPx",
    "spotBal",
    "spotInUseAmt",
    "spotUpl",
    "spotUplRatio",
    "totalPnl",
    "totalPnlRatio",
    "uplLiab",
)
_TOTALS_EMPTY = ("adjEq", "availEq", "borrowFroz", "imr", "mgnRatio", "mmr", "notionalUsd")
_KINDS_EMPTY = (
    "notionalUsdForBorrow",
    "notionalUsdForFutures",
    "notionalUsdForOption",
    "notionalUsdForSwap",
    "ordFroz",
)


class OkxAccountRows:
    """Rows made of what the floor holds."""

    def __init__(self, floor: Floor) -> None:
        """Tell of the account of `floor`."""
        self._floor = floor
        self._account = floor.trading.account

    def last_price(self, listing: Listing) -> str:
        """Return the price of the last trade, else the best bid, "" if there is neither."""
        trades = self._floor.market.tapes[listing.symbol].trades
        if trades:
            return trades[-1].price
        bids = self._floor.market.depth(listing.symbol, 1).bids
        return bids[0][0] if bids else ""

    def balance(self, assets: Iterable[str] | None, wall_ms: int) -> Json:
        """Return the whole account, with the details of `assets`, or of all of which it has any."""
        balances = self._account.balances
        shown = self.held() if assets is None else list(assets)
        total_e8 = sum(self._equity_e8(name) * self._dollars_e8(name) // E8 for name in balances)
        return {
            **dict.fromkeys(_TOTALS_EMPTY[:3], ""),
            "details": [self._detail(name) for name in shown],
            "imr": "",
            "isoEq": "0",
            **dict.fromkeys(_TOTALS_EMPTY[4:], ""),
            **dict.fromkeys(_KINDS_EMPTY, ""),
            "totalEq": amount(total_e8),
            "uTime": str(wall_ms),
            "upl": "",
        }

    def positions(self, *, closed: str = "") -> list[tuple[Listing, MarginedPosition]]:
        """Return what is held in margined contracts, latest first, and the one called `closed` if there ever was one."""
        held = [
            (listing, self._account.positions[symbol])
            for symbol, listing in self._floor.listings.items()
            if symbol in self._account.positions
        ]
        shown = [each for each in held if each[1].qty_lots or (each[0].venue_symbol == closed and each[1].trade_id)]
        return sorted(shown, key=lambda each: -each[1].opened_ns)

    def position(self, listing: Listing, held: MarginedPosition) -> Json:
        """Return one position."""
        price = self.last_price(listing)
        price_e8 = parse_e8(price or "0")
        worth_e8 = held.worth_e8(listing, price_e8)
        profit_e8 = worth_e8 - held.cost_e8
        ratio = amount(profit_e8 * E8 // held.margin_e8) if held.margin_e8 else ""
        base_e8 = listing.qty_e8(abs(held.qty_lots))
        average_e8 = abs(held.cost_e8) * E8 // base_e8 if base_e8 else 0
        needed_e8 = abs(worth_e8) * MAINTENANCE_E8 // E8
        size = amount(listing.size_e8(abs(held.qty_lots)))
        row: Json = dict.fromkeys(_POSITION_EMPTY, "") | dict.fromkeys(("interest", "liqPenalty"), "0")
        row |= {
            "adl": "1" if held.qty_lots else "",
            "avgPx": amount(average_e8) if held.qty_lots else "",
            "bePx": amount(average_e8) if held.qty_lots else "",
            "cTime": str(held.opened_ns // 1_000_000),
            "ccy": listing.quote,
            "fee": amount(-held.fees_e8),
            "fundingFee": amount(held.funding_e8),
            "idxPx": price,
            "imr": amount(abs(worth_e8) // held.leverage),
            "instId": listing.venue_symbol,
            "instType": "SWAP",
            "last": price,
            "lever": str(held.leverage),
            "liqPx": self._liquidation(listing),
            "markPx": price,
            "mgnMode": "cross",
            "mgnRatio": amount(self._equity_e8(listing.quote) * E8 // needed_e8) if needed_e8 else "",
            "mmr": amount(needed_e8),
            "notionalUsd": amount(abs(worth_e8)),
            "pnl": amount(held.realized_e8),
            "pos": f"-{size}" if held.qty_lots < 0 else size,
            "posId": self.position_id(listing),
            "posSide": "net",
            "realizedPnl": amount(held.realized_e8 + held.funding_e8 - held.fees_e8),
            "tradeId": str(held.trade_id),
            "uTime": str(held.updated_ns // 1_000_000),
            "upl": amount(profit_e8),
            "uplLastPx": amount(profit_e8),
            "uplRatio": ratio,
            "uplRatioLastPx": ratio,
            "usdPx": "1",
        }
        return dict(sorted(row.items()))

    def position_id(self, listing: Listing) -> str:
        """Return what the venue calls the position in an instrument."""
        return str(POSITION_ID_BASE + list(self._floor.listings).index(listing.symbol) + 1)

    def configuration(self) -> Json:
        """Return how the account is set."""
        return {
            "acctLv": "2",
            "acctStpMode": "cancel_maker",
            "autoLoan": False,
            "ctIsoMode": "automatic",
            "enableSpotBorrow": False,
            "greeksType": "PA",
            "feeType": "0",
            "ip": "",
            "kycLv": "3",
            "label": "paper",
            "level": "Lv1",
            "levelTmp": "",
            "liquidationGear": "-1",
            "mainUid": UID,
            "mgnIsoMode": "automatic",
            "opAuth": "0",
            "perm": "read_only,trade",
            "posMode": "net_mode",
            "roleType": "0",
            "settleCcy": "USDT",
            "settleCcyList": ["USDT"],
            "spotBorrowAutoRepay": False,
            "spotOffsetType": "",
            "spotRoleType": "0",
            "spotTraderInsts": [],
            "stgyType": "0",
            "traderInsts": [],
            "type": "0",
            "uid": UID,
        }

    def held(self) -> list[str]:
        """Return the assets of which there is any."""
        return [name for name, each in self._account.balances.items() if each.total_e8]

    def cash(self, asset: str) -> str:
        """Return what there is of an asset, without what positions have not realised."""
        return amount(self._account.balance(asset).total_e8)

    def _detail(self, asset: str) -> Json:
        balance = self._account.balance(asset)
        margin_e8 = sum(held.margin_e8 for listing, held in self.positions() if listing.quote == asset)
        equity_e8, free, dollars_e8 = self._equity_e8(asset), amount(balance.free_e8), self._dollars_e8(asset)
        worths_e8 = (
            held.worth_e8(listing, parse_e8(self.last_price(listing) or "0"))
            for listing, held in self.positions()
            if listing.quote == asset
        )
        needed_e8 = sum(abs(each) * MAINTENANCE_E8 // E8 for each in worths_e8)
        row: Json = dict.fromkeys(_ROW_EMPTY, "") | dict.fromkeys(_ROW_ZERO, "0")
        row |= {
            "availBal": free,
            "availEq": free,
            "cashBal": amount(balance.total_e8),
            "ccy": asset,
            "coinUsdPrice": amount(dollars_e8),
            "colBorrAutoConversion": "0",
            "collateralEnabled": False,
            "collateralRestrict": False,
            "disEq": amount(equity_e8 * dollars_e8 // E8),
            "eq": amount(equity_e8),
            "eqUsd": amount(equity_e8 * dollars_e8 // E8),
            "frozenBal": amount(balance.locked_e8),
            "imr": amount(margin_e8),
            "mgnRatio": "",
            "mmr": amount(needed_e8),
            "ordFrozen": amount(balance.locked_e8 - margin_e8),
            "stgyEq": "0",
            "twap": "0",
            "uTime": str(self._floor.trading.ledger.updated_ns // 1_000_000),
            "upl": amount(equity_e8 - balance.total_e8),
        }
        return dict(sorted(row.items()))

    def _equity_e8(self, asset: str) -> int:
        """Return what there is of an asset with what positions would realise in it."""
        profits = (
            held.worth_e8(listing, parse_e8(self.last_price(listing) or "0")) - held.cost_e8
            for listing, held in self.positions()
            if listing.quote == asset
        )
        return self._account.balance(asset).total_e8 + sum(profits)

    def _dollars_e8(self, asset: str) -> int:
        listings = self._floor.listings.values()
        if any(each.quote == asset for each in listings):
            return E8
        listing = next((each for each in listings if each.base == asset), None)
        return parse_e8(self.last_price(listing) or "0") if listing is not None else 0

    def _liquidation(self, listing: Listing) -> str:
        price_e8 = self._floor.trading.values.liquidation_e8(listing)
        return amount(price_e8) if price_e8 else ""


_POSITION_EMPTY = (
    "availPos",
    "baseBal",
    "margin",
    "optVal",
    "pendingCloseOrdLiabVal",
    "posCcy",
    "quoteBal",
    "quoteBorrowed",
    "quoteInterest",
    "spotInUseAmt",
    "spotInUseCcy",
)

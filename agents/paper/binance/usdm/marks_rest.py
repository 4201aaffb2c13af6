"""USDT-M's public queries of marks and funding: premium index, past rates, and how often is paid.

(Derivatives documentation, USDT-M, market data.) The modelled market has had one rate at each time of funding; of a
recorded one nothing is known before its first mark.
"""

from collections.abc import Mapping
from typing import Any

from agents.paper.binance.entry import parse_number
from agents.paper.binance.paging import interval
from agents.paper.binance.protocol import Routes
from agents.paper.binance.usdm.entry import find_listing
from agents.paper.binance.usdm.order_rows import Json
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.market.market import FUNDING_INTERVAL_NS, FUNDING_RATE_E8, ContractMark
from agents.paper.money import Listing, format_e8
from schemas.units import HOUR, MS

ROWS_MAX = 1_000


class UsdmMarksRest:
    """Handlers of the public routes of marks, by method and path."""

    def __init__(self, floor: Floor) -> None:
        """Answer for the contracts of `floor`."""
        self._floor = floor
        self.routes: Routes = {
            ("GET", "/fapi/v1/premiumIndex"): (self._premium, _premium_weight),
            ("GET", "/fapi/v1/fundingRate"): (self._rates, lambda _: 1),
            ("GET", "/fapi/v1/fundingInfo"): (self._info, lambda _: 1),
        }

    def _premium(self, call: Call) -> Any:
        rows = [self._row(each, call) for each in self._named(call)]
        return rows[0] if call.params.get("symbol") else rows

    def _row(self, listing: Listing, call: Call) -> Json:
        mark = self._floor.market.mark(listing.symbol) or ContractMark(self._floor.trading.values.mark_e8(listing))
        price = format_e8(mark.price_e8)
        return {
            "symbol": listing.venue_symbol,
            "markPrice": price,
            "indexPrice": price,
            "estimatedSettlePrice": price,
            "lastFundingRate": format_e8(mark.rate_e8),
            "interestRate": format_e8(FUNDING_RATE_E8),
            "nextFundingTime": mark.funding_ns // MS,
            "time": self._floor.market.clock_ns(call.wall_ns) // MS,
        }

    def _rates(self, call: Call) -> Any:
        """Return the last rates before now, oldest first, or the first of a time that is asked for."""
        if self._floor.market.kind != "model":
            return []
        since, until = interval(call)
        limit = min(parse_number(call.params, "limit") or 100, ROWS_MAX)
        last = min(until, call.wall_ms) * MS // FUNDING_INTERVAL_NS
        first = max(-(-since * MS // FUNDING_INTERVAL_NS), last - ROWS_MAX)
        times = [number * FUNDING_INTERVAL_NS // MS for number in range(first, last + 1)]
        times = times[:limit] if since else times[-limit:]
        return [
            {
                "symbol": listing.venue_symbol,
                "fundingTime": time_ms,
                "fundingRate": format_e8(FUNDING_RATE_E8),
                "markPrice": format_e8(self._floor.trading.values.mark_e8(listing)),
            }
            for time_ms in times
            for listing in self._named(call)
        ]

    def _info(self, _: Call) -> Any:
        return [
            {
                "symbol": listing.venue_symbol,
                "adjustedFundingRateCap": "0.02000000",
                "adjustedFundingRateFloor": "-0.02000000",
                "fundingIntervalHours": FUNDING_INTERVAL_NS // HOUR,
                "disclaimer": False,
            }
            for listing in self._floor.listings.values()
        ]

    def _named(self, call: Call) -> list[Listing]:
        if call.params.get("symbol"):
            return [find_listing(call.params, self._floor)]
        return list(self._floor.listings.values())


def _premium_weight(params: Mapping[str, str]) -> int:
    return 1 if params.get("symbol") else 10

"""How the account's contracts are held: leverage by symbol; cross margin, one-way and single-asset mode, which stay.

(Derivatives documentation, USDT-M, trade.) To ask for what is set already is refused, as the venue does; the other modes
are not here, and are refused as not supported.
"""

from typing import Any

from agents.paper.binance.entry import parse_number
from agents.paper.binance.protocol import Routes
from agents.paper.binance.refusals import Refusal, mandatory
from agents.paper.binance.usdm.account_rows import LEVERAGE_MAX, NOTIONAL_MAX
from agents.paper.binance.usdm.entry import find_listing
from agents.paper.binance.usdm.refusals import UNSUPPORTED
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.money import Listing
from agents.paper.refusals import Refused


class UsdmModes:
    """Handlers of the routes of modes, by method and path."""

    def __init__(self, floor: Floor) -> None:
        """Set how the account of `floor` holds contracts."""
        self._floor = floor
        self.routes: Routes = {
            ("POST", "/fapi/v1/leverage"): (self._leverage, lambda _: 1),
            ("POST", "/fapi/v1/marginType"): (self._margin_type, lambda _: 1),
            ("POST", "/fapi/v1/positionSide/dual"): (self._position_mode, lambda _: 1),
            ("GET", "/fapi/v1/positionSide/dual"): (lambda _: {"dualSidePosition": False}, lambda _: 30),
            ("POST", "/fapi/v1/multiAssetsMargin"): (self._assets_mode, lambda _: 1),
            ("GET", "/fapi/v1/multiAssetsMargin"): (lambda _: {"multiAssetsMargin": False}, lambda _: 30),
        }

    def _leverage(self, call: Call) -> Any:
        listing = find_listing(call.params, self._floor)
        leverage = parse_number(call.params, "leverage")
        if leverage is None:
            raise mandatory("leverage")
        if not 1 <= leverage <= LEVERAGE_MAX:
            raise Refusal(-4028, f"Leverage {leverage} is not valid")
        try:
            self._floor.trading.set_leverage(listing, leverage, call.wall_ns)
        except Refused as refused:
            raise Refusal(-2028, "Leverage is smaller than permitted: insufficient margin balance.") from refused
        return {"leverage": leverage, "maxNotionalValue": NOTIONAL_MAX, "symbol": listing.venue_symbol}

    def _margin_type(self, call: Call) -> Any:
        listing, wanted = find_listing(call.params, self._floor), call.params.get("marginType", "")
        if wanted == "CROSSED":
            raise Refusal(-4046, "No need to change margin type.")
        if wanted != "ISOLATED":
            raise mandatory("marginType")
        if self._has_orders(listing):
            raise Refusal(-4047, "Margin type cannot be changed if there exists open orders.")
        if self._holds(listing):
            raise Refusal(-4048, "Margin type cannot be changed if there exists position.")
        raise Refusal(*UNSUPPORTED)

    def _position_mode(self, call: Call) -> Any:
        wanted = call.params.get("dualSidePosition", "").lower()
        if wanted == "false":
            raise Refusal(-4059, "No need to change position side.")
        if wanted != "true":
            raise mandatory("dualSidePosition")
        contracts = [each for each in self._floor.listings.values() if each.margined]
        if any(map(self._has_orders, contracts)):
            raise Refusal(-4067, "Position side cannot be changed if there exists open orders.")
        if any(map(self._holds, contracts)):
            raise Refusal(-4068, "Position side cannot be changed if there exists position.")
        raise Refusal(*UNSUPPORTED)

    def _assets_mode(self, call: Call) -> Any:
        wanted = call.params.get("multiAssetsMargin", "").lower()
        if wanted == "false":
            text = "Adjusted asset mode is currently set and does not need to be adjusted repeatedly."
            raise Refusal(-4171, text)
        if wanted != "true":
            raise mandatory("multiAssetsMargin")
        raise Refusal(*UNSUPPORTED)

    def _has_orders(self, listing: Listing) -> bool:
        return bool(self._floor.trading.open_orders(listing.symbol, 1 << 62))

    def _holds(self, listing: Listing) -> bool:
        return self._floor.trading.account.position(listing.symbol).qty_lots != 0

"""What a venue takes in one instrument: the steps and bounds of its orders, as its listing states them.

Risk checks every order against them before it leaves; execution, what it closes by itself. Both follow the instrument's
stream; until the venue has told, what the configuration says holds.

This file is compiled (`venue_filters.pxd` has the C types).
"""

from agents.instruments import InstrumentInfo
from schemas.messages import E8, Instrument

QTY_LOTS_MAX = 2**62


class Filters:
    """What the venue takes in one instrument; bounds that are 0 are none."""

    def __init__(
        self,
        min_qty_lots: int,
        max_qty_lots: int,
        min_notional_e8: int,
        qty_step_lots: int = 1,
        price_step_ticks: int = 1,
        fault: str = "",
    ) -> None:
        """Take what the venue states; `fault` is why nothing can be ordered, empty if it can."""
        self.min_qty_lots = min_qty_lots
        self.max_qty_lots = max_qty_lots
        self.min_notional_e8 = min_notional_e8
        self.qty_step_lots = qty_step_lots
        self.price_step_ticks = price_step_ticks
        self.fault = fault
        self.max_notional_e8 = 0
        self.max_position_lots = 0
        self.banded = False
        """Whether any bound of the price is stated."""
        self.bid_band_down_ppm = self.bid_band_up_ppm = 0
        self.ask_band_down_ppm = self.ask_band_up_ppm = 0
        self.band_of_last = False
        """Whether the bounds are of the last price; else of an average."""
        self.min_price_ticks = self.max_price_ticks = 0
        self.max_open_orders = 0
        """How many orders may be open in the instrument at once."""

    def bound(self, stated: Instrument) -> None:
        """Take the bounds of notional, position, price and number of orders."""
        self.max_notional_e8 = stated.max_notional_e8
        self.max_position_lots = stated.max_position_lots
        self.bid_band_down_ppm, self.bid_band_up_ppm = stated.bid_band_down_ppm, stated.bid_band_up_ppm
        self.ask_band_down_ppm, self.ask_band_up_ppm = stated.ask_band_down_ppm, stated.ask_band_up_ppm
        bands = (self.bid_band_down_ppm, self.bid_band_up_ppm, self.ask_band_down_ppm, self.ask_band_up_ppm)
        self.banded = any(bands)
        self.band_of_last = stated.band_minutes == 0
        self.min_price_ticks, self.max_price_ticks = stated.min_price_ticks, stated.max_price_ticks
        self.max_open_orders = stated.max_open_orders

    def fit_lots(self, info: InstrumentInfo, qty_lots: int, price_ticks: int) -> int:
        """Return as much of a quantity as one order may have at a price, in the venue's steps; 0 if none is so small."""
        if self.max_notional_e8:
            qty_lots = min(qty_lots, self.max_notional_e8 * E8 // (info.px_e8(price_ticks) * info.lot_e8))
        qty_lots = min(qty_lots, self.max_qty_lots) // self.qty_step_lots * self.qty_step_lots
        too_little = qty_lots < self.min_qty_lots or info.notional_e8(price_ticks, qty_lots) < self.min_notional_e8
        return 0 if too_little else qty_lots


def filters_of(info: InstrumentInfo, stated: Instrument | None) -> Filters:
    """Return the venue's filters: as its market data states them, at least what the configuration says."""
    if stated is None:
        return Filters(1, QTY_LOTS_MAX, info.min_notional_e8)
    filters = Filters(
        max(1, stated.min_qty_lots),
        stated.max_qty_lots,
        max(info.min_notional_e8, stated.min_notional_e8),
        stated.qty_step_lots,
        stated.price_step_ticks,
        stated.fault,
    )
    filters.bound(stated)
    return filters

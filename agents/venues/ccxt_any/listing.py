"""What ccxt lists of the instruments, held against the configuration.

ccxt knows of most exchanges the steps of prices and quantities and the least of each, of some not; what it does not know is
not checked. An instrument that is not traded now, that is of another category or whose configured units do not divide the
steps, is published with that fault.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.ccxt_any.wire import MARKETS, MarketRow, Markets
from agents.venues.listing_units import MONEY_E8_MAX, QTY_LOTS_MAX, exact_e8, faulty, unit_faults, upper_bound
from mesh.context import VenueCall
from schemas.messages import Instrument

_MARKETS = msgspec.json.Decoder(Markets)


def listing_call(infos: Sequence[InstrumentInfo]) -> VenueCall:
    """Return the call for what ccxt lists of `infos`."""
    return VenueCall("GET", MARKETS, {"symbols": " ".join(info.venue_symbol for info in infos)})


def decode_listing(infos: Sequence[InstrumentInfo], body: bytes) -> list[Instrument]:
    """Return `infos` with what ccxt lists of them, or with what is wrong with them.

    Raises:
        VenueError: If the answer is not of this form; what is wrong with one symbol is that symbol's fault.
    """
    try:
        rows = {row.symbol: row for row in _MARKETS.decode(body).markets}
    except DECODE_ERRORS as error:
        raise refuse(error, "what ccxt lists") from error
    return [_instrument(info, rows.get(info.venue_symbol)) for info in infos]


def _instrument(info: InstrumentInfo, row: MarketRow | None) -> Instrument:
    if row is None:
        return faulty(info, f"{info.venue_symbol} is no symbol of ccxt's {info.venue.exchange}")
    try:
        return _listed(info, row)
    except DECODE_ERRORS as error:
        return faulty(info, f"what ccxt lists of {info.venue_symbol} cannot be read: {error}")


def _listed(info: InstrumentInfo, row: MarketRow) -> Instrument:
    faults = [*unit_faults(info, "tick_size", row.tick), *unit_faults(info, "lot_size", row.lot)]
    if not row.active:
        faults.append(f"{info.venue_symbol} is not active at the exchange")
    if row.category != info.category:
        faults.append(f"{info.venue_symbol} is {row.category} at the exchange, not {info.category}")
    size = info.config.contract_size
    if row.contract_size and exact_e8(row.contract_size) != exact_e8(size):
        faults.append(f"contract_size {size} of the configuration is not the exchange's {row.contract_size}")
    if faults:
        return faulty(info, "; ".join(faults))
    instrument, lot_e8 = info.message(), exact_e8(info.config.lot_size)
    return replace(
        instrument,
        min_qty_lots=min(max(1, -(-exact_e8(row.min_qty) // lot_e8)), QTY_LOTS_MAX),
        max_qty_lots=min(exact_e8(row.max_qty) // lot_e8, QTY_LOTS_MAX) or QTY_LOTS_MAX,
        min_notional_e8=max(instrument.min_notional_e8, upper_bound(row.min_notional, 1, MONEY_E8_MAX)),
        max_notional_e8=upper_bound(row.max_notional, 1, MONEY_E8_MAX),
        qty_step_lots=max(1, exact_e8(row.lot) // lot_e8),
        price_step_ticks=max(1, exact_e8(row.tick) // info.tick_e8),
    )

"""What Binance lists: the filters that an order in an instrument must pass, spot and USDT-M.

The configuration says in which ticks and lots an instrument is counted here; the venue's own steps may be coarser (a
recorded book can be finer than what the venue takes as an order). The configured unit must divide the venue's, or prices
and quantities could not be told exactly: an instrument for which it does not is published with that fault.

Source: binance-spot-api-docs rest-api.md (exchange information) and filters.md; Binance derivatives docs, USDS-margined
futures, exchange information.
"""

import msgspec
from msgspec import field
from msgspec.structs import replace

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, parse_e8, refuse
from schemas.messages import Instrument

QTY_LOTS_MAX = 2**62
TEXT_MAX = 400


class FilterData(msgspec.Struct):
    """One filter of a symbol, whichever it is; spot says `minNotional`, USDT-M says `notional`."""

    kind: str = field(name="filterType")
    tick_size: str = field(name="tickSize", default="")
    min_qty: str = field(name="minQty", default="")
    max_qty: str = field(name="maxQty", default="")
    step_size: str = field(name="stepSize", default="")
    min_notional: str = field(name="minNotional", default="")
    notional: str = ""


class SymbolData(msgspec.Struct):
    """One symbol of `exchangeInfo`, as far as it is used."""

    symbol: str
    filters: list[FilterData] = []


class ListingData(msgspec.Struct):
    """The answer of the `exchangeInfo` endpoint, as far as it is used."""

    symbols: list[SymbolData]


_DECODER = msgspec.json.Decoder(ListingData)


def decode_listing(infos: list[InstrumentInfo], body: bytes) -> list[Instrument]:
    """Return the instruments `infos` with the venue's filters, or with what is wrong with them.

    Raises:
        VenueError: If the answer is not what the venue documents.
    """
    try:
        symbols = {data.symbol: data for data in _DECODER.decode(body).symbols}
        return [_listed(info, symbols.get(info.symbol)) for info in infos]
    except DECODE_ERRORS as error:
        raise refuse(error, "exchange information") from error


def _listed(info: InstrumentInfo, data: SymbolData | None) -> Instrument:
    instrument = info.message()
    if data is None:
        return replace(instrument, fault=f"{info.symbol} is not listed by the venue")
    filters = {each.kind: each for each in data.filters}
    none = FilterData("")
    tick, lots = filters.get("PRICE_FILTER", none), filters.get("LOT_SIZE", none)
    money = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or none
    faults = [*_fault(info, "tick_size", tick.tick_size), *_fault(info, "lot_size", lots.step_size)]
    if faults:
        return replace(instrument, fault="; ".join(faults)[:TEXT_MAX])
    lot_e8 = parse_e8(info.config.lot_size)
    most = parse_e8(lots.max_qty) // lot_e8
    return replace(
        instrument,
        min_qty_lots=max(1, -(-parse_e8(lots.min_qty) // lot_e8)),
        max_qty_lots=min(most, QTY_LOTS_MAX) or QTY_LOTS_MAX,
        min_notional_e8=max(instrument.min_notional_e8, parse_e8(money.min_notional or money.notional)),
        qty_step_lots=max(1, parse_e8(lots.step_size) // lot_e8),
        price_step_ticks=max(1, parse_e8(tick.tick_size) // info.tick_e8),
    )


def _fault(info: InstrumentInfo, key: str, step: str) -> list[str]:
    unit_e8 = parse_e8(getattr(info.config, key))
    if parse_e8(step) % unit_e8 == 0:
        return []
    return [f"{key} {getattr(info.config, key)} of the configuration does not divide the venue's {step}"]

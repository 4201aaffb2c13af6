"""What Binance lists: the filters that an order in an instrument must pass, spot, USDT-M and COIN-M.

An instrument whose configured units do not divide the venue's steps is published with that fault. So is one that is not
TRADING, and one whose entry cannot be read; the others are as they are. A bound that is beyond what can be counted here is
no bound.

Source: binance-spot-api-docs rest-api.md (exchange information) and filters.md; Binance derivatives docs, USDS-margined
futures, exchange information. USDT-M measures its price bounds by the mark price, which is taken as the last price.
"""

import msgspec
from msgspec import field
from msgspec.structs import replace

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.listing_units import MONEY_E8_MAX, QTY_LOTS_MAX, exact_e8, faulty, unit_faults, upper_bound
from schemas.errors import VenueError
from schemas.messages import E8, Instrument

PPM = 1_000_000
PRICE_TICKS_MAX = 2**53
TRADING = "TRADING"


class FilterData(msgspec.Struct):
    """One filter of a symbol, whichever it is; spot says `minNotional` and `maxNumOrders`, USDT-M `notional`, `limit`."""

    kind: str = field(name="filterType")
    tick_size: str = field(name="tickSize", default="")
    min_price: str = field(name="minPrice", default="")
    max_price: str = field(name="maxPrice", default="")
    min_qty: str = field(name="minQty", default="")
    max_qty: str = field(name="maxQty", default="")
    step_size: str = field(name="stepSize", default="")
    min_notional: str = field(name="minNotional", default="")
    max_notional: str = field(name="maxNotional", default="")
    notional: str = ""
    max_position: str = field(name="maxPosition", default="")
    down: str = field(name="multiplierDown", default="")
    up: str = field(name="multiplierUp", default="")
    bid_down: str = field(name="bidMultiplierDown", default="")
    bid_up: str = field(name="bidMultiplierUp", default="")
    ask_down: str = field(name="askMultiplierDown", default="")
    ask_up: str = field(name="askMultiplierUp", default="")
    band_minutes: int = field(name="avgPriceMins", default=0)
    orders_max: int = field(name="maxNumOrders", default=0)
    limit: int = 0


class SymbolName(msgspec.Struct):
    """The part of an entry that says of which symbol it is."""

    symbol: str = ""


class SymbolData(msgspec.Struct):
    """One symbol of `exchangeInfo`, as far as it is used; COIN-M has its status and size under other names."""

    symbol: str
    status: str = TRADING
    contract_status: str = field(name="contractStatus", default="")
    contract_size: int | float | None = field(name="contractSize", default=None)
    filters: list[FilterData] = []


class ListingData(msgspec.Struct):
    """The answer of the `exchangeInfo` endpoint, as far as it is used; an entry is read by itself."""

    symbols: list[msgspec.Raw]


_DECODER = msgspec.json.Decoder(ListingData)
_NAME_DECODER = msgspec.json.Decoder(SymbolName)
_SYMBOL_DECODER = msgspec.json.Decoder(SymbolData)


def decode_listing(infos: list[InstrumentInfo], body: bytes) -> list[Instrument]:
    """Return the instruments `infos` with the venue's filters, or with what is wrong with them.

    Raises:
        VenueError: If the answer is not what the venue documents; what is wrong in one symbol is that symbol's fault.
    """
    try:
        entries = {_NAME_DECODER.decode(entry).symbol: entry for entry in _DECODER.decode(body).symbols}
    except DECODE_ERRORS as error:
        raise refuse(error, "exchange information") from error
    return [_instrument(info, entries.get(info.venue_symbol)) for info in infos]


def _instrument(info: InstrumentInfo, entry: msgspec.Raw | None) -> Instrument:
    if entry is None:
        return faulty(info, f"{info.symbol} is not listed by the venue")
    try:
        return _listed(info, _SYMBOL_DECODER.decode(entry))
    except DECODE_ERRORS as error:
        return faulty(info, f"what the venue lists of {info.symbol} cannot be read: {error}")


def _listed(info: InstrumentInfo, data: SymbolData) -> Instrument:
    filters = {each.kind: each for each in data.filters}
    none = FilterData("")
    tick, lots = filters.get("PRICE_FILTER", none), filters.get("LOT_SIZE", none)
    count = filters.get("MAX_NUM_ORDERS", none)
    money = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or none
    faults = [*unit_faults(info, "tick_size", tick.tick_size), *unit_faults(info, "lot_size", lots.step_size)]
    status = data.contract_status or data.status
    if status != TRADING:
        faults.append(f"{info.symbol} is {status} at the venue, not {TRADING}")
    size = info.config.contract_size
    if data.contract_size is not None and exact_e8(str(data.contract_size)) != exact_e8(size):
        faults.append(f"contract_size {size} of the configuration is not the venue's {data.contract_size}")
    if faults:
        return faulty(info, "; ".join(faults))
    instrument, lot_e8 = info.message(), exact_e8(info.config.lot_size)
    min_notional_e8 = exact_e8(money.min_notional or money.notional)
    if min_notional_e8 > MONEY_E8_MAX:
        raise VenueError(f"a minimum notional of {money.min_notional or money.notional} is more than can be counted")
    instrument = replace(
        instrument,
        min_qty_lots=min(max(1, -(-exact_e8(lots.min_qty) // lot_e8)), QTY_LOTS_MAX),
        max_qty_lots=min(exact_e8(lots.max_qty) // lot_e8, QTY_LOTS_MAX) or QTY_LOTS_MAX,
        min_notional_e8=max(instrument.min_notional_e8, min_notional_e8),
        qty_step_lots=max(1, exact_e8(lots.step_size) // lot_e8),
        price_step_ticks=max(1, exact_e8(tick.tick_size) // info.tick_e8),
        max_notional_e8=upper_bound(money.max_notional, 1, MONEY_E8_MAX),
        min_price_ticks=min(-(-exact_e8(tick.min_price) // info.tick_e8), PRICE_TICKS_MAX),
        max_price_ticks=upper_bound(tick.max_price, info.tick_e8, PRICE_TICKS_MAX),
        max_open_orders=max(0, count.orders_max or count.limit),
        max_position_lots=upper_bound(filters.get("MAX_POSITION", none).max_position, lot_e8, QTY_LOTS_MAX),
    )
    return _banded(instrument, filters)


def _banded(instrument: Instrument, filters: dict[str, FilterData]) -> Instrument:
    """Return the instrument with the venue's bounds of prices, by side where it has them so."""
    by_side, both = filters.get("PERCENT_PRICE_BY_SIDE"), filters.get("PERCENT_PRICE")
    if by_side is not None:
        texts = (by_side.bid_down, by_side.bid_up, by_side.ask_down, by_side.ask_up)
    elif both is not None:
        texts = (both.down, both.up, both.down, both.up)
    else:
        return instrument
    bid_down, bid_up, ask_down, ask_up = (upper_bound(text, E8 // PPM, 2**63 - 1) for text in texts)
    return replace(
        instrument,
        bid_band_down_ppm=bid_down,
        bid_band_up_ppm=bid_up,
        ask_band_down_ppm=ask_down,
        ask_band_up_ppm=ask_up,
        band_minutes=max(0, (by_side or both or FilterData("")).band_minutes),
    )

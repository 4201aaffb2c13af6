"""What Binance lists: the filters that an order in an instrument must pass, spot and USDT-M.

The configuration says in which ticks and lots an instrument is counted here; the venue's own steps may be coarser (a
recorded book can be finer than what the venue takes as an order). The configured unit must divide the venue's, or prices
and quantities could not be told exactly: an instrument for which it does not is published with that fault. So is one that
is not TRADING, and one whose entry cannot be read; the others are as they are. A bound that is beyond what can be counted
here is no bound.

Source: binance-spot-api-docs rest-api.md (exchange information) and filters.md; Binance derivatives docs, USDS-margined
futures, exchange information. USDT-M measures its price bounds by the mark price, which is taken as the last price.
"""

import re

import msgspec
from msgspec import field
from msgspec.structs import replace

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from schemas.errors import VenueError
from schemas.messages import E8, Instrument

QTY_LOTS_MAX = 2**62
MONEY_E8_MAX = 2**63 - 1
PPM = 1_000_000
TEXT_MAX = 400
TRADING = "TRADING"
_DECIMAL = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,40}))?")


class FilterData(msgspec.Struct):
    """One filter of a symbol, whichever it is; spot says `minNotional`, USDT-M says `notional`."""

    kind: str = field(name="filterType")
    tick_size: str = field(name="tickSize", default="")
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


class SymbolName(msgspec.Struct):
    """The part of an entry that says of which symbol it is."""

    symbol: str = ""


class SymbolData(msgspec.Struct):
    """One symbol of `exchangeInfo`, as far as it is used."""

    symbol: str
    status: str = TRADING
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
    return [_instrument(info, entries.get(info.symbol)) for info in infos]


def _instrument(info: InstrumentInfo, entry: msgspec.Raw | None) -> Instrument:
    if entry is None:
        return _faulty(info, f"{info.symbol} is not listed by the venue")
    try:
        return _listed(info, _SYMBOL_DECODER.decode(entry))
    except DECODE_ERRORS as error:
        return _faulty(info, f"what the venue lists of {info.symbol} cannot be read: {error}")


def _listed(info: InstrumentInfo, data: SymbolData) -> Instrument:
    filters = {each.kind: each for each in data.filters}
    none = FilterData("")
    tick, lots = filters.get("PRICE_FILTER", none), filters.get("LOT_SIZE", none)
    money = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or none
    faults = [*_fault(info, "tick_size", tick.tick_size), *_fault(info, "lot_size", lots.step_size)]
    if data.status != TRADING:
        faults.append(f"{info.symbol} is {data.status} at the venue, not {TRADING}")
    if faults:
        return _faulty(info, "; ".join(faults))
    instrument, lot_e8 = info.message(), _exact(info.config.lot_size)
    min_notional_e8 = _exact(money.min_notional or money.notional)
    if min_notional_e8 > MONEY_E8_MAX:
        raise VenueError(f"a minimum notional of {money.min_notional or money.notional} is more than can be counted")
    instrument = replace(
        instrument,
        min_qty_lots=min(max(1, -(-_exact(lots.min_qty) // lot_e8)), QTY_LOTS_MAX),
        max_qty_lots=min(_exact(lots.max_qty) // lot_e8, QTY_LOTS_MAX) or QTY_LOTS_MAX,
        min_notional_e8=max(instrument.min_notional_e8, min_notional_e8),
        qty_step_lots=max(1, _exact(lots.step_size) // lot_e8),
        price_step_ticks=max(1, _exact(tick.tick_size) // info.tick_e8),
        max_notional_e8=_bound(money.max_notional, 1, MONEY_E8_MAX),
        max_position_lots=_bound(filters.get("MAX_POSITION", none).max_position, lot_e8, QTY_LOTS_MAX),
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
    bid_down, bid_up, ask_down, ask_up = (_bound(text, E8 // PPM, 2**63 - 1) for text in texts)
    return replace(
        instrument,
        bid_band_down_ppm=bid_down,
        bid_band_up_ppm=bid_up,
        ask_band_down_ppm=ask_down,
        ask_band_up_ppm=ask_up,
        band_minutes=max(0, (by_side or both or FilterData("")).band_minutes),
    )


def _faulty(info: InstrumentInfo, fault: str) -> Instrument:
    return replace(info.message(), fault=fault[:TEXT_MAX])


def _fault(info: InstrumentInfo, key: str, step: str) -> list[str]:
    unit = getattr(info.config, key)
    if _exact(step) % _exact(unit) == 0:
        return []
    return [f"{key} {unit} of the configuration does not divide the venue's {step}"]


def _bound(text: str, unit_e8: int, most: int) -> int:
    """Return a bound in units, rounded to the safe side of an upper one; 0, which is none, if it is beyond `most`."""
    bound = _exact(text) // unit_e8
    return bound if bound <= most else 0


def _exact(text: str) -> int:
    """Return a decimal times 10**8, of any size; an empty one is 0.

    Raises:
        VenueError: If it is not a plain decimal, or has more than eight decimals that matter.
    """
    if not text:
        return 0
    found = _DECIMAL.fullmatch(text)
    fraction = "" if found is None else (found[2] or "").rstrip("0")
    if found is None or len(fraction) > 8:
        raise VenueError(f"{text[:60]!r} is not a plain decimal of at most eight decimals")
    return int(found[1]) * E8 + int(fraction.ljust(8, "0"))

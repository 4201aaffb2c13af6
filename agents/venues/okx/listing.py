"""What OKX lists: the steps and bounds of orders in an instrument, spot and linear swaps.

It lists all instruments of a type at once. Sizes of swaps are in contracts; one must be what the configuration says a
contract is (`ctVal` times `ctMult`), of the coin that it says, or positions would be wrong by that factor. An instrument
that is not live, is inverse or cannot be read is published with that fault.

Source: OKX v5 docs, public data, get instruments.
"""

from collections.abc import Iterable

import msgspec
from msgspec import field
from msgspec.structs import replace

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.listing_units import MONEY_E8_MAX, QTY_LOTS_MAX, exact_e8, faulty, unit_faults, upper_bound
from agents.venues.okx.history import OkxAnswer, rows
from mesh.context import VenueCall
from schemas.messages import E8, Instrument

INSTRUMENTS = "/api/v5/public/instruments"
TYPES = {"spot": "SPOT", "linear": "SWAP"}
LIVE = "live"


class OkxInstrumentName(msgspec.Struct):
    """The part of an entry that says of which instrument it is."""

    inst_id: str = field(name="instId", default="")
    inst_type: str = field(name="instType", default="")


class OkxInstrumentData(msgspec.Struct):
    """One instrument, as far as it is used; what is about contracts is empty for spot."""

    inst_id: str = field(name="instId")
    state: str
    tick_size: str = field(name="tickSz")
    lot_size: str = field(name="lotSz")
    min_size: str = field(name="minSz")
    limit_size_max: str = field(name="maxLmtSz", default="")
    limit_amount_max: str = field(name="maxLmtAmt", default="")
    contract_type: str = field(name="ctType", default="")
    contract_value: str = field(name="ctVal", default="")
    contract_multiplier: str = field(name="ctMult", default="")
    contract_currency: str = field(name="ctValCcy", default="")


_ANSWER = msgspec.json.Decoder(OkxAnswer[msgspec.Raw])
_NAME = msgspec.json.Decoder(OkxInstrumentName)
_INSTRUMENT = msgspec.json.Decoder(OkxInstrumentData)


def listing_calls(infos: Iterable[InstrumentInfo]) -> list[VenueCall]:
    """Return a call for each type among `infos`."""
    types = dict.fromkeys(TYPES[info.category] for info in infos)
    return [VenueCall("GET", INSTRUMENTS, {"instType": name}) for name in types]


def decode_listing(infos: Iterable[InstrumentInfo], body: bytes, inst_type: str = "") -> list[Instrument]:
    """Return the instruments of the answer's type with the venue's steps, or with what is wrong with them.

    Raises:
        VenueError: If the answer is not what the venue documents; what is wrong with one instrument is its fault alone.
    """
    entries: dict[str, msgspec.Raw] = {}
    try:
        for entry in rows(_ANSWER.decode(body)):
            name = _NAME.decode(entry)
            entries[name.inst_id] = entry
            inst_type = inst_type or name.inst_type
    except DECODE_ERRORS as error:
        raise refuse(error, "instruments") from error
    asked = [info for info in infos if TYPES[info.category] == inst_type]
    return [_instrument(info, entries.get(info.venue_symbol)) for info in asked]


def _instrument(info: InstrumentInfo, entry: msgspec.Raw | None) -> Instrument:
    if entry is None:
        return faulty(info, f"{info.venue_symbol} is not listed by the venue")
    try:
        return _listed(info, _INSTRUMENT.decode(entry))
    except DECODE_ERRORS as error:
        return faulty(info, f"what the venue lists of {info.venue_symbol} cannot be read: {error}")


def _listed(info: InstrumentInfo, data: OkxInstrumentData) -> Instrument:
    faults = [*unit_faults(info, "tick_size", data.tick_size), *unit_faults(info, "lot_size", data.lot_size)]
    if data.state != LIVE:
        faults.append(f"{info.venue_symbol} is {data.state} at the venue, not {LIVE}")
    if info.margin:
        faults += _contract_faults(info, data)
    if faults:
        return faulty(info, "; ".join(faults))
    lot_e8 = exact_e8(info.config.lot_size)
    return replace(
        info.message(),
        min_qty_lots=min(max(1, -(-exact_e8(data.min_size) // lot_e8)), QTY_LOTS_MAX),
        max_qty_lots=upper_bound(data.limit_size_max, lot_e8, QTY_LOTS_MAX) or QTY_LOTS_MAX,
        qty_step_lots=max(1, exact_e8(data.lot_size) // lot_e8),
        price_step_ticks=max(1, exact_e8(data.tick_size) // info.tick_e8),
        max_notional_e8=upper_bound(data.limit_amount_max, 1, MONEY_E8_MAX) if info.config.quote in DOLLARS else 0,
    )


def _contract_faults(info: InstrumentInfo, data: OkxInstrumentData) -> list[str]:
    if data.contract_type != "linear":
        return [f"{info.venue_symbol} is {data.contract_type}, not linear"]
    if data.contract_currency != info.config.base:
        return [f"a contract of {info.venue_symbol} is of {data.contract_currency}, not {info.config.base}"]
    contract = exact_e8(data.contract_value) * exact_e8(data.contract_multiplier or "1")
    if contract != info.contract_size_e8 * E8:
        times = f" x {data.contract_multiplier}" if data.contract_multiplier not in ("", "1") else ""
        found = f"contract_size {info.config.contract_size} of the configuration"
        return [f"{found} is not the venue's {data.contract_value}{times}"]
    return []


DOLLARS = frozenset({"USD", "USDT", "USDC"})
"""`maxLmtAmt` is in US dollars: it bounds the notional where that is counted in something of that worth."""

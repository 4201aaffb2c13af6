"""What Bybit lists: the filters that an order in an instrument must pass, spot and linear.

Symbols are asked for one by one while they are few: all of a category are half a megabyte. An instrument that is not
Trading is published with that fault, as is one whose entry cannot be read or whose configured units do not divide the
venue's steps. A contract of linear is one of its base.

Orders are limit orders, so the smaller of the bounds of limit and post-only orders counts. The venue bounds prices about
the mark or last price within `priceLimitRatioX`, and moves the bounds by rules of its own: they are not taken, and an
order beyond them is refused there.

Source: Bybit API v5 documentation, market: get instruments info.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, field
from msgspec.structs import replace

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.listing_units import MONEY_E8_MAX, QTY_LOTS_MAX, exact_e8, faulty, unit_faults
from mesh.context import VenueCall
from schemas.errors import VenueError
from schemas.messages import E8, Instrument

PATH = "/v5/market/instruments-info"
ONE_BY_ONE_MAX = 20
PAGE = "1000"
"""Entries in one answer, which is all of spot and, in August 2026, of the 800 contracts of linear."""
TRADING = "Trading"
UNKNOWN_SYMBOL = 10001
"""Code for a parameter that is wrong; of a question for one symbol only that can be."""
TEXT = Annotated[str, Meta(max_length=80)]


class LotFilter(msgspec.Struct):
    """Steps and bounds of quantities; spot says base precision and amounts, linear says step and notional."""

    min_qty: TEXT = field(name="minOrderQty", default="")
    max_qty: TEXT = field(name="maxOrderQty", default="")
    max_limit_qty: TEXT = field(name="maxLimitOrderQty", default="")
    max_post_only_qty: TEXT = field(name="postOnlyMaxOrderQty", default="")
    step: TEXT = field(name="qtyStep", default="")
    base_precision: TEXT = field(name="basePrecision", default="")
    min_notional: TEXT = field(name="minNotionalValue", default="")
    min_amount: TEXT = field(name="minOrderAmt", default="")
    max_amount: TEXT = field(name="maxOrderAmt", default="")


class PriceFilter(msgspec.Struct):
    """The step of prices."""

    tick: TEXT = field(name="tickSize", default="")


class ListedSymbol(msgspec.Struct):
    """One symbol, as far as it is used."""

    symbol: str
    status: str
    lots: LotFilter = field(name="lotSizeFilter")
    prices: PriceFilter = field(name="priceFilter")
    contract_type: str = field(name="contractType", default="")


class ListedName(msgspec.Struct):
    """The part of an entry that says of which symbol it is."""

    symbol: str = ""


class ListedPage(msgspec.Struct):
    """The entries of an answer; each is read by itself."""

    entries: list[msgspec.Raw] = field(name="list", default=[])


class ListingAnswer(msgspec.Struct):
    """The answer of the endpoint."""

    code: int = field(name="retCode")
    text: str = field(name="retMsg", default="")
    result: msgspec.Raw = msgspec.Raw(b"{}")


_ANSWER = msgspec.json.Decoder(ListingAnswer)
_PAGE = msgspec.json.Decoder(ListedPage)
_NAME = msgspec.json.Decoder(ListedName)
_SYMBOL = msgspec.json.Decoder(ListedSymbol)


def listing_calls(infos: Sequence[InstrumentInfo], *, whole: bool) -> list[VenueCall]:
    """Return a call for each of `infos`, or for each category if they are many or all is asked for."""
    calls = []
    for category in dict.fromkeys(info.category for info in infos):
        own = [info for info in infos if info.category == category]
        if whole or len(own) > ONE_BY_ONE_MAX:
            calls.append(VenueCall("GET", PATH, {"category": category, "limit": PAGE}))
        else:
            calls += [VenueCall("GET", PATH, {"category": category, "symbol": info.venue_symbol}) for info in own]
    return calls


def listed(infos: Sequence[InstrumentInfo], call: VenueCall, body: bytes) -> list[Instrument]:
    """Return those of `infos` that `call` asked for, with the venue's filters or with what is wrong with them.

    Raises:
        VenueError: If the answer is not what the venue documents; what is wrong in one symbol is that symbol's fault.
    """
    category, symbol = call.params["category"], call.params.get("symbol")
    asked = [info for info in infos if info.category == category and symbol in (None, info.venue_symbol)]
    try:
        answer = _ANSWER.decode(body)
        if answer.code == UNKNOWN_SYMBOL and symbol is not None:
            return [_missing(info) for info in asked]
        if answer.code:
            raise VenueError(f"{answer.code} {answer.text[:200]}")
        entries = {_NAME.decode(entry).symbol: entry for entry in _PAGE.decode(answer.result).entries}
    except DECODE_ERRORS as error:
        raise refuse(error, f"instruments of {category}") from error
    return [_instrument(info, entries.get(info.venue_symbol)) for info in asked]


def _instrument(info: InstrumentInfo, entry: msgspec.Raw | None) -> Instrument:
    if entry is None:
        return _missing(info)
    try:
        return _listed(info, _SYMBOL.decode(entry))
    except DECODE_ERRORS as error:
        return faulty(info, f"what the venue lists of {info.venue_symbol} cannot be read: {error}")


def _missing(info: InstrumentInfo) -> Instrument:
    return faulty(info, f"{info.venue_symbol} is not listed by the venue in {info.category}")


def _listed(info: InstrumentInfo, data: ListedSymbol) -> Instrument:
    lots, step = data.lots, data.lots.step or data.lots.base_precision
    faults = [*unit_faults(info, "tick_size", data.prices.tick), *unit_faults(info, "lot_size", step)]
    if data.status != TRADING:
        faults.append(f"{info.venue_symbol} is {data.status} at the venue, not {TRADING}")
    if data.contract_type and not data.contract_type.startswith("Linear"):
        faults.append(f"{info.venue_symbol} is {data.contract_type} at the venue, not linear")
    if info.contract_size_e8 != E8:
        faults.append(
            f"contract_size {info.config.contract_size} of the configuration: the venue counts the base itself"
        )
    if faults:
        return faulty(info, "; ".join(faults))
    instrument, lot_e8 = info.message(), exact_e8(info.config.lot_size)
    min_notional_e8 = exact_e8(lots.min_notional or lots.min_amount)
    if min_notional_e8 > MONEY_E8_MAX:
        raise VenueError("a minimum notional is more than can be counted")
    max_notional_e8 = exact_e8(lots.max_amount)
    bounds = [exact_e8(text) // lot_e8 for text in (lots.max_limit_qty or lots.max_qty, lots.max_post_only_qty) if text]
    return replace(
        instrument,
        min_qty_lots=min(max(1, -(-exact_e8(lots.min_qty) // lot_e8)), QTY_LOTS_MAX),
        max_qty_lots=min(*bounds, QTY_LOTS_MAX, QTY_LOTS_MAX) or QTY_LOTS_MAX,
        min_notional_e8=max(instrument.min_notional_e8, min_notional_e8),
        max_notional_e8=max_notional_e8 if max_notional_e8 <= MONEY_E8_MAX else 0,
        qty_step_lots=max(1, exact_e8(step) // lot_e8),
        price_step_ticks=max(1, exact_e8(data.prices.tick) // info.tick_e8),
    )

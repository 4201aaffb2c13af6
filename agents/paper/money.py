"""Exact money: integers times 10**8, the precision in which accounts are kept.

Quantities that are given as text come in through `parse_e8` and leave through `format_e8`; nothing in between is ever a
float. Products of a price and a quantity are rounded down to the last of the eight decimals.

This file is compiled (`money.pxd`): a report of an order is mostly amounts.
"""

import re

import msgspec

from core.decimals import Scale
from schemas.config import InstrumentConfig
from schemas.errors import ConfigError, DecimalError

E8 = 100_000_000
_ONE = E8
_WORD_MAX = 2**63 - 1
_PLAIN = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,20}))?")


def parse_e8(text: str) -> int:
    """Return plain decimal `text` times 10**8, exactly.

    Raises:
        DecimalError: If it is not a plain decimal, or has more than 8 decimals that matter.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise DecimalError(f"{text[:40]!r} is not a plain decimal such as 12.5")
    fraction = (match[2] or "").rstrip("0")
    if len(fraction) > 8:
        raise DecimalError(f"{text[:40]!r} has more than 8 decimals")
    return int(match[1]) * E8 + int(fraction.ljust(8, "0"))


def cut_e8(text: str) -> int:
    """Return a decimal, with or without a minus sign, times 10**8; what is finer is cut off. ValueError if it is none."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, fraction = digits.partition(".")
    return sign * int(whole + fraction[:8].ljust(8, "0"))


def format_e8(value: int) -> str:
    """Return `value` / 10**8 with all eight decimals, as amounts are told."""
    sign = "-" if value < 0 else ""
    value = abs(value)
    if value > _WORD_MAX:
        whole, fraction = divmod(value, E8)
        return f"{sign}{whole}.{fraction:08d}"
    word = value
    return f"{sign}{word // _ONE}.{word % _ONE:08d}"


def trimmed(text: str) -> str:
    """Return a plain decimal without zeros that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text


class Listing(msgspec.Struct, frozen=True):
    """One instrument as the venue lists it, with the exact factors between ticks, lots and 10**-8.

    `symbol` is our name for it, `venue_symbol` that on the wire. A lot is what the venue counts, in its own unit: base
    currency, or contracts of `contract_e8` base currency. What is `margined` is held as a position against its quote, all
    else is bought and sold.
    """

    symbol: str
    base: str
    quote: str
    tick_e8: int
    lot_e8: int
    min_notional_e8: int
    price: Scale
    qty: Scale
    venue_symbol: str
    category: str = "spot"
    contract_e8: int = E8
    margined: bool = False

    @classmethod
    def of(cls, config: InstrumentConfig, usual_category: str = "spot", *, margin: bool = False) -> "Listing":
        """Return the listing of a configured instrument, which is of `usual_category` if it does not say.

        With `margin`, linear contracts are margined.

        Raises:
            ConfigError: If a size is zero or finer than 10**-8.
        """
        try:
            tick_e8, lot_e8 = parse_e8(config.tick_size), parse_e8(config.lot_size)
            min_notional_e8, contract_e8 = parse_e8(config.min_notional), parse_e8(config.contract_size)
        except DecimalError as error:
            raise ConfigError(f"instrument {config.symbol}: {error}") from error
        if not tick_e8 or not lot_e8 or not contract_e8:
            raise ConfigError(f"instrument {config.symbol}: tick_size, lot_size and contract_size must be above zero")
        price, qty = Scale(config.tick_size), Scale(config.lot_size)
        category = config.category or usual_category
        wire = (config.venue_symbol or config.symbol, category, contract_e8, margin and category == "linear")
        return cls(config.symbol, config.base, config.quote, tick_e8, lot_e8, min_notional_e8, price, qty, *wire)

    @property
    def wire(self) -> tuple[str, str]:
        """Return the category and the name by which clients call it."""
        return self.category, self.venue_symbol

    def px_e8(self, price_ticks: int) -> int:
        """Return a price in ticks times 10**8."""
        return price_ticks * self.tick_e8

    def size_e8(self, qty_lots: int) -> int:
        """Return a quantity as the venue counts it, times 10**8."""
        return qty_lots * self.lot_e8

    def qty_e8(self, qty_lots: int) -> int:
        """Return a quantity in base currency times 10**8, rounded down."""
        return qty_lots * self.lot_e8 * self.contract_e8 // E8

    def notional_e8(self, price_ticks: int, qty_lots: int) -> int:
        """Return price times quantity in quote currency times 10**8, rounded down."""
        return price_ticks * self.tick_e8 * qty_lots * self.lot_e8 * self.contract_e8 // (E8 * E8)

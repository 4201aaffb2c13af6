"""Amounts of an asset, exact and of any size: integers times 10**8 inside, decimal text in messages and at venues.

A balance is no quantity of an order: it has no bound but the venue's (an account may hold 10**18 units of the cheapest
coins), so it fits neither the 64 bits of a message's integer nor the 2**62 of a `Scale`.
"""

import re

from schemas.errors import DecimalError
from schemas.messages import E8

DECIMALS = 8
DIGITS_MAX = 40
_PLAIN = re.compile(r"(-?)([0-9]{1,40})(?:\.([0-9]{1,40}))?", re.ASCII)


def parse_amount_e8(text: str) -> int:
    """Return a decimal, with or without a minus sign, times 10**8; an empty one is 0.

    Raises:
        DecimalError: If it is not a plain decimal of at most 40 digits before the point and eight decimals that matter.
    """
    if not text:
        return 0
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise DecimalError(f"{text[:DIGITS_MAX]!r} is not a plain decimal such as 12.5")
    fraction = (match[3] or "").rstrip("0")
    if len(fraction) > DECIMALS:
        raise DecimalError(f"{text[:DIGITS_MAX]!r} has more than {DECIMALS} decimals")
    value = int(match[2]) * E8 + int(fraction.ljust(DECIMALS, "0"))
    return -value if match[1] else value


def rounded_amount_e8(text: str) -> int:
    """Return a decimal of any number of decimals times 10**8, to the nearest unit, half a unit away from zero; empty is 0.

    Raises:
        DecimalError: If it is not a plain decimal of at most 40 digits before and after the point.
    """
    if not text:
        return 0
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise DecimalError(f"{text[:DIGITS_MAX]!r} is not a plain decimal such as 12.5")
    digits = (match[3] or "").ljust(DECIMALS + 1, "0")
    value = int(match[2]) * E8 + int(digits[:DECIMALS]) + (digits[DECIMALS] >= "5")
    return -value if match[1] else value


def amount_text(value_e8: int) -> str:
    """Return `value_e8` / 10**8 as a decimal without zeros that say nothing."""
    whole, fraction = divmod(abs(value_e8), E8)
    sign = "-" if value_e8 < 0 else ""
    return f"{sign}{whole}.{fraction:0{DECIMALS}d}".rstrip("0").rstrip(".")


def amount_texts(values_e8: dict[str, int]) -> dict[str, str]:
    """Return amounts by asset as decimals."""
    return {asset: amount_text(value_e8) for asset, value_e8 in values_e8.items()}


def within_64_bits(values_e8: dict[str, int]) -> dict[str, int]:
    """Return those of `values_e8` that an integer of a message can hold."""
    return {asset: value_e8 for asset, value_e8 in values_e8.items() if -(2**63) <= value_e8 < 2**63}

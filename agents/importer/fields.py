"""Texts of a file as numbers: prices in ticks, quantities in lots, times in nanoseconds, exact or refused."""

from collections.abc import Sequence

import numpy as np

from agents.importer.rows import Numbers
from core.decimals import Scale
from schemas.errors import DecimalError
from schemas.units import MS, US

Texts = Sequence[bytes]
SIDES = {b"buy": 1, b"sell": -1, b"unknown": 0, b"": 0}
TRUTHS = {b"true": True, b"True": True, b"TRUE": True, b"1": True}
TRUTHS |= {b"false": False, b"False": False, b"FALSE": False, b"0": False}

_MILLIS_MAX, _MICROS_MAX = 10**14, 10**17
TIME_MAX_NS = 4 * 10**18
"""In the year 2096: what is later is no time."""


def amounts(texts: Texts, scale: Scale) -> Numbers:
    """Return decimals as multiples of a unit.

    Raises:
        DecimalError: If one is no plain decimal, or no multiple.
    """
    try:
        return np.array(list(map(scale.parse, texts)), np.int64)
    except DecimalError:
        # A decimal with an exponent, or with a sign, is one too, if another way of writing it.
        return np.array([scale.parse(plain(text)) for text in texts], np.int64)


def plain(text: bytes) -> bytes:
    """Return a decimal without an exponent; what is none comes back as it is."""
    mantissa, mark, exponent = text.lower().partition(b"e")
    if not mark or not exponent.lstrip(b"+-").isdigit() or abs(int(exponent)) > 30:
        return text
    whole, _, fraction = mantissa.partition(b".")
    digits, point = whole + fraction, len(whole) + int(exponent)
    if point <= 0:
        return b"0." + b"0" * -point + digits
    digits = digits.ljust(point, b"0")
    return digits[:point] + (b"." + digits[point:] if len(digits) > point else b"")


def integers(texts: Texts) -> Numbers:
    """Return whole numbers that are not negative.

    Raises:
        ValueError: If one is none, or is beyond 64 bits.
    """
    numbers = list(map(int, texts))
    if min(numbers) < 0 or max(numbers) >= 2**63:
        raise ValueError(f"{min(numbers)} to {max(numbers)}: not a number from 0 to 2**63")
    return np.array(numbers, np.int64)


def times_ns(texts: Texts) -> Numbers:
    """Return Unix times in nanoseconds: those in milliseconds, microseconds or nanoseconds, which their size tells.

    Raises:
        ValueError: If one is none.
    """
    numbers = integers(texts)
    units = np.where(numbers < _MILLIS_MAX, MS, np.where(numbers < _MICROS_MAX, US, 1))
    found = numbers * units
    if numbers.min() < 10**11 or found.max() > TIME_MAX_NS:
        raise ValueError(f"{int(numbers.min())}: not a Unix time in ms, us or ns")
    return found


def sides(texts: Texts) -> Numbers:
    """Return the sides of aggressors.

    Raises:
        KeyError: If one is another word.
    """
    return np.array(list(map(SIDES.__getitem__, texts)), np.int8)


def truths(texts: Texts) -> Numbers:
    """Return `true` and `false`, however they are written.

    Raises:
        KeyError: If one is another word.
    """
    return np.array(list(map(TRUTHS.__getitem__, texts)), bool)


def words(texts: Texts) -> list[str]:
    """Return texts.

    Raises:
        UnicodeDecodeError: If one is not UTF-8.
    """
    return list(map(bytes.decode, texts))

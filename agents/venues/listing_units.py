"""What a venue lists of an instrument, in the ticks and lots of the configuration.

The configuration says in which ticks and lots an instrument is counted here; the venue's own steps may be coarser (a
recorded book can be finer than what the venue takes as an order). The configured unit must divide the venue's, or prices
and quantities could not be told exactly: an instrument for which it does not is published with that fault.
"""

import re

from msgspec.structs import replace

from agents.instruments import InstrumentInfo
from schemas.errors import VenueError
from schemas.messages import E8, Instrument

QTY_LOTS_MAX = 2**62
MONEY_E8_MAX = 2**63 - 1
TEXT_MAX = 400
_DECIMAL = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,40}))?")


def faulty(info: InstrumentInfo, fault: str) -> Instrument:
    """Return the instrument with what is wrong with it."""
    return replace(info.message(), fault=fault[:TEXT_MAX])


def unit_faults(info: InstrumentInfo, key: str, step: str) -> list[str]:
    """Return what is wrong with the configured unit `key` where the venue counts in `step`; nothing if it divides that.

    Raises:
        VenueError: If `step` is no plain decimal of at most eight decimals.
    """
    unit = getattr(info.config, key)
    if exact_e8(step) % exact_e8(unit) == 0:
        return []
    return [f"{key} {unit} of the configuration does not divide the venue's {step}"]


def upper_bound(text: str, unit_e8: int, most: int) -> int:
    """Return a bound in units, rounded to the safe side of an upper one; 0, which is none, if it is beyond `most`.

    Raises:
        VenueError: If it is no plain decimal of at most eight decimals.
    """
    bound = exact_e8(text) // unit_e8
    return bound if bound <= most else 0


def exact_e8(text: str) -> int:
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

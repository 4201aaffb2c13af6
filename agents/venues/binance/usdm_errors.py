"""What the errors of Binance USDT-M prove, where that differs from spot (`spot_errors`).

A 503 tells by its text whether anything was done. "Internal error; unable to process your request" is a failure in the
documents; it is taken for what it says of itself, an error inside, after which nothing is known. A code may mean another
thing than on spot: -2026 refuses an order type here.

Source: Binance derivatives docs, USDS-margined futures, general info (HTTP return codes) and error codes.
"""

import msgspec

from agents.venues.base import DECODE_ERRORS
from agents.venues.binance.spot_data import ErrorData
from agents.venues.binance.spot_errors import ARCHIVED, error_verdict
from agents.venues.reports import CallResult, Verdict
from mesh.context import VenueReply
from schemas.orders import Reason

THROTTLED = -1008
"""The system protects itself; orders that only reduce and cancels are not subject to that."""
UNAVAILABLE = "service unavailable"
DUPLICATE = -4116
"""An open order has this id: of ours it is known only that."""
LATE = -5028
"""The request came to the matching engine after its receive window."""
REFUSALS = frozenset(
    {-2018, -2019, -2020, -2021, -2022, -2023, -2024, -2025, ARCHIVED, -2027, -2028}
    | set(range(-4999, -3999)) - {DUPLICATE}
    | {-5021, -5022, -5024, -5025, -5026, -5027, LATE, -5029, -5037, -5038, -5039, -5040, -5043}
)
"""Codes that refuse here and are not spot's: balance, margin, reduce-only, liquidation, leverage, filters (-4xxx), and
what the matching engine does not do (50xx, "Order Execution Issues": orders that may not rest or not take, amends).

-5041 is not among them: it has two meanings, that no depth matches an order that names no price, which is none of ours, and
in a portfolio margin account that too many requests of it were waiting, after which nothing is known.
"""
REASONS = {
    -2018: Reason.INSUFFICIENT_BALANCE,
    -2019: Reason.INSUFFICIENT_BALANCE,
    -2024: Reason.INSUFFICIENT_BALANCE,
    LATE: Reason.VENUE_CLOCK,
}
"""Why it refuses, where that is not for one of its rules."""

_ERROR = msgspec.json.Decoder(ErrorData)


def usdm_error_verdict(reply: VenueReply) -> Verdict:
    """Return what a reply proves whose status is not 2xx."""
    try:
        error = _ERROR.decode(reply.body)
    except DECODE_ERRORS:
        error = ErrorData(0, "")
    text = f"{error.code} {error.msg}"
    if reply.status == 503 and (error.code == THROTTLED or error.msg.lower().startswith(UNAVAILABLE)):
        return Verdict(CallResult.REFUSED, Reason.VENUE_RATE_LIMIT, text)
    if 400 <= reply.status < 500 and error.code in REFUSALS:
        return Verdict(CallResult.REFUSED, REASONS.get(error.code, Reason.VENUE_REJECTED), text)
    return error_verdict(reply)

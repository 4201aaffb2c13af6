"""What the errors of Binance spot prove.

A 4xx reply with a listed code proves that the request was refused; -2013 says that no such order is known (yet), and -2026
that one which ended without a fill was archived; 5xx, -1006 and -1007 mean in the venue's own words that the execution
status is unknown. A duplicate says that an open order has the id, which a query tells more of.

Source: binance-spot-api-docs rest-api.md (general information on endpoints), errors.md.
"""

import msgspec

from agents.venues.base import DECODE_ERRORS
from agents.venues.binance.history import retry_after_ns
from agents.venues.binance.spot_data import ErrorData
from agents.venues.reports import CallResult, Verdict
from mesh.context import VenueReply
from schemas.orders import Reason
from schemas.units import MS

REFUSALS = frozenset(
    {-1002, -1003, -1013, -1014, -1015, -1020, -1021, -1022, -2010, -2014, -2015, -2016, -2038, -2039}
    | set(range(-1299, -1099))
)
"""Codes that prove, in a 4xx reply, that the request was not carried out; 11xx and 12xx are all "request issues"."""

TOO_MANY, BANNED = 429, 418
NOT_OUR_TIME = -1021
"""The request's timestamp is outside the receive window, or ahead of the venue's time."""

NO_SUCH_ORDER = -2013
CANCEL_REJECTED = -2011
ARCHIVED = -2026
SUBSCRIPTION_ACTIVE = -2035
"""The answer to a subscription of an account that this connection has already."""
RETRY_AFTER_NS = 1_000 * MS

_ERROR = msgspec.json.Decoder(ErrorData)


def error_verdict(reply: VenueReply) -> Verdict:
    """Return what a reply proves whose status is not 2xx."""
    try:
        error = _ERROR.decode(reply.body)
    except DECODE_ERRORS:
        error = ErrorData(0, f"status {reply.status} without a code")
    text = f"{error.code} {error.msg}"
    if reply.status in (BANNED, TOO_MANY):
        wait_ns, banned = retry_after_ns(reply.headers, RETRY_AFTER_NS), reply.status == BANNED
        return Verdict(CallResult.REFUSED, Reason.VENUE_RATE_LIMIT, text, retry_after_ns=wait_ns, banned=banned)
    if not 400 <= reply.status < 500:
        return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, f"status {reply.status}: {text}")
    if error.code in (NO_SUCH_ORDER, CANCEL_REJECTED, ARCHIVED):
        return Verdict(CallResult.NOT_FOUND, Reason.ORDER_NOT_FOUND, text)
    if error.code in REFUSALS and "duplicate" not in error.msg.lower():
        return Verdict(CallResult.REFUSED, _refusal_reason(error), text)
    return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, f"status {reply.status}: {text}")


def _refusal_reason(error: ErrorData) -> Reason:
    if error.code in (-1003, -1015):
        return Reason.VENUE_RATE_LIMIT
    if error.code == NOT_OUR_TIME:
        return Reason.VENUE_CLOCK
    if "insufficient balance" in error.msg.lower():
        return Reason.INSUFFICIENT_BALANCE
    return Reason.VENUE_REJECTED

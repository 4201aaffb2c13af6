"""What an error of Binance spot proves: refused, not found, or nothing at all."""

import pytest

from agents.venues.binance.spot_errors import error_verdict
from agents.venues.reports import CallResult
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue

S = 1_000_000_000


def verdict(status, body=b"", **headers):
    call = VenueCall("POST", "/api/v3/order", {}, signed=True)
    return error_verdict(VenueReply(1, call, CallOutcome.ANSWERED, status, body, headers))


@pytest.mark.parametrize(
    ("status", "code", "text", "result", "reason"),
    [
        (400, -2010, "Account has insufficient balance for requested action.", "REFUSED", "INSUFFICIENT_BALANCE"),
        (400, -2010, "Order would immediately match and take.", "REFUSED", "VENUE_REJECTED"),
        (400, -2010, "Duplicate order sent.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -1121, "Invalid symbol.", "REFUSED", "VENUE_REJECTED"),
        (400, -1015, "Too many new orders.", "REFUSED", "VENUE_RATE_LIMIT"),
        (400, -2013, "Order does not exist.", "NOT_FOUND", "ORDER_NOT_FOUND"),
        (400, -2011, "Unknown order sent.", "NOT_FOUND", "ORDER_NOT_FOUND"),
        (400, -1007, "Timeout waiting for response.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (503, -1000, "unknown", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (429, -1003, "Too many requests.", "REFUSED", "VENUE_RATE_LIMIT"),
    ],
)
def test_each_error_proves_what_the_documents_say(status, code, text, result, reason):
    found = verdict(status, venue.error_body(code, text))
    assert (found.result, found.reason) == (CallResult[result], Reason[reason])
    assert text in found.text


def test_a_body_that_is_no_error_proves_nothing():
    assert verdict(400, b"<html>").result == CallResult.UNKNOWN


@pytest.mark.parametrize(("text", "wait_ns"), [("17", 17 * S), ("", S), ("-3", S), ("soon", S)])
def test_a_ban_lasts_as_long_as_the_venue_says(text, wait_ns):
    assert verdict(418, b"", **{"Retry-After": text}).retry_after_ns == wait_ns

"""What an error of Binance spot proves: refused, not found, or nothing at all."""

import pytest

from agents.venues.binance.spot_errors import error_verdict
from agents.venues.reports import CallResult
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue

S = 1_000_000_000
THREE_DAYS = 3 * 86_400 * S


def verdict(status, body=b"", **headers):
    call = VenueCall("POST", "/api/v3/order", {}, signed=True)
    return error_verdict(VenueReply(1, call, CallOutcome.ANSWERED, status, body, headers))


@pytest.mark.parametrize(
    ("status", "code", "text", "result", "reason"),
    [
        (400, -1002, "You are not authorized to execute this request.", "REFUSED", "VENUE_REJECTED"),
        (400, -1013, "Filter failure: LOT_SIZE", "REFUSED", "VENUE_REJECTED"),
        (400, -1014, "Unsupported order combination.", "REFUSED", "VENUE_REJECTED"),
        (400, -1015, "Too many new orders.", "REFUSED", "VENUE_RATE_LIMIT"),
        (400, -1020, "This operation is not supported.", "REFUSED", "VENUE_REJECTED"),
        (400, -1021, "Timestamp for this request is outside of the recvWindow.", "REFUSED", "VENUE_CLOCK"),
        (400, -1022, "Signature for this request is not valid.", "REFUSED", "VENUE_REJECTED"),
        (400, -1100, "Illegal characters found in parameter.", "REFUSED", "VENUE_REJECTED"),
        (400, -1121, "Invalid symbol.", "REFUSED", "VENUE_REJECTED"),
        (400, -1199, "Request issue.", "REFUSED", "VENUE_REJECTED"),
        (400, -1210, "Request issue.", "REFUSED", "VENUE_REJECTED"),
        (400, -1225, "Request issue.", "REFUSED", "VENUE_REJECTED"),
        (400, -2010, "Account has insufficient balance for requested action.", "REFUSED", "INSUFFICIENT_BALANCE"),
        (400, -2010, "Order would immediately match and take.", "REFUSED", "VENUE_REJECTED"),
        (400, -2014, "API-key format invalid.", "REFUSED", "VENUE_REJECTED"),
        (401, -2015, "Invalid API-key, IP, or permissions for action.", "REFUSED", "VENUE_REJECTED"),
        (400, -2016, "No trading window could be found for the symbol.", "REFUSED", "VENUE_REJECTED"),
        (400, -2039, "Client order ID is not correct for this order ID.", "REFUSED", "VENUE_REJECTED"),
        (429, -1003, "Too many requests.", "REFUSED", "VENUE_RATE_LIMIT"),
        (418, -1003, "Way too many requests.", "REFUSED", "VENUE_RATE_LIMIT"),
        (400, -2010, "Duplicate order sent.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -2013, "Order does not exist.", "NOT_FOUND", "ORDER_NOT_FOUND"),
        (400, -2011, "Unknown order sent.", "NOT_FOUND", "ORDER_NOT_FOUND"),
        (400, -2026, "Order was canceled or expired and has been archived.", "NOT_FOUND", "ORDER_NOT_FOUND"),
        (400, -1000, "An unknown error occurred.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -1001, "Internal error.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -1006, "Unexpected response.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -1007, "Timeout waiting for response.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -1008, "Server is currently overloaded.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -1016, "This service is no longer available.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -9999, "A code of tomorrow.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (403, -1002, "You are not authorized to execute this request.", "REFUSED", "VENUE_REJECTED"),
        (409, -2021, "Order cancel-replace partially failed.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (500, -1121, "Invalid symbol.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (503, -1008, "Server is currently overloaded.", "UNKNOWN", "OUTCOME_UNKNOWN"),
    ],
)
def test_each_error_proves_what_the_documents_say(status, code, text, result, reason):
    found = verdict(status, venue.error_body(code, text))
    assert (found.result, found.reason) == (CallResult[result], Reason[reason])
    assert text in found.text


@pytest.mark.parametrize("status", [400, 403, 408, 500, 503])
def test_a_body_that_is_no_error_proves_nothing(status):
    assert verdict(status, b"<html>").result == CallResult.UNKNOWN


@pytest.mark.parametrize(
    ("text", "wait_ns"),
    [("17", 17 * S), ("", S), ("-3", S), ("soon", S), ("9" * 20, THREE_DAYS), ("9" * 5_000, THREE_DAYS)],
)
def test_a_ban_lasts_as_long_as_the_venue_says(text, wait_ns):
    assert verdict(418, b"", **{"Retry-After": text}).retry_after_ns == wait_ns

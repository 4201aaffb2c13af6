"""What an error of Binance USDT-M proves, where that is not what it proves on spot."""

import pytest

from agents.venues.binance.usdm_errors import usdm_error_verdict
from agents.venues.reports import CallResult
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue


def verdict(status, body):
    call = VenueCall("POST", "/fapi/v1/order", {}, signed=True)
    return usdm_error_verdict(VenueReply(1, call, CallOutcome.ANSWERED, status, body, {}))


UNKNOWN_ERROR = "Unknown error, please check your request or try again later."
INTERNAL = "Internal error; unable to process your request. Please try again."
THROTTLED = (
    "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."
)


@pytest.mark.parametrize(
    ("status", "code", "text", "result", "reason"),
    [
        (503, -1000, UNKNOWN_ERROR, "UNKNOWN", "OUTCOME_UNKNOWN"),
        (503, 0, "Service Unavailable.", "REFUSED", "VENUE_RATE_LIMIT"),
        (503, -1001, INTERNAL, "UNKNOWN", "OUTCOME_UNKNOWN"),
        (503, -1008, THROTTLED, "REFUSED", "VENUE_RATE_LIMIT"),
        (500, -1008, THROTTLED, "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -2018, "Balance is insufficient.", "REFUSED", "INSUFFICIENT_BALANCE"),
        (400, -2019, "Margin is insufficient.", "REFUSED", "INSUFFICIENT_BALANCE"),
        (400, -2020, "Unable to fill.", "REFUSED", "VENUE_REJECTED"),
        (400, -2021, "Order would immediately trigger.", "REFUSED", "VENUE_REJECTED"),
        (400, -2022, "ReduceOnly Order is rejected.", "REFUSED", "VENUE_REJECTED"),
        (400, -2023, "User in liquidation mode now.", "REFUSED", "VENUE_REJECTED"),
        (400, -2024, "Position is not sufficient.", "REFUSED", "INSUFFICIENT_BALANCE"),
        (400, -2025, "Reach max open order limit.", "REFUSED", "VENUE_REJECTED"),
        (400, -2026, "This OrderType is not supported when reduceOnly.", "REFUSED", "VENUE_REJECTED"),
        (400, -2027, "Exceeded the maximum allowable position at current leverage.", "REFUSED", "VENUE_REJECTED"),
        (400, -2028, "Leverage is smaller than permitted: insufficient margin balance.", "REFUSED", "VENUE_REJECTED"),
        (400, -4003, "Quantity less than zero.", "REFUSED", "VENUE_REJECTED"),
        (400, -4164, "Order's notional must be no smaller than 100.", "REFUSED", "VENUE_REJECTED"),
        (400, -5021, "The FOK order has been rejected.", "REFUSED", "VENUE_REJECTED"),
        (400, -5022, "The Post Only order will be rejected.", "REFUSED", "VENUE_REJECTED"),
        (400, -4061, "Order's position side does not match user's setting.", "REFUSED", "VENUE_REJECTED"),
        (400, -4116, "ClientOrderId is duplicated.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -5024, "Symbol is not in trading status. Order amendment is not permitted.", "REFUSED", "VENUE_REJECTED"),
        (400, -5026, "Exceed maximum modify order limit.", "REFUSED", "VENUE_REJECTED"),
        (400, -5027, "No need to modify the order.", "REFUSED", "VENUE_REJECTED"),
        (400, -5028, "Timestamp for this request is outside of the ME recvWindow.", "REFUSED", "VENUE_CLOCK"),
        (400, -5029, "Order's notional must be no smaller than 100", "REFUSED", "VENUE_REJECTED"),
        (400, -5037, "Invalid price match", "REFUSED", "VENUE_REJECTED"),
        (400, -5040, "The goodTillDate timestamp must be greater than the current time.", "REFUSED", "VENUE_REJECTED"),
        (400, -5043, "A pending modification already exists for this order.", "REFUSED", "VENUE_REJECTED"),
        (400, -5030, "No code of the documents.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -5041, "Time out for too many requests from this account queueing.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (429, -1003, "Too many requests.", "REFUSED", "VENUE_RATE_LIMIT"),
        (418, -1003, "Way too many requests; IP banned.", "REFUSED", "VENUE_RATE_LIMIT"),
        (403, 0, "Request blocked.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (408, -1007, "Timeout waiting for response from backend server.", "UNKNOWN", "OUTCOME_UNKNOWN"),
        (400, -1021, "Timestamp for this request is outside of the recvWindow.", "REFUSED", "VENUE_CLOCK"),
        (400, -2013, "Order does not exist.", "NOT_FOUND", "ORDER_NOT_FOUND"),
        (400, -2011, "Unknown order sent.", "NOT_FOUND", "ORDER_NOT_FOUND"),
        (400, -1007, "Timeout waiting for response.", "UNKNOWN", "OUTCOME_UNKNOWN"),
    ],
)
def test_each_error_proves_what_the_documents_say(status, code, text, result, reason):
    found = verdict(status, venue.error_body(code, text))
    assert (found.result, found.reason) == (CallResult[result], Reason[reason])
    assert text in found.text


def test_a_503_without_a_text_proves_nothing():
    assert verdict(503, b"<html>").result == CallResult.UNKNOWN

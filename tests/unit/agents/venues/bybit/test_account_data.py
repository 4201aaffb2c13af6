"""Bybit's words for what becomes of an order, and its amounts."""

import msgspec
import pytest

from agents.venues.bybit.account_data import OrderRow, amount_e8, order_report
from schemas.errors import VenueError
from schemas.orders import OrderStatus, Reason
from tests.unit.agents.venues.bybit.account_desk import both, order

S, R = OrderStatus, Reason


def report(**changes):
    return order_report(both()[2], msgspec.convert(order(**changes), OrderRow))


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"orderStatus": "New"}, S.NEW, R.NONE),
        ({"orderStatus": "PartiallyFilled", "cumExecQty": "0.05"}, S.PARTIALLY_FILLED, R.NONE),
        ({"orderStatus": "Filled", "cumExecQty": "0.1"}, S.FILLED, R.NONE),
        ({"orderStatus": "Rejected", "rejectReason": "EC_InvalidSymbolStatus"}, S.REJECTED, R.VENUE_REJECTED),
        ({"orderStatus": "Rejected", "cumExecQty": "0.05"}, S.CANCELED, R.CANCELED_BY_VENUE),
        ({"orderStatus": "Cancelled", "cancelType": "CancelByUser"}, S.CANCELED, R.NONE),
        ({"orderStatus": "PartiallyFilledCanceled", "cancelType": "CancelByUser"}, S.CANCELED, R.NONE),
        ({"orderStatus": "Cancelled", "cancelType": "CancelBySmp"}, S.CANCELED, R.SELF_TRADE_PREVENTED),
        ({"orderStatus": "Cancelled", "cancelType": "CancelByDCP"}, S.CANCELED, R.CANCELED_BY_VENUE),
        ({"orderStatus": "Cancelled"}, S.CANCELED, R.CANCELED_BY_VENUE),
        ({"orderStatus": "Cancelled", "timeInForce": "IOC"}, S.EXPIRED, R.NONE),
        ({"orderStatus": "Cancelled", "timeInForce": "FOK", "cancelType": ""}, S.EXPIRED, R.NONE),
        ({"orderStatus": "Cancelled", "timeInForce": "IOC", "cancelType": "CancelByUser"}, S.CANCELED, R.NONE),
        (
            {"orderStatus": "Cancelled", "timeInForce": "PostOnly", "rejectReason": "EC_PostOnlyWillTakeLiquidity"},
            S.REJECTED,
            R.VENUE_REJECTED,
        ),
    ],
)
def test_states_of_an_order_and_why_it_has_them(changes, status, reason):
    found = report(**changes)
    assert (found.status, found.reason) == (status, reason)
    assert found.text == ("" if changes.get("rejectReason") is None else changes["rejectReason"])


def test_an_order_without_a_client_id_has_the_venues():
    assert report(orderLinkId="").client_order_id == "1726025498520715008"


def test_an_order_that_is_no_limit_order_has_no_price():
    assert report(orderType="Market", price="4.033").price_ticks == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        ("1", 10**8),
        ("-0.5", -50_000_000),
        ("0.034218954", 3_421_895),
        ("0.034218955", 3_421_896),
        ("-0.000000005", -1),
        ("0.000000004999", 0),
        ("9" * 30, int("9" * 30) * 10**8),
    ],
)
def test_amounts_are_told_to_the_nearest_unit(text, value):
    assert amount_e8(text) == value


@pytest.mark.parametrize("text", ["x", "1e3", ".5", "--1", "1,5"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(VenueError, match="an amount"):
        amount_e8(text)

"""What a venue states: equal if it states the same, and shown with all that it says."""

import pytest

from agents.venues.reports import (
    CallResult,
    ContractTerms,
    FillReport,
    FundingReport,
    MarginReport,
    OrderReport,
    PositionReport,
    Verdict,
    reachable_px_e8,
)
from schemas.errors import VenueError
from schemas.orders import OrderStatus, Reason, Side, TimeInForce


def order(**more):
    terms = {
        "instrument_id": 1,
        "client_order_id": "T1",
        "venue_order_id": "9",
        "status": OrderStatus.NEW,
        "side": Side.BUY,
        "qty_lots": 5,
        "price_ticks": 100,
        "time_in_force": TimeInForce.GTC,
        "cum_qty_lots": 0,
        "ts_event_ns": 7,
    }
    return OrderReport(**(terms | more))


def test_orders_are_equal_if_all_that_is_stated_is():
    assert order() == order()
    assert order() != order(cum_qty_lots=1)
    assert order() != order(reason=Reason.VENUE_REJECTED)
    assert order().__eq__("T1") is False
    assert "'T1', '9'" in repr(order())


def test_fills_are_equal_if_all_that_is_stated_is():
    fill = FillReport(1, "9", "77", Side.SELL, 5, 100, 3, "BNB", 2, 7)
    assert fill == FillReport(1, "9", "77", Side.SELL, 5, 100, 3, "BNB", 2, 7)
    assert fill != FillReport(1, "9", "78", Side.SELL, 5, 100, 3, "BNB", 2, 7)
    assert fill.fields()[2] == "77"


def test_a_verdict_proves_no_more_than_it_says():
    verdict = Verdict(CallResult.UNKNOWN)
    assert (verdict.order, verdict.fills, verdict.retry_after_ns, verdict.venue_order_id) == (None, (), 0, "")


@pytest.mark.parametrize(
    "made",
    [
        lambda beyond: MarginReport("USDT", beyond, 0, 0, 0),
        lambda beyond: MarginReport("USDT", 0, 0, 0, -beyond - 1),
        lambda beyond: PositionReport(1, 5, beyond, 7),
        lambda beyond: PositionReport(1, 5, 0, 7, mark_px_e8=beyond),
        lambda beyond: PositionReport(1, 5, 0, 7, leverage_e8=beyond),
        lambda beyond: ContractTerms(1, beyond),
        lambda beyond: FundingReport(1, "USDT", 1, "f1", beyond),
        lambda beyond: FundingReport(1, "USDT", 1, "f" * 101, 7),
    ],
)
def test_what_no_message_can_tell_is_refused(made):
    with pytest.raises(VenueError):
        made(2**63)


def test_funding_may_be_of_any_size():
    assert FundingReport(1, "SHIB", -(10**30), "f1", 7).amount_e8 == -(10**30)


def test_a_liquidation_that_is_too_far_off_is_none():
    assert (reachable_px_e8(2**63 - 1), reachable_px_e8(2**63)) == (2**63 - 1, 0)

"""What a venue states: equal if it states the same, and shown with all that it says."""

from agents.venues.reports import CallResult, FillReport, OrderReport, Verdict
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

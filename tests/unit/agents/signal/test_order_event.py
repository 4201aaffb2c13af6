"""Events of orders: their numbers are those of OrderStatus, and they say when nothing more can come."""

import pytest

from agents.signal.order_event import OrderChange, OrderEvent
from schemas.orders import TERMINAL, OrderStatus, Reason
from tests.unit.agents.signal.signal_desk import Desk


def event(change, reason=0):
    instrument = Desk().strategy().market.instruments[0]
    return OrderEvent(
        instrument=instrument, change=change, signal_id=1, side=1, qty_lots=2, price_ticks=3, reason=reason
    )


def test_changes_of_orders_have_the_numbers_and_names_of_their_status():
    told = {change.name: change.value for change in OrderChange if change < 20}
    assert told == {status.name: status.value for status in OrderStatus if status is not OrderStatus.INITIALIZED}


@pytest.mark.parametrize("change", OrderChange)
def test_what_has_ended_is_what_can_not_trade(change):
    no_order = {OrderChange.DENIED, OrderChange.REFUSED, OrderChange.UNSENT}
    assert event(change).ended == (change in TERMINAL or change in no_order)


def test_a_reason_of_a_later_version_is_told_by_its_code():
    assert event(OrderChange.DENIED, Reason.DRAWDOWN).reason_name == "DRAWDOWN"
    assert event(OrderChange.DENIED, 999).reason_name == "999"

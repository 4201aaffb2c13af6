"""The order table and what a statement of the venue changes: order-free, once only, never back."""

from itertools import permutations

import pytest

from agents.execution.order_table import Order, OrderTable
from agents.execution.statements import Judgement, filled, judge, updated
from agents.venues.reports import FillReport, OrderReport
from schemas.messages import OrderFilled, OrderInitialized
from schemas.orders import TERMINAL, TRANSITIONS, OrderStatus, TimeInForce
from tests.unit.agents.submissions import approved

S = OrderStatus
TERMS = OrderInitialized("T1", "maker", 1, 1, 100, 10_000, TimeInForce.GTC, ((3, 1, 8),), False, 9)


def table_with(*statuses, cum=0):
    table = OrderTable()
    table.apply(TERMS, 5)
    order = table.orders["T1"]
    for status in statuses:
        table.apply(updated(order, status, 1), 5)
    order.cum_qty_lots = cum
    return table, order


def report(status, cum=0, venue_order_id="v1"):
    return OrderReport(1, "T1", venue_order_id, status, 1, 100, 10_000, TimeInForce.GTC, cum, 7)


def fill(trade_id, qty):
    return FillReport(1, "v1", str(trade_id), 1, qty, 10_000, 0, "BTC", 1, 7)


def take(table, item):
    """Book or merge, as execution does."""
    order = table.orders["T1"]
    if isinstance(item, FillReport):
        if not table.is_booked(item):
            table.apply(filled(order, item, 1, reconciled=False), 5)
        return
    judgement, status = judge(order, item)
    if judgement == Judgement.CHANGE:
        table.apply(updated(order, status, 1), 5)


STORIES = {
    "filled in two": ([report(S.NEW), fill(1, 40), fill(2, 60), report(S.FILLED, 100)], S.FILLED, 100),
    "canceled after a fill": ([report(S.NEW), fill(1, 40), report(S.CANCELED, 40)], S.CANCELED, 40),
    "expired at once": ([report(S.NEW), report(S.EXPIRED)], S.EXPIRED, 0),
    "told twice": ([report(S.NEW), fill(1, 40), fill(1, 40), report(S.PARTIALLY_FILLED, 40)], S.PARTIALLY_FILLED, 40),
}


@pytest.mark.parametrize("name", STORIES)
def test_statements_lead_to_the_same_end_in_any_order(name):
    story, status, cum = STORIES[name]
    for told in permutations(story):
        # What waits for fills is told again when they are booked; a query at the end stands for that.
        table, order = table_with(S.SUBMITTED)
        for item in [*told, *(item for item in told if isinstance(item, OrderReport))]:
            before = order.status
            take(table, item)
            assert order.status == before or order.status in TRANSITIONS[before]
        assert (order.status, order.cum_qty_lots) == (status, cum), told


def test_a_statement_with_more_than_is_booked_waits_for_the_fills():
    _, order = table_with(S.SUBMITTED, S.NEW)
    assert judge(order, report(S.FILLED, 100))[0] == Judgement.MISSING_FILLS


def test_an_older_statement_changes_nothing():
    _, order = table_with(S.SUBMITTED, S.NEW, cum=40)
    assert judge(order, report(S.NEW, 0))[0] == Judgement.OLD


@pytest.mark.parametrize("ended", sorted(TERMINAL - {S.REJECTED}))
@pytest.mark.parametrize("told", [S.NEW, S.PARTIALLY_FILLED])
def test_what_has_ended_is_not_opened_again(ended, told):
    _, order = table_with(S.SUBMITTED, ended, cum=100 if ended == S.FILLED else 0)
    assert judge(order, report(told, order.cum_qty_lots))[0] != Judgement.CHANGE


def test_a_rejection_by_inference_gives_way_to_evidence():
    _, order = table_with(S.SUBMITTED, S.UNKNOWN, S.REJECTED)
    assert judge(order, report(S.NEW)) == (Judgement.CHANGE, S.NEW)


def test_while_a_cancel_is_out_an_acceptance_is_old_and_afterwards_it_counts():
    _, order = table_with(S.SUBMITTED, S.PENDING_CANCEL)
    order.cancel_out = True
    assert judge(order, report(S.NEW))[0] == Judgement.OLD
    order.cancel_out = False
    assert judge(order, report(S.NEW)) == (Judgement.CHANGE, S.NEW)


@pytest.mark.parametrize("ended", [S.CANCELED, S.EXPIRED])
def test_a_fill_of_an_ended_order_grows_it_and_completes_it(ended):
    table, order = table_with(S.SUBMITTED, ended)
    take(table, fill(1, 40))
    assert (order.status, order.cum_qty_lots) == (ended, 40)
    take(table, fill(2, 60))
    assert (order.status, order.cum_qty_lots) == (S.FILLED, 100)


def test_overfill_is_booked_and_leaves_nothing():
    table, order = table_with(S.SUBMITTED, S.NEW)
    take(table, fill(1, 100))
    event = filled(order, fill(2, 5), 1, reconciled=True)
    assert isinstance(event, OrderFilled)
    assert (event.status, event.cum_qty_lots, event.leaves_qty_lots) == (S.FILLED, 105, 0)


def test_counts_tell_in_which_state_orders_are():
    table, _ = table_with(S.SUBMITTED, S.NEW)
    take(table, fill(1, 40))
    take(table, report(S.CANCELED, 40))
    assert table.submitted == 1
    assert {status: count for status, count in table.counts.items() if count} == {S.CANCELED: 1}
    assert table.open == {}


def test_what_each_strategy_has_bought_and_sold_is_told():
    table, _ = table_with(S.NEW)
    take(table, fill(1, 40))
    take(table, fill(2, 5))
    assert (table.own_lots, table.traded_lots) == ({("maker", 1): 45}, {1: 45})


def test_what_is_to_be_kept_is_not_forgotten(monkeypatch):
    monkeypatch.setattr("agents.execution.order_table.ORDERS_REMEMBERED_MAX", 2)
    table = OrderTable()
    table.keep = lambda order: order.client_order_id == "T0"
    for n in range(5):
        table.apply(OrderInitialized(f"T{n}", "s", 1, 1, 1, 1, 1, stop_ticks=1), 0)
        table.apply(updated(table.orders[f"T{n}"], S.REJECTED, 1), 0)
    assert list(table.orders) == ["T0", "T4"]


def test_exits_are_with_the_order_that_they_close():
    table = OrderTable()
    table.apply(OrderInitialized("T1", "s", 1, 1, 1, 1, 1, take_profit_ticks=2), 0)
    table.apply(OrderInitialized("T1-1", "s", 1, -1, 1, 2, 1, parent="T1"), 0)
    table.apply(OrderInitialized("T2-1", "s", 1, -1, 1, 2, 1, parent="T2"), 0)
    assert table.orders["T1"].exits == [table.orders["T1-1"]]


def test_orders_that_ended_are_forgotten_first(monkeypatch):
    monkeypatch.setattr("agents.execution.order_table.ORDERS_REMEMBERED_MAX", 3)
    table = OrderTable()
    for n in range(5):
        table.apply(OrderInitialized(f"T{n}", "s", 1, 1, 1, 1, 1), 0)
        if n != 1:
            table.apply(updated(table.orders[f"T{n}"], S.REJECTED, 1), 0)
    assert list(table.orders) == ["T1", "T3", "T4"]


def test_the_terms_are_what_makes_two_orders_the_same():
    order = Order(TERMS, 0)
    assert order.same_terms(approved(qty=100))
    assert not order.same_terms(approved(qty=100, side=-1))


def test_log_that_tells_of_the_submission_once_more_folds_to_the_same():
    plain, order = table_with()
    again, repeated = table_with(S.SUBMITTED)
    assert (order.status, order.external) == (repeated.status, repeated.external) == (S.SUBMITTED, False)
    assert (plain.submitted, plain.counts) == (again.submitted, again.counts) == (1, plain.counts)
    assert plain.counts[S.SUBMITTED] == 1

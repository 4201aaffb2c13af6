"""Figures of orders: how many are in each state, and the first of those that are open."""

from agents.execution.order_figures import FIGURES_ORDERS_MAX
from schemas.figures import OpenOrder
from tests.unit.agents.execution.execution_desk import LOT, Desk, submit, working


def test_an_open_order_is_shown_in_words():
    figures = working().agent.figures()
    assert figures.open == [OpenOrder("T1", "BTCUSDT", "BUY", "NEW", 10_000, LOT, 0, "1", False)]
    assert (figures.orders.submitted, figures.orders.new, figures.orders.external) == (1, 1, 0)


def test_as_many_open_orders_are_shown_as_can_be_read():
    desk = Desk()
    for number in range(FIGURES_ORDERS_MAX + 1):
        desk.ask(submit(f"T{number}"))
    assert len(desk.agent.figures().open) == FIGURES_ORDERS_MAX
    assert desk.orders.submitted == FIGURES_ORDERS_MAX + 1

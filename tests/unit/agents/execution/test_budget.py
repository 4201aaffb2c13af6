"""The budget: what fits is counted as it leaves, and the venue's own figures correct it and are never believed too soon."""

import random

import pytest

from agents.execution.budget import VenueBudget
from agents.venues.base import VenueLimit
from schemas.units import DAY, MINUTE, MS, SECOND

WEIGHT = VenueLimit("request weight in 1 minute", 60_000, 100, "X-Mbx-Used-Weight-1M")
SOON = VenueLimit("new orders in 10 seconds", 10_000, 10, "X-Mbx-Order-Count-10S", counts_orders=True)
DAILY = VenueLimit("new orders in 1 day", DAY // MS, 1_000, "X-Mbx-Order-Count-1D", counts_orders=True)
T0 = 20_000 * DAY


def budget(*limits: VenueLimit, reserve: float = 0.2) -> VenueBudget:
    return VenueBudget(limits or (WEIGHT, SOON, DAILY), 1, reserve)


def create(spent: VenueBudget, now_ns: int, closes: bool = False) -> bool:
    """Create if there is room; return whether there was."""
    if not spent.has_order(now_ns, T0 + now_ns, closes):
        return False
    spent.take_order(now_ns, T0 + now_ns)
    return True


def test_orders_that_open_leave_the_reserve_to_those_that_close() -> None:
    spent = budget()
    assert [create(spent, 0) for _ in range(9)] == [True] * 8 + [False]
    assert spent.lacking(False) == "new orders in 10 seconds: 8 used of 10, 2 of them for cancels and closing"
    assert [create(spent, 0, closes=True) for _ in range(3)] == [True, True, False]
    assert spent.lacking(True).startswith("new orders in 10 seconds: 10 used of 10")
    assert spent.lacking(False) == spent.lacking(True)


def test_new_window_begins_with_what_is_on_its_way() -> None:
    spent = budget()
    while create(spent, 0):
        pass
    for _ in range(5):
        spent.order_answered()
    assert not create(spent, 10 * SECOND - 1)
    assert [create(spent, 10 * SECOND) for _ in range(6)] == [True] * 5 + [False]


def test_window_is_that_of_the_venues_clock() -> None:
    spent = budget()
    spent.offset_ns = 9 * SECOND
    while create(spent, 0):
        pass
    for _ in range(8):
        spent.order_answered()
    assert not create(spent, SECOND - 1)
    assert create(spent, SECOND)


@pytest.mark.parametrize("step_ns", [-10 * SECOND, -DAY])
def test_clock_that_is_set_back_does_not_hold_a_window_open(step_ns: int) -> None:
    spent = budget(SOON)
    while create(spent, 0):
        pass
    for _ in range(8):
        spent.order_answered()
    assert create(spent, step_ns)


def test_venues_figure_counts_what_others_used_and_what_is_on_its_way() -> None:
    spent = budget()
    assert create(spent, 5)
    assert create(spent, 6)
    spent.order_answered()
    spent.correct({"X-Mbx-Order-Count-10S": "5", "X-Mbx-Used-Weight-1M": "40"}, 5)
    assert spent.figures(7, T0 + 7) == {
        "request weight in 1 minute": "41 of 100",
        "new orders in 10 seconds": "6 of 10",
        "new orders in 1 day": "2 of 1000",
    }


def test_older_figure_never_lowers_a_newer_one_but_in_a_long_window() -> None:
    spent = budget()
    create(spent, 5)
    spent.order_answered()
    spent.correct({"X-Mbx-Order-Count-10S": "7", "X-Mbx-Order-Count-1D": "900"}, 5)
    spent.correct({"X-Mbx-Order-Count-10S": "6", "X-Mbx-Order-Count-1D": "890"}, 5)
    figures = spent.figures(6, T0 + 6)
    assert (figures["new orders in 10 seconds"], figures["new orders in 1 day"]) == ("7 of 10", "890 of 1000")


def test_figure_of_the_window_before_is_not_taken() -> None:
    spent = budget()
    create(spent, 9 * SECOND)
    spent.figures(11 * SECOND, T0 + 11 * SECOND)
    spent.order_answered()
    spent.correct({"X-Mbx-Order-Count-10S": "10"}, 9 * SECOND)
    assert create(spent, 11 * SECOND)


@pytest.mark.parametrize("text", ["", "-5", "many", "٣", "9" * 30])
def test_figure_that_is_no_number_changes_nothing(text: str) -> None:
    spent = budget()
    spent.has_order(0, T0, False)
    spent.correct({"X-Mbx-Used-Weight-1M": text}, 1)
    assert spent.figures(1, T0 + 1)["request weight in 1 minute"] == "0 of 100"


def test_requests_wait_for_the_next_window_and_the_heaviest_for_one_that_is_unused() -> None:
    spent = budget(WEIGHT)
    assert spent.wait_ns(0, T0, 500, False) == 0
    spent.take(0, T0, 80)
    assert spent.wait_ns(SECOND, T0 + SECOND, 1, False) == 59 * SECOND
    assert spent.wait_ns(SECOND, T0 + SECOND, 20, True) == 0
    assert spent.wait_ns(SECOND, T0 + SECOND, 500, True) == 59 * SECOND
    spent.answered(80)
    assert spent.wait_ns(MINUTE, T0 + MINUTE, 500, False) == 0


def test_without_limits_there_is_always_room() -> None:
    spent = VenueBudget((), 1, 0.1)
    assert all(create(spent, n) for n in range(1_000))
    assert (spent.wait_ns(0, T0, 10**6, False), spent.lacking(False), spent.figures(0, T0)) == (0, "", {})


@pytest.mark.parametrize("seed", range(20))
def test_venue_never_has_to_refuse(seed: int) -> None:
    """Against a venue that counts in the same windows, with answers that come late and in any order."""
    rng = random.Random(seed)
    spent = budget(SOON, reserve=0.0)
    now_ns, window, used, out = 0, 0, 0, []
    for _ in range(2_000):
        now_ns += rng.randrange(0, 800) * MS
        if rng.random() < 0.6 and create(spent, now_ns):
            if (T0 + now_ns) // (10 * SECOND) != window:
                window, used = (T0 + now_ns) // (10 * SECOND), 0
            used += 1
            assert used <= 10
            out.append((now_ns, used))
        if out and rng.random() < 0.6:
            sent_ns, told = out.pop(rng.randrange(len(out)))
            spent.order_answered()
            spent.correct({"X-Mbx-Order-Count-10S": str(told)}, sent_ns)


def test_an_amend_that_counts_takes_of_the_orders_and_of_no_weight() -> None:
    spent = budget()
    for _ in range(5):
        spent.take_amend(0, T0)
        spent.take(0, T0, 0)
    told = {"request weight in 1 minute": "0 of 100", "new orders in 10 seconds": "5 of 10"}
    assert spent.figures(0, T0) == told | {"new orders in 1 day": "5 of 1000"}
    assert [create(spent, 0) for _ in range(4)] == [True] * 3 + [False]
    # Those that were answered are in the venue's own figure; the others are added to it.
    for _ in range(4):
        spent.amend_answered()
    spent.correct({"X-Mbx-Order-Count-10S": "7"}, 0)
    assert spent.figures(0, T0)["new orders in 10 seconds"] == "11 of 10"

"""Bounds that every order must keep, whatever the dialect."""

from collections.abc import Callable

import pytest

from agents.paper.account.new_order import check_notional, whole_lots, whole_ticks
from agents.paper.money import E8
from agents.paper.refusals import Refused, Why
from tests.unit.agents.paper.paper_kit import LISTING


def test_prices_and_quantities_become_whole_ticks_and_lots() -> None:
    assert whole_ticks(LISTING, 60_000 * E8) == 6_000_000
    assert whole_lots(LISTING, E8) == 100_000
    check_notional(LISTING, 6_000_000, 100)


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (lambda: whole_ticks(LISTING, E8 // 1000), Why.PRICE),
        (lambda: whole_ticks(LISTING, 0), Why.PRICE),
        (lambda: whole_ticks(LISTING, 2_000_000_000 * E8), Why.PRICE),
        (lambda: whole_lots(LISTING, 1), Why.QUANTITY),
        (lambda: whole_lots(LISTING, 0), Why.QUANTITY),
        (lambda: check_notional(LISTING, 100, 1), Why.NOTIONAL),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_reason(check: Callable[[], object], why: Why) -> None:
    with pytest.raises(Refused, match=why.value) as refused:
        check()
    assert refused.value.why is why

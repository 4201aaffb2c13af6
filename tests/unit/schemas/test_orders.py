"""Order states: the table of legal transitions against what FIX and the venues say."""

import pytest

from schemas.orders import OPEN, TERMINAL, TRANSITIONS, OrderStatus, Reason

S = OrderStatus


def test_every_state_has_its_row_and_every_target_is_a_state() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    assert set(OrderStatus) == OPEN | TERMINAL
    assert not OPEN & TERMINAL


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.SUBMITTED, S.FILLED),
        (S.CANCELED, S.FILLED),
        (S.PENDING_CANCEL, S.NEW),
        (S.NEW, S.REJECTED),
        (S.UNKNOWN, S.REJECTED),
        (S.EXPIRED, S.PARTIALLY_FILLED),
    ],
)
def test_what_venues_really_do_is_legal(before: OrderStatus, after: OrderStatus) -> None:
    assert after in TRANSITIONS[before]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.FILLED, S.NEW),
        (S.FILLED, S.CANCELED),
        (S.PARTIALLY_FILLED, S.NEW),
        (S.EXPIRED, S.NEW),
        (S.NEW, S.SUBMITTED),
        (S.PARTIALLY_FILLED, S.REJECTED),
    ],
)
def test_going_back_is_not_legal(before: OrderStatus, after: OrderStatus) -> None:
    assert after not in TRANSITIONS[before]


def test_unknown_is_reached_from_every_open_state_and_left_only_by_what_a_venue_can_say() -> None:
    for status in OPEN - {S.UNKNOWN}:
        assert S.UNKNOWN in TRANSITIONS[status]
    assert TRANSITIONS[S.UNKNOWN].isdisjoint({S.INITIALIZED, S.SUBMITTED})


def test_reason_codes_are_unique_numbers() -> None:
    assert len({r.value for r in Reason}) == len(Reason.__members__)

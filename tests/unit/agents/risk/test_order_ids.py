"""Order ids: short, alphanumeric, in order, and never the same twice."""

import pytest

from agents.risk.order_ids import base62, client_order_id
from tests.unit.agents.risk.risk_desk import Desk, S
from tests.unit.agents.trading_desk import (
    signal,
)


def test_order_ids_are_alphanumeric_ordered_and_short():
    assert base62(0) == "0"
    assert base62(61) == "z"
    assert base62(62, 4) == "0010"
    longest = client_order_id(65535, 2**23, 2**24, 2**50)
    assert len(longest) == 16
    assert longest.isalnum()
    assert client_order_id(1, 1, 5, 9) < client_order_id(1, 1, 6, 9) < client_order_id(1, 2, 1, 0)


def test_order_ids_of_an_epoch_that_is_counted_anew_are_not_those_of_the_first():
    first = Desk().approve(signal(1))
    wiped = Desk(now_ns=100 * S).approve(signal(1))
    assert first[:-2] == wiped[:-2]
    assert first != wiped


@pytest.mark.parametrize("n", [0, 1, 61, 62, 62**6 - 1, 62**6, 2**64 - 1])
def test_order_ids_are_numbers_in_base_62(n):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    found, epoch_start = base62(n, 6), base62(n % 62**2, 2)
    assert sum(digits.index(digit) * 62**place for place, digit in enumerate(reversed(found))) == n
    assert client_order_id(7, 62, n, n) == f"T70010{found}{epoch_start}"
    with pytest.raises(ValueError, match="width"):
        base62(n, 12)


# Halt and restart


def test_order_ids_of_a_new_epoch_are_new():
    desk = Desk()
    first = desk.approve(signal(1))
    again = Desk(epoch=2, log=desk.ctx.published)
    again.ctx.advance(again.agent, S)
    assert again.approve(signal(2)) == "T30002000001wq" != first

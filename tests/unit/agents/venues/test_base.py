"""What all venues share: decimals with their sign, and errors with what was found."""

import pytest

from agents.venues.base import parse_e8, refuse
from schemas.errors import DecimalError


@pytest.mark.parametrize(("text", "value"), [("", 0), ("1.5", 150_000_000), ("-0.00000001", -1), ("0", 0)])
def test_a_decimal_is_read_exactly(text, value):
    assert parse_e8(text) == value


@pytest.mark.parametrize("text", ["1e3", "--1", "0.000000001", "x", "-"])
def test_what_is_no_decimal_is_refused(text):
    with pytest.raises(DecimalError):
        parse_e8(text)


def test_a_refusal_says_what_was_found():
    assert str(refuse("LIMIT_MAKER2", "type of an order")) == "type of an order: LIMIT_MAKER2"

"""Amounts are exact at any size, and nothing but a plain decimal is one."""

import pytest

from agents.amounts import amount_text, amount_texts, parse_amount_e8, within_64_bits
from schemas.errors import DecimalError

HUGE = "1000000000000000000.00000001"


@pytest.mark.parametrize(
    ("text", "value_e8", "shortest"),
    [
        ("", 0, "0"),
        ("0.00000000", 0, "0"),
        ("-0.5", -50_000_000, "-0.5"),
        ("12.50000000", 1_250_000_000, "12.5"),
        ("100", 10_000_000_000, "100"),
        ("46116860185", 46_116_860_185 * 10**8, "46116860185"),
        (HUGE, 10**26 + 1, HUGE),
        ("1.1000000000", 110_000_000, "1.1"),
    ],
)
def test_decimal_is_taken_and_given_exactly(text: str, value_e8: int, shortest: str) -> None:
    assert parse_amount_e8(text) == value_e8
    assert amount_text(value_e8) == shortest


@pytest.mark.parametrize("text", ["1e5", " 1", "+1", "1.", ".5", "NaN", "٣", "0.000000001", "9" * 41, "1_000", "1\n"])
def test_nothing_else_is_an_amount(text: str) -> None:
    with pytest.raises(DecimalError):
        parse_amount_e8(text)


def test_amounts_of_a_message_are_texts_and_integers_where_they_fit() -> None:
    held = {"BTC": 150_000_000, "PEPE": 2**63, "USDT": -(2**63)}
    assert amount_texts(held) == {"BTC": "1.5", "PEPE": "92233720368.54775808", "USDT": "-92233720368.54775808"}
    assert within_64_bits(held) == {"BTC": 150_000_000, "USDT": -(2**63)}

"""Decimals times 10**8: in and out exactly, and products rounded down."""

import msgspec
import pytest

from agents.paper.money import Listing, format_e8, parse_e8
from schemas.errors import ConfigError, DecimalError
from tests.unit.agents.paper.paper_kit import BTC, LISTING


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("1", 10**8), ("0.00000001", 1), ("12.50", 1_250_000_000)])
def test_text_becomes_a_number_exactly_and_comes_back_with_eight_decimals(text: str, value: int) -> None:
    assert parse_e8(text) == value
    assert parse_e8(format_e8(value)) == value
    assert format_e8(-value) == (f"-{format_e8(value)}" if value else "0.00000000")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**63 - 1, "92233720368.54775807"),
        (2**63, "92233720368.54775808"),
        (-(2**63), "-92233720368.54775808"),
        (12 * 10**26 + 5, "12000000000000000000.00000005"),
        (-5, "-0.00000005"),
    ],
)
def test_amounts_beyond_a_machine_word_are_written_as_any_other(value: int, text: str) -> None:
    assert format_e8(value) == text


@pytest.mark.parametrize("text", ["", "-1", "1e3", ".5", "1.", "0.000000001", "1,0"])
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(DecimalError):
        parse_e8(text)


def test_a_product_is_rounded_down() -> None:
    # 33333.33 * 0.00003 = 0.9999999, and 0.01 * 0.00001 is 10 of the last decimal.
    assert LISTING.notional_e8(3_333_333, 3) == 99_999_990
    assert LISTING.notional_e8(1, 1) == 10
    assert (LISTING.px_e8(3), LISTING.qty_e8(7)) == (3_000_000, 7_000)


@pytest.mark.parametrize("sizes", [{"tick_size": "0"}, {"lot_size": "0.000000001"}])
def test_sizes_that_cannot_be_are_refused(sizes: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="instrument BTCUSDT"):
        Listing.of(msgspec.structs.replace(BTC, **sizes))

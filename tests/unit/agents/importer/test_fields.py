"""Texts as numbers, held against Python's decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.importer import fields
from core.decimals import Scale
from schemas.errors import DecimalError


@given(st.integers(0, 10**10), st.integers(0, 8))
def test_amounts_are_exact_multiples(value: int, places: int) -> None:
    text = str(Decimal(value).scaleb(-places))
    expected = Decimal(text) / Decimal("0.00000001")
    assert fields.amounts([text.encode()], Scale("0.00000001")).tolist() == [int(expected)]


@given(st.integers(1, 10**6), st.integers(-8, 8))
def test_an_exponent_is_only_another_way_of_writing(mantissa: int, exponent: int) -> None:
    text = f"{mantissa}e{exponent}"
    assert Decimal(fields.plain(text.encode()).decode()) == Decimal(text)


def test_what_is_no_multiple_is_refused() -> None:
    with pytest.raises(DecimalError):
        fields.amounts([b"1.005"], Scale("0.01"))
    with pytest.raises(DecimalError):
        fields.amounts([b"1e"], Scale("0.01"))
    with pytest.raises(DecimalError):
        fields.amounts([b"nan"], Scale("0.01"))


def test_times_tell_their_unit_by_their_size() -> None:
    found = fields.times_ns([b"1723161598001", b"1723161598001002", b"1723161598001002003"])
    assert found.tolist() == [1723161598001000000, 1723161598001002000, 1723161598001002003]


@pytest.mark.parametrize("text", [b"17231615", b"-1723161598001", b"x", b"", b"9223372036854775808"])
def test_what_is_no_time_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        fields.times_ns([text])


def test_words_of_sides_and_truths() -> None:
    assert fields.sides([b"buy", b"sell", b"unknown"]).tolist() == [1, -1, 0]
    assert fields.truths([b"true", b"True", b"false", b"False"]).tolist() == [True, True, False, False]
    with pytest.raises(KeyError):
        fields.sides([b"both"])
    with pytest.raises(KeyError):
        fields.truths([b"maybe"])
    assert fields.words([b"\xc3\xa4"]) == ["ä"]

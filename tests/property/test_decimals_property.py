"""`core.decimals` against `decimal.Decimal` with enough digits to be exact."""

import re
from decimal import Context, Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decimals import Scale, pack_levels, unpack_levels
from schemas.errors import DecimalError

EXACT = Context(prec=400, Emin=-400, Emax=400, traps=[Inexact])
COUNT_MAX = 2**62

units = st.one_of(
    st.sampled_from(["1", "0.1", "0.01", "0.00001", "0.00000001", "0.5", "0.25", "5", "1000", "0.000000000000000001"]),
    st.builds(
        lambda mantissa, places: f"{Decimal(mantissa).scaleb(-places):f}", st.integers(1, 10**6), st.integers(0, 12)
    ),
)
plain_texts = st.from_regex(re.compile(r"[0-9]{1,25}(\.[0-9]{1,25})?", re.ASCII), fullmatch=True)
counts = st.one_of(st.integers(0, 10**9), st.integers(0, COUNT_MAX))


def expected_count(unit: str, text: str) -> int | None:
    """Return the count of units by decimal arithmetic, or None where `Scale.parse` must refuse."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text, re.ASCII) is None:
        return None
    count, rest = EXACT.divmod(Decimal(text), Decimal(unit))
    return int(count) if not rest and count <= COUNT_MAX else None


def check(unit: str, text: str) -> None:
    expected = expected_count(unit, text)
    if expected is None:
        with pytest.raises(DecimalError):
            Scale(unit).parse(text)
    else:
        assert Scale(unit).parse(text) == expected


@given(unit=units, text=plain_texts)
def test_plain_decimals_are_counted_exactly_or_refused(unit: str, text: str) -> None:
    check(unit, text)


@given(unit=units, text=st.one_of(st.text(max_size=12), st.text(alphabet="0123456789.-+eE _", max_size=12)))
def test_hostile_text_is_counted_exactly_or_refused(unit: str, text: str) -> None:
    check(unit, text)


@given(unit=units, count=counts, zeros=st.integers(0, 30))
def test_what_is_written_reads_back(unit: str, count: int, zeros: int) -> None:
    scale = Scale(unit)
    text = scale.format(count)
    assert Decimal(text) == EXACT.multiply(Decimal(unit), Decimal(count))
    assert scale.parse(text) == count
    padded = text + ("" if "." in text or not zeros else ".") + "0" * zeros
    assert scale.parse(padded) == count


@given(unit=units, count=st.integers(-COUNT_MAX, COUNT_MAX))
def test_signed_counts_are_written_and_become_the_nearest_float(unit: str, count: int) -> None:
    value = EXACT.multiply(Decimal(unit), Decimal(count))
    assert EXACT.compare(Decimal(Scale(unit).format(count)), value) == 0
    assert Scale(unit).to_float(count) == float(value)


BEYOND_64_BITS = st.one_of(st.integers(-(2**70), 2**70), st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1]))


@given(unit=units, count=st.one_of(BEYOND_64_BITS, st.integers(-1000, 1000)))
def test_any_whole_number_is_written_with_all_decimals_of_the_unit(unit: str, count: int) -> None:
    scale = Scale(unit)
    value = EXACT.multiply(Decimal(scale.unit), Decimal(count))
    assert scale.format(count) == f"{value:.{scale.decimals}f}"


@given(price_unit=units, qty_unit=units, levels=st.lists(st.tuples(counts, counts), max_size=30))
def test_packing_levels_equals_parsing_each(price_unit: str, qty_unit: str, levels: list[tuple[int, int]]) -> None:
    price, qty = Scale(price_unit), Scale(qty_unit)
    texts = [[price.format(ticks), qty.format(lots)] for ticks, lots in levels]
    packed = pack_levels(texts, price, qty)
    assert packed == b"".join(n.to_bytes(8, "little") for level in levels for n in level)
    assert unpack_levels(packed) == levels

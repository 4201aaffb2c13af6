"""Decimal text and counts of a unit: venue examples, the edges of the range, and what is refused."""

import pytest

from core.decimals import Scale, pack_levels, unpack_levels
from schemas.errors import DecimalError


@pytest.mark.parametrize(
    ("unit", "text", "ticks"),
    [
        ("0.10", "28145.10", 281451),
        ("0.01", "61234.01000000", 6123401),
        ("0.00001", "0.00123000", 123),
        ("0.001", "0", 0),
        ("0.001", "0.000", 0),
        ("0.5", "10.5", 21),
        ("0.25", "10.75", 43),
        ("5", "10.0", 2),
        ("100", "700", 7),
        ("0.00000001", "21000000", 2_100_000_000_000_000),
        ("1", "007", 7),
    ],
)
def test_text_is_counted_in_units(unit: str, text: str, ticks: int) -> None:
    assert Scale(unit).parse(text) == ticks
    assert Scale(unit).parse(text.encode()) == ticks


@pytest.mark.parametrize(
    ("unit", "ticks", "text"),
    [
        ("0.10", 281451, "28145.1"),
        ("0.01", 1, "0.01"),
        ("0.01", 0, "0.00"),
        ("0.00000001", 1, "0.00000001"),
        ("5", 2, "10"),
        ("0.25", 43, "10.75"),
        ("0.001", -1500, "-1.500"),
        ("0.000000000000000001", -1, "-0.000000000000000001"),
        ("1000000000000000000", 2**63 - 1, "9223372036854775807000000000000000000"),
        ("1000000000000000000", -(2**63), "-9223372036854775808000000000000000000"),
        ("0.5", 2**64, "9223372036854775808.0"),
    ],
)
def test_count_is_written_with_the_decimals_of_the_unit(unit: str, ticks: int, text: str) -> None:
    assert Scale(unit).format(ticks) == text


def test_unit_is_normalised() -> None:
    scale = Scale("00.010")
    assert (scale.unit, scale.decimals) == ("0.01", 2)
    assert (Scale("10.00").unit, Scale("10.00").decimals) == ("10", 0)
    assert scale == Scale("0.01")
    assert hash(scale) == hash(Scale("0.01"))
    assert scale != Scale("0.1")
    assert repr(scale) == "Scale('0.01')"


@pytest.mark.parametrize(
    "unit",
    [
        "",
        "0",
        "0.00",
        "-1",
        "+1",
        "1e-8",
        ".1",
        "1.",
        "1.1.1",
        " 1",
        "1_0",
        "nan",
        "٣",
        "0." + "0" * 18 + "1",
        "1" * 20,
    ],
)
def test_unit_that_is_no_plain_positive_decimal_is_refused(unit: str) -> None:
    with pytest.raises(DecimalError, match="unit"):
        Scale(unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ".5",
        "5.",
        "-1",
        "+1",
        "1e3",
        "1E3",
        "1_0",
        "0x1",
        "nan",
        "inf",
        "1.2.3",
        "1,5",
        "٣",
        "€1",
        " 1",
        "1 ",
        "1\0",
        "1" * 60 + "x",
        "0." + "0" * 60 + "x",
    ],
)
def test_text_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(DecimalError):
        Scale("0.1").parse(text)


@pytest.mark.parametrize(
    ("unit", "text"), [("0.1", "0.15"), ("0.5", "0.7"), ("5", "7"), ("1", "0.0000000000000000000001")]
)
def test_text_between_two_counts_is_refused_not_rounded(unit: str, text: str) -> None:
    with pytest.raises(DecimalError, match=f"not a multiple of {unit}"):
        Scale(unit).parse(text)


@pytest.mark.parametrize("unit", ["1", "0.1", "0.000000000000000001", "0.5", "5", "1000000000000000000"])
def test_count_ends_at_two_to_the_62(unit: str) -> None:
    scale = Scale(unit)
    assert scale.parse(scale.format(2**62)) == 2**62
    assert scale.parse("000" + scale.format(2**62)) == 2**62
    with pytest.raises(DecimalError, match=r"more than 2\*\*62"):
        scale.parse(scale.format(2**62 + 1))
    with pytest.raises(DecimalError, match=r"more than 2\*\*62"):
        scale.parse("9" * 500)


def test_long_text_is_cut_in_the_error() -> None:
    with pytest.raises(DecimalError) as error:
        Scale("1").parse("x" * 100_000)
    assert len(str(error.value)) < 200


def test_other_types_are_a_type_error() -> None:
    with pytest.raises(TypeError, match="str or bytes"):
        Scale("1").parse(1.5)  # type: ignore[arg-type]


def test_float_is_the_nearest_one() -> None:
    assert Scale("0.1").to_float(3) == 0.3
    assert Scale("0.00000001").to_float(123_456_789) == 1.23456789
    assert Scale("0.25").to_float(-3) == -0.75


def test_levels_are_packed_as_little_endian_pairs() -> None:
    packed = pack_levels([["28145.10", "1.500"], ("28145.0", "0")], Scale("0.10"), Scale("0.001"))
    assert packed == bytes.fromhex("6b4b040000000000 dc05000000000000 6a4b040000000000 0000000000000000")
    assert unpack_levels(packed) == [(281451, 1500), (281450, 0)]


def test_items_behind_price_and_quantity_are_ignored() -> None:
    okx_level = ["41006.8", "0.60038921", "0", "1"]
    assert unpack_levels(pack_levels([okx_level], Scale("0.1"), Scale("0.00000001"))) == [(410068, 60038921)]


def test_no_levels_pack_to_no_bytes() -> None:
    assert pack_levels([], Scale("1"), Scale("1")) == b""
    assert pack_levels((), Scale("1"), Scale("1")) == b""
    assert unpack_levels(b"") == []


@pytest.mark.parametrize("level", [[], ["1"], ["1", "x"], ["0.5", "1"], ["1", "-1"]])
def test_one_bad_level_refuses_all(level: list[str]) -> None:
    with pytest.raises(DecimalError):
        pack_levels([["1", "1"], level, ["2", "2"]], Scale("1"), Scale("1"))


@pytest.mark.parametrize("levels", [None, 5, ["12"], [None], [[1, 2]]])
def test_levels_that_are_no_lists_of_text_are_a_type_error(levels: object) -> None:
    with pytest.raises(TypeError):
        pack_levels(levels, Scale("1"), Scale("1"))  # type: ignore[arg-type]


def test_packed_levels_of_a_broken_length_are_refused() -> None:
    with pytest.raises(ValueError, match="17 bytes"):
        unpack_levels(bytes(17))

"""Times as a person writes them."""

import pytest

from mesh.history.moment import MomentError, clock_text, parse_moment

NOON_NS = 1_769_860_800_000_000_000  # 2026-01-31T12:00:00Z, by `date -u -d`


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-01-31T12:00:00", NOON_NS),
        ("2026-01-31 12:00:00.123456", NOON_NS + 123_456_000),
        ("2026-01-31T13:00+01:00", NOON_NS),
        ("2026-01-31T12:00:00Z", NOON_NS),
        ("1769860800", NOON_NS),
        ("1769860800123", NOON_NS + 123_000_000),
        ("1769860800123456", NOON_NS + 123_456_000),
        ("1769860800123456789", NOON_NS + 123_456_789),
    ],
)
def test_times_are_iso_8601_in_utc_or_unix_times(text: str, ns: int) -> None:
    assert parse_moment(text) == ns


@pytest.mark.parametrize("text", ["", "noon", "12345", "1969-12-31T00:00:00", "12:00", "２０２６"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(MomentError, match="allowed: 2026-01-31T12:00:00"):
        parse_moment(text)


def test_clock_text_is_utc_with_microseconds() -> None:
    assert clock_text(NOON_NS + 123_456_789) == "2026-01-31 12:00:00.123456"
    assert clock_text(0) == "-"

"""Mark price, index and funding, put together."""

import pytest

from agents.venues.okx.marks import OkxMarks, rounded_e8
from schemas.errors import DecimalError
from schemas.messages import MarkPrice


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        ("0.0001515032", 15150),
        ("-0.0000236017", -2360),
        ("0.000000005", 1),
        ("-0.000000005", -1),
        ("0.0000000049999", 0),
        ("84660.1", 8466010000000),
        ("3", 300000000),
    ],
)
def test_more_decimals_than_are_kept_are_rounded(text, value):
    assert rounded_e8(text) == value


@pytest.mark.parametrize("text", ["+1", "1e5", ".5", "5.", "--1", "1" * 12, "1." + "1" * 31, "x"])
def test_what_is_no_plain_decimal_is_refused(text):
    with pytest.raises(DecimalError):
        rounded_e8(text)


def test_a_message_tells_all_that_is_known():
    marks = OkxMarks()
    marks.mark_e8, marks.funding_rate_e8 = 7, -3
    assert marks.message(1, 2) == MarkPrice(1, 2, 7, 0, -3, 0)

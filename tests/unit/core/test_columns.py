"""Rows kept as columns: every field in its array, numbers that do not fit, levels, and rows as they were after an error."""

import itertools
import struct
from array import array
from typing import Any

import msgspec
import pytest

from core.columns import HEADER_FIELDS, Layout, Rows
from core.frame import FLAG_REPLAY, FLAG_STALE, Header


class Tick(msgspec.Struct, frozen=True, gc=False):
    """A number, levels and a text."""

    number: Any
    bids: bytes = b""
    text: str = ""


class Other(msgspec.Struct, frozen=True, gc=False):
    """A message without the number."""

    bids: bytes = b""
    text: str = "other"


LIMITS = {
    "b": (-(2**7), 2**7 - 1),
    "B": (0, 2**8 - 1),
    "i": (-(2**31), 2**31 - 1),
    "I": (0, 2**32 - 1),
    "q": (-(2**63), 2**63 - 1),
    "Q": (0, 2**64 - 1),
}


def header(seq: int = 1, **fields: int) -> Header:
    return Header(stream=9, type=1, sender=1, epoch=4, seq=seq, **fields)


def rows_of(*messages: Any, code: str = "q", default: int | None = -1) -> Rows:
    layout = Layout(
        (Tick, Other), {"number": (code, default)}, ("bids",), {"upper": lambda message: message.text.upper()}
    )
    rows = Rows(layout)
    for seq, message in enumerate(messages, 1):
        rows.append(3, header(seq), message)
    return rows


def test_what_the_header_says_is_kept() -> None:
    rows = rows_of()
    rows.append(5, header(7, flags=FLAG_STALE | FLAG_REPLAY, corr=8, origin_ns=-9, send_ns=10), Tick(0))
    found = {
        name: rows.numbers(name).tolist() for name in ("link", "flags", "epoch", "seq", "corr", "origin_ns", "send_ns")
    }
    assert found == {
        "link": [5],
        "flags": [FLAG_STALE],
        "epoch": [4],
        "seq": [7],
        "corr": [8],
        "origin_ns": [-9],
        "send_ns": [10],
    }


@pytest.mark.parametrize("code", LIMITS)
def test_number_that_does_not_fit_becomes_the_nearest_one(code: str) -> None:
    low, high = LIMITS[code]
    wild = (-(2**80), -(2**63) - 1, low - 1, low, 5, high, high + 1, 2**64, 2**80)
    values = rows_of(*(Tick(number) for number in wild), code=code).numbers("number")
    assert values.format == code
    assert values.tolist() == [min(max(number, low), high) for number in wild]


def test_floats_are_kept_as_they_are() -> None:
    assert rows_of(Tick(0.1), Tick(3), code="d").numbers("number").tolist() == [0.1, 3.0]


def test_message_without_the_field_has_the_default() -> None:
    assert rows_of(Other(), Tick(2), Other()).numbers("number").tolist() == [-1, 2, -1]


def test_many_rows_keep_their_order_and_levels_their_rows() -> None:
    messages = [Tick(n, struct.pack(f"<{2 * (n % 5)}q", *range(2 * (n % 5))) + b"x" * (n % 3)) for n in range(5_000)]
    rows = rows_of(*messages)
    assert len(rows) == 5_000
    assert rows.numbers("number").tolist() == list(range(5_000))
    ends, prices, qtys = (each.tolist() for each in rows.levels("bids"))
    begin = 0
    for n, end in enumerate(ends):
        assert prices[begin:end] == list(range(0, 2 * (n % 5), 2))
        assert qtys[begin:end] == list(range(1, 2 * (n % 5), 2))
        begin = end
    assert begin == len(prices) == len(qtys)


def test_appending_tells_how_many_bytes_of_levels_came() -> None:
    rows = rows_of()
    assert rows.append(0, header(), Tick(1, bytes(47))) == 32
    assert rows.append(0, header(), Tick(1)) == 0


def test_rows_added_at_once_are_those_added_one_by_one() -> None:
    messages = [
        Other(struct.pack("<2q", n, -n)) if n % 3 else Tick(n, bytes(16 * (n % 4)), f"t{n}") for n in range(900)
    ]
    headers = [header(n, flags=n % 8, corr=n, send_ns=-n) for n in range(900)]
    one_by_one, at_once = rows_of(), rows_of()
    level_bytes = [one_by_one.append(2, *each) for each in zip(headers, messages, strict=True)]
    bounds = (0, 0, 1, 65, 400, 900)
    for start, stop in itertools.pairwise(bounds):
        assert at_once.extend(2, headers, messages, start, stop) == sum(level_bytes[start:stop])
    assert len(at_once) == 900
    for name in (*HEADER_FIELDS, "number"):
        assert at_once.numbers(name).tolist() == one_by_one.numbers(name).tolist()
    assert [each.tolist() for each in at_once.levels("bids")] == [each.tolist() for each in one_by_one.levels("bids")]
    assert at_once.objects("upper") == one_by_one.objects("upper")


@pytest.mark.parametrize("wrong", [Tick("x"), Tick(2, "levels"), Tick(2, b"", None), object()])  # type: ignore[arg-type]
def test_rows_with_one_that_is_refused_are_none_of_them_added(wrong: Any) -> None:
    rows = rows_of(Tick(1, bytes(16), "a"))
    with pytest.raises((TypeError, AttributeError, KeyError)):
        rows.extend(0, [header()] * 3, [Tick(2, bytes(48), "b"), wrong, Tick(3)], 0, 3)
    with pytest.raises(TypeError):
        rows.extend(0, [header(), None], [Tick(2), Tick(3)], 0, 2)  # type: ignore[list-item]
    rows.append(0, header(), Tick(4, bytes(32), "c"))
    assert rows.numbers("number").tolist() == [1, 4]
    assert rows.levels("bids")[0].tolist() == [1, 3]
    assert rows.objects("upper") == ["A", "C"]


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (1, 0), (0, 2), (2, 3)])
def test_rows_that_are_not_there_are_not_added(start: int, stop: int) -> None:
    with pytest.raises(AssertionError):
        rows_of().extend(0, [header(), header()], [Tick(1)], start, stop)


def test_functions_make_the_rest() -> None:
    assert rows_of(Tick(1, b"", "a"), Other()).objects("upper") == ["A", "OTHER"]


def test_row_that_is_refused_leaves_the_others_as_they_were() -> None:
    rows = rows_of(Tick(1, bytes(16), "a"))
    for wrong in (Tick("x"), Tick(2, "levels"), Tick(2, bytes(16), None)):  # type: ignore[arg-type]
        with pytest.raises((TypeError, AttributeError)):
            rows.append(0, header(), wrong)
    with pytest.raises(KeyError):
        rows.append(0, header(), object())
    rows.append(0, header(), Tick(3, bytes(32), "b"))
    assert rows.numbers("number").tolist() == [1, 3]
    assert rows.levels("bids")[0].tolist() == [1, 3]
    assert rows.objects("upper") == ["A", "B"]


def test_rows_that_are_read_take_no_more() -> None:
    rows = rows_of(Tick(1))
    values = rows.numbers("number")
    with pytest.raises(AssertionError):
        rows.append(0, header(), Tick(2))
    del rows
    assert values.tolist() == [1]


def test_no_rows_are_empty_columns() -> None:
    rows = rows_of()
    assert rows.numbers("number").tolist() == []
    assert [each.tolist() for each in rows.levels("bids")] == [[], [], []]
    assert rows.objects("upper") == []


@pytest.mark.parametrize("wrong", [{"number": ("x", None)}, {"number": ("u", 0)}])
def test_unknown_typecode_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="typecode"):
        Layout((Tick,), wrong)


def test_field_that_is_no_slot_is_refused() -> None:
    with pytest.raises(TypeError, match="Other has no slot 'number'"):
        Layout((Tick, Other), {"number": ("q", None)})
    with pytest.raises(TypeError, match="array has no slot 'typecode'"):
        Layout((array,), {"typecode": ("q", None)})

"""Streams chosen by name."""

import pytest

from mesh.trace.stream_filter import StreamFilter, check_stream
from schemas.errors import TickmeshError


@pytest.mark.parametrize("text", ["", "TRADE", "trade/", "TRADE/1", "TRADE/1/12"])
def test_a_name_passes_what_it_begins_with(text: str) -> None:
    assert StreamFilter(text).passes("TRADE/1/12")


@pytest.mark.parametrize("text", ["BOOK", "TRADE/1/1", "TRADE/2"])
def test_other_names_do_not_pass(text: str) -> None:
    assert not StreamFilter(text).passes("TRADE/1/12")


def test_unknown_kind_is_refused_with_those_that_there_are() -> None:
    check_stream("book/1")
    with pytest.raises(TickmeshError, match=r"BOCK.*BOOK"):
        check_stream("BOCK")

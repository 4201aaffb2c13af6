"""StreamTable: what a dict by stream id would say."""

import random

import pytest

from core.stream_table import StreamTable


def test_an_empty_table_holds_nothing():
    assert StreamTable({}).get(0) is None


@pytest.mark.parametrize("count", [1, 7, 8, 9, 5000])
def test_every_stream_is_found_and_no_other(count):
    rng = random.Random(count)
    items = {rng.randrange(2**32): str(n) for n in range(count)}
    table = StreamTable(items)
    assert {stream: table.get(stream) for stream in items} == items
    others = [rng.randrange(2**32) for _ in range(100)]
    assert [table.get(stream) for stream in others] == [items.get(stream) for stream in others]


def test_the_borders_of_the_id_are_streams_and_nothing_beyond():
    table = StreamTable({0: "first", 2**32 - 1: "last"})
    assert (table.get(0), table.get(2**32 - 1)) == ("first", "last")
    for beyond in (-1, 2**32):
        with pytest.raises(OverflowError):
            table.get(beyond)
        with pytest.raises(OverflowError):
            StreamTable({beyond: "none"})

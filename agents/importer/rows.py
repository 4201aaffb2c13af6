"""Rows of the archive's tables as columns of numbers, made of a file without a message for each.

`RowSet` is what a reader of a format hands over; `TableRows` are rows with their places, as the archive's writer takes them
(it asks for the same as of `core.columns.Rows`).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.archive.columns import TYPECODES, Column, Derived, OfMessage
from agents.archive.tables import TABLES
from agents.instruments import InstrumentInfo

Numbers = NDArray[Any]
TABLES_BY_NAME = {table.name: table for table in TABLES}


class SideLevels(NamedTuple):
    """Levels of one side of some books: where each row's end, then the prices and quantities of all of them."""

    ends: Numbers
    prices: Numbers
    lots: Numbers


class RowSet(NamedTuple):
    """Rows of one table and one instrument, in order of receipt; `order` is their place in what was read with them."""

    table: str
    kind: int
    info: InstrumentInfo
    order: Numbers
    columns: dict[str, Any]
    """Numbers, or lists of texts, by the name of the message's field."""
    levels: dict[str, SideLevels] = {}
    """Of books: by side, `bids` and `asks`."""
    flags: int | Numbers = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.order)


class PlacedRows(NamedTuple):
    """Rows of one stream and their places in it; `link` is the stream's number."""

    rows: RowSet
    link: int
    seqs: Numbers


class TableRows:
    """Rows of one table with their places in their streams, column by column."""

    def __init__(self, table: str, parts: list[PlacedRows]) -> None:
        """Take the rows of all `parts`, one after the other."""
        counts = [len(part.rows) for part in parts]
        self._length = sum(counts)
        self._parts = [part.rows for part in parts]
        self._objects: dict[str, list[Any]] = {}
        self._numbers: dict[str, Numbers] = {
            "link": np.repeat(np.array([part.link for part in parts], "I"), counts),
            "flags": np.concatenate([np.broadcast_to(np.asarray(p.rows.flags, "B"), len(p.rows)) for p in parts]),
            "epoch": np.ones(self._length, "I"),
            "seq": np.concatenate([np.asarray(part.seqs, "Q") for part in parts]),
            "origin_ns": np.zeros(self._length, "Q"),
            "send_ns": np.zeros(self._length, "Q"),
        }
        for column in TABLES_BY_NAME[table].columns:
            if isinstance(column.source, OfMessage):
                self._add(column, column.source.name)
            elif isinstance(column.source, Derived):
                self._add(column, column.name)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._length

    def numbers(self, name: str) -> Numbers:
        """Return the numbers of one field of the messages or of their headers."""
        return self._numbers[name]

    def objects(self, name: str) -> list[Any]:
        """Return the texts of one column."""
        return self._objects[name]

    def levels(self, name: str) -> tuple[Numbers, Numbers, Numbers]:
        """Return the levels of one side: where each row's end, their prices, their quantities."""
        sides = [rows.levels[name] for rows in self._parts]
        before = np.cumsum([0, *(len(side.prices) for side in sides[:-1])])
        ends = [np.asarray(side.ends, np.int64) + more for side, more in zip(sides, before.tolist(), strict=True)]
        prices, lots = (np.concatenate([np.asarray(side[i], "q") for side in sides]) for i in (1, 2))
        return np.concatenate(ends).astype("Q"), prices, lots

    def _add(self, column: Column, name: str) -> None:
        values = [rows.columns[name] for rows in self._parts]
        if column.type in TYPECODES:
            self._numbers[name] = np.concatenate([np.asarray(each, TYPECODES[column.type]) for each in values])
        else:
            self._objects[column.name] = [text for each in values for text in each]

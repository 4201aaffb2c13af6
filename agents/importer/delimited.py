"""Rows of files with commas: a block of lines at a time into columns, and what cannot be read found line by line.

A block is converted as a whole. If that fails it is halved until the lines are found that are to blame, so a whole file is
read fast and a damaged one to its last good line. Which columns there are, and what they mean, is the layout's to say.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from agents.importer.faults import Faults
from agents.importer.fields import Texts
from agents.importer.rows import Numbers, RowSet
from agents.importer.targets import Targets
from agents.instruments import InstrumentInfo
from schemas.config import VenueConfig
from schemas.errors import ConfigError, DecimalError

DAMAGE = (ValueError, DecimalError, KeyError, IndexError, OverflowError)
"""What reading a damaged line raises."""

Parsed = dict[str, Any]
"""Columns of some rows of one instrument, by name; `ts_recv_ns` is one of them."""


class RowLayout(Protocol):
    """What a kind of file has in its columns."""

    name: str
    """As `--format` has it."""

    def count_of(self, count: int) -> bool:
        """Return whether a row may have so many columns."""
        ...

    def symbols(self, columns: Sequence[Texts]) -> Texts | None:
        """Return the venue's symbol in each row; None where the file is of one instrument and does not say of which."""
        ...

    def exchanges(self, columns: Sequence[Texts]) -> Texts | None:
        """Return which exchange each row is of, None if it is not told."""
        ...

    def venues(self, exchange: str, targets: Targets) -> list[VenueConfig]:
        """Return the configured venues that an exchange may be."""
        ...

    def categories(self, exchange: str) -> tuple[str, ...]:
        """Return what an exchange trades of what its venue does, where it tells."""
        ...

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return rows as numbers; raises one of DAMAGE if there is any that cannot be read."""
        ...

    def build(self, info: InstrumentInfo, parsed: Parsed, order: Numbers) -> list[RowSet]:
        """Return the rows for the archive; what belongs to rows that are to come is kept."""
        ...

    def finish(self) -> list[RowSet]:
        """Return what was kept, at the end of the file."""
        ...


class DelimitedReader:
    """Reads the blocks of one file."""

    def __init__(self, layout: RowLayout, targets: Targets, faults: Faults, symbol: str, what: str) -> None:
        """Take the file's layout, and the symbol that its name tells if its rows do not; `what` names it in errors."""
        self._layout = layout
        self._targets = targets
        self._faults = faults
        self._symbol = symbol
        self._what = what
        self._found: dict[tuple[str, str], InstrumentInfo | None] = {}
        self._last_ns = 0
        self._late = self._late_line = 0
        self._left_out = 0

    def rows(self, first: int, lines: list[bytes]) -> list[RowSet]:
        """Return what lines say; the first of them has the number `first`.

        Raises:
            ConfigError: If the first rows are of an instrument or a venue that is not in the configuration.
            DamagedFileError: If a line is damaged and that is to be the end.
        """
        if lines and lines[0].endswith(b"\r"):
            lines = [line.rstrip(b"\r") for line in lines]
        counts = [line.count(b",") + 1 for line in lines]
        found: list[RowSet] = []
        start = 0
        if len(set(counts)) > 1 or not self._layout.count_of(counts[0] if counts else 0):
            for place, (count, line) in enumerate(zip(counts, lines, strict=True)):
                if not self._layout.count_of(count):
                    self._take(first + start, lines[start:place], found)
                    if line:
                        told = f"{count} columns, which a file of {self._layout.name} does not have"
                        self._faults.line(first + place, f"{told}: {line[:80].decode(errors='replace')}")
                    start = place + 1
        self._take(first + start, lines[start:], found)
        return found

    def columns(self, first: int, columns: list[Texts]) -> list[RowSet]:
        """Do the same with rows that are columns already, each of which the layout has."""
        found: list[RowSet] = []
        self._convert(first, columns, found)
        return found

    def finish(self) -> list[RowSet]:
        """Return what was kept to the end; tell what was found of the order of the rows."""
        if self._late:
            told = f"{self._late} rows were received before the one that stands before them, the first in line"
            self._faults.note(f"{told} {self._late_line}; they are kept in the order of the file")
        if self._left_out:
            self._faults.note(f"{self._left_out} rows of other instruments were left out")
        return self._layout.finish()

    def _take(self, first: int, lines: list[bytes], found: list[RowSet]) -> None:
        """Take lines of one number of columns."""
        if lines:
            count = lines[0].count(b",") + 1
            texts = b",".join(lines).split(b",")
            self._convert(first, [texts[place::count] for place in range(count)], found)

    def _convert(self, first: int, columns: list[Texts], found: list[RowSet]) -> None:
        count = len(columns[0])
        if not count:
            return
        try:
            parsed, left_out = self._parse(columns)
        except DAMAGE as error:
            if count == 1:
                self._faults.line(first, _reason(error))
                return
            half = count // 2
            self._convert(first, [column[:half] for column in columns], found)
            self._convert(first + half, [column[half:] for column in columns], found)
            return
        self._left_out += left_out
        for info, values, places in parsed:
            self._watch_order(values["ts_recv_ns"], places + first)
            found += self._layout.build(info, values, places + first)

    def _parse(self, columns: list[Texts]) -> tuple[list[tuple[InstrumentInfo, Parsed, Numbers]], int]:
        """Return rows as numbers by instrument, and how many are of one that was not asked for."""
        count = len(columns[0])
        symbols, exchanges = self._layout.symbols(columns), self._layout.exchanges(columns)
        kinds = {(exchange, symbol) for exchange in set(exchanges or [b""]) for symbol in set(symbols or [b""])}
        of_rows: list[tuple[bytes, bytes]] = []
        if len(kinds) > 1:
            of_rows = list(zip(exchanges or [b""] * count, symbols or [b""] * count, strict=True))
        left_out = 0
        parsed: list[tuple[InstrumentInfo, Parsed, Numbers]] = []
        for kind in dict.fromkeys(of_rows) if of_rows else kinds:
            info = self._find(*kind)
            places = _places_of(of_rows, kind) if of_rows else np.arange(count)
            if info is None:
                left_out += len(places)
                continue
            own = [[column[i] for i in places.tolist()] for column in columns] if of_rows else columns
            parsed.append((info, self._layout.parse(info, own), places))
        return parsed, left_out

    def _find(self, exchange: bytes, symbol: bytes) -> InstrumentInfo | None:
        """Return the instrument of some rows; the first of a file must be known."""
        key = exchange.decode(), symbol.decode()
        if key not in self._found:
            try:
                venues = self._layout.venues(key[0], self._targets)
                self._found[key] = self._targets.find(
                    key[1] or self._symbol, venues, self._what, self._layout.categories(key[0])
                )
            except ConfigError as error:
                if not self._found:
                    raise
                raise ValueError(str(error)) from error
        return self._found[key]

    def _watch_order(self, received_ns: Numbers, lines: Numbers) -> None:
        late = np.flatnonzero(np.diff(received_ns, prepend=self._last_ns) < 0)
        if len(late):
            self._late_line = self._late_line or int(lines[late[0]])
            self._late += len(late)
        self._last_ns = int(received_ns[-1])


def _places_of(of_rows: list[tuple[bytes, bytes]], kind: tuple[bytes, bytes]) -> Numbers:
    return np.array([place for place, each in enumerate(of_rows) if each == kind])


def _reason(error: Exception) -> str:
    return f"{error} is not allowed there" if isinstance(error, KeyError) else str(error)

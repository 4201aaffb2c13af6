"""Parquet into the archive: what was exported from one, and files with the columns of Binance's or Tardis' CSV.

The latter are read as the text that they would be in CSV, so that a float has the decimals that it is written with, and go
the way of all rows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import agents.importer.binance_files as binance_files
import agents.importer.tardis_files as tardis_files
from agents.importer.delimited import DelimitedReader, RowLayout
from agents.importer.faults import Faults
from agents.importer.parquet_columns import LEVELS, METADATA, fields_of
from agents.importer.rows import Numbers, RowSet, SideLevels
from agents.importer.targets import Targets
from agents.instruments import InstrumentInfo
from core.decimals import Scale
from schemas.errors import CaptureError, ConfigError, DecimalError
from schemas.streams import Kind, StreamState

ROWS_AT_ONCE = 65_536

_TABLES = {
    "Trade": "trades",
    "Quote": "quotes",
    "MarkPrice": "marks",
    "VenueBar": "bars",
    "BookDelta": "book_deltas",
    "BookSnapshot": "book_snapshots",
    "FeedState": "feed_states",
}


class ParquetReading:
    """The rows of one file, a batch at a time."""

    def __init__(self, path: Path, targets: Targets, faults: Faults, said: str) -> None:
        """Open the file; `said` is its format if that was said.

        Raises:
            CaptureError: If it is no whole Parquet file, or has columns that are not known.
        """
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise CaptureError(f"{path}: cannot be read as Parquet: {error}") from error
        self._path, self._targets, self._faults = path, targets, faults
        self.total: int = self._file.metadata.num_rows
        told = (self._file.schema_arrow.metadata or {}).get(METADATA)
        self._kind = None if told is None else Kind[told.decode()]
        self.name = "parquet"
        self._reader = None if told is not None else self._foreign(said)

    def rows(self) -> Iterator[tuple[int, list[RowSet]]]:
        """Yield how many rows are read, and what they say."""
        passed = 0
        try:
            for batch in self._file.iter_batches(ROWS_AT_ONCE):
                found = self._own(batch, passed) if self._reader is None else self._read(batch, passed)
                passed += batch.num_rows
                yield passed, found
        except (pa.ArrowInvalid, OSError) as error:
            self._faults.add(f"after row {passed}: {error}")
        if self._reader is not None:
            yield passed, self._reader.finish()

    def _foreign(self, said: str) -> DelimitedReader:
        """Return what reads a file with the columns of a CSV file."""
        names = [name.encode() for name in self._file.schema_arrow.names]
        by_name, symbol = binance_files.told_by_name(self._path.name)
        said = "" if said == "parquet" else said
        name = said or tardis_files.told_by_header(names) or by_name or binance_files.told_by_header(names)
        layout: RowLayout
        if name in tardis_files.LAYOUTS:
            layout = tardis_files.LAYOUTS[name](names)
        elif name in binance_files.LAYOUTS:
            layout = binance_files.LAYOUTS[name](len(names))
        else:
            raise CaptureError(f"{self._path}: columns that are not known: {self._file.schema_arrow.names}")
        self.name = f"parquet, {name}"
        return DelimitedReader(layout, self._targets, self._faults, symbol, self._path.name)

    def _read(self, batch: Any, passed: int) -> list[RowSet]:
        assert self._reader is not None
        return self._reader.columns(passed + 1, [_texts(column) for column in batch.columns])

    def _own(self, batch: Any, passed: int) -> list[RowSet]:
        """Return the rows of a file that was exported, by instrument and type."""
        assert self._kind is not None
        texts = [batch.column(name).dictionary.to_pylist() for name in _KEY]
        codes = np.stack([batch.column(name).indices.to_numpy() for name in _KEY], axis=1)
        kinds, kind_of = np.unique(codes, axis=0, return_inverse=True)
        found: list[RowSet] = []
        for number, kind in enumerate(kinds.tolist()):
            places = np.flatnonzero(kind_of.reshape(-1) == number)
            venue, symbol, tick_size, lot_size, message = (known[i] for known, i in zip(texts, kind, strict=True))
            info = self._info(venue, symbol)
            if info is None:
                continue
            try:
                units = Units(info, tick_size, lot_size)
                found.append(_row_set(self._kind, info, batch.take(pa.array(places)), message, places, units))
            except (DecimalError, ValueError) as error:
                self._faults.add(f"rows from {passed + 1} on, {venue}:{symbol}, {message}: {error}")
        return found

    def _info(self, venue: str, symbol: str) -> InstrumentInfo | None:
        venues = self._targets.venues((), f"the file is of {venue}")
        own = [each for each in venues if each.name == venue] or (venues if self._targets.venue else [])
        if not own:
            raise ConfigError(f"{self._path}: of venue {venue!r}, which is not in venues; --venue says which it is")
        return self._targets.find(symbol, own, self._path.name)


_KEY = ("venue", "symbol", "tick_size", "lot_size", "message")


class Units:
    """Ticks and lots of a file in those of an instrument."""

    def __init__(self, info: InstrumentInfo, tick_size: str, lot_size: str) -> None:
        """Take the units of the file."""
        self._ticks = _factor(info.price, tick_size)
        self._lots = _factor(info.qty, lot_size)

    def of(self, name: str, values: Numbers) -> Numbers:
        """Return a column in the instrument's units; one that is of neither as it is.

        Raises:
            ValueError: If a value is no whole number of them.
        """
        many, few = self._ticks if name.endswith("_ticks") else self._lots if name.endswith("_lots") else (1, 1)
        if (many, few) == (1, 1):
            return values
        if (values * many % few).any():
            raise ValueError(f"{name}: not in whole units of the instrument")
        return values * many // few


def _factor(scale: Scale, unit: str) -> tuple[int, int]:
    """Return by what a number of `unit` is multiplied and divided to be one of the scale's."""
    fine = Scale("0.000000000000000001") if scale.unit == unit else Scale("0.00000001")
    if scale.unit == unit:
        return 1, 1
    many, few = fine.parse(unit), fine.parse(scale.unit)
    common = int(np.gcd(many, few))
    return many // common, few // common


def _row_set(kind: int, info: InstrumentInfo, batch: Any, message: str, places: Numbers, units: Units) -> RowSet:
    columns: dict[str, Any] = {}
    for name in fields_of(kind):
        column = batch.column(name)
        if column.null_count == 0:
            columns[name] = column.to_pylist() if pa.types.is_string(column.type) else units.of(name, column.to_numpy())
    if message == "FeedState":
        columns["state"] = [StreamState(state).name for state in columns["state"].tolist()]
    levels: dict[str, SideLevels] = {}
    if message.startswith("Book"):
        for side, prices, lots in (("bids", *LEVELS[:2]), ("asks", *LEVELS[2:])):
            ends = np.cumsum(pc.list_value_length(batch.column(prices)).to_numpy())
            values = (units.of(name, batch.column(name).flatten().to_numpy()) for name in (prices, lots))
            levels[side] = SideLevels(ends, *values)
    return RowSet(_TABLES[message], kind, info, places, columns, levels, batch.column("flags").to_numpy())


def _texts(column: Any) -> list[bytes]:
    """Return the values of a column as they would stand in CSV."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        return [b"" if value is None or value != value else repr(value).encode() for value in column.to_pylist()]
    if pa.types.is_boolean(column.type):
        return [b"" if value is None else b"true" if value else b"false" for value in column.to_pylist()]
    return [b"" if value is None else str(value).encode() for value in column.to_pylist()]

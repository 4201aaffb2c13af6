"""Event arrays of hftbacktest (2.x) in .npz: what its local processor has heard, as trades and books.

Each event is one level or one trade: `ev` has its kind in the lowest byte, its side and who hears of it in the highest,
`exch_ts` and `local_ts` are nanoseconds, `px` and `qty` floats (hftbacktest's documentation, "Data"). Levels of one update
have one time of receipt; the rows of a snapshot, and those that clear a book before it, are one whole book. A float is the
decimal nearest to it: one that is further from a whole tick or lot than a float can be is refused. A file is in memory
while it is imported; it tells no trade ids, so trades are numbered, and no instrument.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from agents.importer.book_rows import BookRows
from agents.importer.faults import Faults
from agents.importer.rows import Numbers, RowSet
from agents.importer.targets import Targets
from agents.instruments import InstrumentInfo, setting_e8
from schemas.errors import CaptureError
from schemas.messages import TradeCondition
from schemas.streams import Kind

KIND = 0xFF
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
LOCAL, BUY = 1 << 30, 1 << 29
ROWS_AT_ONCE = 250_000

_COLUMNS = {"ev", "exch_ts", "local_ts", "px", "qty"}


class NpzReading:
    """The events of one file, some at a time."""

    def __init__(self, path: Path, targets: Targets, faults: Faults) -> None:
        """Read the file.

        Raises:
            CaptureError: If it is none of hftbacktest's.
            ConfigError: If neither what was named nor the file's name tells its instrument.
        """
        try:
            with np.load(path) as packed:
                self._events: Any = packed[packed.files[0]]
        except (OSError, ValueError, IndexError, EOFError, zipfile.BadZipFile) as error:
            raise CaptureError(f"{path}: cannot be read: {error}") from error
        if not set(self._events.dtype.names or ()) >= _COLUMNS:
            raise CaptureError(f"{path}: no events of hftbacktest 2 ({self._events.dtype})")
        self._faults = faults
        info = targets.find(_symbol(path, targets), targets.venues((), "the file is of no venue"), path.name)
        if info is None:
            raise CaptureError(f"{path}: its name tells another instrument than the one that was asked for")
        self._info: InstrumentInfo = info
        self._book = BookRows(info)
        self._trades = self._others = 0
        self.total = len(self._events)

    def rows(self) -> Iterator[tuple[int, list[RowSet]]]:
        """Yield how many events are read, and what they say."""
        for start in range(0, self.total, ROWS_AT_ONCE):
            events = self._events[start : start + ROWS_AT_ONCE]
            order = start + 1 + np.flatnonzero(events["ev"] & LOCAL)
            yield start + len(events), self._read(events[(events["ev"] & LOCAL) != 0], order)
        if self._others:
            self._faults.note(f"{self._others} events of other kinds than depth and trades were left out")
        yield self.total, self._book.finish()

    def _read(self, events: Any, order: Numbers) -> list[RowSet]:
        kinds = events["ev"] & KIND
        ticks = _counts(events["px"], self._info.config.tick_size)
        lots = _counts(events["qty"], self._info.config.lot_size)
        bad = ((ticks < 0) & (kinds != CLEAR)) | (lots < 0)
        for place in np.flatnonzero(bad).tolist():
            event = events[place]
            self._faults.add(f"event {order[place]}: {event['px']} and {event['qty']} are not in whole ticks and lots")
        is_trade, is_book = (kinds == TRADE) & ~bad, np.isin(kinds, (DEPTH, CLEAR, SNAPSHOT)) & ~bad
        self._others += int((~is_trade & ~is_book & ~bad).sum())
        found = [self._trade_rows(events[is_trade], ticks[is_trade], lots[is_trade], order[is_trade])]
        if is_book.any():
            levels = {
                "ts_event_ns": events["exch_ts"][is_book],
                "ts_recv_ns": events["local_ts"][is_book],
                "whole": kinds[is_book] != DEPTH,
                "bid": (events["ev"][is_book] & BUY) != 0,
                "price": np.maximum(ticks[is_book], 0),
                "qty": np.where(kinds[is_book] == CLEAR, 0, lots[is_book]),
            }
            found += self._book.add(levels, order[is_book])
        return found

    def _trade_rows(self, events: Any, ticks: Numbers, lots: Numbers, order: Numbers) -> RowSet:
        first = self._trades + 1
        self._trades += len(events)
        columns = {
            "ts_event_ns": events["exch_ts"],
            "ts_recv_ns": events["local_ts"],
            "price_ticks": ticks,
            "qty_lots": lots,
            "aggressor": np.where(events["ev"] & BUY, 1, -1),
            "trade_id": [str(number) for number in range(first, self._trades + 1)],
            "condition": np.full(len(events), int(TradeCondition.MARKET)),
        }
        return RowSet("trades", Kind.TRADE, self._info, order, columns)


def _counts(values: Numbers, unit: str) -> Numbers:
    """Return floats in whole units, -1 where one is none."""
    unit_e8 = setting_e8(unit, "unit")
    exact = values * 1e8
    usable = np.isfinite(exact) & (exact >= 0) & (exact < 2.0**62)
    exact = np.where(usable, exact, 0.0)
    found = np.rint(exact / unit_e8).astype(np.int64)
    near = np.abs(found.astype(np.float64) * unit_e8 - exact) <= np.maximum(0.01, exact * 4e-16)
    return np.where(usable & near, found, -1)


def _symbol(path: Path, targets: Targets) -> str:
    """Return the symbol that a name like btcusdt_20240809.npz tells, if there is such an instrument; else none."""
    told = path.name.partition("_")[0].partition(".")[0].upper()
    return told if targets.knows(told) else ""

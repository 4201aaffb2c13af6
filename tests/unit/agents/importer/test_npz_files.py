"""hftbacktest's events, made by its documented type: trades and books as a naive reader has them, floats as decimals."""

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.importer.faults import Faults
from agents.importer.npz_files import NpzReading
from agents.importer.rows import RowSet
from agents.importer.targets import Targets
from schemas.errors import CaptureError, ConfigError
from tests.unit.agents.importer.import_kit import import_config
from tests.unit.agents.importer.test_tardis_files import books

NUMBERS = {
    "ev": "u8",
    "exch_ts": "i8",
    "local_ts": "i8",
    "px": "f8",
    "qty": "f8",
    "order_id": "u8",
    "ival": "i8",
    "fval": "f8",
}
EVENT = np.dtype(list(NUMBERS.items()), align=True)
EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
T = 1_723_161_598_000_000_000
Event = tuple[int, int, int, float, float]


def saved(folder: Path, events: list[Event], name: str = "ethusdt_20240809.npz") -> Path:
    data = np.zeros(len(events), EVENT)
    for place, event in enumerate(events):
        data[place] = (*event, 0, 0, 0.0)
    np.savez_compressed(folder / name, data=data)
    return folder / name


def read(path: Path, *, venue: str = "spot", symbols: tuple[str, ...] = ()) -> tuple[list[RowSet], Faults]:
    faults = Faults(str(path), strict=False)
    reading = NpzReading(path, Targets(import_config(), venue, symbols), faults)
    return [rows for _, found in reading.rows() for rows in found if len(rows)], faults


def test_trades_of_the_local_processor_in_ticks_and_lots(tmp_path: Path) -> None:
    events = [
        (2 | LOCAL | EXCH | BUY, T, T + 5, 2650.33, 0.1001),
        (2 | EXCH | BUY, T, T + 6, 1.0, 1.0),
        (2 | LOCAL | SELL, T + 1, T + 7, 2650.3, 12345.6789),
        (5 | LOCAL | BUY, T + 1, T + 7, 2650.3, 1.0),
    ]
    (rows,), faults = read(saved(tmp_path, events))
    columns: dict[str, Any] = {name: list(column) for name, column in rows.columns.items()}
    assert columns["price_ticks"] == [265033, 265030]
    assert columns["qty_lots"] == [1001, 123456789]
    assert columns["aggressor"] == [1, -1]
    assert columns["trade_id"] == ["1", "2"]
    assert (columns["ts_event_ns"], columns["ts_recv_ns"]) == ([T, T + 1], [T + 5, T + 7])
    assert rows.order.tolist() == [1, 3]
    assert faults.notes == ["1 events of other kinds than depth and trades were left out"]


def test_every_decimal_of_a_float_is_the_one_that_was_written(tmp_path: Path) -> None:
    rng = random.Random(1)
    prices = [Decimal(rng.randint(1, 10**9)).scaleb(-2) for _ in range(3_000)]
    lots = [Decimal(rng.randint(1, 10**9)).scaleb(-4) for _ in range(3_000)]
    events = [(2 | LOCAL | BUY, T, T, float(p), float(q)) for p, q in zip(prices, lots, strict=True)]
    (rows,), faults = read(saved(tmp_path, events))
    assert faults.count == 0
    assert rows.columns["price_ticks"].tolist() == [int(price * 100) for price in prices]
    assert rows.columns["qty_lots"].tolist() == [int(lot * 10_000) for lot in lots]


def test_levels_become_whole_books_and_updates(tmp_path: Path) -> None:
    events = [
        (3 | LOCAL | BUY, T, T, 10.0, 0.0),
        (4 | LOCAL | BUY, T, T, 9.99, 1.0),
        (4 | LOCAL | BUY, T, T, 10.0, 2.0),
        (4 | LOCAL | SELL, T, T, 10.01, 3.0),
        (1 | LOCAL | BUY, T + 1, T + 2, 10.0, 0.0),
        (1 | LOCAL | SELL, T + 1, T + 2, 10.02, 4.0),
        (1 | LOCAL | SELL, T + 3, T + 4, 10.01, 0.0),
    ]
    found = books(read(saved(tmp_path, events))[0])
    assert found == [
        (1, "book_snapshots", {"bids": [(1000, 20_000), (999, 10_000)], "asks": [(1001, 30_000)]}),
        (5, "book_deltas", {"bids": [(1000, 0)], "asks": [(1002, 40_000)]}),
        (7, "book_deltas", {"bids": [], "asks": [(1001, 0)]}),
    ]


def test_what_is_no_tick_or_lot_is_named(tmp_path: Path) -> None:
    events = [(2 | LOCAL | BUY, T, T, price, qty) for price, qty in ((1.005, 1.0), (1.0, 0.00001), (float("nan"), 1.0))]
    found, faults = read(saved(tmp_path, [*events, (2 | LOCAL | BUY, T, T, 1.0, 1.0)]))
    assert sum(map(len, found)) == 1
    assert faults.count == 3
    assert faults.named[0] == "event 1: 1.005 and 1.0 are not in whole ticks and lots"


def test_the_instrument_is_named_by_the_file_or_by_who_imports(tmp_path: Path) -> None:
    events = [(2 | LOCAL | BUY, T, T, 1.0, 1.0)]
    (rows,), _ = read(saved(tmp_path, events, "data.npz"), symbols=("BTCUSDT",))
    assert rows.info.symbol == "BTCUSDT"
    with pytest.raises(ConfigError, match="does not tell its instrument"):
        read(saved(tmp_path, events, "data.npz"))
    path = tmp_path / "other.npz"
    np.savez(path, data=np.zeros(3))
    with pytest.raises(CaptureError, match="no events of hftbacktest 2"):
        read(path)
    path.write_bytes(b"nothing")
    with pytest.raises(CaptureError, match="cannot be read"):
        read(path)

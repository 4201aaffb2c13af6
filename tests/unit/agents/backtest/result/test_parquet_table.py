"""Tables as Parquet: exact amounts, times to the nanosecond, the same bytes for the same rows."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agents.backtest.result import parquet_table
from agents.backtest.result.parquet_table import SCHEMAS, ParquetTable, decimal_of


def written(folder: Path, rows: list[dict[str, Any]], name: str = "equity") -> Path:
    table = ParquetTable(folder, name)
    for row in rows:
        table.add(row)
    table.close()
    assert table.rows == len(rows)
    return folder / f"{name}.parquet"


def test_amounts_are_exact_and_times_are_whole(tmp_path: Path) -> None:
    large = 123_456_789_012_345_678_901_234_567_890_123_456
    row = {"time": 1_723_161_600_123_456_789, "account": "paper", "equity": decimal_of(large), "fees": decimal_of(-1)}
    found = pq.read_table(written(tmp_path, [row]))
    assert found.column("equity").to_pylist() == [Decimal("1234567890123456789012345678.90123456")]
    assert found.column("fees").to_pylist() == [Decimal("-0.00000001")]
    assert found.column("opening").to_pylist() == [None]
    assert found.column("time").cast(pa.int64()).to_pylist() == [1_723_161_600_123_456_789]
    assert found.schema.metadata[b"tickmesh"] == b"equity"


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_a_table_without_rows_has_its_columns(tmp_path: Path, name: str) -> None:
    found = pq.read_table(written(tmp_path, [], name))
    assert (found.num_rows, found.column_names) == (0, list(SCHEMAS[name]))


def test_rows_are_written_by_the_block_and_the_same_rows_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_table, "ROWS_AT_ONCE", 100)
    rows = [{"time": place, "account": "", "equity": decimal_of(place)} for place in range(250)]
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        files.append(written(tmp_path / folder, rows))
    assert pq.ParquetFile(files[0]).num_row_groups == 3
    assert pq.read_table(files[0]).num_rows == 250
    assert files[0].read_bytes() == files[1].read_bytes()

"""Fills an embedded ClickHouse through the archive's own database and reads it back: `... FOLDER ROWS`; prints JSON.

In a process of its own, because the engine stays in memory. Rows are trades as the archive agent hands them over. `floor`
is the same columns as numpy arrays through the client's own insert, into a table of the same kind.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from agents.clickhouse.batch import Batch, Link, Rows
from agents.clickhouse.database import Database, connect
from agents.clickhouse.streams import followed_links
from agents.clickhouse.tables import TABLE_OF
from bench.desk import ARCHIVE, desk_config
from core.frame import Header
from schemas.config import Config
from schemas.messages import Trade
from schemas.streams import Kind, stream_kind

ROWS_EACH = 50_000
START_NS = 1_700_000_000_000_000_000
MEAN_GAP_NS = 1_000_000
M = 1e-6
FLOOR = "CREATE TABLE floor (seq UInt64, ts Int64, price Int64, qty Int64, side Int8) ENGINE = MergeTree ORDER BY ts"
SIZE = "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND table = '{}' AND database = '{}'"


def main(folder: Path, rows: int) -> dict[str, float]:
    """Return M rows/s of insert and of read, bytes per row, and M rows/s of the floor."""
    config = desk_config(folder, archived=True)
    links = followed_links(config, ARCHIVE)
    link = next(each for each in links if stream_kind(each.stream) == Kind.TRADE)
    database = Database(ARCHIVE, config, [(each.publisher, each.stream) for each in links])
    database.open()
    batches = [make_batch(link, first, min(ROWS_EACH, rows - first)) for first in range(0, rows, ROWS_EACH)]
    begun_s = time.perf_counter()
    for batch in batches:
        database.write(batch)
    found = {"insert": rows / (time.perf_counter() - begun_s) * M}
    database.close()
    return found | _read(config, rows) | _floor(config, rows)


def make_batch(link: Link, first: int, count: int) -> Batch:
    """Return trades `first` to `first + count` of one stream, as the archive agent gathers them."""
    rows = Rows()
    for number, at_ns, price, qty, side in market(first, count):
        header = Header(
            stream=link.stream, type=1, sender=2, epoch=1, seq=number, origin_ns=at_ns, send_ns=at_ns + 9_000
        )
        rows.append(link, header, Trade(at_ns, at_ns + side * 7 + 50_000, price, qty, side, number))
    positions = {(link.publisher, link.stream): (1, first + count)}
    now_ns = time.monotonic_ns()
    number = first // ROWS_EACH + 1
    return Batch(
        number=number, wall_ns=time.time_ns(), now_ns=now_ns, tables={TABLE_OF[Trade]: rows}, positions=positions
    )


def market(first: int, count: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield (number, time in ns, price, quantity, side) as a market makes them: no two rows alike, and none regular."""
    rng = np.random.default_rng(first + 1)
    times = START_NS + first * MEAN_GAP_NS + np.cumsum(rng.exponential(MEAN_GAP_NS, count)).astype(np.int64)
    prices = 5_000_000 + np.cumsum(rng.integers(-20, 21, count))
    qtys = np.maximum(1, rng.lognormal(10, 2, count)).astype(np.int64)
    sides = rng.choice((-1, 1), count)
    numbers = range(first + 1, first + count + 1)
    yield from zip(numbers, times.tolist(), prices.tolist(), qtys.tolist(), sides.tolist(), strict=True)


def _read(config: Config, rows: int) -> dict[str, float]:
    name = config.agents[ARCHIVE].database  # type: ignore[union-attr]
    table = TABLE_OF[Trade]
    client = connect(ARCHIVE, config)
    begun_s = time.perf_counter()
    with client.query_column_block_stream(f"SELECT * FROM {name}.{table}") as blocks:
        read = sum(len(block[0]) for block in blocks)
    took_s = time.perf_counter() - begun_s
    assert read == rows, f"read {read} of {rows} rows"
    size = float(client.query(SIZE.format(table, name)).result_rows[0][0])
    client.close()
    return {"read": read / took_s * M, "bytes_per_row": size}


def _floor(config: Config, rows: int) -> dict[str, float]:
    client = connect(ARCHIVE, config)
    client.command(FLOOR)
    made = np.array(list(market(0, ROWS_EACH)), dtype=np.int64).T
    kinds = (np.uint64, np.int64, np.int64, np.int64, np.int8)
    columns = [np.ascontiguousarray(column, dtype=kind) for column, kind in zip(made, kinds, strict=True)]
    names = ["seq", "ts", "price", "qty", "side"]
    begun_s = time.perf_counter()
    for _ in range(max(1, rows // ROWS_EACH)):
        client.insert("floor", columns, column_names=names, column_oriented=True)
    took_s = time.perf_counter() - begun_s
    client.close()
    return {"floor": max(1, rows // ROWS_EACH) * ROWS_EACH / took_s * M}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))) + "\n")

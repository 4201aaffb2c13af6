"""One table of a result as a Parquet file: rows are taken one by one and written by the block.

Amounts are exact decimals, times are nanoseconds UTC. What is written depends on the rows alone: the same rows give the
same bytes by one version of pyarrow.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FORMAT = 1
ROWS_AT_ONCE = 65_536
TIME = pa.timestamp("ns", tz="UTC")
SPAN = pa.duration("ns")
TEXT = pa.string()
E8 = pa.decimal128(38, 8)
E16 = pa.decimal128(38, 16)
"""Of averages, and of money that price times quantity is."""
NUMBER = pa.float64()

LIFE = {
    "status": TEXT,
    "accepted": TIME,
    "first_fill": TIME,
    "ended": TIME,
    "time_to_fill": SPAN,
    "filled_qty": E8,
    "average_price": E16,
    "fee": E8,
    "fee_asset": TEXT,
    "pnl": E16,
}
"""What became of an order, in a table that has it twice."""

SCHEMAS: dict[str, dict[str, Any]] = {
    "orders": {
        "client_order_id": TEXT,
        "venue_order_id": TEXT,
        "account": TEXT,
        "instrument": TEXT,
        "strategy": TEXT,
        "side": TEXT,
        "price": E8,
        "qty": E8,
        "filled_qty": E8,
        "average_price": E16,
        "status": TEXT,
        "reason": TEXT,
        "created": TIME,
        "accepted": TIME,
        "first_fill": TIME,
        "ended": TIME,
        "time_to_fill": SPAN,
    },
    "trades": {
        "time": TIME,
        "venue_time": TIME,
        "account": TEXT,
        "instrument": TEXT,
        "strategy": TEXT,
        "client_order_id": TEXT,
        "venue_order_id": TEXT,
        "trade_id": TEXT,
        "side": TEXT,
        "price": E8,
        "qty": E8,
        "fee": E8,
        "fee_asset": TEXT,
        "liquidity": TEXT,
        "position": E8,
        "quote": TEXT,
        "realised_pnl": E16,
        "closed_pnl": E16,
    },
    "equity": {
        "time": TIME,
        "account": TEXT,
        "equity": E8,
        "realised": E8,
        "unrealised": E8,
        "fees": E8,
        "transfers": E8,
        "opening": E8,
        "day_start": E8,
        "peak": E8,
    },
    "positions": {
        "time": TIME,
        "account": TEXT,
        "instrument": TEXT,
        "qty": E8,
        "average_price": E16,
        "mark_price": E16,
        "realised": E8,
        "unrealised": E8,
        "fees": E8,
        "funding": E8,
    },
    "parity": {
        "model": TEXT,
        "client_order_id": TEXT,
        "account": TEXT,
        "instrument": TEXT,
        "strategy": TEXT,
        "side": TEXT,
        "price": E8,
        "qty": E8,
        "sent": TIME,
        "distance": NUMBER,
        "price_difference_ticks": NUMBER,
        "price_difference_bps": NUMBER,
        **{f"{side}_{name}": kind for side in ("real", "simulated") for name, kind in LIFE.items()},
    },
}
"""By table, its columns in their order. Rule of evolution: columns are only ever appended."""


class ParquetTable:
    """A table that is being written; `close` it."""

    def __init__(self, folder: Path, name: str) -> None:
        """Begin the table `name`, a key of `SCHEMAS`, in a folder."""
        self.rows = 0
        self._columns = list(SCHEMAS[name])
        metadata = {"tickmesh": name, "format": str(FORMAT)}
        self._schema = pa.schema(list(SCHEMAS[name].items()), metadata=metadata)
        self._writer = pq.ParquetWriter(str(folder / f"{name}.parquet"), self._schema, compression="zstd")
        self._held: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        """Take a row; what it does not hold is null."""
        assert row.keys() <= set(self._columns), row.keys()
        self._held.append(row)
        self.rows += 1
        if len(self._held) == ROWS_AT_ONCE:
            self._write()

    def close(self) -> None:
        """Write what is left, and end the file."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._held:
            columns = {name: [row.get(name) for row in self._held] for name in self._columns}
            self._writer.write_table(pa.table(columns, schema=self._schema))
            self._held.clear()


def decimal_of(value: int, decimals: int = 8) -> Decimal:
    """Return an integer times 10**`decimals` as a decimal, exact at any size."""
    return Decimal(f"{value}E-{decimals}")

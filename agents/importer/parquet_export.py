"""Market data out of the archive into one Parquet file, as `import` takes it back."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from agents.archive.database import AWAY, archive_name, connect_prepared
from agents.archive.recordings import ArchivedMarket
from agents.archive.retention import kept_since_ns, wall_ns
from agents.archive.row_messages import STREAM_TABLES, PlacedMessages
from agents.importer.holdings import KINDS, Chosen, holdings
from agents.importer.parquet_columns import schema_of, values_of
from agents.instruments import InstrumentInfo, InstrumentTable
from schemas.config import ArchiveConfig, Config
from schemas.errors import CaptureError, ConfigError, RecordingError, UnavailableError


def export(config: Config, chosen: Chosen, out: Path) -> int:
    """Write what is `chosen`, which is of one kind, and return the number of rows; `out` is there when it is whole.

    Messages are those that a replay of the archive hands out: what was recorded twice comes once, and what is missing is
    told by the states of the feed.

    Raises:
        CaptureError: If there is nothing.
        ConfigError: If what is chosen is of several kinds, or of instruments that are not in the configuration.
        RecordingError: If the file cannot be written.
        UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open.
    """
    held = holdings(config, chosen)
    kinds = sorted({each.kind for each in held})
    if not held:
        raise CaptureError(f"the archive holds nothing of {chosen}")
    if len(kinds) > 1:
        raise ConfigError(f"--kind: one of {', '.join(kinds)}; a file has one kind")
    table, infos = InstrumentTable(config), {}
    for each in held:
        if (each.venue, each.symbol) not in table.by_symbol:
            raise ConfigError(
                f"instruments: {each.symbol!r} at {each.venue!r} is not there, so its units are not known"
            )
        infos[each.venue, each.symbol] = table.by_symbol[each.venue, each.symbol]
    name = archive_name(config, chosen.archive)
    archive = config.agents[name]
    assert isinstance(archive, ArchiveConfig)
    part = out.with_name(f".{out.name}.part")
    try:
        with closing(connect_prepared(name, config)) as client:
            since_ns = kept_since_ns(STREAM_TABLES[KINDS[kinds[0]]][0], archive.keep_days, wall_ns(client))
            from_ns = max(chosen.from_ns, since_ns)
            market = ArchivedMarket(client, archive.database, from_ns=from_ns, to_ns=chosen.to_ns)
            rows = _write(part, KINDS[kinds[0]], market, list(infos.values()))
        os.replace(part, out)
    except AWAY as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is not None:
            raise RecordingError(f"{out}: cannot be written: {error.strerror}") from error
        raise UnavailableError(f"ClickHouse of {name} does not answer: {error}") from error
    return rows


def _write(part: Path, kind: int, market: ArchivedMarket, infos: list[InstrumentInfo]) -> int:
    rows = 0
    schema = schema_of(kind)
    with pq.ParquetWriter(str(part), schema, compression="zstd") as writer:
        for info in infos:
            for block in market.blocks(info, kind):
                writer.write_table(_table(kind, schema, info, block))
                rows += len(block.messages)
    return rows


def _table(kind: int, schema: pa.Schema, info: InstrumentInfo, block: PlacedMessages) -> pa.Table:
    columns = dict(_placed(info, block)) | values_of(kind, block.messages)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _placed(info: InstrumentInfo, block: PlacedMessages) -> Iterator[tuple[str, Any]]:
    count = len(block.messages)
    for name, text in (
        ("venue", info.venue.name),
        ("symbol", info.symbol),
        ("tick_size", info.config.tick_size),
        ("lot_size", info.config.lot_size),
    ):
        yield name, pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([text]))
    types = pa.array([type(message).__name__ for message in block.messages]).dictionary_encode()
    yield "message", types
    yield "place", pa.array(block.seqs.astype("i8"))
    yield "flags", pa.array(block.flags)

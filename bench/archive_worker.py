"""Fills an embedded ClickHouse through the archive agent and reads it back: `... FOLDER ROWS`; prints JSON.

In a process of its own, because the engine stays in memory. The agent, its writer and its database are the real ones; only
the context is played, and the trades are made before the clock starts. They come as a socket's receiver hands them over
while a publisher is live: `BATCH` at most in one call. `floor` is numpy columns through the client's own insert, into a
narrower table without codecs.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from agents.archive import agent as archive
from agents.archive.agent import ArchiveAgent
from agents.archive.database import connect
from agents.archive.reader import TickReader
from agents.archive.streams import followed_links
from agents.archive.tables import TABLE_OF
from bench.desk import ARCHIVE, desk_config
from core.frame import Header
from mesh.agent import Context, VenueReply
from schemas.config import Config
from schemas.counters import Counter
from schemas.messages import Trade
from schemas.streams import Kind, stream_kind

BATCH = 64
"""Trades in one call of the agent, as many as `mesh.transport.receivers` gathers."""

BURST_BATCHES = 32
"""Batches between two turns of the event loop."""

WAITING_MAX = 750_000
"""Trades that wait for ClickHouse at most: a log would hold back the rest."""

FLOOR_ROWS_EACH = 100_000
START_NS = 1_700_000_000_000_000_000
MEAN_GAP_NS = 1_000_000
M = 1e-6
FLOOR = "CREATE TABLE floor (seq UInt64, ts Int64, price Int64, qty Int64, side Int8) ENGINE = MergeTree ORDER BY ts"
SIZE = "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND table = '{}' AND database = '{}'"

Made = list[tuple[list[Header], list[Trade]]]


class StillContext(Context):
    """As much of a context as the archive uses; the clock stands still, so rows go when enough of them are there."""

    def __init__(self) -> None:
        """Take the time."""
        super().__init__(ARCHIVE, 1, 1)
        self.now_ns = time.monotonic_ns()
        self.wall_ns = time.time_ns()

    def set_timer(self, name: str, at_ns: int) -> None:
        """Never comes."""

    def cancel_timer(self, name: str) -> None:
        """Never came."""

    def count(self, counter: Counter, n: int = 1) -> None:
        """Refuse: nothing here is to be counted."""
        raise AssertionError(counter)


class Ends:
    """Hands the ends of batches back to the agent, as the node does."""

    def __init__(self, agent: ArchiveAgent) -> None:
        """Take the agent."""
        self._agent = agent

    def venue_replied(self, reply: VenueReply) -> None:
        """Hand on the end of a batch."""
        self._agent.on_venue_reply(reply)

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """Refuse: ClickHouse is in this process."""
        raise AssertionError(reason)

    def frame_received(self, connection: str, frame: bytes) -> None:
        """Refuse: there are no frames."""
        raise AssertionError(connection)


def main(folder: Path, rows: int) -> dict[str, float]:
    """Return M rows/s of hand-over, of insert, of a replay's read and of reading all, bytes per row, M rows/s of floor."""
    config = desk_config(folder, archived=True)
    links = followed_links(config, ARCHIVE)
    link = next(each for each in links if stream_kind(each.stream) == Kind.TRADE)
    found = asyncio.run(_insert(config, link.publisher, make_trades(link.stream, rows)))
    found |= _read(config, link.venue, link.symbol, rows)
    return found | _floor(config, rows)


def make_trades(stream: int, count: int) -> Made:
    """Return the first `count` trades of a stream, in batches."""
    begun_ns = time.monotonic_ns() - count * MEAN_GAP_NS * 2
    headers: list[Header] = []
    trades: list[Trade] = []
    for number, at_ns, price, qty, side in market(0, count):
        origin_ns = begun_ns + at_ns - START_NS
        headers.append(
            Header(
                stream=stream,
                type=1,
                sender=2,
                epoch=1,
                seq=number,
                origin_ns=origin_ns,
                send_ns=origin_ns + 40_000 + qty % 9_000,
            )
        )
        trades.append(Trade(at_ns, at_ns + side * 7 + 50_000, price, qty, side, str(number)))
    return [(headers[first : first + BATCH], trades[first : first + BATCH]) for first in range(0, count, BATCH)]


def market(first: int, count: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield (number, time in ns, price, quantity, side) as a market makes them: no two rows alike, and none regular."""
    rng = np.random.default_rng(first + 1)
    times = START_NS + first * MEAN_GAP_NS + np.cumsum(rng.exponential(MEAN_GAP_NS, count)).astype(np.int64)
    prices = 5_000_000 + np.cumsum(rng.integers(-20, 21, count))
    qtys = np.maximum(1, rng.lognormal(10, 2, count)).astype(np.int64)
    sides = rng.choice((-1, 1), count)
    numbers = range(first + 1, first + count + 1)
    yield from zip(numbers, times.tolist(), prices.tolist(), qtys.tolist(), sides.tolist(), strict=True)


async def _insert(config: Config, publisher: str, made: Made) -> dict[str, float]:
    """Hand every trade to the agent; return rows/s of that alone, and until ClickHouse has the last one."""
    agent = archive.build(ARCHIVE, config)
    shell = archive.shell(ARCHIVE, config, agent)
    agent.bind(StillContext())
    await shell.start(Ends(agent))
    agent.start()
    handed_s = 0.0
    begun_s = time.perf_counter()
    for first in range(0, len(made), BURST_BATCHES):
        while agent.figures().pending > WAITING_MAX:
            await asyncio.sleep(0.001)
        burst_s = time.perf_counter()
        for headers, trades in made[first : first + BURST_BATCHES]:
            agent.on_messages(publisher, headers, trades)
        handed_s += time.perf_counter() - burst_s
        await asyncio.sleep(0)
    agent.stop()
    await shell.stop()
    took_s = time.perf_counter() - begun_s
    rows = sum(len(headers) for headers, _ in made)
    return {"hand_over": rows / handed_s * M, "insert": rows / took_s * M}


def _read(config: Config, venue: str, symbol: str, rows: int) -> dict[str, float]:
    name = config.agents[ARCHIVE].database  # type: ignore[union-attr]
    table = TABLE_OF[Trade]
    client = connect(ARCHIVE, config)

    def replayed() -> int:
        with TickReader(lambda: connect(ARCHIVE, config), table, venue, symbol, database=name) as blocks:
            return sum(len(block["price_ticks"]) for block in blocks)

    def whole() -> int:
        with client.query_column_block_stream(f"SELECT * FROM {name}.{table}") as blocks:
            return sum(len(block[0]) for block in blocks)

    found = {"read": _rate(replayed, rows), "read_all": _rate(whole, rows)}
    found["bytes_per_row"] = float(client.query(SIZE.format(table, name)).result_rows[0][0])
    client.close()
    return found


def _rate(read: Callable[[], int], rows: int) -> float:
    begun_s = time.perf_counter()
    count = read()
    took_s = time.perf_counter() - begun_s
    assert count == rows, f"read {count} of {rows} rows"
    return rows / took_s * M


def _floor(config: Config, rows: int) -> dict[str, float]:
    client = connect(ARCHIVE, config)
    client.command(FLOOR)
    made = np.array(list(market(0, FLOOR_ROWS_EACH)), dtype=np.int64).T
    kinds = (np.uint64, np.int64, np.int64, np.int64, np.int8)
    columns: list[Any] = [np.ascontiguousarray(column, dtype=kind) for column, kind in zip(made, kinds, strict=True)]
    names = ["seq", "ts", "price", "qty", "side"]
    begun_s = time.perf_counter()
    for _ in range(max(1, rows // FLOOR_ROWS_EACH)):
        client.insert("floor", columns, column_names=names, column_oriented=True)
    took_s = time.perf_counter() - begun_s
    client.close()
    return {"floor": max(1, rows // FLOOR_ROWS_EACH) * FLOOR_ROWS_EACH / took_s * M}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))) + "\n")

"""The archive: trades through the archive agent into the embedded ClickHouse, and out of it again.

Insert is everything from the first `on_messages` until ClickHouse has the last row and its watermark: columns out of
messages, blocks, the engine; agent and writer run side by side, as they do live. `hand_over` is the agent's part alone.
Read is what a replay reads, in order, through `TickReader`: times, price, quantity, side, ids and place in the stream, as
plain integers. `read_all` is every column of the table through the client, names and times of day decoded. `floor` is
numpy columns through the client's own insert into a narrower table.
"""

import json
import sys

from bench.processes import Processes
from bench.result import Better, Source
from bench.scenario import Bench

NAME = "archive"
TITLE = "Archive"
WEIGHT = 1.0
TIMEOUT_S = 120.0
FIGURES: dict[str, tuple[str, Source, Better]] = {
    "insert": ("M rows/s", "tickmesh", "higher"),
    "hand_over": ("M rows/s", "tickmesh", "higher"),
    "read": ("M rows/s", "tickmesh", "higher"),
    "read_all": ("M rows/s", "tickmesh", "higher"),
    "bytes_per_row": ("bytes", "tickmesh", "lower"),
    "floor": ("M rows/s", "floor", "higher"),
}


def run(bench: Bench) -> None:
    """Measure."""
    rows = bench.settings.n(3_000_000, 1_500_000, 1_000)
    rounds = bench.rounds({"worker": lambda: once(bench, rows)}).get("worker", [])
    for name, (unit, source, better) in FIGURES.items() if rounds else ():
        bench.figure(name, unit, [each[name] for each in rounds], source=source, better=better)


def once(bench: Bench, rows: int) -> dict[str, float]:
    """Run the worker once."""
    with bench.folder() as folder, Processes(folder) as processes:
        processes.start("worker", [sys.executable, "-m", "bench.archive_worker", str(folder), str(rows)])
        processes.wait("worker", TIMEOUT_S)
        found: dict[str, float] = json.loads((folder / "worker.log").read_text().splitlines()[-1])
        return found

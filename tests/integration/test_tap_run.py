"""`tickmesh tap` on a trading mesh: decoded signals and decisions as they happen, at no cost to the agent looked at.

A tap whose process stands still is the worst case: its queue fills and nobody empties it. Windows with such a tap and
windows without any follow each other by turns, so that whatever else the machine does is in both, and how much windows
without a tap differ from each other tells what the machine's noise is. The figures are printed (`pytest -rP`).
"""

import json
import os
import signal
import statistics
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agents.archive.database import connect
from schemas.config import Config
from tests.integration.whole_mesh import WholeMesh, assert_nothing_lost, trade_eagerly, whole_mesh

pytestmark = pytest.mark.whole_mesh
SPEED = 10.0
"""The model then sends about a thousand frames a second."""

SHOWN_MIN = {"Signal": 10, "Approved": 5, "Quote": 100, "BookDelta": 10, "Trade": 10}
WINDOWS = 5
WINDOW_MESSAGES = 1_000
TAPPED = "signal"
"""Whom a stopped tap must not slow: it is woken for every tick."""

HOP = "md>signal"
SLOWER_MAX = 1.5
"""How much more the hop may take with a stopped tap, beyond what windows without a tap differ by themselves."""

HISTOGRAM_HEAD_BYTES = 56

Lines = list[dict[str, Any]]


@pytest.mark.timeout(240)
def test_tap_shows_decisions_and_a_stopped_one_slows_nothing(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(trade_eagerly, speed=SPEED)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        lines = tapped(mesh, tmp_path / "tap.json")
        without, stopped = [], []
        for number in range(WINDOWS):
            without.append(hop_ns(mesh))
            with stopped_tap(mesh, tmp_path / f"stopped{number}.json"):
                stopped.append(hop_ns(mesh))
        without.append(hop_ns(mesh))
        mesh.ask_to_end()
        found = mesh.report()
        assert_nothing_lost(found)
        assert_tapped_is_archived(lines, mesh.config)
    for name, each, each_stopped in zip(
        ("p50", "p99"), zip(*without, strict=True), zip(*stopped, strict=True), strict=True
    ):
        assert_not_slower(name, each, each_stopped)


def assert_not_slower(name: str, without: Sequence[int], stopped: Sequence[int]) -> None:
    """Assert that a figure of the hop, taken in windows without and with a stopped tap, is the same but for the noise."""
    noise_ns = max(without) - min(without)
    bound_ns = SLOWER_MAX * statistics.median(without) + noise_ns
    sys.stdout.write(
        f"{HOP} {name}: {statistics.median(stopped) / 1000:.0f} us with a stopped tap, "
        f"{statistics.median(without) / 1000:.0f} us without (noise {noise_ns / 1000:.0f}, bound {bound_ns / 1000:.0f}); "
        f"windows {[round(ns / 1000) for ns in stopped]} with, {[round(ns / 1000) for ns in without]} without\n"
    )
    assert statistics.median(stopped) <= bound_ns, (name, without, stopped)


def tapped(mesh: WholeMesh, out: Path) -> Lines:
    """Tap risk until it has shown enough of everything, end the tap, and return what it wrote."""
    tap = mesh.spawn("tap", "risk", "--json", "-c", mesh.config_file, out=out)
    try:
        mesh.until(lambda: Counter(line["type"] for line in written(out)) >= Counter(SHOWN_MIN), "enough is shown", 60)
    finally:
        tap.send_signal(signal.SIGINT)
        status = tap.wait(10)
    lines = list(written(out))
    assert status == 0
    assert f"{len(lines)} frames shown" in Path(f"{out}.err").read_text()
    return lines


def written(out: Path) -> Iterator[dict[str, Any]]:
    """Yield the whole lines that are in the file."""
    for line in out.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield json.loads(line)


@contextmanager
def stopped_tap(mesh: WholeMesh, out: Path) -> Iterator[None]:
    """Attach a tap, stop its process once it shows frames, and kill it at the end."""
    tap: subprocess.Popen[bytes] = mesh.spawn("tap", TAPPED, "--json", "-c", mesh.config_file, out=out)
    try:
        mesh.until(lambda: out.stat().st_size, "the tap shows frames", 30)
        os.kill(tap.pid, signal.SIGSTOP)
        yield
    finally:
        tap.kill()
        tap.wait()


def hop_ns(mesh: WholeMesh) -> tuple[int, int]:
    """Return p50 and p99 of the next `WINDOW_MESSAGES` or more latencies from market data to the tapped agent."""
    before = hop_counts(mesh)

    def window() -> Counter[int] | None:
        found = hop_counts(mesh) - before
        return found if found.total() >= WINDOW_MESSAGES else None

    found = sorted(mesh.until(window, f"{WINDOW_MESSAGES} more messages reach {TAPPED}", 60).elements())
    return bucket_ns(found[len(found) // 2]), bucket_ns(found[len(found) * 99 // 100])


def hop_counts(mesh: WholeMesh) -> Counter[int]:
    """Return the tapped agent's histogram of the hop as counts by bucket."""
    data = mesh.status(TAPPED).latency[HOP]
    return Counter(dict(struct.iter_unpack("<Hq", data[HISTOGRAM_HEAD_BYTES:])))


def bucket_ns(bucket: int) -> int:
    """Return the least latency of a bucket: 256 of one nanosecond, then 128 for each power of two."""
    power, step = divmod(bucket - 256, 128)
    return bucket if bucket < 256 else (128 + step) << (power + 1)


def assert_tapped_is_archived(lines: Lines, config: Config) -> None:
    """Assert that the tap told of signals and decisions what the archive holds of them."""
    asked = [line for line in lines if line["type"] == "Signal"]
    assert {(line["direction"], line["peer"], line["stream"]) for line in asked} == {("in", "signal", "REQUEST")}
    said = [line for line in lines if line["type"] in ("Approved", "Denied") and line["stream"].startswith("DECISION/")]
    assert {(line["direction"], line["peer"]) for line in said} == {("out", "")}
    client = connect("archive", config)
    try:

        def rows(query: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
            return {tuple(row[:2]): tuple(row[2:]) for row in client.query(query).result_rows}

        signals = rows("SELECT epoch, signal_id, strategy, instrument_id, toInt8(side), qty_lots FROM tickmesh.signals")
        decisions = rows(
            "SELECT stream, seq, epoch, upper(decision), signal_id FROM tickmesh.decisions WHERE signal_id > 0"
        )
    finally:
        client.close()
    names = ("strategy", "instrument_id", "side", "qty_lots")
    for line in asked:
        message = line["message"]
        assert signals[line["epoch"], message["signal_id"]] == tuple(message[name] for name in names)
    streams = {f"DECISION/{stream >> 16 & 0xFF}/{stream & 0xFFFF}": stream for stream, _ in decisions}
    for line in said:
        found = decisions[streams[line["stream"]], line["seq"]]
        assert found == (line["epoch"], line["type"].upper(), line["message"]["signal_id"])

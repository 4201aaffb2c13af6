"""`tickmesh sweep`: the same table whoever played it and whatever was killed, and what is wrong with what it is given."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyarrow import parquet

from mesh.run.default_config import default_tree, describe, make_capture, toml_text
from tests.integration.backtest_run import refusal

TIMEOUT_S = 120
GRID = ("--grid", "threshold=0.1,0.3,0.5", "--grid", "agents.risk.limits.order_notional_max=300:700:200")


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "mesh", "sweep", *args]


def sweep(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*args), capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


@pytest.fixture(scope="module")
def capture(tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("capture") / "model.gz"
    make_capture(file, seed=7, duration_s=10.0)
    return str(file)


@pytest.fixture(scope="module")
def swept(capture, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("swept") / "out"
    ended = sweep("--capture", capture, *GRID, "--walk-forward", "4", "--workers", "2", "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    assert "9 variants were played" in ended.stdout
    assert "Walk-forward, 4 folds, anchored" in ended.stdout
    return out


def table(out: Path) -> bytes:
    return (out / "sweep.json").read_bytes()


def test_variants_differ_and_the_best_is_first(swept):
    found = json.loads(table(swept))
    rows = found["rows"]
    assert sorted(row["number"] for row in rows) == list(range(10))
    figures = [row["figure"] for row in rows]
    assert figures == sorted(figures, reverse=True)
    assert len(set(figures)) > 2
    assert found["judged"]["walk_forward"]["folds"] == 4
    assert 0 <= found["judged"]["overfit_probability"] <= 1


def test_the_same_stands_in_parquet_and_on_the_page(swept):
    rows = json.loads(table(swept))["rows"]
    kept = parquet.read_table(swept / "sweep.parquet").to_pylist()
    assert [row["by equity_change"] for row in kept] == [row["figure"] for row in rows]
    assert [row["result.pnl.fees"] for row in kept] == [float(row["result"]["pnl"]["fees"]) for row in rows]
    page = (swept / "sweep.html").read_text()
    assert '"type":"heatmap"' in page
    assert "src=" not in page[: page.index("<script>")]


def test_a_variant_is_the_backtest_of_its_configuration(swept, capture, tmp_path):
    out = tmp_path / "one"
    args = [sys.executable, "-m", "mesh", "backtest", "--capture", capture, "--out", str(out)]
    subprocess.run(args, check=True, capture_output=True, timeout=TIMEOUT_S)
    tested = json.loads((out / "result.json").read_text())
    (row,) = [row for row in json.loads(table(swept))["rows"] if row["number"] == 0]
    for key in ("equity_final", "pnl", "orders", "fills", "denied", "venues", "positions", "signals"):
        assert row["result"][key] == tested[key], key


def test_a_killed_process_costs_its_own_variant_and_the_table_is_the_same(swept, capture, tmp_path):
    out = tmp_path / "out"
    args = command("--capture", capture, *GRID, "--walk-forward", "4", "--workers", "1", "--out", str(out))
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        deadline_s = time.monotonic() + TIMEOUT_S
        while len(done(out)) < 2 and time.monotonic() < deadline_s:
            time.sleep(0.01)
        (worker,) = workers_of(running.pid)
        os.kill(worker, signal.SIGKILL)
        _, told = running.communicate(timeout=TIMEOUT_S)
    assert running.returncode == 0, told
    assert "its process ended with -9; it is played again" in told
    assert table(out) == table(swept)


def test_a_killed_sweep_goes_on(swept, capture, tmp_path):
    out = tmp_path / "out"
    args = ("--capture", capture, *GRID, "--walk-forward", "4", "--out", str(out))
    with subprocess.Popen(command(*args, "--workers", "1"), stderr=subprocess.DEVNULL) as running:
        deadline_s = time.monotonic() + TIMEOUT_S
        while len(done(out)) < 3 and time.monotonic() < deadline_s:
            time.sleep(0.01)
        running.kill()
    before = done(out)
    assert 3 <= len(before) < 10
    ended = sweep(*args)
    assert f"{len(before)} of 10 variants were done before" in ended.stderr
    assert done(out)[: len(before)] == before
    assert table(out) == table(swept)


def done(out: Path) -> list[str]:
    file = out / "variants.jsonl"
    return [line for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")] if file.exists() else []


def workers_of(parent: int) -> list[int]:
    """Return the processes that play for another one."""
    found = []
    for path in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        line = Path(f"/proc/{path}/cmdline").read_bytes()
        if b"spawn_main" in line:
            found.append(int(path))
    return found


def test_what_is_wrong_is_named(capture, tmp_path):
    cases = [
        (("--grid", "fats=1:3"), 78, "no strategy takes it"),
        (("--grid", "agents.risk.limit=1"), 78, "found: "),
        (("--grid", "fast=3:1"), 78, "not a range"),
        (("--grid", "fast=3,4", "--by", "profit"), 78, "allowed: equity_change"),
        (("--grid", "fast=3,4", "--by", "fills", "--walk-forward", "3"), 78, "--walk-forward"),
        (("--grid", "fast=1:500", "--grid", "slow=1:500"), 78, "--random N"),
        ((), 2, "--grid"),
    ]
    for args, status, text in cases:
        found, said = refusal("sweep", "--capture", capture, *args, "--out", str(tmp_path / "out"))
        assert (found, text in said) == (status, True), said
    ended = sweep("--capture", str(tmp_path / "none.gz"), "--grid", "fast=3", "--out", str(tmp_path / "out"))
    assert ended.returncode == 66


def test_kept_logs_are_those_of_a_backtest_with_its_market_data(capture, tmp_path):
    out = tmp_path / "out"
    by = ("--by", "-figures.drawdown_max")
    ended = sweep("--capture", capture, "--grid", "threshold=0.1,0.5", *by, "--keep", "--out", str(out), "--json")
    assert ended.returncode == 0, ended.stderr
    rows = json.loads(ended.stdout)["rows"]
    assert [row["figure"] for row in rows] == sorted(row["figure"] for row in rows)
    best = next(row["number"] for row in rows if row["number"])
    for row in rows:
        folder = out / "variants" / str(row["number"])
        kept = json.loads((folder / "result.json").read_text())
        assert kept["pnl"] == row["result"]["pnl"]
        assert kept["figures"] == row["result"]["figures"]
        assert float(kept["figures"]["drawdown_max"]) == row["figure"]
        assert (folder / "report.html").exists() == (row["number"] == best)
        assert {path.name for path in (folder / "logs").iterdir()} >= {"md", "execution", "portfolio"}
        assert list((folder / "logs" / "md" / "log").iterdir())


def test_a_span_of_the_archive_is_played_as_the_capture_that_was_imported(swept, capture, tmp_path):
    tree = default_tree(tmp_path / "state", 1, captures=[capture], found=describe([capture]))
    config = tmp_path / "tickmesh.toml"
    config.write_text(toml_text(tree))
    args = [sys.executable, "-m", "mesh", "import", "-c", str(config), capture]
    subprocess.run(args, check=True, capture_output=True, timeout=TIMEOUT_S)
    out = tmp_path / "out"
    ended = sweep("-c", str(config), "--from", "2020-01-01", *GRID, "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    found, expected = ({r["number"]: r["result"] for r in json.loads(table(f))["rows"]} for f in (out, swept))
    assert len(found) == 10
    for number, result in found.items():
        for key in ("orders", "fills", "positions", "pnl", "signals"):
            assert result[key] == expected[number][key], (number, key)

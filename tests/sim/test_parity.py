"""Parity: paper runs at a venue that is hidden are told by their orders, and what cannot be told is not.

The short form is three seeds; TICKMESH_LONG=1 (`make parity`) is twenty, of which eighteen are to be told right.
"""

import json
import os
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from agents.backtest import CaptureSource
from agents.backtest.parity import ParityAsked, parity
from agents.backtest.parity.parity_result import Parity
from mesh.config import load
from schemas.errors import CaptureError, ConfigError
from tests.sim.passive_orders import CANDIDATES, Hidden, drawn, hidden_run

LONG = bool(os.environ.get("TICKMESH_LONG"))
SEEDS = range(20) if LONG else range(3)


def judged(run: Path, *models: str, out: str = "parity", source: CaptureSource | None = None) -> Parity:
    asked = ParityAsked(models)
    return parity(load(run / "tickmesh.toml"), run, run / "logs", source, run / out, asked, lambda *_: None)


@pytest.fixture(scope="module")
def power_run(tmp_path_factory) -> Path:
    return hidden_run(tmp_path_factory.mktemp("power"), 77, Hidden("power", "4ms"), 30.0)


def test_the_hidden_venue_is_named(tmp_path):
    """Each seed draws one of four queues and one of four latencies, and sixteen models are tried."""
    told = {}
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        folder.mkdir()
        found = judged(hidden_run(folder, seed, drawn(seed)), CANDIDATES)
        assert len(found.models) == 16
        assert found.orders > 200
        told[seed] = (drawn(seed).name, found.best)
    right = sum(name == best for name, best in told.values())
    sys.stdout.write(f"parity: {right} of {len(told)} hidden venues named among 16 models: {told}\n")
    assert right >= len(told) * 18 // 20, told


def test_the_right_model_gives_every_order_the_life_that_it_had(power_run):
    found = judged(power_run, "power:3/4ms", "risk_averse/4ms")
    assert found.best == "power:3/4ms"
    right, wrong = found.models
    assert right.simulated == found.real
    assert right.distance == right.log_likelihood == 0.0
    assert right.difference.filled_really_only == right.difference.filled_simulated_only == 0
    assert wrong.simulated.fill_ratio < found.real.fill_ratio
    assert wrong.z > 1.645
    rows = pq.read_table(power_run / "parity" / "parity.parquet").to_pylist()
    assert len(rows) == 2 * found.orders
    for row in rows[: found.orders]:
        for name in ("status", "accepted", "first_fill", "filled_qty", "average_price", "fee", "pnl"):
            assert row[f"real_{name}"] == row[f"simulated_{name}"], (name, row)
    total = sum(row["real_pnl"] for row in rows[: found.orders])
    assert float(total) == pytest.approx(float(found.real.pnl["USDT"]), abs=1e-7)
    assert json.loads((power_run / "parity" / "parity.json").read_bytes())["best"] == found.best


def test_models_that_orders_do_not_tell_apart_are_told_together(power_run):
    """Two spellings of nearly the same queue: no order stands where they differ."""
    found = judged(power_run, "power:3,power:3.0001/4ms", out="alike")
    assert found.best is None
    assert sorted(found.alike) == ["power:3.0001/4ms", "power:3/4ms"]


def test_the_market_may_be_the_capture(power_run):
    found = judged(power_run, "power:3/4ms", out="capture", source=CaptureSource([str(power_run / "model.gz")]))
    assert found.market == "model.gz"
    assert found.models[0].distance == 0.0


def test_the_same_run_gives_the_same_bytes(power_run):
    bytes_of = []
    for name in ("one", "other"):
        judged(power_run, out=name)
        bytes_of.append([(power_run / name / file).read_bytes() for file in ("parity.json", "parity.parquet")])
    assert bytes_of[0] == bytes_of[1]


def test_what_is_wrong_is_named(power_run, tmp_path):
    config = load(power_run / "tickmesh.toml")

    def asked(logs: Path, *models: str, out: Path = tmp_path / "out") -> None:
        parity(config, power_run, logs, None, out, ParityAsked(models), lambda *_: None)

    with pytest.raises(CaptureError, match="no log of any agent"):
        asked(tmp_path)
    with pytest.raises(ConfigError, match="allowed: risk_averse, optimistic, power, log"):
        asked(power_run / "logs", "fifo/1ms")
    with pytest.raises(ConfigError, match="allowed: measured"):
        asked(power_run / "logs", "log/soon")
    only = tmp_path / "orders"
    only.mkdir()
    (only / "execution").symlink_to(power_run / "logs" / "execution")
    with pytest.raises(CaptureError, match="holds no log of market data"):
        asked(only)
    empty = tmp_path / "market"
    empty.mkdir()
    (empty / "md").symlink_to(power_run / "logs" / "md")
    with pytest.raises(CaptureError, match="no order was sent"):
        asked(empty)
    judged(power_run, "log/1ms", out="taken")
    with pytest.raises(ConfigError, match="holds a parity already"):
        judged(power_run, "log/1ms", out="taken")

"""A whole recorded session through the whole mesh: what the venue sent is what was published, and what the archive holds.

`test_slow_subscriber` holds a session of the spot market against its archive in the same way.
"""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mesh.config import load
from tests.integration.recorded import Recorded, assert_archived, assert_report
from tests.integration.whole_mesh import assert_nothing_lost, whole_mesh

pytestmark = pytest.mark.whole_mesh
CAPTURES = (
    "raw/binance-usdm/hftbacktest/btcusdt_20230404.dat.gz",
    "raw/binance-usdm/hftbacktest/btcusdt_20230405.dat.gz",
)
COMPARED = 1565
SPEED = 100
RUN_S_MAX = 150.0
MODELLED_S = 5


@pytest.mark.timeout(240)
def test_session_is_published_and_archived_tick_for_tick(tmp_path: Path, data_dir: Path) -> None:
    paths = [data_dir / capture for capture in CAPTURES]
    options = [each for path in paths for each in ("--capture", path)]
    with whole_mesh(tmp_path) as mesh:
        mesh.start(*options, "--speed", SPEED, "--json", "--state-dir", mesh.state)
        recorded = Recorded(paths)
        assert recorded.comparable == COMPARED
        found = mesh.report(RUN_S_MAX)
        assert_report(found, recorded)
        assert_archived(load(mesh.state / "tickmesh.toml"), recorded)


def bybit_ticks(line: str) -> int:
    """Return how many ticks a line of the recording holds: trades, changes of books, tickers of contracts."""
    record = json.loads(line)
    frame = json.loads(record["data"]) if record["t"] == "recv" else {}
    what = frame.get("topic", "").partition(".")[0]
    if what == "publicTrade":
        return len(frame["data"])
    linear = record.get("conn") == "BYBIT.ws.2"
    return int((what == "orderbook" and frame["type"] == "delta") or (what == "tickers" and linear))


def okx_ticks(line: str) -> int:
    """Return how many ticks a line holds of an instrument that is spot or a linear swap with prices of eight decimals."""
    frame = json.loads(line.partition(": ")[2]) if line[:1].isdigit() else {}
    symbol = frame.get("arg", {}).get("instId", "")
    followed = symbol.count("-") == 1 or symbol.endswith("-USDT-SWAP")
    if "data" not in frame or not followed or symbol == "FUN-BTC":
        return 0
    if frame["arg"]["channel"] == "trades":
        return len(frame["data"])
    return int(frame.get("action") == "update")


def coinm_ticks(line: str) -> int:
    """Return 1 for a line with a frame of a feed."""
    frame = json.loads(line.partition(": ")[2]) if line[:1].isdigit() else {}
    return int("stream" in frame and "@kline" not in frame["stream"])


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("capture", "ticks_of", "speed", "trades"),
    [
        ("raw/bybit/cryptofeed-v3/BYBIT_v5_BTC_DOGE.jsonl.gz", bybit_ticks, 10, True),
        ("raw/okx/cryptofeed/2021-07-22_OKEX.ws.1.0.gz", okx_ticks, 10, True),
        ("raw/okx/cryptofeed/2022-05-13_OKX.ws.1.0.gz", okx_ticks, 5, True),
        ("raw/binance-coinm/cryptofeed/2021-07-21_BINANCE_DELIVERY.ws.1.0.gz", coinm_ticks, 10, False),
    ],
)
def test_session_of_another_venue_is_published_and_archived(
    tmp_path: Path, data_dir: Path, capture: str, ticks_of: Callable[[str], int], speed: int, trades: bool
) -> None:
    """That positions are what the account holds, `up` itself says by its exit status; no COIN-M order is taken."""
    path = data_dir / capture
    expected = sum(map(ticks_of, gzip.decompress(path.read_bytes()).decode().splitlines()))
    with whole_mesh(tmp_path) as mesh:
        mesh.start("--capture", path, "--speed", speed, "--json", "--state-dir", mesh.state)
        found: dict[str, Any] = mesh.report(RUN_S_MAX)
    assert found["ticks"] == dict.fromkeys(("captured", "published", "archived"), expected)
    assert_nothing_lost(found)
    assert ("execution" in {each["name"] for each in found["agents"]}) is trades
    assert all((each["state"], each["restarts"]) == ("live", 0) for each in found["agents"])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("venue", ["binance-usdm", "bybit", "okx"])
def test_another_venue_is_modelled_and_traded_with_no_further_setting(tmp_path: Path, venue: str) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.start("--venue", venue, "--duration", MODELLED_S, "--json", "--state-dir", mesh.state)
        found: dict[str, Any] = mesh.report(RUN_S_MAX)
    ticks = found["ticks"]
    assert ticks["captured"] == ticks["published"] == ticks["archived"] > 50 * MODELLED_S
    assert_nothing_lost(found)
    assert found["fills"] > 0
    assert all(0 < each["compared"] == each["equal"] for each in found["books"])

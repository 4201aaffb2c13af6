"""Connections that the venue ends while they are recorded, over real websockets: each frame is in the files once."""

import asyncio
import json
from pathlib import Path

import pytest

from agents.recorder import RecordingLimits, build
from tests.integration.recorder_process import lines_of
from tests.integration.test_connection_life import DELAY_S_MAX, ENDS_MIN, LIFE_S, SEEDS, TICKS, Market
from tests.unit.agents.market_data.market_data_desk import config

SEGMENT_BYTES = 200_000


async def record(market: Market, folder: Path, life_ms: int) -> list[str]:
    """Record the market to its end; return the last status."""
    address = f"127.0.0.1:{market.port}"
    own = config(ws_url=f"ws://{address}", rest_url=f"http://{address}", connection_life_ms=life_ms)
    recording = build(own, folder, (), (), RecordingLimits(SEGMENT_BYTES, 3600))
    await recording.start()
    async with asyncio.timeout(60):
        while market.told < TICKS:
            await asyncio.sleep(0.05)
        await asyncio.sleep(5 * DELAY_S_MAX)
    status = recording.status()
    await recording.stop()
    return status


@pytest.mark.parametrize(("seed", "announces"), SEEDS)
def test_each_frame_is_recorded_once_over_many_ends_of_connections(tmp_path: Path, seed: int, announces: bool) -> None:
    async def run() -> list[str]:
        async with Market(seed, announces=announces) as market:
            return await record(market, tmp_path, 3_600_000 if announces else int(LIFE_S * 1000))

    (status,) = asyncio.run(run())
    files = sorted(tmp_path.glob("*.gz"))
    assert len(files) > 1
    lines = [line for path in files for line in lines_of(path)]
    told: dict[str, list[int]] = {}
    for line in lines:
        if line["t"] == "recv":
            frame = json.loads(line["data"])
            told.setdefault(frame["stream"], []).append(frame["data"].get("t") or frame["data"].get("u"))
    trades, books, tickers = (told[f"btcusdt@{kind}"] for kind in ("trade", "depth@100ms", "bookTicker"))
    assert trades == list(range(trades[0], TICKS + 1))
    assert books == tickers == list(range(3 * trades[0], 3 * TICKS + 1, 3))
    assert len({line["conn"] for line in lines if line["t"] == "recv"}) == 2
    assert any(line["t"] == "overlap" for line in lines)
    assert counted(status, "connections_replaced") >= ENDS_MIN
    # A connection that ends when the market has nothing to tell any more.
    assert counted(status, "handovers_unproven") <= len(told)
    stamps = [float(line["ts"]) for line in lines if line["t"] in ("recv", "overlap")]
    assert stamps == sorted(stamps)


def counted(status: str, counter: str) -> int:
    """Return a counter in a status line."""
    return int(status.partition(f"{counter} ")[2].partition(",")[0] or 0)

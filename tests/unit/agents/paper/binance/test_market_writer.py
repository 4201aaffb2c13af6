"""Frames that the model's market sends in Binance's dialects, held against recorded ones of their kind."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.paper.binance.market_writer import FuturesWriter, SpotWriter
from agents.paper.market.capture import Capture
from agents.paper.market.model import ModelMarket
from tests.unit.agents.paper.paper_kit import LISTING, T0, Recorder
from tests.unit.agents.paper.shapes import differences

SPOT = "raw/binance-spot/hftbacktest/btcusdt_20240808.gz"
USDM = "raw/binance-usdm/hftbacktest/btcusdt_20230404.dat.gz"
USDM_AGGREGATED = "raw/binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz"


def written(writer: SpotWriter, seconds: int = 3) -> list[dict[str, Any]]:
    """Return what the model's market sends in so many seconds."""
    recorder = Recorder()
    market = ModelMarket({"BTCUSDT": LISTING}, seed=5, speed=1.0, prices={}, listener=recorder, writer=writer)
    market.number_from(1 << 40)
    market.start(T0)
    while market.advance(T0 + seconds * 10**9, 1000) <= T0 + seconds * 10**9:
        pass
    return [json.loads(frame) for _, frame in recorder.frames]


def recorded(path: Path) -> dict[str, Any]:
    """Return a frame of each kind, one with levels on both sides if it has levels."""
    found: dict[str, Any] = {}
    for event in Capture.open([str(path)]):
        frame = json.loads(event.frame)
        if event.kind not in found and (event.kind != "depth" or (frame["data"]["b"] and frame["data"]["a"])):
            found[event.kind] = frame
    return found


@pytest.mark.parametrize(
    ("writer", "capture", "kinds"),
    [
        (SpotWriter, SPOT, {"trade", "depth", "bookTicker"}),
        (FuturesWriter, USDM, {"depth", "bookTicker", "markPrice"}),
        (FuturesWriter, USDM_AGGREGATED, {"aggTrade"}),
    ],
)
def test_every_kind_of_frame_has_the_shape_that_was_recorded(
    data_dir: Path, writer: type[SpotWriter], capture: str, kinds: set[str]
) -> None:
    samples = recorded(data_dir / capture)
    compared = set()
    for frame in written(writer()):
        kind = frame["stream"].partition("@")[2].partition("@")[0]
        if kind in kinds:
            compared.add(kind)
            assert differences(samples[kind], frame) == []
    assert compared == kinds


def test_each_futures_depth_frame_names_the_one_before() -> None:
    frames = [frame["data"] for frame in written(FuturesWriter()) if "@depth" in frame["stream"]]
    assert len(frames) > 20
    assert [frame["pu"] for frame in frames[1:]] == [frame["u"] for frame in frames[:-1]]
    assert all(frame["U"] == frame["pu"] + 1 for frame in frames)


def test_mark_prices_come_every_second_with_the_next_funding() -> None:
    frames = [frame["data"] for frame in written(FuturesWriter(), 5) if "@markPrice" in frame["stream"]]
    assert len(frames) == 5
    assert {(frame["T"] - T0 // 10**6) // 3_600_000 for frame in frames} <= set(range(8))
    assert all(frame["T"] % (8 * 3_600_000) == 0 for frame in frames)

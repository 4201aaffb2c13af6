"""Frames of the model's market in Bybit's dialect, held against recorded ones, and the venue's rule for books."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agents.paper.bybit.market_writer import trade_name
from agents.paper.money import Listing
from tests.unit.agents.paper.model_kit import Venue, instrument
from tests.unit.agents.paper.shapes import differences

SPOT = instrument(1, "BTCUSDT", "spot", lot_size="0.000001", min_notional="5")
LINEAR = instrument(2, "BTCUSDT-LINEAR", "linear", venue_symbol="BTCUSDT", min_notional="5")
CAPTURE = "raw/bybit/cryptofeed-v3/BYBIT_v5_BTC_DOGE.jsonl.gz"
CONNECTIONS = {"BYBIT.ws.2": "linear", "BYBIT.ws.3": "spot"}
TOPICS = ("publicTrade.BTCUSDT", "orderbook.200.BTCUSDT", "tickers.BTCUSDT")
NOT_SAMPLED = ("orderbook.1", "orderbook.50", "orderbook.1000")
"""Kinds of frames of which there is no recording; they have the shape that the documents show, as `orderbook.200` has."""


def recorded(path: Path) -> dict[tuple[str, str, str], Any]:
    """Return a frame of each kind by category, topic and type."""
    found: dict[tuple[str, str, str], Any] = {}
    for line in gzip.decompress(path.read_bytes()).splitlines():
        record = json.loads(line)
        if record["t"] == "recv":
            frame = json.loads(record["data"])
            if "topic" in frame and (frame["data"].get("b", True) if isinstance(frame["data"], dict) else True):
                found.setdefault((CONNECTIONS[record["conn"]], frame["topic"], frame["type"]), frame)
    return found


@pytest.fixture
def venue() -> Venue:
    return Venue("bybit", [SPOT, LINEAR])


def subscribed(venue: Venue, category: str, *topics: str, number: int = 1) -> list[Any]:
    venue.open(f"/v5/public/{category}", number)
    return venue.say({"req_id": "a", "op": "subscribe", "args": list(topics)}, number)


@pytest.mark.parametrize("category", ["linear", "spot"])
def test_every_kind_of_frame_has_the_shape_that_was_recorded(venue: Venue, data_dir: Path, category: str) -> None:
    samples = recorded(data_dir / CAPTURE)
    subscribed(venue, category, *TOPICS)
    venue.run(20)
    kinds = set()
    for frame in venue.frames():
        if "topic" not in frame:
            continue
        kind = (category, frame["topic"], frame["type"])
        kinds.add(kind)
        if frame["topic"].startswith("tickers") and frame["type"] == "delta":
            assert set(frame["data"]) <= set(samples[category, frame["topic"], "snapshot"]["data"])
            assert list(frame) == list(samples[kind])
            continue
        assert differences(samples[kind], frame) == []
    wanted = {
        ("publicTrade.BTCUSDT", "snapshot"),
        ("orderbook.200.BTCUSDT", "snapshot"),
        ("tickers.BTCUSDT", "snapshot"),
    }
    wanted |= {("orderbook.200.BTCUSDT", "delta")} | ({("tickers.BTCUSDT", "delta")} if category == "linear" else set())
    assert kinds == {(category, *each) for each in wanted}


@pytest.mark.parametrize("category", ["linear", "spot"])
@pytest.mark.parametrize("count", [50, 200, 1000])
def test_a_book_is_a_snapshot_and_deltas_whose_id_rises_by_one(venue: Venue, category: str, count: int) -> None:
    topic = f"orderbook.{count}.BTCUSDT"
    subscribed(venue, category, topic)
    venue.run(5)
    first, *rest = [frame for frame in venue.frames() if "topic" in frame]
    assert first["type"] == "snapshot"
    assert len(rest) > 10
    assert [frame["data"]["u"] for frame in rest] == [first["data"]["u"] + number + 1 for number in range(len(rest))]
    assert {frame["type"] for frame in rest} == {"delta"}
    book: dict[str, dict[str, str]] = {side: dict(first["data"][side]) for side in ("b", "a")}
    for frame in rest:
        for side, levels in book.items():
            levels |= dict(frame["data"][side])
            for price in [price for price, qty in levels.items() if qty == "0"]:
                del levels[price]
    again = subscribed(venue, category, topic, number=2)[-1]
    assert again["data"]["u"] == rest[-1]["data"]["u"]
    assert {side: dict(again["data"][side]) for side in ("b", "a")} == book


def test_the_best_level_is_whole_each_time_and_repeated_after_three_seconds_without_change(venue: Venue) -> None:
    subscribed(venue, "spot", "orderbook.1.BTCUSDT")
    venue.run(4)
    frames = [frame for frame in venue.frames() if "topic" in frame]
    assert {frame["type"] for frame in frames} == {"snapshot"}
    assert all(len(frame["data"]["b"]) == len(frame["data"]["a"]) == 1 for frame in frames)
    assert list(frames[0])[:3] == ["topic", "ts", "type"]
    ids = [frame["data"]["u"] for frame in frames]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_a_linear_ticker_is_a_snapshot_and_what_changed(venue: Venue) -> None:
    subscribed(venue, "linear", "tickers.BTCUSDT")
    venue.run(3)
    first, *rest = [frame for frame in venue.frames() if "topic" in frame]
    assert (first["type"], {frame["type"] for frame in rest}) == ("snapshot", {"delta"})
    assert int(first["data"]["nextFundingTime"]) % (8 * 3_600_000) == 0
    assert all(len(frame["data"]) > 1 for frame in rest)


def test_trades_on_linear_are_called_by_uuids_that_are_all_different() -> None:
    linear, spot = Listing.of(LINEAR), Listing.of(SPOT)
    names = {trade_name(linear, number) for number in range(1 << 40, (1 << 40) + 1000)}
    assert len(names) == 1000
    assert {len(name) for name in names} == {36}
    assert trade_name(spot, 17) == "17"

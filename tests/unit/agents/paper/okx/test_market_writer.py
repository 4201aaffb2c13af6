"""Frames of the model's market in OKX's dialect, held against samples, and the venue's rule for books."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.agents.paper.model_kit import Venue, instrument, recorded_lines
from tests.unit.agents.paper.shapes import differences

SPOT = instrument(1, "BTC-USDT", "spot", lot_size="0.00000001")
SWAP = instrument(2, "BTC-USDT-SWAP", "linear", lot_size="0.01", contract_size="0.01")
CAPTURE = "raw/okx/cryptofeed/2022-05-13_OKX.ws.1.0.gz"
SAMPLES = "private-and-rest/nautilus/okx"
FIXTURES = {
    ("books", "snapshot"): "ws_books_snapshot",
    ("books", "update"): "ws_books_update",
    ("bbo-tbt", ""): "ws_bbo_tbt",
    ("funding-rate", ""): "ws_funding_rate",
}
"""Frames with sequence numbers, which no recording here has: single samples."""
LATER = frozenset({"count", "source", "seqId"})
"""Fields of trades that recordings of 2022 do not have."""
NOT_SAMPLED = ("mark-price", "index-tickers")
"""Of these channels only the REST answers are sampled, which have the same rows."""


@pytest.fixture
def venue() -> Venue:
    return Venue("okx", [SPOT, SWAP])


def subscribed(venue: Venue, *channels: tuple[str, str], number: int = 1) -> list[Any]:
    venue.open("/ws/v5/public", number)
    args = [{"channel": channel, "instId": symbol} for channel, symbol in channels]
    return venue.say({"op": "subscribe", "args": args}, number)


def by_kind(frames: list[Any]) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for frame in frames:
        if "data" in frame:
            found.setdefault((frame["arg"]["channel"], frame.get("action", "")), []).append(frame)
    return found


def test_every_kind_of_frame_has_the_shape_of_its_sample(venue: Venue, data_dir: Path) -> None:
    swap = "BTC-USDT-SWAP"
    channels = ("trades", "books", "bbo-tbt", "tickers", "mark-price", "funding-rate")
    subscribed(venue, *((channel, swap) for channel in channels), ("index-tickers", "BTC-USDT"))
    venue.run(20)
    found = by_kind(venue.frames())
    recorded = recorded_lines(data_dir / CAPTURE, lambda line: line["arg"]["channel"] if "data" in line else None)
    for kind, name in FIXTURES.items():
        sample = json.loads((data_dir / SAMPLES / f"{name}.json").read_text())
        assert [line for frame in found.pop(kind) for line in differences(sample, frame)] == []
    for channel in ("trades", "tickers"):
        frames = found.pop((channel, ""))
        assert [line for each in frames for line in differences(recorded[channel], each, optional=LATER)] == []
    for channel, name in (("mark-price", "http_get_mark_price"), ("index-tickers", "http_get_index_price")):
        (row, *_) = json.loads((data_dir / SAMPLES / f"{name}.json").read_text())["data"]
        rows = [frame["data"][0] for frame in found.pop((channel, ""))]
        assert [line for each in rows for line in differences(sorted_keys(row), sorted_keys(each))] == []
    assert found == {}


def sorted_keys(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of an answer, whose keys come in no order that is promised."""
    return dict(sorted(row.items()))


def test_an_update_of_a_book_names_the_one_before(venue: Venue) -> None:
    subscribed(venue, ("books", "BTC-USDT"))
    venue.run(5)
    first, *rest = [frame for frame in venue.frames() if "data" in frame]
    assert (first["action"], first["data"][0]["prevSeqId"]) == ("snapshot", -1)
    ids = [frame["data"][0]["seqId"] for frame in (first, *rest)]
    assert [frame["data"][0]["prevSeqId"] for frame in rest] == ids[:-1]
    assert len(rest) > 10
    book = {side: {row[0]: row[1] for row in first["data"][0][side]} for side in ("bids", "asks")}
    for frame in rest:
        for side, levels in book.items():
            levels |= {row[0]: row[1] for row in frame["data"][0][side]}
            for price in [price for price, qty in levels.items() if qty == "0"]:
                del levels[price]
    again = subscribed(venue, ("books", "BTC-USDT"), number=2)[-1]
    assert again["data"][0]["seqId"] == ids[-1]
    assert {side: {row[0]: row[1] for row in again["data"][0][side]} for side in ("bids", "asks")} == book


def test_a_fetched_book_joins_the_updates(venue: Venue) -> None:
    subscribed(venue, ("books", "BTC-USDT"))
    venue.run(1.05)
    status, answer = venue.get("/api/v5/market/books", "instId=BTC-USDT&sz=400&source=0")
    venue.run(1)
    seq = answer["data"][0]["seqId"]
    after = [f["data"][0] for f in venue.frames() if f.get("action") == "update" and f["data"][0]["seqId"] > seq]
    assert status == 200
    assert after[0]["prevSeqId"] <= seq < after[0]["seqId"]
    status, answer = venue.get("/api/v5/market/books", "instId=BTC-USDT&sz=400")
    assert "seqId" not in answer["data"][0]

"""Bybit's public REST: shapes as recorded, what is refused with which code, and faults in the venue's words."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.agents.paper.bybit.test_market_writer import CAPTURE, LINEAR, SPOT
from tests.unit.agents.paper.model_kit import Venue
from tests.unit.agents.paper.shapes import differences

FIXTURES = "private-and-rest/nautilus/bybit"
NEWER = frozenset({"retExtInfo", "isRPITrade", "seq", "cts"})
"""Fields that single samples of earlier years do not have."""
NOT_SAMPLED = ("/v5/market/time", "/v5/market/tickers")
"""Held against the documents only."""


@pytest.fixture(scope="module")
def venue() -> Venue:
    """Return a venue that has played for two minutes; tests only ask it."""
    venue = Venue("bybit", [SPOT, LINEAR])
    venue.open("/v5/public/spot")
    venue.say({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})
    venue.run(130)
    return venue


@pytest.mark.parametrize("category", ["linear", "spot"])
def test_listings_have_the_shape_that_was_recorded(venue: Venue, data_dir: Path, category: str) -> None:
    lines = gzip.decompress((data_dir / CAPTURE).read_bytes()).splitlines()
    answers = [json.loads(line) for line in lines if b'"t":"http"' in line]
    (sample,) = (json.loads(each["data"]) for each in answers if f"category={category}" in each["url"])
    status, answer = venue.get("/v5/market/instruments-info", f"category={category}")
    (row,) = answer["result"]["list"]
    recorded = next(each for each in sample["result"]["list"] if each["symbol"] == "BTCUSDT")
    assert (status, answer["retCode"], answer["result"]["category"]) == (200, 0, category)
    assert differences(recorded, row, optional=frozenset({"maxOrderQty"})) == []
    assert differences({**sample, "result": {}}, {**answer, "result": {}}) == []


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/v5/market/orderbook", "limit=3", "http_get_orderbook"),
        ("/v5/market/kline", "interval=1", "http_get_klines_linear"),
        ("/v5/market/recent-trade", "limit=9", "http_get_trades_recent"),
        ("/v5/market/funding/history", "limit=2", "http_get_funding_history"),
    ],
)
def test_answers_have_the_shapes_of_their_samples(
    venue: Venue, data_dir: Path, path: str, query: str, name: str
) -> None:
    sample = json.loads((data_dir / FIXTURES / f"{name}.json").read_text())
    status, answer = venue.get(path, f"category=linear&symbol=BTCUSDT&{query}")
    assert status == 200
    assert differences(sample, answer, optional=NEWER) == []


def test_bars_are_newest_first_and_cut_as_asked(venue: Venue) -> None:
    def bars(query: str) -> list[Any]:
        rows: list[Any] = venue.get("/v5/market/kline", f"category=spot&symbol=BTCUSDT&interval=1&{query}")[1][
            "result"
        ]["list"]
        return rows

    starts = [int(row[0]) for row in bars("")]
    assert starts == sorted(starts, reverse=True)
    assert len(starts) == 3
    assert [int(row[0]) for row in bars(f"start={starts[1]}")] == starts[:2]
    assert [int(row[0]) for row in bars(f"end={starts[1]}&limit=1")] == [starts[1]]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v5/market/orderbook", "category=option&symbol=BTCUSDT"),
        ("/v5/market/orderbook", "category=linear&symbol=XYZ"),
        ("/v5/market/orderbook", "category=linear"),
        ("/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=7"),
        ("/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=1&limit=x"),
        ("/v5/market/recent-trade", "category=linear&symbol=BTCUSDT&limit=0"),
        ("/v5/market/instruments-info", "category=linear&symbol=XYZ"),
        ("/v5/market/funding/history", "category=spot&symbol=BTCUSDT"),
    ],
)
def test_wrong_parameters_are_refused_with_status_200(venue: Venue, path: str, query: str) -> None:
    status, answer = venue.get(path, query)
    assert (status, answer["retCode"], answer["result"]) == (200, 10001, {})


def test_time_and_tickers_are_told_as_documented(venue: Venue) -> None:
    told = venue.get("/v5/market/time")[1]["result"]
    assert told == {"timeSecond": str(venue.wall_ns // 10**9), "timeNano": str(venue.wall_ns)}
    for category in ("spot", "linear"):
        (row,) = venue.get("/v5/market/tickers", f"category={category}&symbol=BTCUSDT")[1]["result"]["list"]
        (same,) = venue.get("/v5/market/tickers", f"category={category}")[1]["result"]["list"]
        assert row == same
        assert float(row["bid1Price"]) < float(row["ask1Price"])
    assert venue.get("/v5/nowhere")[0] == 404


def test_faults_are_told_in_the_venues_words() -> None:
    venue = Venue("bybit", [SPOT, LINEAR])

    def tell(**fault: Any) -> None:
        body = json.dumps(fault).encode()
        assert venue.exchange.http("POST", "/paper/fault", "", {}, body, venue.wall_ns).status == 200

    tell(fault="rate_limit", retry_after=2)
    reply = venue.exchange.http("GET", "/v5/market/time", "", {}, b"", venue.wall_ns)
    assert (reply.status, json.loads(reply.body)["retCode"]) == (200, 10006)
    assert int(reply.headers["X-Bapi-Limit-Reset-Timestamp"]) == venue.wall_ns // 10**6 + 2000
    tell(fault="ban", retry_after=600)
    assert venue.get("/v5/market/time")[0] == 403
    venue.wall_ns += 601 * 10**9
    assert venue.get("/v5/market/time")[0] == 200

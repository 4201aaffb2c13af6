"""OKX's public REST: shapes of samples, what is refused with which code, and faults in the venue's words."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.agents.paper.model_kit import Venue
from tests.unit.agents.paper.okx.test_market_writer import SAMPLES, SPOT, SWAP, sorted_keys
from tests.unit.agents.paper.shapes import differences

NEWER = frozenset(
    {"instIdCode", "contTdSwTime", "futureSettlement", "maxPlatOILmt", "openType", "posLmtAmt", "posLmtPct"}
)
NEWER |= {"preMktSwTime", "tradeQuoteCcyList"}
"""Fields that the samples of spot do not have."""
NOT_SAMPLED = ("/api/v5/public/time", "/api/v5/market/ticker", "/api/v5/public/funding-rate")
"""Held against the documents only."""


@pytest.fixture(scope="module")
def venue() -> Venue:
    """Return a venue that has played for two minutes; tests only ask it."""
    venue = Venue("okx", [SPOT, SWAP])
    venue.open("/ws/v5/public")
    venue.say({"op": "subscribe", "args": [{"channel": "trades", "instId": "BTC-USDT"}]})
    venue.run(130)
    return venue


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/api/v5/market/books", "instId=BTC-USDT&sz=3", "http_get_order_book"),
        ("/api/v5/market/trades", "instId=BTC-USDT&limit=9", "http_get_trades"),
        ("/api/v5/market/candles", "instId=BTC-USDT&bar=1m", "http_get_candlesticks"),
        ("/api/v5/public/mark-price", "instId=BTC-USDT-SWAP", "http_get_mark_price"),
    ],
)
def test_answers_have_the_shapes_of_their_samples(
    venue: Venue, data_dir: Path, path: str, query: str, name: str
) -> None:
    sample = json.loads((data_dir / SAMPLES / f"{name}.json").read_text())
    status, answer = venue.get(path, query)
    assert status == 200
    assert differences(sample, answer) == []


def test_old_trades_are_those_before_an_id(venue: Venue) -> None:
    def ids(query: str) -> list[int]:
        path = "/api/v5/market/history-trades"
        return [int(row["tradeId"]) for row in venue.get(path, f"instId=BTC-USDT{query}")[1]["data"]]

    newest = ids("")
    assert newest == sorted(newest, reverse=True)
    middle = newest[len(newest) // 2]
    assert ids(f"&type=1&after={middle}&limit=2") == [middle - 1, middle - 2]
    assert ids(f"&before={newest[3]}") == newest[:3]


@pytest.mark.parametrize(("kind", "sampled"), [("SPOT", "BTC-USD"), ("SWAP", "ETH-USDT-SWAP")])
def test_listings_have_the_keys_of_their_samples(venue: Venue, data_dir: Path, kind: str, sampled: str) -> None:
    sample = json.loads((data_dir / SAMPLES / f"http_get_instruments_{kind.lower()}.json").read_text())
    row = next(each for each in sample["data"] if each["instId"] == sampled)
    (answer,) = venue.get("/api/v5/public/instruments", f"instType={kind}")[1]["data"]
    newer = NEWER if kind == "SPOT" else frozenset()
    filled = frozenset(key for key in row if row[key] == "" or answer.get(key) == "")
    assert set(answer) - newer == set(row) - newer
    assert differences(sorted_keys(row), sorted_keys(answer), optional=newer | filled) == []


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/api/v5/market/books", "", "50014"),
        ("/api/v5/market/books", "instId=XYZ", "51001"),
        ("/api/v5/market/books", "instId=BTC-USDT&sz=x", "51000"),
        ("/api/v5/market/candles", "instId=BTC-USDT&bar=7m", "51000"),
        ("/api/v5/public/instruments", "", "50014"),
        ("/api/v5/public/instruments", "instType=NONE", "51000"),
        ("/api/v5/public/instruments", "instType=SPOT&instId=XYZ", "51001"),
        ("/api/v5/public/funding-rate", "instId=BTC-USDT", "51000"),
        ("/api/v5/nowhere", "", "50404"),
    ],
)
def test_wrong_parameters_are_refused_by_their_codes(venue: Venue, path: str, query: str, code: str) -> None:
    assert venue.get(path, query)[1] == {"code": code, "msg": venue.get(path, query)[1]["msg"], "data": []}


def test_bars_are_newest_first_and_paged_by_their_beginning(venue: Venue) -> None:
    def bars(query: str) -> list[Any]:
        rows: list[Any] = venue.get("/api/v5/market/candles", f"instId=BTC-USDT&bar=1m&{query}")[1]["data"]
        return rows

    starts = [int(row[0]) for row in bars("")]
    assert starts == sorted(starts, reverse=True)
    assert [int(row[0]) for row in bars(f"after={starts[1]}")] == starts[2:]
    assert [int(row[0]) for row in bars(f"before={starts[1]}")] == starts[:1]
    assert [row[8] for row in bars("")] == ["0", *["1"] * (len(starts) - 1)]


def test_time_ticker_and_funding_are_told_as_documented(venue: Venue) -> None:
    assert venue.get("/api/v5/public/time")[1]["data"] == [{"ts": str(venue.wall_ns // 10**6)}]
    (ticker,) = venue.get("/api/v5/market/ticker", "instId=BTC-USDT")[1]["data"]
    (same,) = venue.get("/api/v5/market/tickers", "instType=SPOT")[1]["data"]
    assert ticker == same
    assert float(ticker["bidPx"]) < float(ticker["askPx"])
    (funding,) = venue.get("/api/v5/public/funding-rate", "instId=BTC-USDT-SWAP")[1]["data"]
    assert int(funding["fundingTime"]) % (8 * 3_600_000) == 0


def test_faults_are_told_in_the_venues_words() -> None:
    venue = Venue("okx", [SPOT, SWAP])
    for fault, status in (({"fault": "rate_limit"}, 429), ({"fault": "ban", "retry_after": 5}, 429)):
        body = json.dumps(fault).encode()
        assert venue.exchange.http("POST", "/paper/fault", "", {}, body, venue.wall_ns).status == 200
        found, answer = venue.get("/api/v5/public/time")
        assert (found, answer["code"]) == (status, "50011")

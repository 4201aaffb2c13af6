"""Spot in microseconds: streams and answers of who asks for them, against the same ones in milliseconds."""

import json
from typing import Any

import pytest

from tests.unit.agents.paper.model_kit import Venue, instrument

STREAMS = "btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@kline_1s"
SPOT = instrument(1, "BTCUSDT", "spot")


def times(data: dict[str, Any]) -> list[int]:
    """Return the times in the data of a frame."""
    bar = data.get("k", {})
    return [data[name] for name in "ET" if name in data] + [bar[name] for name in "tT" if name in bar]


@pytest.mark.parametrize("query", ["&timeUnit=MICROSECOND", "&timeUnit=microsecond"])
def test_frames_in_microseconds_are_those_in_milliseconds_but_for_their_times(query: str) -> None:
    venue = Venue("binance_spot", [SPOT])
    venue.open(f"/stream?streams={STREAMS}", 1)
    venue.open(f"/stream?streams={STREAMS}{query}", 2)
    venue.open("/ws/btcusdt@trade?timeUnit=MICROSECOND", 3)
    venue.run(10)
    millis, micros = ([frame["data"] for frame in venue.frames(number)] for number in (1, 2))
    assert {frame.get("e", "bookTicker") for frame in millis} == {"trade", "depthUpdate", "bookTicker", "kline"}
    for one, other in zip(millis, micros, strict=True):
        assert times(one) == [time // 1000 for time in times(other)]
        assert all(len(str(time)) == 13 for time in times(one))
        assert all(one[name] == other[name] for name in one if name not in "ETk")
    assert {time % 1000 for frame in micros for time in times(frame)} > {0, 999}, "as fine as they were asked for"
    assert venue.frames(3) == [frame for frame in micros if frame.get("e") == "trade"]


def test_a_trade_keeps_its_id_however_long_it_is() -> None:
    venue = Venue("binance_spot", [SPOT])
    venue.exchange.market.number_from(1_700_000_000_000_000)
    venue.open("/ws/btcusdt@trade")
    venue.run(5)
    assert all(len(str(frame["t"])) == 16 and len(str(frame["T"])) == 13 for frame in venue.frames())


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v3/time", ""),
        ("/api/v3/klines", "symbol=BTCUSDT&interval=1s"),
        ("/api/v3/trades", "symbol=BTCUSDT"),
        ("/api/v3/aggTrades", "symbol=BTCUSDT"),
    ],
)
def test_answers_are_in_the_unit_that_was_asked_for(path: str, query: str) -> None:
    venue = Venue("binance_spot", [SPOT])
    venue.open("/ws/btcusdt@trade")
    venue.run(5)
    _, millis = venue.get(path, query)
    _, micros = venue.get(path, query, {"X-MBX-TIME-UNIT": "MICROSECOND"})
    assert micros != millis
    told = [number for number in numbers(micros) if number >= 10**15]
    assert told
    assert [number // 1000 if number >= 10**15 else number for number in numbers(micros)] == numbers(millis)


def test_futures_have_milliseconds_alone() -> None:
    venue = Venue("binance_usdm", [instrument(1, "BTCUSDT", "linear")])
    venue.open("/market/ws/btcusdt@aggTrade?timeUnit=MICROSECOND")
    venue.run(5)
    assert all(len(str(frame["T"])) == 13 for frame in venue.frames())
    _, told = venue.get("/fapi/v1/time", "", {"X-MBX-TIME-UNIT": "MICROSECOND"})
    assert len(str(told["serverTime"])) == 13


def numbers(value: Any) -> list[int]:
    """Return the integers in an answer."""
    found = json.loads(json.dumps(value), parse_int=lambda text: [int(text)])
    return flat(found)


def flat(value: Any) -> list[int]:
    """Return what stands in lists of one integer, in order."""
    if isinstance(value, list) and len(value) == 1 and type(value[0]) is int:
        return value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for each in inside for number in flat(each)]

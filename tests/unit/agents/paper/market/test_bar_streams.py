"""Bars as streams, in each dialect: as they were recorded, equal to what REST answers, each told as ended once."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.config import InstrumentConfig
from schemas.markets import VenueKind
from tests.unit.agents.paper.model_kit import Venue, instrument
from tests.unit.agents.paper.shapes import differences

MADE = "private-and-rest/nautilus"
FUTURES = "binance/futures/market_data_json/kline_stream_closed.json"


class Told(msgspec.Struct, frozen=True):
    """A bar as a client reads it: begin, open, high, low, close, volume."""

    open_ms: int
    values: tuple[str, ...]
    ended: bool


class Venues(msgspec.Struct, frozen=True):
    """One kind of venue: how its bars are subscribed and read, how REST tells them, and what was recorded."""

    kind: VenueKind
    instrument: InstrumentConfig
    path: str
    request: Any
    rest: str
    rest_query: str
    rows: tuple[str, ...]
    sample: str


SPOT = instrument(1, "BTCUSDT", "spot")
LINEAR = instrument(1, "BTCUSDT", "linear")
KINDS = [
    Venues(
        "binance_spot", SPOT, "/ws/btcusdt@kline_1m", None, "/api/v3/klines", "symbol=BTCUSDT&interval=1m", (), FUTURES
    ),
    Venues(
        "binance_usdm",
        LINEAR,
        "/market/ws/btcusdt@kline_1m",
        None,
        "/fapi/v1/klines",
        "symbol=BTCUSDT&interval=1m",
        (),
        FUTURES,
    ),
    *(
        Venues(
            "bybit",
            instrument(1, "BTCUSDT", category),
            f"/v5/public/{category}",
            {"op": "subscribe", "args": ["kline.1.BTCUSDT"]},
            "/v5/market/kline",
            f"category={category}&symbol=BTCUSDT&interval=1",
            ("result", "list"),
            "bybit/ws_kline.json",
        )
        for category in ("spot", "linear")
    ),
    Venues(
        "okx",
        instrument(1, "BTC-USDT-SWAP", "linear", lot_size="0.01", contract_size="0.01"),
        "/ws/v5/business",
        {"op": "subscribe", "args": [{"channel": "candle1m", "instId": "BTC-USDT-SWAP"}]},
        "/api/v5/market/candles",
        "instId=BTC-USDT-SWAP&bar=1m",
        ("data",),
        "okx/ws_candle.json",
    ),
]
NAMES = [f"{each.kind} {each.instrument.category}" for each in KINDS]


def bars_of(venue: Venue) -> list[Any]:
    """Return the frames of bars that the connection was sent."""
    frames = [frame for frame in venue.frames() if isinstance(frame, dict)]
    return [each for each in frames if each.get("e") == "kline" or ("data" in each and "event" not in each)]


def told(frame: Any) -> Told:
    """Return the bar in a frame of any of the venues."""
    if "k" in frame:
        bar = frame["k"]
        return Told(bar["t"], tuple(bar[name] for name in "ohlcv"), bar["x"])
    (row,) = frame["data"]
    if isinstance(row, dict):
        return Told(row["start"], tuple(row[n] for n in ("open", "high", "low", "close", "volume")), row["confirm"])
    return Told(int(row[0]), tuple(row[1:6]), row[8] == "1")


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_bars_are_told_as_recorded_and_as_rest_answers_them(kind: Venues, data_dir: Path) -> None:
    venue = Venue(kind.kind, [kind.instrument])
    venue.open(kind.path)
    if kind.request is not None:
        venue.say(kind.request)
    venue.run(185)
    frames = bars_of(venue)
    sample = json.loads((data_dir / MADE / kind.sample).read_text())
    assert [line for frame in frames for line in differences(sample, frame)] == []
    found = [told(frame) for frame in frames]
    ended = [each for each in found if each.ended]
    assert len(ended) == 3
    assert [each.open_ms for each in ended] == [ended[0].open_ms + n * 60_000 for n in range(3)]
    assert len(found) > 100
    _, rows = venue.get(kind.rest, kind.rest_query)
    for name in kind.rows:
        rows = rows[name]
    answered = {int(row[0]): tuple(row[1:6]) for row in rows}
    assert {each.open_ms: each.values for each in ended} == {each.open_ms: answered[each.open_ms] for each in ended}
    assert venue.exchange.ticks_sent == 3, "only a bar that has ended is a tick"


def test_a_bar_is_told_as_ended_once_and_after_what_went_before() -> None:
    venue = Venue("binance_spot", [SPOT])
    venue.open("/ws/btcusdt@kline_1s/btcusdt@trade")
    venue.run(30)
    trades: dict[int, list[int]] = {}
    for frame in venue.frames():
        if frame["e"] == "trade":
            trades.setdefault(frame["T"] // 1000 * 1000, []).append(frame["t"])
        elif frame["k"]["x"]:
            bar = frame["k"]
            ids = trades.get(bar["t"], [])
            assert (bar["n"], bar["f"], bar["L"]) == (len(ids), *((ids[0], ids[-1]) if ids else (-1, -1)))
            assert bar["T"] == bar["t"] + 999 < frame["E"]
    opens = [each["k"]["t"] for each in bars_of(venue) if each["k"]["x"]]
    assert opens == list(range(opens[0], opens[-1] + 1, 1000))
    assert len(opens) > 25


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("binance_usdm", "/public/ws/btcusdt@kline_1m"),
        ("binance_usdm", "/market/ws/btcusdt@kline_1s"),
        ("binance_spot", "/ws/btcusdt@kline_1w"),
        ("binance_spot", "/ws/xyzusdt@kline_1m"),
    ],
)
def test_what_is_not_carried_or_not_made_is_silent(kind: VenueKind, path: str) -> None:
    venue = Venue(kind, [SPOT if kind == "binance_spot" else LINEAR])
    venue.open(path)
    venue.run(70)
    assert venue.frames() == []


def test_okx_has_bars_on_business_alone_and_nothing_else_there() -> None:
    venue = Venue("okx", [instrument(1, "BTC-USDT", "spot")])
    for number, (path, channel) in enumerate(
        (("public", "candle1m"), ("business", "trades"), ("business", "candle7m"))
    ):
        venue.open(f"/ws/v5/{path}", number)
        (answer,) = venue.say({"op": "subscribe", "args": [{"channel": channel, "instId": "BTC-USDT"}]}, number)
        assert answer["code"] == "60018"


def test_who_leaves_bars_hears_no_more_of_them() -> None:
    venue = Venue("bybit", [LINEAR])
    venue.open("/v5/public/linear")
    venue.say({"op": "subscribe", "args": ["kline.1.BTCUSDT"]})
    venue.run(10)
    venue.say({"op": "unsubscribe", "args": ["kline.1.BTCUSDT"]})
    before = len(venue.frames())
    venue.run(70)
    assert len(venue.frames()) == before

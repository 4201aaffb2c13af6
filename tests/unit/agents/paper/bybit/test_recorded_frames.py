"""Recorded frames of Bybit: streams of two categories with one name, ticks, and books that begin in the stream."""

from pathlib import Path

import pytest

from agents.paper.bybit.recorded_frames import BybitFrames
from agents.paper.market.capture import Capture
from agents.paper.market.capture_summary import describe
from tests.unit.agents.paper.bybit.test_market_writer import CAPTURE


def test_the_session_holds_three_instruments_and_all_their_ticks(data_dir: Path) -> None:
    found = describe([str(data_dir / CAPTURE)])
    assert found["market"] == "bybit"
    assert [(each["symbol"], each["category"]) for each in found["instruments"]] == [
        ("BTCUSDT", "spot"),
        ("BTCUSDT-LINEAR", "linear"),
        ("DOGEUSDT", "linear"),
    ]
    assert [each["lot_size"] for each in found["instruments"]] == ["0.000001", "0.001", "1"]
    assert found["instruments"][1]["venue_symbol"] == "BTCUSDT"
    capture = Capture.open([str(data_dir / CAPTURE)])
    assert len(capture) == 1577
    by_kind: dict[str, int] = {}
    for event in capture:
        by_kind[event.kind] = by_kind.get(event.kind, 0) + event.ticks
    # 1,091 updates of books, 349 linear tickers, and the trades in 44 frames.
    assert by_kind == {"depth": 1091, "ticker": 349, "trade": 150, "": 0}


@pytest.mark.parametrize(
    ("frame", "address", "name"),
    [
        (b'{"topic":"publicTrade.X","data":[]}', "wss://h/v5/public/spot", "spot/publicTrade.X"),
        (b'{"type":"snapshot","topic":"kline.1.X"}', "wss://h/v5/public/linear", "linear/kline.1.X"),
        (b'{"success":true,"op":"subscribe"}', "wss://h/v5/public/linear", ""),
        (b'{"topic":"order","data":[]}', "wss://h/v5/private", ""),
    ],
)
def test_a_stream_is_category_and_topic(frame: bytes, address: str, name: str) -> None:
    assert BybitFrames().stream_name(frame, address) == name


def test_a_restart_of_the_service_is_the_whole_book() -> None:
    frame = (
        b'{"topic":"orderbook.50.X","type":"%s","ts":5,"data":{"s":"X","b":[["1","2"]],"a":[],"u":%d,"seq":9},"cts":4}'
    )
    venue = BybitFrames()
    assert [venue.book(frame % (kind, u)).whole for kind, u in ((b"snapshot", 7), (b"delta", 8), (b"delta", 1))] == [
        True,
        False,
        True,
    ]
    stream = venue.stream("linear/orderbook.50.X")
    assert [venue.ticks(stream, frame % (kind, 8)) for kind in (b"snapshot", b"delta")] == [0, 1]

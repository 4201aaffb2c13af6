"""The recorded market: pace, bytes, books, and orders that queue in it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.paper.market.capture import Capture
from agents.paper.market.recorded import RecordedMarket
from agents.paper.money import Listing
from schemas.errors import ConfigError
from tests.unit.agents.paper.paper_kit import BTC, T0, Desk, Recorder, depth, snapshot, trade, write_capture

FILES = (
    "raw/binance-spot/hftbacktest/btcusdt_20240808.gz",
    "raw/binance-usdm/hftbacktest/btcusdt_20230404.dat.gz",
    "raw/binance-spot/cryptofeed/2021-04-05_BINANCE-b38f7c.0.gz",
    "raw/binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz",
)


def open_market(path: str | Path, speed: float = 1.0) -> tuple[RecordedMarket, Recorder, Capture]:
    capture, recorder = Capture.open([str(path)]), Recorder()
    return RecordedMarket(capture, {}, speed=speed, lead_in_ns=1_000, listener=recorder), recorder, capture


@pytest.mark.parametrize("name", FILES)
def test_every_frame_is_sent_once_in_order_byte_for_byte(data_dir: Path, name: str) -> None:
    market, recorder, capture = open_market(data_dir / name)
    market.start(T0)
    while market.advance(T0 + capture.duration_ns + 1_000, 1_000) is not None:
        pass
    assert market.done
    assert recorder.frames == [(event.stream, event.frame) for event in capture]


def test_frames_keep_their_own_time(tmp_path: Path) -> None:
    lines = [(ts, trade(n, "10.5", "1", buyer_maker=True)) for n, ts in enumerate((0, 500, 2_000))]
    market, recorder, _ = open_market(write_capture(tmp_path / "c", lines), speed=2.0)
    assert market.advance(T0, 10) is None
    market.start(T0)
    assert market.advance(T0, 10) == T0 + 1_000
    assert market.advance(T0 + 1_000, 10) == T0 + 1_250
    assert market.advance(T0 + 1_999, 10) == T0 + 2_000
    assert len(recorder.frames) == 2
    assert market.advance(T0 + 2_000, 10) is None
    assert market.done


def test_the_recordings_clock_stands_until_it_is_played_and_shows_when_each_frame_was_received(tmp_path: Path) -> None:
    lines = [(ts, trade(n, "10.5", "1", buyer_maker=True)) for n, ts in enumerate((0, 500, 2_000))]
    market, _, capture = open_market(write_capture(tmp_path / "c", lines), speed=2.0)
    assert market.clock_ns(T0) == market.clock_ns(T0 + 10**9) == capture.ts_ns(0) - 2_000
    market.start(T0)
    for number, due_ns in enumerate((1_000, 1_250, 2_000)):
        assert market.clock_ns(T0 + due_ns) == capture.ts_ns(number)


def test_a_recordings_time_is_told_beside_the_venues_own(tmp_path: Path) -> None:
    lines = [(0, snapshot(10, [["100.00", "2"]], [["101.00", "3"]])), (1, depth(11, 11, [], []))]
    desk = Desk(captures=(write_capture(tmp_path / "c", lines),))
    desk.wall_ns += 3_600 * 10**9
    body = json.loads(desk.reply("GET", "/api/v3/time", "").body)
    assert body["marketTime"] < body["serverTime"] - 3_600_000
    assert body["serverTime"] == desk.wall_ns // 10**6
    assert body["marketTime"] == desk.exchange.market.clock_ns(desk.wall_ns) // 10**6


def test_no_more_than_asked_is_played_at_once(tmp_path: Path) -> None:
    lines = [(n, trade(n, "10.5", "1", buyer_maker=True)) for n in range(5)]
    market, recorder, _ = open_market(write_capture(tmp_path / "c", lines))
    market.start(T0)
    assert market.advance(T0 + 10**9, 3) == T0 + 1_003
    assert len(recorder.frames) == 3


@pytest.mark.parametrize("name", [*FILES[:2], "raw/binance-spot/hftbacktest/btcusdt_20240809.gz"])
def test_served_book_equals_the_recorded_best_bid_and_ask(data_dir: Path, name: str) -> None:
    """The venue's own bookTicker is the judge, at each update id where both are known."""
    market, recorder, capture = open_market(data_dir / name)
    market.start(T0)
    quotes = {q["u"]: q for e in capture if e.kind == "bookTicker" for q in [json.loads(e.frame)["data"]]}
    compared = wrong = 0
    while market.advance(T0 + 10**15, 1) is not None:
        stream, frame = recorder.frames[-1]
        if "@depth" in stream and (quote := quotes.get(json.loads(frame)["data"]["u"])) is not None:
            view = market.depth(stream.split("@")[0].upper(), 1)
            compared += 1
            wrong += (view.bids[0][0], view.asks[0][0]) != (quote["b"], quote["a"])
    assert compared > 50
    assert wrong <= compared * 2 // 1000


def test_served_snapshot_joins_the_updates_that_follow(data_dir: Path) -> None:
    fine = msgspec.structs.replace(BTC, lot_size="0.000001")
    desk = Desk([fine], captures=(str(data_dir / FILES[0]),), lead_in_ms=0)
    desk.exchange.ws_open(1, "/stream?streams=btcusdt@depth@100ms", desk.wall_ns)
    desk.run(20)
    status, body = desk.call("GET", "/api/v3/depth", {"symbol": "BTCUSDT", "limit": 5000}, signed=False)
    assert status == 200
    levels = {"b": dict(body["bids"]), "a": dict(body["asks"])}
    last, seen = body["lastUpdateId"], len(desk.sent[1])
    desk.run(20)
    for frame in desk.sent[1][seen:]:
        data = json.loads(frame)["data"]
        assert data["U"] == last + 1
        last = data["u"]
        for side in ("b", "a"):
            levels[side] |= dict(data[side])
    _, body = desk.call("GET", "/api/v3/depth", {"symbol": "BTCUSDT", "limit": 5000}, signed=False)
    assert body["lastUpdateId"] == last
    held = {side: {p: q for p, q in rows.items() if float(q)} for side, rows in levels.items()}
    assert {"b": dict(body["bids"]), "a": dict(body["asks"])} == held


def test_sizes_that_cannot_hold_the_record_are_refused(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "c", [(0, trade(1, "10.005", "1", buyer_maker=True))])
    with pytest.raises(ConfigError, match=r"tick_size 0\.01 cannot hold the recorded 0\.001"):
        RecordedMarket(Capture.open([path]), {"BTCUSDT": Listing.of(BTC)}, speed=1.0, lead_in_ns=0, listener=Recorder())


def desk_on(tmp_path: Path, *events: dict[str, Any], **config: Any) -> Desk:
    """Return a desk on a book of bid 100.00 x 2 and ask 101.00 x 3, with `events` a second apart to come."""
    lines = [(0, snapshot(10, [["100.00", "2"]], [["101.00", "3"]])), (1, depth(11, 11, [], []))]
    lines += [(10**9 * n, event) for n, event in enumerate(events, 1)]
    desk = Desk(
        captures=(write_capture(tmp_path / "desk", lines),),
        lead_in_ms=0,
        balances={"USDT": "1000", "BTC": "9"},
        **config,
    )
    desk.exchange.ws_open(1, "/stream", desk.wall_ns)
    desk.listen()
    desk.run(0.5)
    return desk


def executions(desk: Desk) -> list[tuple[str, str, str, str]]:
    return [(e["x"], e["X"], e["l"], e["L"]) for e in desk.events() if e["e"] == "executionReport"]


def test_resting_order_fills_partly_then_fully_as_the_record_trades(tmp_path: Path) -> None:
    desk = desk_on(
        tmp_path,
        trade(1, "100.00", "2.5", buyer_maker=True),
        trade(2, "100.00", "0.2", buyer_maker=False),
        trade(3, "100.00", "9", buyer_maker=True),
    )
    desk.order("BUY", "1", "100.00")
    desk.run(1)
    desk.run(3)
    assert executions(desk) == [
        ("NEW", "NEW", "0.00000000", "0.00000000"),
        ("TRADE", "PARTIALLY_FILLED", "0.50000000", "100.00000000"),
        ("TRADE", "FILLED", "0.50000000", "100.00000000"),
    ]
    assert desk.balances() == {"USDT": (900 * 10**8, 0), "BTC": (10 * 10**8 - 10**5, 0)}


@pytest.mark.parametrize(("queue", "filled"), [("risk_averse", []), ("optimistic", ["0.10000000"])])
def test_what_is_canceled_was_before_a_resting_order_or_behind_as_the_queue_model_says(
    tmp_path: Path, queue: str, filled: list[str]
) -> None:
    """Of 2 before the order and 2 behind it 2 are canceled, and then 1 is traded."""
    events = (
        depth(12, 12, [["100.00", "4"]], []),
        depth(13, 13, [["100.00", "2"]], []),
        trade(1, "100.00", "1", buyer_maker=True),
    )
    desk = desk_on(tmp_path, *events, queue=queue)
    desk.order("BUY", "0.1", "100.00")
    desk.run(4)
    assert [qty for kind, _, qty, _ in executions(desk) if kind == "TRADE"] == filled


def test_market_order_walks_the_levels_and_pays_in_what_it_receives(tmp_path: Path) -> None:
    desk = desk_on(tmp_path, depth(12, 12, [["99.00", "5"]], []))
    desk.run(1)
    status, body = desk.order("SELL", "3")
    assert status == 200
    assert [(f["price"], f["qty"], f["commission"], f["commissionAsset"]) for f in body["fills"]] == [
        ("100.00000000", "2.00000000", "0.20000000", "USDT"),
        ("99.00000000", "1.00000000", "0.09900000", "USDT"),
    ]
    assert desk.balances()["USDT"] == (1_298_701 * 10**5, 0)


def test_book_that_crosses_fills_the_order_at_its_own_price(tmp_path: Path) -> None:
    desk = desk_on(tmp_path, depth(12, 12, [["100.00", "0"], ["98.00", "1"]], [["99.00", "4"]]))
    desk.order("BUY", "1.5", "100.50")
    desk.run(2)
    assert executions(desk)[-1] == ("TRADE", "FILLED", "1.50000000", "100.50000000")


def test_better_price_gives_back_what_was_locked(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    _, body = desk.order("BUY", "4", "102.00")
    assert body["status"] == "PARTIALLY_FILLED"
    assert desk.balances()["USDT"] == ((1000 - 3 * 101 - 102) * 10**8, 102 * 10**8)

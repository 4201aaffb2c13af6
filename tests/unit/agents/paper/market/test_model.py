"""The order-flow model: seeded, alive, and true to the frames that it sends."""

import json
from typing import Any

from agents.paper.binance.market_writer import SpotWriter
from agents.paper.market.flow import LIMIT_RATES
from agents.paper.market.market import DepthView
from agents.paper.market.model import ModelMarket
from agents.paper.money import Listing
from tests.unit.agents.paper.paper_kit import BTC, ETH, LISTING, T0, Desk, Recorder


def play(seconds: float, *, seed: int = 7, speed: float = 1.0) -> tuple[ModelMarket, Recorder]:
    recorder = Recorder()
    listings = {"BTCUSDT": LISTING, "ETHUSDT": Listing.of(ETH)}
    market = ModelMarket(
        listings, seed=seed, speed=speed, prices={"ETHUSDT": "2500"}, listener=recorder, writer=SpotWriter()
    )
    market.start(T0)
    while (due := market.advance(T0 + int(seconds * 1e9), 100)) is not None and due <= T0 + int(seconds * 1e9):
        pass
    return market, recorder


def as_levels(view: DepthView) -> dict[str, dict[str, str]]:
    return {"b": dict(view.bids), "a": dict(view.asks)}


def test_limit_rates_fall_by_the_published_power_law() -> None:
    """Cont, Stoikov, Talreja 2010, table 2: 1.85 1.51 1.09 0.88 0.77 measured, fitted by k = 1.92, alpha = 0.52."""
    assert [round(rate, 2) for rate in LIMIT_RATES[:5]] == [1.92, 1.34, 1.08, 0.93, 0.83]


def test_equal_seeds_give_equal_frames() -> None:
    assert play(5)[1].frames == play(5)[1].frames
    assert play(5)[1].frames != play(5, seed=8)[1].frames


def test_symbols_are_lively() -> None:
    _, recorder = play(20)
    for symbol in ("btcusdt", "ethusdt"):
        counts = {kind: sum(s == f"{symbol}@{kind}" for s, _ in recorder.frames) for kind in ("trade", "bookTicker")}
        assert counts["trade"] > 100
        assert counts["bookTicker"] > 200


def test_book_of_the_frames_is_the_served_book() -> None:
    recorder = Recorder()
    market = ModelMarket({"BTCUSDT": LISTING}, seed=3, speed=1.0, prices={}, listener=recorder, writer=SpotWriter())
    market.start(T0)
    first = market.depth("BTCUSDT", 1000)
    levels, last = as_levels(first), first.last_update_id
    market.advance(T0 + 30 * 10**9, 1_000_000)
    for stream, frame in recorder.frames:
        data = json.loads(frame)["data"]
        if stream.endswith("@depth@100ms"):
            assert data["U"] == last + 1
            last = data["u"]
            for side in ("b", "a"):
                levels[side] |= dict(data[side])
                levels[side] = {p: q for p, q in levels[side].items() if float(q)}
            assert max(map(float, levels["b"])) < min(map(float, levels["a"]))
    pending = market.depth("BTCUSDT", 1000).last_update_id - last
    assert 0 <= pending < 100
    if not pending:
        assert levels == as_levels(market.depth("BTCUSDT", 1000))


def test_what_is_put_off_is_due_and_stamped_so_much_later_and_nothing_else_changes() -> None:
    def frames(put_off_ns: int) -> list[tuple[str, dict[str, Any]]]:
        recorder = Recorder()
        market = ModelMarket({"BTCUSDT": LISTING}, seed=3, speed=1.0, prices={}, listener=recorder, writer=SpotWriter())
        market.start(T0)
        market.advance(T0 + 2 * 10**9, 1_000_000)
        due_ns = market.advance(T0, 1)
        market.put_off(put_off_ns)
        assert market.advance(T0, 1) == due_ns + put_off_ns
        market.advance(T0 + 4 * 10**9 + put_off_ns, 1_000_000)
        return [(stream, json.loads(frame)["data"]) for stream, frame in recorder.frames]

    at_once, later = frames(0), frames(7 * 10**9)
    assert [stream for stream, _ in at_once] == [stream for stream, _ in later]
    trades = [
        (a["t"], b["t"], b["T"] - a["T"])
        for (stream, a), (_, b) in zip(at_once, later, strict=True)
        if "trade" in stream
    ]
    assert all(first == second for first, second, _ in trades)
    assert {moved for _, _, moved in trades} == {0, 7_000}
    assert [moved for _, _, moved in trades] == sorted(moved for _, _, moved in trades)


def test_trade_ids_are_contiguous() -> None:
    _, recorder = play(10)
    ids = [json.loads(frame)["data"]["t"] for stream, frame in recorder.frames if stream == "btcusdt@trade"]
    assert ids == list(range(1, len(ids) + 1))


def test_configured_price_is_where_the_mid_begins() -> None:
    market, _ = play(0)
    view = market.depth("ETHUSDT", 1)
    assert 2499 < float(view.bids[0][0]) < float(view.asks[0][0]) < 2501


def test_orders_of_the_account_are_in_the_book_and_are_hit() -> None:
    desk = Desk([BTC])
    desk.run(1)
    desk.listen()
    _, book = desk.call("GET", "/api/v3/depth", {"symbol": "BTCUSDT"}, signed=False)
    price = f"{float(book['asks'][0][0]) - 0.01:.2f}"
    status, order = desk.order("BUY", "0.01000", price)
    assert (status, order["status"]) == (200, "NEW")
    _, after = desk.call("GET", "/api/v3/depth", {"symbol": "BTCUSDT"}, signed=False)
    assert after["bids"][0] == [f"{price}000000", "0.01000000"]
    desk.run(30)
    _, order = desk.call("GET", "/api/v3/order", {"symbol": "BTCUSDT", "orderId": order["orderId"]})
    assert order["status"] == "FILLED"
    _, trades = desk.call("GET", "/api/v3/myTrades", {"symbol": "BTCUSDT"})
    assert {row["isMaker"] for row in trades} == {True}
    _, public = desk.call("GET", "/api/v3/trades", {"symbol": "BTCUSDT", "limit": 1000}, signed=False)
    assert {row["id"] for row in trades} <= {row["id"] for row in public}


def test_account_may_trade_with_itself() -> None:
    desk = Desk([BTC])
    desk.run(1)
    _, book = desk.call("GET", "/api/v3/depth", {"symbol": "BTCUSDT"}, signed=False)
    price = f"{float(book['asks'][0][0]) - 0.01:.2f}"
    desk.order("BUY", "0.01000", price)
    _, order = desk.order("SELL", "0.01000", price)
    assert order["status"] == "FILLED"
    assert desk.exchange.figures().orders == {"FILLED": 2}
    bought, fee = 10**6, 10**3
    assert desk.balances()["BTC"] == (10**8 + bought - bought - fee, 0)

"""ccxt's structures as frames: what is told once, what is told whole, and how numbers are written."""

import msgspec
import pytest

from agents.venues.ccxt_any.unified import (
    DECIMAL_PLACES,
    IDS_MAX,
    TICK_SIZE,
    BookChanges,
    NewTrades,
    market_row,
    text_of,
    ticker_frame,
)
from agents.venues.ccxt_any.wire import BookFrame, TradesFrame

SIGNIFICANT_DIGITS = 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (0.1 + 0.2, "0.3"),
        (1e-08, "0.00000001"),
        (123456789.12345679, "123456789.123457"),
        (60000.0, "60000"),
        (1e21, "1000000000000000000000"),
        (3, "3"),
        ("0.50", "0.50"),
        (None, ""),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_plain_decimals_of_at_most_15_digits(value, text):
    assert text_of(value) == text


def trade(trade_id, price=100.5):
    return {"id": trade_id, "timestamp": 5, "price": price, "amount": 2.0, "side": "buy"}


def test_a_trade_is_told_once_by_its_id():
    trades = NewTrades("trades:BTC/USD")
    frame = msgspec.json.decode(trades.frame([trade("1"), trade("2")]), type=TradesFrame)
    assert [(row.id, row.ms, row.price, row.qty, row.side) for row in frame.trades] == [
        ("1", 5, "100.5", "2", "buy"),
        ("2", 5, "100.5", "2", "buy"),
    ]
    assert trades.frame([trade("2"), trade("1")]) is None
    assert b'"3"' in trades.frame([trade("2"), trade("3")])


def test_a_trade_without_an_id_is_always_told():
    trades = NewTrades("trades:BTC/USD")
    assert trades.frame([trade(None)]) == trades.frame([trade(None)])


def test_only_so_many_ids_are_remembered():
    trades = NewTrades("trades:BTC/USD")
    trades.frame([trade(str(number)) for number in range(IDS_MAX + 1)])
    assert trades.frame([trade("1")]) is None
    assert trades.frame([trade("0")]) is not None


def look(changes, bids, asks):
    frame = msgspec.json.decode(changes.frame({"bids": bids, "asks": asks, "timestamp": 9}), type=BookFrame)
    return frame.number, frame.whole, frame.bids, frame.asks


def test_a_book_is_told_whole_and_then_by_what_changed():
    changes = BookChanges("book:BTC/USD")
    assert not changes.seen
    assert look(changes, [[99.5, 1.0], [99.0, 2.0]], [[100.0, 3.0, 7]]) == (
        1,
        True,
        [["99.5", "1"], ["99", "2"]],
        [["100", "3"]],
    )
    assert changes.seen
    assert look(changes, [[99.5, 1.5], [98.0, 4.0]], [[100.0, 3.0]]) == (
        2,
        False,
        [["99", "0"], ["99.5", "1.5"], ["98", "4"]],
        [],
    )
    assert look(changes, [[99.5, 1.5], [98.0, 4.0]], [[100.0, 3.0]]) == (3, False, [], [])
    changes.begin()
    assert look(changes, [[99.5, 1.5]], []) == (4, True, [["99.5", "1.5"]], [])
    assert look(changes, [], []) == (5, False, [["99.5", "0"]], [])


def test_a_ticker_has_its_best_prices_as_far_as_ccxt_knows_them():
    frame = msgspec.json.decode(ticker_frame("ticker:X", {"bid": 1.5, "bidVolume": None, "ask": None}))
    assert frame == {"channel": "ticker:X", "ms": None, "bid": "1.5", "bid_qty": "", "ask": "", "ask_qty": ""}


def test_a_market_has_steps_where_ccxt_counts_in_steps():
    market = {
        "symbol": "BTC/USDT:USDT",
        "type": "swap",
        "linear": True,
        "contract": True,
        "contractSize": 0.01,
        "active": None,
        "precision": {"price": 0.5, "amount": 1e-08},
        "limits": {"amount": {"min": 1.0}, "cost": None},
    }
    row = market_row(market, TICK_SIZE)
    assert (row.category, row.active, row.contract_size) == ("linear", True, "0.01")
    assert (row.tick, row.lot, row.min_qty, row.min_notional) == ("0.5", "0.00000001", "1", "")
    places = market_row(market | {"precision": {"price": 2, "amount": None}}, DECIMAL_PLACES)
    assert (places.tick, places.lot) == ("0.01", "")
    assert market_row(market, SIGNIFICANT_DIGITS).tick == ""
    assert market_row({"symbol": "X", "type": "option", "active": False}, TICK_SIZE).category == "option"

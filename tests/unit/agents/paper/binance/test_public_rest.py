"""What the paper venue's public REST tells of its market: trades by id, bars, and books as futures allow them."""

from decimal import Decimal

from agents.market_data.trade_ids import TradeIds
from tests.unit.agents.paper.paper_kit import Desk


def ran(seconds=5.0):
    desk = Desk(seed=3)
    desk.exchange.ws_open(1, "/stream?streams=btcusdt@trade", desk.wall_ns)
    desk.run(seconds)
    return desk


def get(desk, path, **params):
    return desk.call("GET", path, params, signed=False)


def test_old_trades_are_told_from_an_id_on_without_a_hole():
    desk = ran()
    _, newest = get(desk, "/api/v3/trades", symbol="BTCUSDT", limit=20)
    status, found = get(desk, "/api/v3/historicalTrades", symbol="BTCUSDT", fromId=newest[3]["id"], limit=5)
    assert (status, found) == (200, newest[3:8])
    ids = TradeIds()
    assert all(ids.observe(str(row["id"])) == 0 for row in newest)
    assert get(desk, "/api/v3/historicalTrades", symbol="BTCUSDT", limit=20)[1] == newest


def test_bars_add_up_to_the_trades_and_reach_to_now():
    desk = ran()
    _, trades = get(desk, "/api/v3/trades", symbol="BTCUSDT", limit=1000)
    status, rows = get(desk, "/api/v3/klines", symbol="BTCUSDT", interval="1s")
    assert status == 200
    assert sum(row[8] for row in rows) == len(trades)
    assert sum(Decimal(row[5]) for row in rows) == sum(Decimal(trade["qty"]) for trade in trades)
    assert rows[-1][0] == desk.wall_ns // 10**9 * 1000
    assert rows[-1][4] == trades[-1]["price"]
    _, minutes = get(desk, "/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=1)
    assert minutes[0][0] % 60_000 == 0


def test_bars_want_an_interval_that_there_is():
    desk = ran(0.1)
    assert get(desk, "/api/v3/klines", symbol="BTCUSDT")[1]["code"] == -1102
    assert get(desk, "/api/v3/klines", symbol="BTCUSDT", interval="7s")[1]["code"] == -1120


def test_futures_give_books_of_some_depths_only():
    desk = ran(0.1)
    assert get(desk, "/fapi/v1/depth", symbol="BTCUSDT", limit=250)[1]["code"] == -4021
    assert get(desk, "/fapi/v1/depth", symbol="BTCUSDT", limit=500)[0] == 200
    assert get(desk, "/api/v3/depth", symbol="BTCUSDT", limit=250)[0] == 200

"""Queries of orders, executions, balances and positions: what they hold and how they page."""

import pytest

from tests.unit.agents.paper.okx.okx_desk import OkxDesk


@pytest.fixture
def desk() -> OkxDesk:
    desk = OkxDesk()
    desk.run(1)
    return desk


def test_open_orders_page_by_their_ids_newest_first(desk: OkxDesk) -> None:
    ids = [desk.order("buy", "0.001", "50000", clOrdId=f"n{n}")["ordId"] for n in range(5)]
    swap = desk.order("buy", "1", "50000", instId="BTC-USDT-SWAP")["ordId"]
    asked = "/api/v5/trade/orders-pending"
    assert [row["ordId"] for row in desk.query(asked)] == [swap, *reversed(ids)]
    assert [row["ordId"] for row in desk.query(asked, instType="SPOT", limit=2)] == [ids[4], ids[3]]
    assert [row["ordId"] for row in desk.query(asked, instType="SPOT", limit=2, after=ids[3])] == [ids[2], ids[1]]
    assert [row["ordId"] for row in desk.query(asked, limit=2, before=ids[1])] == [ids[3], ids[2]]
    assert [row["instId"] for row in desk.query(asked, instId="BTC-USDT-SWAP")] == ["BTC-USDT-SWAP"]
    assert desk.query(asked, state="partially_filled") == []
    assert desk.query(asked, after="x") == "51000"


def test_orders_that_ended_are_history(desk: OkxDesk) -> None:
    desk.order("buy", "0.001", "70000", "ioc", clOrdId="filled")
    desk.order("buy", "0.001", "50000", "ioc", clOrdId="empty")
    desk.order("buy", "0.001", "50000", clOrdId="open")
    for path in ("orders-history", "orders-history-archive"):
        rows = desk.query(f"/api/v5/trade/{path}", instType="SPOT")
        assert [(row["clOrdId"], row["state"]) for row in rows] == [("empty", "canceled"), ("filled", "filled")]
    assert [row["clOrdId"] for row in desk.query("/api/v5/trade/orders-history", state="filled")] == ["filled"]
    desk.wall_ns += 8 * 86_400 * 10**9
    assert desk.query("/api/v5/trade/orders-history") == []
    assert [row["clOrdId"] for row in desk.query("/api/v5/trade/orders-history-archive")] == ["filled"]


def test_executions_page_by_the_ids_of_their_bookings(desk: OkxDesk) -> None:
    for number in range(4):
        desk.order("buy", "0.001", "70000", "ioc", clOrdId=f"n{number}")
    desk.order("sell", "1", "50000", "ioc", instId="BTC-USDT-SWAP")
    rows = desk.query("/api/v5/trade/fills")
    bills = [row["billId"] for row in rows]
    assert bills == sorted(bills, reverse=True)
    assert rows[0]["instType"] == "SWAP"
    newer = desk.query("/api/v5/trade/fills", before=bills[-1], instType="SPOT", limit=1)
    assert [row["billId"] for row in newer] == [bills[-2]]
    assert [row["billId"] for row in desk.query("/api/v5/trade/fills", after=bills[1], limit=1)] == [bills[2]]
    assert {row["ordId"] for row in desk.query("/api/v5/trade/fills", ordId=rows[-1]["ordId"])} == {rows[-1]["ordId"]}
    assert desk.query("/api/v5/trade/fills", begin=desk.wall_ns // 10**6 + 1) == []
    desk.wall_ns += 4 * 86_400 * 10**9
    assert desk.query("/api/v5/trade/fills") == []
    assert len(desk.query("/api/v5/trade/fills-history")) == len(rows)


def test_a_fee_that_is_paid_is_below_zero(desk: OkxDesk) -> None:
    desk.order("buy", "0.01", "70000", "ioc")
    desk.order("sell", "0.01", "50000", "ioc")
    sold, bought = desk.query("/api/v5/trade/fills")
    assert (bought["feeCcy"], bought["fee"], bought["feeRate"]) == ("BTC", "-0.00001", "-0.001")
    assert sold["feeCcy"] == "USDT"
    assert float(sold["fee"]) == pytest.approx(-0.01 * float(sold["fillPx"]) * 0.001)


def test_positions_are_net_and_balances_tell_what_they_hold(desk: OkxDesk) -> None:
    desk.order("sell", "10", "50000", "ioc", instId="BTC-USDT-SWAP")
    (row,) = desk.query("/api/v5/account/positions")
    notional = 0.1 * float(row["avgPx"])
    assert (row["instId"], row["pos"], row["posSide"], row["mgnMode"], row["lever"]) == (
        "BTC-USDT-SWAP",
        "-10",
        "net",
        "cross",
        "10",
    )
    assert float(row["fee"]) == pytest.approx(-notional * 0.001)
    (usdt,) = desk.query("/api/v5/account/balance", ccy="USDT")[0]["details"]
    assert float(usdt["imr"]) == pytest.approx(notional / 10)
    assert float(usdt["frozenBal"]) == float(usdt["imr"])
    assert float(usdt["availBal"]) == pytest.approx(100_000 - notional / 10 - notional * 0.001)
    assert float(usdt["eq"]) == pytest.approx(float(usdt["cashBal"]) + float(usdt["upl"]))
    desk.order("buy", "10", "70000", "ioc", instId="BTC-USDT-SWAP")
    assert desk.query("/api/v5/account/positions") == []
    (row,) = desk.query("/api/v5/account/positions", instId="BTC-USDT-SWAP")
    assert (row["pos"], row["avgPx"]) == ("0", "")
    fills = desk.query("/api/v5/trade/fills")
    assert float(row["pnl"]) == pytest.approx(sum(float(fill["fillPnl"]) for fill in fills))
    assert float(row["realizedPnl"]) == pytest.approx(sum(float(f["fillPnl"]) + float(f["fee"]) for f in fills))
    (usdt,) = desk.query("/api/v5/account/balance", ccy="USDT")[0]["details"]
    assert float(usdt["cashBal"]) == pytest.approx(100_000 + float(row["realizedPnl"]))
    assert usdt["frozenBal"] == "0"
    assert desk.exchange.figures().positions["BTC-USDT-SWAP"] == "0.00000000"


def test_kinds_of_positions_that_there_are_none_of(desk: OkxDesk) -> None:
    desk.order("buy", "1", "70000", "ioc", instId="BTC-USDT-SWAP")
    assert desk.query("/api/v5/account/positions", instType="MARGIN") == []
    assert desk.query("/api/v5/account/positions", instType="SPOT") == "51000"
    assert desk.query("/api/v5/account/leverage-info", instId="BTC-USDT-SWAP", mgnMode="cross")[0]["lever"] == "10"
    assert desk.query("/api/v5/account/leverage-info", instId="BTC-USDT-SWAP", mgnMode="isolated") == []
    assert desk.query("/api/v5/account/leverage-info", instId="BTC-USDT") == "51000"
    config = desk.query("/api/v5/account/config")[0]
    assert (config["posMode"], config["acctLv"], config["perm"]) == ("net_mode", "2", "read_only,trade")

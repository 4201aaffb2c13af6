"""Funding at its time, and liquidation of what cannot be held any more."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agents.paper.market.market import FUNDING_INTERVAL_NS
from agents.paper.money import E8
from tests.unit.agents.paper.binance.usdm.usdm_desk import BTC, UsdmDesk
from tests.unit.agents.paper.paper_kit import T0, write_capture

NEXT_NS = (T0 // FUNDING_INTERVAL_NS + 1) * FUNDING_INTERVAL_NS
"""The model's next time of funding."""


def near_funding() -> UsdmDesk:
    """Return a desk some seconds before funding."""
    desk = UsdmDesk(balances={"USDT": "10000"}, taker_fee="0")
    desk.wall_ns = NEXT_NS - 5 * 10**9
    desk.run(1)
    return desk


@pytest.mark.parametrize(("side", "sign"), [("BUY", -1), ("SELL", 1)])
def test_what_is_held_is_paid_for_once_at_its_time(side: str, sign: int) -> None:
    desk = near_funding()
    desk.order(side, "0.100")
    desk.listen()
    desk.run(3)
    assert desk.told() == []
    before_e8 = desk.exchange.account.balance("USDT").total_e8
    desk.run(5)
    (paid,) = desk.exchange.trading.ledger.fundings
    assert (paid.rate_e8, paid.qty_lots, paid.number) == (10_000, -sign * 100, 1)
    assert paid.amount_e8 == sign * paid.mark_e8 // 10 * 10_000 // E8
    assert NEXT_NS <= paid.ts_ns < NEXT_NS + 2 * 10**9
    assert desk.exchange.account.balance("USDT").total_e8 == before_e8 + paid.amount_e8
    (event,) = desk.told("ACCOUNT_UPDATE")
    assert (event["a"]["m"], event["a"]["S"], "P" in event["a"]) == ("FUNDING_FEE", "BTCUSDT", False)
    assert float(event["a"]["B"][0]["bc"]) == pytest.approx(paid.amount_e8 / E8)
    (row,) = desk.call("GET", "/fapi/v1/income", incomeType="FUNDING_FEE")
    assert float(row["income"]) == pytest.approx(paid.amount_e8 / E8)
    assert desk.exchange.figures().funding == {"USDT": row["income"]}


def test_nothing_is_paid_for_what_is_not_held() -> None:
    desk = near_funding()
    desk.run(10)
    assert desk.exchange.trading.ledger.fundings == []


def test_funding_can_be_asked_for() -> None:
    desk = UsdmDesk(taker_fee="0")
    desk.run(1)
    desk.order("BUY", "0.100")

    def ask(**body: Any) -> int:
        return desk.exchange.http("POST", "/paper/funding", "", {}, json.dumps(body).encode(), desk.wall_ns).status

    assert ask(symbol="BTCUSDT", rate="-0.001") == 200
    (paid,) = desk.exchange.trading.ledger.fundings
    assert paid.amount_e8 == paid.mark_e8 // 10 * 100_000 // E8
    assert (ask(symbol="NOUSDT", rate="0.1"), ask(symbol="BTCUSDT", rate="much"), ask(symbol="BTCUSDT")) == (400,) * 3


def mark(at_ms: int, price: str, next_ms: int, rate: str = "0.00020000") -> dict[str, Any]:
    """Return a mark price frame."""
    data = {"e": "markPriceUpdate", "E": at_ms, "s": "BTCUSDT", "p": price, "P": price, "i": price, "r": rate}
    return {"stream": "btcusdt@markPrice@1s", "data": data | {"T": next_ms}}


def book(at_ms: int) -> dict[str, Any]:
    """Return a frame of the book, which is as wide as it always is."""
    levels = {"b": [["59999.9", "9"]], "a": [["60000.1", "9"]]}
    data = {"e": "depthUpdate", "E": at_ms, "T": at_ms, "s": "BTCUSDT", "U": at_ms, "u": at_ms, "pu": at_ms - 1}
    return {"stream": "btcusdt@depth@0ms", "data": data | levels}


def recorded(tmp_path: Path, lines: list[tuple[int, dict[str, Any]]]) -> UsdmDesk:
    path = write_capture(tmp_path / "btcusdt.dat", lines)
    packed = tmp_path / "btcusdt.dat.gz"
    packed.write_bytes(gzip.compress(Path(path).read_bytes()))
    return UsdmDesk([BTC], captures=(str(packed),), balances={"USDT": "10000"}, taker_fee="0", lead_in_ms=0)


def test_a_recorded_mark_values_what_is_held_and_says_when_it_is_paid_for(tmp_path: Path) -> None:
    start_ms = T0 // 10**6
    due_ms = start_ms + 10_000
    lines = [(number * 10**9, book(start_ms + number)) for number in range(21)]
    lines += [(number * 10**9 + 1, mark(start_ms, "60100.00000000", due_ms)) for number in range(10)]
    lines += [(number * 10**9 + 1, mark(start_ms, "60200.00000000", due_ms + 28_800_000)) for number in range(10, 21)]
    desk = recorded(tmp_path, sorted(lines, key=lambda line: line[0]))
    desk.exchange.market.start(desk.wall_ns)
    desk.run(3)
    desk.order("BUY", "0.100")
    assert desk.position()["markPrice"] == "60100.00000000"
    desk.run(5)
    assert desk.exchange.trading.ledger.fundings == []
    desk.run(10)
    (paid,) = desk.exchange.trading.ledger.fundings
    assert (paid.mark_e8, paid.rate_e8) == (60_100 * E8, 20_000)
    assert paid.amount_e8 == -6_010 * 20_000


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_position_that_the_account_cannot_hold_any_more_is_closed(side: str) -> None:
    desk = UsdmDesk(balances={"USDT": "1000"}, taker_fee="0")
    desk.run(1)
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    desk.order(side, "1.000")
    desk.listen()
    resting = {"BUY": "55000", "SELL": "65000"}[side]
    desk.order(side, "0.010", resting, newClientOrderId="rest")
    desk.exchange.trading.transfer("USDT", -desk.exchange.account.balance("USDT").free_e8, desk.wall_ns)
    held = desk.exchange.account.position("BTCUSDT")
    assert held.qty_lots
    moved_e8 = -250 * E8
    desk.exchange.account.transfer("USDT", moved_e8)
    desk.run(3)
    assert (held.qty_lots, desk.call("GET", "/fapi/v1/openOrders")) == (0, [])
    told = [event["o"] for event in desk.told("ORDER_TRADE_UPDATE")]
    (gone,) = [each for each in told if each["c"] == "rest" and each["x"] != "NEW"]
    assert gone["X"] == "EXPIRED"
    forced = [each for each in told if each["c"].startswith("autoclose-")]
    assert {each["x"] for each in forced} == {"CALCULATED"}
    assert (forced[-1]["X"], forced[-1]["z"], forced[-1]["R"], forced[-1]["o"]) == ("FILLED", "1.000", True, "LIMIT")
    (row,) = desk.call("GET", "/fapi/v1/forceOrders", symbol="BTCUSDT")
    assert (row["clientOrderId"], row["status"]) == (forced[-1]["c"], "FILLED")


def test_a_restart_finds_leverage_funding_and_who_made_an_order() -> None:
    desk, again = UsdmDesk(balances={"USDT": "5000"}), UsdmDesk(balances={"USDT": "5000"})
    events: list[Any] = []
    desk.exchange.trading.log = events.append
    desk.exchange.begin(desk.wall_ns)
    desk.run(1)
    desk.order("BUY", "0.010", "50000")
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=25)
    desk.order("BUY", "0.500")
    desk.exchange.contracts.settle(desk.exchange.listings["BTCUSDT"], 100_000, desk.wall_ns)
    desk.exchange.trading.transfer("USDT", -desk.exchange.account.balance("USDT").free_e8, desk.wall_ns)
    desk.exchange.contracts.settle(desk.exchange.listings["BTCUSDT"], 4_000_000, desk.wall_ns)
    desk.run(3)
    for event in events:
        again.exchange.restore(event)
    was, now = desk.exchange, again.exchange
    assert now.account.position("BTCUSDT") == was.account.position("BTCUSDT")
    assert now.account.position("BTCUSDT").leverage == 25
    assert now.account.balances == was.account.balances
    assert len(now.trading.ledger.fundings) == len(was.trading.ledger.fundings) == 2
    assert now.account.funding_e8 == was.account.funding_e8
    origins = [order.origin for order in now.trading.orders.values()]
    assert origins == [order.origin for order in was.trading.orders.values()]
    assert origins[-1] == "liquidation"


def test_an_account_that_comes_to_have_little_is_called_for_margin_once() -> None:
    desk = UsdmDesk(balances={"USDT": "1000"}, taker_fee="0")
    desk.run(1)
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    desk.order("BUY", "1.000")
    desk.listen()
    values, account = desk.exchange.trading.values, desk.exchange.account
    keeps_e8 = values.total_maintenance_e8("USDT") * 10 // 9 - values.total_profit_e8("USDT")
    account.transfer("USDT", keeps_e8 - account.balance("USDT").total_e8)
    desk.run(2)
    (called,) = desk.told("MARGIN_CALL")
    (position,) = called["p"]
    assert (position["s"], position["pa"], position["mt"]) == ("BTCUSDT", "1.000", "CROSSED")

"""Order entry over REST: what is accepted, what is refused with which code, and what the account is told."""

import json
from typing import Any

import pytest

from agents.paper.refusals import Refused, Why
from tests.unit.agents.paper.paper_kit import BTC, ETH, Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.run(1)
    desk.listen()
    return desk


def best(desk: Desk) -> tuple[float, float]:
    _, row = desk.call("GET", "/api/v3/ticker/bookTicker", {"symbol": "BTCUSDT"}, signed=False)
    return float(row["bidPrice"]), float(row["askPrice"])


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"symbol": ""}, -1102, "'symbol'"),
    ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
    ({"side": "HOLD"}, -1117, "Invalid side."),
    ({"type": "STOP_LOSS"}, -1116, "Invalid orderType."),
    ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
    ({"timeInForce": ""}, -1102, "'timeInForce'"),
    ({"price": "-1"}, -1100, "'price'"),
    ({"price": "1e5"}, -1100, "'price'"),
    ({"price": "50000.001"}, -1013, "PRICE_FILTER"),
    ({"price": "0"}, -1013, "PRICE_FILTER"),
    ({"price": "50000.000000001"}, -1111, "precision"),
    ({"quantity": "0.000001"}, -1013, "LOT_SIZE"),
    ({"quantity": "0"}, -1013, "LOT_SIZE"),
    ({"quantity": "0.00001"}, -1013, "NOTIONAL"),
    ({"quantity": "30000"}, -1013, "NOTIONAL"),
    ({"quantity": "99"}, -2010, "insufficient balance"),
    ({"newClientOrderId": "what is this"}, -1100, "newClientOrderId"),
    ({"newOrderRespType": "NONE"}, -1100, "newOrderRespType"),
    ({"type": "MARKET"}, -1106, "not required"),
]


@pytest.mark.parametrize(("change", "code", "said"), REFUSED)
def test_wrong_orders_are_refused_with_binance_codes(desk: Desk, change: dict[str, Any], code: int, said: str) -> None:
    before = desk.balances()
    status, body = desk.order("BUY", "0.01", "50000", **change)
    assert (status, body["code"]) == (400, code)
    assert said in body["msg"]
    assert desk.balances() == before
    assert desk.events() == []


def test_ack_result_and_full_tell_more_and_more(desk: Desk) -> None:
    replies = [desk.order("BUY", "0.01", "50000", newOrderRespType=kind)[1] for kind in ("ACK", "RESULT", "FULL")]
    assert set(replies[0]) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert set(replies[1]) > set(replies[0])
    assert set(replies[2]) == set(replies[1]) | {"fills"}
    assert "fills" not in desk.order("BUY", "0.01", "50000", type="LIMIT_MAKER", timeInForce="")[1]


def test_events_of_an_order_come_in_order(desk: Desk) -> None:
    _, ask = best(desk)
    desk.order("BUY", "0.01", f"{ask:.2f}", newClientOrderId="mine")
    events = desk.events()
    reports = [event for event in events if event["e"] == "executionReport"]
    assert [event["x"] for event in reports][:2] == ["NEW", "TRADE"]
    assert all(event["c"] == "mine" and event["i"] == 1 for event in reports)
    assert events[-1]["e"] == "outboundAccountPosition"
    assert len({event["I"] for event in reports}) == len(reports)


def test_canceled_order_gives_everything_back(desk: Desk) -> None:
    _, order = desk.order("BUY", "0.01", "50000", newClientOrderId="mine")
    assert desk.balances()["USDT"] == (99_500 * 10**8, 500 * 10**8)
    status, body = desk.call("DELETE", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": "mine"})
    assert (status, body["status"], body["origClientOrderId"]) == (200, "CANCELED", "mine")
    assert desk.balances()["USDT"] == (100_000 * 10**8, 0)
    report = [event for event in desk.events() if event["e"] == "executionReport"][-1]
    assert (report["x"], report["X"], report["C"], report["c"]) == (
        "CANCELED",
        "CANCELED",
        "mine",
        body["clientOrderId"],
    )
    status, body = desk.call("DELETE", "/api/v3/order", {"symbol": "BTCUSDT", "orderId": order["orderId"]})
    assert (status, body["code"]) == (400, -2011)


def test_immediate_or_cancel_keeps_nothing(desk: Desk) -> None:
    bid, ask = best(desk)
    _, body = desk.order("BUY", "0.01", f"{bid - 100:.2f}", timeInForce="IOC")
    assert (body["status"], body["executedQty"]) == ("EXPIRED", "0.00000000")
    assert desk.balances()["USDT"][1] == 0
    _, body = desk.order("BUY", "0.00010", f"{ask:.2f}", timeInForce="IOC")
    assert body["status"] == "FILLED"


def test_fill_or_kill_is_all_or_nothing() -> None:
    desk = Desk(balances={"USDT": "10000000"})
    _, ask = best(desk)
    _, row = desk.call("GET", "/api/v3/ticker/bookTicker", {"symbol": "BTCUSDT"}, signed=False)
    _, body = desk.order("BUY", f"{float(row['askQty']) + 0.00001:.5f}", f"{ask:.2f}", timeInForce="FOK")
    assert (body["status"], body["executedQty"]) == ("EXPIRED", "0.00000000")
    _, body = desk.order("BUY", "0.00010", f"{ask:.2f}", timeInForce="FOK")
    assert body["status"] == "FILLED"


def test_post_only_never_takes(desk: Desk) -> None:
    bid, ask = best(desk)
    maker = {"type": "LIMIT_MAKER", "timeInForce": ""}
    status, body = desk.order("BUY", "0.01", f"{ask + 5:.2f}", **maker)
    assert (status, body["code"], body["msg"]) == (400, -2010, "Order would immediately match and take.")
    assert desk.order("BUY", "0.01", f"{bid:.2f}", **maker)[0] == 200


def test_market_order_by_quote_spends_no_more_than_asked(desk: Desk) -> None:
    _, body = desk.order("BUY", "", quoteOrderQty="1000")
    spent = float(body["cummulativeQuoteQty"])
    assert body["status"] == "FILLED"
    assert 999 < spent <= 1000
    assert desk.balances()["USDT"] == (100_000 * 10**8 - round(spent * 10**8), 0)


def test_client_order_id_is_free_again_once_its_order_is_closed(desk: Desk) -> None:
    assert desk.order("BUY", "0.01", "50000", newClientOrderId="same")[0] == 200
    status, body = desk.order("BUY", "0.01", "50000", newClientOrderId="same")
    assert (status, body["code"], body["msg"]) == (400, -2010, "Duplicate order sent.")
    desk.call("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})
    assert desk.order("BUY", "0.001", newClientOrderId="same")[1]["status"] == "FILLED"
    assert desk.order("BUY", "0.001", newClientOrderId="same")[1]["status"] == "FILLED"
    assert desk.exchange.figures().creates_by_client_id_max == 3
    _, body = desk.call("GET", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": "same"})
    assert body["orderId"] == 3


def test_queries_find_orders_and_trades(desk: Desk) -> None:
    desk.order("BUY", "0.01", "50000")
    desk.order("BUY", "0.001")
    _, rows = desk.call("GET", "/api/v3/openOrders")
    assert [row["orderId"] for row in rows] == [1]
    _, rows = desk.call("GET", "/api/v3/allOrders", {"symbol": "BTCUSDT"})
    assert [row["status"] for row in rows] == ["NEW", "FILLED"]
    _, trades = desk.call("GET", "/api/v3/myTrades", {"symbol": "BTCUSDT", "orderId": 2})
    assert sum(float(row["qty"]) for row in trades) == pytest.approx(0.001)
    last = trades[-1]["id"]
    assert desk.call("GET", "/api/v3/myTrades", {"symbol": "BTCUSDT", "fromId": last + 1})[1] == []
    status, body = desk.call("GET", "/api/v3/order", {"symbol": "BTCUSDT", "orderId": 99})
    assert (status, body["code"]) == (400, -2013)


def test_test_order_changes_nothing(desk: Desk) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    assert desk.call("POST", "/api/v3/order/test", order) == (200, {})
    assert desk.exchange.figures().orders == {}


def test_too_many_orders_are_refused_with_429(desk: Desk) -> None:
    for _ in range(100):
        assert desk.order("BUY", "0.001", "50000", timeInForce="IOC")[0] == 200
    status, body = desk.order("BUY", "0.001", "50000", timeInForce="IOC")
    assert (status, body["code"]) == (429, -1015)
    desk.run(10)
    assert desk.order("BUY", "0.001", "50000", timeInForce="IOC")[0] == 200


def test_used_weight_is_told_and_bounded(desk: Desk) -> None:
    weights = {reply.headers["X-MBX-USED-WEIGHT-1M"] for reply in [desk.reply("GET", "/api/v3/exchangeInfo", "")]}
    assert weights == {"22"}
    for _ in range(299):
        desk.reply("GET", "/api/v3/exchangeInfo", "")
    reply = desk.reply("GET", "/api/v3/exchangeInfo", "")
    assert reply.status == 429
    assert int(reply.headers["Retry-After"]) in range(1, 61)


def test_order_headers_count_orders(desk: Desk) -> None:
    desk.order("BUY", "0.01", "50000")
    reply = desk.reply("GET", "/api/v3/order", "")
    assert (reply.headers["X-MBX-ORDER-COUNT-10S"], reply.headers["X-MBX-ORDER-COUNT-1D"]) == ("1", "1")


def test_unknown_endpoint_is_404(desk: Desk) -> None:
    assert desk.call("GET", "/api/v3/nothing")[0] == 404


def test_exchange_info_lists_the_symbols_that_are_named() -> None:
    desk = Desk((BTC, ETH))

    def listed(**params: str) -> object:
        status, body = desk.call("GET", "/api/v3/exchangeInfo", params, signed=False)
        return [each["symbol"] for each in body["symbols"]] if status == 200 else (status, body["code"])

    assert listed() == ["BTCUSDT", "ETHUSDT"]
    assert listed(symbol="ETHUSDT") == ["ETHUSDT"]
    assert listed(symbols='["ETHUSDT"]') == ["ETHUSDT"]
    assert listed(symbols='["BTCUSDT","ETHUSDT","BTCUSDT"]') == ["BTCUSDT", "ETHUSDT"]
    assert listed(symbol="NONE") == (400, -1121)
    assert listed(symbols='["BTCUSDT","NONE"]') == (400, -1121)
    assert listed(symbols="BTCUSDT") == (400, -1100)
    assert listed(symbols="[]") == (400, -1100)
    assert listed(symbol="BTCUSDT", symbols='["BTCUSDT"]') == (400, -1128)


@pytest.mark.parametrize("ticker", ["price", "bookTicker", "24hr"])
def test_tickers_answer_for_the_symbols_that_are_named(ticker: str) -> None:
    desk = Desk((BTC, ETH))
    path = f"/api/v3/ticker/{ticker}"
    assert desk.call("GET", path, {"symbol": "ETHUSDT"}, signed=False)[1]["symbol"] == "ETHUSDT"
    rows = desk.call("GET", path, {"symbols": '["ETHUSDT"]'}, signed=False)[1]
    assert [row["symbol"] for row in rows] == ["ETHUSDT"]
    assert desk.call("GET", path, {"symbols": '["NONE"]'}, signed=False)[1]["code"] == -1121


def test_account_leaves_out_empty_balances_if_asked() -> None:
    desk = Desk(balances={"USDT": "1000", "BTC": "0"})

    def assets(**params: str) -> object:
        status, body = desk.call("GET", "/api/v3/account", params)
        return [row["asset"] for row in body["balances"]] if status == 200 else body["code"]

    assert assets() == assets(omitZeroBalances="false") == ["USDT", "BTC"]
    assert assets(omitZeroBalances="true") == ["USDT"]
    assert assets(omitZeroBalances="maybe") == -1100
    desk.run(1)
    desk.order("BUY", "0.001")
    assert assets(omitZeroBalances="true") == ["USDT", "BTC"]


def transfer(desk: Desk, asset: str, amount: str) -> Any:
    body = json.dumps({"asset": asset, "amount": amount}).encode()
    return desk.exchange.http("POST", "/paper/transfer", "", {}, body, desk.wall_ns)


def test_transfer_changes_the_account_and_is_told_as_no_trade(desk: Desk) -> None:
    assert transfer(desk, "USDT", "-250.5").status == 200
    assert transfer(desk, "SHIB", "1000000000000000000.5").status == 200
    events = desk.events()
    assert [event["e"] for event in events] == ["balanceUpdate", "outboundAccountPosition"] * 2
    assert (events[0]["a"], events[0]["d"], events[1]["B"]) == (
        "USDT",
        "-250.50000000",
        [{"a": "USDT", "f": "99749.50000000", "l": "0.00000000"}],
    )
    assert events[3]["B"] == [{"a": "SHIB", "f": "1000000000000000000.50000000", "l": "0.00000000"}]
    figures = desk.exchange.figures()
    assert (figures.account["USDT"].initial, figures.account["USDT"].transferred) == (
        "100000.00000000",
        "-250.50000000",
    )


def test_transfer_of_what_orders_hold_or_of_nonsense_is_refused(desk: Desk) -> None:
    desk.order("BUY", "1", "50000")
    before, events = desk.balances(), desk.events()
    for asset, amount in (("USDT", "-50000.00000001"), ("USDT", "much"), ("BTC", "0.000000001")):
        assert transfer(desk, asset, amount).status == 400
    assert desk.exchange.http("POST", "/paper/transfer", "", {}, b'{"asset":"BTC"}', desk.wall_ns).status == 400
    assert (desk.balances(), desk.events()) == (before, events)


def test_transfer_of_the_base_is_no_position(desk: Desk) -> None:
    transfer(desk, "BTC", "3")
    assert desk.exchange.figures().positions == {"BTCUSDT": "0.00000000"}


def resting(desk: Desk, price: str = "50000", kind: str = "LIMIT") -> Any:
    """Return an order of 0.01 BTC that rests at the venue."""
    terms = {"type": kind} | ({} if kind == "LIMIT" else {"timeInForce": ""})
    number = desk.order("BUY", "0.01", price, **terms)[1]["orderId"]
    return desk.exchange.trading.orders[number]


def test_an_amended_order_locks_what_it_needs_now_and_keeps_its_id(desk: Desk) -> None:
    order, trading = resting(desk), desk.exchange.trading
    trading.amend(order, 4_000_000, 2_000, desk.wall_ns)
    assert (order.price_ticks, order.qty_lots, order.status) == (4_000_000, 2_000, "NEW")
    assert order.locked_e8 == desk.balances()["USDT"][1] == 800 * 10**8
    desk.run(1)
    trading.cancel(order, "", desk.wall_ns)
    assert desk.balances()["USDT"] == (100_000 * 10**8, 0)


def test_an_order_amended_into_the_market_takes(desk: Desk) -> None:
    order = resting(desk)
    desk.exchange.trading.amend(order, int(best(desk)[1] * 100) + 10_000, 1_000, desk.wall_ns)
    assert order.status == "FILLED"
    assert [event["x"] for event in desk.events() if event["e"] == "executionReport"][-1] == "TRADE"


def test_an_order_amended_to_what_is_filled_is_filled(desk: Desk) -> None:
    bid, _ = best(desk)
    order = desk.exchange.trading.orders[desk.order("BUY", "10", f"{bid:.2f}", quantity="1.5")[1]["orderId"]]
    while not order.fills:
        desk.run(1)
    desk.exchange.trading.amend(order, order.price_ticks, 1, desk.wall_ns)
    assert (order.status, order.qty_lots) == ("FILLED", order.cum_qty_lots)
    assert desk.balances()["USDT"][1] == 0


@pytest.mark.parametrize(
    ("kind", "price", "lots", "why"),
    [
        ("LIMIT", 5_000_000, 1_000_000, Why.INSUFFICIENT_BALANCE),
        ("LIMIT_MAKER", 9_000_000, 1_000, Why.WOULD_TAKE),
    ],
)
def test_an_amendment_that_is_refused_changes_nothing(desk: Desk, kind: str, price: int, lots: int, why: Why) -> None:
    order, before = resting(desk, kind=kind), desk.balances()
    with pytest.raises(Refused) as refused:
        desk.exchange.trading.amend(order, price, lots, desk.wall_ns)
    assert refused.value.why == why
    assert (order.price_ticks, order.qty_lots, desk.balances()) == (5_000_000, 1_000, before)


def test_an_order_that_has_ended_is_not_amended(desk: Desk) -> None:
    order = resting(desk)
    desk.exchange.trading.cancel(order, "", desk.wall_ns)
    with pytest.raises(Refused) as refused:
        desk.exchange.trading.amend(order, 4_000_000, 1_000, desk.wall_ns)
    assert refused.value.why == Why.NOT_OPEN


def test_an_order_that_was_canceled_without_a_fill_may_be_forgotten(desk: Desk) -> None:
    trading = desk.exchange.trading
    trading.forget_ns = 10**9
    order = resting(desk)
    trading.cancel(order, "", desk.wall_ns)
    assert trading.find("BTCUSDT", order.order_id, "", desk.wall_ns + 10**9) is order
    with pytest.raises(Refused):
        trading.find("BTCUSDT", order.order_id, "", desk.wall_ns + 10**9 + 1)
    assert list(trading.of_symbol("BTCUSDT", desk.wall_ns + 2 * 10**9)) == []

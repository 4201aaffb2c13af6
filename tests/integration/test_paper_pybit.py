"""Bybit's own client, unmodified, trades on the paper venue over https and wss, at the addresses that it has built in.

It is told where these are by a resolver, and the venue has a certificate for them of an authority made for the test. The
venue is some way off, as any is: pybit notes a subscription after it has sent it, and an answer that comes before (loopback
takes microseconds, and to send lets go of the GIL) ends its connection for good.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP, WebSocket, WebSocketTrading

from tests.integration.paper_live import LivePaper, paper_venue
from tests.integration.tls import certified, resolved
from tests.unit.agents.paper.bybit.test_market_writer import LINEAR, SPOT
from tests.unit.agents.paper.model_kit import CREDENTIALS

KEY, SECRET, *_ = CREDENTIALS
ACCOUNT = {"api_key": KEY, "api_secret": SECRET}
BTC = "BTCUSDT"
UNTIL_S = 20.0
AWAY_S = 0.01


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePaper]:
    with pytest.MonkeyPatch.context() as environment:
        tls = certified(Path(tmp_path_factory.mktemp("tls")), environment, "*.bybit.com", "127.0.0.1")
        environment.setenv("TESTPAPER_KEY", KEY)
        environment.setenv("TESTPAPER_SECRET", SECRET)
        with (
            paper_venue((SPOT, LINEAR), kind="bybit", tls=tls) as venue,
            resolved(".bybit.com", venue.server.port),
        ):
            move_away(venue, environment)
            yield venue


def move_away(venue: LivePaper, environment: pytest.MonkeyPatch) -> None:
    """Have what clients say on websockets arrive later."""
    exchange, server = venue.agent.exchange, venue.server
    take = exchange.ws_message

    def arrive(conn_id: int, text: str) -> None:
        take(conn_id, text, time.time_ns())
        server.wake()

    def leave(conn_id: int, text: str, _: int) -> None:
        asyncio.get_running_loop().call_later(AWAY_S, arrive, conn_id, text)

    environment.setattr(exchange, "ws_message", leave)


def client_of(**account: str) -> HTTP:
    """Return a client that trusts the test's authority: it does not look for that by itself."""
    client = HTTP(**account)
    client.client.verify = os.environ["REQUESTS_CA_BUNDLE"]
    return client


@pytest.fixture
def bybit(live: LivePaper) -> Iterator[HTTP]:
    client = client_of(**ACCOUNT)
    yield client
    for category, which in (("spot", {}), ("linear", {"settleCoin": "USDT"})):
        client.cancel_all_orders(category=category, **which)
    client.client.close()


def best(bybit: HTTP, category: str) -> tuple[float, float, float]:
    """Return best bid and ask, and what is offered at the ask."""
    book = bybit.get_orderbook(category=category, symbol=BTC)["result"]
    return float(book["b"][0][0]), float(book["a"][0][0]), float(book["a"][0][1])


def order_of(bybit: HTTP, category: str, **which: Any) -> Any:
    (row,) = bybit.get_open_orders(category=category, symbol=BTC, **which)["result"]["list"]
    return row


def until(done: Callable[[], Any]) -> None:
    end_s = time.monotonic() + UNTIL_S
    while not done():
        assert time.monotonic() < end_s, "not within the deadline"
        time.sleep(0.01)


def test_time_and_listings(bybit: HTTP) -> None:
    assert bybit.get_server_time()["retMsg"] == "OK"
    (spot,) = bybit.get_instruments_info(category="spot", symbol=BTC)["result"]["list"]
    (linear,) = bybit.get_instruments_info(category="linear", symbol=BTC)["result"]["list"]
    assert (spot["status"], linear["contractType"]) == ("Trading", "LinearPerpetual")
    assert bybit.get_tickers(category="linear", symbol=BTC)["result"]["list"][0]["fundingRate"]
    until(lambda: bybit.get_public_trade_history(category="spot", symbol=BTC)["result"]["list"])
    assert len(bybit.get_kline(category="spot", symbol=BTC, interval=1)["result"]["list"]) in (1, 2)
    assert bybit.get_api_key_information()["result"]["readOnly"] == 0


@pytest.mark.parametrize("category", ["spot", "linear"])
def test_an_order_rests_is_amended_and_canceled(bybit: HTTP, category: str) -> None:
    bid, *_ = best(bybit, category)
    terms = {"category": category, "symbol": BTC, "orderLinkId": f"pybit-{category}"}
    placed = bybit.place_order(side="Buy", orderType="Limit", qty="0.01", price=f"{bid - 1000:.1f}", **terms)
    number = placed["result"]["orderId"]
    assert placed["result"]["orderLinkId"] == terms["orderLinkId"]
    bybit.amend_order(qty="0.02", price=f"{bid - 900:.1f}", **terms)
    row = order_of(bybit, category, orderLinkId=terms["orderLinkId"])
    assert (row["orderId"], row["orderStatus"], row["qty"], float(row["price"])) == (number, "New", "0.02", bid - 900)
    which = {} if category == "spot" else {"settleCoin": "USDT"}
    assert [each["orderId"] for each in bybit.get_open_orders(category=category, **which)["result"]["list"]] == [number]
    bybit.cancel_order(**terms)
    assert order_of(bybit, category, orderId=number)["orderStatus"] == "Cancelled"
    with pytest.raises(InvalidRequestError, match=r"170213|110001"):
        bybit.cancel_order(**terms)
    with pytest.raises(InvalidRequestError, match=r"170141|110072"):
        bybit.place_order(side="Buy", orderType="Limit", qty="0.01", price=f"{bid - 1000:.1f}", **terms)


@pytest.mark.parametrize("category", ["spot", "linear"])
def test_a_part_of_an_order_fills_and_the_rest_is_canceled(bybit: HTTP, category: str) -> None:
    _, ask, offered = best(bybit, category)
    qty = f"{offered + 3:.3f}"
    number = bybit.place_order(
        category=category, symbol=BTC, side="Buy", orderType="Limit", qty=qty, price=f"{ask:.1f}"
    )["result"]["orderId"]
    until(lambda: float(order_of(bybit, category, orderId=number)["cumExecQty"]) > 0)
    row = order_of(bybit, category, orderId=number)
    assert row["orderStatus"] in ("PartiallyFilled", "Filled")
    fills = bybit.get_executions(category=category, symbol=BTC, orderId=number)["result"]["list"]
    assert sum(float(each["execQty"]) for each in fills) >= float(row["cumExecQty"])
    assert all(float(each["execFee"]) > 0 for each in fills)
    if row["orderStatus"] == "PartiallyFilled":
        bybit.cancel_order(category=category, symbol=BTC, orderId=number)
        ended = order_of(bybit, category, orderId=number)["orderStatus"]
        assert ended == ("PartiallyFilledCanceled" if category == "spot" else "Cancelled")


def test_balances_move_by_what_was_traded(bybit: HTTP) -> None:
    def coins() -> dict[str, float]:
        (account,) = bybit.get_wallet_balance(accountType="UNIFIED")["result"]["list"]
        return {coin["coin"]: float(coin["walletBalance"]) for coin in account["coin"]}

    before = coins()
    placed = bybit.place_order(category="spot", symbol=BTC, side="Sell", orderType="Market", qty="0.01")
    row = order_of(bybit, "spot", orderId=placed["result"]["orderId"])
    assert row["orderStatus"] == "Filled"
    after = coins()
    assert before["BTC"] - after["BTC"] == pytest.approx(0.01)
    assert after["USDT"] - before["USDT"] == pytest.approx(float(row["cumExecValue"]) - float(row["cumExecFee"]))


def test_a_position_is_opened_told_and_closed(bybit: HTTP) -> None:
    before = float(bybit.get_positions(category="linear", symbol=BTC)["result"]["list"][0]["size"] or 0)
    if before:
        bybit.place_order(
            category="linear", symbol=BTC, side="Sell", orderType="Market", qty=str(before), reduceOnly=True
        )
    bybit.place_order(category="linear", symbol=BTC, side="Sell", orderType="Market", qty="0.05")
    (position,) = bybit.get_positions(category="linear", settleCoin="USDT")["result"]["list"]
    assert (position["side"], position["size"]) == ("Sell", "0.05")
    with pytest.raises(InvalidRequestError):
        bybit.place_order(category="linear", symbol=BTC, side="Sell", orderType="Market", qty="0.01", reduceOnly=True)
    bybit.place_order(category="linear", symbol=BTC, side="Buy", orderType="Market", qty="0.05", reduceOnly=True)
    assert bybit.get_positions(category="linear", settleCoin="USDT")["result"]["list"] == []


@pytest.mark.parametrize("wrong", [{"api_secret": "another"}, {"api_key": "another"}])
def test_a_wrong_account_is_refused(live: LivePaper, wrong: dict[str, str]) -> None:
    client = client_of(**(ACCOUNT | wrong))
    with pytest.raises(InvalidRequestError, match=r"10003|10004"):
        client.get_wallet_balance(accountType="UNIFIED")
    client.client.close()


def test_the_account_is_told_over_its_private_connection(bybit: HTTP) -> None:
    told: list[tuple[str, Any]] = []
    listener = WebSocket(channel_type="private", testnet=False, private_auth_expire=10, **ACCOUNT)
    try:
        for topic in ("order", "execution", "wallet", "position"):
            getattr(listener, f"{topic}_stream")(lambda message: told.append((message["topic"], message["data"])))
        until(lambda: listener.auth)
        time.sleep(0.2)
        bid, *_ = best(bybit, "linear")
        bybit.place_order(category="linear", symbol=BTC, side="Sell", orderType="Market", qty="0.01")
        resting = bybit.place_order(
            category="linear", symbol=BTC, side="Buy", orderType="Limit", qty="0.01", price=f"{bid - 1000:.1f}"
        )["result"]["orderId"]
        until(lambda: any(row["orderId"] == resting for topic, rows in told if topic == "order" for row in rows))
        bybit.cancel_order(category="linear", symbol=BTC, orderId=resting)
        bybit.place_order(category="linear", symbol=BTC, side="Buy", orderType="Market", qty="0.01", reduceOnly=True)
        until(lambda: {topic for topic, _ in told} == {"order", "execution", "wallet", "position"})
        until(lambda: len(statuses(told, resting)) == 2)
        assert statuses(told, resting) == ["New", "Cancelled"]
    finally:
        listener.exit()


def statuses(told: list[tuple[str, Any]], number: str) -> list[str]:
    rows = [row for topic, data in told if topic == "order" for row in data]
    return [row["orderStatus"] for row in rows if row["orderId"] == number]


def test_the_market_is_told_over_public_connections(live: LivePaper) -> None:
    books: list[Any] = []
    trades: list[Any] = []
    tickers: list[Any] = []
    listener = WebSocket(channel_type="linear", testnet=False)
    try:
        listener.orderbook_stream(50, BTC, books.append)
        listener.trade_stream(BTC, trades.append)
        listener.ticker_stream(BTC, tickers.append)
        until(lambda: len(books) > 3 and trades and tickers)
        assert float(books[-1]["data"]["b"][0][0]) < float(books[-1]["data"]["a"][0][0])
    finally:
        listener.exit()


def test_orders_over_the_connection_for_them(live: LivePaper, bybit: HTTP) -> None:
    told: list[Any] = []
    refused: list[Any] = []
    bid, *_ = best(bybit, "spot")
    orders = WebSocketTrading(recv_window=5000, testnet=False, private_auth_expire=10, **ACCOUNT)
    try:
        until(lambda: orders.auth)
        terms = {"category": "spot", "symbol": BTC, "orderLinkId": "pybit-socket"}
        orders.place_order(told.append, side="Buy", orderType="Limit", qty="0.01", price=f"{bid - 1000:.1f}", **terms)
        until(lambda: len(told) == 1)
        orders.amend_order(told.append, qty="0.02", **terms)
        until(lambda: len(told) == 2)
        assert order_of(bybit, "spot", orderLinkId="pybit-socket")["qty"] == "0.02"
        orders.cancel_order(told.append, **terms)
        until(lambda: len(told) == 3)
        orders.cancel_order(told.append, refused.append, **terms)
        until(lambda: refused)
        assert [each["op"] for each in told] == ["order.create", "order.amend", "order.cancel"]
        assert {each["data"]["orderLinkId"] for each in told} == {"pybit-socket"}
        assert refused[0]["retCode"] == 170213
    finally:
        orders.exit()

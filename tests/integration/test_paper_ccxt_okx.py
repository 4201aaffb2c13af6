"""Unmodified ccxt trades coins and swaps on the paper venue that speaks OKX's protocol: only its URL is pointed there."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import ccxt
import ccxt.pro
import pytest

from tests.integration.paper_live import LivePaper, paper_venue
from tests.unit.agents.paper.okx.okx_desk import KEY, PASSPHRASE, SECRET, SPOT, SWAP

COIN, CONTRACT = "BTC/USDT", "BTC/USDT:USDT"
ACCOUNT = {"apiKey": KEY, "secret": SECRET, "password": PASSPHRASE}


@pytest.fixture(scope="module")
def live() -> Iterator[LivePaper]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (("KEY", KEY), ("SECRET", SECRET), ("PASSPHRASE", PASSPHRASE)):
            environment.setenv(f"TESTPAPER_{name}", value)
        with paper_venue((SPOT, SWAP), kind="okx") as venue:
            yield venue


@pytest.fixture
def okx(live: LivePaper) -> Iterator[Any]:
    exchange = ccxt.okx(ACCOUNT)
    exchange.urls["api"]["rest"] = live.url
    exchange.load_markets()
    yield exchange
    for symbol in (COIN, CONTRACT):
        for order in exchange.fetch_open_orders(symbol):
            exchange.cancel_order(order["id"], symbol)
    exchange.close()


def best(okx: Any, symbol: str) -> tuple[float, float]:
    book = okx.fetch_order_book(symbol, 5)
    return book["bids"][0][0], book["asks"][0][0]


def test_markets_have_the_sizes_of_the_instruments(okx: Any) -> None:
    coin, contract = okx.market(COIN), okx.market(CONTRACT)
    assert (coin["spot"], coin["precision"]["price"], coin["precision"]["amount"]) == (True, 0.1, 0.00001)
    assert (contract["swap"], contract["linear"], contract["contractSize"], contract["settle"]) == (
        True,
        True,
        0.01,
        "USDT",
    )
    assert set(okx.currencies) >= {"BTC", "USDT"}
    assert abs(okx.fetch_time() - okx.milliseconds()) < 5_000


def test_a_resting_order_is_found_amended_and_canceled(okx: Any) -> None:
    bid, _ = best(okx, COIN)
    order = okx.create_order(COIN, "limit", "buy", 0.01, bid - 1000, {"clientOrderId": "ccxt1"})
    found = okx.fetch_order(None, COIN, {"clientOrderId": "ccxt1"})
    assert (found["id"], found["status"], found["amount"], found["filled"]) == (order["id"], "open", 0.01, 0)
    assert [row["id"] for row in okx.fetch_open_orders(COIN)] == [order["id"]]
    assert okx.fetch_balance()["USDT"]["used"] == pytest.approx(0.01 * (bid - 1000))
    okx.edit_order(order["id"], COIN, "limit", "buy", 0.02, bid - 900)
    found = okx.fetch_order(order["id"], COIN)
    assert (found["amount"], found["price"]) == (0.02, pytest.approx(bid - 900))
    okx.cancel_order(order["id"], COIN)
    assert okx.fetch_order(order["id"], COIN)["status"] == "canceled"
    assert okx.fetch_balance()["USDT"]["used"] == 0
    assert order["id"] in [row["id"] for row in okx.fetch_canceled_orders(COIN)]
    with pytest.raises(ccxt.OrderNotFound):
        okx.cancel_order(order["id"], COIN)


def test_market_orders_of_coins_fill_and_pay_fees(okx: Any) -> None:
    before = okx.fetch_balance()["total"]
    order = okx.fetch_order(okx.create_order(COIN, "market", "buy", 0.01)["id"], COIN)
    assert (order["status"], order["filled"]) == ("closed", 0.01)
    assert order["fee"] == {"currency": "BTC", "cost": pytest.approx(0.01 * 0.001)}
    trades = okx.fetch_order_trades(order["id"], COIN)
    assert sum(trade["amount"] for trade in trades) == pytest.approx(0.01)
    assert all(trade["fee"]["cost"] > 0 for trade in trades)
    after = okx.fetch_balance()["total"]
    assert after["BTC"] - before["BTC"] == pytest.approx(0.01 * 0.999)
    assert before["USDT"] - after["USDT"] == pytest.approx(sum(trade["cost"] for trade in trades))
    assert {trade["id"] for trade in trades} <= {trade["id"] for trade in okx.fetch_my_trades(COIN)}
    okx.create_order(COIN, "market", "sell", 0.01)


def test_a_position_is_opened_told_and_closed(okx: Any) -> None:
    before = okx.fetch_balance()["USDT"]["total"]
    _, ask = best(okx, CONTRACT)
    order = okx.create_order(CONTRACT, "limit", "buy", 3, ask + 50, {"timeInForce": "IOC"})
    (position,) = okx.fetch_positions([CONTRACT])
    assert (position["side"], position["contracts"], position["contractSize"]) == ("long", 3, 0.01)
    assert (position["marginMode"], position["leverage"]) == ("cross", 10)
    bought = okx.fetch_order(order["id"], CONTRACT)
    assert position["entryPrice"] == pytest.approx(bought["average"])
    assert position["initialMargin"] == pytest.approx(position["notional"] / 10)
    close = okx.create_order(CONTRACT, "market", "sell", 5, None, {"reduceOnly": True})
    sold = okx.fetch_order(close["id"], CONTRACT)
    assert (sold["status"], sold["filled"], sold["reduceOnly"]) == ("closed", 3, True)
    assert okx.fetch_positions([CONTRACT]) == [] or okx.fetch_position(CONTRACT)["contracts"] == 0
    profit = 0.03 * (sold["average"] - bought["average"]) - bought["fee"]["cost"] - sold["fee"]["cost"]
    assert okx.fetch_balance()["USDT"]["total"] - before == pytest.approx(profit)


def test_times_in_force(okx: Any) -> None:
    bid, ask = best(okx, COIN)
    for terms, price, status in (
        ({"timeInForce": "IOC"}, bid - 500, "canceled"),
        ({"timeInForce": "FOK"}, ask + 500, "closed"),
        ({"postOnly": True}, bid - 500, "open"),
        ({"postOnly": True}, ask + 500, "canceled"),
    ):
        order = okx.create_order(COIN, "limit", "buy", 0.001, price, terms)
        assert okx.fetch_order(order["id"], COIN)["status"] == status


def test_many_orders_at_once(okx: Any) -> None:
    bid, _ = best(okx, COIN)
    asked = [
        {"symbol": COIN, "type": "limit", "side": "buy", "amount": 0.001, "price": bid - 500 - number}
        for number in range(3)
    ]
    ids = [order["id"] for order in okx.create_orders(asked)]
    assert len(set(ids)) == 3
    assert {order["id"] for order in okx.cancel_orders(ids, COIN)} == set(ids)


def test_refusals_are_the_errors_that_ccxt_knows(okx: Any) -> None:
    bid, _ = best(okx, COIN)
    with pytest.raises(ccxt.InsufficientFunds):
        okx.create_order(COIN, "limit", "buy", 1000, bid)
    with pytest.raises(ccxt.InvalidOrder, match="lot size"):
        okx.create_order(COIN, "limit", "buy", 0.01, bid, {"sz": "0.0100001"})
    with pytest.raises(ccxt.OrderNotFound):
        okx.fetch_order("424242", COIN)
    okx.create_order(COIN, "limit", "buy", 0.001, bid - 500, {"clientOrderId": "twice"})
    with pytest.raises(ccxt.InvalidOrder, match="already exists"):
        okx.create_order(COIN, "limit", "buy", 0.001, bid - 500, {"clientOrderId": "twice"})


def test_the_switch_is_set_and_taken_back(okx: Any) -> None:
    assert int(okx.cancel_all_orders_after(20_000)["data"][0]["triggerTime"]) > okx.milliseconds()
    assert okx.cancel_all_orders_after(0)["data"][0]["triggerTime"] == "0"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"secret": "another"}, ccxt.AuthenticationError),
        ({"password": "another"}, ccxt.AuthenticationError),
        ({"apiKey": "another"}, ccxt.AuthenticationError),
        ({"nonce": lambda: int(time.time() * 1000) - 60_000}, ccxt.InvalidNonce),
    ],
)
def test_a_wrong_account_or_clock_is_the_error_that_ccxt_knows(
    live: LivePaper, wrong: dict[str, Any], error: Any
) -> None:
    exchange = ccxt.okx(ACCOUNT | wrong)
    exchange.urls["api"]["rest"] = live.url
    with pytest.raises(error):
        exchange.private_get_account_balance()
    exchange.close()


def test_ccxt_pro_watches_the_market_and_the_account(live: LivePaper) -> None:
    asyncio.run(asyncio.wait_for(watch(live), 60))


async def watch(live: LivePaper) -> None:
    exchange = ccxt.pro.okx(ACCOUNT)
    exchange.urls["api"]["rest"] = live.url
    exchange.urls["api"]["ws"] = live.ws_url + "/ws/v5"
    try:
        await exchange.load_markets()
        book = await exchange.watch_order_book(COIN)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert (await exchange.watch_trades(CONTRACT))[0]["symbol"] == CONTRACT
        balance = await exchange.watch_balance()
        assert balance["USDT"]["free"] > 0
        told = asyncio.ensure_future(exchange.watch_orders(COIN))
        await asyncio.sleep(0.3)
        order = await exchange.create_order(COIN, "limit", "buy", 0.01, book["bids"][0][0] - 1000)
        (seen,) = await told
        assert (seen["id"], seen["status"], seen["remaining"]) == (order["id"], "open", 0.01)
        told = asyncio.ensure_future(exchange.watch_my_trades(CONTRACT))
        await asyncio.sleep(0.3)
        bought = await exchange.create_order(CONTRACT, "market", "buy", 1)
        trades = await told
        assert {trade["order"] for trade in trades} == {bought["id"]}
        assert all(trade["fee"]["cost"] < 0 for trade in trades), "as the venue tells it"
        await exchange.cancel_order(order["id"], COIN)
        await exchange.create_order(CONTRACT, "market", "sell", 1, None, {"reduceOnly": True})
    finally:
        await exchange.close()

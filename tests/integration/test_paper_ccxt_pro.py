"""Unmodified ccxt.pro follows the market and trades coins on the paper venue that speaks Binance's protocol."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import ccxt
import ccxt.pro
import pytest

from agents.venues.ccxt_any.exchange import sent_to
from tests.integration.paper_live import BTC, KEY, SECRET, LivePaper, paper_venue

SYMBOL = "BTC/USDT"


@pytest.fixture(scope="module")
def live() -> Iterator[LivePaper]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TESTPAPER_KEY", KEY)
        environment.setenv("TESTPAPER_SECRET", SECRET)
        with paper_venue((BTC,)) as venue:
            yield venue


def run(live: LivePaper, test: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    async def within() -> None:
        exchange = ccxt.pro.binance(
            {
                "apiKey": KEY,
                "secret": SECRET,
                "enableRateLimit": False,
                "options": {"fetchMarkets": {"types": ["spot"]}},
            }
        )
        exchange.urls["api"] = sent_to(exchange.urls["api"], live.url, live.ws_url)
        try:
            async with asyncio.timeout(30):
                await exchange.load_markets()
                await test(exchange)
                for order in await exchange.fetch_open_orders(SYMBOL):
                    await exchange.cancel_order(order["id"], SYMBOL)
        finally:
            await exchange.close()

    asyncio.run(within())


async def best(exchange: Any) -> tuple[float, float]:
    book = await exchange.watch_order_book(SYMBOL)
    return book["bids"][0][0], book["asks"][0][0]


def test_the_market_is_told(live: LivePaper) -> None:
    async def test(exchange: Any) -> None:
        bid, ask = await best(exchange)
        assert 0 < bid < ask
        assert (await exchange.watch_trades(SYMBOL))[0]["symbol"] == SYMBOL
        (ticker,) = (await exchange.watch_bids_asks([SYMBOL])).values()
        assert ticker["bid"] < ticker["ask"]

    run(live, test)


def test_the_account_is_told(live: LivePaper) -> None:
    async def test(exchange: Any) -> None:
        bid, _ = await best(exchange)
        watching = (exchange.watch_orders(SYMBOL), exchange.watch_balance())
        told = [asyncio.ensure_future(each) for each in watching]
        await asyncio.sleep(0.3)
        order = await exchange.create_order(SYMBOL, "limit", "buy", 0.01, bid - 1000)
        (seen,) = await told[0]
        assert (seen["id"], seen["status"], seen["remaining"]) == (order["id"], "open", 0.01)
        assert (await told[1])["USDT"]["used"] == pytest.approx(0.01 * (bid - 1000))
        told = [asyncio.ensure_future(exchange.watch_orders(SYMBOL))]
        await exchange.cancel_order(order["id"], SYMBOL)
        assert [row["status"] for row in await told[0]] == ["canceled"]
        told = [asyncio.ensure_future(exchange.watch_my_trades(SYMBOL))]
        await asyncio.sleep(0.1)
        sold = await exchange.create_order(SYMBOL, "market", "sell", 0.01)
        assert {trade["order"] for trade in await told[0]} == {sold["id"]}

    run(live, test)


def test_orders_over_the_websocket(live: LivePaper) -> None:
    async def test(exchange: Any) -> None:
        bid, _ = await best(exchange)
        order = await exchange.create_order_ws(SYMBOL, "limit", "buy", 0.01, bid - 1000, {"clientOrderId": "pro1"})
        assert (order["status"], order["clientOrderId"]) == ("open", "pro1")
        assert (await exchange.fetch_order_ws(order["id"], SYMBOL))["id"] == order["id"]
        assert [row["id"] for row in await exchange.fetch_open_orders_ws(SYMBOL)] == [order["id"]]
        assert (await exchange.fetch_balance())["USDT"]["used"] > 0
        assert (await exchange.cancel_order_ws(order["id"], SYMBOL))["status"] == "canceled"
        with pytest.raises(ccxt.OrderNotFound):
            await exchange.cancel_order_ws(order["id"], SYMBOL)
        sold = await exchange.create_order_ws(SYMBOL, "market", "sell", 0.01)
        trades = await exchange.fetch_my_trades_ws(SYMBOL)
        assert sold["id"] in {trade["order"] for trade in trades}

    run(live, test)


def test_an_order_is_edited(live: LivePaper) -> None:
    async def test(exchange: Any) -> None:
        bid, _ = await best(exchange)
        order = await exchange.create_order(SYMBOL, "limit", "buy", 0.01, bid - 1000)
        edited = await exchange.edit_order(order["id"], SYMBOL, "limit", "buy", 0.02, bid - 900)
        assert (edited["amount"], edited["price"], edited["status"]) == (0.02, pytest.approx(bid - 900), "open")
        assert (await exchange.fetch_order(order["id"], SYMBOL))["status"] == "canceled"
        over = await exchange.edit_order_ws(edited["id"], SYMBOL, "limit", "buy", 0.03, bid - 800)
        assert [row["id"] for row in await exchange.fetch_open_orders(SYMBOL)] == [over["id"]]

    run(live, test)

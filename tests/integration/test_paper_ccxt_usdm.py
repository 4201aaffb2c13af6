"""Unmodified ccxt and ccxt.pro trade contracts on the paper venue that speaks USDT-M's protocol: only URLs are others."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import ccxt
import ccxt.pro
import pytest

from tests.integration.paper_live import LivePaper, paper_venue
from tests.unit.agents.paper.binance.usdm.usdm_desk import BTC, ETH, KEY, SECRET

SYMBOL = "BTC/USDT:USDT"
ACCOUNT = {"apiKey": KEY, "secret": SECRET}


@pytest.fixture(scope="module")
def live() -> Iterator[LivePaper]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (("KEY", KEY), ("SECRET", SECRET)):
            environment.setenv(f"TESTPAPER_{name}", value)
        with paper_venue((BTC, ETH), kind="binance_usdm", balances={"USDT": "1000000"}) as venue:
            yield venue


def pointed(exchange: Any, live: LivePaper) -> Any:
    """Return a client whose URLs are those of the venue."""
    for name, url in exchange.urls["api"].items():
        if isinstance(url, str):
            exchange.urls["api"][name] = live.url + urlsplit(url).path
    return exchange


@pytest.fixture
def usdm(live: LivePaper) -> Iterator[Any]:
    exchange = pointed(ccxt.binanceusdm(ACCOUNT), live)
    exchange.load_markets()
    yield exchange
    exchange.cancel_all_orders(SYMBOL)
    exchange.close()


def best(usdm: Any) -> tuple[float, float]:
    book = usdm.fetch_order_book(SYMBOL, 5)
    return book["bids"][0][0], book["asks"][0][0]


def test_markets_have_the_sizes_of_the_instruments(usdm: Any) -> None:
    market = usdm.market(SYMBOL)
    assert (market["swap"], market["linear"], market["settle"], market["active"]) == (True, True, "USDT", True)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert (market["limits"]["cost"]["min"], market["contractSize"]) == (5, 1)
    assert abs(usdm.fetch_time() - usdm.milliseconds()) < 5_000


def test_a_resting_order_is_found_edited_and_canceled(usdm: Any) -> None:
    bid, _ = best(usdm)
    order = usdm.create_order(SYMBOL, "limit", "buy", 0.01, bid - 1000, {"newClientOrderId": "ccxt1"})
    found = usdm.fetch_order(order["id"], SYMBOL)
    assert (found["clientOrderId"], found["status"], found["amount"], found["filled"]) == ("ccxt1", "open", 0.01, 0)
    assert [row["id"] for row in usdm.fetch_open_orders(SYMBOL)] == [order["id"]]
    usdm.edit_order(order["id"], SYMBOL, "limit", "buy", 0.02, bid - 900)
    found = usdm.fetch_order(order["id"], SYMBOL)
    assert (found["amount"], found["price"]) == (0.02, pytest.approx(bid - 900))
    assert usdm.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        usdm.cancel_order(order["id"], SYMBOL)
    assert order["id"] in [row["id"] for row in usdm.fetch_orders(SYMBOL)]


def test_a_position_is_opened_told_and_closed(usdm: Any) -> None:
    usdm.set_leverage(25, SYMBOL)
    before = usdm.fetch_balance()["USDT"]["total"]
    usdm.create_order(SYMBOL, "market", "buy", 0.1)
    (position,) = usdm.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"], position["marginMode"]) == ("long", 0.1, "cross")
    assert position["liquidationPrice"] is None or position["liquidationPrice"] < position["markPrice"]
    assert usdm.fetch_leverage(SYMBOL)["longLeverage"] == 25
    sold = usdm.create_order(SYMBOL, "market", "sell", 0.5, None, {"reduceOnly": True, "newOrderRespType": "RESULT"})
    assert (sold["status"], sold["filled"]) == ("closed", 0.1)
    trades = usdm.fetch_my_trades(SYMBOL)
    assert all(trade["fee"]["currency"] == "USDT" and trade["fee"]["cost"] > 0 for trade in trades)
    booked = sum(float(row["info"]["income"]) for row in usdm.fetch_ledger("USDT"))
    assert usdm.fetch_balance()["USDT"]["total"] == pytest.approx(1_000_000 + booked, abs=1e-4)
    assert usdm.fetch_balance()["USDT"]["total"] < before


def test_times_in_force(usdm: Any) -> None:
    bid, ask = best(usdm)
    for terms, price, status in (
        ({"timeInForce": "IOC"}, bid - 500, "expired"),
        ({"timeInForce": "FOK"}, ask + 500, "closed"),
        ({"postOnly": True}, bid - 500, "open"),
    ):
        order = usdm.create_order(SYMBOL, "limit", "buy", 0.001, price, terms)
        assert usdm.fetch_order(order["id"], SYMBOL)["status"] == status
    for terms, price, words in (
        ({"timeInForce": "FOK"}, bid - 500, "FOK"),
        ({"postOnly": True}, ask + 500, "Post Only"),
    ):
        with pytest.raises(ccxt.InvalidOrder, match=words):
            usdm.create_order(SYMBOL, "limit", "buy", 0.001, price, terms)
    usdm.create_order(SYMBOL, "market", "sell", 0.001, None, {"reduceOnly": True})


def test_refusals_are_the_errors_that_ccxt_knows(usdm: Any, live: LivePaper) -> None:
    bid, _ = best(usdm)
    with pytest.raises(ccxt.ExchangeError, match="Margin is insufficient"):
        usdm.create_order(SYMBOL, "limit", "buy", 1000, bid)
    with pytest.raises(ccxt.ExchangeError, match="ReduceOnly"):
        usdm.create_order(SYMBOL, "limit", "sell", 0.01, bid + 500, {"reduceOnly": True})
    with pytest.raises(ccxt.OrderNotFound):
        usdm.fetch_order("424242", SYMBOL)
    stranger = pointed(ccxt.binanceusdm(ACCOUNT | {"secret": "another"}), live)
    with pytest.raises(ccxt.AuthenticationError):
        stranger.fapiPrivateV3GetBalance()
    stranger.close()


def test_ccxt_pro_watches_the_market_and_the_account(live: LivePaper) -> None:
    asyncio.run(asyncio.wait_for(watch(live), 60))


async def watch(live: LivePaper) -> None:
    exchange = pointed(ccxt.pro.binanceusdm(ACCOUNT), live)
    ws = exchange.urls["api"]["ws"]
    ws["linear"] = f"{live.ws_url}/ws"
    ws["ws-api"]["linear"] = f"{live.ws_url}/ws-fapi/v1"
    try:
        await exchange.load_markets()
        book = await exchange.watch_order_book(SYMBOL)
        bid = book["bids"][0][0]
        assert bid < book["asks"][0][0]
        assert (await exchange.watch_mark_price(SYMBOL))["symbol"] == SYMBOL
        told = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
        await heard(exchange, told)
        order = await exchange.create_order(SYMBOL, "limit", "buy", 0.01, bid - 1000)
        (seen,) = await told
        assert (seen["id"], seen["status"], seen["remaining"]) == (order["id"], "open", 0.01)
        trades = asyncio.ensure_future(exchange.watch_my_trades(SYMBOL))
        positions = asyncio.ensure_future(exchange.watch_positions([SYMBOL]))
        await asyncio.sleep(0)
        bought = await exchange.create_order_ws(SYMBOL, "market", "buy", 0.01)
        assert {trade["order"] for trade in await trades} == {bought["id"]}
        assert (await positions)[0]["contracts"] == 0.01
        assert (await exchange.cancel_order_ws(order["id"], SYMBOL))["status"] == "canceled"
        await exchange.create_order_ws(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True})
    finally:
        await exchange.close()


async def heard(exchange: Any, told: asyncio.Future[Any]) -> None:
    """Wait until the account's connection is there."""
    while not any("/private/" in url and each.connection for url, each in exchange.clients.items()):
        assert not told.done(), told
        await asyncio.sleep(0.02)

"""Unmodified ccxt and ccxt.pro trade coins and contracts on the paper venue that speaks Bybit's protocol."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import ccxt
import ccxt.pro
import pytest

from agents.venues.ccxt_any.exchange import sent_to
from tests.integration.paper_live import LivePaper, paper_venue
from tests.unit.agents.paper.bybit.test_market_writer import LINEAR, SPOT
from tests.unit.agents.paper.model_kit import CREDENTIALS

COIN, CONTRACT = "BTC/USDT", "BTC/USDT:USDT"
ACCOUNT = {
    "apiKey": CREDENTIALS[0],
    "secret": CREDENTIALS[1],
    "enableRateLimit": False,
    "options": {"fetchMarkets": {"types": ["spot", "linear"]}},
}
BOTH = pytest.mark.parametrize("symbol", [COIN, CONTRACT])


@pytest.fixture(scope="module")
def live() -> Iterator[LivePaper]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in zip(("KEY", "SECRET"), CREDENTIALS, strict=False):
            environment.setenv(f"TESTPAPER_{name}", value)
        with paper_venue((SPOT, LINEAR), kind="bybit") as venue:
            yield venue


def sent(exchange: Any, live: LivePaper) -> Any:
    """Return the exchange with its addresses pointed to the paper venue."""
    exchange.urls["api"] = sent_to(exchange.urls["api"], live.url, live.ws_url)
    return exchange


@pytest.fixture
def bybit(live: LivePaper) -> Iterator[Any]:
    exchange = sent(ccxt.bybit(ACCOUNT), live)
    exchange.load_markets()
    yield exchange
    for symbol in (COIN, CONTRACT):
        for order in exchange.fetch_open_orders(symbol):
            exchange.cancel_order(order["id"], symbol)
    held = exchange.fetch_position(CONTRACT)
    if held["contracts"]:
        side = "sell" if held["side"] == "long" else "buy"
        exchange.create_order(CONTRACT, "market", side, held["contracts"], None, {"reduceOnly": True})
    exchange.close()


def best(bybit: Any, symbol: str) -> tuple[float, float]:
    book = bybit.fetch_order_book(symbol, 5)
    return book["bids"][0][0], book["asks"][0][0]


def more_than_is_offered(bybit: Any, symbol: str) -> tuple[float, float]:
    """Return a quantity of which some fills at once and some rests, and the price."""
    asks = bybit.fetch_order_book(symbol, 5)["asks"]
    return round(2 * sum(qty for _, qty in asks) + 3, 3), asks[-1][0]


def test_markets_have_the_sizes_of_the_instruments(bybit: Any) -> None:
    coin, contract = bybit.market(COIN), bybit.market(CONTRACT)
    assert (coin["spot"], coin["precision"]["price"], coin["precision"]["amount"]) == (True, 0.1, 0.000001)
    assert (contract["swap"], contract["linear"], contract["settle"]) == (True, True, "USDT")
    assert abs(bybit.fetch_time() - bybit.milliseconds()) < 5_000


@BOTH
def test_market_data_is_read(bybit: Any, symbol: str) -> None:
    bid, ask = best(bybit, symbol)
    assert 0 < bid < ask
    assert bybit.fetch_ticker(symbol)["bid"] < bybit.fetch_ticker(symbol)["ask"]
    assert len(bybit.fetch_trades(symbol, limit=5)) <= 5
    assert len(bybit.fetch_ohlcv(symbol, "1m")) <= 2


@BOTH
def test_a_resting_order_is_found_amended_and_canceled(bybit: Any, symbol: str) -> None:
    bid, _ = best(bybit, symbol)
    link = f"ccxt-{len(symbol)}"
    order = bybit.create_order(symbol, "limit", "buy", 0.01, bid - 1000, {"clientOrderId": link})
    found = bybit.fetch_open_order(order["id"], symbol)
    assert (found["clientOrderId"], found["status"], found["amount"], found["filled"]) == (link, "open", 0.01, 0)
    assert [row["id"] for row in bybit.fetch_open_orders(symbol)] == [order["id"]]
    bybit.edit_order(order["id"], symbol, "limit", "buy", 0.02, bid - 900)
    found = bybit.fetch_open_order(order["id"], symbol)
    assert (found["amount"], found["price"]) == (0.02, pytest.approx(bid - 900))
    bybit.cancel_order(order["id"], symbol)
    assert bybit.fetch_open_orders(symbol) == []
    with pytest.raises(ccxt.OrderNotFound):
        bybit.cancel_order(order["id"], symbol)


@BOTH
def test_a_part_of_an_order_fills_and_the_rest_is_canceled(bybit: Any, symbol: str) -> None:
    order = bybit.create_order(symbol, "limit", "buy", *more_than_is_offered(bybit, symbol))
    (found,) = [row for row in bybit.fetch_open_orders(symbol) if row["id"] == order["id"]]
    assert 0 < found["filled"] < found["amount"]
    trades = [trade for trade in bybit.fetch_my_trades(symbol) if trade["order"] == order["id"]]
    assert sum(trade["amount"] for trade in trades) > 0.999 * found["filled"]
    assert all(trade["fee"]["cost"] > 0 for trade in trades)
    bybit.cancel_order(order["id"], symbol)
    ended = bybit.fetch_open_order(order["id"], symbol)
    assert ended["status"] == ("closed" if symbol == COIN else "canceled"), "PartiallyFilledCanceled is closed to ccxt"
    assert ended["filled"] < ended["amount"]


def test_market_orders_of_coins_fill_and_pay_fees(bybit: Any) -> None:
    before = bybit.fetch_balance()["total"]
    order = bybit.create_order(COIN, "market", "sell", 0.01)
    trades = bybit.fetch_order_trades(order["id"], COIN)
    assert sum(trade["amount"] for trade in trades) == pytest.approx(0.01)
    after = bybit.fetch_balance()["total"]
    assert before["BTC"] - after["BTC"] == pytest.approx(0.01)
    earned = sum(trade["cost"] - trade["fee"]["cost"] for trade in trades)
    assert after["USDT"] - before["USDT"] == pytest.approx(earned)


def test_a_position_is_opened_told_and_closed(bybit: Any) -> None:
    bybit.create_order(CONTRACT, "market", "sell", 0.05)
    (position,) = bybit.fetch_positions([CONTRACT])
    assert (position["side"], position["contracts"]) == ("short", 0.05)
    assert position["entryPrice"] * 0.05 == pytest.approx(position["initialMargin"] * position["leverage"], rel=0.01)
    bybit.create_order(CONTRACT, "market", "buy", 0.05, None, {"reduceOnly": True})
    assert not bybit.fetch_position(CONTRACT)["contracts"]


def test_times_in_force(bybit: Any) -> None:
    bid, ask = best(bybit, COIN)
    for terms, price, status in (
        ({"timeInForce": "IOC"}, bid - 500, "canceled"),
        ({"timeInForce": "FOK"}, ask + 500, "closed"),
        ({"postOnly": True}, bid - 500, "open"),
        ({"postOnly": True}, ask + 500, "rejected"),
    ):
        order = bybit.create_order(COIN, "limit", "buy", 0.001, price, terms)
        assert bybit.fetch_open_order(order["id"], COIN)["status"] == status


def test_refusals_are_the_errors_that_ccxt_knows(bybit: Any) -> None:
    bid, _ = best(bybit, COIN)
    with pytest.raises(ccxt.InsufficientFunds):
        bybit.create_order(COIN, "limit", "buy", 1000, bid)
    with pytest.raises(ccxt.InsufficientFunds):
        bybit.create_order(CONTRACT, "limit", "buy", 1000, bid)
    with pytest.raises(ccxt.OrderNotFound):
        bybit.fetch_open_order("424242", COIN)
    bybit.create_order(COIN, "limit", "buy", 0.01, bid - 500, {"clientOrderId": "twice"})
    with pytest.raises(ccxt.InvalidOrder):
        bybit.create_order(COIN, "limit", "buy", 0.01, bid - 500, {"clientOrderId": "twice"})


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"secret": "another"}, ccxt.AuthenticationError),
        ({"apiKey": "another"}, ccxt.AuthenticationError),
        ({"nonce": lambda: int(time.time() * 1000) - 60_000}, ccxt.InvalidNonce),
    ],
)
def test_a_wrong_account_or_clock_is_the_error_that_ccxt_knows(
    live: LivePaper, wrong: dict[str, Any], error: Any
) -> None:
    exchange = sent(ccxt.bybit(ACCOUNT | wrong), live)
    with pytest.raises(error):
        exchange.private_get_v5_account_wallet_balance({"accountType": "UNIFIED"})
    exchange.close()


def test_ccxt_pro_watches_the_market_and_the_account(live: LivePaper) -> None:
    asyncio.run(asyncio.wait_for(watch(live), 60))


async def watch(live: LivePaper) -> None:
    exchange = sent(ccxt.pro.bybit(ACCOUNT), live)
    try:
        await exchange.load_markets()
        book = await exchange.watch_order_book(COIN)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert (await exchange.watch_trades(CONTRACT))[0]["symbol"] == CONTRACT
        assert (await exchange.watch_ticker(CONTRACT))["symbol"] == CONTRACT
        told = [asyncio.ensure_future(exchange.watch_orders(COIN)), asyncio.ensure_future(exchange.watch_balance())]
        await asyncio.sleep(0.3)
        order = await exchange.create_order(COIN, "limit", "buy", 0.01, book["bids"][0][0] - 1000)
        (seen,) = await told[0]
        assert (seen["id"], seen["status"], seen["remaining"]) == (order["id"], "open", 0.01)
        assert (await told[1])["USDT"]["total"] > 0
        assert await exchange.watch_positions() == []
        told = [
            asyncio.ensure_future(exchange.watch_my_trades(CONTRACT)),
            asyncio.ensure_future(exchange.watch_positions()),
        ]
        await asyncio.sleep(0.3)
        bought = await exchange.create_order(CONTRACT, "market", "buy", 0.01)
        assert {trade["order"] for trade in await told[0]} == {bought["id"]}
        assert {(position["symbol"], position["side"]) for position in await told[1]} == {(CONTRACT, "long")}
        over = await exchange.create_order_ws(COIN, "limit", "buy", 0.01, book["bids"][0][0] - 1000)
        await asyncio.sleep(0.05)  # The venue does not find an order that it has just taken.
        await exchange.edit_order_ws(over["id"], COIN, "limit", "buy", 0.02, book["bids"][0][0] - 900)
        assert (await exchange.fetch_open_order(over["id"], COIN))["amount"] == 0.02
        await exchange.cancel_order_ws(over["id"], COIN)
        await exchange.cancel_order(order["id"], COIN)
        await exchange.create_order(CONTRACT, "market", "sell", 0.01, None, {"reduceOnly": True})
    finally:
        await exchange.close()

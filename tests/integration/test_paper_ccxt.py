"""Unmodified ccxt trades on the paper venue: only its URLs are pointed there."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import ccxt
import pytest

from tests.integration.paper_live import BTC, KEY, SECRET, LivePaper, paper_venue

SYMBOL = "BTC/USDT"


@pytest.fixture(scope="module")
def live() -> Iterator[LivePaper]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TESTPAPER_KEY", KEY)
        environment.setenv("TESTPAPER_SECRET", SECRET)
        with paper_venue((BTC,)) as venue:
            yield venue


def client(live: LivePaper, secret: str = SECRET) -> Any:
    exchange = ccxt.binance({"apiKey": KEY, "secret": secret})
    for name, url in exchange.urls["api"].items():
        exchange.urls["api"][name] = live.url + urlsplit(url).path
    return exchange


@pytest.fixture
def binance(live: LivePaper) -> Iterator[Any]:
    exchange = client(live)
    exchange.load_markets()
    yield exchange
    for order in exchange.fetch_open_orders(SYMBOL):
        exchange.cancel_order(order["id"], SYMBOL)
    exchange.close()


def best(binance: Any) -> tuple[float, float]:
    book = binance.fetch_order_book(SYMBOL, 5)
    return book["bids"][0][0], book["asks"][0][0]


def test_markets_have_the_sizes_of_the_instrument(binance: Any) -> None:
    market = binance.market(SYMBOL)
    assert market["active"]
    assert market["precision"]["price"] == 0.01
    assert market["precision"]["amount"] == 0.000001
    assert market["limits"]["cost"]["min"] == 5
    assert set(binance.currencies) >= {"BTC", "USDT"}


def test_market_data_is_read(binance: Any) -> None:
    bid, ask = best(binance)
    assert 0 < bid < ask
    ticker = binance.fetch_ticker(SYMBOL)
    assert ticker["bid"] < ticker["ask"]
    assert len(binance.fetch_trades(SYMBOL, limit=5)) <= 5
    assert abs(binance.fetch_time() - binance.milliseconds()) < 5_000


def test_resting_limit_order_is_found_and_canceled(binance: Any) -> None:
    bid, _ = best(binance)
    order = binance.create_order(SYMBOL, "limit", "buy", 0.01, bid - 1000, {"clientOrderId": "ccxt1"})
    assert (order["status"], order["clientOrderId"], order["filled"]) == ("open", "ccxt1", 0)
    assert [row["id"] for row in binance.fetch_open_orders(SYMBOL)] == [order["id"]]
    found = binance.fetch_order(None, SYMBOL, {"origClientOrderId": "ccxt1"})
    assert (found["id"], found["amount"], found["price"]) == (order["id"], 0.01, bid - 1000)
    held = binance.fetch_balance()["USDT"]["used"]
    assert held == pytest.approx(0.01 * (bid - 1000))
    assert binance.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    assert binance.fetch_balance()["USDT"]["used"] == 0
    with pytest.raises(ccxt.OrderNotFound):
        binance.cancel_order(order["id"], SYMBOL)


def test_market_orders_fill_and_pay_fees(binance: Any) -> None:
    before = binance.fetch_balance()["total"]
    order = binance.create_order(SYMBOL, "market", "buy", 0.01)
    assert (order["status"], order["filled"]) == ("closed", 0.01)
    assert order["fees"] == [{"currency": "BTC", "cost": pytest.approx(0.01 * 0.001)}]
    trades = binance.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
    assert sum(trade["amount"] for trade in trades) == pytest.approx(0.01)
    after = binance.fetch_balance()["total"]
    assert after["BTC"] - before["BTC"] == pytest.approx(0.01 * 0.999)
    assert before["USDT"] - after["USDT"] == pytest.approx(order["cost"])
    assert binance.create_order(SYMBOL, "market", "sell", 0.01)["status"] == "closed"


def test_times_in_force(binance: Any) -> None:
    bid, ask = best(binance)
    ioc = binance.create_order(SYMBOL, "limit", "buy", 0.01, bid - 500, {"timeInForce": "IOC"})
    assert (ioc["status"], ioc["filled"]) == ("expired", 0)
    fok = binance.create_order(SYMBOL, "limit", "buy", 0.001, ask + 500, {"timeInForce": "FOK"})
    assert fok["status"] == "closed"
    maker = binance.create_order(SYMBOL, "limit", "buy", 0.001, bid - 500, {"postOnly": True})
    assert (maker["status"], maker["postOnly"]) == ("open", True)
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        binance.create_order(SYMBOL, "limit", "buy", 0.001, ask + 500, {"postOnly": True})


def test_refusals_are_the_errors_that_ccxt_knows(binance: Any) -> None:
    bid, _ = best(binance)
    with pytest.raises(ccxt.InsufficientFunds):
        binance.create_order(SYMBOL, "limit", "buy", 1000, bid)
    with pytest.raises(ccxt.InvalidOrder, match="PRICE_FILTER"):
        binance.create_order(SYMBOL, "limit", "buy", 0.01, bid, {"price": "50000.001"})
    with pytest.raises(ccxt.InvalidOrder, match="LOT_SIZE"):
        binance.create_order(SYMBOL, "limit", "buy", 0.01, bid, {"quantity": "0.0000001"})
    with pytest.raises(ccxt.OrderNotFound):
        binance.fetch_order("424242", SYMBOL)
    binance.create_order(SYMBOL, "limit", "buy", 0.01, bid - 500, {"clientOrderId": "twice"})
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        binance.create_order(SYMBOL, "limit", "buy", 0.01, bid - 500, {"clientOrderId": "twice"})


def test_wrong_secret_is_an_authentication_error(live: LivePaper) -> None:
    exchange = client(live, "another")
    with pytest.raises(ccxt.AuthenticationError):
        exchange.fetch_balance()
    exchange.close()


def test_clock_that_is_off_is_an_invalid_nonce(binance: Any) -> None:
    with pytest.raises(ccxt.InvalidNonce):
        binance.privateGetAccount({"timestamp": binance.milliseconds() - 60_000})

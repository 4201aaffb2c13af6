"""Binance's own spot client, unmodified, trades on the paper venue over https and wss: only its URLs are others.

Its REST client, its websocket API and its streams. The authority of the venue's certificate was made for the test. The
client makes a new pool of connections for each request and ends none, so they are not kept.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import trustme
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError
from binance_sdk_spot import Spot

from tests.integration.paper_live import BTC, KEY, SECRET, LivePaper, paper_venue

pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")
"""The client opens its websockets in a way that the library beneath it would rather not have."""

SYMBOL = "BTCUSDT"
LIMIT = {"symbol": SYMBOL, "type": "LIMIT", "time_in_force": "GTC"}
UNTIL_S = 30


@pytest.fixture(scope="module")
def live() -> Iterator[tuple[LivePaper, ssl.SSLContext]]:
    authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TESTPAPER_KEY", KEY)
        environment.setenv("TESTPAPER_SECRET", SECRET)
        with paper_venue((BTC,), tls=tls) as venue:
            yield venue, trusted


@pytest.fixture
def binance(live: tuple[LivePaper, ssl.SSLContext]) -> Iterator[Spot]:
    venue, trusted = live
    key: dict[str, Any] = {"api_key": KEY, "api_secret": SECRET, "https_agent": trusted}
    client = Spot(
        config_rest_api=ConfigurationRestAPI(**key, base_path=venue.url, timeout=10_000, retries=0, keep_alive=False),
        config_ws_api=ConfigurationWebSocketAPI(**key, stream_url=f"{venue.ws_url}/ws-api/v3"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"{venue.ws_url}/stream", https_agent=trusted),
    )
    yield client
    for order in client.rest_api.get_open_orders(symbol=SYMBOL).data():
        client.rest_api.delete_order(symbol=SYMBOL, order_id=order.order_id)


def best(binance: Spot) -> tuple[float, float]:
    book = binance.rest_api.depth(symbol=SYMBOL, limit=5).data()
    return float(book.bids[0][0]), float(book.asks[0][0])


def more_than_is_offered(binance: Spot) -> dict[str, float]:
    """Return the terms of a buy of which some fills at once and some rests."""
    asks = binance.rest_api.depth(symbol=SYMBOL, limit=5).data().asks
    return {"quantity": round(2 * sum(float(qty) for _, qty in asks) + 3, 3), "price": float(asks[-1][0])}


def balances(binance: Spot) -> dict[str, float]:
    return {
        each.asset: float(each.free) + float(each.locked) for each in binance.rest_api.get_account().data().balances
    }


def test_time_and_listings(binance: Spot) -> None:
    assert binance.rest_api.time().data().server_time > 0
    (listed,) = binance.rest_api.exchange_info(symbol=SYMBOL).data().symbols
    assert (listed.symbol, listed.status, listed.base_asset) == (SYMBOL, "TRADING", "BTC")
    bid, ask = best(binance)
    assert 0 < bid < ask
    ticker = binance.rest_api.ticker_book_ticker(symbol=SYMBOL).data()
    assert SYMBOL in str(ticker)


def test_an_order_rests_is_replaced_and_canceled(binance: Spot) -> None:
    rest, (bid, _) = binance.rest_api, best(binance)
    placed = rest.new_order(
        side="BUY", quantity=0.01, price=round(bid - 1000, 2), new_client_order_id="sdk1", **LIMIT
    ).data()
    assert (placed.status, placed.client_order_id, placed.executed_qty) == ("NEW", "sdk1", "0.00000000")
    assert [each.order_id for each in rest.get_open_orders(symbol=SYMBOL).data()] == [placed.order_id]
    found = rest.get_order(symbol=SYMBOL, orig_client_order_id="sdk1").data()
    assert (found.order_id, float(found.price)) == (placed.order_id, pytest.approx(bid - 1000))
    replaced = rest.order_cancel_replace(
        side="BUY",
        cancel_replace_mode="STOP_ON_FAILURE",
        cancel_order_id=placed.order_id,
        quantity=0.02,
        price=round(bid - 900, 2),
        **LIMIT,
    ).data()
    assert (replaced.cancel_result, replaced.new_order_result) == ("SUCCESS", "SUCCESS")
    number = replaced.new_order_response.order_id
    assert rest.delete_order(symbol=SYMBOL, order_id=number).data().status == "CANCELED"
    with pytest.raises(BadRequestError, match="Unknown order sent"):
        rest.delete_order(symbol=SYMBOL, order_id=number)
    assert {placed.order_id, number} <= {each.order_id for each in rest.all_orders(symbol=SYMBOL).data()}


def test_a_part_of_an_order_fills_and_the_rest_is_canceled(binance: Spot) -> None:
    rest, before = binance.rest_api, balances(binance)
    placed = rest.new_order(side="BUY", **LIMIT, **more_than_is_offered(binance)).data()
    assert placed.status == "PARTIALLY_FILLED"
    assert sum(float(fill.qty) for fill in placed.fills) == pytest.approx(float(placed.executed_qty))
    ended = rest.delete_order(symbol=SYMBOL, order_id=placed.order_id).data()
    assert (ended.status, float(ended.executed_qty) >= float(placed.executed_qty)) == ("CANCELED", True)
    trades = rest.my_trades(symbol=SYMBOL, order_id=placed.order_id).data()
    assert sum(float(trade.qty) for trade in trades) == pytest.approx(float(ended.executed_qty))
    fees = sum(float(trade.commission) for trade in trades)
    after = balances(binance)
    assert after["BTC"] - before["BTC"] == pytest.approx(float(ended.executed_qty) - fees)
    assert before["USDT"] - after["USDT"] == pytest.approx(sum(float(trade.quote_qty) for trade in trades))


def test_refusals_are_errors_of_the_client(binance: Spot) -> None:
    rest, (bid, _) = binance.rest_api, best(binance)
    with pytest.raises(BadRequestError, match="insufficient balance"):
        rest.new_order(side="BUY", quantity=1000, price=round(bid, 2), **LIMIT)
    with pytest.raises(BadRequestError, match="PRICE_FILTER"):
        rest.new_order(side="BUY", quantity=0.01, price=50_000.001, **LIMIT)
    with pytest.raises(BadRequestError, match="Order does not exist"):
        rest.get_order(symbol=SYMBOL, order_id=424242)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(UNTIL_S):
            await test()
        await asyncio.sleep(0.1)  # Connections under TLS end a moment after they were closed.

    asyncio.run(within())


async def until(done: Callable[[], Any]) -> None:
    async with asyncio.timeout(UNTIL_S):
        while not done():
            await asyncio.sleep(0.01)


def test_orders_and_events_over_the_websocket_api(binance: Spot) -> None:
    async def test() -> None:
        bid, _ = best(binance)
        api, told = binance.websocket_api, []
        await api.create_connection()
        try:
            subscribed = await api.user_data_stream_subscribe_signature()
            subscribed.stream.on("message", told.append)
            placed = (
                await api.order_place(
                    side="BUY", quantity=0.01, price=round(bid - 1000, 2), new_client_order_id="ws1", **LIMIT
                )
            ).data()
            assert placed.result.status == "NEW"
            number = placed.result.order_id
            asked = (await api.order_status(symbol=SYMBOL, order_id=number)).data()
            assert asked.result.client_order_id == "ws1"
            assert [each.order_id for each in (await api.open_orders_status(symbol=SYMBOL)).data().result] == [number]
            replaced = await api.order_cancel_replace(
                side="BUY",
                cancel_replace_mode="STOP_ON_FAILURE",
                cancel_order_id=number,
                quantity=0.02,
                price=round(bid - 900, 2),
                **LIMIT,
            )
            number = replaced.data().result.new_order_response.order_id
            canceled = (await api.order_cancel(symbol=SYMBOL, order_id=number)).data()
            assert canceled.result.status == "CANCELED"
            late = (await api.order_cancel(symbol=SYMBOL, order_id=number)).data()
            assert late == {"error": {"code": -2011, "msg": "Unknown order sent."}}
            held = (await api.account_status()).data().result
            assert {each.asset for each in held.balances} >= {"BTC", "USDT"}
            sold = (await api.order_place(symbol=SYMBOL, side="SELL", type="MARKET", quantity=0.01)).data()
            assert sold.result.status == "FILLED"
            trades = (await api.my_trades(symbol=SYMBOL, order_id=sold.result.order_id)).data().result
            assert sum(float(trade.qty) for trade in trades) == pytest.approx(0.01)
            await until(lambda: statuses(told)[-1:] == ["FILLED"])
            assert statuses(told)[:4] == ["NEW", "CANCELED", "NEW", "CANCELED"]
            assert "OutboundAccountPosition" in {type(each.actual_instance).__name__ for each in told}
        finally:
            await api.close_connection(close_session=True)

    run(test)


def statuses(told: list[Any]) -> list[str]:
    """Return what the reports said of orders, in order."""
    events = [each.actual_instance for each in told]
    return [event.X for event in events if type(event).__name__ == "ExecutionReport"]


def test_the_market_is_told_over_its_streams(binance: Spot) -> None:
    async def test() -> None:
        streams, told = binance.websocket_streams, []
        await streams.create_connection()
        try:
            for stream in (
                await streams.trade(symbol="btcusdt"),
                await streams.diff_book_depth(symbol="btcusdt", update_speed="100ms"),
                await streams.book_ticker(symbol="btcusdt"),
            ):
                stream.on("message", lambda message: told.append(message))
            await until(lambda: len({type(each).__name__ for each in told}) == 3)
            assert all(each.s == SYMBOL for each in told)
        finally:
            await streams.close_connection(close_session=True)

    run(test)

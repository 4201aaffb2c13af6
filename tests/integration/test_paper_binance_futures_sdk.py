"""Binance's own client of USDT-M, unmodified, trades on the paper venue over https and wss: only its URLs are others.

Its REST client, its websocket API and its streams. The authority of the venue's certificate was made for the test. The
client makes a new pool of connections for each request and ends none, so they are not kept.
"""

import asyncio
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError
from binance_sdk_derivatives_trading_usds_futures import DerivativesTradingUsdsFutures
from binance_sdk_derivatives_trading_usds_futures.websocket_streams.models import AccountUpdate, OrderTradeUpdate

from tests.integration.paper_live import LivePaper, paper_venue
from tests.unit.agents.paper.binance.usdm.usdm_desk import BTC, ETH, KEY, SECRET

pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")
"""The client opens its websockets in a way that the library beneath it would rather not have."""

SYMBOL = "BTCUSDT"
FEEDS = {"DiffBookDepthStreamsResponse", "MarkPriceStreamResponse"}


class Served:
    """The venue, and the context in which its certificate is believed."""

    def __init__(self, venue: LivePaper, trusted: ssl.SSLContext) -> None:
        self.venue = venue
        self._trusted = trusted
        key: dict[str, Any] = {"api_key": KEY, "api_secret": SECRET, "https_agent": trusted}
        ws_url = venue.url.replace("https", "wss")
        self.client = DerivativesTradingUsdsFutures(
            config_rest_api=ConfigurationRestAPI(
                **key, base_path=venue.url, timeout=10_000, retries=0, keep_alive=False
            ),
            config_ws_api=ConfigurationWebSocketAPI(**key, stream_url=f"{ws_url}/ws-fapi/v1"),
            config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"{ws_url}/stream", https_agent=trusted),
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    path = Path(tmp_path_factory.mktemp("tls")) / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (("KEY", KEY), ("SECRET", SECRET)):
            environment.setenv(f"TESTPAPER_{name}", value)
        with paper_venue((BTC, ETH), kind="binance_usdm", tls=tls, balances={"USDT": "1000000"}) as venue:
            yield Served(venue, ssl.create_default_context(cafile=str(path)))


@pytest.fixture
def rest(served: Served) -> Iterator[Any]:
    client = served.client.rest_api
    yield client
    for symbol in (SYMBOL, "ETHUSDT"):
        client.cancel_all_open_orders(symbol)


def bid(rest: Any) -> float:
    return float(rest.order_book(SYMBOL, limit=5).data().bids[0][0])


def test_time_and_listing(rest: Any) -> None:
    assert abs(rest.check_server_time().data().server_time - time.time() * 1000) < 5_000
    listed = rest.exchange_information().data().symbols
    assert [(each.symbol, each.contract_type, each.status) for each in listed] == [
        (SYMBOL, "PERPETUAL", "TRADING"),
        ("ETHUSDT", "PERPETUAL", "TRADING"),
    ]


def test_an_order_rests_is_modified_and_canceled(rest: Any) -> None:
    price = round(bid(rest) - 1000, 1)
    terms: dict[str, Any] = {"symbol": SYMBOL, "side": "BUY", "quantity": 0.01, "price": price}
    placed = rest.new_order(**terms, type="LIMIT", time_in_force="GTC", new_client_order_id="sdk1")
    assert (placed.data().status, placed.data().orig_qty) == ("NEW", "0.010")
    counted = {(each.rateLimitType, each.intervalNum, each.interval): each.count for each in placed.rate_limits}
    assert counted["ORDERS", 10, "SECOND"] == counted["ORDERS", 1, "MINUTE"] >= 1
    changed = rest.modify_order(**terms | {"quantity": 0.02}, orig_client_order_id="sdk1", modify_id=3).data()
    assert (changed.orig_qty, changed.pair, changed.modify_id) == ("0.020", SYMBOL, 3)
    (row,) = rest.current_all_open_orders(symbol=SYMBOL).data()
    assert (row.client_order_id, row.orig_qty, row.avg_price) == ("sdk1", "0.020", "0.0")
    assert rest.cancel_order(SYMBOL, orig_client_order_id="sdk1").data().status == "CANCELED"
    assert rest.query_order(SYMBOL, orig_client_order_id="sdk1").data().status == "CANCELED"
    with pytest.raises(BadRequestError, match="Unknown order sent"):
        rest.cancel_order(SYMBOL, orig_client_order_id="sdk1")
    with pytest.raises(BadRequestError, match="Margin is insufficient"):
        rest.new_order(**terms | {"quantity": 1000.0}, type="LIMIT", time_in_force="GTC")


def test_a_position_is_opened_valued_and_closed(rest: Any) -> None:
    assert rest.change_initial_leverage(SYMBOL, 20).data().leverage == 20
    sold = rest.new_order(SYMBOL, "SELL", "MARKET", quantity=0.01, new_order_resp_type="RESULT").data()
    assert (sold.status, sold.executed_qty) == ("FILLED", "0.010")
    (held,) = rest.position_information_v3(symbol=SYMBOL).data()
    assert (held.position_amt, held.position_side, held.margin_asset) == ("-0.010", "BOTH", "USDT")
    assert float(held.position_initial_margin) == pytest.approx(float(held.entry_price) * 0.01 / 20)
    assert [each.leverage for each in rest.position_information_v2(symbol=SYMBOL).data()] == ["20"]
    closed = rest.new_order(SYMBOL, "BUY", "MARKET", quantity=0.05, reduce_only="true", new_order_resp_type="RESULT")
    assert closed.data().executed_qty == "0.010"
    trades = rest.account_trade_list(SYMBOL).data()
    assert {each.side for each in trades} == {"BUY", "SELL"}
    assert all(float(each.commission) > 0 and each.commission_asset == "USDT" for each in trades)
    later = rest.account_trade_list(SYMBOL, from_id=trades[-1].id).data()
    assert [each.id for each in later] == [trades[-1].id]
    income = rest.get_income_history().data()
    assert {"COMMISSION", "REALIZED_PNL"} <= {each.income_type for each in income}
    (balance,) = rest.futures_account_balance_v3().data()
    assert float(balance.balance) == pytest.approx(1_000_000 + sum(float(each.income) for each in income), abs=1e-4)
    account = rest.account_information_v3().data()
    assert account.total_wallet_balance == balance.balance
    assert rest.account_information_v2().data().can_trade is True


def test_how_the_account_is_set(rest: Any) -> None:
    config = rest.futures_account_configuration().data()
    assert (config.dual_side_position, config.multi_assets_margin) == (False, False)
    assert rest.get_current_position_mode().data().dual_side_position is False
    assert rest.symbol_configuration(symbol="ETHUSDT").data()[0].margin_type == "CROSSED"
    assert rest.user_commission_rate(SYMBOL).data().taker_commission_rate == "0.001"
    with pytest.raises(BadRequestError, match="No need to change"):
        rest.change_margin_type(SYMBOL, "CROSSED")
    answer = rest.auto_cancel_all_open_orders(SYMBOL, 60_000).data()
    assert answer.countdown_time == "60000"
    rest.auto_cancel_all_open_orders(SYMBOL, 0)


def test_orders_over_its_websocket_api_and_its_streams(served: Served, rest: Any) -> None:
    price = round(bid(rest) - 1000, 1)
    asyncio.run(asyncio.wait_for(over_websockets(served, price), 60))


async def over_websockets(served: Served, price: float) -> None:
    client, told, market = served.client, [], []
    key = client.rest_api.start_user_data_stream().data().listen_key
    streams = await client.websocket_streams.create_connection()
    account = await streams.user_data(key)
    account.on("message", told.append)
    trades = await streams.diff_book_depth_streams(symbol="btcusdt", update_speed="100ms")
    trades.on("message", market.append)
    marks = await streams.mark_price_stream(symbol="btcusdt", update_speed="1s")
    marks.on("message", market.append)
    api = await client.websocket_api.create_connection()
    terms: dict[str, Any] = {"symbol": SYMBOL, "side": "BUY", "quantity": 0.01, "price": price}
    try:
        placed = (await api.new_order(**terms, type="LIMIT", time_in_force="GTX", new_client_order_id="ws1")).data()
        assert (placed.result.status, placed.result.time_in_force) == ("NEW", "GTX")
        changed = await api.modify_order(**terms | {"quantity": 0.02}, orig_client_order_id="ws1")
        assert changed.data().result.orig_qty == "0.020"
        assert (await api.query_order(SYMBOL, orig_client_order_id="ws1")).data().result.status == "NEW"
        assert (await api.cancel_order(SYMBOL, orig_client_order_id="ws1")).data().result.status == "CANCELED"
        done = await api.new_order(SYMBOL, "BUY", "MARKET", quantity=0.01, new_order_resp_type="RESULT")
        assert done.data().result.status == "FILLED"
        (held,) = (await api.position_information_v2(symbol=SYMBOL)).data().result
        assert held.position_amt == "0.010"
        await api.new_order(SYMBOL, "SELL", "MARKET", quantity=0.01, reduce_only="true")
        assert (await api.futures_account_balance_v2()).data().result[0].asset == "USDT"
        await until(lambda: {type(each).__name__ for each in market} == FEEDS)
        await until(lambda: sum(isinstance(each, AccountUpdate) for each in map(event, told)) >= 2)
    finally:
        sockets = [each.websocket.get_extra_info("socket") for parts in (api, streams) for each in parts.connections]
        await api.close_connection()
        await streams.close_connection()
        await until(lambda: all(each.fileno() < 0 for each in sockets))
    orders = [each.o for each in map(event, told) if isinstance(each, OrderTradeUpdate)]
    assert [(each.x, each.X) for each in orders if each.c == "ws1"] == [
        ("NEW", "NEW"),
        ("AMENDMENT", "NEW"),
        ("CANCELED", "CANCELED"),
    ]
    assert client.rest_api.keepalive_user_data_stream().status == 200
    client.rest_api.close_user_data_stream()


def event(told: Any) -> Any:
    """Return an event of the account as the client hands it over."""
    return getattr(told, "actual_instance", told)


async def until(done: Any) -> None:
    deadline = asyncio.get_running_loop().time() + 20
    while not done():
        assert asyncio.get_running_loop().time() < deadline, "it did not come"
        await asyncio.sleep(0.05)

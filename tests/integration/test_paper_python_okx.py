"""OKX's own client, unmodified, trades on the paper venue over https and wss: only its addresses are pointed there.

It insists on TLS for websockets, so the venue has a certificate of an authority that was made for the test.
"""

import asyncio
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from okx import Account, MarketData, PublicData, Trade
from okx.websocket.WsPrivateAsync import WsPrivateAsync

from tests.integration.paper_live import LivePaper, paper_venue
from tests.unit.agents.paper.okx.okx_desk import KEY, PASSPHRASE, SECRET, SPOT, SWAP

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning:httpx")
"""The client posts its bodies in a way that the library beneath it would rather not have."""

COIN, CONTRACT = "BTC-USDT", "BTC-USDT-SWAP"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePaper]:
    authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    path = Path(tmp_path_factory.mktemp("tls")) / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(path))
        for name, value in (("KEY", KEY), ("SECRET", SECRET), ("PASSPHRASE", PASSPHRASE)):
            environment.setenv(f"TESTPAPER_{name}", value)
        with paper_venue((SPOT, SWAP), kind="okx", tls=tls) as venue:
            yield venue


class Client:
    """The parts of the client that the tests use."""

    def __init__(self, domain: str) -> None:
        account = {"api_key": KEY, "api_secret_key": SECRET, "passphrase": PASSPHRASE, "flag": "1", "domain": domain}
        self.trade = Trade.TradeAPI(**account)
        self.account = Account.AccountAPI(**account)
        self.public = PublicData.PublicAPI(flag="1", domain=domain)
        self.market = MarketData.MarketAPI(flag="1", domain=domain)

    def close(self) -> None:
        for each in (self.trade, self.account, self.public, self.market):
            each.close()

    def best(self, symbol: str) -> tuple[float, float]:
        book = self.market.get_orderbook(symbol, "1")["data"][0]
        return float(book["bids"][0][0]), float(book["asks"][0][0])


@pytest.fixture
def okx(live: LivePaper) -> Iterator[Client]:
    client = Client(live.url)
    yield client
    client.close()


def test_time_and_listings(okx: Client) -> None:
    assert okx.public.get_system_time()["code"] == "0"
    (contract,) = okx.public.get_instruments("SWAP")["data"]
    assert (contract["instId"], contract["ctVal"], contract["instIdCode"]) == (CONTRACT, "0.01", 2)


def test_an_order_rests_is_amended_and_canceled(okx: Client) -> None:
    bid, _ = okx.best(COIN)
    placed = okx.trade.place_order(COIN, "cash", "buy", "limit", "0.01", px=f"{bid - 1000:.1f}", clOrdId="python1")
    assert (placed["code"], placed["data"][0]["sCode"]) == ("0", "0")
    assert okx.trade.amend_order(COIN, clOrdId="python1", newSz="0.02", reqId="r1")["data"][0]["reqId"] == "r1"
    (row,) = okx.trade.get_order_list(instType="SPOT")["data"]
    assert (row["ordId"], row["sz"], row["state"]) == (placed["data"][0]["ordId"], "0.02", "live")
    assert okx.trade.cancel_order(COIN, clOrdId="python1")["data"][0]["sCode"] == "0"
    assert okx.trade.get_order(COIN, clOrdId="python1")["data"][0]["state"] == "canceled"
    assert okx.trade.cancel_order(COIN, clOrdId="python1")["data"][0]["sCode"] == "51400"
    assert okx.trade.get_order(COIN, clOrdId="nobody")["code"] == "51603"
    assert okx.trade.get_orders_history("SPOT")["data"][0]["clOrdId"] == "python1"


def test_a_position_is_opened_and_closed(okx: Client) -> None:
    orders = [
        {
            "instId": CONTRACT,
            "tdMode": "cross",
            "side": "sell",
            "ordType": "market",
            "sz": size,
            "clOrdId": f"many{size}",
        }
        for size in ("1", "2")
    ]
    assert [row["sCode"] for row in okx.trade.place_multiple_orders(orders)["data"]] == ["0", "0"]
    (position,) = okx.account.get_positions(instType="SWAP")["data"]
    assert (position["pos"], position["lever"], position["mgnMode"]) == ("-3", "10", "cross")
    assert okx.trade.place_order(CONTRACT, "cross", "buy", "market", "3", reduceOnly="true")["code"] == "0"
    assert okx.account.get_positions(instType="SWAP")["data"] == []
    fills = okx.trade.get_fills(instType="SWAP")["data"]
    assert sum(float(row["fillSz"]) for row in fills) == 6
    assert all(float(row["fee"]) < 0 for row in fills)
    balance = okx.account.get_account_balance("USDT")["data"][0]["details"][0]
    assert float(balance["cashBal"]) < 1_000_000
    assert okx.account.get_account_config()["data"][0]["posMode"] == "net_mode"


def test_orders_over_its_private_connection(live: LivePaper, okx: Client) -> None:
    bid, _ = okx.best(COIN)
    asyncio.run(asyncio.wait_for(over_connection(live, bid), 60))


async def over_connection(live: LivePaper, bid: float) -> None:
    told: list[Any] = []
    client = WsPrivateAsync(KEY, PASSPHRASE, SECRET, live.ws_url + "/ws/v5/private")
    await client.connect()
    reading = asyncio.ensure_future(client.consume())
    await client.subscribe([{"channel": "orders", "instType": "ANY"}], lambda text: told.append(json.loads(text)))
    terms = {"instIdCode": 1, "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01", "clOrdId": "socket1"}
    await client.place_order([terms | {"px": f"{bid - 1000:.1f}"}], id="1")
    await client.cancel_order([{"instIdCode": 1, "clOrdId": "socket1"}], id="2")
    async with asyncio.timeout(20):
        while len([frame for frame in told if frame.get("id") == "2"]) < 1 or len(pushes(told)) < 2:
            await asyncio.sleep(0.02)
    assert [frame["event"] for frame in told if "event" in frame][:2] == ["login", "subscribe"]
    assert [(frame["op"], frame["data"][0]["sCode"]) for frame in told if "op" in frame] == [
        ("order", "0"),
        ("cancel-order", "0"),
    ]
    assert [row["state"] for row in pushes(told)] == ["live", "canceled"]
    await client.factory.close()
    await reading


def pushes(told: list[Any]) -> list[Any]:
    return [row for frame in told if "arg" in frame and "data" in frame for row in frame["data"]]

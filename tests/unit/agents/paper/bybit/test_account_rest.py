"""Bybit's signed queries: open orders, history that lags, executions page by page, coins and positions."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.agents.paper.bybit.bybit_client import BybitClient
from tests.unit.agents.paper.bybit.test_private_stream import FIXTURES, filled, ordered
from tests.unit.agents.paper.bybit.test_trade_rest import FAR
from tests.unit.agents.paper.shapes import differences

ONE = "category=linear&symbol=BTCUSDT"
NEWER = frozenset({"feeCurrency", "isLeverage"})


@pytest.fixture
def client() -> BybitClient:
    return BybitClient()


def test_realtime_has_the_open_orders_and_by_name_those_that_ended(client: BybitClient) -> None:
    for name in ("a", "b"):
        client.order("Buy", "0.01", FAR, orderLinkId=name)
    client.run(0.01)
    client.post("/v5/order/cancel", category="linear", symbol="BTCUSDT", orderLinkId="a")
    rows = client.ask("/v5/order/realtime", "category=linear&settleCoin=USDT")["list"]
    assert [row["orderLinkId"] for row in rows] == ["b"]
    (ended,) = client.ask("/v5/order/realtime", f"{ONE}&orderLinkId=a")["list"]
    assert (ended["orderStatus"], ended["cancelType"]) == ("Cancelled", "CancelByUser")
    (same,) = client.ask("/v5/order/realtime", f"{ONE}&orderId={ended['orderId']}")["list"]
    assert same == ended
    assert client.ask("/v5/order/realtime", f"{ONE}&orderLinkId=never")["list"] == []
    assert json.loads(client.call("GET", "/v5/order/realtime", "category=linear").body)["retCode"] == 10001


def test_history_lags_and_forgets_what_ended_without_a_fill_after_a_day(client: BybitClient) -> None:
    client.order("Buy", "0.01", "70000.0", orderLinkId="filled")
    client.order("Buy", "0.01", FAR, orderLinkId="canceled", timeInForce="IOC")

    def names() -> list[str]:
        return [row["orderLinkId"] for row in client.ask("/v5/order/history", ONE)["list"]]

    assert names() == []
    client.run(1.01)
    assert names() == ["canceled", "filled"]
    client.wall_ns += 25 * 3600 * 10**9
    assert names() == ["filled"]


def test_executions_are_newest_first_and_paged(client: BybitClient) -> None:
    for number in range(5):
        client.order("Buy", "0.001", "70000.0", orderLinkId=f"n{number}")
        client.run(1)
    found: list[str] = []
    cursor = ""
    while True:
        page = client.ask("/v5/execution/list", f"{ONE}&limit=2" + (f"&cursor={cursor}" if cursor else ""))
        found += [row["orderLinkId"] for row in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break
    assert found == ["n4", "n3", "n2", "n1", "n0"]
    (row,) = client.ask("/v5/execution/list", f"{ONE}&orderLinkId=n2")["list"]
    since = client.ask("/v5/execution/list", f"{ONE}&startTime={row['execTime']}&endTime={client.now_ms}")["list"]
    assert [each["orderLinkId"] for each in since] == ["n4", "n3", "n2"]
    too_long = f"{ONE}&startTime=0&endTime={client.now_ms}"
    assert json.loads(client.call("GET", "/v5/execution/list", too_long).body)["retCode"] == 10001


def test_a_position_gains_and_loses_in_its_quote(client: BybitClient) -> None:
    assert client.ask("/v5/position/list", "category=linear&settleCoin=USDT")["list"] == []
    (none,) = client.ask("/v5/position/list", ONE)["list"]
    assert (none["side"], none["size"]) == ("", "0")
    client.order("Sell", "0.01", "50000.0", timeInForce="IOC")
    (held,) = client.ask("/v5/position/list", "category=linear&settleCoin=USDT")["list"]
    assert (held["side"], held["size"], held["leverage"]) == ("Sell", "0.01", "10")
    (fill,) = client.ask("/v5/execution/list", ONE)["list"]
    assert held["avgPrice"] == fill["execPrice"].removesuffix(".0")
    assert float(held["positionIM"]) == pytest.approx(float(fill["execValue"]) / 10)
    (wallet,) = client.ask("/v5/account/wallet-balance", "accountType=UNIFIED")["list"]
    coins = {coin["coin"]: coin for coin in wallet["coin"]}
    assert float(coins["USDT"]["walletBalance"]) == pytest.approx(100_000 - float(fill["execFee"]))
    assert coins["BTC"]["walletBalance"] == "1"
    assert float(coins["USDT"]["totalPositionIM"]) == pytest.approx(float(held["positionIM"]))


def test_coins_are_bought_on_spot_and_fees_are_in_what_is_received(client: BybitClient) -> None:
    client.order("Buy", "0.01", "70000.0", "spot", timeInForce="IOC")
    (fill,) = client.ask("/v5/execution/list", "category=spot&symbol=BTCUSDT")["list"]
    assert (fill["feeCurrency"], float(fill["execFee"])) == ("BTC", pytest.approx(0.00001))
    (wallet,) = client.ask("/v5/account/wallet-balance", "accountType=UNIFIED")["list"]
    coins = {coin["coin"]: coin for coin in wallet["coin"]}
    assert float(coins["BTC"]["walletBalance"]) == pytest.approx(1.00999)


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/v5/order/history", ONE, "http_get_orders_history"),
        ("/v5/execution/list", ONE, "http_get_executions"),
        ("/v5/position/list", ONE, "http_get_positions"),
        ("/v5/account/info", "", "http_get_account_info"),
        ("/v5/account/fee-rate", "category=linear", "http_get_fee_rate"),
    ],
)
def test_answers_have_the_keys_of_their_samples(
    client: BybitClient, data_dir: Path, path: str, query: str, name: str
) -> None:
    client.order("Buy", "0.01", "70000.0", orderLinkId="a")
    client.run(2)
    sample: Any = json.loads((data_dir / FIXTURES / f"{name}.json").read_text())["result"]
    found: Any = client.ask(path, query)
    if "list" in sample:
        sample, found = sample["list"][0], found["list"][0]
    assert set(sample) - set(found) - NEWER <= {"createType", "closedSize", "baseCoin"}
    both = {key: sample[key] for key in sample if key in found}
    told = {key: found[key] for key in both}
    assert differences(ordered(both), ordered(told), optional=filled(both, told)) == []


def test_other_accounts_and_categories_are_refused(client: BybitClient) -> None:
    for path, query in (
        ("/v5/account/wallet-balance", "accountType=SPOT"),
        ("/v5/position/list", "category=spot&symbol=BTCUSDT"),
        ("/v5/position/list", "category=linear"),
        ("/v5/order/realtime", "category=option"),
        ("/v5/execution/list", f"{ONE}&cursor=nonsense"),
    ):
        assert json.loads(client.call("GET", path, query).body)["retCode"] == 10001
    key = client.ask("/v5/user/query-api", "")
    assert key["permissions"]["Wallet"] == []


def test_coins_are_listed_and_inverse_positions_are_none(client: BybitClient) -> None:
    assert [row["coin"] for row in client.ask("/v5/asset/coin/query-info", "")["rows"]] == ["BTC", "USDT"]
    (row,) = client.ask("/v5/asset/coin/query-info", "coin=BTC")["rows"]
    assert row["chains"][0]["chainWithdraw"] == "0"
    assert client.ask("/v5/position/list", "category=inverse")["list"] == []


def test_the_transaction_log_has_transfers_by_their_type_newest_first_in_pages(client: BybitClient) -> None:
    for amount_e8 in (5 * 10**8, -(10**8), 10**8 // 2):
        client.exchange.trading.transfer("USDT", amount_e8, client.wall_ns)
    path, coming = "/v5/account/transaction-log", "accountType=UNIFIED&type=TRANSFER_IN"
    found = client.ask(path, f"{coming}&limit=1")
    assert [(row["currency"], row["change"], row["type"]) for row in found["list"]] == [("USDT", "0.5", "TRANSFER_IN")]
    older = client.ask(path, f"{coming}&limit=1&cursor={found['nextPageCursor']}")
    assert [(row["change"], older["nextPageCursor"]) for row in older["list"]] == [("5", "")]
    (gone,) = client.ask(path, "type=TRANSFER_OUT")["list"]
    assert (gone["change"], gone["cashFlow"], gone["side"]) == ("-1", "-1", "None")
    assert gone["id"] not in {found["list"][0]["id"], older["list"][0]["id"]}
    assert client.ask(path, "type=TRADE")["list"] == []
    assert json.loads(client.call("GET", path, "accountType=SPOT").body)["retCode"] == 10001

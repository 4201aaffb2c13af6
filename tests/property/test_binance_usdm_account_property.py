"""What a USDT-M account is told, however it is written: hostile bytes raise only VenueError, and a reply raises nothing."""

import json

from hypothesis import given
from hypothesis import strategies as st

from agents.venues.binance.identity import UsdmIdentity
from agents.venues.reports import CallResult
from mesh.agent import VenueCall
from schemas.errors import VenueError
from tests.property.test_okx_account_property import SNIPPETS, VALUES
from tests.unit.agents.venues.binance.usdm_desk import account, answered

ACCOUNT, INFO = account()
CREATE, FILLS = VenueCall("POST", "/fapi/v1/order", {}), ACCOUNT.fills_since(INFO, "", 0)
ORDER = {
    "orderId": 1,
    "symbol": "BTCUSDT",
    "status": "NEW",
    "clientOrderId": "a",
    "price": "1.00",
    "origQty": "0.001",
    "executedQty": "0",
    "timeInForce": "GTX",
    "type": "LIMIT",
    "side": "BUY",
    "updateTime": 7,
}
UPDATE = {
    "s": "BTCUSDT",
    "c": "a",
    "S": "BUY",
    "o": "LIMIT",
    "f": "GTC",
    "q": "0.002",
    "p": "1.00",
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "i": 1,
    "l": "0.001",
    "z": "0.001",
    "L": "1.00",
    "N": "USDT",
    "n": "0.01",
    "T": 7,
    "t": 3,
    "m": True,
}
CHANGE = {
    "m": "DEPOSIT",
    "B": [{"a": "USDT", "wb": "1.5", "cw": "1.5", "bc": "0.5"}],
    "P": [{"s": "BTCUSDT", "pa": "-0.001", "ep": "6563.66666666666", "mt": "cross", "ps": "BOTH"}],
}
TOTALS = {"totalMarginBalance": "1", "availableBalance": "1", "totalInitialMargin": "0", "totalMaintMargin": "0"}
TRADE = {
    "id": 3,
    "orderId": 1,
    "price": "1.00",
    "qty": "0.001",
    "commission": "0.01",
    "commissionAsset": "USDT",
    "time": 7,
    "buyer": True,
    "maker": False,
}
RECORDS = [
    {"e": "ORDER_TRADE_UPDATE", "T": 7, "E": 7, "o": UPDATE},
    {"stream": "key", "data": {"e": "ACCOUNT_UPDATE", "T": 7, "E": 7, "a": CHANGE}},
    {"e": "ACCOUNT_UPDATE", "T": 7, "E": 7, "a": {**CHANGE, "m": "FUNDING_FEE"}},
    {"e": "ACCOUNT_CONFIG_UPDATE", "T": 7, "E": 7, "ac": {"s": "BTCUSDT", "l": 25}},
    {"e": "listenKeyExpired", "E": 7, "listenKey": "key"},
    {"assets": [{"asset": "USDT", "walletBalance": "1.5"}], **TOTALS},
    [{"symbol": "BTCUSDT", "positionAmt": "-0.001", "entryPrice": "1.0", "markPrice": "1", "updateTime": 7}],
    [{"symbol": "BTCUSDT", "marginType": "CROSSED", "leverage": 20}],
    [{"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-0.1", "asset": "USDT", "time": 7, "tranId": 9}],
    [{"accountAlias": "SgsR", "asset": "USDT", "balance": "1"}],
    {"dualSidePosition": False, "multiAssetsMargin": False},
    {"listenKey": "key"},
    {"serverTime": 7},
    [TRADE],
    [ORDER],
    ORDER,
]
texts = st.sampled_from([json.dumps(record, separators=(",", ":")).encode() for record in RECORDS])


def check(text: bytes, status: int = 200) -> None:
    """Have everything read a text that may get it."""
    usdm, _ = account()
    for read in (
        usdm.private_events,
        usdm.orders,
        usdm.balance_report,
        usdm.venue_time_ns,
        UsdmIdentity().read,
        lambda body: usdm.fill_page(INFO, answered(body, FILLS)),
        lambda body: usdm.position_page(answered(body)),
        lambda body: usdm.terms(answered(body)),
        lambda body: usdm.funding_page(answered(body)),
        lambda body: usdm.learn(answered(body)),
        lambda body: usdm.stream_url_of(answered(body)),
    ):
        try:
            read(text)
        except VenueError:
            continue
    usdm.ends_soon(text)
    usdm.unfit()
    verdict = usdm.order_verdict(answered(text, CREATE, status))
    assert (verdict.order is not None) == (verdict.result == CallResult.ACCEPTED)
    usdm.proof(answered(text, CREATE, status))


@given(texts, st.data())
def test_texts_with_other_bytes(text, data):
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 4)))
        text = text[:start] + data.draw(st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=3))) + text[end:]
    check(text, data.draw(st.sampled_from([200, 400, 503])))


@given(st.sampled_from(RECORDS), st.data())
def test_records_with_other_values(record, data):
    check(json.dumps(changed(record, data)).encode(), data.draw(st.sampled_from([200, 400, 503])))


def changed(value, data):
    """Return the value with something of it replaced or left out, now and then."""
    if data.draw(st.integers(0, 9)) == 0:
        return data.draw(VALUES)
    if isinstance(value, dict):
        return {key: changed(each, data) for key, each in value.items() if data.draw(st.integers(0, 29))}
    return [changed(each, data) for each in value] if isinstance(value, list) else value


@given(st.binary(max_size=200))
def test_any_bytes(text):
    check(text)

"""The private stream of a USDT-M account: each event with the values of its sample, and what it is here."""

import json

import pytest

from agents.venues.reports import (
    BalanceReport,
    BalancesChanged,
    ContractTerms,
    ExecutionEvent,
    FundingDue,
    PositionReport,
    StreamEnded,
    TransferReport,
)
from schemas.errors import VenueError
from schemas.orders import Liquidity, OrderStatus, Side, TimeInForce
from tests.unit.agents.venues.binance.usdm_desk import FUTURES, account

E8 = 10**8
MS = 1_000_000
S = OrderStatus


@pytest.fixture
def sample(data_dir):
    return lambda name: (data_dir / FUTURES / f"{name}.json").read_bytes()


@pytest.mark.parametrize(
    "frame",
    [
        b'{"e":"listenKeyExpired","E":1736996475556,"listenKey":"WsCMN0a4"}',
        b'{"e":"listenKeyExpired","E":"1736996475556","listenKey":"WsCMN0a4"}',
        b'{"stream":"WsCMN0a4","data":{"e":"listenKeyExpired","E":1736996475556}}',
    ],
)
def test_a_key_that_has_ended_ends_the_stream(frame):
    usdm, _ = account()
    assert usdm.private_events(frame) == (StreamEnded("listenKeyExpired"),)


def test_the_shutdown_of_the_server_is_announced():
    usdm, _ = account()
    frame = b'{"e":"serverShutdown","E":1770123456789}'
    assert usdm.private_events(frame) == ()
    assert usdm.ends_soon(frame)


ORDERS = {
    "new": (S.NEW, "8886774", Side.BUY, 1, 0, 0, ""),
    "trade": (S.PARTIALLY_FILLED, "8886774", Side.BUY, 1, 710_050, 1, ""),
    "trade_partial": (S.PARTIALLY_FILLED, "8886774", Side.BUY, 2, 710_050, 1, ""),
    "calculated_pending": (S.NEW, "8887004", Side.SELL, 14, 991_000, 0, "liquidation"),
    "calculated": (S.FILLED, "8886999", Side.SELL, 14, 991_000, 14, "liquidation"),
    "insurance": (S.PARTIALLY_FILLED, "8887003", Side.SELL, 20, 4_500_000, 20, "liquidation"),
    "adl": (S.PARTIALLY_FILLED, "8887001", Side.BUY, 5, 4_200_000, 5, "auto-deleveraging"),
    "settlement": (S.FILLED, "8887002", Side.SELL, 10, 5_000_000, 10, "settlement"),
    "delivery": (S.FILLED, "8887003", Side.SELL, 1_000, 7_000_000, 1_000, "delivery"),
}
"""State, id, side, quantity, price and what is filled of an order, and why the venue made it."""
FILLS = {
    "trade": ("12345678", 1, 710_050, 1_000_000, "USDT", Liquidity.MAKER),
    "trade_partial": ("12345678", 1, 710_050, 1_000_000, "USDT", Liquidity.MAKER),
    "calculated": ("12345999", 14, 991_012, 6_937_084, "USDT", Liquidity.TAKER),
    "insurance": ("12346003", 20, 4_500_000, 45_000_000, "USDT", Liquidity.TAKER),
    "adl": ("12346001", 5, 4_200_000, 10_500_000, "USDT", Liquidity.TAKER),
    "settlement": ("12346002", 10, 5_000_000, 25_000_000, "USDT", Liquidity.TAKER),
    "delivery": ("12346003", 1_000, 7_000_000, 0, "", Liquidity.TAKER),
}


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_updates_of_orders_have_the_values_of_their_samples(sample, name, wrapped):
    usdm, _ = account("BTCUSDT", "BTCUSD_240329")
    frame = sample(f"user_data_json/order_update_{name}")
    data = json.loads(frame)
    (event,) = usdm.private_events(b'{"stream":"key","data":%b}' % frame if wrapped else frame)
    assert isinstance(event, ExecutionEvent)
    order, fill = event.order, event.fill
    assert (
        order.status,
        order.venue_order_id,
        order.side,
        order.qty_lots,
        order.price_ticks,
        order.cum_qty_lots,
        order.text,
    ) == ORDERS[name]
    assert (order.client_order_id, order.ts_event_ns) == (data["o"]["c"], data["T"] * MS)
    assert order.time_in_force == TimeInForce[data["o"]["f"]]
    assert (fill is not None) == (name in FILLS)
    assert fill is None or fill.forced == order.text
    if fill is not None:
        found = (fill.trade_id, fill.qty_lots, fill.price_ticks, fill.commission_e8, fill.commission_asset)
        assert (*found, fill.liquidity) == FILLS[name]
        assert (fill.venue_order_id, fill.side, fill.ts_event_ns) == (order.venue_order_id, order.side, data["T"] * MS)


def test_an_update_of_another_instrument_says_nothing(sample):
    usdm, _ = account("ETHUSDT")
    assert usdm.private_events(sample("user_data_json/order_update_trade")) == ()


def test_an_update_of_balances_and_positions_has_the_values_of_its_sample(sample):
    usdm, _ = account()
    # Long and short beside each other are not read; the position of one-way mode is.
    assert usdm.private_events(sample("user_data_json/account_update")) == [
        BalanceReport({"USDT": 12262412345678}),
        PositionReport(1, 0, 0, 1564745798939 * MS, isolated=True),
    ]
    assert usdm.private_events(sample("user_data_json/account_update_bnfcr")) == [
        BalanceReport({"BNFCR": 500128983031})
    ]


def update(reason, balances=(), positions=()):
    return json.dumps(
        {"e": "ACCOUNT_UPDATE", "E": 2, "T": 1, "a": {"m": reason, "B": balances, "P": positions}}
    ).encode()


def test_a_short_position_is_negative_and_its_entry_is_told_to_the_nearest_unit():
    usdm, _ = account()
    row = {"s": "BTCUSDT", "pa": "-0.010", "ep": "6563.666666666667", "ps": "BOTH"}
    other = {**row, "s": "ETHUSDT"}
    assert usdm.private_events(update("ORDER", (), [row, other])) == [PositionReport(1, -10, 656_366_666_667, MS)]
    (isolated,) = usdm.private_events(update("ORDER", (), [{**row, "mt": "isolated"}]))
    assert isolated.isolated


@pytest.mark.parametrize("reason", ["DEPOSIT", "WITHDRAW", "ADMIN_DEPOSIT", "ASSET_TRANSFER"])
def test_money_that_no_trade_moved_is_a_transfer(reason):
    usdm, _ = account()
    balance = {"a": "USDT", "wb": "100.5", "cw": "100.5", "bc": "-0.25000001"}
    assert usdm.private_events(update(reason, [balance])) == [
        BalanceReport({"USDT": 10_050_000_000}),
        TransferReport("USDT", -25_000_001, MS),
    ]


@pytest.mark.parametrize(("reason", "change"), [("ADJUSTMENT", "1"), ("MARGIN_TRANSFER", "1"), ("DEPOSIT", "0")])
def test_balances_that_changed_otherwise_are_to_be_asked_for(reason, change):
    usdm, _ = account()
    balance = {"a": "USDT", "wb": "1", "cw": "1", "bc": change}
    assert usdm.private_events(update(reason, [balance])) == [BalanceReport({"USDT": E8}), BalancesChanged(reason)]


def test_funding_is_to_be_asked_for():
    usdm, _ = account()
    balance = {"a": "USDT", "wb": "1", "cw": "1", "bc": "-0.1"}
    assert usdm.private_events(update("FUNDING_FEE", [balance])) == [
        BalanceReport({"USDT": E8}),
        FundingDue("FUNDING_FEE"),
    ]


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (b'"ac":{"s":"BTCUSDT","l":25}', (ContractTerms(1, 25 * E8),)),
        (b'"ac":{"s":"ETHUSDT","l":25}', ()),
        (b'"ai":{"j":true}', ()),
    ],
)
def test_a_leverage_that_was_changed_is_told(event, found):
    usdm, _ = account()
    assert usdm.private_events(b'{"e":"ACCOUNT_CONFIG_UPDATE","E":1,"T":1,%b}' % event) == found


CALLED = '{"s":"%s","ps":"BOTH","pa":"1.327","mt":"%s","iw":"0","mp":"187.17127","up":"-1.166074","mm":"1.614445"}'


@pytest.mark.parametrize(
    ("positions", "isolated"),
    [
        ([("BTCUSDT", "CROSSED")], ()),
        ([("BTCUSDT", "ISOLATED")], (1,)),
        ([("BTCUSDT", "ISOLATED"), ("ETHUSDT", "CROSSED")], ()),
    ],
)
def test_a_margin_call_is_of_the_account_or_of_isolated_positions(positions, isolated):
    usdm, _ = account()
    told = ",".join(CALLED % each for each in positions)
    frame = f'{{"e":"MARGIN_CALL","E":1587727187525,"cw":"3.16812045","p":[{told}]}}'.encode()
    (called,) = usdm.private_events(frame)
    assert called.text.startswith("MARGIN_CALL: BTCUSDT 1.327 needs 1.614445, has gained -1.166074")
    assert len(called.isolated) == len(isolated)


def test_a_margin_call_for_what_is_isolated_and_not_traded_here_is_nothing():
    usdm, _ = account()
    frame = f'{{"e":"MARGIN_CALL","E":1,"p":[{CALLED % ("XRPUSDT", "ISOLATED")}]}}'.encode()
    assert usdm.private_events(frame) == ()


@pytest.mark.parametrize("name", ["algo_update_new", "algo_update_canceled", "trade_lite"])
def test_what_is_told_elsewhere_or_not_of_our_orders_says_nothing(sample, name):
    usdm, _ = account("BTCUSDT", "BNBUSDT")
    assert usdm.private_events(sample(f"user_data_json/{name}")) == ()


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        b'{"e":"ORDER_TRADE_UPDATE"}',
        b'{"e":"ORDER_TRADE_UPDATE","o":{"s":"BTCUSDT"}}',
        b'{"e":"ACCOUNT_UPDATE","a":{"B":[]}}',
        update("ORDER", [{"a": "USDT", "wb": "x"}]),
        update("ORDER", (), [{"s": "BTCUSDT", "pa": "--1", "ep": "0", "ps": "BOTH"}]),
        b"[" * 2000,
    ],
)
def test_anything_else_is_an_error(frame):
    usdm, _ = account()
    with pytest.raises(VenueError, match="private stream"):
        usdm.private_events(frame)


def test_an_id_that_no_order_can_have_is_an_error(sample):
    usdm, _ = account()
    found = json.loads(sample("user_data_json/order_update_new"))
    found["o"]["c"] = "a" * 37
    with pytest.raises(VenueError, match="private stream"):
        usdm.private_events(json.dumps(found).encode())


def test_a_state_that_is_not_known_is_an_error(sample):
    usdm, _ = account()
    frame = sample("user_data_json/order_update_new").replace(b'"X": "NEW"', b'"X": "ODD"')
    with pytest.raises(VenueError, match="order status 'ODD'"):
        usdm.private_events(frame)

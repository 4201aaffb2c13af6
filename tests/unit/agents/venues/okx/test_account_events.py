"""The private stream of OKX: orders, fills and balances, and the answers to what was asked."""

import json

import pytest

from agents.venues.reports import BalanceReport, ExecutionEvent, SubscriptionReply
from schemas.errors import VenueError
from schemas.orders import OrderStatus
from tests.unit.agents.venues.okx.okx_account import account, order, push


def events(frame):
    return list(account().private_events(frame))


def test_a_push_states_the_order_and_the_fill_that_caused_it():
    filled = order(
        state="partially_filled",
        accFillSz="0.0005",
        fillSz="0.0002",
        fillPx="31527",
        tradeId="5",
        fillFee="-0.01",
        fillFeeCcy="USDT",
        execType="T",
        fillTime="9",
    )
    live, partly = events(push(order(), filled))
    assert (live.order.status, live.fill) == (OrderStatus.NEW, None)
    assert (partly.order.cum_qty_lots, partly.fill.qty_lots, partly.fill.trade_id) == (50_000, 20_000, "5")


def test_the_same_message_with_another_time_is_the_same_fill():
    fill = {
        "state": "filled",
        "accFillSz": "0.001",
        "fillSz": "0.001",
        "fillPx": "31527",
        "tradeId": "5",
        "fillTime": "9",
    }
    (first,), (again,) = events(push(order(**fill))), events(push(order(**fill, uTime="1654084399999")))
    assert first.fill == again.fill
    assert first.order.ts_event_ns < again.order.ts_event_ns


def test_orders_of_other_instruments_are_not_ours():
    assert events(push(order(instId="DOGE-USDT", sz="odd"))) == []


def test_a_market_order_in_quote_currency_is_told_of_with_its_first_fill():
    assert events(push(order(tgtCcy="quote_ccy", sz="10", ordType="market", px=""))) == []


def test_balances():
    frame = {
        "arg": {"channel": "account"},
        "data": [{"details": [{"ccy": "USDT", "cashBal": "5.5"}, {"ccy": "A", "cashBal": "0"}]}],
    }
    assert events(json.dumps(frame).encode()) == [BalanceReport({"USDT": 550_000_000, "A": 0})]
    change = {"channel": "balance_and_position"}
    data = [
        {"pTime": "1", "eventType": "filled", "balData": [{"ccy": "BTC", "cashBal": "1", "uTime": "1"}], "posData": []}
    ]
    assert events(json.dumps({"arg": change, "data": data}).encode()) == [BalanceReport({"BTC": 100_000_000})]


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (b'{"event":"login","code":"0","msg":"","connId":"a"}', SubscriptionReply("login", True, "0")),
        (
            b'{"event":"login","code":"60009","msg":"Login failed."}',
            SubscriptionReply("login", False, "60009 Login failed."),
        ),
        (
            b'{"event":"error","code":"60009","msg":"Login failed.","connId":"a"}',
            SubscriptionReply("login", False, "60009 Login failed."),
        ),
        (
            b'{"event":"subscribe","arg":{"channel":"orders","instType":"SWAP"},"connId":"a"}',
            SubscriptionReply("orders:SWAP", True),
        ),
        (
            b'{"event":"subscribe","arg":{"channel":"account","extraParams":"{}"},"connId":"a"}',
            SubscriptionReply("account", True),
        ),
        (
            b'{"event":"error","code":"60018","msg":"Wrong URL or channel:orders,instType:SPOT doesn\'t exist."}',
            SubscriptionReply("orders:SPOT", False, "60018 Wrong URL or channel:orders,instType:SPOT doesn't exist."),
        ),
        (
            b'{"event":"error","code":"60018","msg":"Wrong URL or channel:account doesn\'t exist."}',
            SubscriptionReply("account", False, "60018 Wrong URL or channel:account doesn't exist."),
        ),
    ],
)
def test_answers(frame, reply):
    assert events(frame) == [reply]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"event":"notice","code":"64008","msg":"soon","connId":"a"}',
        b'{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"a"}',
        b'{"id":"5","op":"order","code":"0","msg":"","data":[{"sCode":"0"}],"inTime":"1","outTime":"2"}',
    ],
)
def test_what_says_nothing_of_orders_and_balances(frame):
    assert events(frame) == []


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        b'{"arg":{"channel":"orders"},"data":[{}]}',
        b'{"arg":{"channel":"orders"}}',
        push(order(state="odd")),
        push(order(px="1.23")),
        push(order(clOrdId="a" * 33)),
        push(order(ordId="1" * 33)),
        push(order(state="partially_filled", fillSz="0.0002", fillPx="31527", tradeId="5" * 37)),
        b'{"arg":{"channel":"account"},"data":[{"details":[{"ccy":"A","cashBal":"x"}]}]}',
    ],
)
def test_what_is_not_documented_is_refused(frame):
    with pytest.raises(VenueError, match="private stream"):
        events(frame)


def test_an_execution_is_an_event():
    (event,) = events(push(order()))
    assert isinstance(event, ExecutionEvent)

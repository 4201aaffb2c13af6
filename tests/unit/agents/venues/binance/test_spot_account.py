"""The spot account: the venue's documented replies and events, and what each proves."""

import json

import pytest

from agents.instruments import InstrumentTable
from agents.venues.binance.spot_account import SpotAccount
from agents.venues.reports import (
    BalanceReport,
    BalancesChanged,
    CallResult,
    ExecutionEvent,
    StreamEnded,
    SubscriptionReply,
    TransferReport,
)
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import VenueError
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce

E8 = 10**8
MS = 1_000_000


def account(*symbols):
    instruments = tuple(
        InstrumentConfig(
            id=n + 1, venue="b", symbol=symbol, base="A", quote="B", tick_size="0.00000001", lot_size="0.00000001"
        )
        for n, symbol in enumerate(symbols)
    )
    venue = VenueConfig(id=1, name="b", kind="binance_spot")
    table = InstrumentTable(Config(venues=(venue,), instruments=instruments, agents={}))
    return SpotAccount(venue, list(table.by_id.values())), table


def answered(body, status=200, headers=None):
    return VenueReply(1, VenueCall("GET", "/", {}), CallOutcome.ANSWERED, status, body, headers or {})


@pytest.fixture
def samples(data_dir):
    return data_dir / "private-and-rest" / "nautilus" / "binance" / "spot"


def test_create_reply_of_the_documentation(samples):
    spot, _ = account("BTCUSDT")
    verdict = spot.order_verdict(answered((samples / "http_json" / "new_order_full_response.json").read_bytes()))
    assert verdict.result == CallResult.ACCEPTED
    assert (verdict.order.status, verdict.order.client_order_id) == (OrderStatus.FILLED, "6gCrw2kRUAF9CvJDGP16IP")
    assert verdict.order.cum_qty_lots == sum(fill.qty_lots for fill in verdict.fills) == 10 * E8
    first = verdict.fills[0]
    assert (first.trade_id, first.price_ticks, first.commission_e8, first.commission_asset, first.side) == (
        "56",
        4000 * E8,
        4 * E8,
        "USDT",
        Side.SELL,
    )
    assert {fill.liquidity for fill in verdict.fills} == {Liquidity.TAKER}


def test_cancel_reply_of_the_documentation_is_about_the_order_that_was_canceled(samples):
    spot, _ = account("LTCBTC")
    verdict = spot.order_verdict(answered((samples / "http_json" / "cancel_order_response.json").read_bytes()))
    assert (verdict.order.client_order_id, verdict.order.venue_order_id) == ("myOrder1", "4")
    assert verdict.order.status == OrderStatus.CANCELED
    assert verdict.order.ts_event_ns == 1684804350068 * MS


def test_query_reply_and_list_of_the_documentation(samples):
    spot, _ = account("LTCBTC")
    verdict = spot.order_verdict(answered((samples / "http_json" / "order_response.json").read_bytes()))
    orders, foreign = spot.orders((samples / "http_json" / "open_orders_response.json").read_bytes())
    assert orders == [verdict.order]
    assert foreign == 0
    assert (orders[0].qty_lots, orders[0].price_ticks, orders[0].status) == (E8, E8 // 10, OrderStatus.NEW)


def test_orders_of_instruments_that_are_not_configured_are_counted(samples):
    spot, _ = account("BTCUSDT")
    assert spot.orders((samples / "http_json" / "open_orders_response.json").read_bytes()) == ([], 1)


def test_trades_reply_of_the_documentation(samples):
    spot, table = account("BNBBTC")
    page = spot.fills(table.by_id[1], (samples / "http_json" / "account_trades_response.json").read_bytes())
    (fill,) = page.fills
    assert (page.cursor, page.more, page.next_page) == ("28458", False, "28457")
    assert (fill.trade_id, fill.venue_order_id, fill.side, fill.liquidity) == ("28457", "100234", 1, Liquidity.TAKER)
    assert (fill.price_ticks, fill.qty_lots, fill.commission_e8) == (400_000_100, 12 * E8, 1_010_000_000)


def test_account_reply_of_the_documentation(samples):
    spot, _ = account("BTCUSDT")
    report = spot.balance_report((samples / "http_json" / "account_response.json").read_bytes())
    assert report.balances_e8 == {"BTC": 472384689208129, "LTC": 476336868006011}


def test_balances_are_read_whatever_their_size():
    spot, _ = account("BTCUSDT")
    body = b'{"balances":[{"asset":"PEPE","free":"1000000000000000000.00000001","locked":"46116860185"}]}'
    assert spot.balance_report(body).balances_e8 == {"PEPE": 1_000_000_046_116_860_185 * E8 + 1}
    frame = b'{"event":{"e":"outboundAccountPosition","B":[{"a":"PEPE","f":"46116860185.00000000","l":"0.00000000"}]}}'
    assert list(spot.private_events(frame)) == [BalanceReport({"PEPE": 46_116_860_185 * E8})]


@pytest.mark.parametrize(
    ("name", "status", "cum", "fill"),
    [
        ("new", OrderStatus.NEW, 0, None),
        ("trade", OrderStatus.FILLED, E8, "98765432"),
        ("canceled", OrderStatus.CANCELED, 0, None),
        ("expired", OrderStatus.EXPIRED, 0, None),
    ],
)
def test_execution_reports_of_the_documentation(samples, name, status, cum, fill):
    spot, _ = account("ETHUSDT")
    data = json.loads((samples / "user_data_json" / f"execution_report_{name}.json").read_text())
    (event,) = spot.private_events(json.dumps({"subscriptionId": 0, "event": data}).encode())
    assert isinstance(event, ExecutionEvent)
    assert (event.order.status, event.order.cum_qty_lots) == (status, cum)
    assert event.order.client_order_id == "x-TD67BGP9-T0000000000000"
    assert (event.fill.trade_id if event.fill else None) == fill
    if event.fill:
        assert (event.fill.commission_e8, event.fill.commission_asset) == (100_000, "ETH")
        assert event.fill.liquidity == Liquidity.MAKER


def test_wrapped_events_of_the_documentation(samples):
    spot, _ = account("ETHBTC")
    folder = samples / "user_data_json"
    (event,) = spot.private_events((folder / "execution_report_wrapped.json").read_bytes())
    assert isinstance(event, ExecutionEvent)
    assert (event.order.venue_order_id, event.order.price_ticks) == ("4293153", 10_264_410)
    (balances,) = spot.private_events((folder / "account_position_wrapped.json").read_bytes())
    assert balances == BalanceReport({"ETH": 10_000 * E8})
    (moved,) = spot.private_events((folder / "balance_update_wrapped.json").read_bytes())
    assert moved == TransferReport("BTC", 100 * E8, 1573200697068 * MS)
    assert not spot.private_events((folder / "list_status_wrapped.json").read_bytes())


def test_coins_that_are_locked_from_outside_are_balances_to_ask_for():
    spot, _ = account("BTCUSDT")
    event = b'{"e":"externalLockUpdate","E":1581557507324,"a":"NEO","d":"10.00000000","T":1581557507268}'
    assert spot.private_events(b'{"subscriptionId":0,"event":%b}' % event) == (BalancesChanged("externalLockUpdate"),)


def test_events_of_other_instruments_are_nothing_of_ours(samples):
    spot, _ = account("BTCUSDT")
    assert not spot.private_events((samples / "user_data_json" / "execution_report_wrapped.json").read_bytes())


def test_answers_to_the_subscription():
    spot, _ = account("BTCUSDT")
    (accepted,) = spot.private_events(b'{"id":"user-1","status":200,"result":{"subscriptionId":0}}')
    assert accepted == SubscriptionReply("user-1", True)
    (refused,) = spot.private_events(b'{"id":"user-1","status":401,"error":{"code":-2015,"msg":"Invalid key"}}')
    assert refused == SubscriptionReply("user-1", False, "-2015 Invalid key")
    ended = b'{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1}}'
    assert list(spot.private_events(ended)) == [StreamEnded("eventStreamTerminated")]


@pytest.mark.parametrize(
    "frame",
    [b"", b"[" * 100_000, b'{"event":{"e":"executionReport"}}', b'{"event":{"x":1}}', b'{"event":3}', b"\xff\xfe"],
)
def test_private_frames_that_are_not_documented_are_venue_errors(frame):
    spot, _ = account("BTCUSDT")
    with pytest.raises(VenueError, match="private stream"):
        spot.private_events(frame)


@pytest.mark.parametrize(
    "change", [{"S": "HOLD"}, {"X": "LOST"}, {"t": -1}, {"l": "-1"}, {"q": "1e8"}, {"n": "0.000000001"}]
)
def test_execution_reports_with_impossible_values_are_venue_errors(samples, change):
    spot, _ = account("ETHUSDT")
    data = json.loads((samples / "user_data_json" / "execution_report_trade.json").read_text()) | change
    with pytest.raises(VenueError, match="private stream"):
        spot.private_events(json.dumps({"event": data}).encode())


@pytest.mark.parametrize(
    ("status", "code", "msg", "result", "reason"),
    [
        (400, -1013, "Filter failure: PRICE_FILTER", CallResult.REFUSED, Reason.VENUE_REJECTED),
        (400, -1100, "Illegal characters", CallResult.REFUSED, Reason.VENUE_REJECTED),
        (400, -1130, "Invalid data", CallResult.REFUSED, Reason.VENUE_REJECTED),
        (400, -1021, "outside of the recvWindow", CallResult.REFUSED, Reason.VENUE_CLOCK),
        (400, -1015, "Too many new orders", CallResult.REFUSED, Reason.VENUE_RATE_LIMIT),
        (400, -2010, "Account has insufficient balance", CallResult.REFUSED, Reason.INSUFFICIENT_BALANCE),
        (401, -2015, "Invalid API-key", CallResult.REFUSED, Reason.VENUE_REJECTED),
        (429, -1003, "Too many requests", CallResult.REFUSED, Reason.VENUE_RATE_LIMIT),
        (418, -1003, "banned", CallResult.REFUSED, Reason.VENUE_RATE_LIMIT),
        (400, -2013, "Order does not exist.", CallResult.NOT_FOUND, Reason.ORDER_NOT_FOUND),
        (400, -2011, "Unknown order sent.", CallResult.NOT_FOUND, Reason.ORDER_NOT_FOUND),
        (400, -2010, "Duplicate order sent.", CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN),
        (400, -1000, "unknown", CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN),
        (400, -1006, "unexpected response", CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN),
        (400, -1007, "timeout", CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN),
        (500, -1013, "refused, or not", CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN),
        (503, -1008, "overloaded", CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN),
        (302, 0, "", CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN),
    ],
)
def test_what_an_error_proves(status, code, msg, result, reason):
    spot, _ = account("BTCUSDT")
    verdict = spot.order_verdict(answered(json.dumps({"code": code, "msg": msg}).encode(), status))
    assert (verdict.result, verdict.reason) == (result, reason)


def test_the_time_to_wait_is_the_venues():
    spot, _ = account("BTCUSDT")
    body = b'{"code":-1003,"msg":"slow down"}'
    assert spot.proof(answered(body, 429, {"Retry-After": "30"})).retry_after_ns == 30_000 * MS
    assert spot.proof(answered(b"", 418)).retry_after_ns == 1_000 * MS


def test_calls_name_orders_by_our_id_or_by_the_venues():
    spot, table = account("BTCUSDT")
    info = table.by_id[1]
    assert spot.query(info, "T1").params == {"symbol": "BTCUSDT", "origClientOrderId": "T1"}
    assert spot.cancel(info, "T1", "77").params == {"symbol": "BTCUSDT", "orderId": "77"}
    assert spot.fills_since(info, "5", 1).params == {"symbol": "BTCUSDT", "limit": "1000", "fromId": "5"}
    assert spot.fills_since(info, "", 1_999_999).params == {"symbol": "BTCUSDT", "limit": "1000", "startTime": "1"}
    calls = [spot.open_orders(), spot.balances(), spot.create(info, "T1", 1, 1, 1, TimeInForce.GTC)]
    assert all(call.signed for call in calls)


def test_an_amend_makes_an_order_smaller_under_its_name_and_its_answer_has_the_order_within():
    spot, table = account("BTCUSDT")
    info = table.by_id[1]
    call = spot.amend(info, "mine", "33", Side.SELL, 5 * E8, 6 * E8)
    assert (call.method, call.path, spot.weight_of(call)) == ("PUT", "/api/v3/order/amend/keepPriority", 4)
    wanted = {"symbol": "BTCUSDT", "orderId": "33", "newQty": "5.00000000", "newClientOrderId": "mine"}
    assert call.params == wanted
    order = {
        "symbol": "BTCUSDT",
        "orderId": 33,
        "orderListId": -1,
        "origClientOrderId": "mine",
        "clientOrderId": "mine",
    }
    order |= {"price": "6.00000000", "qty": "5.00000000", "executedQty": "1.00000000", "status": "PARTIALLY_FILLED"}
    order |= {"timeInForce": "GTC", "type": "LIMIT", "side": "SELL", "preventedQty": "0.00000000"}
    body = json.dumps({"transactTime": 1741926410255, "executionId": 75, "amendedOrder": order}).encode()
    verdict = spot.order_verdict(answered(body))
    assert verdict.result is CallResult.ACCEPTED
    found = verdict.order
    assert (found.venue_order_id, found.client_order_id, found.status) == ("33", "mine", OrderStatus.PARTIALLY_FILLED)
    assert (found.qty_lots, found.cum_qty_lots, found.price_ticks) == (5 * E8, E8, 6 * E8)


def test_an_amend_that_is_rejected_has_changed_nothing():
    spot, _ = account("BTCUSDT")
    body = b'{"code":-2038,"msg":"Order amend (quantity increase) is not supported."}'
    assert spot.order_verdict(answered(body, 400)).result is CallResult.REFUSED

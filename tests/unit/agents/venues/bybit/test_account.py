"""Bybit's account: the calls it makes, and what answers and the private stream say to it."""

import pytest

from agents.venues.base import StreamRequest
from agents.venues.reports import (
    BalanceReport,
    CallResult,
    ExecutionEvent,
    FillReport,
    FundingReport,
    PositionReport,
    SubscriptionReply,
)
from mesh.agent import VenueCall
from schemas.errors import VenueError
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce
from tests.unit.agents.venues.bybit.account_desk import MS, account_of, answer, both, execution, frame, order
from tests.unit.agents.venues.bybit.bybit_market import instrument

VENUE_ID = "1726025498520715008"
E8 = 10**8


def post(path, **params):
    return VenueCall("POST", path, params, signed=True)


def get(path, **params):
    return VenueCall("GET", path, params, signed=True)


def test_creates_are_limit_orders_in_the_words_of_the_venue():
    account, spot, linear = both()
    assert account.create(spot, "mine", Side.BUY, 1_500, 3_000_050, TimeInForce.GTC) == post(
        "/v5/order/create",
        category="spot",
        symbol="BTCUSDT",
        side="Buy",
        orderType="Limit",
        qty="0.001500",
        price="30000.50",
        timeInForce="GTC",
        orderLinkId="mine",
    )
    words = [
        account.create(linear, "mine", Side.SELL, 5, 300_005, each).params["timeInForce"]
        for each in (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX)
    ]
    assert words == ["GTC", "IOC", "FOK", "PostOnly"]


def test_an_order_is_named_by_the_venues_id_where_it_is_known():
    account, spot, linear = both()
    assert account.cancel(linear, "mine", VENUE_ID) == post(
        "/v5/order/cancel", category="linear", symbol="BTCUSDT", orderId=VENUE_ID
    )
    assert account.cancel(spot, "mine").params == {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": "mine"}
    assert account.amend(linear, "mine", VENUE_ID, 1, 7, 300_000).params == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "orderId": VENUE_ID,
        "qty": "0.007",
        "price": "30000.0",
    }
    assert account.query(spot, "mine") == get(
        "/v5/order/realtime", category="spot", symbol="BTCUSDT", orderLinkId="mine"
    )
    assert account.cancel_all(spot) == post("/v5/order/cancel-all", category="spot", symbol="BTCUSDT")


def test_what_is_open_takes_a_call_for_spot_and_one_for_each_coin_that_settles_contracts():
    account, _, _ = both()
    assert account.open_order_calls() == [
        get("/v5/order/realtime", category="spot", limit="50"),
        get("/v5/order/realtime", category="linear", settleCoin="USDT", limit="50"),
    ]
    assert account.open_orders() == account.open_order_calls()[0]
    assert account.position_calls() == [get("/v5/position/list", category="linear", settleCoin="USDT", limit="200")]
    only, _ = account_of(instrument(1, "BTCUSDT", "spot", "0.01", "0.000001"))
    assert (len(only.open_order_calls()), only.position_calls()) == (1, [])


def test_balances_time_and_fills():
    account, spot, _ = both()
    assert account.balances() == get("/v5/account/wallet-balance", accountType="UNIFIED")
    assert account.time_call() == VenueCall("GET", "/v5/market/time", {})
    assert account.venue_time_ns(b'{"retCode":0,"result":{"timeNano":"1500"}}') == 1_500
    assert account.fills_of(spot, VENUE_ID) == get(
        "/v5/execution/list", category="spot", symbol="BTCUSDT", orderId=VENUE_ID, limit="100"
    )
    assert account.fills_since(spot, "", 5_000 * MS).params["startTime"] == "5000"
    assert account.fills_since(spot, "7000", 5_000 * MS).params["startTime"] == "7000"


def test_the_private_stream_is_logged_in_and_then_subscribed():
    account, _, _ = both(ws_url="wss://stream-testnet.bybit.com")
    assert account.private_url == "wss://stream-testnet.bybit.com/v5/private"
    login, subscription = account.stream_requests(3)
    assert login == StreamRequest("auth", {"op": "auth"}, signed=True)
    assert (subscription.id, subscription.message["req_id"]) == ("user-3", "user-3")
    assert subscription.message["args"] == ["order", "execution", "wallet", "position"]
    assert account.stream_requests(3) == account.stream_requests(3)
    assert account.heartbeat.ping == '{"op":"ping"}'


def test_the_dead_mans_switch_is_that_of_institutions_and_off_unless_it_is_configured():
    account, _, _ = both()
    assert not account.has_dead_man_switch
    account, spot, linear = both(disconnect_cancel=True)
    assert account.has_dead_man_switch
    assert account.stream_requests(1)[1].message["args"][4:] == ["dcp.future", "dcp.spot"]
    assert account.dead_man_switch(linear, 12_500).params == {"product": "DERIVATIVES", "timeWindow": "13"}
    assert account.dead_man_switch(spot, 1_000).params == {"product": "SPOT", "timeWindow": "3"}
    assert account.dead_man_switch(spot, 900_000).params["timeWindow"] == "300"


def test_an_acknowledgement_says_that_the_request_was_taken_and_no_more():
    account, _, linear = both()
    calls = (
        account.create(linear, "mine", Side.BUY, 1, 1, TimeInForce.GTC),
        account.cancel(linear, "mine"),
        account.amend(linear, "mine", "", 1, 1, 1),
    )
    for call in calls:
        verdict = account.order_verdict(answer(call, {"orderId": VENUE_ID, "orderLinkId": "mine"}))
        assert (verdict.result, verdict.venue_order_id, verdict.order) == (CallResult.TAKEN, VENUE_ID, None)


def test_an_acknowledgement_on_the_websocket_is_read_alike():
    account, _, linear = both()
    reply = answer(account.cancel(linear, "mine"))
    reply = type(reply)(1, reply.call, reply.outcome, 200, b'{"reqId":"1","retCode":0,"data":{"orderId":"9"}}')
    assert account.order_verdict(reply).venue_order_id == "9"


@pytest.mark.parametrize("result", [{}, {"orderId": ""}, {"orderId": 5}, None])
def test_an_acknowledgement_without_an_order_proves_nothing(result):
    account, _, linear = both()
    call = account.create(linear, "mine", Side.BUY, 1, 1, TimeInForce.GTC)
    assert account.order_verdict(answer(call, result)).result == CallResult.UNKNOWN


def test_a_query_says_how_the_order_stands_and_looks_in_the_history_if_it_is_not_there():
    account, _, linear = both()
    call = account.query(linear, "mine")
    found = account.order_verdict(answer(call, {"category": "linear", "list": [order(cumExecQty="0.04")]}))
    assert found.result == CallResult.ACCEPTED
    assert found.order.fields() == (
        2, "mine", VENUE_ID, OrderStatus.NEW, Side.BUY, 100, 300_005, TimeInForce.GTC, 40, 1700000005000 * MS, 0, "",
    )  # fmt: skip
    missing = answer(call, {"list": []})
    assert account.order_verdict(missing).result == CallResult.NOT_FOUND
    elsewhere = account.query_elsewhere(missing)
    assert elsewhere == get("/v5/order/history", category="linear", symbol="BTCUSDT", orderLinkId="mine")
    assert account.query_elsewhere(answer(elsewhere, {"list": []})) is None


def test_an_answer_of_the_other_category_is_not_about_this_instrument():
    account, spot, _ = both()
    verdict = account.order_verdict(answer(account.query(spot, "mine"), {"list": [order(price="1.5", qty="2")]}))
    assert verdict.order.instrument_id == 1


def test_open_orders_come_in_pages_and_those_of_others_are_counted():
    account, _, _ = both()
    _, linear_call = account.open_order_calls()
    entries = [order(orderId=str(n)) for n in range(48)]
    other, stop = order(symbol="ETHUSDT"), order(orderStatus="Untriggered")
    reply = answer(linear_call, {"category": "linear", "nextPageCursor": "p%3A1", "list": [*entries, other, stop]})
    known, foreign, more = account.open_page(reply)
    assert (len(known), foreign) == (48, 2)
    assert more.params == {**linear_call.params, "cursor": "p%3A1"}
    assert account.open_page(answer(linear_call, {"nextPageCursor": "p", "list": entries}))[2] is None


def test_fills_of_a_page_are_those_that_change_a_position():
    account, _, linear = both()
    rows = [execution(), execution(execType="Funding", execId="f"), execution(execType="AdlTrade", execId="a")]
    page = account.fill_page(linear, answer(account.fills_since(linear, "", 0), {"list": rows}))
    assert [each.trade_id for each in page.fills] == ["0ab1bdf7-4219-438b-b30a-32ec863018f7", "a"]


def test_balances_have_nothing_of_what_was_borrowed():
    account, _, _ = both()
    coins = [
        {"coin": "USDT", "walletBalance": "1200.5", "spotBorrow": "200"},
        {"coin": "ETH", "walletBalance": "0", "spotBorrow": "0.06142"},
        {"coin": "BTC", "walletBalance": "0"},
    ]
    reply = answer(account.balances(), {"list": [{"coin": coins}]})
    assert account.balance_report(reply.body) == BalanceReport({"USDT": 100_050_000_000, "ETH": -6_142_000})
    assert account.private_events(frame("wallet", {"coin": coins[:1]})) == [BalanceReport({"USDT": 100_050_000_000})]


def test_positions_have_a_sign():
    account, _, _ = both()
    (call,) = account.position_calls()
    rows = [{"symbol": "BTCUSDT", "side": "Sell", "size": "0.5", "avgPrice": "50000.00", "updatedTime": "7"}]
    flat = {"symbol": "BTCUSDT", "side": "", "size": "0", "category": "linear"}
    assert account.position_page(answer(call, {"list": rows})) == ([PositionReport(2, -500, 50_000 * E8, 7 * MS)], None)
    assert account.private_events(frame("position", flat)) == [PositionReport(2, 0, 0, 0)]
    assert account.private_events(frame("position", {**flat, "symbol": "ETHUSDT"})) == []


def test_an_order_event_says_what_executions_do_not():
    account, _, _ = both()
    (event,) = account.private_events(frame("order", order()))
    assert (event.fill, event.order.instrument_id, event.order.status) == (None, 2, OrderStatus.NEW)
    assert account.private_events(frame("order", order(orderStatus="PartiallyFilled", cumExecQty="0.05"))) == []
    filled = order(orderStatus="Filled", cumExecQty="0.100")
    refused_cancel = {"cancelType": "CancelByUser", "rejectReason": "EC_OrigClOrdIDDoesNotExist"}
    assert account.private_events(frame("order", filled, {**filled, **refused_cancel})) == []
    assert account.private_events(frame("order", order(orderStatus="Untriggered"))) == []
    assert account.private_events(frame("order", order(symbol="ETHUSDT"))) == []
    (spot,) = account.private_events(frame("order", order(category="spot")))
    assert spot.order.instrument_id == 1


def test_several_events_of_a_frame_come_in_their_order():
    account, _, _ = both()
    events = account.private_events(frame("order", order(), order(orderStatus="Cancelled", cancelType="CancelByUser")))
    assert [event.order.status for event in events] == [OrderStatus.NEW, OrderStatus.CANCELED]


def test_an_execution_is_a_fill_and_says_that_its_order_has_filled_so_much_at_least():
    account, _, _ = both()
    (event,) = account.private_events(frame("execution", execution()))
    assert isinstance(event, ExecutionEvent)
    assert event.fill == FillReport(
        2,
        VENUE_ID,
        "0ab1bdf7-4219-438b-b30a-32ec863018f7",
        Side.SELL,
        500,
        959_001,
        2_637_252_750,
        "USDT",
        Liquidity.TAKER,
        1746270400353 * MS,
    )
    assert (event.order.client_order_id, event.order.status) == ("mine", OrderStatus.PARTIALLY_FILLED)
    assert (event.order.qty_lots, event.order.cum_qty_lots, event.order.price_ticks) == (1_500, 500, 949_425)


def test_a_rebate_is_negative_and_the_fee_of_spot_is_in_what_was_got():
    account, _, _ = both()
    rows = [
        execution(execFee="-0.5", isMaker=True),
        execution(category="spot", side="Buy", execFee="0.0000000015", execPrice="1.5"),
        execution(category="spot", side="Sell", execFee="0.1", feeCurrency="USDC", execPrice="1.5"),
    ]
    fills = [event.fill for event in account.private_events(frame("execution", *rows))]
    assert [(each.commission_e8, each.commission_asset, each.liquidity) for each in fills] == [
        (-50_000_000, "USDT", Liquidity.MAKER),
        (0, "BTC", Liquidity.TAKER),
        (10_000_000, "USDC", Liquidity.TAKER),
    ]


def test_an_execution_of_the_venues_own_order_is_a_fill_of_that_order():
    account, _, _ = both()
    (event,) = account.private_events(
        frame("execution", execution(execType="AdlTrade", orderLinkId="", orderPrice="0"))
    )
    assert (event.order.client_order_id, event.order.price_ticks, event.fill.qty_lots) == (VENUE_ID, 0, 500)


def test_funding_is_paid_or_received_and_has_an_id():
    account, _, linear = both()
    rows = [execution(execType="Funding", execFee=fee, execId=fee) for fee in ("1.25", "-0.75")]
    assert account.private_events(frame("execution", *rows)) == [
        FundingReport(linear.id, "USDT", -125_000_000, "1.25", 1746270400353 * MS),
        FundingReport(linear.id, "USDT", 75_000_000, "-0.75", 1746270400353 * MS),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        frame("execution", execution(execType="CorporateAction")),
        frame("order", order(orderStatus="Odd")),
        frame("order", order(timeInForce="DAY")),
        frame("order", order(qty="0.0001")),
        frame("order", order(orderId="")),
        frame("order", order(orderLinkId="a" * 37)),
        frame("wallet", {"coin": [{"coin": "BTC", "walletBalance": "x"}]}),
        b"x",
        b'{"topic":"order","data":{}}',
    ],
)
def test_what_the_venue_does_not_document_is_refused(bad):
    account, _, _ = both()
    with pytest.raises(VenueError, match="private stream"):
        account.private_events(bad)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (b'{"success":true,"ret_msg":"","op":"auth","conn_id":"c"}', SubscriptionReply("auth", True)),
        (b'{"success":false,"ret_msg":"Params Error","op":"auth"}', SubscriptionReply("auth", False, "Params Error")),
        (b'{"retCode":20001,"retMsg":"Repeat auth","op":"auth"}', SubscriptionReply("auth", True)),
        (b'{"success":true,"ret_msg":"","op":"subscribe","req_id":"user-1"}', SubscriptionReply("user-1", True)),
        (b'{"success":false,"ret_msg":"no","op":"subscribe","req_id":"u"}', SubscriptionReply("u", False, "no")),
    ],
)
def test_answers_on_the_private_stream(text, reply):
    assert both()[0].private_events(text) == [reply]


@pytest.mark.parametrize("text", [b'{"op":"pong","args":["1"]}', frame("greeks", {"a": 1}), frame("dcp.spot")])
def test_what_says_nothing_of_the_account_says_nothing(text):
    assert both()[0].private_events(text) == []


def test_the_limit_of_creates_is_told_by_answers_to_creates():
    account, _, linear = both()
    call = account.create(linear, "mine", Side.BUY, 1, 1, TimeInForce.GTC)
    headers = {"X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "4"}
    assert account.limit_headers(answer(call, headers=headers)) == {"Creates": "6"}
    assert account.proof(answer(call, code=110007)).reason == Reason.INSUFFICIENT_BALANCE

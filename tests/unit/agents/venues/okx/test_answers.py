"""What the answers of an OKX account say, and what becomes of those that cannot be read."""

import pytest

from agents.venues.reports import CallResult
from mesh.agent import CallOutcome, VenueCall
from schemas.errors import VenueError
from schemas.orders import OrderStatus, Reason, Side, TimeInForce
from tests.unit.agents.venues.okx.okx_account import SPOT, account, answer, infos, order, reply

QUERY = VenueCall("GET", "/api/v5/trade/order", {}, True)
CREATE = VenueCall("POST", "/api/v5/trade/order", {}, True)


def test_a_query_states_the_order():
    body = answer(order(state="partially_filled", accFillSz="0.0004", side="sell", ordType="post_only"))
    verdict = account().order_verdict(reply(QUERY, body))
    assert verdict.result == CallResult.ACCEPTED
    assert verdict.fills == ()
    assert verdict.order.fields() == (
        1,
        "a1",
        "452197707845865472",
        OrderStatus.PARTIALLY_FILLED,
        Side.SELL,
        100_000,
        315271,
        TimeInForce.GTX,
        40_000,
        1654084334977_000_000,
        Reason.NONE,
        "",
    )


@pytest.mark.parametrize(
    ("call", "body", "status", "result"),
    [
        (QUERY, answer(code="51603", msg="Order does not exist"), 200, CallResult.NOT_FOUND),
        (QUERY, answer(), 200, CallResult.UNKNOWN),
        (QUERY, answer(order(instId="ETH-USDT")), 200, CallResult.UNKNOWN),
        (QUERY, answer(order(state="odd")), 200, CallResult.UNKNOWN),
        (QUERY, answer(order(side="both")), 200, CallResult.UNKNOWN),
        (QUERY, answer(order(uTime="x")), 200, CallResult.UNKNOWN),
        (QUERY, answer(order()), 503, CallResult.UNKNOWN),
        (QUERY, b"<html>", 200, CallResult.UNKNOWN),
        (CREATE, b"<html>", 200, CallResult.UNKNOWN),
        (CREATE, answer(), 200, CallResult.UNKNOWN),
        (CREATE, answer({}), 200, CallResult.UNKNOWN),
        (CREATE, answer({"sCode": "0", "ordId": "1"}, {"sCode": "0"}), 200, CallResult.UNKNOWN),
        (CREATE, answer(code="50001", msg="down"), 503, CallResult.UNKNOWN),
        (CREATE, answer(code="50102", msg="expired"), 401, CallResult.REFUSED),
        (CREATE, answer(code="60011", msg="Please log in"), 200, CallResult.REFUSED),
        (CREATE, answer(code="1" * 30), 200, CallResult.UNKNOWN),
    ],
)
def test_what_a_reply_proves(call, body, status, result):
    assert account().order_verdict(reply(call, body, status)).result == result


def test_a_call_without_an_answer():
    for outcome, result in ((CallOutcome.NOT_SENT, CallResult.NOT_SENT), (CallOutcome.UNKNOWN, CallResult.UNKNOWN)):
        for call in (QUERY, CREATE):
            assert account().order_verdict(reply(call, outcome=outcome)).result == result
            assert account().proof(reply(call, outcome=outcome)).result == result


@pytest.mark.parametrize(
    ("body", "status", "result", "wait_ns"),
    [
        (answer(), 200, CallResult.ACCEPTED, 0),
        (answer(code="50011", msg="Too many"), 200, CallResult.REFUSED, 2_000_000_000),
        (answer(code="50111", msg="Invalid key"), 401, CallResult.REFUSED, 0),
        (b"slow down", 429, CallResult.UNKNOWN, 2_000_000_000),
        (b"", 200, CallResult.UNKNOWN, 0),
        (answer(), 502, CallResult.UNKNOWN, 0),
    ],
)
def test_any_other_reply(body, status, result, wait_ns):
    verdict = account().proof(reply(VenueCall("GET", "/x", {}), body, status))
    assert (verdict.result, verdict.retry_after_ns) == (result, wait_ns)


def test_open_orders_of_other_instruments_are_counted():
    found, others = account().orders(answer(order(), order(instId="DOGE-USDT", sz="odd"), order(ordId="2")))
    assert [each.venue_order_id for each in found] == ["452197707845865472", "2"]
    assert others == 1


@pytest.mark.parametrize("body", [b"", answer(code="50011"), answer({"instId": "BTC-USDT"})])
def test_lists_that_are_none_are_refused(body):
    made, (info,) = account(SPOT), infos(SPOT)
    for read in (made.orders, made.balance_report, lambda body: made.fills(info, body)):
        with pytest.raises(VenueError):
            read(body)


def test_fills_of_another_instrument_are_refused():
    made, (info,) = account(SPOT), infos(SPOT)
    fill = dict.fromkeys(
        ("tradeId", "ordId", "billId", "fillPx", "fillSz", "side", "execType", "fee", "feeCcy", "ts"), "1"
    )
    with pytest.raises(VenueError, match="fills of 'ETH-USDT'"):
        made.fills(info, answer({"instId": "ETH-USDT", **fill}))


def test_balances_are_what_is_there_free_or_not():
    details = [
        {"ccy": "USDT", "cashBal": "94.42612990333333", "availBal": "1"},
        {"ccy": "BTC", "cashBal": "0.0000000051"},
        {"ccy": "ETH", "cashBal": "0"},
    ]
    assert account().balance_report(answer({"details": details})).balances_e8 == {"USDT": 9442612990}

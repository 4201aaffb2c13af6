"""Answers and frames of a Bybit account, taken apart; what they mean is in `test_account`."""

import pytest

from agents.venues.base import DECODE_ERRORS
from agents.venues.bybit.account_answers import (
    decode_executions,
    decode_order_id,
    decode_orders,
    decode_private,
    next_call,
    reply_to,
)
from agents.venues.reports import SubscriptionReply
from mesh.agent import VenueCall
from tests.unit.agents.venues.bybit.account_desk import answer, execution, frame, order

CALL = VenueCall("GET", "/v5/order/realtime", {"category": "linear", "limit": "50"}, signed=True, timeout_ms=7)


def test_the_category_of_orders_is_told_by_the_answer_or_else_by_the_call():
    entry = order()
    told = decode_orders(answer(CALL, {"category": "spot", "list": [entry], "nextPageCursor": "p"}))
    assert (told[0], told[1][0].venue_order_id, told[2]) == ("spot", entry["orderId"], "p")
    assert decode_orders(answer(CALL, {"list": [], "nextPageCursor": None})) == ("linear", [], "")


def test_executions_come_with_the_time_of_the_answer():
    rows, cursor, time_ms = decode_executions(answer(CALL, {"list": [execution()]}, time_ms=9).body)
    assert (rows[0].trade_id, cursor, time_ms) == (execution()["execId"], "", 9)


def test_the_id_of_an_order_is_in_result_or_in_data():
    assert decode_order_id(b'{"result":{"orderId":"a"}}') == "a"
    assert decode_order_id(b'{"data":{"orderId":"b"}}') == "b"


@pytest.mark.parametrize("body", [b"{}", b'{"result":{}}', b"x"])
def test_an_answer_without_an_order_is_refused(body):
    with pytest.raises(DECODE_ERRORS):
        decode_order_id(body)


def test_a_frame_of_a_topic_that_is_not_followed_says_nothing():
    assert decode_private(frame("execution.fast", {"x": 1})) == ("execution.fast", [])
    assert decode_private(b'{"op":"pong"}') == ("", [])


def test_the_next_page_is_the_same_call_with_the_venues_name_of_it():
    assert next_call(CALL, "") is None
    more = next_call(CALL, "p%3A1")
    assert (more.params, more.path, more.signed, more.timeout_ms) == (
        {"category": "linear", "limit": "50", "cursor": "p%3A1"},
        CALL.path,
        True,
        7,
    )


def test_what_is_answered():
    assert reply_to(b'{"op":"auth","success":true}') == SubscriptionReply("auth", True)
    assert reply_to(b'{"op":"ping","success":true}') is None

"""Requests and replies of the paper venue's REST API."""

import json

from agents.paper.binance.refusals import Refusal
from agents.paper.call import Call, json_reply, refusal_reply


def test_parameters_come_from_query_and_body() -> None:
    call = Call(
        "POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY", {"x-mbx-apikey": "k"}, "side=SELL&x=1%2B1", 5_999_999
    )
    assert call.params == {"symbol": "BTCUSDT", "side": "SELL", "x": "1+1"}
    assert (call.api_key, call.wall_ms) == ("k", 5)


def test_a_refusal_is_an_error_body_with_its_status() -> None:
    reply = refusal_reply(Refusal(-1003, "Too many requests.", 429, 17))
    assert (reply.status, json.loads(reply.body)) == (429, {"code": -1003, "msg": "Too many requests."})
    assert reply.headers["Retry-After"] == "17"
    assert "Retry-After" not in refusal_reply(Refusal(-1121, "Invalid symbol.")).headers


def test_a_reply_is_json() -> None:
    reply = json_reply({"a": [1]})
    assert (reply.status, reply.body, reply.delay_ms) == (200, b'{"a":[1]}', 0)

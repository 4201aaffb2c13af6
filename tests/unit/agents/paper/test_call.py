"""Requests and replies of the paper venue's REST API."""

from urllib.parse import parse_qsl

import pytest

from agents.paper.binance.authenticator import api_key_of
from agents.paper.call import Call, json_reply


def test_parameters_come_from_query_and_body() -> None:
    call = Call(
        "POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY", {"x-mbx-apikey": "k"}, "side=SELL&x=1%2B1", 5_999_999
    )
    assert call.params == {"symbol": "BTCUSDT", "side": "SELL", "x": "1+1"}
    assert (api_key_of(call), call.wall_ms) == ("k", 5)


def test_a_reply_is_json() -> None:
    reply = json_reply({"a": [1]})
    assert (reply.status, reply.body, reply.delay_ms) == (200, b'{"a":[1]}', 0)


@pytest.mark.parametrize("text", ["", "a=1", "a=1&a=2&b=", "a&=3&b=c=d", "a=%2B&b=c", "a=x+y", "&&a=1&", "a=1;b=2"])
def test_parameters_are_those_of_a_form(text: str) -> None:
    assert Call("GET", "/", text, {}, "", 0).params == dict(parse_qsl(text))

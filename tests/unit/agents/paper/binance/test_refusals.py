"""Refusals in Binance's codes and words (errors.md)."""

import json

import pytest

from agents.paper.binance import refusals
from agents.paper.binance.refusals import Refusal, refusal_reply


@pytest.mark.parametrize(
    ("refusal", "code", "text"),
    [
        (refusals.mandatory("side"), -1102, "Mandatory parameter 'side' was not sent, was empty/null, or malformed."),
        (refusals.filter_failure("LOT_SIZE"), -1013, "Filter failure: LOT_SIZE"),
        (refusals.insufficient_balance(), -2010, "Account has insufficient balance for requested action."),
        (refusals.would_take(), -2010, "Order would immediately match and take."),
        (refusals.duplicate_order(), -2010, "Duplicate order sent."),
        (refusals.unknown_cancel(), -2011, "Unknown order sent."),
        (refusals.no_such_order(), -2013, "Order does not exist."),
        (refusals.invalid_symbol(), -1121, "Invalid symbol."),
    ],
)
def test_each_refusal_is_the_venues_own(refusal: Refusal, code: int, text: str) -> None:
    assert (refusal.code, refusal.text, refusal.status) == (code, text, 400)


def test_a_parameter_outside_its_range_is_named() -> None:
    assert "'newClientOrderId'; legal range is '^[a-z]$'" in refusals.illegal("newClientOrderId", "^[a-z]$").text


def test_a_refusal_is_an_error_body_with_its_status() -> None:
    reply = refusal_reply(Refusal(-1003, "Too many requests.", 429, 17))
    assert (reply.status, json.loads(reply.body)) == (429, {"code": -1003, "msg": "Too many requests."})
    assert reply.headers["Retry-After"] == "17"
    assert "Retry-After" not in refusal_reply(Refusal(-1121, "Invalid symbol.")).headers

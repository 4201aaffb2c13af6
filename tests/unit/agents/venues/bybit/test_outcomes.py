"""What Bybit's codes prove: every row of the table, and everything else."""

import pytest

from agents.venues.bybit.outcomes import CODES, OUTCOMES, CodeOutcome, proof
from agents.venues.reports import CallResult
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.orders import Reason

SECOND = 1_000_000_000
CALL = VenueCall("POST", "/v5/order/create", {}, signed=True)
RESULTS = {
    CodeOutcome.ACCEPTED: CallResult.ACCEPTED,
    CodeOutcome.REFUSED: CallResult.REFUSED,
    CodeOutcome.EXISTS: CallResult.UNKNOWN,
    CodeOutcome.NOT_FOUND: CallResult.NOT_FOUND,
    CodeOutcome.UNKNOWN: CallResult.UNKNOWN,
}


def answered(code, text="why", status=200, headers=None):
    body = f'{{"retCode":{code},"retMsg":"{text}","result":{{}},"time":1000}}'.encode()
    return VenueReply(1, CALL, CallOutcome.ANSWERED, status, body, headers)


@pytest.mark.parametrize(("outcome", "code"), [(outcome, code) for outcome, codes in CODES.items() for code in codes])
def test_each_row_of_the_table(outcome, code):
    verdict = proof(answered(code))
    assert verdict.result == RESULTS[outcome]
    assert verdict.text == ("" if code == 0 else f"{code} why")
    assert (verdict.reason == Reason.NONE) == (code == 0)


def test_no_code_stands_in_two_rows():
    assert sum(map(len, CODES.values())) == len(OUTCOMES)
    assert {outcome.name: len(codes) for outcome, codes in CODES.items()} == {
        "ACCEPTED": 1,
        "REFUSED": 136,
        "EXISTS": 3,
        "NOT_FOUND": 9,
        "UNKNOWN": 29,
    }


@pytest.mark.parametrize("code", [1, 10018, 10404, 110016, 110122, 170135, 170208, 181000, -1])
def test_a_code_that_is_not_in_the_table_proves_nothing(code):
    assert proof(answered(code)).result == CallResult.UNKNOWN


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (10002, Reason.VENUE_CLOCK),
        (10001, Reason.VENUE_REJECTED),
        (110007, Reason.INSUFFICIENT_BALANCE),
        (170131, Reason.INSUFFICIENT_BALANCE),
        (110017, Reason.DOES_NOT_REDUCE),
        (110001, Reason.ORDER_NOT_FOUND),
        (110072, Reason.OUTCOME_UNKNOWN),
        (10016, Reason.OUTCOME_UNKNOWN),
        (10006, Reason.VENUE_RATE_LIMIT),
    ],
)
def test_reasons(code, reason):
    assert proof(answered(code)).reason == reason


@pytest.mark.parametrize("status", [201, 400, 404, 429, 500, 502, 503, 504])
def test_no_other_status_proves_anything_whatever_its_body(status):
    assert proof(answered(0, status=status)).result == CallResult.UNKNOWN
    assert proof(answered(110007, status=status)).result == CallResult.UNKNOWN


def test_a_limiter_is_waited_for_and_the_gate_for_ten_minutes():
    limited = proof(answered(10006, headers={"X-Bapi-Limit-Reset-Timestamp": "1600"}))
    assert (limited.result, limited.retry_after_ns, limited.banned) == (CallResult.UNKNOWN, SECOND * 6 // 10, False)
    gate = proof(VenueReply(1, CALL, CallOutcome.ANSWERED, 403, b"access too frequent"))
    assert (gate.result, gate.retry_after_ns, gate.banned) == (CallResult.UNKNOWN, 600 * SECOND, True)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"retCode":"0"}', b"\xff"])
def test_an_answer_that_cannot_be_read_proves_nothing(body):
    verdict = proof(VenueReply(1, CALL, CallOutcome.ANSWERED, 200, body))
    assert (verdict.result, verdict.reason) == (CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN)


def test_what_never_left_is_proven_and_what_broke_is_not():
    assert proof(VenueReply(1, CALL, CallOutcome.NOT_SENT, text="no route")).result == CallResult.NOT_SENT
    assert proof(VenueReply(1, CALL, CallOutcome.UNKNOWN, text="reset")).result == CallResult.UNKNOWN

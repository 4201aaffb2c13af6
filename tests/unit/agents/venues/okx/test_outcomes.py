"""What each code of OKX proves: every row of the table, with its ends and what lies between."""

import pytest

from agents.venues.okx.outcomes import DONE, EXISTS, NOT_FOUND, REFUSALS, UNCLEAR, is_refusal, refusal_reason
from agents.venues.reports import CallResult
from schemas.orders import Reason, Side, TimeInForce
from tests.unit.agents.venues.okx.okx_account import SPOT, account, answer, infos, reply

REFUSED = [
    *(50002, 50006, 50007, 50008, 50009, 50010, 50011, 50012),
    *range(50014, 50026),
    *range(50027, 50039),
    *(50040, 50041, 50061),
    *range(50100, 50200),
    *range(51000, 51011),
    *range(51012, 51016),
    *range(51017, 51054),
    *range(51055, 51149),
    *range(51150, 51400),
    *(54000, 54999, 60011, 60012, 60013, 60014, 60027, 60028),
]
LOOKED_UP = [51011, 51016]
GONE = [51400, 51401, 51402, 51405, 51410, 51416, 51503, 51509, 51510, 51603]
OPEN = [50001, 50004, 50005, 50013, 50026, 50042, 51054, 51149, 51412, 63999, 64007, 50039, 51403, 1, 99999, 60004]


def create_verdict(code, status=200, *, top="1"):
    made = account(SPOT)
    (info,) = infos(SPOT)
    call = made.create(info, "a1", Side.BUY, 1, 1, TimeInForce.GTC)
    data = {"clOrdId": "a1", "ordId": "", "tag": "", "sCode": str(code), "sMsg": "words"}
    return made.order_verdict(reply(call, answer(data, code=top, msg="All operations failed"), status))


@pytest.mark.parametrize("code", REFUSED)
def test_a_refusal_proves_that_nothing_was_done(code):
    for status in (200, 400, 401):
        verdict = create_verdict(code, status)
        assert (verdict.result, verdict.text) == (CallResult.REFUSED, f"{code} words")
    assert create_verdict(code, 503).result == CallResult.UNKNOWN


@pytest.mark.parametrize("code", LOOKED_UP + OPEN)
def test_what_leaves_it_open_proves_nothing(code):
    for status in (200, 400, 401, 410, 429, 500, 503):
        assert create_verdict(code, status).result == CallResult.UNKNOWN


@pytest.mark.parametrize("code", GONE)
def test_no_such_order(code):
    assert create_verdict(code).result == CallResult.NOT_FOUND
    assert create_verdict(code, 500).result == CallResult.UNKNOWN


def test_too_many_is_proof_with_the_limiters_own_status_too():
    verdict = create_verdict(50011, 429)
    assert (verdict.result, verdict.reason) == (CallResult.REFUSED, Reason.VENUE_RATE_LIMIT)
    assert verdict.retry_after_ns == 2_000_000_000
    assert create_verdict(51008, 429).result == CallResult.UNKNOWN


def test_taken_proves_nothing_but_that():
    made = account(SPOT)
    (info,) = infos(SPOT)
    call = made.create(info, "a1", Side.BUY, 1, 1, TimeInForce.GTC)
    data = {"clOrdId": "a1", "ordId": "312", "sCode": "0", "sMsg": ""}
    verdict = made.order_verdict(reply(call, answer(data)))
    assert (verdict.result, verdict.venue_order_id, verdict.order) == (CallResult.TAKEN, "312", None)
    assert made.order_verdict(reply(call, answer(data), 500)).result == CallResult.UNKNOWN


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (50011, Reason.VENUE_RATE_LIMIT),
        (50061, Reason.VENUE_RATE_LIMIT),
        (60014, Reason.VENUE_RATE_LIMIT),
        (50036, Reason.VENUE_CLOCK),
        (50037, Reason.VENUE_CLOCK),
        (50102, Reason.VENUE_CLOCK),
        (51008, Reason.INSUFFICIENT_BALANCE),
        (51000, Reason.VENUE_REJECTED),
    ],
)
def test_why_a_request_was_refused(code, reason):
    assert refusal_reason(code) == reason
    assert create_verdict(code).reason == reason


def test_no_code_is_of_two_classes():
    assert not NOT_FOUND & (EXISTS | UNCLEAR)
    assert not any(is_refusal(code, 200) for code in NOT_FOUND | EXISTS | UNCLEAR | {DONE})
    ends = [end for pair in REFUSALS for end in pair]
    assert ends == sorted(ends)

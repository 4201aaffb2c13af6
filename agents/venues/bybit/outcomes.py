"""What a code of Bybit proves about a request that creates, amends, cancels or asks for an order.

0 says that the request was taken, and nothing of the order: what becomes of that is told by the private stream. A code that
stands nowhere here proves nothing, whatever its text is; neither does any status of HTTP but 200. The codes of limiters
would prove by their text that nothing was done; they stay without proof, as other clients that trade there have it.

Source: Bybit API v5 documentation, error codes (of 2026-07-24); each code of REFUSED stands there, and none of them speaks
of a timeout, a failure of the venue, or a request that is being carried out.
"""

from enum import IntEnum

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS
from agents.venues.bybit.waits import GATE_CLOSED, retry_after_ns
from agents.venues.reports import CallResult, Verdict
from mesh.context import CallOutcome, VenueReply
from schemas.orders import Reason

TEXT_MAX = 200


class CodeOutcome(IntEnum):
    """What a code proves."""

    ACCEPTED = 1
    """Taken, and no more."""
    REFUSED = 2
    EXISTS = 3
    """An order has this id already; which, says a query."""
    NOT_FOUND = 4
    """The order is not there, or has ended: which end it was, says a query."""
    UNKNOWN = 5


def _codes(text: str) -> frozenset[int]:
    """Return single codes and ranges of them."""
    found: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


CODES: dict[CodeOutcome, frozenset[int]] = {
    CodeOutcome.ACCEPTED: _codes("0"),
    CodeOutcome.REFUSED: _codes(
        # Request, key, rights
        "10001-10005 10007-10010 10017 10024 10027-10029 30208 30209 30228 "
        # Contracts
        "110003-110007 110009 110011-110015 110017 110020-110023 110029 110032 110040 110042 110044 110045 110049-110053 "
        "110063 110064 110066 110068-110070 110074 110085-110090 110094-110103 110118-110121 110123-110125 110131 110132 "
        # Spot
        "170033 170034 170036 170037 170105 170115-170117 170121 170124 170130-170134 170136 170137 170140 170145 170148 "
        "170151 170157 170159 170192-170194 170197-170204 170206 170207 170209 170210 170217-170224 170226-170229 170312 "
        "170313 170341 170344 170346 170371 170372 170381 170382 170810"
    ),
    CodeOutcome.EXISTS: _codes("110072 170141 10014"),
    CodeOutcome.NOT_FOUND: _codes("110001 110008 110010 110019 170139 170142 170143 170190 170213"),
    CodeOutcome.UNKNOWN: _codes(
        "429 10000 10006 10016 10019 10403 10429 20003 20006 170001 170005 170007 170032 170035 170144 170146 170147 "
        "170149 170150 170191 170195 170196 170212 170234 170310 170311 110079 40004 500000"
    ),
}
OUTCOMES: dict[int, CodeOutcome] = {code: outcome for outcome, codes in CODES.items() for code in codes}

NO_MONEY = _codes("110004 110006 110007 110012 110014 110044 110045 110051-110053 170033 170131")
DOES_NOT_REDUCE = 110017
NOT_OUR_TIME = 10002
_RESULTS = {
    CodeOutcome.ACCEPTED: CallResult.ACCEPTED,
    CodeOutcome.REFUSED: CallResult.REFUSED,
    CodeOutcome.EXISTS: CallResult.UNKNOWN,
    CodeOutcome.NOT_FOUND: CallResult.NOT_FOUND,
    CodeOutcome.UNKNOWN: CallResult.UNKNOWN,
}
_ACCEPTED = Verdict(CallResult.ACCEPTED)


class CodeAnswer(msgspec.Struct):
    """The part of an answer that says whether it is one."""

    code: int = field(name="retCode")
    text: str = field(name="retMsg", default="")


_DECODER = msgspec.json.Decoder(CodeAnswer)


def proof(reply: VenueReply) -> Verdict:
    """Return what status and code of an answer prove: ACCEPTED is "taken" for what changes something."""
    if reply.outcome == CallOutcome.NOT_SENT:
        return Verdict(CallResult.NOT_SENT, Reason.VENUE_UNREACHABLE, reply.text)
    if reply.outcome != CallOutcome.ANSWERED:
        return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, reply.text)
    if reply.status != 200:
        return _unproven(reply, f"status {reply.status}")
    try:
        answer = _DECODER.decode(reply.body)
    except DECODE_ERRORS as error:
        return _unproven(reply, f"answer not understood: {error}")
    outcome = OUTCOMES.get(answer.code, CodeOutcome.UNKNOWN)
    if outcome is CodeOutcome.ACCEPTED:
        return _ACCEPTED
    text = f"{answer.code} {answer.text[:TEXT_MAX]}"
    if _RESULTS[outcome] is CallResult.UNKNOWN:
        return _unproven(reply, text)
    return Verdict(_RESULTS[outcome], _reason(answer.code, outcome), text)


def _unproven(reply: VenueReply, text: str) -> Verdict:
    wait_ns = retry_after_ns(reply)
    reason = Reason.VENUE_RATE_LIMIT if wait_ns else Reason.OUTCOME_UNKNOWN
    return Verdict(CallResult.UNKNOWN, reason, text, retry_after_ns=wait_ns, banned=reply.status == GATE_CLOSED)


def _reason(code: int, outcome: CodeOutcome) -> Reason:
    if outcome is CodeOutcome.NOT_FOUND:
        return Reason.ORDER_NOT_FOUND
    if code == NOT_OUR_TIME:
        return Reason.VENUE_CLOCK
    if code == DOES_NOT_REDUCE:
        return Reason.DOES_NOT_REDUCE
    return Reason.INSUFFICIENT_BALANCE if code in NO_MONEY else Reason.VENUE_REJECTED

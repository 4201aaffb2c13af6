"""What the codes of OKX prove.

The truth about an order is its `sCode`, else the answer's `code`. A code of the ranges of REFUSALS in an answer of status
200, 400 or 401 proves that the request was not carried out; what the venue calls busy, timed out or unclear proves nothing,
and so does every status of 500 on and every code that is not listed. That an id exists already proves that an order
has it, and not which: it is looked up. A create is never sent again: the venue takes an id again once its order has ended.

A create or amend carries `expTime`: after that the venue does not process it, and says so (50036, 50037).

Source: OKX v5 docs, error codes (REST and websocket).
"""

from schemas.orders import Reason

DONE = 0
NOT_FOUND = frozenset({51400, 51401, 51402, 51405, 51410, 51416, 51503, 51509, 51510, 51603})
"""No such order, or one that has ended."""
EXISTS = frozenset({51011, 51016})
UNCLEAR = frozenset({50001, 50004, 50005, 50013, 50026, 50042, 51054, 51149, 51412, 63999, 64007})
"""The venue's own words leave it open; some of them are within the ranges of refusals."""
REFUSALS = (
    (50002, 50002),
    (50006, 50012),
    (50014, 50025),
    (50027, 50038),
    (50040, 50041),
    (50061, 50061),
    (50100, 50199),
    (51000, 51010),
    (51012, 51015),
    (51017, 51053),
    (51055, 51148),
    (51150, 51399),
    (54000, 54999),
    (60011, 60014),
    (60027, 60028),
)
"""Ranges with their ends of codes that the venue's table lists with status 200, 400 or 401."""
REFUSING_STATUSES = frozenset({200, 400, 401})
TOO_MANY_STATUS = 429
TOO_MANY = frozenset({50011, 50061, 60014})
CLOCK = frozenset({50036, 50037, 50102, 50112})
"""The request's time is not the venue's: it came too late, or one of the clocks is wrong."""
NO_MONEY = frozenset({51008, 51119, 51127, 51131})


def is_refusal(code: int, status: int) -> bool:
    """Return whether a code in an answer of that status proves that the request was not carried out."""
    if code in UNCLEAR or code in EXISTS:
        return False
    if status == TOO_MANY_STATUS:
        return code in TOO_MANY
    return status in REFUSING_STATUSES and any(first <= code <= last for first, last in REFUSALS)


def refusal_reason(code: int) -> Reason:
    """Return why a request was refused."""
    if code in TOO_MANY:
        return Reason.VENUE_RATE_LIMIT
    if code in CLOCK:
        return Reason.VENUE_CLOCK
    return Reason.INSUFFICIENT_BALANCE if code in NO_MONEY else Reason.VENUE_REJECTED

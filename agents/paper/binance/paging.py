"""Which rows of a list a request asks for, by time and number: Binance's `startTime`, `endTime` and `limit`."""

from typing import TypeVar

from agents.paper.binance.entry import parse_number
from agents.paper.call import Call

ROWS_MAX = 1_000
T = TypeVar("T")


def interval(call: Call) -> tuple[int, int]:
    """Return the first and the last millisecond that are asked for."""
    since = parse_number(call.params, "startTime") or 0
    until = parse_number(call.params, "endTime")
    return since, (1 << 62) if until is None else until


def page(call: Call, rows: list[T], *, from_start: bool, usual: int = 500) -> list[T]:
    """Return the first rows after a given start, without one the last; `usual` many where no limit is named."""
    limit = min(parse_number(call.params, "limit") or usual, ROWS_MAX)
    return rows[:limit] if from_start else rows[-limit:]

"""How the executions of an instrument are gone through from a time on.

The venue tells them newest first, at most a week at once, in pages that it names itself. So a cursor here is one of two:
a time in milliseconds, from which on all is asked for; or, within one pass, `FROM:PAGE`, the page that the venue named of
the week that begins then. Whoever goes on from the time of the newest fill sees that one again, and any other of the same
millisecond that was not told yet.

Source: Bybit API v5 documentation, get trade history.
"""

from collections.abc import Mapping

from agents.venues.reports import FillPage, FillReport
from schemas.units import DAY, MS

LIMIT = "100"
WEEK_MS = 7 * DAY // MS


def since_params(cursor: str, since_ns: int) -> dict[str, str]:
    """Return the parameters of the call that goes on at `cursor`, or that begins at a time while there is none."""
    begin, _, page = cursor.partition(":")
    start_ms = int(begin) if begin else since_ns // MS
    params = {"startTime": str(start_ms), "endTime": str(start_ms + WEEK_MS), "limit": LIMIT}
    return {**params, "cursor": page} if page else params


def page_of(params: Mapping[str, str], fills: list[FillReport], count: int, page: str, now_ms: int) -> FillPage:
    """Return what the answer to the call with `params` is a page of.

    `count` executions came in it, and the venue named the next `page`; it was written at `now_ms`. The first page of a week
    has its newest fills, and says where to go on when all are booked.
    """
    ordered = tuple(sorted(fills, key=lambda fill: (fill.ts_event_ns, fill.trade_id)))
    if "startTime" not in params:
        return FillPage(ordered)
    start_ms, end_ms = int(params["startTime"]), int(params["endTime"])
    is_past = end_ms < now_ms
    cursor = ""
    if "cursor" not in params:
        newest_ms = ordered[len(ordered) - 1].ts_event_ns // MS if ordered else start_ms
        cursor = str(end_ms if is_past else newest_ms)
    if page and count >= int(LIMIT):
        return FillPage(ordered, cursor, more=True, next_page=f"{start_ms}:{page}")
    return FillPage(ordered, cursor, more=is_past, next_page=str(end_ms) if is_past else "")

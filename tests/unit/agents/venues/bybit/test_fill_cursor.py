"""Going through executions week by week and page by page, against a venue that has them all."""

from hypothesis import given
from hypothesis import strategies as st

from agents.venues.bybit.fill_cursor import LIMIT, WEEK_MS, page_of, since_params
from agents.venues.reports import FillReport

MS = 1_000_000
NOW_MS = 1_700_000_000_000


def fill(number, ms):
    return FillReport(1, "order", f"T{number:05}", 1, 1, 1, 0, "USDT", 1, ms * MS)


class Venue:
    """Tells executions as the venue does: newest first, at most a week, in pages of its own naming."""

    def __init__(self, fills):
        self.fills = sorted(fills, key=lambda each: (-each.ts_event_ns, each.trade_id))
        self.calls = 0

    def answer(self, params):
        self.calls += 1
        start, end = int(params["startTime"]), int(params["endTime"])
        assert end - start <= WEEK_MS
        found = [each for each in self.fills if start <= each.ts_event_ns // MS <= end]
        first = int(params.get("cursor", "0").removeprefix("p%3A"))
        page = found[first : first + int(LIMIT)]
        more = f"p%3A{first + len(page)}" if page else ""
        return page_of(params, page, len(page), more, NOW_MS)


def gone_through(venue, cursor, since_ms):
    """Return all that is told from a cursor on, and the last cursor that was given."""
    told, last, place = [], cursor, cursor
    for _ in range(1000):
        page = venue.answer(since_params(place, since_ms * MS))
        told += page.fills
        last = page.cursor or last
        if not page.more:
            return told, last
        place = page.next_page
    raise AssertionError("no end")


@given(st.lists(st.integers(NOW_MS - 3 * WEEK_MS, NOW_MS), max_size=30), st.integers(0, 260))
def test_every_fill_is_told_once_the_cursor_passed_it(times, together):
    fills = [fill(n, ms) for n, ms in enumerate([*times, *[NOW_MS - 5] * together])]
    venue = Venue(fills)
    since_ms = NOW_MS - 3 * WEEK_MS
    told, cursor = gone_through(venue, "", since_ms)
    assert {each.trade_id for each in told} == {each.trade_id for each in fills}
    newest_ms = max((each.ts_event_ns // MS for each in fills), default=0)
    assert int(cursor) <= max(newest_ms, NOW_MS)
    later = [*fills, fill(len(fills), max(newest_ms, int(cursor)))]
    calls = venue.calls
    told, _ = gone_through(Venue(later), cursor, since_ms)
    assert later[-1].trade_id in {each.trade_id for each in told}
    assert calls <= 3 + 4 + together // 100 + len(fills) // 100


def test_within_a_page_the_oldest_comes_first():
    page = page_of({}, [fill(2, 9), fill(1, 9), fill(3, 8)], 3, "", NOW_MS)
    assert [each.trade_id for each in page.fills] == ["T00003", "T00001", "T00002"]
    assert (page.cursor, page.more) == ("", False)


def test_the_first_call_begins_at_a_time():
    assert since_params("", 5_000 * MS) == {"startTime": "5000", "endTime": str(5_000 + WEEK_MS), "limit": "100"}
    assert since_params("7000:a%3A1", 5_000 * MS) == {
        "startTime": "7000",
        "endTime": str(7_000 + WEEK_MS),
        "limit": "100",
        "cursor": "a%3A1",
    }

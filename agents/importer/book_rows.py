"""Books out of files that have a level a row, or the best levels of a whole book in each row."""

from typing import Any

import numpy as np

from agents.importer.rows import Numbers, RowSet, SideLevels
from agents.instruments import InstrumentInfo
from core.frame import FLAG_SNAPSHOT
from schemas.streams import Kind

COLUMNS = ("ts_event_ns", "ts_recv_ns", "whole", "bid", "price", "qty")


class BookRows:
    """The levels of one instrument's book as they come, put together to whole books and updates.

    The rows of a whole book follow each other; those of an update have one time of receipt too. The last of either is kept
    until something else comes. Of two rows for one level of an update the later stands.
    """

    def __init__(self, info: InstrumentInfo) -> None:
        """Begin without any."""
        self._info = info
        self._kept: dict[str, Numbers] = {name: np.empty(0, np.int64) for name in (*COLUMNS, "order")}
        self._passed = 0

    def add(self, rows: dict[str, Any], order: Numbers) -> list[RowSet]:
        """Take rows; return what is complete."""
        found = {name: np.concatenate((self._kept[name], np.asarray(rows[name], np.int64))) for name in COLUMNS}
        found["order"] = np.concatenate((self._kept["order"], order))
        whole, received = found["whole"], found["ts_recv_ns"]
        begins = np.flatnonzero((np.diff(whole) != 0) | ((whole[1:] == 0) & (np.diff(received) != 0))) + 1
        last = int(begins[-1]) if len(begins) else 0
        self._kept = {name: values[last:] for name, values in found.items()}
        return self._made({name: values[:last] for name, values in found.items()}, begins[:-1])

    def finish(self) -> list[RowSet]:
        """Return what was kept."""
        kept, self._kept = self._kept, {name: values[:0] for name, values in self._kept.items()}
        return self._made(kept, np.empty(0, np.int64))

    def _made(self, rows: dict[str, Numbers], begins: Numbers) -> list[RowSet]:
        """Return messages: one for all rows up to each of `begins`, and one for the rest."""
        count = len(rows["order"])
        if not count:
            return []
        starts = np.concatenate(([0], begins))
        group = np.repeat(np.arange(len(starts)), np.diff(np.concatenate((starts, [count]))))
        numbers = self._passed + 1 + np.arange(len(starts))
        self._passed += len(starts)
        whole = rows["whole"][starts] != 0
        found = []
        for is_whole in (True, False):
            chosen = np.flatnonzero(whole == is_whole)
            if len(chosen):
                found.append(self._messages(rows, group, starts, chosen, numbers, is_whole=is_whole))
        return found

    def _messages(
        self,
        rows: dict[str, Numbers],
        group: Numbers,
        starts: Numbers,
        chosen: Numbers,
        ids: Numbers,
        *,
        is_whole: bool,
    ) -> RowSet:
        columns = {
            "ts_event_ns": rows["ts_event_ns"][starts[chosen]],
            "ts_recv_ns": rows["ts_recv_ns"][starts[chosen]],
            "last_update_id": ids[chosen],
        }
        if not is_whole:
            columns["first_update_id"] = ids[chosen]
        levels = {
            name: _levels(rows, group, chosen, bid=bid, is_whole=is_whole) for name, bid in (("bids", 1), ("asks", 0))
        }
        table, flags = ("book_snapshots", FLAG_SNAPSHOT) if is_whole else ("book_deltas", 0)
        return RowSet(table, Kind.BOOK, self._info, rows["order"][starts[chosen]], columns, levels, flags)


def _levels(rows: dict[str, Numbers], group: Numbers, chosen: Numbers, *, bid: int, is_whole: bool) -> SideLevels:
    """Return the levels of one side of the `chosen` groups; of whole books best first, and none that is empty."""
    places = np.flatnonzero((rows["bid"] == bid) & np.isin(group, chosen))
    prices = rows["price"][places]
    # Of equal levels the last row stands: sorted by group, price and place, it is the last of its kind.
    order = np.lexsort((places, -prices if bid else prices, group[places]))
    places, prices, groups = places[order], prices[order], group[places][order]
    last = np.ones(len(places), bool)
    last[:-1] = (np.diff(prices) != 0) | (np.diff(groups) != 0)
    if is_whole:
        last &= rows["qty"][places] != 0
    places, prices, groups = places[last], prices[last], groups[last]
    return SideLevels(np.searchsorted(groups, chosen, side="right"), prices, rows["qty"][places])


def snapshot_rows(info: InstrumentInfo, parsed: dict[str, Any], order: Numbers, passed: int) -> RowSet:
    """Return whole books of rows that have all their levels, numbered after `passed` ones before."""
    levels = {}
    for side in ("bids", "asks"):
        prices, lots = np.array(parsed[f"{side}_price"]).T, np.array(parsed[f"{side}_amount"]).T
        there = (prices >= 0) & (lots > 0)
        levels[side] = SideLevels(np.cumsum(there.sum(axis=1)), prices[there], lots[there])
    columns = {
        "ts_event_ns": parsed["ts_event_ns"],
        "ts_recv_ns": parsed["ts_recv_ns"],
        "last_update_id": passed + 1 + np.arange(len(order)),
    }
    return RowSet("book_snapshots", Kind.BOOK, info, order, columns, levels, FLAG_SNAPSHOT)

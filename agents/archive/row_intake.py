"""What the archive does with each message: a place in its stream, and a row of its table.

This is the part that runs for every message, so it is compiled and says in one number whether anything is left to do.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from agents.archive.arrivals import Arrivals
from agents.archive.batch import GapRow, StreamKey, StreamPosition
from core.columns import Layout, Rows
from core.frame import FLAG_REPLAY, Header

DUE = 1
"""As many rows, or bytes of levels, as were asked for are there."""
FIRST = 2
"""The first row since the last were handed over."""
DUPLICATE = 4
"""That place in the stream was passed already; there is no row."""

_DUE = DUE
_FIRST = FIRST
_DUPLICATE = DUPLICATE


class StreamRows:
    """One table, and its rows since they were last handed over."""

    def __init__(self, table: str, layout: Layout) -> None:
        """Start without rows."""
        self.table = table
        self.layout = layout
        self.rows = Rows(layout)


class RowIntake:
    """Rows by table of all followed streams, until they are handed over.

    `rows` and `level_bytes` wait here; from `rows_due` or `level_bytes_due` on `take` says that they are DUE. `duplicates`
    are places that were passed already, and `gap_messages` what never came.
    """

    def __init__(self, links: Iterable[Arrivals], tables: Mapping[str, tuple[Layout, Iterable[type]]]) -> None:
        """Take the links, and for each table its layout and the messages that it is for."""
        self.links: dict[str, dict[int, Arrivals]] = {}
        for link in links:
            self.links.setdefault(link.publisher, {})[link.stream] = link
        self.by_message: dict[type, StreamRows] = {}
        for name, (layout, messages) in tables.items():
            kept = StreamRows(name, layout)
            self.by_message.update((message, kept) for message in messages)
        self.touched: list[Arrivals] = []
        self.duplicates = 0
        self.gap_messages = 0
        self.rows = 0
        self.level_bytes = 0
        self.rows_due = 1
        self.level_bytes_due = 1

    def take(self, publisher: str, header: Header, message: Any, now_ns: int) -> int:
        """Add the message, and what is missing before it; return a sum of DUE, FIRST and DUPLICATE.

        Raises:
            KeyError: If the stream is not followed, or no table is for the message.
        """
        link = self.links[publisher][header.stream]
        due = link.observe(header.epoch, header.seq)
        if due == 0:
            self.duplicates += 1
            return _DUPLICATE
        todo = 0
        if header.seq > due:
            self.gap_messages += header.seq - due
            todo = self.add(link, header, GapRow(due, header.seq - 1))
        self._touch(link)
        if link.latency is not None and not header.flags & FLAG_REPLAY:
            link.latency.record(now_ns - header.send_ns)
        return todo | self.add(link, header, message)

    def take_all(self, publisher: str, headers: list[Header], messages: list[Any], now_ns: int) -> int:
        """Do what `take` does with each message of one stream; return what is to be done after the last.

        Messages of one table that follow each other without a gap are added at once.

        Raises:
            KeyError: As `take` does.
        """
        assert headers
        assert len(headers) == len(messages)
        link = self.links[publisher][headers[0].stream]
        todo = 0
        start = 0
        while start < len(headers):
            stop = self._run_end(link, headers, messages, start)
            if stop == start:
                todo |= self.take(publisher, headers[start], messages[start], now_ns)
                start += 1
            else:
                todo |= self._add_run(link, headers, messages, start, stop, now_ns)
                start = stop
        return todo

    def add(self, link: Arrivals, header: Header, message: Any) -> int:
        """Add a row of the archive's own; return a sum of DUE and FIRST."""
        kept = self.by_message[type(message)]
        return self._added(1, kept.rows.append(link.number, header, message))

    def hand_over(self) -> tuple[dict[str, Rows], dict[StreamKey, StreamPosition]]:
        """Return the rows by table and the places that the streams have reached with them, and start anew."""
        tables = {}
        for kept in self.by_message.values():
            if len(kept.rows):
                tables[kept.table] = kept.rows
                kept.rows = Rows(kept.layout)
        positions = {(link.publisher, link.stream): (link.epoch, link.seq) for link in self.touched}
        for link in self.touched:
            link.touched = False
        self.touched = []
        self.rows = 0
        self.level_bytes = 0
        return tables, positions

    def _run_end(self, link: Arrivals, headers: list[Header], messages: list[Any], start: int) -> int:
        """Return where the messages end that are for one table and next in order each; `start` if none is."""
        kind = type(messages[start])
        kept = self.by_message[kind]
        seq = link.seq
        for index in range(start, len(headers)):
            header = headers[index]
            if header.epoch != link.epoch or header.seq != seq + 1:
                return index
            if type(messages[index]) is not kind and self.by_message[type(messages[index])] is not kept:
                return index
            seq += 1
        return len(headers)

    def _add_run(
        self, link: Arrivals, headers: list[Header], messages: list[Any], start: int, stop: int, now_ns: int
    ) -> int:
        last = headers[stop - 1]
        link.seq = last.seq
        self._touch(link)
        if link.latency is not None:
            for index in range(start, stop):
                header = headers[index]
                if not header.flags & FLAG_REPLAY:
                    link.latency.record(now_ns - header.send_ns)
        kept = self.by_message[type(messages[start])]
        return self._added(stop - start, kept.rows.extend(link.number, headers, messages, start, stop))

    def _touch(self, link: Arrivals) -> None:
        if not link.touched:
            link.touched = True
            self.touched.append(link)

    def _added(self, rows: int, level_bytes: int) -> int:
        """Count rows that were added; return a sum of DUE and FIRST."""
        first = self.rows == 0
        self.rows += rows
        self.level_bytes += level_bytes
        todo = _DUE if self.rows >= self.rows_due or self.level_bytes >= self.level_bytes_due else 0
        return todo | _FIRST if first else todo

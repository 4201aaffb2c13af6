"""The archive read back as recordings, on the real engine: what was archived comes out, message for message."""

import random
from typing import Any

import pytest

from agents.archive import recordings
from agents.archive.arrivals import Arrivals
from agents.archive.batch import Batch
from agents.archive.database import Database, connect
from agents.archive.recordings import ArchivedMarket
from agents.archive.tables import TABLES
from agents.instruments import InstrumentTable
from core.columns import Rows
from core.decimals import unpack_levels
from core.frame import FLAG_SNAPSHOT, FLAG_STALE, Header
from schemas.config import Config
from schemas.messages import BookDelta, BookSnapshot, FeedState, MarkPrice, Message, Quote, Trade, VenueBar
from schemas.streams import Kind, StreamState, stream_kind
from tests.unit.agents.archive_samples import BTC, DAY_NS, T0, archive_config

MS = 1_000_000
TABLE_OF = {message: table.name for table in TABLES for message in table.messages}
Placed = tuple[int, int, int, Message]
"""Epoch, place, flags, message."""


def levels(rng: random.Random, count: int, low: int) -> bytes:
    prices = sorted(rng.sample(range(low, low + 50), count))
    return b"".join(p.to_bytes(8, "little") + rng.randint(0, 9).to_bytes(8, "little") for p in prices)


def whole(at: int, number: int, rng: random.Random) -> BookSnapshot:
    bids = b"".join(p.to_bytes(8, "little") + (7).to_bytes(8, "little") for p in (1_049, 1_020, 1_001))
    asks = b"".join(p.to_bytes(8, "little") + (5).to_bytes(8, "little") for p in (1_100, 1_120))
    return BookSnapshot(at - rng.randint(0, 5) * MS, at, number, bids, asks)


def book_stream(rng: random.Random, begin_ns: int, count: int, epoch: int = 1, hole: int = 0) -> list[Placed]:
    """Return a book's stream: begun, updated, lost and whole again, with a hole, and venue's times that step back."""
    found: list[Placed] = [
        (epoch, 1, 0, FeedState(begin_ns, StreamState.SYNCING, "connected")),
        (epoch, 2, FLAG_SNAPSHOT, whole(begin_ns + 1, 2, rng)),
        (epoch, 3, 0, FeedState(begin_ns + 2, StreamState.LIVE, "", 5)),
    ]
    for place in range(4, count):
        at = begin_ns + place * 7 * MS
        update = BookDelta(at - rng.randint(0, 9) * MS, at, place, place, levels(rng, 3, 1_000), levels(rng, 2, 1_100))
        if place == 700:
            found.append((epoch, place, 0, FeedState(at, StreamState.SYNCING, "gap before update 700")))
        elif place == 720:
            found.append((epoch, place, FLAG_SNAPSHOT, whole(at, place, rng)))
        elif place != hole:
            found.append((epoch, place, FLAG_STALE if 700 < place < 720 else 0, update))
    return found


def tick_stream(kind: Kind, begin_ns: int, count: int, epoch: int = 1) -> list[Placed]:
    def made(place: int) -> Message:
        at = begin_ns + place * 5 * MS
        event = at - place % 11 * MS
        match kind:
            case Kind.TRADE:
                return Trade(event, at, 2**40 + place, place, (-1) ** place, f"t-{epoch}-{place}", place % 4)
            case Kind.QUOTE:
                return Quote(0, at, place, 100 + place, 2, 0, 0)
            case Kind.MARK:
                return MarkPrice(event, at, place * 10**8, 7, -place, at + DAY_NS)
            case _:
                return VenueBar(event, at, 60_000, event - 60_000 * MS, 1, 4, 1, 3, place, 9)

    return [(epoch, place, place % 2 * FLAG_STALE, made(place)) for place in range(1, count)]


def streams(seed: int) -> dict[Kind, list[Placed]]:
    rng, begin = random.Random(seed), T0 // DAY_NS * DAY_NS + DAY_NS - 3_000 * MS
    return {
        Kind.BOOK: book_stream(rng, begin, 1_500),
        **{kind: tick_stream(kind, begin, 2_000) for kind in (Kind.TRADE, Kind.QUOTE, Kind.MARK, Kind.BAR)},
    }


class Filled:
    """An archive into which streams are written, and out of which they are read."""

    def __init__(self, folder: str) -> None:
        self.config: Config = archive_config(folder)
        self.info = InstrumentTable(self.config).by_id[BTC]
        self._batches = 0

    def write(self, publisher: str, found: dict[Kind, list[Placed]]) -> None:
        links = tuple(
            Arrivals(number, publisher, self.info.stream(kind), "binance", "BTCUSDT", False, True, {})
            for number, kind in enumerate(found)
        )
        database = Database("arc", self.config, [(link.publisher, link.stream) for link in links])
        database.open()
        for part in range(4):
            tables = {table.name: Rows(table.layout()) for table in TABLES}
            for link in links:
                rows = found[Kind(stream_kind(link.stream))]
                for epoch, place, flags, message in rows[part * len(rows) // 4 : (part + 1) * len(rows) // 4]:
                    header = Header(stream=link.stream, type=1, sender=1, epoch=epoch, seq=place, flags=flags)
                    tables[TABLE_OF[type(message)]].append(link.number, header, message)
            self._batches += 1
            database.write(Batch(self._batches, T0, 0, links, {n: r for n, r in tables.items() if len(r)}, {}))
        database.close()

    def read(self, from_ns: int = 0, to_ns: int = 2**63 - 1) -> dict[int, list[tuple[int, int, Message]]]:
        """Return by kind (place, wall time, message), stepped through as a replay does."""
        client = connect("arc", self.config)
        found: dict[int, list[tuple[int, int, Message]]] = {}
        market = ArchivedMarket(client, "tickmesh", from_ns=from_ns, to_ns=to_ns)
        for recording in market.recordings([self.info], sender=1):
            (stream,) = recording.streams
            _, place = recording.tracker.position(stream)
            assert place == 0
            rows = found[stream_kind(stream)] = []
            while recording.step():
                rows.append((recording.epoch, recording.wall_ns, recording.message))
        client.close()
        return found

    def placed(self, kind: Kind, from_ns: int = 0, to_ns: int = 2**63 - 1) -> list[tuple[int, int, Message]]:
        """Return (place, flags, message) of one stream."""
        client = connect("arc", self.config)
        market = ArchivedMarket(client, "tickmesh", from_ns=from_ns, to_ns=to_ns)
        blocks = market._blocks(self.info, kind, market.runs(self.info, kind))
        rows = [row for b in blocks for row in zip(b.seqs.tolist(), b.flags.tolist(), b.messages, strict=True)]
        client.close()
        return rows


@pytest.fixture
def archive(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Filled:
    monkeypatch.setattr(recordings, "NUMBERS_AT_ONCE", 300)
    monkeypatch.setattr(recordings, "BOOKS_AT_ONCE", 128)
    monkeypatch.setattr(recordings, "FEW", 30)
    return Filled(str(tmp_path))


def test_every_message_comes_back_as_it_was_in_order_of_receipt(archive: Filled) -> None:
    sent = streams(1)
    archive.write("md", sent)
    found = archive.read()
    assert [message for _, _, message in found.pop(Kind.INSTRUMENT)] == [archive.info.message()]
    assert found.keys() == set(sent)
    for kind, rows in sent.items():
        assert [message for _, _, message in found[kind]] == [message for *_, message in rows]
        assert [wall for _, wall, _ in found[kind]] == [message.ts_recv_ns for *_, message in rows]  # type: ignore[attr-defined]
        assert archive.placed(kind) == [(place, flags, message) for _, place, flags, message in rows]


def test_only_what_was_received_in_time_comes(archive: Filled) -> None:
    sent = streams(2)
    archive.write("md", sent)
    begin, end = sent[Kind.TRADE][400][3].ts_recv_ns, sent[Kind.TRADE][1_700][3].ts_recv_ns  # type: ignore[attr-defined]
    found = archive.read(begin, end)
    for kind in (Kind.TRADE, Kind.QUOTE, Kind.MARK, Kind.BAR):
        expected = [message for *_, message in sent[kind] if begin <= message.ts_recv_ns < end]  # type: ignore[attr-defined]
        assert [message for _, _, message in found[kind]] == expected
    assert archive.read(end + DAY_NS, end + 2 * DAY_NS) == {}


def test_a_book_begins_as_it_was(archive: Filled) -> None:
    rows = book_stream(random.Random(3), T0, 1_500)
    archive.write("md", {Kind.BOOK: rows})
    for first in (50, 650, 710, 719, 730, 1_400):
        assert_begins(archive, rows, first)


def assert_begins(archive: Filled, rows: list[Placed], first: int) -> None:
    begin = next(message.ts_recv_ns for _, place, _, message in rows if place == first)  # type: ignore[attr-defined]
    found = archive.placed(Kind.BOOK, begin)
    expected = naive_book([row for row in rows if row[1] < first])
    rest = [(flags, message) for _, place, flags, message in rows if place >= first]
    if expected is None:
        assert [(flags, message) for _, flags, message in found] == rest
        return
    place, flags, message = found[0]
    assert isinstance(message, BookSnapshot)
    assert (place, flags) == (1, FLAG_SNAPSHOT)
    bids, asks = unpack_levels(message.bids), unpack_levels(message.asks)
    assert (bids, asks) == (sorted(expected[0].items(), reverse=True), sorted(expected[1].items()))
    assert [(flags, message) for _, flags, message in found[1:]] == rest
    assert [place for place, *_ in found[1:3]] == [2, 3]


def naive_book(rows: list[Placed]) -> tuple[dict[int, int], dict[int, int]] | None:
    """Return the levels of both sides after `rows`, by nothing but dictionaries; None if the book is not LIVE."""
    sides: tuple[dict[int, int], dict[int, int]] | None = None
    for _, _, flags, message in rows:
        if isinstance(message, FeedState):
            sides = sides if message.state == StreamState.LIVE else None
        elif isinstance(message, BookSnapshot):
            sides = dict(unpack_levels(message.bids)), dict(unpack_levels(message.asks))
        elif isinstance(message, BookDelta) and not flags & FLAG_STALE and sides is not None:
            for side, data in zip(sides, (message.bids, message.asks), strict=True):
                for price, qty in unpack_levels(data):
                    side[price] = qty
                    if not qty:
                        del side[price]
    return sides


def test_missing_messages_are_told_as_a_gap_until_the_book_is_whole(archive: Filled) -> None:
    one = book_stream(random.Random(5), T0, 1_000, hole=600)
    other = book_stream(random.Random(6), one[-1][3].ts_recv_ns + 1, 900, 2, 600)  # type: ignore[attr-defined]
    archive.write("md", {Kind.BOOK: [*one, *other]})
    found = archive.placed(Kind.BOOK)
    assert [place for place, *_ in found] == list(range(1, len(found) + 1))
    assert [(flags, message) for _, flags, message in found] == [*told_anew(one), *told_anew(other)]


def told_anew(rows: list[Placed]) -> list[tuple[int, Message]]:
    found: list[tuple[int, Message]] = []
    for _, place, flags, message in rows:
        at = message.ts_recv_ns  # type: ignore[attr-defined]
        if place == 601:
            found.append((0, FeedState(at, StreamState.GAP, "1 messages are not in the archive")))
        found.append((flags, message))
        if place == 720:
            found.append((0, FeedState(at, StreamState.LIVE)))
    return found


def test_missing_trades_are_told_and_the_feed_goes_on(archive: Filled) -> None:
    rows = [row for row in tick_stream(Kind.TRADE, T0, 400) if row[1] not in (50, 51, 52, 300)]
    archive.write("md", {Kind.TRADE: rows})
    states = [(place, m.state, m.reason) for place, _, m in archive.placed(Kind.TRADE) if isinstance(m, FeedState)]
    assert states == [
        (50, StreamState.GAP, "3 messages are not in the archive"),
        (51, StreamState.LIVE, ""),
        (299, StreamState.GAP, "1 messages are not in the archive"),
        (300, StreamState.LIVE, ""),
    ]


def test_what_was_recorded_twice_comes_once(archive: Filled) -> None:
    early = tick_stream(Kind.TRADE, T0, 1_000)
    late = tick_stream(Kind.TRADE, T0 + 2_000 * MS, 1_000, epoch=3)
    within = tick_stream(Kind.TRADE, T0 + 10 * MS, 100, epoch=9)
    archive.write("md", {Kind.TRADE: early})
    archive.write("import:0123", {Kind.TRADE: late})
    archive.write("import:4567", {Kind.TRADE: within})
    found = [message for _, _, message in archive.placed(Kind.TRADE)]
    end = early[-1][3].ts_recv_ns  # type: ignore[attr-defined]
    kept = [message for *_, message in late if message.ts_recv_ns > end]  # type: ignore[attr-defined]
    assert found == [message for *_, message in early] + kept

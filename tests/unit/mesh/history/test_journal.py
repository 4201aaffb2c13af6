"""A log read by time, by stream and by order, whole or damaged."""

import os
from pathlib import Path

import pytest

from core.frame import pack
from core.log import LogWriter
from mesh.history.journal import Journal, NoLogError, Selection, segments_in
from schemas.streams import AGENT_STREAM
from tests.unit.core.log.damaged_log import put
from tests.unit.mesh.history.written_log import (
    EQUITY,
    ORDERS,
    SEGMENT,
    WALL_NS,
    S,
    equity,
    frame_of,
    seconds,
    untimed,
    updated,
    write,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "folio" / "log"


def seqs(journal: Journal, **wanted: int | str) -> list[int]:
    return [entry.header.seq for entry in journal.entries(Selection(**wanted))]  # type: ignore[arg-type]


def test_every_record_comes_in_order_with_its_wall_time(folder: Path) -> None:
    write(folder, seconds(200))
    found = list(Journal("folio", folder).entries(Selection()))
    assert [entry.header.seq for entry in found] == list(range(1, 201))
    assert [entry.wall_ns for entry in found] == [WALL_NS + n * S for n in range(1, 201)]
    assert len(segments_in(folder)) > 4


def test_a_time_is_found_among_the_segments(folder: Path) -> None:
    write(folder, seconds(200))
    journal = Journal("folio", folder)
    assert seqs(journal, from_ns=WALL_NS + 150 * S, to_ns=WALL_NS + 160 * S) == list(range(150, 160))
    assert journal.begin_of(WALL_NS + 150 * S) > 0
    assert seqs(Journal("folio", folder), from_ns=WALL_NS + 500 * S) == []
    assert seqs(Journal("folio", folder), to_ns=WALL_NS + 3 * S) == [1, 2]


def test_streams_and_orders_are_chosen(folder: Path) -> None:
    frames = [
        frame_of(updated("T1", S), ORDERS, 1, S),
        frame_of(updated("T12", 2 * S), ORDERS, 2, 2 * S),
        frame_of(untimed("T1"), AGENT_STREAM, 7, 3 * S),
        frame_of(equity(4 * S), EQUITY, 9, 4 * S),
    ]
    write(folder, frames)
    assert seqs(Journal("folio", folder), stream="order/1") == [1, 2]
    assert seqs(Journal("folio", folder), order_id="T1") == [1, 7]
    assert seqs(Journal("folio", folder), order_id="77") == [1, 2], "by the venue's id too"
    assert seqs(Journal("folio", folder), order_id="T1", stream="AGENT") == [7]


def test_a_log_that_tells_no_time_takes_it_from_the_one_beside_it(folder: Path) -> None:
    write(folder, [frame_of(untimed("T1"), AGENT_STREAM, 1, 5 * S)])
    entry, *_ = Journal("folio", folder).entries(Selection())
    assert entry.wall_ns == 0
    write(folder.parent.parent / "other" / "log", [frame_of(equity(4 * S), EQUITY, 1, 4 * S)])
    entry, *_ = Journal("folio", folder).entries(Selection())
    assert entry.wall_ns == WALL_NS + 5 * S


def test_what_is_damaged_is_named_and_what_follows_is_read(folder: Path) -> None:
    write(folder, seconds(200))
    second = segments_in(folder)[1]
    put(folder / f"{second:020d}.log", 64 + 8 + 70, b"\xff\xff")
    journal = Journal("folio", folder)
    found = seqs(journal)
    assert journal.damage == [f"{folder}/{second:020d}.log: damaged at byte 64: a checksum that does not match"]
    assert found[-1] == 200
    assert found == [n for n in range(1, 201) if n in found]
    in_segment = SEGMENT // 120
    assert 200 - 2 * in_segment < len(found) < 200


def test_a_segment_without_a_header_is_damage_unless_it_is_the_last(folder: Path) -> None:
    write(folder, seconds(200))
    *_, before, last = segments_in(folder)
    put(folder / f"{before:020d}.log", 0, bytes(64))
    journal = Journal("folio", folder)
    assert seqs(journal)[-1] == 200
    assert journal.damage == [f"{folder}/{before:020d}.log: damaged at byte 0: no intact segment header"]
    os.unlink(folder / f"{last:020d}.log")
    journal = Journal("folio", folder)
    seqs(journal)
    assert journal.damage == []
    assert journal.torn_bytes == SEGMENT


def test_a_torn_tail_is_told_and_is_no_damage(folder: Path) -> None:
    write(folder, seconds(3))
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    end = log.position
    log.close()
    put(folder / f"{0:020d}.log", end, b"\x64\x00\x00\x00torn")
    journal = Journal("folio", folder)
    assert seqs(journal) == [1, 2, 3]
    assert (journal.damage, journal.torn_bytes) == ([], 8)


def test_a_record_that_is_no_message_is_shown_and_counted(folder: Path) -> None:
    write(folder, [pack(stream=AGENT_STREAM, type=255, sender=1, epoch=1, seq=1, payload=b"?")])
    journal = Journal("folio", folder)
    (entry,) = journal.entries(Selection())
    assert (entry.message, journal.unread) == (None, 1)


def test_reading_again_goes_on_with_what_was_appended(folder: Path) -> None:
    write(folder, seconds(60))
    journal = Journal("folio", folder)
    assert len(seqs(journal)) == 60
    assert seqs(journal) == []
    write(folder, [frame_of(equity(100 * S), EQUITY, 100, 100 * S)])
    assert seqs(journal) == [100]


def test_no_log_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoLogError, match="no log of agent nobody"):
        Journal("nobody", tmp_path / "nobody" / "log")

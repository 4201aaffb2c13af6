"""Records of a log as text."""

import json

from core.frame import pack, unpack
from mesh.history import journal_text
from mesh.history.journal import Entry
from schemas.streams import AGENT_STREAM
from tests.unit.mesh.history.written_log import ORDERS, WALL_NS, S, frame_of, updated

ENTRY = Entry("execution", WALL_NS + S, unpack(frame_of(updated("T1", S), ORDERS, 3, S)), updated("T1", S))


def test_line_tells_time_place_type_and_fields() -> None:
    words = journal_text.line(ENTRY).split()
    assert words[:6] == ["2026-01-31", "12:00:01.000000", "ORDER/1/0", "1/3", "OrderUpdated", "client_order_id=T1"]


def test_json_has_the_header_and_every_field() -> None:
    found = json.loads(journal_text.json(ENTRY))
    assert (found["agent"], found["stream"], found["epoch"], found["seq"]) == ("execution", "ORDER/1/0", 1, 3)
    assert (found["wall_ns"], found["recv_ns"], found["message"]["venue_order_id"]) == (WALL_NS + S, S, "77")


def test_what_is_not_known_is_shown_by_number() -> None:
    header = unpack(pack(stream=AGENT_STREAM, type=255, sender=1, epoch=1, seq=1))
    assert journal_text.line(Entry("x", 0, header, None)).split() == [
        "-",
        "AGENT/0/0",
        "1/1",
        "255",
        "does",
        "not",
        "decode",
    ]
    assert json.loads(journal_text.json(Entry("x", 0, header, None)))["message"] is None

"""Messages by name, for people and for JSON."""

import struct

from mesh.trace.message_text import LETTERS_MAX, fields_of, short
from schemas.messages import Ack, BookDelta, SubmitOrder


def test_levels_are_pairs_of_ticks_and_lots_and_other_bytes_digits() -> None:
    delta = BookDelta(1, 2, 3, 4, struct.pack("<qq", 100, 5), b"")
    assert fields_of(delta)["bids"] == [[100, 5]]
    assert fields_of(delta)["asks"] == []
    broken = BookDelta(1, 2, 3, 4, b"\x01\x02", b"")
    assert fields_of(broken)["bids"] == "0102"


def test_a_submission_without_a_decision_shows_its_bytes() -> None:
    assert fields_of(SubmitOrder(b"\xff"))["decision"] == "ff"


def test_a_long_value_is_cut_with_its_length() -> None:
    assert short("word") == "word"
    assert short("") == "''"
    assert short(7) == "7"
    assert short("x" * 100) == "x" * LETTERS_MAX + "... (100)"


def test_every_field_is_there() -> None:
    assert fields_of(Ack(True))["accepted"] is True

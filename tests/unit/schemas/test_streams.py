"""Stream ids and message numbers: what is on the wire stays what it is."""

from schemas.messages import MESSAGE_TYPES, TYPE_NUMBERS
from schemas.streams import (
    STREAM_CLASS,
    Kind,
    StreamClass,
    Weakness,
    stream_class,
    stream_id,
    stream_instrument,
    stream_kind,
    stream_name,
    weakness_words,
)


def test_a_prefix_of_the_big_endian_id_is_a_kind_then_a_venue_then_an_instrument() -> None:
    stream = stream_id(Kind.BOOK, 3, 0x0102)
    assert stream.to_bytes(4, "big") == bytes([0x11, 3, 1, 2])
    assert stream_kind(stream) == Kind.BOOK
    assert stream_instrument(stream) == 0x0102
    assert stream_name(stream) == "BOOK/3/258"
    assert stream_name(0xAB000000) == "0xab/0/0"


def test_books_are_state_and_orders_are_events() -> None:
    assert stream_class(stream_id(Kind.BOOK, 1, 1)) is StreamClass.STATE
    assert stream_class(stream_id(Kind.ORDER, 1, 0)) is StreamClass.EVENT
    assert {k for k in Kind if k not in STREAM_CLASS} == {Kind.REQUEST, Kind.REPLY}


def test_what_a_stream_does_not_promise_is_told_in_words() -> None:
    assert weakness_words(0) == ""
    assert weakness_words(Weakness.BOOKS_COMPARED | Weakness.GAPS_NOT_FOUND) == "gaps not found, books compared"


def test_message_numbers_are_those_that_logs_were_written_with() -> None:
    written = {"Trade": 1, "BookDelta": 2, "BookSnapshot": 3, "Quote": 4, "Approved": 21, "OrderFilled": 36, "Beat": 60}
    assert {name: number for number, cls in MESSAGE_TYPES.items() if (name := cls.__name__) in written} == written
    assert len(TYPE_NUMBERS) == len(MESSAGE_TYPES)

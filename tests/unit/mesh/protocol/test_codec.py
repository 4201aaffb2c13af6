"""Payloads: every message survives the way, and no bytes do harm."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frame import pack, unpack
from mesh.protocol.codec import decode, encode, message_in, show, type_number
from schemas.errors import FrameError
from schemas.messages import MESSAGE_TYPES, Approved, Denied, Trade


def test_a_message_survives_encoding_and_decoding() -> None:
    trade = Trade(1, 2, 3, 4, -1, "5")
    assert decode(type_number(trade), encode(trade)) == trade
    denied = Denied(7, "s", 1, 5, {"position": 3, "position_max": 2.5, "why": "x"}, ((1, 2, 3),))
    assert decode(type_number(denied), encode(denied)) == denied


def test_an_older_message_gets_the_defaults_of_fields_appended_since() -> None:
    fields = msgspec.msgpack.encode([1, "T1", "s", 1, 1, 2, 3, 1])
    approved = decode(21, fields)
    assert isinstance(approved, Approved)
    assert approved.causes == ()


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "truncated"),
        (b"\x91" * 100_000, "nesting"),
        (b"\x97\x01\x02\x03\x04\x01\xa1\xff\x00", "bad utf-8 where a number belongs"),
        (msgspec.msgpack.encode([1, 2, -3, 4, 1, 5]), "negative price"),
        (msgspec.msgpack.encode([1, 2, 3, 2**64 - 1, 1, 5]), "quantity over the bound"),
        (msgspec.msgpack.encode([1, 2, 3]), "too few fields"),
    ],
)
def test_bad_payloads_are_frame_errors(payload: bytes, why: str) -> None:
    with pytest.raises(FrameError):
        decode(1, payload)


def test_an_unknown_type_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(FrameError, match="type 999 is not known"):
        decode(999, b"")


@given(st.sampled_from(sorted(MESSAGE_TYPES)), st.binary(max_size=200))
def test_hostile_bytes_decode_or_are_refused(number: int, payload: bytes) -> None:
    try:
        message = decode(number, payload)
    except FrameError:
        return
    assert decode(number, encode(message)) == message


def test_the_record_that_was_shown_is_not_read_again_and_any_other_is() -> None:
    first, second = Approved(1, "T1", "s", 1, 1, 2, 3, 1), Approved(2, "T2", "s", 1, 1, 2, 3, 1)
    records = [
        pack(stream=1, type=21, sender=3, epoch=1, seq=n, payload=encode(m)) for n, m in ((1, first), (2, second))
    ]
    show(records[0], first)
    assert message_in(unpack(records[0]), records[0]) is first
    copied = bytes(bytearray(records[0]))
    assert message_in(unpack(copied), copied) == first
    assert message_in(unpack(copied), copied) is not first, "the same bytes from elsewhere are read"
    show(records[1], second)
    assert message_in(unpack(records[0]), records[0]) == first
    assert message_in(unpack(records[1]), records[1]) is second

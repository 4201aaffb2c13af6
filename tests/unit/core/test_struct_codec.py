"""The codec of one Struct: the bytes of msgspec for plain messages, and whatever is not plain left to it."""

import enum
from typing import Annotated

import msgspec
import pytest

from core.struct_codec import StructCodec


class Note(msgspec.Struct, frozen=True, array_like=True, gc=False):
    number: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    text: Annotated[str, msgspec.Meta(max_length=4)]
    share: float
    flag: bool
    data: bytes
    rows: tuple[tuple[int, int], ...]


class Letter(enum.IntEnum):
    A = 1


NOTE = Note(300, "ä", 0.5, True, b"\x00", ((1, -2), (3, 1 << 40)))
CODEC = StructCodec(Note)


def test_bytes_are_those_of_the_specification() -> None:
    # An array of six; uint16; a text of two bytes; float64; true; a bin of one byte; two rows of two.
    expected = bytes.fromhex("96 cd012c a2c3a4 cb3fe0000000000000 c3 c40100 92 9201fe 9203 cf0000010000000000")
    assert CODEC.encoded(NOTE) == expected == msgspec.msgpack.encode(NOTE)
    assert CODEC.decoded(expected) == NOTE


@pytest.mark.parametrize(
    "change", [{"number": 1001}, {"number": Letter.A}, {"text": "abcde"}, {"rows": [(1, 2)]}, {"rows": ((1,),)}]
)
def test_what_is_not_plain_is_left_to_msgspec(change: dict[str, object]) -> None:
    assert CODEC.encoded(msgspec.structs.replace(NOTE, **change)) is None


def test_bytes_that_are_no_message_in_full_are_left_to_msgspec() -> None:
    data = CODEC.encoded(NOTE)
    assert data is not None
    assert [CODEC.decoded(data[:size]) for size in range(len(data))] == [None] * len(data)
    assert CODEC.decoded(data + b"\x00") is None


def test_a_type_that_asks_more_of_msgspec_is_refused() -> None:
    class Tagged(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="t"):
        number: int

    class Loose(msgspec.Struct, frozen=True, array_like=True, gc=False):
        number: int | None

    with pytest.raises(TypeError, match="Tagged: only an array without tag"):
        StructCodec(Tagged)
    with pytest.raises(TypeError, match="left to msgspec"):
        StructCodec(Loose)

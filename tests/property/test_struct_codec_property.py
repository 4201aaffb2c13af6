"""StructCodec against msgspec, over all message types: its bytes less defaults at the end, its objects, never a guess."""

from enum import IntEnum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from core.struct_codec import StructCodec
from schemas.messages import MESSAGE_TYPES, Message, Signal

ENCODE = msgspec.msgpack.Encoder().encode
I64_MIN, I64_MAX = -(2**63), 2**63 - 1


def codec_of(cls: type[Message]) -> StructCodec | None:
    try:
        return StructCodec(cls)
    except TypeError:
        return None


CODECS = {cls: codec for cls in MESSAGE_TYPES.values() if (codec := codec_of(cls)) is not None}
DECODERS = {cls: msgspec.msgpack.Decoder(cls).decode for cls in CODECS}


class Odd(IntEnum):
    MINUS = -1
    ZERO = 0
    ONE = 1


def integers(allowed: inspect.IntType) -> st.SearchStrategy[int]:
    low = I64_MIN if allowed.ge is None else allowed.ge
    high = I64_MAX if allowed.le is None else allowed.le
    edges = {
        n
        for bits in (0, 5, 7, 8, 15, 16, 30, 31, 32, 60, 62, 63)
        for d in (-1, 0, 1)
        for n in (2**bits + d, -(2**bits) + d)
    }
    return st.integers(low, high) | st.sampled_from(sorted(n for n in edges if low <= n <= high))


def plain_values(allowed: inspect.Type) -> st.SearchStrategy[Any]:
    if isinstance(allowed, inspect.IntType):
        return integers(allowed)
    if isinstance(allowed, inspect.BoolType):
        return st.booleans()
    if isinstance(allowed, inspect.FloatType):
        return st.floats(allowed.ge, allowed.le, allow_nan=False)
    if isinstance(allowed, inspect.StrType):
        long = st.integers(0, 400).map("x".__mul__)
        return (st.text(max_size=allowed.max_length) | long).map(lambda text: text[: allowed.max_length])
    if isinstance(allowed, inspect.BytesType):
        return st.binary() | st.integers(0, 3000).map(bytes)
    if isinstance(allowed, inspect.VarTupleType):
        return st.lists(plain_values(allowed.item_type), max_size=20).map(tuple)
    assert isinstance(allowed, inspect.TupleType)
    return st.tuples(*[plain_values(each) for each in allowed.item_types])


ODD_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(Odd),
    st.none() | st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(max_size=500),
    st.just("\ud800"),
    st.binary(max_size=20).map(bytearray),
    st.binary(max_size=20).map(memoryview),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=3),
    st.lists(st.lists(st.integers(-1, 2**64 - 1), max_size=4), max_size=3).map(tuple),
    st.tuples(st.tuples(st.sampled_from(Odd), st.just(1), st.just(2))),
)


@st.composite
def messages(draw: st.DrawFn, odd: bool = False) -> Message:
    cls = draw(st.sampled_from(sorted(CODECS, key=lambda cls: cls.__name__)))
    found = inspect.type_info(cls)
    assert isinstance(found, inspect.StructType)
    values = [draw(plain_values(field.type)) for field in found.fields]
    if odd and values:
        place = draw(st.integers(0, len(values) - 1))
        values[place] = draw(ODD_VALUES)
    return cls(*values)


def shape(value: Any) -> Any:
    """Return a value with the types of all its parts."""
    if isinstance(value, msgspec.Struct):
        return type(value), [shape(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, (tuple, list)):
        return type(value), [shape(each) for each in value]
    return type(value), repr(value) if isinstance(value, float) else value


def test_the_messages_of_an_order_are_all_plain() -> None:
    names = {cls.__name__ for cls in CODECS}
    assert {"Trade", "Quote", "BookDelta", "Signal", "Approved", "SubmitOrder", "Ack", "OrderUpdated"} < names
    assert {"OrderInitialized", "OrderFilled", "Position", "Equity", "Beat"} < names


def without_defaults(message: Message) -> bytes:
    """Return what msgspec makes of a message without the last fields that hold their defaults."""
    found = inspect.type_info(type(message))
    assert isinstance(found, inspect.StructType)
    values = [getattr(message, field.name) for field in found.fields]
    for field in reversed(found.fields):
        if field.default is msgspec.NODEFAULT or values[-1] is not field.default:
            break
        del values[-1]
    return ENCODE(values)


@given(messages())
def test_a_plain_message_has_the_bytes_of_msgspec_and_comes_back(message: Message) -> None:
    codec, payload = CODECS[type(message)], ENCODE(message)
    if len(payload) <= 4096 - 16:
        assert codec.encoded(message) == without_defaults(message)
    assert shape(codec.decoded(payload)) == shape(message)
    assert shape(codec.decoded(without_defaults(message))) == shape(message)


@given(messages(odd=True))
def test_a_message_that_is_taken_is_what_its_bytes_give(message: Message) -> None:
    encoded = CODECS[type(message)].encoded(message)
    if encoded is None:
        return
    assert encoded == without_defaults(message)
    assert shape(DECODERS[type(message)](encoded)) == shape(message)


@given(messages(odd=True), st.data())
def test_bytes_that_are_taken_are_what_msgspec_reads(message: Message, data: st.DataObject) -> None:
    try:
        payload = bytearray(ENCODE(message))
    except (OverflowError, UnicodeEncodeError):
        return
    change = data.draw(st.sampled_from(["none", "byte", "cut", "longer", "head"]))
    if change == "byte" and payload:
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    elif change == "cut":
        del payload[data.draw(st.integers(0, len(payload))) :]
    elif change == "longer":
        payload += data.draw(st.binary(min_size=1, max_size=3))
    elif change == "head":
        payload[:1] = data.draw(st.sampled_from([b"\xdc\x00", b"\xdd\x00\x00\x00"])) + bytes([payload[0] & 15])
    found = CODECS[type(message)].decoded(bytes(payload))
    if found is not None:
        assert shape(found) == shape(DECODERS[type(message)](payload))


@given(st.sampled_from(sorted(CODECS, key=lambda cls: cls.__name__)), st.binary(max_size=120))
def test_hostile_bytes_are_read_as_msgspec_reads_them_or_not_at_all(cls: type[Message], payload: bytes) -> None:
    found = CODECS[cls].decoded(payload)
    if found is not None:
        assert shape(found) == shape(DECODERS[cls](payload))


def test_numbers_in_longer_forms_than_needed_are_read_like_msgspec() -> None:
    for number in (b"\xcc\x05", b"\xcd\x00\x05", b"\xce\x00\x00\x00\x05", b"\xcf" + bytes(7) + b"\x05", b"\xd0\x05"):
        payload = b"\x93\x01\x02" + number
        cls = MESSAGE_TYPES[61]
        assert CODECS[cls].decoded(b"\x92\x01\x02") is None, "a field of ReplayRequest is missing"
        assert CODECS[cls].decoded(payload) == DECODERS[cls](payload)
        whole = b"\x94\x01\x02" + number + b"\x07"
        assert CODECS[cls].decoded(whole) == DECODERS[cls](whole)


def test_rows_of_any_number_are_written_like_msgspec() -> None:
    for count in (0, 15, 16, 200):
        signal = Signal(1, "s", 1, 1, 1, 1, 1, 0.5, "", tuple((n, n, n) for n in range(count)))
        assert CODECS[Signal].encoded(signal) == without_defaults(signal)
        assert shape(CODECS[Signal].decoded(ENCODE(signal))) == shape(signal)


class Mapped(msgspec.Struct, frozen=True, gc=False):
    number: int


class Tracked(msgspec.Struct, frozen=True, array_like=True):
    number: int


class Defaulted(msgspec.Struct, frozen=True, array_like=True, gc=False, omit_defaults=True):
    number: int = 0


class Anything(msgspec.Struct, frozen=True, array_like=True, gc=False):
    number: Any


@pytest.mark.parametrize("cls", [Mapped, Tracked, Defaulted, Anything])
def test_a_type_that_asks_more_of_msgspec_is_refused(cls: Any) -> None:
    with pytest.raises(TypeError):
        StructCodec(cls)


def test_a_message_of_another_type_is_not_taken() -> None:
    assert CODECS[Signal].encoded(MESSAGE_TYPES[33](True)) is None

"""The frame header against `struct` and bytes written out by hand from the table in the design."""

import struct

import pytest

from core import frame
from schemas.errors import FrameError

# stream, version, flags, type, sender, ttl_ms, epoch, seq, origin_ns, send_ns, corr, recv_ns, decided_ns
LAYOUT = struct.Struct("<BBHHHIQqqQqq")

FIELDS = {
    "stream": 0x0203_0405,
    "type": 0x1112,
    "sender": 0x2122,
    "epoch": 0x3132_3334,
    "seq": 0x4142_4344_4546_4748,
    "origin_ns": 0x5152_5354_5556_5758,
    "send_ns": 0x6162_6364_6566_6768,
    "corr": 0xF1F2_F3F4_F5F6_F7F8,
    "flags": frame.FLAG_SNAPSHOT | frame.FLAG_LAST,
    "ttl_ms": 0x7172,
    "recv_ns": 0x0102_0304_0506_0708,
    "decided_ns": 0x1112_1314_1516_1718,
}

BY_HAND = bytes.fromhex(
    "02030405 03 09 1211 2221 7271 34333231 4847464544434241 5857565554535251 6867666564636261 f8f7f6f5f4f3f2f1"
    "0807060504030201 1817161514131211"
)


def test_pack_writes_the_documented_bytes() -> None:
    assert frame.pack(**FIELDS, payload=b"tick") == BY_HAND + b"tick"
    assert len(BY_HAND) == frame.HEADER_SIZE == 64


def test_pack_agrees_with_struct() -> None:
    packed = frame.pack(
        stream=7,
        type=3,
        sender=2,
        epoch=9,
        seq=11,
        origin_ns=13,
        send_ns=17,
        corr=19,
        ttl_ms=23,
        recv_ns=29,
        decided_ns=31,
    )
    assert packed == struct.pack(">I", 7) + LAYOUT.pack(3, 0, 3, 2, 23, 9, 11, 13, 17, 19, 29, 31)


def test_stream_is_a_byte_prefix_of_kind_venue_and_instrument() -> None:
    packed = frame.pack(stream=0x0A0B_0C0D, type=1, sender=1, epoch=1, seq=1)
    assert packed.startswith(bytes([0x0A, 0x0B, 0x0C, 0x0D]))


@pytest.mark.parametrize("as_type", [bytes, bytearray, memoryview])
def test_unpack_reads_every_field(as_type: type) -> None:
    header = frame.unpack(as_type(BY_HAND + b"payload"))
    assert {name: getattr(header, name) for name in FIELDS} == FIELDS
    assert (header.version, header.kind, header.venue, header.instrument) == (3, 2, 3, 0x0405)


def test_omitted_fields_are_zero() -> None:
    header = frame.unpack(frame.pack(stream=1, type=1, sender=1, epoch=1, seq=1))
    assert (header.flags, header.ttl_ms, header.corr) == (0,) * 3
    assert (header.origin_ns, header.recv_ns, header.decided_ns, header.send_ns) == (0,) * 4


@pytest.mark.parametrize("payload", [b"", b"x", bytearray(b"abc"), memoryview(b"wxyz")[1:]])
def test_payload_is_what_was_packed(payload: bytes) -> None:
    assert frame.payload(frame.pack(**FIELDS, payload=payload)) == payload


def test_payload_shares_memory_with_the_frame() -> None:
    buffer = bytearray(BY_HAND + b"before")
    view = frame.payload(buffer)
    buffer[64:] = b"after!"
    assert view == b"after!"


@pytest.mark.parametrize("size", range(64))
def test_short_frame_is_refused(size: int) -> None:
    for read in (frame.unpack, frame.payload, lambda data: frame.with_flags(data, 1)):
        with pytest.raises(FrameError, match=f"{size} bytes: at least 64"):
            read(BY_HAND[:size])


@pytest.mark.parametrize("version", [0, 1, 2, 255])
def test_other_version_is_refused_with_found_and_allowed(version: int) -> None:
    other = BY_HAND[:4] + bytes([version]) + BY_HAND[5:]
    for read in (frame.unpack, lambda data: frame.with_flags(data, 1)):
        with pytest.raises(FrameError, match=f"version {version}: only version 3"):
            read(other)


@pytest.mark.parametrize("payload", [b"", b"1234567", b"12345678"])
def test_frame_of_version_1_is_refused_as_such_even_where_it_is_shorter_than_this_header(payload: bytes) -> None:
    # The header of version 1 was as this one without its last field.
    first = BY_HAND[:4] + b"\x01" + BY_HAND[5:56] + payload
    for read in (frame.unpack, lambda data: frame.with_flags(data, 1)):
        with pytest.raises(
            FrameError, match=r"version 1: only version 3 is understood; .* by the version that wrote it"
        ):
            read(first)


def test_with_flags_sets_flags_in_a_copy() -> None:
    original = frame.pack(stream=1, type=1, sender=1, epoch=1, seq=1, flags=frame.FLAG_STALE, payload=b"data")
    replay = frame.with_flags(original, frame.FLAG_REPLAY)
    assert frame.unpack(replay).flags == frame.FLAG_STALE | frame.FLAG_REPLAY
    assert replay[:5] + replay[6:] == original[:5] + original[6:]
    assert frame.unpack(original).flags == frame.FLAG_STALE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stream", 1 << 32),
        ("type", 1 << 16),
        ("sender", 1 << 16),
        ("epoch", 1 << 32),
        ("seq", 1 << 64),
        ("corr", 1 << 64),
        ("flags", 256),
        ("ttl_ms", 1 << 16),
        ("origin_ns", 1 << 63),
        ("stream", -1),
    ],
)
def test_value_wider_than_its_field_is_refused(field: str, value: int) -> None:
    for build in (frame.pack, frame.Header):
        with pytest.raises(OverflowError):
            build(**(FIELDS | {field: value}))


def test_headers_compare_by_value_and_are_read_only() -> None:
    header = frame.Header(**FIELDS)
    assert header == frame.unpack(BY_HAND)
    assert hash(header) == hash(frame.unpack(BY_HAND))
    assert header != frame.Header(**(FIELDS | {"corr": 1}))
    assert header != "header"
    assert "stream=0x02030405" in repr(header)
    with pytest.raises(AttributeError):
        header.seq = 1  # type: ignore[misc]

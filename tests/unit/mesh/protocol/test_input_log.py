"""What reached an agent is recorded whole, by place or by value, and can be read after any end."""

from pathlib import Path

import pytest

from core.frame import Header, pack
from mesh.context import CallOutcome, VenueCall, VenueReply
from mesh.history.input_reader import Asked, Input, InputReader
from mesh.protocol import input_log as kinds
from mesh.protocol.input_log import InputLog
from schemas.streams import REQUEST_STREAM

STREAM = 0x10020003
SEGMENT_BYTES = 1 << 16


def frame(payload: bytes = b"asked") -> bytes:
    return pack(stream=REQUEST_STREAM, type=1, sender=1, epoch=1, seq=1, send_ns=77, payload=payload)


def recorded(folder: Path) -> InputLog:
    return InputLog(str(folder), 3, segment_bytes=SEGMENT_BYTES)


def test_places_are_read_as_they_were_recorded(tmp_path: Path) -> None:
    log = recorded(tmp_path)
    first = Header(stream=STREAM, type=1, sender=9, epoch=2**32 - 1, seq=2**62 + 1)
    last = Header(stream=STREAM, type=1, sender=9, epoch=2**32 - 1, seq=2**62 + 4)
    log.delivered(first, 10, 20)
    log.batch(first, last, 11, 21)
    log.timers(12, 22)
    log.close()
    place = {"sender": 9, "stream": STREAM, "epoch": 2**32 - 1}
    assert list(InputReader(tmp_path)) == [
        Input(1, kinds.DELIVERED, 10, 20, **place, first=2**62 + 1, seq=2**62 + 1),
        Input(2, kinds.BATCH, 11, 21, **place, first=2**62 + 1, seq=2**62 + 4),
        Input(3, kinds.TIMERS, 12, 22),
    ]


@pytest.mark.parametrize("size", [0, 1, 48 * 1024 - 8, 48 * 1024 - 7, 300_000])
def test_values_of_any_size_are_read_as_they_came(tmp_path: Path, size: int) -> None:
    log = recorded(tmp_path)
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    log.frame("public", data, 10, 20)
    log.request(b"\0token", data, 11, 21)
    log.close()
    frames = [(each.kind, each.tag, each.data) for each in InputReader(tmp_path)]
    assert frames == [(kinds.FRAME, b"public", data), (kinds.REQUEST, b"\0token", data)]


def test_what_was_asked_stands_with_the_input_that_made_it(tmp_path: Path) -> None:
    log = recorded(tmp_path)
    log.timers(1, 2)
    log.asked("risk", frame(), True, 1, 2)
    log.asked("risk", frame(), False, 1, 2)
    log.timers(3, 4)
    log.close()
    first, second = InputReader(tmp_path)
    assert first.asked == (Asked("risk", frame(), True), Asked("risk", frame(), False))
    assert (second.number, second.asked) == (2, ())


def test_the_end_of_a_call_is_whole(tmp_path: Path) -> None:
    log = recorded(tmp_path)
    call = VenueCall("GET", "/time", {})
    log.venue_reply(VenueReply(7, call, CallOutcome.ANSWERED, 200, b"{}", {"Weight": "3"}), 1, 2)
    log.socket("private", False, "gone", 3, 4)
    log.close()
    reply, socket = InputReader(tmp_path)
    assert b"Weight" in reply.data
    assert (socket.name, socket.data, socket.seq) == ("private", b"gone", 0)


def test_a_recorder_that_is_off_records_nothing(tmp_path: Path) -> None:
    log = InputLog("", 1, segment_bytes=0)
    log.timers(1, 2)
    log.frame("public", b"frame", 1, 2)
    log.request(b"token", b"frame", 1, 2)
    log.close()
    assert (log.on, log.count, list(tmp_path.iterdir())) == (False, 0, [])


def test_a_disk_that_takes_no_more_ends_the_recording_alone(tmp_path: Path) -> None:
    log = recorded(tmp_path / "inputs")
    log.timers(1, 2)
    for file in (tmp_path / "inputs").iterdir():
        file.rename(tmp_path / "moved")
    (tmp_path / "inputs").rmdir()
    for number in range(2000):
        log.timers(number, 2)
    assert not log.on
    assert 0 < log.count < 2000

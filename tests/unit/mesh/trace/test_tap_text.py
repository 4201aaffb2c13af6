"""Tap records as text."""

import json
import struct

import pytest

from core.frame import pack, unpack
from mesh.protocol.codec import encode
from mesh.trace.tap_text import TapLines
from mesh.transport.tap import TapRecord
from schemas.messages import TYPE_NUMBERS, BookDelta, Message, SnapshotAnswer, StatusRequest, Trade, TradingState
from schemas.streams import AGENT_STREAM, CONTROL_STREAM, REQUEST_STREAM, Kind, stream_id


def record(message: Message, number: int, stream: int, **times: int) -> TapRecord:
    frame = pack(stream=stream, type=number, sender=2, epoch=3, seq=4, **times, payload=encode(message))
    return TapRecord("O", "", 1, 1_700_000_000_123_456_789, 0, frame, unpack(frame), message)


TRADE = record(Trade(5, 6, 6000000, 12, 1, "77"), 1, stream_id(Kind.TRADE, 1, 12))


@pytest.mark.parametrize("stream", ["", "TRADE", "trade", "TRADE/1", "TRADE/1/12"])
def test_record_passes_the_names_that_its_stream_begins_with(stream: str) -> None:
    assert TapLines(stream).passes(TRADE)


@pytest.mark.parametrize("stream", ["BOOK", "TRADE/1/1", "TRADE/2", "CONTROL"])
def test_record_does_not_pass_other_names(stream: str) -> None:
    assert not TapLines(stream).passes(TRADE)


def test_what_agents_tell_of_themselves_has_a_name_to_ask_for() -> None:
    state = TradingState(2, "looks wrong", strategy="ema_cross")
    told = record(state, TYPE_NUMBERS[TradingState], AGENT_STREAM)
    assert TapLines("AGENT").passes(told)
    assert not TapLines("AGENT").passes(TRADE)
    line = TapLines().line(told)
    assert "TradingState" in line
    assert "AGENT/0/0" in line
    assert "mode=2 text=looks wrong reason=0 strategy=ema_cross" in line


def test_line_tells_time_direction_type_place_and_fields() -> None:
    line = TapLines(same_host=False).line(TRADE)
    assert line.split() == [
        "22:13:20.123456",
        "out",
        "*",
        "Trade",
        "TRADE/1/12",
        "3/4",
        "-",
        "ts_event_ns=5",
        "ts_recv_ns=6",
        "price_ticks=6000000",
        "qty_lots=12",
        "aggressor=1",
        "trade_id=77",
        "condition=0",
    ]


def test_json_shows_book_levels_as_price_and_quantity() -> None:
    bids = struct.pack("<4q", 6000000, 5, 5999990, 0)
    found = json.loads(TapLines().json(record(BookDelta(1, 2, 3, 4, bids, b""), 2, stream_id(Kind.BOOK, 1, 1))))
    assert found["stream"] == "BOOK/1/1"
    assert found["message"]["bids"] == [[6000000, 5], [5999990, 0]]
    assert found["message"]["asks"] == []
    assert (found["epoch"], found["seq"], found["type"], found["direction"]) == (3, 4, "BookDelta", "out")


def test_json_shows_when_the_tick_was_received_and_the_frame_received_decided_and_sent() -> None:
    times = {"origin_ns": 11, "recv_ns": 12, "decided_ns": 13, "send_ns": 14}
    found = json.loads(TapLines().json(record(StatusRequest(), 65, REQUEST_STREAM, **times)))
    assert {name: found[name] for name in times} == times


def test_json_shows_other_bytes_as_hexadecimal_digits() -> None:
    found = json.loads(TapLines().json(record(SnapshotAnswer(7, b"\x01\xff"), 64, REQUEST_STREAM)))
    assert found["message"] == {"stream": 7, "frame": "01ff", "last": [0, 0]}


def test_control_and_requests_have_names() -> None:
    assert TapLines("control").passes(record(StatusRequest(), 65, CONTROL_STREAM))
    assert TapLines("request").passes(record(StatusRequest(), 65, REQUEST_STREAM))


def test_bytes_that_are_no_frame_are_told_as_such() -> None:
    broken = TapRecord("I", "md", 1, 0, 0, b"abc", None, None)
    assert "3 bytes that are no frame" in TapLines().line(broken)

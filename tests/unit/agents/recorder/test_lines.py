"""The lines of a recording, read again by a decoder of JSON."""

import base64
import json

import pytest

from agents.recorder.lines import answer_line, close_line, connect_line, frame_line, head, header_line

NS = 1_764_518_400_000_000_042


@pytest.mark.parametrize("text", ['{"a":"b\\\\u0041"}', "", "pong", "\u20ac \U0001f600 \x00\x1f\u2028", '"' * 50])
def test_a_frame_comes_back_byte_for_byte(text):
    frame = text.encode()
    line = frame_line(head("recv", 'a"b'), NS, frame)
    assert line.startswith(b'{"t":"recv"')
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    found = json.loads(line)
    assert found["data"].encode() == frame
    assert found["conn"] == 'a"b'


def test_the_time_of_a_frame_is_in_seconds_to_the_nanosecond():
    assert b'"ts":1764518400.000000042,' in frame_line(head("recv", "m"), NS, b"{}")


def test_a_frame_that_is_no_text_is_kept_too():
    frame = b"\xff\xfe\x00{"
    found = json.loads(frame_line(head("recv", "m"), NS, frame))
    assert (found["t"], base64.b64decode(found["data"])) == ("binary", frame)


def test_other_lines_say_what_happened():
    header = json.loads(header_line(NS, "okx", "mine", ["public:trades"]))
    assert (header["t"], header["exchange"], header["venue"], header["streams"]) == (
        "header",
        "okx",
        "mine",
        ["public:trades"],
    )
    assert json.loads(connect_line(NS, "m", "ws://x"))["addr"] == "ws://x"
    assert json.loads(close_line(NS, "m", "why"))["data"] == "why"
    answer = json.loads(answer_line(NS, "http://x/depth?symbol=A", b'{"lastUpdateId":1}'))
    assert (answer["t"], answer["url"], answer["data"]) == ("http", "http://x/depth?symbol=A", '{"lastUpdateId":1}')

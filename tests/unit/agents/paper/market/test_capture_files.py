"""Capture files of either known format, plain or gzipped, and what is no capture."""

import gzip
from pathlib import Path

import pytest

from agents.paper.market.capture import Capture
from agents.paper.market.capture_files import CaptureFile
from agents.recorder.lines import connect_line, frame_line, head, header_line
from schemas.errors import CaptureError

FRAME = b'{"stream":"btcusdt@trade","data":{"t":1}}'
HFTBACKTEST = b"1700000000000001 " + FRAME + b'\n1700000000000002 {"lastUpdateId":7}\n'


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_frames_and_answers_come_with_their_times(tmp_path: Path, pack: type[bytes]) -> None:
    path = tmp_path / "capture"
    path.write_bytes(pack(HFTBACKTEST))
    capture = CaptureFile(path)
    lines = list(capture.lines())
    assert [line.ts_ns for line in lines] == [1_700_000_000_000_001_000, 1_700_000_000_000_002_000]
    assert [line.stream for line in lines] == ["btcusdt@trade", ""]
    assert [capture.data[line.start : line.end] for line in lines] == [FRAME, b'{"lastUpdateId":7}']


def test_a_line_without_a_time_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(HFTBACKTEST + b"later " + FRAME + b"\n")
    with pytest.raises(CaptureError, match=rf"byte {len(HFTBACKTEST)}: no receive time"):
        list(CaptureFile(path).lines())


@pytest.mark.parametrize(
    ("data", "told"), [(b"hello", "not a capture in a known format"), (b"\x1f\x8bxx", "cannot be read")]
)
def test_what_is_no_capture_is_refused_with_what_is_known(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "capture"
    path.write_bytes(data)
    with pytest.raises(CaptureError, match=told):
        CaptureFile(path)
    with pytest.raises(CaptureError, match="no such file"):
        CaptureFile(tmp_path / "none")


def test_a_recording_of_ours_begins_its_books_with_what_was_recorded_beside_the_stream(tmp_path: Path) -> None:
    def book(kind: str, update_id: int, bid: str) -> bytes:
        data = f'{{"s":"BTCUSDT","b":[["{bid}","1"]],"a":[["101","2"]],"u":{update_id},"seq":9}}'
        return f'{{"topic":"orderbook.50.BTCUSDT","ts":1,"type":"{kind}","data":{data}}}'.encode()

    lines = [
        header_line(1, "bybit", "v", []),
        connect_line(1, "spot", "ws://x/v5/public/spot"),
        frame_line(head("recv", "spot"), 10**18, book("delta", 11, "99")),
        connect_line(1, "spot*", "ws://x/v5/public/spot"),
        frame_line(head("snapshot", "spot*"), 10**18 + 1, book("snapshot", 12, "98")),
        frame_line(head("overlap", "spot"), 10**18 + 2, book("delta", 12, "97")),
        frame_line(head("recv", "spot"), 10**18 + 3, book("delta", 12, "97")),
    ]
    path = tmp_path / "recorded.jsonl"
    path.write_bytes(b"".join(lines))
    capture = Capture.open([str(path)])
    assert [event.frame for event in capture] == [book("delta", 11, "99"), book("delta", 12, "97")]
    assert capture.tick_count == 2
    seed = capture.books["spot/BTCUSDT"]
    assert (seed.last_update_id, seed.bids) == (12, [("98", "1")])
    # Where the stream begins with a whole book, that is where the book begins.
    path.write_bytes(
        b"".join([*lines[:2], frame_line(head("recv", "spot"), 10**18, book("snapshot", 1, "9")), *lines[3:]])
    )
    assert Capture.open([str(path)]).books == {}

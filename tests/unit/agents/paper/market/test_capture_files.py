"""Capture files of either known format, plain or gzipped, and what is no capture."""

import gzip
from pathlib import Path

import pytest

from agents.paper.market.capture_files import CaptureFile
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

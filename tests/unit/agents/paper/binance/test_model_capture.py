"""A capture made by the model: the same for the same seed, and as whole as a recorded one."""

from pathlib import Path

import pytest

from agents.paper.binance.model_capture import BEGIN_NS, make_capture
from agents.paper.market.capture import Capture
from mesh.run.default_config import MODEL_INSTRUMENTS
from schemas.config import InstrumentConfig
from schemas.errors import CaptureError

INSTRUMENTS = [
    InstrumentConfig(id=number, venue="paper", **each) for number, each in enumerate(MODEL_INSTRUMENTS, start=1)
]


def test_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.gz", "two.gz", "other.gz")]
    for file, seed in zip(files, (7, 7, 8), strict=True):
        make_capture(file, INSTRUMENTS, seed=seed, duration_s=2)
    first, second, other = (file.read_bytes() for file in files)
    assert first == second != other


def test_capture_holds_the_frames_of_its_time_and_books_that_join_them(tmp_path: Path) -> None:
    file = tmp_path / "model.gz"
    frames = make_capture(file, INSTRUMENTS, seed=7, duration_s=5)
    capture = Capture.open([str(file)])
    assert len(capture) == capture.tick_count == frames > 300
    assert capture.symbols == ("BTCUSDT", "ETHUSDT")
    assert {stream.kind for stream in capture.stream_table} == {"trade", "bookTicker", "depth"}
    times = [capture.ts_ns(index) for index in range(len(capture))]
    assert times == sorted(times)
    assert BEGIN_NS < times[0] < times[-1] <= BEGIN_NS + 5_000_000_000
    assert capture.notes == []
    assert {symbol: seed.last_update_id for symbol, seed in capture.books.items()} == {"BTCUSDT": 1, "ETHUSDT": 1}
    assert all(len(seed.bids) == len(seed.asks) == 20 for seed in capture.books.values())


def test_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"absent/model\.gz: cannot be written: No such file"):
        make_capture(tmp_path / "absent/model.gz", INSTRUMENTS, seed=7, duration_s=1)

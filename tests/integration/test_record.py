"""`tickmesh record` in front of the paper venue, as processes: each frame that was sent is in the files, once, in order and
byte for byte, over rotation and SIGKILL; and the files are played again."""

import os
from pathlib import Path

import pytest

from agents.paper.market.capture import Capture
from schemas.errors import ExitStatus
from tests.integration.recorder_process import Desk, files_end_at, lines_of
from tests.integration.whole_mesh import assert_nothing_lost, whole_mesh

SPOT = "raw/binance-spot/hftbacktest/btcusdt_20240808.gz"
FUTURES = "raw/binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz"
BYBIT = "raw/bybit/cryptofeed-v3/BYBIT_v5_BTC_DOGE.jsonl.gz"
OKX = "raw/okx/cryptofeed/2022-05-13_OKX.ws.1.0.gz"
captures = pytest.mark.parametrize(
    ("capture", "speed", "segment_mb"),
    [(SPOT, 100, 2), (FUTURES, 10, 0.1), (BYBIT, 10, 0.1), (OKX, 4, 0.03)],
    ids=["spot", "usdm", "bybit", "okx"],
)
FILES_MIN = 3
LONG = bool(os.environ.get("TICKMESH_LONG"))
played = pytest.mark.skipif(not LONG, reason="other recordings of these venues are played elsewhere: make endings")


@captures
def test_each_frame_is_recorded_once_over_rotation_and_a_kill(
    tmp_path: Path, data_dir: Path, capture: str, speed: float, segment_mb: float
) -> None:
    desk = Desk(tmp_path, [data_dir / capture], speed)
    with desk.venue():
        recorder = desk.recorder("--segment-mb", segment_mb)
        recorder.wait_for(len(desk.frames))
        recorder.kill()
        assert list(desk.out.glob("*.open"))
        again = desk.recorder("--duration", 0.5)
        assert again.process.wait(60) == ExitStatus.OK, again.said.read_text()
    files = desk.done()
    assert len(files) >= FILES_MIN
    recorded = list(desk.by_connection())
    assert sum(len(mine) for mine, _ in recorded) == len(desk.frames)
    for mine, sent in recorded:
        assert mine == sent
    # The last file is of the second start, which had no more than books to begin with.
    for path in files[1:-1]:
        alone = Capture.open([str(path)])
        assert alone.notes == []
        depths = {stream.symbol for stream in alone.stream_table if stream.kind == "depth" and stream.feed}
        assert depths <= set(alone.books)
        assert all(book.bids and book.asks for book in alone.books.values())
    whole = Capture.open([str(path) for path in files[:-1]])
    assert len(whole) == len(desk.frames)


def test_a_kill_in_the_middle_loses_only_what_came_before_the_next_start(tmp_path: Path, data_dir: Path) -> None:
    desk = Desk(tmp_path, [data_dir / SPOT], 50)
    with desk.venue():
        recorder = desk.recorder("--segment-mb", 1)
        recorder.wait_for(len(desk.frames) // 4)
        told = recorder.frames
        recorder.kill()
        again = desk.recorder("--segment-mb", 1)
        again.wait_for(len(desk.frames) // 4)
        assert again.end() == ExitStatus.OK
    ((mine, _),) = desk.by_connection()
    first = next(at for at, (one, other) in enumerate(zip(mine, desk.frames, strict=False)) if one != other)
    assert first >= told
    rest = mine[first:]
    begin = desk.frames.index(rest[0])
    assert rest == desk.frames[begin : begin + len(rest)]


def test_a_full_disk_ends_it_with_a_whole_line(tmp_path: Path, data_dir: Path) -> None:
    desk = Desk(tmp_path, [data_dir / SPOT], 100)
    with desk.venue():
        recorder = desk.recorder(prepare=files_end_at(500_000))
        assert recorder.process.wait(60) == ExitStatus.IO_ERROR
        assert "it ends after" in recorder.said.read_text()
        (left,) = desk.out.glob("*.open")
        assert left.read_bytes().endswith(b"}\n")
        again = desk.recorder("--duration", 0.5)
        assert again.process.wait(60) == ExitStatus.OK
    ((mine, _),) = desk.by_connection()
    assert mine[:1_000] == desk.frames[:1_000]


def test_two_cannot_record_to_one_folder(tmp_path: Path, data_dir: Path) -> None:
    desk = Desk(tmp_path, [data_dir / OKX], 1)
    with desk.venue():
        first = desk.recorder()
        first.wait_for(0)
        while not list(desk.out.glob("*.open")):
            assert first.process.poll() is None
        second = desk.recorder()
        assert second.process.wait(60) == ExitStatus.ALREADY_RUNNING
        assert first.end() == ExitStatus.OK


def test_only_what_is_asked_for_is_recorded(tmp_path: Path, data_dir: Path) -> None:
    desk = Desk(tmp_path, [data_dir / FUTURES], 10)
    with desk.venue():
        assert desk.recorder("--instrument", "NONE").process.wait(60) == ExitStatus.CONFIG
        recorder = desk.recorder("--instrument", "SUSHIUSDT")
        recorder.wait_for(100)
        assert recorder.end() == ExitStatus.OK
    (path,) = desk.done()
    header, *lines = lines_of(path)
    assert all(name.partition(":")[2].startswith("sushiusdt@") for name in header["streams"])
    assert {line["data"].split("@")[0] for line in lines if line["t"] == "recv"} == {'{"stream":"sushiusdt'}


@pytest.mark.whole_mesh
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("capture", "speed", "segment_mb", "from_file"),
    [
        pytest.param(FUTURES, 30, 0.2, 0, id="usdm"),
        pytest.param(BYBIT, 30, 0.2, 0, id="bybit", marks=played),
        pytest.param(OKX, 8, 0.2, 0, id="okx", marks=played),
        pytest.param(OKX, 8, 0.03, 1, id="okx-in-the-middle"),
    ],
)
def test_what_was_recorded_is_played_published_and_archived(
    tmp_path: Path, data_dir: Path, capture: str, speed: float, segment_mb: float, from_file: int
) -> None:
    desk = Desk(tmp_path, [data_dir / capture], speed)
    with desk.venue():
        recorder = desk.recorder("--segment-mb", segment_mb)
        recorder.wait_for(len(desk.frames))
        assert recorder.end() == ExitStatus.OK
    files = desk.done()[from_file:]
    options = [each for path in files for each in ("--capture", path)]
    with whole_mesh(tmp_path) as mesh:
        mesh.start(*options, "--speed", 15, "--json", "--state-dir", mesh.state)
        found = mesh.report(200)
    assert_nothing_lost(found)
    ticks = found["ticks"]
    assert (
        ticks["captured"]
        == ticks["published"]
        == ticks["archived"]
        == Capture.open(list(map(str, files))).tick_count
        > 0
    )

"""Captures: what is read of the recorded files, and what is refused."""

import gzip
import json
from pathlib import Path

import pytest

from agents.paper.market.capture import Capture
from schemas.errors import CaptureError
from tests.unit.agents.paper.paper_kit import depth, snapshot, trade, write_capture

SPOT_08 = "raw/binance-spot/hftbacktest/btcusdt_20240808.gz"
SPOT_09 = "raw/binance-spot/hftbacktest/btcusdt_20240809.gz"
USDM_04 = "raw/binance-usdm/hftbacktest/btcusdt_20230404.dat.gz"
USDM_CRYPTOFEED = "raw/binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz"
COINM_08 = "raw/binance-coinm/hftbacktest/btcusd_perp_20240808.gz"
COINM_CRYPTOFEED = "raw/binance-coinm/cryptofeed/2021-07-21_BINANCE_DELIVERY.ws.1.0.gz"
SPOT_CRYPTOFEED = "raw/binance-spot/cryptofeed/2021-04-05_BINANCE-b38f7c.0.gz"


def test_spot_hftbacktest_file_is_read_whole(data_dir: Path) -> None:
    capture = Capture.open([str(data_dir / SPOT_08)])
    assert capture.market == "binance-spot"
    assert capture.symbols == ("BTCUSDT",)
    assert set(capture.streams) == {"btcusdt@depth@100ms", "btcusdt@trade", "btcusdt@bookTicker"}
    assert len(capture) == capture.tick_count == 41_249 - 1
    assert capture.tick_size == {"BTCUSDT": "0.01"}
    assert capture.books["BTCUSDT"].last_update_id == 50_093_239_218
    assert not capture.notes


def test_frames_are_the_recorded_bytes(data_dir: Path) -> None:
    path = data_dir / USDM_04
    recorded = [
        line.split(b" ", 1)[1] for line in gzip.decompress(path.read_bytes()).splitlines() if b'"stream"' in line
    ]
    assert [event.frame for event in Capture.open([str(path)])] == recorded


def test_microseconds_and_nanoseconds_are_told_apart(data_dir: Path) -> None:
    assert Capture.open([str(data_dir / USDM_04)]).ts_ns(0) == 1_680_652_700_423_575_000
    assert Capture.open([str(data_dir / SPOT_08)]).ts_ns(0) == 1_723_161_253_937_085_768


def test_cryptofeed_uses_its_companions(data_dir: Path) -> None:
    capture = Capture.open([str(data_dir / USDM_CRYPTOFEED)])
    assert capture.market == "binance-usdm"
    assert len(capture) == 1_535
    assert capture.tick_count == 1_535 - 67
    assert {symbol: book.last_update_id for symbol, book in capture.books.items()} == {
        "SUSHIUSDT": 600859605926,
        "AKROUSDT": 600859605486,
        "KEEPUSDT": 600859619434,
        "CTKUSDT": 600859618836,
    }


def test_old_orders_at_finer_prices_than_the_stated_unit_are_held(data_dir: Path) -> None:
    """The recorded exchangeInfo states 0.00100 for CTKUSDT, the recorded snapshot has a bid at 0.50579."""
    assert Capture.open([str(data_dir / USDM_CRYPTOFEED)]).tick_size == {
        "SUSHIUSDT": "0.001",
        "AKROUSDT": "0.00001",
        "KEEPUSDT": "0.0001",
        "CTKUSDT": "0.00001",
    }


def test_combined_cryptofeed_file_holds_ten_books(data_dir: Path) -> None:
    capture = Capture.open([str(data_dir / SPOT_CRYPTOFEED)])
    assert (len(capture), len(capture.symbols), len(capture.books)) == (11_357, 10, 10)
    assert all(book.bids and book.asks for book in capture.books.values())


def test_capture_without_snapshot_continues_the_day_before(data_dir: Path) -> None:
    book = Capture.open([str(data_dir / SPOT_09)]).books["BTCUSDT"]
    assert book.last_update_id == 50_093_421_585 - 1
    assert book.bids


def test_capture_without_any_snapshot_begins_empty_and_says_so(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "btcusdt_2.gz", [(0, depth(5, 6, [["10.5", "1"]], []))])
    capture = Capture.open([path])
    assert capture.books["BTCUSDT"].bids == []
    assert "begins empty" in capture.notes[0]


def test_earlier_capture_that_does_not_join_is_not_used(tmp_path: Path) -> None:
    write_capture(tmp_path / "b_1", [(0, snapshot(3, [["10", "1"]], [])), (1, depth(4, 4, [["9", "1"]], []))])
    path = write_capture(tmp_path / "b_2", [(9, depth(6, 6, [["8", "1"]], []))])
    assert Capture.open([path]).books["BTCUSDT"].last_update_id == 0
    path = write_capture(tmp_path / "b_3", [(9, depth(5, 6, [["8", "1"]], []))])
    assert sorted(Capture.open([path]).books["BTCUSDT"].bids) == [("10", "1"), ("9", "1")]


def test_snapshot_joins_by_the_buffered_updates(tmp_path: Path) -> None:
    lines = [
        (0, depth(1, 2, [["9", "7"]], [])),
        (1, snapshot(3, [["10", "1"]], [["11", "2"]])),
        (2, depth(3, 5, [["10", "4"]], [])),
    ]
    book = Capture.open([write_capture(tmp_path / "c", lines)]).books["BTCUSDT"]
    assert (book.last_update_id, book.bids) == (3, [("10", "1")])


def test_coinm_is_told_by_its_symbols(data_dir: Path) -> None:
    capture = Capture.open([str(data_dir / COINM_08)])
    assert (capture.market, capture.symbols) == ("binance-coinm", ("BTCUSD_PERP",))
    assert len(capture) == capture.tick_count == 48_270 - 1
    assert not capture.notes
    assert (capture.tick_size, capture.lot_size) == ({"BTCUSD_PERP": "0.1"}, {"BTCUSD_PERP": "1"})


def test_coinm_cryptofeed_file_holds_ten_contracts(data_dir: Path) -> None:
    capture = Capture.open([str(data_dir / COINM_CRYPTOFEED)])
    assert (capture.market, len(capture), len(capture.symbols)) == ("binance-coinm", 4_371, 10)
    assert all(book.bids and book.asks for book in capture.books.values())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello\n", "known format"),
        (b"\x1f\x8b\x08broken", "cannot be read"),
        (b'1700000000000000000 {"result":null}\n', "holds no frames"),
    ],
)
def test_what_is_not_a_capture_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "what.gz"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=r"what\.gz") as caught:
        Capture.open([str(path)])
    assert said in str(caught.value)
    assert "hftbacktest" in str(caught.value)


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"nope\.gz: no such file"):
        Capture.open([str(tmp_path / "nope.gz")])


def test_markets_are_not_mixed(tmp_path: Path) -> None:
    spot = write_capture(tmp_path / "spot", [(0, trade(1, "1.5", "1", buyer_maker=True))])
    futures = json.loads(json.dumps(depth(1, 2, [], [])))
    futures["data"]["pu"] = 0
    usdm = write_capture(tmp_path / "usdm", [(0, futures)])
    with pytest.raises(CaptureError, match="different markets"):
        Capture.open([spot, usdm])

"""What captures say of themselves before they are played, against the manifest of the recorded data."""

from pathlib import Path

import pytest

from agents.paper.binance.recorded_frames import base_and_quote
from agents.paper.market.capture_summary import describe
from schemas.errors import CaptureError


@pytest.mark.parametrize(
    ("symbol", "assets"),
    [
        ("BTCUSDT", ("BTC", "USDT")),
        ("BTCSTUSDT", ("BTCST", "USDT")),
        ("RENBTCETH", ("RENBTC", "ETH")),
        ("AXSBNB", ("AXS", "BNB")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("ABCXYZ", ("ABC", "XYZ")),
    ],
)
def test_symbol_is_split_at_its_quote_asset(symbol: str, assets: tuple[str, str]) -> None:
    assert base_and_quote(symbol) == assets


def test_spot_capture_of_ten_symbols(data_dir: Path) -> None:
    found = describe([str(data_dir / "raw/binance-spot/cryptofeed/2021-04-05_BINANCE-b38f7c.0.gz")])
    assert found["market"] == "binance-spot"
    assert found["ticks"] == 11_357
    assert found["duration_s"] == pytest.approx(119, abs=0.5)
    assert len(found["instruments"]) == 10
    traded = next(each for each in found["instruments"] if each["symbol"] == "ZILUSDT")
    assert sorted(traded["feeds"]) == ["aggTrade", "bookTicker", "depth@100ms"]


def test_klines_of_a_futures_capture_are_no_feeds(data_dir: Path) -> None:
    found = describe([str(data_dir / "raw/binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz")])
    assert found["market"] == "binance-usdm"
    assert {each["symbol"] for each in found["instruments"]} == {"SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"}
    assert not any("kline" in feed for each in found["instruments"] for feed in each["feeds"])


def test_missing_capture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"nothing\.gz"):
        describe([str(tmp_path / "nothing.gz")])

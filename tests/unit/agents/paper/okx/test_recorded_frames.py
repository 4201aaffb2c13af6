"""Recorded frames of OKX: channels, what is followed, and the listings beside a capture."""

from pathlib import Path

import pytest

from agents.paper.market.capture import Capture
from agents.paper.market.capture_summary import describe
from agents.paper.okx.instrument_names import category_of
from agents.paper.okx.recorded_frames import OkxFrames

CAPTURE_2021 = "raw/okx/cryptofeed/2021-07-22_OKEX.ws.1.0.gz"
CAPTURE_2022 = "raw/okx/cryptofeed/2022-05-13_OKX.ws.1.0.gz"


@pytest.mark.parametrize(
    ("symbol", "category"),
    [
        ("BTC-USDT", "spot"),
        ("BTC-USDT-SWAP", "linear"),
        ("BTC-USD-SWAP", ""),
        ("BTC-USDT-220325", ""),
        ("BTC-USD-220304-32000-P", ""),
    ],
)
def test_spot_and_linear_swaps_are_followed(symbol: str, category: str) -> None:
    assert category_of(symbol) == category


def test_what_cannot_be_followed_is_told_and_holds_no_ticks(data_dir: Path) -> None:
    found = describe([str(data_dir / CAPTURE_2021)])
    assert [each["symbol"] for each in found["instruments"] if each["category"] == "linear"] == ["XMR-USDT-SWAP"]
    assert "FUN-BTC: prices or quantities of more than eight decimals" in found["notes"]
    assert any("BTC-USD-210924-66000-C" in note for note in found["notes"])
    capture = Capture.open([str(data_dir / CAPTURE_2021)])
    assert capture.tick_count == found["ticks"] == sum(event.ticks for event in capture)
    assert {event.symbol for event in capture if event.ticks} == {each["symbol"] for each in found["instruments"]}


def test_what_a_contract_is_comes_from_the_listing_beside_the_capture(data_dir: Path) -> None:
    swap = next(
        each for each in describe([str(data_dir / CAPTURE_2021)])["instruments"] if each["category"] == "linear"
    )
    assert (swap["contract_size"], swap["lot_size"]) == ("0.1", "1")
    (spot,) = describe([str(data_dir / CAPTURE_2022)])["instruments"]
    assert (spot["symbol"], spot["tick_size"], spot["lot_size"]) == ("BTC-USDT", "0.1", "0.00000001")


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[]}', "books:BTC-USDT"),
        (
            b'{"arg":{"channel":"mark-price","instType":"SWAP","instId":"X-USDT-SWAP"},"data":[]}',
            "mark-price:X-USDT-SWAP",
        ),
        (b'{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}', ""),
        (b"pong", ""),
    ],
)
def test_an_acknowledgement_is_of_no_stream(frame: bytes, name: str) -> None:
    assert OkxFrames().stream_name(frame, "") == name

"""The checksum of a book, against those that the venue sent and its own worked example."""

import json
import zlib

from agents.venues.okx.checksum import LEVELS_MAX, levels_checksum
from core.decimals import Scale, pack_levels

PRICE, QTY = Scale("0.1"), Scale("0.00000001")


def signed(text: str) -> int:
    number = zlib.crc32(text.encode())
    return number - 2**32 if number >= 2**31 else number


def checksum(bids, asks, price=PRICE, qty=QTY):
    return levels_checksum(pack_levels(bids, price, qty), pack_levels(asks, price, qty), price, qty)


def test_a_recorded_snapshot_has_the_checksum_that_came_with_it(data_dir):
    path = data_dir / "raw" / "okx" / "gocryptotrader" / "books_snapshot_with_checksum.json"
    (data,) = json.loads(path.read_text())["data"]
    assert data["checksum"] == -1462286744
    assert len(data["bids"]) > LEVELS_MAX
    assert checksum(data["bids"], data["asks"], Scale("0.00000001")) == -1462286744


def test_sides_alternate_and_the_longer_one_goes_on_alone():
    # The text of the venue's own example (order book channel, checksum).
    bids, asks = [["3366.1", "7"]], [["3366.8", "9"], ["3368", "8"], ["3372", "8"]]
    text = "3366.1:7:3366.8:9:3368:8:3372:8"
    assert checksum(bids, asks) == signed(text)
    assert checksum(asks, bids) == signed("3366.8:9:3366.1:7:3368:8:3372:8")


def test_only_the_best_25_of_a_side_count():
    levels = [[str(100 - i), "1"] for i in range(30)]
    assert checksum(levels, []) == signed(":".join(f"{100 - i}:1" for i in range(25)))


def test_an_empty_book_has_the_checksum_of_no_text():
    assert checksum([], []) == signed("") == 0


def test_numbers_are_written_without_zeros_that_do_not_count():
    assert checksum([["0.5", "0.00000010"]], []) == signed("0.5:0.0000001")
    assert checksum([["10", "1234567.00000001"]], []) == signed("10:1234567.00000001")
    wide = Scale("0.000000000000000001")
    assert checksum([["4.5", "1.000000000000000001"]], [], wide, wide) == signed("4.5:1.000000000000000001")
    assert checksum([["4611686018427387000", "1"]], [], Scale("1000")) == signed("4611686018427387000:1")

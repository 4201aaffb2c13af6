"""Order books and logs that people use instead: bmoscon's order-book, sortedcontainers, and plain Python."""

import importlib.util
import json
import os
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np

from bench.workloads import Change, changes, depth_frame, starting_levels

Case = tuple[Callable[[], object], int]


def cases(n: int, skip: Callable[[str], None]) -> dict[str, Case]:
    """Return the books that are installed, level by level with the best bid and ask read after each."""
    made = changes(n // 10 or 1)
    found: dict[str, Case] = {}
    for name, module, make in (
        ("book_call_order_book", "order_book", _order_book),
        ("book_call_sortedcontainers", "sortedcontainers", _sorted),
    ):
        if importlib.util.find_spec(module) is None:
            skip(f"{name}: {module} is not installed (requirements-bench.txt has it)")
        else:
            found[name] = (make(made), len(made))
    return found


def _order_book(made: list[Change]) -> Callable[[], object]:
    from order_book import OrderBook

    book = OrderBook()
    for side, price, qty in starting_levels():
        (book.bids if side > 0 else book.asks)[price] = qty

    def run() -> object:
        top = None
        for side, price, qty in made:
            half = book.bids if side > 0 else book.asks
            if qty:
                half[price] = qty
            elif price in half:
                del half[price]
            top = book.bids.index(0), book.asks.index(0)
        return top

    return run


def _sorted(made: list[Change]) -> Callable[[], object]:
    from sortedcontainers import SortedDict

    bids, asks = SortedDict(), SortedDict()
    for side, price, qty in starting_levels():
        (bids if side > 0 else asks)[price] = qty

    def run() -> object:
        top = None
        for side, price, qty in made:
            half = bids if side > 0 else asks
            if qty:
                half[price] = qty
            else:
                half.pop(price, None)
            top = bids.peekitem(-1), asks.peekitem(0)
        return top

    return run


def depth_case(n: int, levels: int) -> Case:
    """Return a depth frame into a book of dicts, by the standard library's JSON and Decimal: what a first version does."""
    texts = [depth_frame("BTCUSDT", levels, number) for number in range(1, max(2, n // (20 * levels)))]
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}

    def run() -> None:
        for text in texts:
            data = json.loads(text)["data"]
            for half, rows in ((bids, data["b"]), (asks, data["a"])):
                for price, qty in rows:
                    half[Decimal(price)] = Decimal(qty)

    return run, len(texts) * levels * 2


def plain_log(
    path: Path, made: list[bytes], each: Callable[[list[bytes], Callable[[bytes], object]], np.ndarray]
) -> np.ndarray:
    """Return the times of appends with `os.write` and zlib's CRC, not synced: safe against a killed process only."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append(frame: bytes) -> None:
        os.write(file, len(frame).to_bytes(4, "little") + zlib.crc32(frame).to_bytes(4, "little") + frame)

    try:
        return each(made, append)
    finally:
        os.close(file)

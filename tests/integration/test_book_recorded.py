"""The book built from recorded Binance diffs against the best prices that Binance sent beside them.

Both streams carry the venue's update id. After every diff whose last id a bookTicker carries too, price and quantity
on both sides must be equal.

Spot quantities are counted in 0.00000001, not in the symbol's lot of 0.00001: orders that rest since a lot was finer
are still in the book (25.42618900 in the capture of 2024-08-09).
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.book import OrderBook
from core.decimals import Scale, pack_levels

Levels = list[tuple[str, str]]
Top = tuple[str, str, str, str]


class Snapshot(msgspec.Struct):
    """REST `depth`: the whole book up to `lastUpdateId`."""

    lastUpdateId: int
    bids: Levels
    asks: Levels


class Diff(msgspec.Struct):
    """`depthUpdate`: changes of the updates `U` to `u`; `pu` is the `u` before (futures only)."""

    U: int
    u: int
    b: Levels
    a: Levels
    pu: int = 0


class Ticker(msgspec.Struct):
    """`bookTicker`: best prices and quantities after update `u`."""

    u: int
    b: str
    B: str
    a: str
    A: str


class Event(msgspec.Struct):
    """A combined-stream frame, or a REST answer when `stream` is empty."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()


def events(paths: list[Path]) -> Iterator[Snapshot | Diff | Ticker]:
    """Yield what the captures hold about the book, in the order of receipt."""
    for path in paths:
        with gzip.open(path) as lines:
            for line in lines:
                text = line.split(b" ", 1)[1]
                event = msgspec.json.decode(text, type=Event)
                if not event.stream:
                    yield msgspec.json.decode(text, type=Snapshot)
                elif "@depth" in event.stream:
                    yield msgspec.json.decode(event.data, type=Diff)
                elif "@bookTicker" in event.stream:
                    yield msgspec.json.decode(event.data, type=Ticker)


def books(paths: list[Path], book: OrderBook, price: Scale, qty: Scale) -> Iterator[int]:
    """Synchronise `book` by the venue's rules and yield the update id after every diff applied."""
    early: list[Diff] = []
    last = 0
    for event in events(paths):
        if isinstance(event, Snapshot):
            book.replace(pack_levels(event.bids, price, qty), pack_levels(event.asks, price, qty))
            last = event.lastUpdateId
        elif isinstance(event, Diff):
            early.append(event)
        while last and early:
            diff = early.pop(0)
            if diff.u > last:
                assert last + 1 >= diff.U or diff.pu == last, f"update {diff.u} does not follow {last}"
                book.apply(pack_levels(diff.b, price, qty), pack_levels(diff.a, price, qty))
                last = diff.u
                yield last


@pytest.mark.parametrize("window_ticks", [64, 32768])
@pytest.mark.parametrize(
    ("folder", "names", "tick", "lot", "compared"),
    [
        ("binance-spot", ["btcusdt_20240808.gz", "btcusdt_20240809.gz"], "0.01", "0.00000001", 1072),
        ("binance-usdm", ["btcusdt_20230404.dat.gz", "btcusdt_20230405.dat.gz"], "0.10", "0.001", 1565),
    ],
)
def test_best_prices_equal_the_venues_own(
    data_dir: Path, folder: str, names: list[str], tick: str, lot: str, compared: int, window_ticks: int
) -> None:
    paths = [data_dir / "raw" / folder / "hftbacktest" / name for name in names]
    price, qty, book = Scale(tick), Scale(lot), OrderBook(window_ticks)
    tickers = {t.u: t for t in events(paths) if isinstance(t, Ticker)}
    equal, different = 0, []
    for update_id in books(paths, book, price, qty):
        assert not book.crossed
        if (ticker := tickers.get(update_id)) is None:
            continue
        ours = (book.best_bid, book.best_bid_qty, book.best_ask, book.best_ask_qty)
        theirs = (price.parse(ticker.b), qty.parse(ticker.B), price.parse(ticker.a), qty.parse(ticker.A))
        if ours == theirs:
            equal += 1
        else:
            different.append((update_id, ours, theirs))
    assert (equal, different) == (compared, [])

"""The book with which a recorded symbol begins, so that the first recorded update can be applied.

The rule is Binance's for a local book: a snapshot with `lastUpdateId` L joins the update that has U <= L + 1 <= u
(spot) or U <= L <= u (USDT-M); updates up to L are dropped. The snapshot recorded inside the capture is used from the
start, though it was taken a moment later: updates that it already holds are then skipped. Where a capture has none,
an earlier capture of the same stem in the same folder is played to its end if its last update id joins (spot: U = u +
1; USDT-M: pu = u), and so on backwards. If nothing joins, the book begins empty and a note says so.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from agents.paper.market.recorded_venue import BookSeed, Levels, Opener, RecordedFrames, RestSnapshot
from schemas.errors import CaptureError


class RecordedDepth(msgspec.Struct, gc=False):
    """The data of one depth frame, spot or USDT-M (`pu`: the last update id of the frame before)."""

    U: int
    u: int
    b: Levels
    a: Levels
    pu: int = -1
    E: int = 0
    T: int = 0


class DepthFrame(msgspec.Struct, gc=False):
    """One combined-stream depth frame."""

    data: RecordedDepth


class _RestBody(msgspec.Struct):
    lastUpdateId: int
    bids: Levels
    asks: Levels


_decoder = msgspec.json.Decoder(DepthFrame)
_rest = msgspec.json.Decoder(_RestBody)


def rest_snapshot(symbol: str, body: bytes, where: str) -> RestSnapshot:
    """Return the book in the body of a depth answer; CaptureError that names its place if it is none."""
    try:
        found = _rest.decode(body)
    except msgspec.MsgspecError as error:
        raise CaptureError(f"{where}: neither a frame nor a depth snapshot: {error}") from error
    return RestSnapshot(symbol, found.lastUpdateId, found.bids, found.asks)


def decode_depth(frame: bytes) -> RecordedDepth:
    """Return the update in a combined-stream depth frame; raises CaptureError if it is none."""
    try:
        return _decoder.decode(frame).data
    except msgspec.MsgspecError as error:
        raise CaptureError(f"a recorded depth frame does not decode: {error}: {frame[:80]!r}") from error


def joins(last_update_id: int, update: RecordedDepth) -> bool:
    """Return whether `update` is the first to apply to a book as of `last_update_id`."""
    if update.pu >= 0:
        return update.pu == last_update_id or update.U <= last_update_id <= update.u
    return update.U <= last_update_id + 1 <= update.u


def seed_books(capture: RecordedFrames, paths: Sequence[Path], opener: Opener) -> tuple[dict[str, BookSeed], list[str]]:
    """Return the starting book of every symbol that has depth frames, and notes on those that begin empty."""
    books: dict[str, BookSeed] = {}
    notes: list[str] = []
    for symbol in dict.fromkeys(frame.symbol for frame in capture if frame.kind == "depth"):
        seed = _recorded_seed(capture, symbol) or _earlier_seed(capture, symbol, paths, opener)
        if seed is None:
            notes.append(f"{symbol}: no REST snapshot joins its first update; the book begins empty")
        books[symbol] = seed or BookSeed(0, [], [])
    return books, notes


def _recorded_seed(capture: RecordedFrames, symbol: str) -> BookSeed | None:
    updates = None
    for _, snapshot in capture.snapshots:
        if snapshot.symbol != symbol:
            continue
        updates = updates or list(_update_ids(capture, symbol))
        if any(joins(snapshot.last_update_id, update) for update in updates):
            return BookSeed(snapshot.last_update_id, snapshot.bids, snapshot.asks)
    return None


def _update_ids(capture: RecordedFrames, symbol: str) -> Iterator[RecordedDepth]:
    for event in capture:
        if event.kind == "depth" and event.symbol == symbol:
            yield decode_depth(event.frame)


def _earlier_seed(capture: RecordedFrames, symbol: str, paths: Sequence[Path], opener: Opener) -> BookSeed | None:
    """Play the nearest earlier capture of the same stem whose end joins this one's first update."""
    first = next(_update_ids(capture, symbol))
    for path in paths:
        for earlier in _earlier_paths(path):
            played = _played(opener([str(earlier)]), symbol)
            if played.last_update_id and joins(played.last_update_id, first):
                return played
    return None


def _earlier_paths(path: Path) -> list[Path]:
    pattern = re.compile(re.sub(r"[0-9]+", "[0-9]+", re.escape(path.name)))
    names = (p for p in path.parent.iterdir() if p.name < path.name and pattern.fullmatch(p.name))
    return sorted(names, reverse=True)


def _played(capture: RecordedFrames, symbol: str) -> BookSeed:
    """Return the book of `symbol` at the end of `capture`."""
    seed = capture.books.get(symbol, BookSeed(0, [], []))
    last, bids, asks = seed.last_update_id, dict(seed.bids), dict(seed.asks)
    for update in _update_ids(capture, symbol):
        if update.u > last:
            _set_levels(bids, update.b)
            _set_levels(asks, update.a)
            last = update.u
    return BookSeed(last, list(bids.items()), list(asks.items()))


def _set_levels(side: dict[str, str], levels: Levels) -> None:
    for price, qty in levels:
        if qty.strip("0."):
            side[price] = qty
        else:
            side.pop(price, None)

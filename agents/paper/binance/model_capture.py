"""A capture of the order-flow model: what the model would send, written to a file as if it had been recorded.

For whoever has no recorded session at hand, and for tests that need one which is the same everywhere: the same seed gives
the same file, byte for byte. Its form is cryptofeed's (`agents.paper.market.capture_files`): first a REST answer with the
starting book of each symbol, then every frame with its time. Time begins at a fixed moment and is the model's own.
"""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from agents.paper.binance.market_writer import SpotWriter
from agents.paper.market.market import Match
from agents.paper.market.model import ModelMarket
from agents.paper.money import Listing
from agents.paper.orders import VenueOrder
from schemas.config import InstrumentConfig
from schemas.errors import CaptureError
from schemas.units import SECOND

BEGIN_NS = 1_700_000_000_000_000_000
SNAPSHOT_LEVELS = 1000
SNAPSHOT_URL = "https://api.binance.com/api/v3/depth?symbol={symbol}&limit={limit}"


class _Frames:
    """Takes what the market sends; nobody trades there, so nobody's orders are filled."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def market_frame(self, stream: str, ticks: int, frame: bytes) -> None:
        self.sent.append(frame)

    def maker_fill(self, order: VenueOrder, match: Match) -> None:
        raise AssertionError("no order rests in a market that is only recorded")


def make_capture(path: Path, instruments: Sequence[InstrumentConfig], *, seed: int, duration_s: float) -> int:
    """Write `duration_s` of the model's markets of `instruments` to `path`, gzipped; return the number of frames.

    Raises:
        CaptureError: If the file cannot be written.
    """
    frames = 0
    try:
        # Without name and time in its head the file depends on nothing but the arguments.
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
            for line, is_frame in _lines(instruments, seed, duration_s):
                file.write(line)
                frames += is_frame
    except OSError as error:
        raise CaptureError(f"{path}: cannot be written: {error.strerror}") from error
    return frames


def _lines(instruments: Sequence[InstrumentConfig], seed: int, duration_s: float) -> Iterator[tuple[bytes, bool]]:
    """Yield the lines of the file, and whether each is a frame."""
    found = _Frames()
    listings = {each.symbol: Listing.of(each) for each in instruments}
    market = ModelMarket(listings, seed=seed, speed=1.0, prices={}, listener=found, writer=SpotWriter())
    end_ns = BEGIN_NS + int(duration_s * SECOND)
    market.start(BEGIN_NS)
    for symbol in listings:
        view = market.depth(symbol, SNAPSHOT_LEVELS)
        body = msgspec.json.encode({"lastUpdateId": view.last_update_id, "bids": view.bids, "asks": view.asks})
        url = SNAPSHOT_URL.format(symbol=symbol, limit=SNAPSHOT_LEVELS)
        yield b"%b -> %b: %b\n" % (url.encode(), _seconds(BEGIN_NS), body), False
    due_ns = market.advance(BEGIN_NS, 0)
    while due_ns <= end_ns:
        now_ns, due_ns = due_ns, market.advance(due_ns, 1)
        for frame in found.sent:
            yield b"%b: %b\n" % (_seconds(now_ns), frame), True
        found.sent.clear()


def _seconds(time_ns: int) -> bytes:
    seconds, rest = divmod(time_ns, SECOND)
    return b"%d.%09d" % (seconds, rest)

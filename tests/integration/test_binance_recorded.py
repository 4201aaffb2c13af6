"""All of Binance's captures: every frame is accounted for by its kind, and books equal the tickers that were recorded."""

from collections import Counter, defaultdict

import pytest

from schemas.figures import TickFigures
from tests.integration.binance_captures import CAPTURES, Desk, config_of, lines_of, stream_of

FEEDS = ("trade", "aggTrade", "depth", "bookTicker", "markPrice")
TYPES = {
    "trade": "Trade",
    "aggTrade": "Trade",
    "depth": "BookDelta",
    "bookTicker": "Quote",
    "markPrice": "MarkPrice",
}
COMPARED = {
    "spot 2021": 1_152,
    "spot 2024": 1_072,
    "usdm 2021": 50,
    "usdm 2023": 1_565,
    "usdm 2024": 625,
    "coinm 2021": 211,
    "coinm 2024": 1_885,
}
"""At how many update ids there are both a book and a ticker."""


@pytest.mark.parametrize("name", CAPTURES)
def test_frames_in_are_frames_accounted_for_and_books_equal_the_ticker(data_dir, name):
    capture = CAPTURES[name]
    lines = list(lines_of(data_dir, capture))
    frames, feeds = Counter(), defaultdict(set)
    for line in lines:
        if not line.symbol:
            symbol, feed = stream_of(line.body)
            kind = feed.partition("@")[0]
            frames[kind] += 1
            if kind in FEEDS:
                feeds[symbol].add(feed)
    desk = Desk(config_of(capture.kind, feeds))
    for line in lines:
        if line.symbol:
            desk.snapshot(line.symbol, line.body)
        else:
            desk.take("market", line.body)
    known = Counter()
    for kind, count in frames.items():
        known[TYPES.get(kind, "other")] += count
    others = known.pop("other", 0)
    assert {name: desk.ctx.types[name] for name in known} == known
    # Updates that a snapshot holds already, which came later than they were made.
    assert desk.ctx.counters.pop("depth_old", 0) == 0 or capture.symbol == ""
    assert desk.ctx.counters == ({"venue_frame_other": others} if others else {})
    figures = desk.agent.figures()
    assert figures.ticks == TickFigures(received=known.total(), published=known.total())
    books = figures.books
    assert [book.instrument for book in books if not book.levels] == []
    assert sum(book.compared for book in books) == sum(book.equal for book in books) == COMPARED[name]

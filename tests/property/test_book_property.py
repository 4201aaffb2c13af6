"""`core.book` against two dicts: every read is compared after every step.

The windows are small and the prices jump, so that levels pass in and out of the window all the time.
"""

import random
import struct
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.book import ASK, BID, OrderBook

Level = tuple[int, int]
Step = tuple[str, list[Level], list[Level]]

COUNT_MAX = 2**62
ANCHORS = [1, 64, 4_000, 5_000, 300_000, 2**31, 2**40, COUNT_MAX - 4_200, COUNT_MAX]

prices = st.builds(
    lambda anchor, offset: min(max(anchor + offset, 1), COUNT_MAX),
    st.sampled_from(ANCHORS),
    st.one_of(st.integers(-3, 3), st.integers(-70, 70), st.integers(-5_000, 5_000)),
)
lots = st.one_of(st.just(0), st.integers(1, 5), st.integers(0, COUNT_MAX))
levels = st.lists(st.tuples(prices, lots), max_size=12)
steps = st.tuples(st.sampled_from(["apply"] * 6 + ["update", "update", "replace", "clear"]), levels, levels)
windows = st.sampled_from([64, 128, 4_096, 4_160, 32_768, 262_144])


class NaiveBook:
    """The obvious book: a dict per side, sorted at every read."""

    def __init__(self) -> None:
        self.sides: dict[int, dict[int, int]] = {BID: {}, ASK: {}}

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        for side, changes in ((BID, bids), (ASK, asks)):
            for price, qty in changes:
                if qty:
                    self.sides[side][price] = qty
                else:
                    self.sides[side].pop(price, None)

    def clear(self) -> None:
        self.sides = {BID: {}, ASK: {}}

    def depth(self, side: int) -> list[Level]:
        return sorted(self.sides[side].items(), reverse=side == BID)

    def volume_to_price(self, side: int, limit: int) -> int:
        return sum(qty for price, qty in self.sides[side].items() if (price - limit) * side >= 0)

    def price_for_volume(self, side: int, wanted: int) -> int:
        for price, qty in self.depth(side):
            wanted -= qty
            if wanted <= 0:
                return price
        return 0

    def imbalance(self, count: int) -> float:
        bid, ask = (sum(qty for _, qty in self.depth(side)[:count]) for side in (BID, ASK))
        return (bid - ask) / (bid + ask) if bid + ask else 0.0


def pack(changes: Iterable[Level]) -> bytes:
    return b"".join(struct.pack("<qq", price, qty) for price, qty in changes)


def take(book: OrderBook, naive: NaiveBook, step: Step) -> None:
    """Do one step to both books."""
    kind, bids, asks = step
    if kind == "clear":
        book.clear()
        naive.clear()
        return
    if kind == "replace":
        book.replace(pack(bids), pack(asks))
        naive.clear()
    elif kind == "apply":
        assert book.apply(pack(bids), pack(asks)) == len(bids) + len(asks)
    else:
        for side, changes in ((BID, bids), (ASK, asks)):
            for price, qty in changes:
                book.update(side, price, qty)
    naive.apply(bids, asks)


def compare(book: OrderBook, naive: NaiveBook, probes: Iterable[int]) -> None:
    """Compare every read of the two books; `probes` are prices to ask about besides those in the book."""
    bids, asks = naive.depth(BID), naive.depth(ASK)
    assert (book.bid_levels, book.ask_levels) == (len(bids), len(asks))
    assert (book.best_bid, book.best_bid_qty) == (bids[0] if bids else (0, 0))
    assert (book.best_ask, book.best_ask_qty) == (asks[0] if asks else (0, 0))
    assert book.crossed is bool(bids and asks and bids[0][0] >= asks[0][0])
    assert book.snapshot() == (pack(bids), pack(asks))
    assert book.snapshot(2) == (pack(bids[:2]), pack(asks[:2]))
    for count in (1, 3):
        assert book.imbalance(count) == pytest.approx(naive.imbalance(count), rel=1e-9, abs=1e-15)
    for side, expected in ((BID, bids), (ASK, asks)):
        compare_side(book, naive, side, expected, probes)


def compare_side(book: OrderBook, naive: NaiveBook, side: int, expected: list[Level], probes: Iterable[int]) -> None:
    assert book.depth(side, 0) == expected
    assert book.depth(side, 3) == expected[:3]
    for price in {*probes, *naive.sides[side]}:
        assert book.qty_at(side, price) == naive.sides[side].get(price, 0)
        assert book.volume_to_price(side, price) == naive.volume_to_price(side, price)
    total = naive.volume_to_price(side, 1 if side == BID else COUNT_MAX)
    for wanted in {1, total // 2, total, total + 1, *(qty for _, qty in expected[:3])}:
        if 0 < wanted < 2**63:
            assert book.price_for_volume(side, wanted) == naive.price_for_volume(side, wanted)


@given(window=windows, plan=st.lists(steps, max_size=12))
@settings(deadline=None)
def test_every_read_equals_the_naive_book_after_every_step(window: int, plan: list[Step]) -> None:
    book, naive = OrderBook(window), NaiveBook()
    for step in plan:
        take(book, naive, step)
        compare(book, naive, [price for price, _ in step[1] + step[2]] + ANCHORS)


@given(
    plan=st.lists(steps, max_size=5),
    side=st.sampled_from([BID, ASK]),
    before=levels,
    bad=st.sampled_from(
        [(0, 1), (-1, 1), (COUNT_MAX + 1, 1), (5, -1), (5, COUNT_MAX + 1), (-(2**63), 0), (5, -(2**63))]
    ),
    after=levels,
)
@settings(deadline=None)
def test_a_batch_with_one_bad_level_changes_nothing(
    plan: list[Step], side: int, before: list[Level], bad: Level, after: list[Level]
) -> None:
    book, naive = OrderBook(64), NaiveBook()
    for step in plan:
        take(book, naive, step)
    batch = pack([*before, bad, *after])
    for method in (book.apply, book.replace):
        with pytest.raises(ValueError, match="level"):
            method(*((batch, pack(after)) if side == BID else (pack(after), batch)))
        compare(book, naive, ANCHORS)
    with pytest.raises(ValueError, match="level"):
        book.update(side, *bad)
    compare(book, naive, ANCHORS)


@given(plan=st.lists(steps, max_size=8), windows=st.tuples(windows, windows))
@settings(deadline=None)
def test_a_snapshot_makes_an_equal_book(plan: list[Step], windows: tuple[int, int]) -> None:
    book, naive = OrderBook(windows[0]), NaiveBook()
    for step in plan:
        take(book, naive, step)
    copy = OrderBook(windows[1])
    copy.update(BID, 77, 7)
    copy.replace(*book.snapshot())
    compare(copy, naive, ANCHORS)


@pytest.mark.parametrize("window", [64, 256, 4_160])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_market_that_wanders_and_jumps_equals_the_naive_book(window: int, seed: int) -> None:
    rng = random.Random(seed)
    book, naive, middle = OrderBook(window), NaiveBook(), 100_000
    for _ in range(400):
        middle = max(500, middle + rng.choice([0, 1, -1, 20, -20, window, -window, rng.randint(-30_000, 30_000)]))
        bids, asks = (wander(rng, naive, side, middle, window) for side in (BID, ASK))
        take(book, naive, ("apply", bids, asks))
        compare(book, naive, [middle])


def wander(rng: random.Random, naive: NaiveBook, side: int, middle: int, window: int) -> list[Level]:
    """Return changes near `middle`, and the deletion of some best levels and of all behind the fortieth."""
    near = [(max(1, middle - side * int(rng.expovariate(4 / window))), rng.choice([0, 0, 1, 2, 3])) for _ in range(9)]
    known = naive.depth(side)
    return near + [(price, 0) for price, _ in known[: rng.choice([0, 1, 8])] + known[40:]]

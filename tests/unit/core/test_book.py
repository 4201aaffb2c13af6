"""The order book by hand-worked examples: what each read answers, what is refused, and the edges of the window."""

import struct

import pytest

from core.book import ASK, BID, OrderBook

BIDS = [(100, 5), (99, 7), (90, 1)]
ASKS = [(101, 2), (103, 4)]


def pack(levels: list[tuple[int, int]]) -> bytes:
    return b"".join(struct.pack("<qq", price, qty) for price, qty in levels)


@pytest.fixture
def book() -> OrderBook:
    book = OrderBook()
    assert book.apply(pack(BIDS), pack(ASKS)) == 5
    return book


def test_sides_are_those_of_an_order() -> None:
    assert (BID, ASK) == (1, -1)


def test_new_book_is_empty() -> None:
    book = OrderBook()
    assert (book.best_bid, book.best_ask, book.best_bid_qty, book.best_ask_qty) == (0, 0, 0, 0)
    assert (book.bid_levels, book.ask_levels, book.crossed) == (0, 0, False)
    assert book.snapshot() == (b"", b"")
    assert book.depth(BID, 5) == []
    assert book.imbalance(5) == 0.0
    assert book.volume_to_price(BID, 1) == 0
    assert book.price_for_volume(ASK, 1) == 0
    assert book.qty_at(BID, 100) == 0


def test_best_is_highest_bid_and_lowest_ask(book: OrderBook) -> None:
    assert (book.best_bid, book.best_bid_qty) == (100, 5)
    assert (book.best_ask, book.best_ask_qty) == (101, 2)
    assert (book.bid_levels, book.ask_levels) == (3, 2)


def test_depth_is_best_first(book: OrderBook) -> None:
    assert book.depth(BID, 2) == [(100, 5), (99, 7)]
    assert book.depth(ASK, 9) == ASKS
    assert book.depth(BID, 0) == BIDS


def test_snapshot_is_packed_best_first(book: OrderBook) -> None:
    assert book.snapshot() == (pack(BIDS), pack(ASKS))
    assert book.snapshot(1) == (pack(BIDS[:1]), pack(ASKS[:1]))


def test_quantity_zero_deletes_and_the_next_level_is_best(book: OrderBook) -> None:
    assert book.apply(pack([(100, 0), (99, 0)]), pack([(101, 0)])) == 3
    assert (book.best_bid, book.best_bid_qty, book.best_ask, book.best_ask_qty) == (90, 1, 103, 4)
    assert (book.bid_levels, book.ask_levels) == (1, 1)


def test_deleting_the_last_level_empties_the_side(book: OrderBook) -> None:
    book.apply(b"", pack([(101, 0), (103, 0)]))
    assert (book.best_ask, book.best_ask_qty, book.ask_levels, book.crossed) == (0, 0, 0, False)


def test_deleting_what_is_not_there_does_nothing(book: OrderBook) -> None:
    book.apply(pack([(95, 0), (1, 0), (2**62, 0)]), pack([(95, 0), (1, 0), (2**62, 0)]))
    assert book.snapshot() == (pack(BIDS), pack(ASKS))


def test_last_of_several_levels_at_one_price_stands(book: OrderBook) -> None:
    book.apply(pack([(100, 0), (100, 8), (102, 1), (102, 0)]), b"")
    assert book.depth(BID, 1) == [(100, 8)]


def test_update_sets_one_level(book: OrderBook) -> None:
    book.update(BID, 100, 6)
    book.update(ASK, 102, 3)
    book.update(ASK, 103, 0)
    assert book.depth(BID, 1) == [(100, 6)]
    assert book.depth(ASK, 0) == [(101, 2), (102, 3)]


def test_replace_forgets_what_was_there(book: OrderBook) -> None:
    book.replace(pack([(50, 1), (60, 2)]), pack([(70, 0)]))
    assert book.snapshot() == (pack([(60, 2), (50, 1)]), b"")
    assert (book.best_bid, book.best_ask) == (60, 0)


def test_clear_empties_both_sides(book: OrderBook) -> None:
    book.clear()
    assert (book.best_bid, book.best_ask, book.bid_levels, book.ask_levels) == (0, 0, 0, 0)
    book.update(ASK, 5_000_000, 1)
    assert book.depth(ASK, 0) == [(5_000_000, 1)]


def test_bid_at_or_over_the_ask_is_crossed(book: OrderBook) -> None:
    seen = [book.crossed]
    for price in (101, 102):
        book.update(BID, price, 1)
        seen.append(book.crossed)
    assert seen == [False, True, True]


def test_quantity_at_a_price(book: OrderBook) -> None:
    assert [book.qty_at(BID, price) for price in (100, 99, 98, 101, 0, -5, 2**62 + 1)] == [5, 7, 0, 0, 0, 0, 0]
    assert book.qty_at(ASK, 103) == 4


def test_volume_to_a_price(book: OrderBook) -> None:
    assert [book.volume_to_price(BID, limit) for limit in (101, 100, 99, 91, 90, 0, -1)] == [0, 5, 12, 12, 13, 13, 13]
    assert [book.volume_to_price(ASK, limit) for limit in (0, 100, 101, 102, 103, 2**62)] == [0, 0, 2, 2, 6, 6]


def test_price_for_a_volume(book: OrderBook) -> None:
    assert [book.price_for_volume(BID, lots) for lots in (0, 1, 5, 6, 12, 13, 14)] == [100, 100, 100, 99, 99, 90, 0]
    assert [book.price_for_volume(ASK, lots) for lots in (2, 3, 6, 7)] == [101, 103, 103, 0]


def test_imbalance_is_of_the_top_levels(book: OrderBook) -> None:
    assert book.imbalance(1) == pytest.approx((5 - 2) / 7)
    assert book.imbalance(2) == pytest.approx((12 - 6) / 18)
    assert book.imbalance(0) == pytest.approx((13 - 6) / 19)
    book.apply(b"", pack([(101, 0), (103, 0)]))
    assert book.imbalance(3) == 1.0


def test_volume_over_64_bits_is_exact() -> None:
    book = OrderBook()
    book.apply(pack([(price, 2**62) for price in range(1, 10)]), b"")
    assert book.volume_to_price(BID, 1) == 9 * 2**62
    assert book.volume_to_price(BID, 9) == 2**62


def test_price_beyond_the_window_is_kept() -> None:
    book = OrderBook(64)
    book.apply(pack([(1_000, 1), (1, 2), (500, 3)]), pack([(1_001, 4), (2**62, 5)]))
    assert book.depth(BID, 0) == [(1_000, 1), (500, 3), (1, 2)]
    assert book.depth(ASK, 0) == [(1_001, 4), (2**62, 5)]
    assert (book.qty_at(BID, 1), book.qty_at(ASK, 2**62)) == (2, 5)


def test_best_that_leaves_the_window_is_still_best() -> None:
    book = OrderBook(64)
    for price in (1_000, 999, 2_000, 2**62, 5):
        book.update(BID, price, price)
    seen = []
    while book.best_bid:
        seen.append((book.best_bid, book.best_bid_qty))
        book.update(BID, book.best_bid, 0)
    assert seen == [(2**62, 2**62), (2_000, 2_000), (1_000, 1_000), (999, 999), (5, 5)]


@pytest.mark.parametrize("price", [0, -1, -(2**63), 2**62 + 1])
def test_price_out_of_range_refuses_the_batch(book: OrderBook, price: int) -> None:
    for bids, asks in (([(98, 1), (price, 1)], []), ([(98, 1)], [(price, 0)])):
        for method in (book.apply, book.replace):
            with pytest.raises(ValueError, match=f"price_ticks {price}"):
                method(pack(bids), pack(asks))
    assert book.snapshot() == (pack(BIDS), pack(ASKS))


@pytest.mark.parametrize("qty", [-1, -(2**63), 2**62 + 1])
def test_quantity_out_of_range_refuses_the_batch(book: OrderBook, qty: int) -> None:
    with pytest.raises(ValueError, match=f"level 1: price_ticks 97, qty_lots {qty}"):
        book.apply(b"", pack([(98, 1), (97, qty)]))
    with pytest.raises(ValueError, match=f"qty_lots {qty}"):
        book.update(BID, 97, qty)
    assert book.snapshot() == (pack(BIDS), pack(ASKS))


@pytest.mark.parametrize("size", [1, 15, 17, 24])
def test_broken_length_refuses_the_batch(book: OrderBook, size: int) -> None:
    for bids, asks in ((bytes(size), pack([(200, 1)])), (pack([(98, 1)]), bytes(size))):
        for method in (book.apply, book.replace):
            with pytest.raises(ValueError, match=f"{size} bytes"):
                method(bids, asks)
    assert book.snapshot() == (pack(BIDS), pack(ASKS))


@pytest.mark.parametrize("side", [0, 2, -2])
def test_unknown_side_is_refused(book: OrderBook, side: int) -> None:
    for read in (book.qty_at, book.depth, book.volume_to_price, book.price_for_volume):
        with pytest.raises(ValueError, match="side"):
            read(side, 1)
    with pytest.raises(ValueError, match="side"):
        book.update(side, 1, 1)


def test_negative_count_is_refused(book: OrderBook) -> None:
    with pytest.raises(ValueError, match="count -1"):
        book.depth(BID, -1)
    with pytest.raises(ValueError, match="count -1"):
        book.snapshot(-1)
    with pytest.raises(ValueError, match="count -1"):
        book.imbalance(-1)


@pytest.mark.parametrize("window_ticks", [-64, 0, 63, 65, 100, 262_208])
def test_window_out_of_range_is_refused(window_ticks: int) -> None:
    with pytest.raises(ValueError, match=f"window_ticks {window_ticks}"):
        OrderBook(window_ticks)


def test_attributes_cannot_be_written(book: OrderBook) -> None:
    with pytest.raises(AttributeError):
        book.best_bid = 5  # type: ignore[misc]


def test_best_prices_that_were_read_stay_as_they_were() -> None:
    book = OrderBook()
    book.update(BID, 1_000_000, 5_000)
    before = book.best_bid, book.best_bid_qty
    book.update(BID, 2_000_000, 7_000)
    assert before == (1_000_000, 5_000)
    assert (book.best_bid, book.best_bid_qty) == (2_000_000, 7_000)


@pytest.mark.parametrize("name", ["best_bid", "best_ask", "best_bid_qty", "best_ask_qty"])
def test_best_prices_cannot_be_set_or_deleted(name: str) -> None:
    book = OrderBook()
    with pytest.raises(AttributeError):
        setattr(book, name, 1)
    with pytest.raises(AttributeError):
        delattr(book, name)
    assert getattr(book, name) == 0


def test_levels_that_are_no_bytes_are_refused(book: OrderBook) -> None:
    with pytest.raises(TypeError):
        book.apply(None, b"")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        book.apply(b"", bytearray(16))  # type: ignore[arg-type]

"""The book against the ticker, at equal update ids, in whatever order the two come."""

import random

import pytest

from agents.market_data.book_check import REMEMBERED_MAX, UNEQUAL_MAX, BookCheck
from core.book import OrderBook
from core.decimals import Scale, pack_levels

TENTHS, WHOLE = Scale("0.1"), Scale("1")
TOP = (1, 2, 3, 4)
OTHER = (1, 2, 3, 5)


def told(check):
    return check.compared, check.equal, check.unequal


@pytest.mark.parametrize("first", ["on_book", "on_ticker"])
def test_either_side_may_come_first(first):
    check = BookCheck()
    second = "on_ticker" if first == "on_book" else "on_book"
    getattr(check, first)(7, *TOP)
    getattr(check, second)(7, *TOP)
    assert told(check) == (1, 1, [])


def test_the_top_of_a_book_is_held_against_the_ticker():
    check, book = BookCheck(), OrderBook()
    book.apply(pack_levels([("1", "2"), ("0.9", "7")], TENTHS, WHOLE), pack_levels([("3", "4")], TENTHS, WHOLE))
    check.on_levels(7, book)
    check.on_ticker(7, 10, 2, 30, 4)
    check.on_levels(8, OrderBook())
    check.on_ticker(8, 0, 0, 0, 0)
    assert told(check) == (2, 2, [])


def test_ids_of_one_side_only_are_not_compared():
    check = BookCheck()
    for update_id in range(0, 100, 2):
        check.on_book(update_id, *TOP)
        check.on_ticker(update_id + 1, *TOP)
    assert told(check) == (0, 0, [])


def test_the_first_ids_that_were_unequal_are_kept():
    check = BookCheck()
    for update_id in range(UNEQUAL_MAX + 5):
        check.on_book(update_id, *TOP)
        check.on_ticker(update_id, *OTHER)
    assert told(check) == (UNEQUAL_MAX + 5, 0, list(range(UNEQUAL_MAX)))


def test_an_id_that_comes_again_counts_once_and_as_it_was_last():
    check = BookCheck()
    check.on_ticker(5, *OTHER)
    check.on_ticker(5, *TOP)
    check.on_book(5, *TOP)
    check.on_book(5, *OTHER)
    assert told(check) == (1, 1, [])


def test_ids_that_go_back_begin_anew():
    check = BookCheck()
    check.on_book(1_000, *TOP)
    for update_id in (10, 11, 12):
        check.on_book(update_id, *TOP)
        check.on_ticker(update_id, *TOP)
    assert told(check) == (3, 3, [])


def test_only_so_many_are_remembered():
    check = BookCheck()
    for update_id in range(REMEMBERED_MAX + 2):
        check.on_book(update_id, *TOP)
    for update_id in range(REMEMBERED_MAX + 2):
        check.on_ticker(update_id, *TOP)
    assert told(check) == (REMEMBERED_MAX, REMEMBERED_MAX, [])


@pytest.mark.parametrize("seed", range(20))
def test_all_ids_that_both_sides_have_are_compared(seed):
    rng = random.Random(seed)
    books, tickers = (sorted(rng.sample(range(600), 300)) for _ in range(2))
    check = BookCheck()
    left = {"on_book": iter(books), "on_ticker": iter(tickers)}
    while left:
        side = rng.choice(list(left))
        for _ in range(rng.randint(1, 40)):
            update_id = next(left[side], None)
            if update_id is None:
                del left[side]
                break
            getattr(check, side)(update_id, *TOP)
    both = len(set(books) & set(tickers))
    assert told(check) == (both, both, [])

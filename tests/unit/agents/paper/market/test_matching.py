"""The matching engine against examples worked by hand: best price first, at one price the oldest first."""

from agents.paper.market.matching import MatchingEngine
from schemas.orders import Side


def book() -> MatchingEngine:
    """Return asks 101: #1 5, #2 3; 102: #3 4; bids 99: #4 2, 98: #5 6."""
    engine = MatchingEngine()
    engine.rest(1, Side.SELL, 101, 5)
    engine.rest(3, Side.SELL, 102, 4)
    engine.rest(2, Side.SELL, 101, 3)
    engine.rest(4, Side.BUY, 99, 2)
    engine.rest(5, Side.BUY, 98, 6)
    return engine


def taken(engine: MatchingEngine, side: Side, qty: int, limit: int = 0) -> list[tuple[int, int, int]]:
    return [(e.maker.id, e.price_ticks, e.qty_lots) for e in engine.take(side, qty, limit)]


def test_oldest_at_the_best_price_trades_first() -> None:
    engine = book()
    assert taken(engine, Side.BUY, 6) == [(1, 101, 5), (2, 101, 1)]
    assert engine.depth(Side.SELL, 5) == [(101, 2), (102, 4)]


def test_next_price_is_met_when_the_best_is_gone() -> None:
    engine = book()
    assert taken(engine, Side.BUY, 10) == [(1, 101, 5), (2, 101, 3), (3, 102, 2)]
    assert engine.best_ask == 102


def test_limit_is_never_passed() -> None:
    engine = book()
    assert taken(engine, Side.BUY, 10, 101) == [(1, 101, 5), (2, 101, 3)]
    assert taken(engine, Side.SELL, 10, 99) == [(4, 99, 2)]
    assert engine.best_bid == 98


def test_side_can_be_emptied() -> None:
    engine = book()
    assert sum(qty for _, _, qty in taken(engine, Side.SELL, 100)) == 8
    assert engine.best_bid == 0
    assert engine.depth(Side.BUY, 5) == []


def test_partly_filled_order_keeps_its_place() -> None:
    engine = book()
    taken(engine, Side.BUY, 2)
    assert taken(engine, Side.BUY, 4) == [(1, 101, 3), (2, 101, 1)]


def test_canceled_order_leaves_its_place_to_the_next() -> None:
    engine = book()
    assert engine.cancel(1) == 5
    assert engine.cancel(1) == 0
    assert taken(engine, Side.BUY, 1) == [(2, 101, 1)]


def test_changed_levels_are_noted_once() -> None:
    engine = book()
    engine.changed.clear()
    taken(engine, Side.BUY, 9)
    engine.cancel(5)
    assert list(engine.changed) == [(Side.SELL, 101), (Side.SELL, 102), (Side.BUY, 98)]


def test_an_order_that_becomes_smaller_keeps_its_place() -> None:
    engine = MatchingEngine()
    engine.rest(1, Side.BUY, 100, 10)
    engine.rest(2, Side.BUY, 100, 10)
    engine.reduce(1, 4)
    engine.reduce(2, 20)
    engine.reduce(3, 1)
    assert engine.qty_at(Side.BUY, 100) == 14
    assert taken(engine, Side.SELL, 6) == [(1, 100, 4), (2, 100, 2)]

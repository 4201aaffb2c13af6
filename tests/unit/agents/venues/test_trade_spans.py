"""Messages that stand for several trades: noted by the id of the last, and forgotten after some thousands."""

from agents.venues.trade_spans import TradeSpans


def test_what_was_not_noted_is_one_trade():
    spans = TradeSpans()
    assert [spans.of(each) for each in (0, 1, 4095, 4096, 2**62)] == [1, 1, 1, 1, 1]


def test_a_later_message_in_the_same_place_takes_it():
    spans = TradeSpans()
    spans.note(5, 3)
    spans.note(6, 2)
    assert [spans.of(each) for each in (5, 6, 7, 5 + 4096)] == [3, 2, 1, 1]
    spans.note(5 + 4096, 7)
    assert [spans.of(each) for each in (5, 6, 5 + 4096)] == [1, 2, 7]

"""The groups of readers: each reads the field that it is named after, of the message that its group is of."""

import pytest

from agents.state import message_fields
from agents.state.message_fields import (
    APPROVED,
    APPROVED_ORIGIN,
    BOOK_DELTA,
    DENIED_ORIGIN,
    EQUITY,
    MARK_PRICE,
    ORDER_FILLED,
    ORDER_INITIALIZED,
    ORDER_UPDATED,
    QUOTE,
    SIGNAL,
    SUBMIT_ORDER,
    TRADE,
)
from core.struct_field import StructField
from schemas.messages import (
    Approved,
    BookDelta,
    Denied,
    Equity,
    MarkPrice,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Quote,
    Signal,
    SubmitOrder,
    Trade,
)

GROUPS = [
    (TRADE, Trade(1, 2, 3, 4, -1, 6)),
    (BOOK_DELTA, BookDelta(1, 2, 3, 4, b"", b"")),
    (QUOTE, Quote(1, 2, 3, 4, 5, 6, 7)),
    (MARK_PRICE, MarkPrice(1, 2, 3, 4, 5, 6)),
    (SIGNAL, Signal(1, "trend", 2, -1, 3, 4, 5, 0.5, "why", ((6, 7, 8),))),
    (APPROVED, Approved(1, "T1", "trend", 2, -1, 3, 4, 5, ((6, 7, 8),), 9, 10)),
    (APPROVED_ORIGIN, Approved(1, "T1", "trend", 2, -1, 3, 4, 5, ((6, 7, 8),), 9, 10)),
    (DENIED_ORIGIN, Denied(1, "trend", 2, 3, {}, (), 4, 5)),
    (SUBMIT_ORDER, SubmitOrder(b"record")),
    (ORDER_INITIALIZED, OrderInitialized("T1", "trend", 2, -1, 3, 4, 5, ((6, 7, 8),), True, 9)),
    (ORDER_UPDATED, OrderUpdated("T1", 1, 2, "V1", 3, 4, 5, 6, "text", True)),
    (ORDER_FILLED, OrderFilled("T1", "trend", 1, -1, 2, "V1", 3, 4, 5, 6, 7, 8, "BNB", 9, 10, 11)),
    (EQUITY, Equity(1, 2, 3, 4, 5, 6, 7)),
]


def readers(group):
    """Return the readers of a group by the name that the group has for them."""
    return {name: reader for name in dir(group) if isinstance(reader := getattr(group, name), StructField)}


@pytest.mark.parametrize(("group", "message"), GROUPS, ids=[type(message).__name__ for _, message in GROUPS])
def test_each_reader_reads_the_field_of_its_name(group, message):
    assert readers(group)
    for name, reader in readers(group).items():
        assert reader.owner is type(message)
        assert reader.name == name
        value = getattr(message, name)
        assert reader.of(message) is value
        if isinstance(value, int):
            assert reader.int_of(message) == value


def test_no_pair_of_message_and_field_has_two_readers():
    pairs = [(reader.owner, reader.name) for group, _ in GROUPS for reader in readers(group).values()]
    assert len(pairs) == len(set(pairs))


def test_every_group_is_seen_here():
    groups = [group for group in vars(message_fields).values() if not isinstance(group, type) and readers(group)]
    assert {id(group) for group in groups} == {id(group) for group, _ in GROUPS}

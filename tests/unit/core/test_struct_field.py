"""StructField: what a Struct's field says, and the usual way for everything else."""

import msgspec
import pytest

from core.struct_field import StructField
from schemas.messages import OrderInitialized, Trade


class Pair(msgspec.Struct):
    first: int
    second: int = 7


class Child(Pair):
    third: int = 1


class Plain:
    first = 5


@pytest.mark.parametrize("value", [0, 1, -1, 2**30, -(2**30), 2**31, 2**60, 2**62, 2**63 - 1, -(2**63)])
def test_every_value_of_64_bits_is_read(value):
    assert StructField(Pair, "first").int_of(Pair(value)) == value
    assert StructField(Pair, "second").int_of(Pair(1, value)) == value


def test_each_field_of_a_message_is_its_own():
    trade = Trade(1, 2, 3, 4, -1, 6, 7)
    names = ("ts_event_ns", "ts_recv_ns", "price_ticks", "qty_lots", "aggressor", "trade_id", "condition")
    assert [StructField(Trade, name).int_of(trade) for name in names] == [1, 2, 3, 4, -1, 6, 7]


def test_other_types_are_asked_by_name():
    field = StructField(Pair, "first")
    assert field.int_of(Child(3)) == 3
    assert field.int_of(Plain()) == 5
    with pytest.raises(AttributeError):
        field.int_of(object())


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_more_than_64_bits_are_refused(value):
    with pytest.raises(OverflowError):
        StructField(Pair, "first").int_of(Pair(value))


def test_what_is_no_integer_is_refused():
    with pytest.raises(TypeError):
        StructField(Pair, "first").int_of(Pair("text"))


def test_a_value_of_any_kind_is_read_as_it_is():
    order = OrderInitialized("T1", "momentum", 2**70, -1, 5, 6, 3, ((1, 2, 3),))
    for name in OrderInitialized.__struct_fields__:
        assert StructField(OrderInitialized, name).of(order) is getattr(order, name)


def test_what_was_read_stays_whole_when_its_struct_is_gone():
    field = StructField(Pair, "first")
    value = field.of(Pair("te" + str(len("xt"))))
    assert value == "te2"


def test_objects_of_other_types_are_asked_by_name():
    field = StructField(Pair, "first")
    assert field.of(Child("text")) == "text"
    assert field.of(Plain()) == 5
    with pytest.raises(AttributeError):
        field.of(object())


@pytest.mark.parametrize(("owner", "name"), [(Pair, "third"), (Plain, "first"), (Pair, "__init__")])
def test_only_fields_of_structs_can_be_read(owner, name):
    with pytest.raises(TypeError):
        StructField(owner, name)

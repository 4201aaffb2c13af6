"""What a venue lists is told once, whatever order, repetition and restart it comes in."""

from hypothesis import given
from hypothesis import strategies as st

from agents.execution.listed_once import EXPECTED_NS, LATE_NS, REMEMBERED_MAX, ListedOnce
from tests.unit.agents.fake_context import FakeContext

T0 = 1_700_000_000_000_000_000


def listed():
    made: ListedOnce[int] = ListedOnce()
    made.ctx = FakeContext("execution")
    made.ctx.wall_ns = T0
    made.bind(made.ctx)
    return made


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3)), max_size=30), st.integers(0, 30))
def test_each_is_new_once_from_the_first_agreement_on_also_over_a_restart(entries, restart_at):
    made, told = listed(), []
    made.agreed(T0)
    for place, (key, offset) in enumerate(entries):
        if place == restart_at:
            before, made = made, listed()
            made.resume(before.since_ns, before.whole_ns, list(before.known))
        if made.is_new(key, T0 + offset):
            told.append(key)
    assert sorted(told) == sorted({key for key, offset in entries if offset >= 0})


def test_nothing_is_new_before_the_account_has_agreed():
    assert not listed().is_new(1, T0)


def test_the_first_agreement_counts():
    made = listed()
    made.agreed(T0)
    made.agreed(T0 + 5)
    assert made.since_ns == T0


def test_it_is_asked_for_from_a_little_before_the_last_whole_pass_began():
    made = listed()
    made.agreed(T0)
    assert made.ask() == (T0, T0)
    made.ctx.wall_ns = T0 + 10 * LATE_NS
    assert made.ask() == (T0, T0 + 10 * LATE_NS)
    made.had_all()
    made.ctx.wall_ns += 1
    assert made.ask() == (T0 + 9 * LATE_NS, T0 + 10 * LATE_NS + 1)


def test_what_is_expected_is_looked_for_until_it_is_new_or_long_enough():
    made = listed()
    made.agreed(T0)
    made.expect()
    assert made.looks_again
    assert made.is_new(1, T0)
    assert not made.looks_again
    made.expect()
    made.ctx.now_ns += EXPECTED_NS
    assert not made.looks_again


def test_the_oldest_are_forgotten():
    made = listed()
    for key in range(REMEMBERED_MAX + 2):
        made.note(key, T0 + key)
    assert (len(made.known), next(iter(made.known))) == (REMEMBERED_MAX, 2)

"""Decisions against a plain list of them: same answers, same memory, whoever asked in between."""

from hypothesis import given
from hypothesis import strategies as st

from agents.risk.decisions import Decisions
from schemas.messages import Approved
from tests.unit.agents.trading_desk import BTC, signal

REMEMBERED = 4
ASKERS = st.tuples(st.integers(0, 2), st.integers(0, 2))
ADDED = st.lists(st.tuples(ASKERS, st.integers(0, 6)), max_size=40)


@given(ADDED, st.lists(st.tuples(ASKERS, st.integers(0, 7)), max_size=10))
def test_answers_and_used_ids_equal_those_of_a_list(added, asked):
    decisions, kept, forgotten = Decisions(remembered_max=REMEMBERED), [], {}
    for number, (asker, signal_id) in enumerate(added):
        decision = Approved(signal_id, f"id{number}", "test", BTC, 1, 10_000, 6_000_000, 1, (), *asker)
        decisions.add(decision)
        if (asker, signal_id) not in [key for key, _ in kept]:
            kept.append(((asker, signal_id), decision))
        if len(kept) > REMEMBERED:
            (asker, signal_id), _ = kept.pop(0)
            forgotten[asker] = max(signal_id, forgotten.get(asker, -1))
    answers = dict(kept)
    for asker, signal_id in asked:
        assert decisions.answer_to(*asker, signal(signal_id)) == answers.get((asker, signal_id))
        used = (asker, signal_id) in answers or signal_id <= forgotten.get(asker, -1)
        assert decisions.used(*asker, signal_id) == used
    assert decisions.approved == len(added)

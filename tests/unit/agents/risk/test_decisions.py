"""Decisions: the same answer to the same signal, a bounded memory, and ids that stay used when it is full."""

from agents.risk.decisions import Decisions, reason_name
from schemas.figures import DecisionFigures
from schemas.messages import Approved, Denied
from schemas.orders import Reason
from tests.unit.agents.trading_desk import BTC, signal


def denied(number, sender=2, epoch=1):
    return Denied(number, "test", BTC, Reason.HALTED, {}, (), sender, epoch)


def test_forgotten_id_stays_used_but_only_for_its_sender_and_epoch():
    decisions = Decisions(remembered_max=2)
    for number in (1, 2, 3):
        decisions.add(denied(number))
    assert decisions.answer_to(2, 1, signal(1)) is None
    assert decisions.answer_to(2, 1, signal(3)) == denied(3)
    assert [decisions.used(2, 1, number) for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert not decisions.used(2, 2, 1)
    assert not decisions.used(7, 1, 1)


def test_first_answer_stays_the_answer():
    decisions = Decisions()
    approved = Approved(1, "id", "test", BTC, 1, 10_000, 6_000_000, 1, (), 2, 1)
    decisions.add(approved)
    decisions.add(denied(1))
    assert decisions.answer_to(2, 1, signal(1)) == approved
    assert decisions.answer_to(2, 1, signal(1, qty=1)) is None
    assert decisions.figures() == DecisionFigures(approved=1, denied={"HALTED": 1})


def test_reason_of_a_later_version_keeps_its_number():
    assert reason_name(19) == "HALTED"
    assert reason_name(999) == "999"

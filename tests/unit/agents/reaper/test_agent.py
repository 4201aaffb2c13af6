"""The reaper: when it acts, when it does not, and what it answers."""

import pytest
from msgspec.structs import replace

from agents.reaper.agent import build
from schemas.errors import ConfigError
from schemas.messages import Ack, CancelAll, CancelOrder, SetTradingMode
from schemas.orders import Reason
from schemas.streams import StreamState
from tests.unit.agents.reaper.reaper_desk import MS, OPEN, SECOND, Desk, config


def resting(*, heard=True, **more):
    desk = Desk(heard=heard, **more)
    desk.venue.rest(1)
    return desk


def cancels(desk):
    return [call for call in desk.venue.calls if call[0] == "DELETE"]


def test_orders_of_an_execution_that_is_heard_are_left_alone():
    desk = resting()
    desk.pass_time(120 * SECOND)
    assert cancels(desk) == []
    assert (desk.figures.state, desk.figures.armed, desk.figures.silent_ms) == ("watching", True, 0)


def test_orders_of_a_silent_execution_are_canceled_when_the_silence_is_over():
    desk = resting()
    desk.fall_silent()
    desk.pass_time(900 * MS)
    assert cancels(desk) == []
    desk.pass_time(200 * MS)
    assert desk.venue.orders == {}
    assert desk.figures.state == "reaping"


def test_execution_that_is_back_in_time_keeps_its_orders():
    desk = resting()
    desk.fall_silent()
    desk.pass_time(900 * MS)
    desk.hear()
    desk.pass_time(60 * SECOND)
    assert cancels(desk) == []
    assert desk.figures.state == "watching"


def test_execution_that_ended_in_order_has_the_whole_time_to_come_back():
    desk = resting()
    desk.end_in_order()
    desk.pass_time(1900 * MS)
    assert cancels(desk) == []
    desk.pass_time(200 * MS)
    assert desk.venue.orders == {}


def test_execution_whose_beats_are_late_is_alive():
    desk = resting()
    desk.hear(StreamState.GAP)
    desk.pass_time(60 * SECOND)
    assert cancels(desk) == []


def test_execution_that_was_never_heard_counts_as_silent():
    desk = resting(heard=False)
    desk.pass_time(1900 * MS)
    assert cancels(desk) == []
    desk.pass_time(200 * MS)
    assert desk.venue.orders == {}


def test_a_reap_ends_at_once_when_execution_is_heard():
    desk = resting()
    desk.fall_silent()
    while not desk.ctx.pending("GET", OPEN):
        desk.ctx.advance(desk.agent, 10 * MS)
    desk.hear()
    desk.answer_all()
    desk.pass_time(60 * SECOND)
    assert cancels(desk) == []
    (told,) = desk.reaped()
    assert "is heard again" in told.text


def test_an_order_that_arrives_late_is_canceled_and_one_made_by_hand_later_is_not():
    desk = resting()
    desk.fall_silent()
    desk.pass_time(4 * SECOND)
    assert desk.figures.state == "settling"
    desk.venue.rest(2)
    desk.pass_time(5 * SECOND)
    assert desk.venue.orders == {}
    assert [told.canceled for told in desk.reaped()] == [1, 1]
    desk.pass_time(30 * SECOND)
    assert desk.figures.state == "reaped"
    desk.venue.rest(3)
    desk.pass_time(60 * SECOND)
    assert desk.venue.orders == {3: "BTCUSDT"}


def test_a_reaper_acts_again_when_execution_was_heard_and_fell_silent_again():
    desk = resting()
    desk.fall_silent()
    desk.pass_time(60 * SECOND)
    desk.hear()
    desk.venue.rest(2)
    desk.fall_silent()
    desk.pass_time(2 * SECOND)
    assert desk.venue.orders == {}
    assert desk.ctx.counters["reaps"] == 2
    assert desk.ctx.counters["orders_reaped"] == 2


def test_a_reaper_that_cannot_reach_the_account_is_not_healthy():
    desk = Desk()
    assert desk.agent.healthy
    desk.venue.dead = True
    desk.pass_time(61 * SECOND)
    assert not desk.agent.healthy
    assert not desk.figures.armed
    desk.venue.dead = False
    desk.pass_time(6 * SECOND)
    assert desk.agent.healthy
    assert desk.figures.trouble == ""


def test_a_reaper_that_is_stopped_cancels_first_what_an_execution_that_fell_silent_has_left():
    desk = resting()
    assert desk.agent.stopping()
    desk.fall_silent()
    assert not desk.agent.stopping()
    desk.pass_time(SECOND)
    assert desk.agent.stopping()
    assert desk.venue.orders == {}
    (told,) = desk.reaped()
    assert (told.canceled, told.text) == (1, "execution fell silent, and its reaper is stopped")


def test_a_reaper_that_is_stopped_leaves_what_an_execution_that_ended_has_left():
    desk = resting()
    desk.end_in_order()
    assert desk.agent.stopping()
    assert desk.venue.orders == {1: "BTCUSDT"}


def test_a_reaper_that_is_stopped_in_a_reap_ends_it_first():
    desk = resting()
    desk.fall_silent()
    while not desk.ctx.pending("GET", OPEN):
        desk.ctx.advance(desk.agent, 10 * MS)
    assert not desk.agent.stopping()
    desk.pass_time(SECOND)
    assert desk.agent.stopping()
    assert len(desk.reaped()) == 1


def test_an_operator_cancels_while_execution_is_not_heard():
    desk = resting()
    desk.venue.rest(2, "ETHUSDT")
    desk.fall_silent()
    assert desk.ask(CancelAll(2)) == Ack(True)
    desk.answer_all()
    assert desk.venue.orders == {1: "BTCUSDT"}
    desk.pass_time(500 * MS)
    (told,) = desk.reaped()
    assert (told.canceled, told.left, told.text) == (1, 0, "an operator asked for it")
    assert desk.ask(CancelAll()) == Ack(True)
    desk.answer_all()
    assert desk.venue.orders == {}


def test_an_operator_cancels_what_was_made_by_hand_after_a_reap():
    desk = resting()
    desk.fall_silent()
    desk.pass_time(60 * SECOND)
    desk.venue.rest(3)
    assert desk.ask(CancelAll()).accepted
    desk.pass_time(SECOND)
    assert desk.venue.orders == {}
    assert desk.figures.state == "reaped"


def test_a_cancel_during_a_reap_is_part_of_it():
    desk = resting()
    desk.fall_silent()
    desk.pass_time(1100 * MS)
    assert desk.ask(CancelAll()) == Ack(True, text="all orders are being canceled")


@pytest.mark.parametrize(
    ("message", "client", "reason", "told"),
    [
        (CancelAll(), "", Reason.FENCED, "execution is alive"),
        (CancelAll(), "risk", Reason.FENCED, "operator"),
        (CancelOrder("T1", 61), "", Reason.NONE, "CancelOrder"),
        (SetTradingMode(2, ""), "", Reason.NONE, "SetTradingMode"),
    ],
)
def test_what_is_not_the_reapers_is_refused(message, client, reason, told):
    desk = resting()
    answer = desk.ask(message, client)
    assert (answer.accepted, answer.reason) == (False, reason)
    assert told in answer.text
    assert cancels(desk) == []


@pytest.mark.parametrize("message", [CancelAll(strategy="maker"), CancelAll(opening_only=True), CancelAll(7)])
def test_what_the_venue_cannot_tell_apart_is_refused(message):
    desk = resting()
    desk.fall_silent()
    assert not desk.ask(message).accepted
    assert cancels(desk) == []


def changed(reaper, **execution):
    found = config(**reaper)
    agents = dict(found.agents)
    agents["execution"] = replace(agents["execution"], **execution)
    return replace(found, agents=agents)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (changed({"silence_ms": 999}), r"agents\.reaper\.silence_ms: found 999 \(allowed: at least .* 1000\)"),
        (changed({"group": "desk"}, group="desk"), r"agents\.reaper\.group: 'desk'"),
        (changed({}, venue="nowhere"), r"agents\.execution\.venue: 'nowhere' is not in venues"),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(found, told):
    with pytest.raises(ConfigError, match=told):
        build("reaper", found)

"""Trading modes at execution: set by operators, held over restarts, enforced on what is submitted and on what rests."""

import msgspec
import pytest

from schemas.messages import Ack, SetTradingMode, TradingState
from schemas.orders import ExecInst, Reason, Side, TradingMode
from schemas.streams import AGENT_STREAM
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import LOT, ORDER, SECOND, submit
from tests.unit.agents.execution.resting_orders import canceled, confirm, desk_with_all_kinds, listed
from tests.unit.agents.submissions import approved, submission

ACTIVE, REDUCING, HALTED = TradingMode
CLOSE = ExecInst.CLOSE | ExecInst.REDUCE_ONLY


def set_mode(desk, mode, **scope):
    return desk.ask(SetTradingMode(mode, "tea time", **scope), client="operator", sender=0)


def closing(client_id="C1", qty=LOT):
    return submission(msgspec.structs.replace(approved(client_id, qty=qty, side=Side.SELL), exec_inst=CLOSE))


def test_halted_cancels_every_order_of_its_scope_and_takes_none_on():
    desk = desk_with_all_kinds()
    assert set_mode(desk, HALTED) == Ack(True, text="tea time")
    assert canceled(desk) == {"close", "open", "other", "by-hand"}
    assert {m.reason for m in desk.events("open") if m.status == 5} == {Reason.CANCELED_BY_OPERATOR}
    answer = desk.ask(submit("T9"))
    assert (answer.accepted, answer.reason, answer.text) == (False, Reason.HALTED, "tea time")


def test_halted_lets_an_operators_close_through_as_far_as_the_position_goes():
    desk = desk_with_all_kinds()
    set_mode(desk, HALTED)
    confirm(desk)
    assert desk.ask(closing("C0", qty=LOT + 1)).reason == Reason.HALTED
    assert desk.ask(closing("C1")) == Ack(True)
    desk.answer("POST", ORDER, venue.order_body("C1", 9, side="SELL"))
    assert desk.ask(closing("C2")).reason == Reason.HALTED, "the one before covers all that is held"
    desk.ctx.advance(desk.agent, 3 * SECOND)
    assert canceled(desk) == set(), "what closes on an operator's word rests on"


def test_reducing_cancels_what_opens_and_lets_what_reduces_through():
    desk = desk_with_all_kinds()
    set_mode(desk, REDUCING)
    assert canceled(desk) == {"open", "other"}
    assert desk.ask(submit("T9")).reason == Reason.TRADING_REDUCING
    assert desk.ask(submit("T8", side=Side.SELL)).reason == Reason.TRADING_REDUCING, "there is one that closes already"
    assert desk.ask(submit("T7", side=Side.SELL)).reason == Reason.TRADING_REDUCING


def test_what_reduced_and_opens_since_the_position_has_gone_is_canceled_while_reducing():
    desk = desk_with_all_kinds()
    set_mode(desk, REDUCING)
    confirm(desk)
    desk.event(venue.report("sold-by-hand", 8, S="SELL"))
    desk.event(venue.fill_report("sold-by-hand", 5, "1.00000", "1.00000", 8, "FILLED", S="SELL", N="USDT"))
    desk.ctx.advance(desk.agent, SECOND)
    assert canceled(desk) == {"close"}


@pytest.mark.parametrize(
    ("scope", "taken"),
    [
        ({"strategy": "taker"}, True),
        ({"strategy": "maker"}, False),
        ({"instrument_id": 2}, True),
        ({"instrument_id": 1}, False),
    ],
)
def test_a_mode_holds_for_its_scope(scope, taken):
    desk = desk_with_all_kinds()
    set_mode(desk, HALTED, **scope)
    assert desk.ask(submit("T9")).accepted is taken


def test_only_an_operator_sets_a_mode():
    desk = desk_with_all_kinds()
    answer = desk.ask(SetTradingMode(HALTED, "x"), client="risk", sender=2)
    assert (answer.accepted, answer.reason) == (False, Reason.FENCED)
    assert canceled(desk) == set()
    assert desk.ask(submit("T9")) == Ack(True)


def test_it_is_taken_back_in_two_steps():
    desk = desk_with_all_kinds()
    set_mode(desk, HALTED)
    assert set_mode(desk, ACTIVE) == Ack(False, Reason.NONE, "from HALTED trading goes back to REDUCING first")
    assert set_mode(desk, REDUCING).accepted
    assert set_mode(desk, ACTIVE).accepted
    assert desk.agent.figures().trading == []
    assert desk.ask(submit("T9")) == Ack(True)


def test_a_mode_that_there_is_not_is_refused():
    desk = desk_with_all_kinds()
    assert set_mode(desk, 7) == Ack(False, Reason.NONE, "there is no trading mode 7")


def test_a_mode_is_logged_shown_and_holds_over_a_restart():
    desk = desk_with_all_kinds()
    set_mode(desk, HALTED, strategy="maker")
    (state,) = desk.ctx.messages(AGENT_STREAM)
    assert state == TradingState(HALTED, "tea time", 0, "maker", 0, 0, state.ts_ns)
    again = desk.restarted()
    again.connect(listed())
    assert again.agent.figures().trading == ["HALTED strategy=maker: operator: tea time"]
    assert again.ask(submit("T9")).reason == Reason.HALTED
    assert again.ask(submission(approved("T10", strategy="taker"))) == Ack(True)


def test_what_was_not_canceled_before_a_restart_is_canceled_after_it():
    desk = desk_with_all_kinds()
    records = desk.record
    set_mode(desk, HALTED)
    mode = [(item.header, item.message) for item in desk.ctx.published if item.stream == AGENT_STREAM]
    again = type(desk)(log=records + mode, up=False)
    again.ctx.advance(again.agent, SECOND)
    assert canceled(again) == {"close", "open", "other"}

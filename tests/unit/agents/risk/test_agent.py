"""Risk: cancels always pass; halts last until they are taken back; restarts keep what was decided."""

import msgspec
import pytest

from agents.risk.builder import build
from mesh.agent import Outcome, Start
from schemas.errors import ConfigError
from schemas.figures import DecisionFigures
from schemas.messages import (
    Ack,
    CancelAll,
    CancelOrder,
    SetTradingMode,
    SubmitOrder,
)
from schemas.orders import OrderStatus, Reason, TradingMode
from schemas.streams import StreamState
from tests.unit.agents.risk.risk_desk import Desk, S
from tests.unit.agents.trading_desk import (
    ORDERS,
    filled,
    initialized,
    reconciled,
    signal,
)
from tests.unit.agents.trading_desk import config as default_config

# The account


def test_account_is_followed_from_its_first_event():
    agent = build("risk", default_config())
    orders = next(s for s in agent.subscriptions() if s.stream == ORDERS)
    assert (orders.publisher, orders.start) == ("exec", Start.FIRST)


# Cancels


def test_cancels_pass_in_every_state_and_bring_back_executions_answer():
    desk = Desk(ready=False)
    desk.ctx.stream_states["exec", ORDERS] = StreamState.DOWN
    desk.ask(SetTradingMode(TradingMode.HALTED, "test"))
    desk.ctx.requests.clear()
    assert desk.ask(CancelOrder("x", Reason.CANCELED_BY_STRATEGY)) is None
    asked = desk.asked(CancelOrder)[0]
    assert (asked.peer, asked.message.client_order_id, asked.ttl_ms) == ("exec", "x", 1000)
    answer = Ack(accepted=False, reason=Reason.ALREADY_TERMINAL, text="filled")
    desk.ctx.finish(desk.agent, asked, answer)
    assert desk.ctx.replies[-1][1] == answer


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(Outcome.NOT_SENT, Reason.EXECUTION_UNAVAILABLE), (Outcome.UNKNOWN, Reason.OUTCOME_UNKNOWN)],
)
def test_cancel_that_was_not_answered_says_so(outcome, reason):
    desk = Desk()
    desk.ask(CancelAll())
    desk.ctx.finish(desk.agent, desk.asked(CancelAll)[0], None, outcome)
    assert desk.ctx.replies[-1][1].accepted is False
    assert desk.ctx.replies[-1][1].reason == reason


# Halt and restart


def test_halt_survives_a_restart_and_cancels_again():
    desk = Desk()
    desk.ask(SetTradingMode(TradingMode.HALTED, "stop"))
    again = Desk(epoch=2, log=desk.ctx.published)
    assert again.agent.figures().trading == ["HALTED all: operator: stop"]
    assert again.deny(signal())[0] is Reason.HALTED
    assert again.asked(CancelAll)


def test_restart_keeps_answers_reservations_and_counts():
    desk = Desk(order_qty_max="0.5")
    approved = desk.ask(signal(1))
    denied = desk.ask(signal(2, qty=99_000))
    gone = desk.approve(signal(3))
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[1], None, Outcome.NOT_SENT)
    again = Desk(epoch=2, log=desk.ctx.published, order_qty_max="0.5")
    assert again.ask(signal(1)) == approved
    assert again.ask(signal(2, qty=99_000)) == denied
    assert again.open() == {"orders": 1, "reserved": 1, "unknown": 0}
    assert again.agent.figures().decisions == DecisionFigures(approved=2, denied={"ORDER_QTY_ABOVE_MAXIMUM": 1})
    again.event(initialized(gone))
    assert again.open() == {"orders": 2, "reserved": 1, "unknown": 0}
    assert not again.ctx.published
    assert not again.asked(SubmitOrder)


def test_order_of_a_crashed_risk_is_known_from_executions_stream():
    desk = Desk()
    order_id = desk.approve(signal(1))
    again = Desk(epoch=2, log=desk.ctx.published, ready=False)
    again.event(initialized(order_id))
    again.event(filled(order_id, 1, 10_000, status=OrderStatus.FILLED))
    again.event(reconciled())
    assert again.open() == {"orders": 0, "reserved": 0, "unknown": 0}
    assert again.agent.figures().positions == {"BTCUSDT": "0.1"}
    again.ctx.advance(again.agent, 5 * S)
    assert not again.asked(CancelOrder)


# Configuration


def test_configuration_is_checked():
    good = default_config()
    agents = dict(good.agents)
    agents["risk"] = msgspec.structs.replace(agents["risk"], execution=("md",))
    with pytest.raises(ConfigError, match=r"agents\.risk\.execution"):
        build("risk", msgspec.structs.replace(good, agents=agents))
    agents = dict(good.agents)
    agents["risk"] = msgspec.structs.replace(agents["risk"], log_retention_bytes=1 << 27)
    with pytest.raises(ConfigError, match=r"agents\.risk\.log_retention_bytes"):
        build("risk", msgspec.structs.replace(good, agents=agents))
    mixed = (good.instruments[0], msgspec.structs.replace(good.instruments[1], quote="EUR"))
    with pytest.raises(ConfigError, match="one quote currency"):
        build("risk", msgspec.structs.replace(good, instruments=mixed))


def test_a_second_risk_agent_on_one_execution_is_refused():
    good = default_config()
    agents = dict(good.agents)
    agents["second"] = msgspec.structs.replace(agents["risk"], id=9)
    with pytest.raises(ConfigError, match=r"agents\.risk\.execution: 'exec' takes orders of 'second' too"):
        build("risk", msgspec.structs.replace(good, agents=agents))


def test_other_requests_are_refused_with_a_word():
    answer = Desk().ask(SubmitOrder(b""))
    assert answer.accepted is False
    assert "SubmitOrder" in answer.text

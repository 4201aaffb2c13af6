"""What is asked of whom, and when a command is done."""

import pytest

from mesh.operate.operator import Operator
from mesh.operate.outcome import CommandOutcome
from mesh.operate.scope import Scope, VenueAccount
from schemas.errors import ExitStatus
from schemas.messages import Ack, CancelAll, Flatten, Message, ResetRequest, SetTradingMode, StatusRequest
from schemas.orders import TradingMode
from tests.unit.mesh.operate.played import OPENS, REDUCES, Played, PlayedExecution, PlayedRisk

ALL = Scope((VenueAccount("paper", "execution", ("risk",), ("reaper",)),))


@pytest.fixture
def execution() -> PlayedExecution:
    found = PlayedExecution()
    found.orders = {"a": ("one", OPENS), "b": ("two", OPENS), "c": ("one", REDUCES)}
    found.positions = {"BTCUSDT": "0.5"}
    return found


@pytest.fixture
def risk(execution: PlayedExecution) -> PlayedRisk:
    return PlayedRisk(execution)


@pytest.fixture
def client(execution: PlayedExecution, risk: PlayedRisk) -> Played:
    return Played({"execution": execution.on_message, "risk": risk.on_message})


@pytest.fixture
def operator(client: Played) -> Operator:
    return Operator(client, now=client.now, pause=client.pause)


def halt(operator: Operator, scope: Scope = ALL) -> CommandOutcome:
    return operator.set_mode(scope, TradingMode.HALTED, "x", 5.0)


def test_halt_is_told_to_both_and_done_when_no_order_is_open(
    operator: Operator, execution: PlayedExecution, risk: PlayedRisk
) -> None:
    found = halt(operator)
    assert found.exit_status is ExitStatus.OK
    (account,) = found.accounts
    assert (account.gone, account.left, account.positions) == (3, [], {"BTCUSDT": pytest.approx(0.5)})
    message = SetTradingMode(int(TradingMode.HALTED), "x")
    assert risk.asked == [message]
    assert execution.asked[:2] == [message, CancelAll(reason=61)]
    assert found.notes == []


def test_reduce_leaves_what_reduces(operator: Operator) -> None:
    found = operator.set_mode(ALL, TradingMode.REDUCING, "x", 5.0)
    assert found.exit_status is ExitStatus.OK
    assert found.accounts[0].left == ["c"]


def test_with_risk_dead_execution_alone_halts(operator: Operator, client: Played) -> None:
    del client.agents["risk"]
    found = halt(operator)
    assert found.exit_status is ExitStatus.OK
    assert found.notes == ["execution alone keeps it at paper: repeat the command when the others are back"]
    assert found.accounts[0].gone == 3


def test_with_execution_dead_the_reaper_cancels_and_risk_keeps_the_mode(
    operator: Operator, client: Played, execution: PlayedExecution
) -> None:
    del client.agents["execution"]
    client.agents["reaper"] = execution.on_message
    found = halt(operator)
    assert found.exit_status is ExitStatus.OK
    assert found.accounts[0].told_by == "reaper"
    assert found.notes == ["risk alone keeps it at paper: repeat the command when the others are back"]


def test_with_execution_and_reaper_dead_it_is_not_done(operator: Operator, client: Played) -> None:
    del client.agents["execution"]
    assert halt(operator).exit_status is ExitStatus.FAILED


def test_nobody_answers(operator: Operator, client: Played) -> None:
    client.agents.clear()
    assert halt(operator).exit_status is ExitStatus.UNAVAILABLE
    assert operator.resume(ALL, "x").exit_status is ExitStatus.UNAVAILABLE
    assert operator.cancel(ALL, 1.0).exit_status is ExitStatus.UNAVAILABLE
    assert operator.cancel_orders(ALL, ["a"], 1.0).exit_status is ExitStatus.UNAVAILABLE
    assert operator.flatten(ALL, "x", 1.0).exit_status is ExitStatus.UNAVAILABLE
    assert operator.reset(["portfolio"], ResetRequest("x", peak=True)).exit_status is ExitStatus.UNAVAILABLE


def test_what_does_not_go_in_time_is_told(operator: Operator, execution: PlayedExecution) -> None:
    execution.looks = 10_000
    found = halt(operator)
    assert found.exit_status is ExitStatus.FAILED
    assert found.accounts[0].left == ["a", "b", "c"]


def test_resume_goes_one_step_at_a_time(operator: Operator, risk: PlayedRisk) -> None:
    halt(operator)
    first = operator.resume(ALL, "x")
    assert risk.modes[""] is TradingMode.REDUCING
    assert first.notes == ["HALTED -> REDUCING", "a second `tickmesh resume` goes on to ACTIVE"]
    second = operator.resume(ALL, "x")
    assert risk.modes[""] is TradingMode.ACTIVE
    assert second.notes == ["REDUCING -> ACTIVE"]
    third = operator.resume(ALL, "x")
    assert third.notes == ["nothing was set by an operator for exactly this scope"]
    assert {first.exit_status, second.exit_status, third.exit_status} == {ExitStatus.OK}


def test_resume_leaves_what_a_limit_or_another_scope_set_and_tells_it(operator: Operator, risk: PlayedRisk) -> None:
    risk.limits = ["REDUCING all: DAILY_LOSS: 11000 of 10000"]
    risk.modes = {"one": TradingMode.HALTED}
    found = operator.resume(ALL, "x")
    assert found.notes == ["nothing was set by an operator for exactly this scope"]
    assert found.holds == {"risk": ["HALTED strategy=one: operator: x", *risk.limits]}


def test_resume_with_risk_dead_is_not_done(operator: Operator, client: Played) -> None:
    client.agents["execution"] = client.agents.pop("risk")
    found = operator.resume(ALL, "x")
    assert found.exit_status is ExitStatus.FAILED
    assert [str(word) for word in found.words] == ["risk: no answer", "execution: nothing to change"]


def test_cancel_of_a_scope_and_of_single_orders(operator: Operator, execution: PlayedExecution) -> None:
    found = operator.cancel_orders(ALL, ["a", "nowhere"], 5.0)
    assert found.exit_status is ExitStatus.FAILED
    assert [str(word) for word in found.words] == [
        "a: canceled, as the venue confirmed",
        "nowhere: refused: not an order of execution",
    ]
    assert list(execution.orders) == ["b", "c"]
    assert operator.cancel(ALL, 5.0).exit_status is ExitStatus.OK
    assert execution.orders == {}


def test_an_order_that_does_not_go_is_no_success(operator: Operator, execution: PlayedExecution) -> None:
    execution.looks = 10_000
    found = operator.cancel_orders(ALL, ["a"], 1.0)
    assert found.exit_status is ExitStatus.FAILED
    assert "still open" in str(found.words[0])


def test_flatten_is_done_when_the_account_is_flat(
    operator: Operator, execution: PlayedExecution, risk: PlayedRisk
) -> None:
    execution.orders = {}
    found = operator.flatten(ALL, "x", 5.0)
    assert found.exit_status is ExitStatus.OK
    assert [each for each in risk.asked if not isinstance(each, StatusRequest)] == [Flatten("x")]
    assert execution.asked == []


def test_flatten_that_does_not_get_there_tells_what_is_held(
    operator: Operator, execution: PlayedExecution, risk: PlayedRisk
) -> None:
    execution.orders, risk.flattens = {}, False
    found = operator.flatten(ALL, "x", 5.0)
    assert found.exit_status is ExitStatus.FAILED
    assert found.accounts[0].positions == {"BTCUSDT": pytest.approx(0.5)}
    assert found.notes == ["closing goes on until `tickmesh flatten --end`"]


def test_flatten_goes_to_execution_where_risk_is_dead(
    operator: Operator, client: Played, execution: PlayedExecution
) -> None:
    del client.agents["risk"]

    def closes(message: Message) -> Message:
        if isinstance(message, Flatten):
            execution.positions, execution.orders = {}, {}
        return execution.on_message(message)

    client.agents["execution"] = closes
    found = operator.flatten(ALL, "x", 5.0)
    assert found.exit_status is ExitStatus.OK
    assert [str(word) for word in found.words] == ["risk: no answer", "execution: begun"]


def test_execution_is_asked_again_until_it_takes_risk_for_dead(
    operator: Operator, client: Played, execution: PlayedExecution
) -> None:
    refusals = [Ack(False, text="risk is heard of")] * 3
    del client.agents["risk"]

    def closes(message: Message) -> Message:
        if isinstance(message, Flatten):
            if refusals:
                return refusals.pop()
            execution.positions, execution.orders = {}, {}
        return execution.on_message(message)

    client.agents["execution"] = closes
    assert operator.flatten(ALL, "x", 10.0).exit_status is ExitStatus.OK


def test_flatten_with_execution_dead_cancels_and_tells_the_position(
    operator: Operator, client: Played, execution: PlayedExecution
) -> None:
    client.agents = {"reaper": execution.on_message}
    begun_s = client.now_s
    found = operator.flatten(ALL, "x", 30.0)
    assert found.exit_status is ExitStatus.FAILED
    assert found.accounts[0].left == []
    assert found.accounts[0].positions == {"BTCUSDT": pytest.approx(0.5)}
    assert client.now_s - begun_s < 10


def test_an_account_that_is_not_known_is_not_flat(operator: Operator, execution: PlayedExecution) -> None:
    execution.orders, execution.trouble = {}, "private stream closed"
    found = operator.flatten(ALL, "x", 1.0)
    assert found.exit_status is ExitStatus.FAILED
    assert found.accounts[0].positions is None
    assert found.accounts[0].trouble == "private stream closed"


def test_flatten_is_ended_at_both(operator: Operator, execution: PlayedExecution, risk: PlayedRisk) -> None:
    assert operator.end_flatten(ALL, "x").exit_status is ExitStatus.OK
    assert execution.asked == risk.asked == [Flatten("x", ended=True)]


def test_reset_asks_the_portfolios() -> None:
    asked: list[Message] = []

    def portfolio(message: Message) -> Message:
        asked.append(message)
        return Ack(True)

    client = Played({"portfolio": portfolio})
    request = ResetRequest("new owner", peak=True)
    assert Operator(client).reset(["portfolio"], request).exit_status is ExitStatus.OK
    assert asked == [request]

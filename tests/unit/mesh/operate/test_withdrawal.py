"""Orders are gone when the account says so, and never because it was asked to cancel them."""

from pathlib import Path

import pytest

from mesh.operate.scope import Scope, VenueAccount
from mesh.operate.withdrawal import ANSWER_S_MAX, LOOK_S, REAPER_S_MAX, REPEAT_S, Withdrawal
from schemas.messages import CancelAll
from schemas.orders import Reason
from tests.unit.mesh.operate.played import OPENS, REDUCES, Played, PlayedExecution

ACCOUNT = VenueAccount("paper", "execution", ("risk",), ("reaper",))
SCOPE = Scope((ACCOUNT,))


def withdrawal(
    client: Played, scope: Scope = SCOPE, *, opening_only: bool = False, trading: bool = False
) -> Withdrawal:
    return Withdrawal(client, scope, opening_only=opening_only, trading=trading, now=client.now, pause=client.pause)


@pytest.fixture
def execution() -> PlayedExecution:
    found = PlayedExecution()
    found.orders = {"a": ("one", OPENS), "b": ("two", OPENS), "c": ("one", REDUCES)}
    return found


def test_all_orders_go_and_the_time_is_that_of_the_last(execution: PlayedExecution) -> None:
    execution.looks = 3
    client = Played({"execution": execution.on_message})
    found = withdrawal(client)
    found.cancel()
    found.find_tellers()
    assert found.watch(client.now_s + 1)
    withdrawn = found.accounts[0]
    assert (withdrawn.told_by, withdrawn.gone, withdrawn.left) == ("execution", 3, [])
    assert withdrawn.gone_s == pytest.approx(4 * LOOK_S)


def test_what_reduces_may_stay(execution: PlayedExecution) -> None:
    client = Played({"execution": execution.on_message})
    found = withdrawal(client, opening_only=True)
    found.cancel()
    found.find_tellers()
    assert found.watch(client.now_s + 1)
    assert found.accounts[0].left == ["c"]
    assert found.accounts[0].gone == 2


def test_only_the_scope_is_canceled(execution: PlayedExecution) -> None:
    client = Played({"execution": execution.on_message})
    found = withdrawal(client, Scope((ACCOUNT,), strategy="one"))
    found.cancel()
    found.find_tellers()
    assert found.watch(client.now_s + 1)
    assert list(execution.orders) == ["b"]


def test_an_order_that_shows_up_late_is_canceled_too(execution: PlayedExecution) -> None:
    client = Played({"execution": execution.on_message})
    found = withdrawal(client)
    found.cancel()
    found.find_tellers()
    execution.orders["late"] = ("one", OPENS)
    begun_s = client.now_s
    assert found.watch(client.now_s + 5)
    assert REPEAT_S <= client.now_s - begun_s < REPEAT_S + 0.2
    assert found.accounts[0].gone == 4


def test_where_trading_goes_on_new_orders_are_left_alone(execution: PlayedExecution) -> None:
    client = Played({"execution": execution.on_message})
    found = withdrawal(client, trading=True)
    found.cancel()
    found.find_tellers()
    execution.orders["new"] = ("one", OPENS)
    assert found.watch(client.now_s + 5)
    assert (found.accounts[0].gone, found.accounts[0].left) == (3, [])
    assert list(execution.orders) == ["new"]


def test_the_deadline_ends_it_with_what_is_left(execution: PlayedExecution) -> None:
    execution.looks = 1000
    client = Played({"execution": execution.on_message})
    found = withdrawal(client)
    found.cancel()
    found.find_tellers()
    assert not found.watch(client.now_s + 1)
    assert found.accounts[0].left == ["a", "b", "c"]
    assert not found.watch(client.now_s + 1, go_on=lambda: False)


def test_the_reaper_cancels_where_execution_is_dead(execution: PlayedExecution) -> None:
    client = Played({"reaper": execution.on_message})
    found = withdrawal(client)
    found.cancel()
    found.find_tellers()
    assert found.watch(client.now_s + 5)
    assert found.accounts[0].told_by == "reaper"
    assert set(execution.asked) == {CancelAll(reason=int(Reason.CANCELED_BY_OPERATOR))}


def test_the_reaper_is_asked_for_what_it_can_do(execution: PlayedExecution) -> None:
    client = Played({"reaper": execution.on_message})
    found = withdrawal(client, Scope((ACCOUNT,), instrument_id=2), opening_only=True)
    found.cancel()
    found.find_tellers()
    assert found.watch(client.now_s + 5)
    assert set(execution.asked) == {CancelAll(2, int(Reason.CANCELED_BY_OPERATOR))}
    assert execution.orders == {}


def test_of_one_strategy_the_reaper_is_asked_nothing(execution: PlayedExecution) -> None:
    client = Played({"reaper": execution.on_message})
    found = withdrawal(client, Scope((ACCOUNT,), strategy="one"))
    found.cancel()
    found.find_tellers()
    assert not found.watch(client.now_s + 5)
    assert execution.asked == []


def test_the_reaper_takes_over_from_an_execution_that_dies_meanwhile(execution: PlayedExecution) -> None:
    execution.looks = 5
    client = Played({"execution": execution.on_message, "reaper": execution.on_message})
    found = withdrawal(client)
    found.cancel()
    found.find_tellers()
    del client.agents["execution"]
    assert found.watch(client.now_s + 5)
    assert found.accounts[0].told_by == "reaper"


def test_nobody_tells_is_not_done(tmp_path: Path) -> None:
    client = Played({})
    found = withdrawal(client)
    found.cancel()
    found.find_tellers()
    assert client.now_s == pytest.approx(100 + ANSWER_S_MAX + REAPER_S_MAX)
    assert not found.done
    assert found.accounts[0].told_by == ""

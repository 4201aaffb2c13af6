"""What operators are told: open orders of a scope, and positions by the venue's own balances."""

from schemas.messages import CancelAll, OpenOrdersAnswer, OpenOrdersRequest
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import Desk, submit
from tests.unit.agents.execution.resting_orders import desk_with_all_kinds


def ask(desk, **scope):
    return desk.ask(OpenOrdersRequest(**scope), client="operator", sender=0)


def test_the_open_orders_of_a_scope_are_told():
    desk = desk_with_all_kinds()
    assert ask(desk).open == ("close", "open", "other", "by-hand")
    assert ask(desk, strategy="taker").open == ("other",)
    assert ask(desk, instrument_id=2).open == ()


def test_orders_that_are_being_canceled_are_told_apart():
    desk = desk_with_all_kinds()
    assert ask(desk).canceling == ()
    desk.ask(CancelAll(opening_only=True, reason=Reason.CANCELED_BY_OPERATOR))
    assert set(ask(desk).canceling) == {"open", "other"}
    assert ask(desk, strategy="taker").canceling == ("other",)


def test_orders_that_are_unknown_are_told_apart():
    desk = desk_with_all_kinds()
    desk.ask(submit("T9"))
    desk.lose("POST", "/api/v3/order")
    assert ask(desk).unknown == ("T9",)


def test_positions_are_the_venues_own_balances():
    desk = Desk()
    desk.reconcile()
    desk.agent._begin_run()
    desk.reconcile(balances=venue.account_body(BTC="1.0", USDT="7", ETH="3"))
    assert ask(desk) == OpenOrdersAnswer((), (), {}, "")
    desk.event(
        b'{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1,"u":1,"B":[{"a":"BTC","f":"0.5","l":"1"}]}}'
    )
    assert ask(desk).positions == {"BTCUSDT": "1.5"}
    assert ask(desk, instrument_id=2).positions == {}


def test_less_than_a_lot_is_no_position():
    desk = Desk()
    desk.event(
        b'{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1,"u":1,"B":[{"a":"BTC","f":"0.00000999","l":"0"}]}}'
    )
    assert ask(desk).positions == {}


def test_an_account_that_is_not_reconciled_says_why():
    desk = Desk(up=False)
    assert ask(desk).trouble == "starting"

"""Reconciliation: the account compared with the venue, after a restart, on time and after trouble."""

from schemas.messages import (
    Ack,
    Reconciled,
    Transfer,
)
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import MS, OPEN, ORDER, SECOND, STREAM, Desk, S, submit, working


def test_a_pass_that_began_before_the_subscription_does_not_count():
    desk = Desk(up=False)
    early = dict(desk.ctx.calls)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    for number, call in early.items():
        desk.ctx.respond(desk.agent, number, b"[]" if call.path == OPEN else b'{"balances":[]}')
    assert not desk.agent.figures().reconciled
    desk.reconcile()
    assert desk.agent.figures().reconciled


def test_reconciled_is_published_with_the_balances():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile(balances=venue.account_body(BTC="1.25", USDT="1000"))
    (message,) = (m for m in desk.ctx.messages(STREAM) if isinstance(m, Reconciled))
    assert message.balances_e8 == {"BTC": 175_000_000, "USDT": 100_050_000_000}
    assert message.balances == {"BTC": "1.75", "USDT": "1000.5"}


def test_an_account_with_more_of_an_asset_than_64_bits_hold_is_reconciled_and_traded():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile(balances=venue.account_body(BTC="1.25", PEPE="46116860185"))
    assert desk.agent.figures().amounts == {"BTC": "1.75", "PEPE": "46116860185.5"}
    desk.event(venue.account_position(PEPE="1000000000000000000"))
    assert desk.ask(submit()) == Ack(True)
    figures = desk.agent.figures()
    assert (figures.reconciled, figures.amounts["PEPE"]) == (True, "1000000000000000000")
    assert figures.balances == {"BTC": 175_000_000}


def test_balances_that_changed_since_they_were_told_are_told_with_the_next_pass_that_asks_for_them():
    desk = Desk()
    desk.event(venue.account_position(USDT="7"))
    desk.ctx.take()
    desk.lists = (b"[]", b"[]", venue.account_body(USDT="6.5"))
    desk.pass_time(70 * SECOND)
    assert [m.balances for m in desk.ctx.messages(STREAM)] == [{"USDT": "7"}]


def test_a_deposit_is_published_as_what_it_is():
    desk = Desk()
    desk.ctx.take()
    desk.event(venue.balance_update("BTC", "-0.50000000"))
    (message,) = desk.ctx.messages(STREAM)
    assert message == Transfer("BTC", "-0.5", 1573200697068 * MS, desk.ctx.wall_ns)
    assert desk.restarted().agent.figures().reconciled is False


def test_a_pass_that_finds_nothing_new_publishes_nothing():
    desk = working()
    desk.ctx.take()
    for _ in range(3):
        desk.ctx.advance(desk.agent, 5 * SECOND)
        desk.reconcile(venue.orders_body(venue.order_body("T1")))
    assert desk.ctx.published == []
    assert desk.agent.figures().passes == 4


def test_an_order_of_the_downtime_is_found_in_the_list_of_open_orders():
    before = Desk()
    before.ask(submit())
    desk = before.restarted()
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile(venue.orders_body(venue.order_body("T1", 5)))
    assert desk.statuses() == [S.UNKNOWN, S.NEW]


def test_an_order_that_ended_in_the_downtime_is_looked_up():
    desk = working().restarted()
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile()
    assert not desk.agent.figures().reconciled
    for number in desk.ctx.pending("GET", ORDER):
        desk.ctx.respond(desk.agent, number, venue.order_body("T1", status="CANCELED"))
    assert desk.statuses() == [S.CANCELED]
    assert desk.agent.figures().reconciled


def test_a_snapshot_never_overwrites_newer_live_state():
    desk = working()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.event(venue.fill_report("T1", 9, "1.00000", "1.00000", status="FILLED"))
    desk.reconcile(venue.orders_body(venue.order_body("T1")), venue.trades_body((9, 1, "1.00000")))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.FILLED]


def test_an_order_created_during_the_pass_is_not_taken_for_missing():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    opened = desk.only("GET", OPEN)
    desk.ctx.advance(desk.agent, MS)
    desk.ask(submit())
    desk.answer("POST", ORDER, venue.order_body("T1"))
    desk.ctx.respond(desk.agent, opened, b"[]")
    desk.reconcile()
    assert desk.ctx.pending("GET", ORDER) == []
    assert desk.statuses() == [S.SUBMITTED, S.NEW]


def test_an_order_that_the_venue_forgets_becomes_unknown_and_is_adopted_again():
    desk = working()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.reconcile()
    desk.answer("GET", ORDER, venue.error_body(-2013), status=400)
    assert desk.statuses()[-1] == S.UNKNOWN
    desk.ctx.advance(desk.agent, SECOND)
    desk.answer("GET", ORDER, venue.order_body("T1"))
    assert desk.statuses()[-1] == S.NEW


def test_failed_passes_are_repeated_and_nothing_is_created_meanwhile():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    for number in list(desk.ctx.calls):
        desk.ctx.respond(desk.agent, number, b"{}", status=502)
    assert desk.ask(submit()).reason == Reason.RECONCILING
    desk.ctx.advance(desk.agent, SECOND)
    desk.reconcile()
    assert desk.ask(submit("T2")) == Ack(True)

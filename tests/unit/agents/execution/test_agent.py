"""Execution: when passes begin, restarts, configuration."""

import pytest

from agents.execution.agent import build
from core.frame import Header
from schemas.config import Config, VenueConfig
from schemas.errors import ConfigError
from schemas.messages import (
    Ack,
    CancelOrder,
    OrderFilled,
    OrderInitialized,
)
from schemas.orders import Reason
from schemas.streams import Kind, stream_id
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import (
    ACCOUNT,
    MS,
    OPEN,
    ORDER,
    SECOND,
    TRADES,
    Desk,
    S,
    config,
    connected_anew,
    submit,
    working,
)


def test_an_order_in_flight_at_the_crash_is_unknown_and_looked_up_never_sent():
    before = Desk()
    before.ask(submit())
    desk = before.restarted()
    assert desk.statuses() == [S.UNKNOWN]
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.answer("GET", ORDER, venue.order_body("T1", 5))
    assert desk.statuses() == [S.UNKNOWN, S.NEW]
    assert desk.creates() == []
    assert desk.ask(submit()) == Ack(True)
    assert desk.creates() == []


def test_a_cancel_of_an_earlier_life_is_taken_up_again():
    before = working()
    before.ask(CancelOrder("T1", Reason.CANCELED_BY_STRATEGY))
    desk = before.restarted()
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.SUBSCRIBED)
    desk.reconcile(venue.orders_body(venue.order_body("T1")))
    desk.ctx.advance(desk.agent, 250 * MS)
    assert desk.ctx.calls[desk.only("DELETE", ORDER)].params["orderId"] == "1"


def test_without_the_private_stream_the_account_is_polled_each_second():
    desk = working()
    desk.agent.on_socket("user", False, "gone")
    for trade_id in (9, 10):
        desk.ctx.advance(desk.agent, SECOND)
        cum = "0.10000" if trade_id == 9 else "0.20000"
        desk.reconcile(
            venue.orders_body(venue.order_body("T1", status="PARTIALLY_FILLED", cum=cum)),
            venue.trades_body((trade_id, 1, "0.10000")),
        )
    assert [m.trade_id for m in desk.events() if isinstance(m, OrderFilled)] == ["9", "10"]
    assert desk.ask(submit("T2")).reason == Reason.RECONCILING


def test_the_fold_of_the_log_is_the_live_state():
    desk = working()
    desk.event(venue.fill_report("T1", 9, "0.25000", "0.25000"))
    desk.ask(submit("T2"))
    desk.answer("POST", ORDER, venue.error_body(-1013), status=400)
    desk.event(venue.report("web_1", 44))
    live, folded = desk.agent.figures(), desk.restarted().agent.figures()
    assert folded.orders == live.orders
    assert folded.open == live.open


def test_records_of_other_streams_are_not_folded():
    desk = Desk(up=False)
    header = Header(stream=stream_id(Kind.SIGNAL), type=34, sender=1, epoch=1, seq=1)
    desk.agent.restore(header, OrderInitialized("T7", "s", 1, 1, 1, 1, 1))
    assert desk.agent.figures().open == []


def test_a_venue_that_cannot_be_traded_is_refused():
    bad = config()
    bad = Config(
        venues=(VenueConfig(id=1, name="binance", kind="binance_coinm"),),
        instruments=bad.instruments,
        agents=bad.agents,
    )
    with pytest.raises(ConfigError, match=r"agents\.execution\.venue"):
        build("execution", bad)


def test_polling_stays_within_the_venues_weight_and_does_not_stop_while_the_stream_flaps():
    desk = working()
    weights = {OPEN: 80, ACCOUNT: 20, TRADES: 20}
    used, passes = 0, desk.agent.figures().passes
    for number in range(2, 482):
        desk.ctx.advance(desk.agent, 125 * MS)
        if number % 2:
            desk.agent.on_socket("user", False, "refused")
        else:
            connected_anew(desk, number // 2 + 1)
        used += sum(weights[call.path] for call in desk.ctx.calls.values())
        desk.reconcile(venue.orders_body(venue.order_body("T1")))
    assert desk.agent.figures().passes - passes > 20
    assert used <= 6_000


def test_the_pass_after_a_lost_stream_comes_as_soon_however_often_it_is_lost_again():
    desk = Desk()
    for _ in range(10):
        desk.agent.on_socket("user", False, "refused")
        desk.ctx.advance(desk.agent, 200 * MS)
    assert desk.only("GET", OPEN)


def test_balances_are_asked_for_with_the_pass_that_opens_trading_and_then_seldom():
    desk = Desk()
    desk.pass_time(55 * SECOND)
    assert desk.agent.figures().passes == 12
    assert sum(call.path == ACCOUNT for call in desk.ctx.answered) == 2
    desk.pass_time(10 * SECOND)
    assert sum(call.path == ACCOUNT for call in desk.ctx.answered) == 3


def test_a_log_that_would_not_be_kept_whole_is_refused():
    with pytest.raises(ConfigError, match=r"agents\.execution\.log_retention_bytes"):
        build("execution", config(log_retention_bytes=1 << 27))


EXTERNAL_LOCK = b'{"subscriptionId":0,"event":{"e":"externalLockUpdate","E":1,"a":"BTC","d":"1","T":1}}'


@pytest.mark.parametrize("event", [venue.balance_update("BTC", "1.5"), EXTERNAL_LOCK])
def test_balances_that_no_trade_changed_are_counted_and_asked_for_at_once(event):
    desk = Desk()
    assert desk.ctx.pending("GET", ACCOUNT) == []
    desk.event(event)
    desk.ctx.advance(desk.agent, 0)
    assert desk.ctx.counters["balances_changed"] == 1
    desk.only("GET", ACCOUNT)
    desk.reconcile(balances=venue.account_body(BTC="2.5"))
    assert desk.agent.figures().balances["BTC"] == 300_000_000
    assert desk.agent.healthy


def test_balances_that_could_not_be_had_are_asked_for_by_the_next_pass():
    desk = Desk()
    desk.event(EXTERNAL_LOCK)
    desk.ctx.advance(desk.agent, 0)
    desk.lose("GET", ACCOUNT)
    desk.reconcile()
    desk.ctx.advance(desk.agent, 60 * SECOND)
    desk.only("GET", ACCOUNT)

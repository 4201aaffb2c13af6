"""Brackets: what an order with a take-profit or a stop has traded is closed by execution, once, whatever happens."""

import msgspec

from schemas.messages import Ack, CancelOrder, Instrument, OrderInitialized, Quote
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TimeInForce
from schemas.streams import AGENT_STREAM, Kind, StreamState, stream_id
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import LOT, MS, ORDER, SECOND, STREAM, Desk
from tests.unit.agents.submissions import approved, submission

QUOTES = stream_id(Kind.QUOTE, 1, 1)
FEE = 10
"""Lots that each fill of these replies pays as commission."""


def quote(desk, bid=10_000, ask=10_002):
    now = desk.ctx.wall_ns
    desk.ctx.deliver(desk.agent, "md", QUOTES, Quote(now, now, 7, bid, LOT, ask, LOT))
    desk.ctx.advance(desk.agent, 0)


def entry(take_profit=11_000, stop=9_000, *, filled="1.00000", status="FILLED", **more):
    """A desk with an order that has a bracket, and that the venue filled as far as is said."""
    desk = Desk(market_data=("md",), **more)
    quote(desk)
    terms = msgspec.structs.replace(approved(), take_profit_ticks=take_profit, stop_ticks=stop)
    assert desk.ask(submission(terms)) == Ack(True)
    fills = [venue.create_fill(61, filled)] if float(filled) else []
    desk.answer("POST", ORDER, venue.order_body("T1", status=status, cum=filled, fills=fills))
    desk.ctx.advance(desk.agent, 0)
    return desk


def listed(desk, **stated):
    """Have the venue list BTCUSDT with these steps and bounds."""
    told = Instrument(1, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", **stated)
    desk.ctx.deliver(desk.agent, "md", stream_id(Kind.INSTRUMENT, 1, 1), told)


def exits(desk):
    return [m for m in desk.ctx.messages(STREAM) if isinstance(m, OrderInitialized) and m.parent]


def accept(desk, number, status="NEW", qty="0.99990", cum="0.00000", **more):
    body = venue.order_body(f"T1-{number}", 100 + number, status, qty, cum, side="SELL", **more)
    desk.answer("POST", ORDER, body)
    desk.ctx.advance(desk.agent, 0)


def end_cancel(desk, number, cum="0.00000"):
    body = venue.order_body(
        "x", 100 + number, "CANCELED", "0.99990", cum, side="SELL", origClientOrderId=f"T1-{number}"
    )
    desk.answer("DELETE", ORDER, body)
    desk.ctx.advance(desk.agent, 0)


def test_what_was_filled_rests_at_the_take_profit_less_what_it_cost():
    desk = entry()
    (exit_,) = exits(desk)
    assert (exit_.client_order_id, exit_.side, exit_.qty_lots, exit_.price_ticks) == (
        *("T1-1", Side.SELL),
        *(LOT - FEE, 11_000),
    )
    assert (exit_.time_in_force, exit_.exec_inst, exit_.strategy, exit_.lifetime_ms) == (
        *(TimeInForce.GTC, ExecInst.REDUCE_ONLY),
        *("maker", 0),
    )
    first = desk.events()[0]
    assert (exit_.parent, exit_.causes, exit_.approver) == ("T1", first.causes, first.approver)


def test_each_part_that_is_filled_gets_an_exit():
    desk = entry(filled="0.40000", status="PARTIALLY_FILLED")
    accept(desk, 1, qty="0.39990")
    desk.event(venue.fill_report("T1", 62, "0.60000", "1.00000", status="FILLED"))
    desk.ctx.advance(desk.agent, 0)
    assert sum(each.qty_lots for each in exits(desk)) <= LOT - FEE
    assert len(exits(desk)) == 2


def test_nothing_is_done_before_anything_is_filled():
    desk = entry(filled="0.00000", status="NEW")
    quote(desk, 8_000, 8_002)
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert exits(desk) == []


def test_the_stop_cancels_the_take_profit_and_then_closes_at_a_bounded_price():
    desk = entry()
    accept(desk, 1)
    quote(desk, 9_000, 9_002)
    assert len(exits(desk)) == 1
    end_cancel(desk, 1)
    quote(desk, 8_990, 8_992)
    stop = exits(desk)[-1]
    assert (stop.time_in_force, stop.qty_lots, stop.side) == (TimeInForce.IOC, LOT - FEE, Side.SELL)
    assert 8_990 * 0.99 <= stop.price_ticks <= 8_990
    assert desk.events("T1-1")[-1].reason == Reason.CANCELED_BY_OTHER_LEG


def test_a_take_profit_that_trades_while_it_is_canceled_is_not_closed_twice():
    desk = entry()
    accept(desk, 1)
    quote(desk, 9_000, 9_002)
    desk.event(venue.fill_report("T1-1", 71, "0.99990", "0.99990", venue_id=101, status="FILLED", S="SELL"))
    desk.ctx.advance(desk.agent, SECOND)
    assert len(exits(desk)) == 1


def test_a_stop_of_what_its_strategy_has_sold_by_itself_sells_nothing():
    desk = entry(take_profit=0)
    assert desk.ask(submission(approved("T2", LOT - FEE, 9_500, Side.SELL))) == Ack(True)
    fills = [{**venue.create_fill(91, "0.99990"), "commissionAsset": "USDT"}]
    body = venue.order_body("T2", 2, "FILLED", "0.99990", "0.99990", fills=fills, side="SELL")
    desk.answer("POST", ORDER, body)
    quote(desk, 8_000, 8_002)
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert exits(desk) == []
    assert desk.agent.figures().trading == []


def test_a_price_short_of_the_stop_moves_nothing():
    desk = entry()
    accept(desk, 1)
    quote(desk, 9_001, 9_003)
    assert not desk.ctx.pending("DELETE", ORDER)


def test_what_a_step_of_the_stop_leaves_is_closed_by_the_next_further_through_the_market():
    desk = entry(take_profit=0)
    quote(desk, 9_000, 9_002)
    first = exits(desk)[-1]
    fills = [{**venue.create_fill(81, "0.50000"), "commissionAsset": "USDT"}]
    accept(desk, 1, "EXPIRED", cum="0.50000", timeInForce="IOC", fills=fills)
    desk.ctx.advance(desk.agent, 500 * MS)
    second = exits(desk)[-1]
    assert second.qty_lots == LOT - FEE - LOT // 2
    assert second.price_ticks < first.price_ticks


def test_a_strategy_that_cancels_its_exit_ends_the_bracket():
    desk = entry()
    accept(desk, 1)
    desk.ask(CancelOrder("T1-1", int(Reason.CANCELED_BY_STRATEGY)))
    end_cancel(desk, 1)
    quote(desk, 8_000, 8_002)
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert len(exits(desk)) == 1


def test_an_exit_that_the_venue_rejects_is_tried_again_slower_and_slower():
    desk = entry()
    tried = []
    for _ in range(40):
        if desk.ctx.pending("POST", ORDER):
            tried.append(desk.ctx.now_ns)
            desk.answer("POST", ORDER, venue.error_body(-2010), status=400)
        desk.ctx.advance(desk.agent, 500 * MS)
        desk.reconcile()
    assert 3 <= len(tried) < 12


def test_a_stop_does_not_wait_because_the_venue_rejected_take_profits():
    desk = entry()
    for _ in range(6):
        desk.answer("POST", ORDER, venue.error_body(-2010), status=400)
        while not desk.ctx.pending("POST", ORDER):
            quote(desk)
            desk.ctx.advance(desk.agent, 500 * MS)
            desk.reconcile()
    accept(desk, 7)
    quote(desk, 9_000, 9_002)
    end_cancel(desk, 7)
    assert exits(desk)[-1].time_in_force == TimeInForce.IOC


def test_a_bracket_survives_a_restart():
    desk = entry()
    accept(desk, 1)
    again = Desk(desk.record, up=False, market_data=("md",))
    again.connect(venue.orders_body(venue.order_body("T1-1", 101, qty="0.99990", side="SELL")))
    quote(again, 9_000, 9_002)
    (cancel,) = [call for call in again.ctx.calls.values() if call.method == "DELETE"]
    assert cancel.params["orderId"] == "101"
    assert exits(again) == []


def test_risk_and_strategy_that_are_gone_leave_the_exits():
    desk = entry()
    accept(desk, 1)
    for peer in ("risk", "signal", "signal2"):
        desk.ctx.stream_states[peer, AGENT_STREAM] = StreamState.DOWN
        desk.agent.on_stream_state(peer, AGENT_STREAM, StreamState.DOWN)
    desk.ctx.advance(desk.agent, 10 * SECOND)
    assert not desk.ctx.pending("DELETE", ORDER)


def test_a_stop_without_market_data_is_refused_and_a_take_profit_is_not():
    desk = Desk()
    terms = msgspec.structs.replace(approved(), stop_ticks=9_000)
    assert desk.ask(submission(terms)).reason == Reason.BRACKET_NOT_KEPT
    terms = msgspec.structs.replace(approved("T2"), take_profit_ticks=11_000)
    assert desk.ask(submission(terms)).accepted


def test_what_is_kept_is_told():
    desk = entry()
    assert desk.agent.figures().trading == ["BRACKET BTCUSDT T1: 0.99990 to close"]
    desk.ctx.stream_states["md", QUOTES] = StreamState.DOWN
    assert desk.agent.figures().trading == ["BRACKET BTCUSDT T1: the stop is not watched: no price is known"]


def test_orders_of_a_bracket_have_legal_states():
    desk = entry()
    assert desk.statuses() == [OrderStatus.SUBMITTED, OrderStatus.FILLED]


def sells_by_itself(desk, name, qty=LOT - FEE):
    """The strategy sells at a price that nobody pays yet."""
    assert desk.ask(submission(approved(name, qty, 20_000, Side.SELL))) == Ack(True)
    desk.answer("POST", ORDER, venue.order_body(name, 2, "NEW", "0.99990", side="SELL", price="200.00"))
    desk.ctx.advance(desk.agent, SECOND)


def test_a_stop_is_kept_while_the_strategy_tries_to_sell_by_itself():
    desk = entry(take_profit=0)
    sells_by_itself(desk, "T2")
    desk.ask(CancelOrder("T2", int(Reason.CANCELED_BY_STRATEGY)))
    body = venue.order_body("x", 2, "CANCELED", "0.99990", side="SELL", price="200.00", origClientOrderId="T2")
    desk.answer("DELETE", ORDER, body)
    quote(desk, 9_000, 9_002)
    assert [(each.time_in_force, each.qty_lots) for each in exits(desk)] == [(TimeInForce.IOC, LOT - FEE)]


def test_a_bracket_that_its_strategy_gave_up_while_its_stop_was_under_way_stays_so_after_a_restart():
    desk = entry()
    accept(desk, 1)
    quote(desk, 9_000, 9_002)
    assert desk.ask(CancelOrder("T1-1", int(Reason.CANCELED_BY_STRATEGY))).accepted
    desk.event(venue.report("T1-1", 101, "EXPIRED", "EXPIRED", q="0.99990", S="SELL"))
    again = Desk(desk.record, up=False, market_data=("md",))
    again.connect()
    quote(again, 8_000, 8_002)
    again.ctx.advance(again.agent, 5 * SECOND)
    assert exits(again) == []


def test_an_entry_that_trades_on_after_its_bracket_was_given_up_gets_no_exit():
    desk = entry(filled="0.40000", status="PARTIALLY_FILLED")
    accept(desk, 1, qty="0.39990")
    desk.ask(CancelOrder("T1-1", int(Reason.CANCELED_BY_STRATEGY)))
    end_cancel(desk, 1)
    desk.event(venue.fill_report("T1", 62, "0.60000", "1.00000", status="FILLED"))
    desk.ctx.advance(desk.agent, SECOND)
    quote(desk, 8_000, 8_002)
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert [each.client_order_id for each in exits(desk)] == ["T1-1"]


def test_a_strategy_that_replaces_its_exit_ends_the_bracket():
    desk = entry()
    accept(desk, 1)
    terms = msgspec.structs.replace(approved("T2", LOT - FEE, 12_000, Side.SELL), replaces="T1-1")
    assert desk.ask(submission(terms)) is None
    end_cancel(desk, 1)
    assert desk.ctx.replies[-1][1] == Ack(True)
    quote(desk, 8_000, 8_002)
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert [each.client_order_id for each in exits(desk)] == ["T1-1"]
    assert desk.creates()[-1].params["newClientOrderId"] == "T2"


def sold_out():
    """A desk whose strategy has sold by itself what a stop was to close."""
    desk = entry(take_profit=0)
    assert desk.ask(submission(approved("T2", LOT - FEE, 9_500, Side.SELL))) == Ack(True)
    fills = [{**venue.create_fill(91, "0.99990"), "commissionAsset": "USDT"}]
    desk.answer("POST", ORDER, venue.order_body("T2", 2, "FILLED", "0.99990", "0.99990", fills=fills, side="SELL"))
    desk.ctx.advance(desk.agent, SECOND)
    return desk


def test_that_nothing_is_left_to_close_is_told_once():
    desk = sold_out()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    told = [event for event in desk.events("T1") if getattr(event, "reason", 0) == Reason.BRACKET_NOT_KEPT]
    assert [(event.status, event.text) for event in told] == [
        (OrderStatus.FILLED, "nothing is held any more of the 0.99990 left to close")
    ]


def test_a_bracket_that_was_over_closes_nothing_that_others_open_after_a_restart():
    desk = sold_out()
    assert desk.ask(submission(approved("T3", strategy="taker"))) == Ack(True)
    fills = [{**venue.create_fill(92, "1.00000"), "commissionAsset": "USDT"}]
    desk.answer("POST", ORDER, venue.order_body("T3", 3, "FILLED", cum="1.00000", fills=fills))
    again = Desk(desk.record, up=False, market_data=("md",))
    again.connect()
    quote(again, 8_000, 8_002)
    again.ctx.advance(again.agent, 5 * SECOND)
    assert exits(again) == []


def test_a_stop_sells_nothing_that_another_strategy_holds():
    desk = entry(take_profit=0)
    assert desk.ask(submission(approved("T3", strategy="taker"))) == Ack(True)
    fills = [{**venue.create_fill(92, "1.00000"), "commissionAsset": "USDT"}]
    desk.answer("POST", ORDER, venue.order_body("T3", 3, "FILLED", cum="1.00000", fills=fills))
    assert desk.ask(submission(approved("T2", LOT // 2, 9_500, Side.SELL))) == Ack(True)
    fills = [{**venue.create_fill(91, "0.50000"), "commissionAsset": "USDT"}]
    desk.answer("POST", ORDER, venue.order_body("T2", 2, "FILLED", "0.50000", "0.50000", fills=fills, side="SELL"))
    quote(desk, 8_000, 8_002)
    assert [each.qty_lots for each in exits(desk)] == [LOT // 2]


def test_an_entry_that_has_something_left_to_close_is_never_forgotten(monkeypatch):
    monkeypatch.setattr("agents.execution.order_table.ORDERS_REMEMBERED_MAX", 3)
    desk = entry(take_profit=0)
    for n in range(10):
        assert desk.ask(submission(approved(f"N{n}", LOT, 5_000))) == Ack(True)
        desk.answer("POST", ORDER, venue.error_body(-2010), status=400)
    again = Desk(desk.record, up=False, market_data=("md",))
    again.connect()
    quote(again, 9_000, 9_002)
    assert [(each.parent, each.qty_lots) for each in exits(again)] == [("T1", LOT - FEE)]


def reducing(name, **more):
    return submission(
        msgspec.structs.replace(
            approved(name, LOT - FEE, 10_500, Side.SELL), exec_inst=int(ExecInst.REDUCE_ONLY), **more
        )
    )


def test_an_order_that_was_to_reduce_and_comes_after_the_exit_is_refused():
    desk = entry()
    accept(desk, 1)
    answer = desk.ask(reducing("T2"))
    assert (answer.accepted, answer.reason) == (False, Reason.DOES_NOT_REDUCE)


def test_an_order_that_reduces_may_take_the_place_of_the_exit():
    desk = entry()
    accept(desk, 1)
    assert desk.ask(reducing("T2", replaces="T1-1")) is None
    end_cancel(desk, 1)
    assert desk.ctx.replies[-1][1] == Ack(True)


def test_an_order_that_reduces_is_taken_on_where_no_exit_is_in_its_way():
    desk = entry(take_profit=0)
    assert desk.ask(reducing("T2")) == Ack(True)


def filled_where(**stated):
    """A desk whose entry was filled at a venue that takes orders in these steps and bounds."""
    desk = Desk(market_data=("md",))
    listed(desk, **stated)
    quote(desk)
    terms = msgspec.structs.replace(approved(), take_profit_ticks=11_000, stop_ticks=9_000)
    assert desk.ask(submission(terms)) == Ack(True)
    fills = [venue.create_fill(61, "1.00000")]
    desk.answer("POST", ORDER, venue.order_body("T1", status="FILLED", cum="1.00000", fills=fills))
    desk.ctx.advance(desk.agent, 0)
    return desk


def test_exits_are_in_the_venues_steps():
    desk = filled_where(qty_step_lots=1_000, price_step_ticks=100)
    (profit,) = exits(desk)
    assert (profit.qty_lots, profit.price_ticks) == (99_000, 11_000)
    accept(desk, 1, qty="0.99000")
    quote(desk, 9_000, 9_100)
    end_cancel(desk, 1)
    stop = exits(desk)[-1]
    assert (stop.qty_lots, stop.price_ticks) == (99_000, 9_000), "a step through the market is less than the venue's"


def test_what_is_more_than_one_order_may_have_is_closed_by_several():
    desk = filled_where(max_qty_lots=60_000)
    accept(desk, 1, qty="0.60000")
    assert [each.qty_lots for each in exits(desk)] == [60_000, LOT - FEE - 60_000]


def test_what_is_less_than_the_venue_takes_ends_the_bracket():
    desk = filled_where(min_qty_lots=LOT)
    assert exits(desk) == []
    assert desk.agent.figures().trading == []


def test_nothing_is_done_in_an_instrument_that_the_venue_does_not_trade_now():
    desk = filled_where(fault="status BREAK")
    assert exits(desk) == []
    assert desk.agent.figures().trading == ["BRACKET BTCUSDT T1: status BREAK"]
    listed(desk)
    desk.ctx.advance(desk.agent, SECOND)
    assert len(exits(desk)) == 1

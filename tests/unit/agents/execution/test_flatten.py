"""Flattening without risk: on an operator's word, by what the venue's account holds, in bounded steps until it is flat."""

import json

import pytest

from schemas.messages import Ack, Flatten, Instrument, OrderInitialized, Quote
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TimeInForce
from schemas.streams import AGENT_STREAM, Kind, StreamState, stream_id
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import ACCOUNT, LOT, MS, ORDER, SECOND, STREAM, Desk, submit, working
from tests.unit.agents.venues.bybit.account_desk import execution, frame
from tests.unit.agents.venues.bybit.trading_desk import CREATE, LINEAR, position
from tests.unit.agents.venues.bybit.trading_desk import Desk as ContractDesk

QUOTES = stream_id(Kind.QUOTE, 1, 1)
STEP = 500 * MS


def desk_without_risk(make=Desk, **more):
    """A desk whose risk agent is not heard of any more, and that knows the market."""
    desk = make(market_data=("md",), **more)
    lose_risk(desk)
    quote(desk)
    return desk


def lose_risk(desk, state=StreamState.DOWN):
    desk.ctx.stream_states["risk", AGENT_STREAM] = state
    desk.agent.on_stream_state("risk", AGENT_STREAM, state)


def quote(desk, bid=10_000, ask=10_002):
    now = desk.ctx.wall_ns
    desk.ctx.deliver(desk.agent, "md", QUOTES, Quote(now, now, 7, bid, LOT, ask, LOT))


def flatten(desk, sender=0, **scope):
    return desk.ctx.ask(desk.agent, Flatten("enough", **scope), client="operator", sender=sender)


def balances(desk, btc, locked="0"):
    """Answer the question for balances that is out."""
    body = {
        "balances": [{"asset": "BTC", "free": btc, "locked": locked}, {"asset": "USDT", "free": "5", "locked": "0"}]
    }
    desk.answer("GET", ACCOUNT, json.dumps(body).encode())


def closes(desk):
    return [m for m in desk.ctx.messages(STREAM) if isinstance(m, OrderInitialized) and m.strategy == "flatten"]


def step(desk, btc):
    """Let the next step be made while the account holds so much."""
    desk.ctx.advance(desk.agent, STEP)
    quote(desk)
    balances(desk, btc)


def end_close(desk, number, status="EXPIRED", qty="1.00000", cum="0.00000"):
    name = f"flatten-1-{number}"
    body = venue.order_body(name, 100 + number, status, qty, cum, side="SELL", timeInForce="IOC")
    desk.answer("POST", ORDER, body)


def test_it_sells_what_the_venue_says_it_holds_at_a_bounded_price_until_it_is_flat():
    desk = desk_without_risk()
    assert flatten(desk) == Ack(True)
    desk.ctx.advance(desk.agent, 0)
    balances(desk, "1.00000")
    (close,) = closes(desk)
    assert close == OrderInitialized(
        "flatten-1-1",
        "flatten",
        1,
        Side.SELL,
        LOT,
        9_975,
        TimeInForce.IOC,
        exec_inst=ExecInst.CLOSE | ExecInst.REDUCE_ONLY,
    )
    assert close.causes == ()
    assert close.approver == 0
    assert desk.agent.figures().trading == [
        "HALTED all: operator: enough",
        "FLATTENING BTCUSDT: enough: sells 1.00000 at 99.75 or better",
    ]
    end_close(desk, 1)
    step(desk, "0.40000")
    assert (closes(desk)[1].qty_lots, closes(desk)[1].price_ticks) == (40_000, 9_950)
    end_close(desk, 2, qty="0.40000")
    for number in range(3, 7):
        step(desk, "0.40000")
        end_close(desk, number, qty="0.40000")
    assert {close.price_ticks for close in closes(desk)[3:]} == {9_900}, "the bound is one percent"
    step(desk, "0.00000")
    assert desk.agent.figures().trading == ["HALTED all: operator: enough"]
    count = len(closes(desk))
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert len(closes(desk)) == count


def test_it_sells_in_the_venues_steps_and_ends_with_less_than_the_venue_takes():
    desk = desk_without_risk()
    told = Instrument(1, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", qty_step_lots=1_000, price_step_ticks=50)
    desk.ctx.deliver(desk.agent, "md", stream_id(Kind.INSTRUMENT, 1, 1), told)
    flatten(desk)
    desk.ctx.advance(desk.agent, 0)
    balances(desk, "0.99990")
    (close,) = closes(desk)
    assert (close.qty_lots, close.price_ticks) == (99_000, 10_000)
    end_close(desk, 1, qty="0.99000")
    step(desk, "0.00990")
    assert desk.agent.figures().trading == ["HALTED all: operator: enough"]
    assert len(closes(desk)) == 1


def test_no_step_is_made_before_the_last_one_has_ended():
    desk = desk_without_risk()
    flatten(desk)
    desk.ctx.advance(desk.agent, 0)
    balances(desk, "1.00000")
    desk.ctx.advance(desk.agent, 3 * SECOND)
    assert len(closes(desk)) == 1
    assert desk.ctx.pending("GET", ACCOUNT) == []


def test_what_rests_is_canceled_first_and_nothing_is_sold_before_the_venue_has_confirmed_that():
    desk = desk_without_risk(working)
    flatten(desk)
    desk.ctx.advance(desk.agent, SECOND)
    assert desk.statuses()[-1] == OrderStatus.PENDING_CANCEL
    assert desk.events()[-1].reason == Reason.CANCELED_BY_OPERATOR
    assert desk.ctx.pending("GET", ACCOUNT) == []
    desk.answer("DELETE", ORDER, venue.order_body("T1", status="CANCELED"))
    step(desk, "1.00000")
    assert len(closes(desk)) == 1


def test_the_scope_is_halted():
    desk = desk_without_risk()
    flatten(desk, instrument_id=1)
    assert desk.ask(submit("T9")).reason == Reason.HALTED


@pytest.mark.parametrize("state", [StreamState.LIVE, StreamState.GAP, StreamState.SYNCING])
def test_it_is_refused_while_a_risk_agent_is_heard_of(state):
    desk = desk_without_risk()
    lose_risk(desk, state)
    assert flatten(desk) == Ack(False, Reason.NONE, "risk is there, and flattens")
    assert desk.agent.figures().trading == []


def test_it_stops_as_soon_as_a_risk_agent_is_back():
    desk = desk_without_risk()
    flatten(desk)
    lose_risk(desk, StreamState.LIVE)
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert closes(desk) == []
    assert desk.agent.figures().trading == ["HALTED all: operator: enough"]


def test_it_is_refused_without_market_data():
    desk = Desk()
    lose_risk(desk)
    answer = flatten(desk)
    assert answer == Ack(
        False, Reason.NONE, "no market_data is configured for execution, so there is no price to close at"
    )


def test_what_cannot_be_closed_here_is_refused_with_its_reason():
    desk = desk_without_risk()
    assert flatten(desk, strategy="maker").text.startswith("without risk only the account's positions")
    assert flatten(desk, instrument_id=7).reason == Reason.INSTRUMENT_NOT_FOUND
    assert flatten(desk, sender=3).reason == Reason.FENCED


def test_it_waits_while_no_price_is_known():
    desk = desk_without_risk()
    flatten(desk)
    desk.ctx.advance(desk.agent, 6 * SECOND)
    balances(desk, "1.00000")
    assert closes(desk) == []
    assert desk.agent.figures().trading[1] == "FLATTENING BTCUSDT: enough: no price is known of BTCUSDT"
    quote(desk)
    step(desk, "1.00000")
    assert len(closes(desk)) == 1


def test_it_waits_while_the_account_is_not_reconciled():
    desk = desk_without_risk()
    flatten(desk)
    desk.agent.on_socket("user", False, "closed")
    desk.ctx.advance(desk.agent, STEP)
    assert closes(desk) == []
    assert desk.agent.figures().trading[1] == "FLATTENING BTCUSDT: enough: closed"


def test_a_step_that_the_venue_rejects_is_followed_by_one_half_as_large():
    desk = desk_without_risk()
    flatten(desk)
    desk.ctx.advance(desk.agent, 0)
    balances(desk, "1.00000")
    desk.answer("POST", ORDER, venue.error_body(-1013, "Filter failure: LOT_SIZE"), status=400)
    step(desk, "1.00000")
    assert [close.qty_lots for close in closes(desk)] == [LOT, LOT // 2]
    end_close(desk, 2, qty="0.50000")
    step(desk, "1.00000")
    assert closes(desk)[2].qty_lots == LOT


def test_it_ends_on_an_operators_word_and_what_is_halted_stays_so():
    desk = desk_without_risk()
    flatten(desk)
    assert flatten(desk, ended=True) == Ack(True)
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert closes(desk) == []
    assert desk.agent.figures().trading == ["HALTED all: operator: enough"]


def test_an_answer_that_proves_nothing_holds_it_up():
    desk = desk_without_risk()
    flatten(desk)
    desk.ctx.advance(desk.agent, 0)
    desk.lose("GET", ACCOUNT)
    assert closes(desk) == []
    desk.ctx.advance(desk.agent, STEP)
    desk.answer("GET", ACCOUNT, b"?")
    assert closes(desk) == []
    step(desk, "1.00000")
    assert len(closes(desk)) == 1


def test_positions_in_contracts_are_closed_from_either_side_by_orders_that_only_reduce():
    desk = ContractDesk(positions=[position("0.5", "Sell")], market_data=("md",))
    lose_risk(desk)
    desk.pass_time(2 * SECOND)
    assert desk.agent.healthy, "the position from before is what the account opens with"
    now, quotes = desk.ctx.wall_ns, stream_id(Kind.QUOTE, 1, LINEAR)
    desk.ctx.deliver(desk.agent, "md", quotes, Quote(now, now, 7, 500_000, 100, 500_010, 100))
    assert flatten(desk, instrument_id=LINEAR) == Ack(True)
    desk.ctx.advance(desk.agent, STEP)
    desk.answer_all()
    (number,) = desk.ctx.pending("POST", CREATE)
    asked = desk.ctx.calls[number].params
    assert (asked["side"], asked["qty"], asked["timeInForce"], asked["reduceOnly"]) == ("Buy", "0.500", "IOC", "true")
    assert float(asked["price"]) > 50_001.0
    assert any("buys 0.500" in line for line in desk.agent.figures().trading)
    desk.positions = []
    name = {"orderLinkId": asked["orderLinkId"], "orderId": "V1"}
    desk.taken()
    bought = execution(side="Buy", execQty="0.5", execPrice="50001.0", orderQty="0.5", execId="E1", **name)
    desk.tell(frame("execution", bought))
    desk.pass_time(2 * SECOND)
    assert not any("FLATTENING" in line for line in desk.agent.figures().trading)

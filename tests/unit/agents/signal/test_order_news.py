"""What strategies are told of their signals and orders: each change once, with its reason and figures."""

import pytest

from agents.signal.strategy import OrderChange
from mesh.agent import Outcome
from schemas.messages import Ack, Approved, Denied, OrderUpdated, Released, SubmitOrder
from schemas.orders import OrderStatus, Reason
from schemas.streams import AGENT_STREAM
from tests.unit.agents.risk.risk_desk import Desk as RiskDesk
from tests.unit.agents.signal.signal_desk import Desk, S
from tests.unit.agents.trading_desk import BTC, filled, initialized, strategy, updated

TOLD = "tests.unit.agents.probe_strategies:Told"


class NewsDesk(Desk):
    """A desk on which one signal was asked of risk."""

    def __init__(self, **params):
        super().__init__(strategy("test", TOLD, buy_on="trade", **params), strategy("other", TOLD))
        self.book()
        self.trade()
        self.signal = self.signals()[0]
        self.btc = self.strategy().market.instruments[0]

    def events(self, name="test"):
        return self.strategy(name).of("order")

    def changes(self):
        return [(event.change, event.reason) for event in self.events()]

    def answer(self, message, outcome=Outcome.ANSWERED):
        self.ctx.finish(self.agent, self.ctx.requests[0], message, outcome)

    def approve(self, order_id="a"):
        s = self.signal
        terms = (s.strategy, s.instrument_id, s.side, s.qty_lots, s.price_ticks, s.time_in_force)
        self.answer(Approved(s.signal_id, order_id, *terms))

    def show(self, order_id="a"):
        self.approve(order_id)
        self.event(initialized(order_id, qty=1_000, price=6_000_100), corr=self.signal.signal_id)


def test_a_denial_is_told_with_reason_and_figures():
    desk = NewsDesk()
    figures = {"price": 60_001.0, "price_max": 60_000.0}
    desk.answer(Denied(desk.signal.signal_id, "test", BTC, Reason.PRICE_COLLAR, figures))
    (event,) = desk.events()
    assert (event.change, event.reason, event.reason_name) == (OrderChange.DENIED, Reason.PRICE_COLLAR, "PRICE_COLLAR")
    assert event.figures == figures
    assert (event.signal_id, event.client_order_id) == (desk.signal.signal_id, "")
    assert (event.side, event.qty_lots, event.price_ticks) == (1, 1_000, 6_000_100)
    assert event.instrument is desk.btc
    assert event.ended
    assert not desk.events("other")


def test_an_order_that_execution_refuses_is_told_at_once_and_the_strategy_is_idle():
    desk = NewsDesk()
    desk.approve()
    assert not desk.strategy().ctx.idle(desk.btc)
    released = Released("a", Reason.RECONCILING)
    desk.ctx.deliver(desk.agent, "risk", AGENT_STREAM, released, corr=desk.signal.signal_id)
    assert desk.strategy().ctx.idle(desk.btc)
    assert desk.changes() == [(OrderChange.REFUSED, Reason.RECONCILING)]


def test_every_change_of_an_order_is_told_once():
    desk = NewsDesk()
    desk.show()
    desk.event(updated("a", OrderStatus.NEW))
    desk.event(filled("a", 7, 400, cum=400))
    desk.event(filled("a", 7, 400, cum=400))
    desk.event(OrderUpdated("a", BTC, OrderStatus.CANCELED, "v1", 400, 1, 1, Reason.LIFETIME_EXPIRED, "60 s"))
    events = desk.events()
    assert [event.change for event in events] == [2, 3, 4, 8]
    assert [event.cum_qty_lots for event in events] == [0, 0, 400, 400]
    assert {event.signal_id for event in events} == {desk.signal.signal_id}
    assert {event.client_order_id for event in events} == {"a"}
    assert (events[-1].reason, events[-1].text) == (Reason.LIFETIME_EXPIRED, "60 s")
    assert [event.ended for event in events] == [False, False, False, True]


def test_a_rejection_of_the_venue_is_told():
    desk = NewsDesk()
    desk.show()
    rejected = OrderUpdated("a", BTC, OrderStatus.REJECTED, "", 0, 1, 1, Reason.INSUFFICIENT_BALANCE, "no money")
    desk.event(rejected)
    assert desk.changes()[-1] == (OrderChange.REJECTED, Reason.INSUFFICIENT_BALANCE)


def test_position_is_up_to_date_when_a_fill_is_told():
    desk = NewsDesk()
    held = []
    desk.agent._runners["test"].strategy.on_order = lambda event: held.append(desk.strategy().ctx.position(desk.btc))
    desk.show()
    desk.event(filled("a", 7, 1_000, status=OrderStatus.FILLED, cum=1_000))
    assert held == [0, 1_000]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome.NOT_SENT, (OrderChange.UNSENT, Reason.RISK_GONE)),
        (Outcome.UNKNOWN, (OrderChange.UNANSWERED, Reason.OUTCOME_UNKNOWN)),
    ],
)
def test_a_signal_that_nobody_answered_is_told_once(outcome, told):
    desk = NewsDesk()
    desk.answer(None, outcome)
    desk.ctx.advance(desk.agent, 7 * S)
    assert desk.changes() == [told]


def test_an_approved_order_that_never_shows_up_is_told_when_it_is_not_waited_for_any_more():
    desk = NewsDesk()
    desk.approve()
    desk.ctx.advance(desk.agent, 7 * S)
    assert desk.changes() == [(OrderChange.UNANSWERED, Reason.OUTCOME_UNKNOWN)]
    assert desk.strategy().ctx.idle(desk.btc)


def test_a_cancel_that_came_to_nothing_is_told():
    desk = NewsDesk()
    desk.show()
    assert desk.strategy().ctx.cancel("a") == Reason.NONE
    desk.answer(Ack(accepted=False, reason=Reason.VENUE_RATE_LIMIT, text="later"))
    event = desk.events()[-1]
    assert (event.change, event.reason, event.text) == (OrderChange.CANCEL_REFUSED, Reason.VENUE_RATE_LIMIT, "later")


def test_orders_of_others_and_by_hand_are_not_told():
    desk = NewsDesk()
    desk.event(initialized("x", name="", external=True))
    desk.event(initialized("y", name="other"))
    assert not desk.events()
    assert [event.client_order_id for event in desk.events("other")] == ["y"]


def test_risk_tells_what_execution_refused_where_the_strategy_hears_it():
    desk, risk = NewsDesk(), RiskDesk()
    answer = risk.ask(desk.signal)
    desk.answer(answer)
    assert isinstance(answer, Approved)
    refusal = Ack(accepted=False, reason=Reason.VENUE_RATE_LIMIT)
    risk.ctx.finish(risk.agent, risk.asked(SubmitOrder)[0], refusal)
    told = risk.ctx.published[-1]
    followed = [(s.publisher, s.stream) for s in desk.agent.subscriptions()]
    assert ("risk", told.stream) in followed
    desk.ctx.deliver(desk.agent, "risk", told.stream, told.message, corr=told.header.corr)
    assert desk.changes() == [(OrderChange.REFUSED, Reason.VENUE_RATE_LIMIT)]
    assert desk.strategy().ctx.idle(desk.btc)

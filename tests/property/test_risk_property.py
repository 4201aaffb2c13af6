"""Risk against a venue that knows the truth: whatever happens in between, limits hold for what could still trade.

The model is the venue's own account: which orders it took, what they filled, which can still fill. Submissions arrive
late or never, answers get lost, events lag behind, risk crashes and comes back. After every step the position, with all
that approved orders may still trade, must be within the limits: position, no short, gross exposure, number of orders; no
signal gets a second order, and no id comes twice. The oracle never looks into the agent.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agents.risk import build
from mesh.agent import Outcome
from schemas.config import LimitsConfig
from schemas.messages import E8, Ack, Approved, CancelOrder, Equity, SubmitOrder
from schemas.orders import OrderStatus, Reason, Side
from schemas.streams import Kind, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import (
    BTC,
    EQUITY,
    ETH,
    ORDERS,
    config,
    filled,
    initialized,
    quote,
    reconciled,
    signal,
    stream,
    updated,
)

S = 1_000_000_000
TTL_NS = S
LOTS = {BTC: 100_000, ETH: 10_000}  # in one coin
MIDS = {BTC: 6_000_000, ETH: 300_000}
POSITION_MAX = 1
GROSS_MAX = 50_000
OPEN_MAX = 5


class VenueOrder:
    """What became of one approval, as only the venue knows it."""

    def __init__(self, order, asked_ns):
        self.order = order
        self.asked_ns = asked_ns
        self.taken = False
        self.ended = False
        self.filled = 0

    def can_fill(self, now_ns):
        """Lots that may still trade: all of a submission that may still arrive."""
        if self.ended or (not self.taken and now_ns > self.asked_ns + TTL_NS):
            return 0
        return self.order.qty_lots - self.filled


class RiskMachine(RuleBasedStateMachine):
    """One risk agent, its log, the venue, and the events on their way."""

    @initialize()
    def begin(self):
        self.epoch = 0
        self.log = []
        self.events = [reconciled()]
        self.venue = {}
        self.signals = {}
        self.trades = 0
        self.delivered = 0
        self.now_ns = S
        self.restart(1)

    def restart(self, count):
        self.epoch += 1
        limits = LimitsConfig(
            order_qty_max="0.6",
            order_notional_max="0",
            position_max=str(POSITION_MAX),
            open_orders_max=OPEN_MAX,
            exposure_gross_max=str(GROSS_MAX),
            orders_per_second_max=1000.0,
            orders_burst_max=1000,
            unknown_orders_max=2,
        )
        self.agent = build("risk", config(limits))
        self.ctx = FakeContext("risk", sender=3, epoch=self.epoch, now_ns=self.now_ns)
        self.agent.bind(self.ctx)
        for item in self.log:
            self.agent.restore(item.header, item.message)
        self.agent.start()
        self.ctx.stream_states["exec", ORDERS] = StreamState.SYNCING
        self.behind = max(1, self.delivered)
        self.delivered = 0
        self.refresh()
        self.deliver(count)

    def refresh(self):
        for number, mid in MIDS.items():
            self.ctx.deliver(self.agent, "md", stream(Kind.QUOTE, number), quote(self.ctx, mid - 100, mid + 100))
        money = Equity(self.ctx.wall_ns, 10**6 * E8, 0, 0, 0, 10**6 * E8, 10**6 * E8)
        self.ctx.deliver(self.agent, "folio", EQUITY, money)

    def keep_log(self):
        self.log += self.ctx.published
        self.ctx.published.clear()

    def submissions(self):
        return [asked for asked in self.ctx.requests if isinstance(asked.message, SubmitOrder)]

    # What strategies do

    @rule(
        wishes=st.lists(
            st.tuples(
                st.sampled_from([Side.BUY, Side.BUY, Side.SELL]),
                st.sampled_from([5, 20, 45, 60, 61]),
                st.sampled_from([0, 0, 0, -50_000, 50_000]),
                st.sampled_from([BTC, BTC, ETH]),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def ask(self, wishes):
        for side, part, away, instrument in wishes:
            number = len(self.signals) + 1
            price = MIDS[instrument] + away * MIDS[instrument] // 6_000_000
            want = signal(number, side, LOTS[instrument] * part // 100, price, instrument=instrument)
            answer = self.ctx.ask(self.agent, want, client="signal", sender=2)
            self.signals[number] = want, answer
            if isinstance(answer, Approved):
                assert answer.client_order_id not in self.venue
                self.venue[answer.client_order_id] = VenueOrder(answer, self.now_ns)
        self.keep_log()

    @precondition(lambda self: self.signals)
    @rule(data=st.data())
    def ask_again(self, data):
        want, answer = self.signals[data.draw(st.sampled_from(sorted(self.signals)))]
        before = len(self.submissions())
        assert self.ctx.ask(self.agent, want, client="signal", sender=2) == answer
        assert len(self.submissions()) == before
        self.keep_log()

    # What happens to submissions

    def waiting(self):
        return [
            key
            for key, item in self.venue.items()
            if not item.taken and not item.ended and self.now_ns <= item.asked_ns + TTL_NS
        ]

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), answer=st.sampled_from(["yes", "lost", "late", "expired"]))
    def take(self, data, answer):
        item = self.venue[data.draw(st.sampled_from(self.waiting()))]
        item.taken = True
        order = item.order
        self.events.append(
            initialized(
                order.client_order_id, order.side, order.qty_lots, order.price_ticks, instrument=order.instrument_id
            )
        )
        if answer == "yes":
            self.end_submission(order.client_order_id, Ack(accepted=True), Outcome.ANSWERED)
        elif answer == "lost":
            self.end_submission(order.client_order_id, None, Outcome.UNKNOWN)
        elif answer == "expired":
            refusal = Ack(accepted=False, reason=Reason.DEADLINE_EXPIRED)
            self.end_submission(order.client_order_id, refusal, Outcome.ANSWERED)

    @precondition(lambda self: self.waiting())
    @rule(
        data=st.data(),
        how=st.sampled_from(
            [
                (Outcome.NOT_SENT, None),
                (Outcome.ANSWERED, Ack(accepted=False, reason=Reason.VENUE_RATE_LIMIT)),
                (Outcome.UNKNOWN, None),
                (Outcome.ANSWERED, Ack(accepted=False, reason=Reason.DEADLINE_EXPIRED)),
            ]
        ),
    )
    def never_take(self, data, how):
        item = self.venue[data.draw(st.sampled_from(self.waiting()))]
        item.ended = True
        self.end_submission(item.order.client_order_id, how[1], how[0])

    def end_submission(self, order_id, message, outcome):
        for asked in self.submissions():
            if asked.message.client_order_id == order_id:
                self.ctx.finish(self.agent, asked, message, outcome)
        self.keep_log()

    # What happens at the venue

    def live(self):
        return [key for key, item in self.venue.items() if item.taken and not item.ended]

    @precondition(lambda self: self.live())
    @rule(data=st.data(), part=st.integers(1, 100))
    def fill(self, data, part):
        item = self.venue[data.draw(st.sampled_from(self.live()))]
        self.events.append(self.trade(item, part))

    @precondition(lambda self: self.live())
    @rule(
        data=st.data(),
        part=st.sampled_from([0, 1, 50, 99, 100]),
        state=st.sampled_from(["CANCELED", "EXPIRED"]),
        word_first=st.booleans(),
    )
    def end(self, data, part, state, word_first):
        """End an order; its last fill may come after the word of its end."""
        item = self.venue[data.draw(st.sampled_from(self.live()))]
        order = item.order
        last = self.trade(item, part, OrderStatus[state]) if part else None
        item.ended = True
        status = OrderStatus[state] if item.filled < order.qty_lots else OrderStatus.FILLED
        self.events.append(updated(order.client_order_id, status, item.filled, order.instrument_id))
        if word_first:
            self.deliver(len(self.events) - self.delivered)
        if last is not None:
            self.events.append(last)

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def lose_sight(self, data):
        order = self.venue[data.draw(st.sampled_from(self.live()))].order
        self.events.append(updated(order.client_order_id, OrderStatus.UNKNOWN, 0, order.instrument_id))

    def trade(self, item, part, partly=OrderStatus.PARTIALLY_FILLED):
        order = item.order
        qty = max(1, (order.qty_lots - item.filled) * part // 100)
        item.filled += qty
        item.ended = item.filled == order.qty_lots
        self.trades += 1
        status = OrderStatus.FILLED if item.ended else partly
        shape = {"price": order.price_ticks, "side": Side(order.side), "instrument": order.instrument_id}
        return filled(order.client_order_id, self.trades, qty, status=status, cum=item.filled, **shape)

    # What reaches risk

    @rule(count=st.sampled_from([1, 1, 2, 3, 20]))
    def deliver(self, count):
        for _ in range(count):
            if self.delivered < len(self.events):
                self.ctx.deliver(self.agent, "exec", ORDERS, self.events[self.delivered])
                self.delivered += 1
        if self.delivered >= self.behind:
            self.ctx.stream_states["exec", ORDERS] = StreamState.LIVE
        self.keep_log()

    @rule(tenths=st.integers(1, 25))
    def pass_time(self, tenths):
        self.ctx.advance(self.agent, tenths * S // 10)
        self.now_ns = self.ctx.now_ns
        self.refresh()
        self.keep_log()

    @rule()
    def answer_probes(self):
        for asked in [asked for asked in self.ctx.requests if isinstance(asked.message, CancelOrder)]:
            known = self.venue[asked.message.client_order_id].taken
            reason = Reason.ALREADY_TERMINAL if known else Reason.ORDER_NOT_FOUND
            self.ctx.finish(self.agent, asked, Ack(accepted=False, reason=reason))
        self.keep_log()

    @rule(caught_up=st.booleans())
    def crash(self, caught_up):
        """Restart; what was delivered before comes again, at once or bit by bit."""
        self.restart(self.delivered if caught_up else 0)

    # What must hold

    @invariant()
    def limits_hold_for_all_that_could_trade(self):
        if not hasattr(self, "venue"):
            return
        gross = 0
        for number, lots in LOTS.items():
            orders = [item for item in self.venue.values() if item.order.instrument_id == number]
            net = sum(item.order.side * item.filled for item in orders)
            buys = sum(item.can_fill(self.now_ns) for item in orders if item.order.side == Side.BUY)
            sells = sum(item.can_fill(self.now_ns) for item in orders if item.order.side == Side.SELL)
            assert net + buys <= POSITION_MAX * lots
            assert net - sells >= 0
            gross += (net + buys) * MIDS[number] / 100 / lots
        assert gross <= GROSS_MAX + 1e-6
        assert sum(item.can_fill(self.now_ns) > 0 for item in self.venue.values()) <= OPEN_MAX

    def teardown(self):
        """Heal everything: risk must come to the venue's positions and hold nothing that cannot trade."""
        if not hasattr(self, "venue"):
            return
        for _ in range(4):
            self.deliver(len(self.events) + 1)
            self.pass_time(25)
            self.answer_probes()
        figures = self.agent.figures()
        for number, name in ((BTC, "BTCUSDT"), (ETH, "ETHUSDT")):
            net = sum(i.order.side * i.filled for i in self.venue.values() if i.order.instrument_id == number)
            assert float(figures["positions"].get(name, "0")) == net / LOTS[number]
        assert figures["open"]["orders"] == len(self.live())
        assert figures["open"]["reserved"] == 0


RiskMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestRiskHoldsItsLimits = RiskMachine.TestCase

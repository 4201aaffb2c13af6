"""Risk against a venue that knows the truth: limits hold for what could still trade, and no way out is ever barred.

The model is the venue's own account: which orders it took, what they filled, which can still fill. Submissions arrive
late or never, answers get lost, events lag behind, risk crashes and comes back. After every step the position, with all
that approved orders may still trade, must be within the limits: position, no short, gross exposure, number of orders; no
signal gets a second order, and no id comes twice. The oracle never looks into the agent.

Trading modes come and go meanwhile, of risk itself and of its peers, markets fall silent, the day's loss is reached, and
positions are flattened. What only reduces by all that risk was told (`risk_model`, counted naively) must be approved in
every state but HALTED; nothing else may be approved outside ACTIVE, or while the loss stands.

Steps are drawn with weights from a seed; a failure names its seed, which gives the same run again.
"""

import random

import pytest

from agents.risk.builder import build
from core.frame import unpack
from mesh.agent import Outcome
from mesh.protocol.codec import decode_frame
from schemas.config import LimitsConfig
from schemas.messages import (
    E8,
    Ack,
    Approved,
    CancelOrder,
    Equity,
    Flatten,
    SetTradingMode,
    SubmitOrder,
    TradingState,
)
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TradingMode
from schemas.streams import AGENT_STREAM, Kind, StreamState
from tests.property.risk_model import RiskModel
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

SEEDS = 40
RUNS_OF_A_SEED = 10
STEPS = 120

S = 1_000_000_000
TTL_NS = S
LOTS = {BTC: 100_000, ETH: 10_000}  # in one coin
MIDS = {BTC: 6_000_000, ETH: 300_000}
POSITION_MAX = 1
GROSS_MAX = 50_000
OPEN_MAX = 5
NOTIONAL_MIN = 5
EQUITY_OF = {False: 10**6, True: 10**6 - 10_000}  # whether the day's loss is reached


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


class World:
    """One risk agent, its log, the venue, and the events on their way."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.epoch = 0
        self.log = []
        self.events = [reconciled()]
        self.venue = {}
        self.model = RiskModel()
        self.told = []
        self.lost = False
        self.unknown_max = self.random.choice([0, 2])
        self.signals = []
        self.trades = 0
        self.delivered = 0
        self.now_ns = S
        self.restart(1)

    def run(self):
        steps = {
            self.ask: 30,
            self.ask_again: 3,
            self.take: 20,
            self.never_take: 5,
            self.fill: 15,
            self.end: 12,
            self.lose_sight: 2,
            self.deliver: 25,
            self.pass_time: 12,
            self.answer_probes: 8,
            self.crash: 3,
            self.set_mode: 5,
            self.set_peers_mode: 2,
            self.fall_silent: 2,
            self.lose: 1,
            self.flatten: 1,
        }
        for step in self.random.choices(list(steps), list(steps.values()), k=STEPS):
            step()
            self.keep_log()
            self.check()
        self.heal()
        self.close_all()

    def restart(self, count):
        """Begin a new epoch from the log; `count` events come again at once."""
        self.epoch += 1
        limits = LimitsConfig(
            order_qty_max="0.6",
            order_notional_max="0",
            position_max=str(POSITION_MAX),
            open_orders_max=OPEN_MAX,
            exposure_gross_max=str(GROSS_MAX),
            orders_per_second_max=1000.0,
            orders_burst_max=1000,
            unknown_orders_max=self.unknown_max,
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
        self.model.forget_events()
        for message in self.told:
            self.ctx.deliver(self.agent, "exec", AGENT_STREAM, message)
        self.pass_time(1)
        self.receive(count)

    def keep_log(self):
        for item in self.ctx.published:
            self.log.append(item)
            self.model.logged(item.message)
            if isinstance(item.message, Approved):
                assert item.message.client_order_id not in self.venue
                self.venue[item.message.client_order_id] = VenueOrder(item.message, item.header.send_ns)
        self.ctx.published.clear()

    def asked(self, cls):
        return [asked for asked in self.ctx.requests if isinstance(asked.message, cls)]

    def pick(self, found):
        return self.random.choice(found) if found else None

    # What strategies do

    def ask(self):
        side = self.random.choice([Side.BUY, Side.BUY, Side.SELL])
        part = self.random.choice([5, 20, 45, 60, 61])
        instrument = self.random.choice([BTC, BTC, ETH])
        price = MIDS[instrument] - side * self.random.choice([0, MIDS[instrument] // 200, MIDS[instrument] // 10])
        number = len(self.signals) + 1
        want = signal(number, side, LOTS[instrument] * part // 100, price, instrument=instrument)
        self.keep_log()
        answer = self.ctx.ask(self.agent, want, client="signal", sender=2)
        self.signals.append((want, answer))
        self.judge(want, answer)

    def judge(self, want, answer):
        """Hold an answer against what risk was told: what reduces gets out, and what does not is held back."""
        reduces, mode = self.model.reduces(want), self.model.strictest(want)
        if isinstance(answer, Approved):
            assert mode is TradingMode.ACTIVE or (mode is TradingMode.REDUCING and reduces)
            assert reduces or not self.lost
        elif reduces:
            barred = {Reason.HALTED} if mode is TradingMode.HALTED else set()
            if want.qty_lots > LOTS[want.instrument_id] * 6 // 10:
                barred.add(Reason.ORDER_QTY_ABOVE_MAXIMUM)
            if self.model.crosses(want):
                barred.add(Reason.SELF_TRADE)
            if self.ctx.stream_states["exec", ORDERS] is not StreamState.LIVE:
                barred.add(Reason.EXECUTION_UNAVAILABLE)
            assert answer.reason in barred, (Reason(answer.reason).name, answer.figures)

    def ask_again(self):
        if (known := self.pick(self.signals)) is not None:
            before = len(self.asked(SubmitOrder))
            assert self.ctx.ask(self.agent, known[0], client="signal", sender=2) == known[1]
            assert len(self.asked(SubmitOrder)) == before

    # What stops trading

    def set_mode(self):
        instrument = self.random.choice([0, 0, BTC, ETH])
        mode = self.random.choice([TradingMode.ACTIVE, TradingMode.ACTIVE, TradingMode.REDUCING, TradingMode.HALTED])
        self.ctx.ask(self.agent, SetTradingMode(int(mode), "word", instrument_id=instrument))

    def set_peers_mode(self):
        mode = self.random.choice([TradingMode.ACTIVE, TradingMode.ACTIVE, TradingMode.REDUCING])
        state = TradingState(int(mode), "ban", int(Reason.BREAKER_OPEN))
        self.told.append(state)
        self.model.mode("exec", state)
        self.ctx.deliver(self.agent, "exec", AGENT_STREAM, state)

    def fall_silent(self):
        self.ctx.advance(self.agent, self.random.randint(1, 5) * S)
        self.now_ns = self.ctx.now_ns

    def lose(self):
        self.lost = True
        self.pass_time(5)

    def flatten(self):
        self.ctx.ask(self.agent, Flatten("word", instrument_id=self.random.choice([0, BTC, ETH])))

    # What happens to submissions

    def waiting(self):
        now_ns = self.now_ns
        return [v for v in self.venue.values() if not v.taken and not v.ended and now_ns <= v.asked_ns + TTL_NS]

    def take(self):
        """Execution takes a submission; risk may hear so, hear nothing, or hear that a repeat came too late."""
        if (item := self.pick(self.waiting())) is None:
            return
        item.taken = True
        order = item.order
        shape = (order.side, order.qty_lots, order.price_ticks)
        self.events.append(initialized(order.client_order_id, *shape, instrument=order.instrument_id))
        late = Ack(accepted=False, reason=Reason.DEADLINE_EXPIRED)
        ends = [(Outcome.ANSWERED, Ack(accepted=True)), (Outcome.UNKNOWN, None), (Outcome.ANSWERED, late), None]
        self.end_submission(order.client_order_id, self.random.choices(ends, [5, 2, 1, 2])[0])

    def never_take(self):
        if (item := self.pick(self.waiting())) is None:
            return
        item.ended = True
        refused = (Reason.VENUE_RATE_LIMIT, Reason.DEADLINE_EXPIRED)
        ends = [(Outcome.ANSWERED, Ack(accepted=False, reason=reason)) for reason in refused]
        ends += [(Outcome.NOT_SENT, None), (Outcome.UNKNOWN, None)]
        self.end_submission(item.order.client_order_id, self.pick(ends))

    def end_submission(self, order_id, end):
        for asked in self.asked(SubmitOrder):
            header = unpack(asked.message.decision)
            if end is not None and decode_frame(header, asked.message.decision).client_order_id == order_id:
                self.ctx.finish(self.agent, asked, end[1], end[0])

    # What happens at the venue

    def live(self):
        return [item for item in self.venue.values() if item.taken and not item.ended]

    def fill(self):
        if (item := self.pick(self.live())) is not None:
            self.events.append(self.trade(item, self.random.choice([1, 50, 100]), OrderStatus.PARTIALLY_FILLED))

    def end(self):
        """End an order; its last fill may come after the word of its end."""
        if (item := self.pick(self.live())) is None:
            return
        order = item.order
        part = self.random.choice([0, 0, 50, 99, 100])
        last = self.trade(item, part, OrderStatus.CANCELED) if part else None
        item.ended = True
        status = OrderStatus.CANCELED if item.filled < order.qty_lots else OrderStatus.FILLED
        self.events.append(updated(order.client_order_id, status, item.filled, order.instrument_id))
        if self.random.random() < 0.5:
            self.receive(len(self.events) - self.delivered)
        if last is not None:
            self.events.append(last)

    def lose_sight(self):
        if (item := self.pick(self.live())) is not None:
            self.events.append(updated(item.order.client_order_id, OrderStatus.UNKNOWN, 0, item.order.instrument_id))

    def trade(self, item, part, partly):
        order = item.order
        qty = max(1, (order.qty_lots - item.filled) * part // 100)
        item.filled += qty
        item.ended = item.filled == order.qty_lots
        self.trades += 1
        status = OrderStatus.FILLED if item.ended else partly
        shape = {"price": order.price_ticks, "side": Side(order.side), "instrument": order.instrument_id}
        return filled(order.client_order_id, self.trades, qty, status=status, cum=item.filled, **shape)

    # What reaches risk

    def deliver(self):
        self.receive(self.random.choice([1, 2, 3, 20]))

    def receive(self, count):
        for event in self.events[self.delivered : self.delivered + count]:
            self.keep_log()
            self.ctx.deliver(self.agent, "exec", ORDERS, event)
            self.model.event(event)
            self.delivered += 1
        if self.delivered >= self.behind:
            self.ctx.stream_states["exec", ORDERS] = StreamState.LIVE

    def pass_time(self, tenths=0):
        self.ctx.advance(self.agent, (tenths or self.random.randint(1, 25)) * S // 10)
        self.now_ns = self.ctx.now_ns
        for number, mid in MIDS.items():
            self.ctx.deliver(self.agent, "md", stream(Kind.QUOTE, number), quote(self.ctx, mid - 100, mid + 100))
        money = Equity(self.ctx.wall_ns, EQUITY_OF[self.lost] * E8, 0, 0, 0, 10**6 * E8, 10**6 * E8)
        self.ctx.deliver(self.agent, "folio", EQUITY, money)

    def answer_probes(self):
        for asked in self.asked(CancelOrder):
            taken = self.venue[asked.message.client_order_id].taken
            reason = Reason.ALREADY_TERMINAL if taken else Reason.ORDER_NOT_FOUND
            self.ctx.finish(self.agent, asked, Ack(accepted=False, reason=reason))
        self.keep_log()

    def crash(self):
        """Restart; what was delivered before comes again, at once or bit by bit."""
        self.restart(self.random.choice([0, self.delivered, self.delivered]))

    # What must hold

    def check(self):
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
        opening = [item for item in self.venue.values() if item.order.side == Side.BUY]
        assert sum(item.can_fill(self.now_ns) > 0 for item in opening) <= OPEN_MAX

    def heal(self):
        """Deliver and answer everything: risk must come to the venue's positions and hold nothing that cannot trade."""
        for instrument in (0, BTC, ETH):
            self.ctx.ask(self.agent, Flatten("enough", instrument_id=instrument, ended=True))
        for _ in range(4):
            self.receive(len(self.events))
            self.pass_time(25)
            self.answer_probes()
        figures = self.agent.figures()
        for number, name in ((BTC, "BTCUSDT"), (ETH, "ETHUSDT")):
            net = sum(i.order.side * i.filled for i in self.venue.values() if i.order.instrument_id == number)
            assert float(figures.positions.get(name, "0")) == net / LOTS[number]
        assert figures.open.orders == len(self.live())
        assert figures.open.reserved == 0

    def close_all(self):
        """Flatten what is left: it must end with nothing held, by orders that only reduce."""
        for item in self.live():
            item.ended = True
            self.events.append(
                updated(item.order.client_order_id, OrderStatus.CANCELED, item.filled, item.order.instrument_id)
            )
        self.receive(len(self.events))
        self.ctx.ask(self.agent, Flatten("out"))
        for _ in range(40):
            self.keep_log()
            self.check()
            while self.waiting():
                self.take()
            for item in self.live():
                assert item.order.exec_inst & ExecInst.CLOSE
                self.events.append(self.trade(item, self.random.choice([50, 100]), OrderStatus.PARTIALLY_FILLED))
            self.receive(len(self.events))
            self.pass_time(3)
        self.keep_log()
        assert self.agent.figures().flattening == []
        for number, lots in LOTS.items():
            held = self.model.range(number)
            assert held.net * MIDS[number] / 100 / lots < NOTIONAL_MIN
            assert held.buys == held.sells == 0


@pytest.mark.parametrize("seed", range(SEEDS))
def test_limits_hold_for_all_that_could_trade(seed):
    for run in range(RUNS_OF_A_SEED):
        World(seed * RUNS_OF_A_SEED + run).run()

"""An execution agent on a venue that answers as a test says, and what its tests ask of both."""

import msgspec

from agents.execution.agent import build
from mesh.agent import CallOutcome
from schemas.config import (
    Config,
    ExecutionConfig,
    InstrumentConfig,
    MarketDataConfig,
    PortfolioConfig,
    RiskConfig,
    SignalConfig,
    StrategyConfig,
    VenueConfig,
)
from schemas.messages import (
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
)
from schemas.orders import TRANSITIONS, ExecInst, OrderStatus, Side, TimeInForce
from schemas.streams import Kind, stream_id
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.submissions import approved, submission

S = OrderStatus
MS = 1_000_000
SECOND = 1000 * MS
ORDER, OPEN, TRADES, ACCOUNT = "/api/v3/order", "/api/v3/openOrders", "/api/v3/myTrades", "/api/v3/account"
TIME = "/api/v3/time"
STREAM = stream_id(Kind.ORDER, 1, 0)
LOT = 100_000  # lots of 0.00001 in 1.0


def config(**more):
    return Config(
        venues=(VenueConfig(id=1, name="binance", kind="binance_spot"),),
        instruments=(
            InstrumentConfig(
                id=1, venue="binance", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size="0.01", lot_size="0.00001"
            ),
        ),
        agents={
            "execution": ExecutionConfig(id=1, venue="binance", **more),
            "risk": RiskConfig(id=2, market_data=("md",), execution=("execution",), portfolio="portfolio"),
            "portfolio": PortfolioConfig(id=3, execution=("execution",), market_data=("md",)),
            "md": MarketDataConfig(id=6, venue="binance", instruments=("BTCUSDT",)),
            "signal": signal(4, "maker"),
            "signal2": signal(5, "maker", "taker"),
        },
    )


def signal(number, *names):
    strategies = tuple(StrategyConfig(name=name, path="m:C", instruments=("BTCUSDT",)) for name in names)
    return SignalConfig(id=number, market_data=("md",), risk="risk", strategies=strategies)


def submit(client_id="T1", qty=LOT, price=10_000, side=Side.BUY, time_in_force=TimeInForce.GTC, instrument=1):
    return submission(approved(client_id, qty, price, side, time_in_force, instrument))


def closing(client_id="T1", exec_inst=ExecInst.REDUCE_ONLY):
    """A submission that risk has found to close what is held."""
    return submission(msgspec.structs.replace(approved(client_id, LOT, 10_000, Side.SELL), exec_inst=int(exec_inst)))


class VenueContext(FakeContext):
    """A fake context in which the venue tells its time whenever it is asked, as soon as anything else happens.

    Without `tells_time` those calls are among the others, and wait for the test.
    """

    tells_time = True

    def __init__(self, name="execution", **more):
        super().__init__(name, **more)
        self.asked_time = {}

    def call(self, call):
        number = super().call(call)
        if self.tells_time and call.path == TIME:
            self.asked_time[number] = self.calls.pop(number)
        return number

    def tell_time(self, agent):
        while self.asked_time:
            number, call = self.asked_time.popitem()
            self.calls[number] = call
            self.respond(agent, number, venue.time_body(self.wall_ns))
            self.answered.pop()

    def advance(self, agent, duration_ns):
        self.tell_time(agent)
        super().advance(agent, duration_ns)
        self.tell_time(agent)


class Desk:
    """An execution agent with a venue that answers as the test says; open orders, trades and balances are empty."""

    def __init__(self, log=(), up=True, ctx=None, tells_time=True, **more):
        self.ctx = ctx or VenueContext()
        self.ctx.tells_time = tells_time
        self.agent = build("execution", config(**more))
        self.agent.bind(self.ctx)
        for header, message in log:
            self.agent.restore(header, message)
        self.log = list(log)
        self.agent.start()
        self.ctx.tell_time(self.agent)
        if up:
            self.connect()

    def connect(self, *lists):
        self.agent.on_socket("user", True, "")
        self.agent.on_frame("user", venue.SUBSCRIBED)
        self.reconcile(*lists)

    def reconcile(self, orders=b"[]", trades=b"[]", balances=b'{"balances":[]}'):
        """Answer every call of the pass that is under way, and of older ones that were given up."""
        while waiting := [
            (number, call)
            for number, call in self.ctx.calls.items()
            if call.path in (OPEN, ACCOUNT) or (call.path == TRADES and "orderId" not in call.params)
        ]:
            for number, call in waiting:
                self.ctx.respond(self.agent, number, {OPEN: orders, TRADES: trades, ACCOUNT: balances}[call.path])

    @property
    def record(self):
        """What is in the agent's log."""
        return self.log + [(item.header, item.message) for item in self.ctx.published]

    def restarted(self):
        """Another life of the same agent: what it published is its log."""
        return Desk(self.record, up=False)

    def ask(self, message, **more):
        return self.ctx.ask(self.agent, message, **more)

    def only(self, method, path):
        """Return the id of the one call of that kind that is out."""
        (number,) = self.ctx.pending(method, path)
        return number

    def answer(self, method, path, body, **more):
        self.ctx.respond(self.agent, self.only(method, path), body, **more)

    def lose(self, method, path):
        self.ctx.respond(self.agent, self.only(method, path), outcome=CallOutcome.UNKNOWN)

    def event(self, frame):
        self.agent.on_frame("user", frame)

    def pass_time(self, duration_ns):
        """Let time pass with reconciliation passes answered as they come."""
        step = 250 * MS
        for _ in range(duration_ns // step):
            self.ctx.advance(self.agent, step)
            self.reconcile(*self.lists)

    lists = ()

    def events(self, client_id="T1"):
        return [m for m in self.ctx.messages(STREAM) if getattr(m, "client_order_id", None) == client_id]

    def statuses(self, client_id="T1"):
        return [S(m.status) for m in self.events(client_id) if m.status != S.INITIALIZED]

    def creates(self):
        return [c for c in [*self.ctx.answered, *self.ctx.calls.values()] if (c.method, c.path) == ("POST", ORDER)]

    @property
    def orders(self):
        return self.agent.figures().orders


def working(client_id="T1", **more):
    """A desk with one order that the venue has accepted."""
    desk = Desk(**more)
    desk.ask(submit(client_id))
    desk.answer("POST", ORDER, venue.order_body(client_id))
    return desk


def assert_legal(desk):
    """Every published status follows the one before by the table; every fill is published once."""
    seen = {}
    for message in desk.ctx.messages(STREAM):
        if isinstance(message, OrderInitialized | OrderUpdated | OrderFilled):
            before = seen.get(message.client_order_id, S.INITIALIZED)
            assert S(message.status) in TRANSITIONS[before] | {before}, (message, before)
            seen[message.client_order_id] = S(message.status)
    fills = [(m.venue_order_id, m.trade_id) for m in desk.ctx.messages(STREAM) if isinstance(m, OrderFilled)]
    assert len(fills) == len(set(fills))


def connected_anew(desk, number):
    """Close the private stream and open it again; `number` is that of the subscription."""
    desk.agent.on_socket("user", False, "closed")
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.subscribed(number))


def answer_all(desk, order=None, trades=b"[]", orders=b"[]"):
    """Answer every call that is out: queries as `order` says (a body, or an error code), lists with nothing."""
    for number, call in list(desk.ctx.calls.items()):
        if call.path == ORDER and isinstance(order, bytes):
            desk.ctx.respond(desk.agent, number, order)
        elif call.path == ORDER:
            desk.ctx.respond(desk.agent, number, venue.error_body(order or -2013), status=400)
        else:
            bodies = {OPEN: orders, TRADES: trades, ACCOUNT: b'{"balances":[]}'}
            desk.ctx.respond(desk.agent, number, bodies[call.path])

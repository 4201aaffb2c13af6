"""A reaper on a venue that keeps orders and answers at once, and what its tests ask of both."""

import json

from agents.reaper.agent import build
from mesh.agent import CallOutcome
from schemas.config import Config, ExecutionConfig, InstrumentConfig, MeshConfig, ReaperConfig, VenueConfig
from schemas.messages import OrdersReaped
from schemas.streams import AGENT_STREAM, StreamState
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.fake_context import FakeContext

MS = 1_000_000
SECOND = 1000 * MS
OPEN, ORDER, ACCOUNT = "/api/v3/openOrders", "/api/v3/order", "/api/v3/account"
TIME = "/api/v3/time"
SYMBOLS = ("BTCUSDT", "ETHUSDT")


def config(**more):
    return Config(
        mesh=MeshConfig(),
        venues=(VenueConfig(id=1, name="binance", kind="binance_spot"),),
        instruments=tuple(
            InstrumentConfig(
                id=number,
                venue="binance",
                symbol=symbol,
                base=symbol[:3],
                quote="USDT",
                tick_size="0.01",
                lot_size="0.00001",
            )
            for number, symbol in enumerate(SYMBOLS, start=1)
        ),
        agents={
            "execution": ExecutionConfig(id=1, venue="binance"),
            "reaper": ReaperConfig(id=2, execution="execution", **{"silence_ms": 2000} | more),
        },
    )


class Venue:
    """Open orders by symbol; cancels take what they name, unless the venue is told to keep it."""

    def __init__(self):
        self.orders = {}
        self.balances = {}
        self.kept = set()
        self.dead = False
        self.limited = False
        self.now_ms = self.ahead_ms = 0
        self.calls = []

    def rest(self, number, symbol="BTCUSDT"):
        self.orders[number] = symbol

    def answer(self, call):
        """Return (body, what else) of the reply to a call."""
        self.calls.append((call.method, call.path, call.params.get("symbol", "")))
        if self.dead:
            return b"", {"outcome": CallOutcome.UNKNOWN}
        if call.path == TIME:
            return json.dumps({"serverTime": self.now_ms}).encode(), {}
        if self.limited:
            return venue.error_body(-1003, "too many"), {"status": 429, "headers": {"Retry-After": "3"}}
        if (call.method, call.path) == ("GET", OPEN):
            orders = [venue.order_body(f"T{n}", n, symbol=symbol) for n, symbol in self.orders.items()]
            return venue.orders_body(*orders), {}
        if call.path == ACCOUNT:
            found = [{"asset": asset, "free": free, "locked": "0"} for asset, free in self.balances.items()]
            return json.dumps({"balances": found}).encode(), {}
        if (call.method, call.path) == ("DELETE", OPEN):
            gone = [n for n, symbol in self.orders.items() if symbol == call.params["symbol"] and n not in self.kept]
        else:
            assert (call.method, call.path) == ("DELETE", ORDER), "a reaper looks and cancels"
            gone = [int(call.params["orderId"])]
        for number in gone:
            self.orders.pop(number, None)
        return venue.order_body("T", 1, "CANCELED") if call.path == ORDER else b"[]", {}

    def count(self, method, path):
        return len([call for call in self.calls if call[:2] == (method, path)])


class Desk:
    """A reaper of `execution`, which is heard or not as the test says."""

    def __init__(self, *, heard=True, **more):
        self.ctx = FakeContext("reaper")
        self.venue = Venue()
        self.agent = build("reaper", config(**more))
        self.agent.bind(self.ctx)
        self.agent.start()
        if heard:
            self.hear()
        self.answer_all()

    def hear(self, state=StreamState.LIVE):
        self.agent.on_stream_state("execution", AGENT_STREAM, state)

    def fall_silent(self):
        """Let the link find what it finds of a process that was killed."""
        self.hear(StreamState.GAP)
        self.pass_time(700 * MS)
        self.hear(StreamState.DOWN)

    def end_in_order(self):
        self.hear(StreamState.DOWN)

    def pass_time(self, duration_ns):
        """Let time pass, with a venue that answers at once."""
        step = 10 * MS
        for _ in range(duration_ns // step):
            self.ctx.advance(self.agent, step)
            self.answer_all()

    def answer_all(self):
        while self.ctx.calls:
            self.answer_one()

    def answer_one(self):
        number, call = next(iter(self.ctx.calls.items()))
        self.venue.now_ms = self.ctx.wall_ns // MS + self.venue.ahead_ms
        body, more = self.venue.answer(call)
        self.ctx.respond(self.agent, number, body, **more)

    def ask(self, message, client=""):
        return self.ctx.ask(self.agent, message, client=client, sender=0 if not client else 9)

    def reaped(self):
        return [m for m in self.ctx.messages(AGENT_STREAM) if isinstance(m, OrdersReaped)]

    @property
    def figures(self):
        return self.agent.figures()

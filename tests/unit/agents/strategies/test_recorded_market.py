"""The shipped strategies with their defaults on recorded Binance spot BTCUSDT: they trade, and stay inside the limits."""

import gzip
import itertools

import msgspec
import pytest

from agents.risk.builder import build as build_risk
from agents.signal.agent import build as build_signal
from core.decimals import Scale, pack_levels
from schemas.messages import E8, Approved, BookDelta, BookSnapshot, Equity, Quote, Signal, Trade
from schemas.orders import OrderStatus, Side
from schemas.streams import Kind
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import (
    BTC,
    EQUITY,
    ORDERS,
    config,
    filled,
    initialized,
    reconciled,
    strategy,
    stream,
)

S = 1_000_000_000
LOT_SIZE = "0.000001"  # levels of the recorded book are finer than the lot of the time
TICK, LOT = Scale("0.01"), Scale(LOT_SIZE)


def messages(path, duration_ns):
    """Yield (local time, kind, message) of a capture; depth before its REST snapshot is left out."""
    with gzip.open(path, "rb") as file:
        first_ns, synced = 0, False
        for line in file:
            stamp, body = line.split(b" ", 1)
            now_ns = int(stamp)
            first_ns = first_ns or now_ns
            if now_ns - first_ns > duration_ns:
                return
            frame = msgspec.json.decode(body)
            if "lastUpdateId" in frame:
                levels = (pack_levels(frame[side], TICK, LOT) for side in ("bids", "asks"))
                synced = True
                yield now_ns, Kind.BOOK, BookSnapshot(now_ns, now_ns, frame["lastUpdateId"], *levels)
            elif "stream" in frame and (synced or "depth" not in frame["stream"]):
                yield now_ns, *message(frame["stream"], frame["data"], now_ns)


def message(name, data, now_ns):
    if name.endswith("@trade"):
        price, qty = TICK.parse(data["p"]), LOT.parse(data["q"])
        return Kind.TRADE, Trade(data["T"] * 10**6, now_ns, price, qty, -1 if data["m"] else 1, str(data["t"]))
    if name.endswith("@bookTicker"):
        top = TICK.parse(data["b"]), LOT.parse(data["B"]), TICK.parse(data["a"]), LOT.parse(data["A"])
        return Kind.QUOTE, Quote(now_ns, now_ns, data["u"], *top)
    levels = (pack_levels(data[side], TICK, LOT) for side in ("b", "a"))
    return Kind.BOOK, BookDelta(data["E"] * 10**6, now_ns, data["U"], data["u"], *levels)


class Desk:
    """Signal and risk on one market; what risk approves is filled at once at its limit price."""

    def __init__(self, path):
        desk = config(strategies=(strategy("test", path),))
        finer = tuple(msgspec.structs.replace(instrument, lot_size=LOT_SIZE) for instrument in desk.instruments)
        self.desk = msgspec.structs.replace(desk, instruments=finer)
        self.agents = {}
        self.decisions, self.ids = [], itertools.count(1)
        for name, build in (("signal", build_signal), ("risk", build_risk)):
            ctx = FakeContext(name, sender=self.desk.agents[name].id)
            agent = build(name, self.desk)
            agent.bind(ctx)
            agent.start()
            self.agents[name] = agent, ctx

    def both(self, publisher, at, what, corr=0):
        for agent, ctx in self.agents.values():
            ctx.deliver(agent, publisher, at, what, corr=corr)

    def step(self, now_ns, kind, what):
        for agent, ctx in self.agents.values():
            ctx.advance(agent, max(0, now_ns - ctx.wall_ns))
        self.both("md", stream(kind), what)
        self.settle()

    def settle(self):
        signal_agent, signal_ctx = self.agents["signal"]
        risk, risk_ctx = self.agents["risk"]
        for asked in [asked for asked in signal_ctx.requests if isinstance(asked.message, Signal)]:
            answer = risk_ctx.ask(risk, asked.message, client="signal", sender=2)
            self.decisions.append(answer)
            signal_ctx.finish(signal_agent, asked, answer)
            if isinstance(answer, Approved):
                self.fill(answer)

    def fill(self, order):
        side = Side(order.side)
        shape = {"side": side, "qty": order.qty_lots, "price": order.price_ticks}
        self.both("exec", ORDERS, initialized(order.client_order_id, **shape), corr=order.signal_id)
        fee = {"commission": order.qty_lots // 10, "asset": "BTC"} if side is Side.BUY else {}
        done = filled(order.client_order_id, next(self.ids), status=OrderStatus.FILLED, **shape, **fee)
        self.both("exec", ORDERS, done)


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("ema_cross:EmaCross", "20240808"),
        ("ema_cross:EmaCross", "20240809"),
        ("book_imbalance:BookImbalance", "20240808"),
    ],
)
def test_defaults_trade_within_a_minute_inside_the_default_limits(data_dir, path, day):
    capture = data_dir / "raw" / "binance-spot" / "hftbacktest" / f"btcusdt_{day}.gz"
    desk = Desk(f"agents.strategies.{path}")
    equity_ns = 0
    for now_ns, kind, what in messages(capture, 60 * S):
        if not equity_ns:
            for _, ctx in desk.agents.values():
                ctx.wall_ns = now_ns
            desk.both("exec", ORDERS, reconciled())
        if now_ns - equity_ns >= S:
            equity_ns = now_ns
            money = Equity(now_ns, 10**6 * E8, 0, 0, 0, 10**6 * E8, 10**6 * E8)
            desk.agents["risk"][1].deliver(desk.agents["risk"][0], "folio", EQUITY, money)
        desk.step(now_ns, kind, what)
    approved = [answer for answer in desk.decisions if isinstance(answer, Approved)]
    assert len(approved) == len(desk.decisions)
    assert len(approved) >= 2
    held = 0
    for order in approved:
        held += order.side * order.qty_lots
        assert order.instrument_id == BTC
        assert held >= 0

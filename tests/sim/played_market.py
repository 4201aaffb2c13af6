"""A market in memory for backtests: prices that a test chose, as the messages of a market data agent; and strategies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.backtest.desk import BacktestDesk
from agents.instruments import InstrumentInfo, InstrumentTable
from agents.signal.strategy import Market, Params, Strategy
from core.decimals import Scale, pack_levels
from mesh.config import parse
from mesh.run.default_config import default_tree
from mesh.run.desk_config import desk_tree
from mesh.sim.recording import MessageRecording, Recording
from schemas.config import Config
from schemas.messages import BookSnapshot, FeedState, Message, Quote, Trade
from schemas.orders import TimeInForce
from schemas.streams import Kind, StreamState

BEGIN_NS = 1_723_161_600_000_000_000
MS = 1_000_000
STEP_NS = 10 * MS
FEED_NS = 2 * MS
DEEP = 10_000_000
"""Lots that each level has: more than any order takes."""
TICKS = Scale("1")


def config(
    folder: Path, path: str, params: dict[str, Any], *, venue: str = "binance", place: int = 0, **backtest: Any
) -> Config:
    """Return a desk with one strategy on one instrument, that at `place`, without fees unless told."""
    tree = default_tree(folder, 1, venue=venue)
    del tree["agents"]["archive"], tree["agents"]["reaper"]
    tree["instruments"] = tree["instruments"][place : place + 1]
    symbols = [tree["instruments"][0]["symbol"]]
    tree["agents"]["md"]["instruments"] = symbols
    strategy = {"name": "only", "path": path, "instruments": symbols, "warm_up_bars": 0, "params": params}
    tree["agents"]["signal"]["strategies"] = [strategy]
    tree["agents"]["risk"]["limits"] |= {
        "orders_per_second_max": 1e5,
        "orders_burst_max": 100_000,
        "open_orders_max": 1_000,
        "price_collar": 0.5,
        "correlation_max": 1.0,
        "order_notional_max": "1000000",
    }
    tree["venues"][0] |= {"orders_per_10s_max": 10**9, "orders_per_day_max": 10**9, "weight_per_minute_max": 10**9}
    tree["agents"]["paper"] |= {"maker_fee": "0", "taker_fee": "0"}
    tree["backtest"] = backtest
    return parse(tree)


def desk_of_two(folder: Path, params: dict[str, Any], **backtest: Any) -> Config:
    """Return a desk with an oracle at each of two venues, Binance and Bybit."""
    tree = desk_tree(folder, (1, 2), ("binance", "bybit"))
    first = [next(each for each in tree["instruments"] if each["venue"] == venue) for venue in ("binance", "bybit")]
    tree["instruments"] = first
    for name in ("archive", "reaper-binance", "reaper-bybit"):
        del tree["agents"][name]
    for each in first:
        tree["agents"][f"md-{each['venue']}"]["instruments"] = [each["symbol"]]
        tree["agents"][f"paper-{each['venue']}"] |= {"maker_fee": "0", "taker_fee": "0"}
    oracle = {"path": f"{__name__}:Oracle", "warm_up_bars": 0, "params": params}
    tree["agents"]["signal"]["strategies"] = [
        oracle | {"name": f"at-{each['venue']}", "instruments": [f"{each['venue']}:{each['symbol']}"]} for each in first
    ]
    tree["agents"]["risk"]["limits"] |= {"price_collar": 0.5, "correlation_max": 1.0}
    tree["agents"]["risk"]["desk"] = {}
    tree["backtest"] = backtest
    return parse(tree)


def info_of(config: Config, place: int = 0) -> InstrumentInfo:
    """Return an instrument."""
    table = config.instruments[place]
    return InstrumentTable(config).by_symbol[table.venue, table.symbol]


def book_at(at_ns: int, bid: int, lots: int = DEEP, levels: int = 5) -> BookSnapshot:
    """Return a book whose best bid is `bid`, with a spread of one tick."""
    bids = [(str(bid - n), str(lots)) for n in range(levels)]
    asks = [(str(bid + 1 + n), str(lots)) for n in range(levels)]
    packed = pack_levels(bids, TICKS, TICKS), pack_levels(asks, TICKS, TICKS)
    return BookSnapshot(at_ns, at_ns + FEED_NS, (at_ns - BEGIN_NS) // MS, *packed)


def market(
    config: Config, bids: Sequence[int], *, trade_lots: int = 1, place: int = 0, md: str = "md"
) -> list[Recording]:
    """Return what is received of a market whose best bid is `bids[n]` from n steps on, with a trade at each step.

    A trade is at the bid, of a seller, half a step after the book.
    """
    info = info_of(config, place)
    books: list[Message] = []
    quotes: list[Message] = []
    trades: list[Message] = []
    for kept in (books, quotes, trades):
        kept.append(FeedState(BEGIN_NS - MS, StreamState.LIVE))
    for number, bid in enumerate(bids):
        at_ns = BEGIN_NS + number * STEP_NS
        books.append(book_at(at_ns, bid))
        quotes.append(Quote(at_ns, at_ns + FEED_NS, number, bid, DEEP, bid + 1, DEEP))
        half_ns = at_ns + STEP_NS // 2
        trades.append(Trade(half_ns, half_ns + FEED_NS, bid, trade_lots, -1, str(number)))
    listed = [info.message()]
    streams = ((Kind.BOOK, books), (Kind.QUOTE, quotes), (Kind.TRADE, trades))
    sender = config.agents[md].id
    found: list[Recording] = [_listed(info, listed, sender)]
    return found + [MessageRecording(info.stream(kind), messages, sender=sender) for kind, messages in streams]


def _listed(info: InstrumentInfo, listed: list[Message], sender: int) -> Recording:
    from numpy import array, int64, uint8, uint64

    from mesh.sim.recording import BlockRecording

    block = (listed, array([BEGIN_NS - 2 * MS], int64), array([1], uint64), array([1], uint8))
    return BlockRecording(info.stream(Kind.INSTRUMENT), [block], sender=sender)


def played(config: Config, bids: Sequence[int], folder: Path, *, seed: int = 1, trade_lots: int = 1) -> BacktestDesk:
    """Return a backtest that was played to its end."""
    desk = BacktestDesk(config, {"md": market(config, bids, trade_lots=trade_lots)}, folder, seed=seed)
    desk.replay.play()
    desk.settle()
    return desk


class Oracle(Strategy):
    """Knows all bids that will ever be: buys before a rise, and sells all before a fall, whatever the book says."""

    future: Sequence[int] = ()

    def __init__(self, params: Params, market: Market) -> None:
        super().__init__(params, market)
        self._lots = int(params["lots"])
        self._ahead = int(params["ahead"])
        self._wants = 0

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Act on what the bid will be some steps from now."""
        now = int(trade.trade_id)
        if now + self._ahead >= len(self.future):
            return
        change = self.future[now + self._ahead] - self.future[now]
        held = self.ctx.position(instrument)
        if change > 0 and held == 0:
            self.ctx.buy(instrument, self._lots, trade.price_ticks + 1_000, time_in_force=TimeInForce.IOC)
        elif change < 0 and held > 0:
            self.ctx.sell(instrument, held, trade.price_ticks - 1_000, time_in_force=TimeInForce.IOC)


class Maker(Strategy):
    """Rests a buy at the bid at the first trade, and leaves it there."""

    def __init__(self, params: Params, market: Market) -> None:
        super().__init__(params, market)
        self._lots = int(params["lots"])
        self._asked = False

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Ask once."""
        if not self._asked:
            self._asked = bool(self.ctx.buy(instrument, self._lots, trade.price_ticks, post_only=True))

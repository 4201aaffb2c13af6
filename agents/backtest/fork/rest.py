"""What a run came to from a moment on, read from its logs; and the decisions and orders of that time, one by one.

Where the moment lies in each stream is given: what comes after it in a log is what the figures are made of.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from agents.backtest.result.run_logs import BYTES_AT_ONCE, FRAMES_AT_ONCE
from agents.instruments import InstrumentTable
from agents.state.positions import text_e8, text_of
from core.frame import HEADER_SIZE, Header, unpack
from core.log import LogReader
from mesh.protocol.codec import decode
from schemas.config import Config
from schemas.messages import (
    Approved,
    Denied,
    Equity,
    Message,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Position,
    Signal,
)
from schemas.orders import TERMINAL, Liquidity, OrderStatus, Reason
from schemas.streams import Kind, stream_kind, stream_venue

Cut = Mapping[str, Mapping[int, tuple[int, int]]]
"""By agent and stream the last message, (epoch, seq), before a moment."""

COMPARED = (Kind.SIGNAL, Kind.DECISION, Kind.ORDER)
"""What is compared one by one, causes before what comes of them."""


class RestFigures(msgspec.Struct, kw_only=True):
    """What came of a run from a moment to its end; amounts are decimal texts, money is in the desk's currency.

    `orders_ended` is by status; `fees` are by asset, `turnover` by quote currency; `positions` are those of the end.
    `equity_at` is what was known last at the moment, and `pnl` what equity changed by since, but for transfers.
    """

    signals: int = 0
    approved: int = 0
    denied: dict[str, int] = {}
    orders: int = 0
    orders_ended: dict[str, int] = {}
    fills: int = 0
    fills_maker: int = 0
    fees: dict[str, str] = {}
    turnover: dict[str, str] = {}
    positions: dict[str, str] = {}
    equity_at: str = ""
    equity_end: str = ""
    pnl: str = ""


class Event(msgspec.Struct, frozen=True):
    """One message after the moment, and when it was made, in Unix time."""

    agent: str
    wall_ns: int
    header: Header
    message: Message


class RestOfRun:
    """The rest of one run."""

    def __init__(self, logs: Path, cut: Cut, wall_of_zero_ns: int) -> None:
        """Read the logs of the agents of `cut` below `logs`; `wall_of_zero_ns` is Unix time where their clock is 0."""
        self._logs = logs
        self._cut = cut
        self._wall_of_zero_ns = wall_of_zero_ns

    def streams(self, kind: int) -> list[tuple[str, int]]:
        """Return (agent, stream) of every stream of a kind, in the order of agents and numbers."""
        found = []
        for agent in self._cut:
            reader = LogReader(str(self._logs / agent / "log"))
            found += [(agent, stream) for stream in sorted(reader.streams()) if stream_kind(stream) == kind]
            reader.close()
        return found

    def events(self, agent: str, stream: int, *, all_of_it: bool = False) -> Iterator[Event]:
        """Yield what a stream holds after the moment, or all of it, oldest first."""
        reader = LogReader(str(self._logs / agent / "log"))
        after = (0, 0) if all_of_it else self._cut[agent].get(stream, (0, 0))
        try:
            while frames := reader.read(stream, *after, count_max=FRAMES_AT_ONCE, bytes_max=BYTES_AT_ONCE):
                for frame in frames:
                    header = unpack(frame)
                    wall_ns = header.send_ns + self._wall_of_zero_ns
                    yield Event(agent, wall_ns, header, decode(header.type, frame[HEADER_SIZE:]))
                after = (header.epoch, header.seq)
        finally:
            reader.close()

    def figures(self, config: Config) -> RestFigures:
        """Return the figures of what came after the moment."""
        table = InstrumentTable(config)
        counted = _Counted(table)
        for kind in COMPARED:
            for agent, stream in self.streams(kind):
                for event in self.events(agent, stream):
                    counted.take(event.message)
        found = counted.figures()
        found.positions = self._positions(table)
        self._tell_equity(found)
        return found

    def _positions(self, table: InstrumentTable) -> dict[str, str]:
        found = {}
        for agent, stream in self.streams(Kind.POSITION):
            last = None
            for event in self.events(agent, stream, all_of_it=True):
                last = event.message if isinstance(event.message, Position) else last
            info = None if last is None else table.by_id.get(last.instrument_id)
            if last is not None and info is not None and last.net_qty_e8:
                found[info.name] = text_e8(last.net_qty_e8)
        return dict(sorted(found.items()))

    def _tell_equity(self, found: RestFigures) -> None:
        for agent, stream in self.streams(Kind.EQUITY):
            if stream_venue(stream):
                continue
            before = last = None
            cut = self._cut[agent].get(stream, (0, 0))
            for event in self.events(agent, stream, all_of_it=True):
                if isinstance(event.message, Equity):
                    before = event.message if (event.header.epoch, event.header.seq) <= cut else before
                    last = event.message
            if last is not None:
                found.equity_end = text_e8(last.equity_e8)
            if last is not None and before is not None:
                found.equity_at = text_e8(before.equity_e8)
                found.pnl = text_e8(_gained_e8(last) - _gained_e8(before))


class _Counted:
    """Counts messages, each once."""

    def __init__(self, table: InstrumentTable) -> None:
        self._table = table
        self._found = RestFigures()
        self._denied: Counter[str] = Counter()
        self._ended: dict[str, str] = {}
        self._fees_e8: Counter[str] = Counter()
        self._turnover_e16: Counter[str] = Counter()

    def take(self, message: Message) -> None:
        found = self._found
        if isinstance(message, Signal):
            found.signals += 1
        elif isinstance(message, Approved):
            found.approved += 1
        elif isinstance(message, Denied):
            self._denied[Reason(message.reason).name] += 1
        elif isinstance(message, OrderInitialized):
            found.orders += 1
        elif isinstance(message, OrderUpdated):
            if message.status in TERMINAL:
                self._ended[message.client_order_id] = OrderStatus(message.status).name
        elif isinstance(message, OrderFilled):
            self._filled(message)

    def _filled(self, fill: OrderFilled) -> None:
        self._found.fills += 1
        self._found.fills_maker += fill.liquidity == Liquidity.MAKER
        if fill.status in TERMINAL:
            self._ended[fill.client_order_id] = OrderStatus(fill.status).name
        if fill.commission_e8:
            self._fees_e8[fill.commission_asset] += fill.commission_e8
        info = self._table.by_id.get(fill.instrument_id)
        if info is not None:
            worth_e16 = info.px_e8(fill.last_px_ticks) * info.qty_e8(fill.last_qty_lots)
            self._turnover_e16[info.config.quote] += worth_e16

    def figures(self) -> RestFigures:
        found = self._found
        found.denied = dict(sorted(self._denied.items()))
        found.orders_ended = dict(sorted(Counter(self._ended.values()).items()))
        found.fees = {asset: text_e8(fee) for asset, fee in sorted(self._fees_e8.items())}
        found.turnover = {quote: text_of(worth, 16) for quote, worth in sorted(self._turnover_e16.items())}
        return found


def _gained_e8(told: Equity) -> int:
    return told.equity_e8 - told.transfers_e8


def cut_of(logs: Path, agents: Sequence[str]) -> dict[str, dict[int, tuple[int, int]]]:
    """Return where each stream of some agents' logs ends now."""
    found = {}
    for agent in agents:
        reader = LogReader(str(logs / agent / "log"))
        found[agent] = dict(reader.streams())
        reader.close()
    return found

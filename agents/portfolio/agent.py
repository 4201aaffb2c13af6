"""Portfolio agent: exact positions, profit and equity, from order events and marks alone.

Every figure is a fold of the accounts' ORDER streams from their first event, so a restart rebuilds it; the method is
average cost (see `agents.state.positions`). Positions are marked at the venue's mark price where an instrument has that
feed, else at the middle of the best bid and ask, else at the last trade; a position that no mark has come for since the
start is shown at its last fill.

Equity is starting cash plus realised and unrealised profit less fees; commission in an asset that is neither base nor
quote is shown by asset and not valued. The day begins at 00:00 UTC of our wall clock, with the last equity of the day
before. Day start and peak are taken from this agent's own equity series after a restart. Nothing is published while an
account's order events are not complete, and no equity while a position's mark is not known or its stream not live, so
that a restart writes no false points into the series.

This file is compiled (`agent.pxd`).
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentInfo, InstrumentTable, setting_e8
from agents.portfolio.marks import Mark, MarkTable
from agents.state.account import Account
from agents.state.market_view import feeds_of
from agents.state.positions import Ledger, text_e8
from core.frame import Header
from mesh.agent import Agent, Context, Handlers, Start, Subscription
from schemas.config import Config, ExecutionConfig, PortfolioConfig, feed_stream
from schemas.counters import Counter
from schemas.errors import ConfigError
from schemas.figures import PnlFigures, PortfolioFigures
from schemas.messages import E8, Equity, Message, OrderFilled, Position
from schemas.streams import Kind, StreamState, stream_id
from schemas.units import DAY, MS

EQUITY_STREAM = stream_id(Kind.EQUITY, 0, 0)
LIVE = StreamState.LIVE
_MARKS = (Kind.MARK, Kind.QUOTE, Kind.TRADE)
"""Streams that an instrument can be marked by, the best first."""


class PortfolioAgent(Agent):
    """Follows accounts and marks; publishes positions and the equity series."""

    def __init__(
        self,
        config: PortfolioConfig,
        table: InstrumentTable,
        accounts: Mapping[tuple[str, int], Account],
        marks: Sequence[Mark],
    ) -> None:
        """Follow `accounts` by (publisher, ORDER stream), and `marks`, one for each instrument of them."""
        self._config = config
        self._table = table
        self._accounts = accounts
        self._marks = {mark.info.id: mark for mark in marks}
        self._followed = MarkTable(accounts, marks)
        self._cash_e8 = setting_e8(config.cash, "cash")
        self._equity = Equity(0, self._cash_e8, 0, 0, 0, self._cash_e8, self._cash_e8)
        self._published: dict[int, Position] = {}
        self._order_seq: dict[int, int] = {}
        self._event_ns: dict[int, int] = {}

    def handlers(self) -> Handlers:
        """Have what is followed take each message."""
        return Handlers(self, message=self._followed)

    def bind(self, ctx: Context) -> None:
        """Take the context, for what is followed too."""
        super().bind(ctx)
        self._followed.bind(ctx, self._on_fill)

    def restore(self, header: Header, message: Message) -> None:
        """Take day start and peak from the equity series."""
        if isinstance(message, Equity):
            self._equity = message

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow every order event from the first one, and of each mark the newest."""
        orders = [Subscription(publisher=p, stream=stream, start=Start.FIRST) for p, stream in self._accounts]
        marks = [Subscription(publisher=m.publisher, stream=m.stream, conflate=True) for m in self._marks.values()]
        return [*orders, *marks]

    def start(self) -> None:
        """Start the equity series."""
        self.ctx.set_timer("equity", self.ctx.now_ns + self._config.equity_interval_ms * MS)

    def on_stream_state(self, publisher: str, stream: int, state: StreamState) -> None:
        """Publish everything once the order events of every account are complete."""
        if (publisher, stream) in self._accounts and state is StreamState.LIVE:
            self._publish_changes()

    def on_timer(self, name: str) -> None:
        """Publish the equity, and the positions that marks have moved."""
        self.ctx.set_timer(name, self.ctx.now_ns + self._config.equity_interval_ms * MS)
        self._publish_changes()

    def snapshot(self, stream: int) -> Message | None:
        """Return the last published position of an instrument."""
        position = self._published.get(stream & 0xFFFF)
        return position if position is not None and stream == self._position_stream(stream & 0xFFFF) else None

    def figures(self) -> PortfolioFigures:
        """Return positions and money as decimal strings, and the number of fills."""
        ledgers = self._ledgers()
        equity = self._measure()
        return PortfolioFigures(
            positions={ledger.info.symbol: text_e8(ledger.net_qty_e8) for ledger in ledgers.values()},
            pnl=PnlFigures(
                realised=text_e8(equity.realised_e8),
                unrealised=text_e8(equity.unrealised_e8),
                fees=text_e8(equity.fees_e8),
                equity=text_e8(equity.equity_e8),
            ),
            fills=sum(ledger.fills for ledger in ledgers.values()),
            fees_by_asset={asset: text_e8(value) for asset, value in _fees_by_asset(ledgers).items()},
        )

    def _on_fill(self, header: Header, fill: OrderFilled) -> None:
        self._order_seq[fill.instrument_id] = header.seq
        self._event_ns[fill.instrument_id] = fill.ts_event_ns
        if self._complete():
            self._publish_position(fill.instrument_id, header.corr)
            self._publish_equity()

    def _publish_changes(self) -> None:
        if not self._complete():
            return
        for instrument_id in self._ledgers():
            self._publish_position(instrument_id)
        self._publish_equity()

    def _publish_position(self, instrument_id: int, corr: int = 0) -> None:
        position = self._position(instrument_id)
        if position != self._published.get(instrument_id):
            self._published[instrument_id] = position
            self.ctx.publish(self._position_stream(instrument_id), position, corr)

    def _publish_equity(self) -> None:
        if not self._marked():
            self.ctx.count(Counter.EQUITY_NOT_KNOWN)
            return
        self._equity = self._measure()
        self.ctx.publish(EQUITY_STREAM, self._equity)

    def _measure(self) -> Equity:
        # Equity is rounded once; the unrealised profit takes up what rounding the parts would lose, so they add up.
        realised = unrealised = fees = 0
        for ledger in self._ledgers().values():
            realised += ledger.realised_e16
            unrealised += ledger.unrealised_e16(self._mark_of(ledger))
            fees += ledger.fees_e16
        equity_e8 = self._cash_e8 + (realised + unrealised - fees) // E8
        last, wall_ns = self._equity, self.ctx.wall_ns
        same_day = last.ts_recv_ns == 0 or last.ts_recv_ns // DAY == wall_ns // DAY
        return Equity(
            ts_recv_ns=wall_ns,
            equity_e8=equity_e8,
            realised_e8=realised // E8,
            unrealised_e8=equity_e8 - self._cash_e8 - realised // E8 + fees // E8,
            fees_e8=fees // E8,
            day_start_equity_e8=last.day_start_equity_e8 if same_day else last.equity_e8,
            peak_equity_e8=max(last.peak_equity_e8, equity_e8),
        )

    def _position(self, instrument_id: int) -> Position:
        ledger = self._ledgers()[instrument_id]
        mark_px_e8 = self._mark_of(ledger)
        return Position(
            instrument_id=instrument_id,
            net_qty_e8=ledger.net_qty_e8,
            avg_px_e8=ledger.avg_px_e8,
            mark_px_e8=mark_px_e8,
            realised_pnl_e8=ledger.realised_e16 // E8,
            unrealised_pnl_e8=ledger.unrealised_e16(mark_px_e8) // E8,
            fees_e8=ledger.fees_e16 // E8,
            ts_event_ns=self._event_ns.get(instrument_id, 0),
            order_seq=self._order_seq.get(instrument_id, 0),
        )

    def _position_stream(self, instrument_id: int) -> int:
        return self._table.by_id[instrument_id].stream(Kind.POSITION)

    def _mark_of(self, ledger: Ledger) -> int:
        mark = self._marks.get(ledger.info.id)
        return (mark.px_e8 if mark is not None else 0) or ledger.last_px_e8

    def _ledgers(self) -> dict[int, Ledger]:
        return {number: ledger for account in self._accounts.values() for number, ledger in account.ledgers.items()}

    def _marked(self) -> bool:
        """Return whether every position's mark is known and its stream live."""
        return False not in [self._is_live(number) for number, ledger in self._ledgers().items() if ledger.net_qty_e8]

    def _is_live(self, instrument_id: int) -> bool:
        mark = self._marks.get(instrument_id)
        if mark is None or not mark.known:
            return False
        return self.ctx.stream_state(mark.publisher, mark.stream) is LIVE

    def _complete(self) -> bool:
        return False not in [self.ctx.stream_state(*source) is LIVE for source in self._accounts]


def build(name: str, config: Config) -> PortfolioAgent:
    """Return the portfolio agent `name` of the configuration.

    Raises:
        ConfigError: If a peer has another role, or the accounts' instruments are not quoted in one currency, or one of
            them has no feed to mark it by.
    """
    own = config.agents[name]
    if not isinstance(own, PortfolioConfig):
        raise ConfigError(f"agents.{name}: not an agent of role portfolio")
    table = InstrumentTable(config)
    accounts: dict[tuple[str, int], Account] = {}
    traded: dict[int, InstrumentInfo] = {}
    for peer in own.execution:
        execution = config.agents.get(peer)
        if not isinstance(execution, ExecutionConfig):
            raise ConfigError(f"agents.{name}.execution: {peer!r} is not an agent of role execution")
        accounts[(peer, stream_id(Kind.ORDER, table.venues[execution.venue].id, 0))] = Account(table)
        traded |= {info.id: info for info in table.traded_by(peer, execution)}
    quotes = sorted({info.config.quote for info in traded.values()})
    if len(quotes) > 1:
        found = ", ".join(quotes)
        raise ConfigError(f"agents.{name}.execution: equity adds up in one quote currency only (found: {found})")
    marks: dict[int, Mark] = {}
    for feed in feeds_of(config, table, own.market_data, f"agents.{name}.market_data"):
        kind = _mark_kind(feed.info)
        if feed.info.id in traded and kind is not None:
            marks.setdefault(feed.info.id, Mark(feed.info, feed.publisher, feed.info.stream(kind)))
    missing = [info.symbol for number, info in traded.items() if number not in marks]
    if missing:
        raise ConfigError(
            f"agents.{name}.market_data: {missing} are traded and have no feed to mark them by "
            "(markPrice, bookTicker, trade or aggTrade)"
        )
    setting_e8(own.cash, f"agents.{name}.cash")
    return PortfolioAgent(own, table, accounts, list(marks.values()))


def _mark_kind(info: InstrumentInfo) -> Kind | None:
    """Return the kind of the stream to mark an instrument by, None if it has none."""
    kinds = {feed_stream(feed) for feed in info.config.feeds}
    return next((kind for kind in _MARKS if kind in kinds), None)


def _fees_by_asset(ledgers: Mapping[int, Ledger]) -> dict[str, int]:
    fees: dict[str, int] = {}
    for ledger in ledgers.values():
        for asset, value_e8 in ledger.fees_by_asset.items():
            fees[asset] = fees.get(asset, 0) + value_e8
    return fees

"""The tables of the archive and which messages go into each.

Every table has the position of its rows (`publisher`, `stream`, `epoch`, `seq`), is ordered by (venue, symbol, time, seq)
and partitioned by day. A column is named as the field of the message that it comes from; `DateTime64(9)` columns keep
every nanosecond. Prices and quantities are ticks and lots; `instruments` has the sizes.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from agents.archive.batch import GapRow, LatencyRow
from agents.archive.columns import (
    CAUSES,
    FLOATING,
    LEVELS,
    NAME,
    NARROW,
    PACKED,
    RISING,
    SIDE,
    TIME,
    ArchivedTime,
    ArchiveTable,
    Column,
    Derived,
    Levels,
    OfHeader,
    OfInstrument,
    OfLink,
    OfMessage,
    SentTime,
)
from agents.state.breaker import BreakerState
from schemas.messages import (
    Approved,
    BookDelta,
    BookSnapshot,
    BreakerChanged,
    Denied,
    Equity,
    EquityReset,
    FeedState,
    Instrument,
    MarkPrice,
    Message,
    OrderFilled,
    OrderInitialized,
    OrdersReaped,
    OrderUpdated,
    Position,
    Quote,
    Reconciled,
    Released,
    Signal,
    StrategyState,
    Trade,
    TradingState,
    Transfer,
    VenueClock,
)
from schemas.orders import Liquidity, OrderStatus, Reason, TimeInForce, TradingMode
from schemas.streams import Kind, StreamState, stream_kind


def _names(enum: Any) -> Callable[[int], str]:
    """Return a function from a code to its name; a code without a name is written as its digits."""
    names = {member.value: member.name for member in enum}
    return lambda code: names.get(code) or str(code)


_status = _names(OrderStatus)
_reason = _names(Reason)
_time_in_force = _names(TimeInForce)
_liquidity = _names(Liquidity)
_state = _names(StreamState)
_kind = _names(Kind)
_mode = _names(TradingMode)
_breaker = _names(BreakerState)

_DECISIONS: dict[type[Message], str] = {
    Approved: "APPROVED",
    Denied: "DENIED",
    Released: "RELEASED",
}


def _f(name: str, kind: str, codec: str = PACKED, default: Any = None) -> Column:
    return Column(name, kind, OfMessage(name, default), codec)


def _reason_of(message: Any) -> str:
    reason = getattr(message, "reason", 0)
    return reason if isinstance(reason, str) else _reason(reason)


def _time_in_force_of(message: Any) -> str:
    return _time_in_force(message.time_in_force) if hasattr(message, "time_in_force") else ""


def _figures_of(message: Any) -> str:
    return msgspec.json.encode(message.figures).decode() if isinstance(message, Denied) else ""


def _status_of(message: Any) -> str:
    return _status(message.status)


_SYMBOL = (Column("venue", NAME, OfLink("venue")), Column("symbol", NAME, OfLink("symbol")))
_SYMBOL_OF_ORDER = (Column("venue", NAME, OfLink("venue")), Column("symbol", NAME, OfInstrument()))
_POSITION = (
    Column("publisher", NAME, OfLink("publisher")),
    Column("stream", "UInt32", OfLink("stream")),
    Column("epoch", "UInt32", OfHeader("epoch")),
    Column("seq", "UInt64", OfHeader("seq"), RISING),
)
_TIMES = (_f("ts_event_ns", TIME, NARROW), _f("ts_recv_ns", TIME, NARROW))
_TIMES_OR_NONE = (_f("ts_event_ns", TIME, NARROW, 0), _f("ts_recv_ns", TIME, NARROW, 0))
_SENT = (Column("ts", TIME, SentTime(), NARROW),)
_TICK = (Column("flags", "UInt8", OfHeader("flags")), *_POSITION)
_EVENT = (
    Column("corr", "UInt64", OfHeader("corr")),
    Column("origin_ns", "UInt64", OfHeader("origin_ns"), NARROW),
    Column("send_ns", "UInt64", OfHeader("send_ns"), NARROW),
    *_POSITION,
)
_CAUSES = (_f("causes", CAUSES, default=()),)
_INSTRUMENT = (_f("instrument_id", "UInt64", default=0),)
_SIDE = (_f("side", SIDE, default=0),)
_TERMS = (
    *(_f(name, "UInt64", default=0) for name in ("exec_inst", "lifetime_ms")),
    *(_f(name, "Int64", default=0) for name in ("take_profit_ticks", "stop_ticks")),
    _f("replaces", "String", default=""),
)
_BOOK_LEVELS = (
    Column("bid_price_ticks", LEVELS, Levels("bids", 0), NARROW),
    Column("bid_qty_lots", LEVELS, Levels("bids", 1), NARROW),
    Column("ask_price_ticks", LEVELS, Levels("asks", 0), NARROW),
    Column("ask_qty_lots", LEVELS, Levels("asks", 1), NARROW),
)
_BY_TICK = ("venue", "symbol", "ts_event_ns", "seq")
_BY_EVENT = ("venue", "symbol", "ts", "seq")
_FEEDS = (Kind.TRADE, Kind.BOOK, Kind.QUOTE, Kind.MARK, Kind.INSTRUMENT)


def _ticks(name: str, message: type[Message], kind: Kind, *columns: Column) -> ArchiveTable:
    return ArchiveTable(name, "ts_event_ns", _BY_TICK, (kind,), (*_SYMBOL, *_TIMES, *columns, *_TICK), (message,))


def _events(name: str, messages: tuple[type[Message], ...], kind: Kind, *columns: Column) -> ArchiveTable:
    symbol = _SYMBOL_OF_ORDER if kind == Kind.ORDER else _SYMBOL
    return ArchiveTable(name, "ts", _BY_EVENT, (kind,), (*symbol, *_SENT, *columns, *_EVENT), messages)


TABLES: tuple[ArchiveTable, ...] = (
    _ticks(
        "trades",
        Trade,
        Kind.TRADE,
        _f("price_ticks", "Int64", NARROW),
        _f("qty_lots", "Int64", NARROW),
        _f("aggressor", SIDE),
        _f("trade_id", "String"),
        _f("condition", "Int32"),
    ),
    _ticks(
        "book_deltas",
        BookDelta,
        Kind.BOOK,
        _f("first_update_id", "UInt64", RISING),
        _f("last_update_id", "UInt64", RISING),
        *_BOOK_LEVELS,
    ),
    _ticks("book_snapshots", BookSnapshot, Kind.BOOK, _f("last_update_id", "UInt64", RISING), *_BOOK_LEVELS),
    _ticks(
        "quotes",
        Quote,
        Kind.QUOTE,
        _f("update_id", "UInt64", RISING),
        _f("bid_ticks", "Int64", NARROW),
        _f("bid_lots", "Int64", NARROW),
        _f("ask_ticks", "Int64", NARROW),
        _f("ask_lots", "Int64", NARROW),
    ),
    _ticks(
        "marks",
        MarkPrice,
        Kind.MARK,
        _f("mark_e8", "Int64", NARROW),
        _f("index_e8", "Int64", NARROW),
        _f("funding_rate_e8", "Int64"),
        _f("next_funding_ns", TIME, NARROW),
    ),
    ArchiveTable(
        "feed_states",
        "ts_recv_ns",
        ("venue", "symbol", "ts_recv_ns", "seq"),
        _FEEDS,
        (
            *_SYMBOL,
            _f("ts_recv_ns", TIME, NARROW),
            Column("kind", NAME, OfLink("kind")),
            Column("state", NAME, Derived(lambda message: _state(message.state))),
            _f("reason", "String"),
            *_POSITION,
        ),
        (FeedState,),
    ),
    _events(
        "instruments",
        (Instrument,),
        Kind.INSTRUMENT,
        *_INSTRUMENT,
        *(_f(name, "String") for name in ("base", "quote", "tick_size", "lot_size")),
        _f("min_qty_lots", "Int64"),
        _f("max_qty_lots", "Int64", NARROW),
        _f("min_notional_e8", "Int64"),
        _f("margin", "Bool"),
        *(_f(name, "Int64") for name in ("qty_step_lots", "price_step_ticks", "contract_size_e8")),
        _f("fault", "String"),
        *(_f(name, "Int64") for name in ("max_notional_e8", "max_position_lots")),
        *(_f(f"{side}_band_{end}_ppm", "UInt64") for side in ("bid", "ask") for end in ("down", "up")),
        _f("band_minutes", "UInt64"),
    ),
    _events(
        "venue_clocks",
        (VenueClock,),
        Kind.CLOCK,
        _f("ts_recv_ns", TIME, NARROW),
        _f("offset_ns", "Int64"),
        _f("error_ns", "Int64"),
    ),
    _events(
        "signals",
        (Signal,),
        Kind.SIGNAL,
        _f("signal_id", "UInt64", RISING),
        _f("strategy", NAME),
        *_INSTRUMENT,
        *_SIDE,
        _f("qty_lots", "Int64", NARROW),
        _f("price_ticks", "Int64", NARROW),
        Column("time_in_force", NAME, Derived(_time_in_force_of)),
        _f("confidence", "Float64", FLOATING),
        _f("reason", "String"),
        *_CAUSES,
        *_TERMS,
    ),
    _events(
        "decisions",
        tuple(_DECISIONS),
        Kind.DECISION,
        Column("decision", NAME, Derived(lambda message: _DECISIONS[type(message)])),
        _f("signal_id", "UInt64", RISING, 0),
        _f("client_order_id", "String", default=""),
        _f("strategy", NAME, default=""),
        *_INSTRUMENT,
        *_SIDE,
        _f("qty_lots", "Int64", default=0),
        _f("price_ticks", "Int64", NARROW, 0),
        Column("time_in_force", NAME, Derived(_time_in_force_of)),
        Column("reason", "String", Derived(_reason_of)),
        Column("figures", "String", Derived(_figures_of)),
        _f("signal_sender", "UInt64", default=0),
        _f("signal_epoch", "UInt64", default=0),
        *_CAUSES,
        *_TERMS,
    ),
    _events(
        "orders",
        (OrderInitialized, OrderUpdated),
        Kind.ORDER,
        _f("client_order_id", "String"),
        Column("status", NAME, Derived(_status_of)),
        _f("strategy", NAME, default=""),
        *_INSTRUMENT,
        *_SIDE,
        _f("qty_lots", "Int64", default=0),
        _f("price_ticks", "Int64", NARROW, 0),
        Column("time_in_force", NAME, Derived(_time_in_force_of)),
        _f("venue_order_id", "String", default=""),
        _f("cum_qty_lots", "Int64", default=0),
        *_TIMES_OR_NONE,
        Column("reason", NAME, Derived(_reason_of)),
        _f("text", "String", default=""),
        _f("external", "Bool", default=False),
        _f("reconciled", "Bool", default=False),
        *_CAUSES,
        *_TERMS,
        _f("approver", "UInt64", default=0),
        _f("parent", "String", default=""),
    ),
    _events(
        "fills",
        (OrderFilled,),
        Kind.ORDER,
        _f("client_order_id", "String"),
        Column("status", NAME, Derived(_status_of)),
        _f("strategy", NAME),
        *_INSTRUMENT,
        *_SIDE,
        _f("venue_order_id", "String"),
        _f("trade_id", "String"),
        _f("last_qty_lots", "Int64", NARROW),
        _f("last_px_ticks", "Int64", NARROW),
        _f("cum_qty_lots", "Int64", NARROW),
        _f("leaves_qty_lots", "Int64", NARROW),
        _f("commission_e8", "Int64"),
        _f("commission_asset", NAME),
        Column("liquidity", NAME, Derived(lambda message: _liquidity(message.liquidity))),
        *_TIMES,
        _f("reconciled", "Bool"),
    ),
    _events(
        "reconciliations",
        (Reconciled,),
        Kind.ORDER,
        _f("open_orders", "UInt64"),
        _f("fills_recovered", "UInt64"),
        _f("since_ns", TIME),
        _f("balances_e8", "Map(String, Int64)"),
    ),
    _events(
        "transfers",
        (Transfer,),
        Kind.ORDER,
        _f("asset", NAME),
        _f("amount", "String"),
        *_TIMES,
        _f("text", "String"),
    ),
    _events(
        "positions",
        (Position,),
        Kind.POSITION,
        *_INSTRUMENT,
        *(_f(name, "Int64") for name in ("net_qty_e8", "avg_px_e8", "mark_px_e8")),
        *(_f(name, "Int64") for name in ("realised_pnl_e8", "unrealised_pnl_e8", "fees_e8")),
        _f("ts_event_ns", TIME, NARROW),
        _f("order_seq", "UInt64", RISING),
    ),
    _events(
        "equity",
        (Equity,),
        Kind.EQUITY,
        _f("ts_recv_ns", TIME, NARROW),
        *(_f(name, "Int64") for name in ("equity_e8", "realised_e8", "unrealised_e8")),
        *(_f(name, "Int64") for name in ("fees_e8", "day_start_equity_e8", "peak_equity_e8", "transfers_e8")),
    ),
    _events(
        "equity_resets",
        (EquityReset,),
        Kind.EQUITY,
        _f("ts_recv_ns", TIME, NARROW),
        _f("peak", "Bool"),
        _f("day_start", "Bool"),
        _f("text", "String"),
    ),
    _events(
        "trading_states",
        (TradingState,),
        Kind.AGENT,
        Column("mode", NAME, Derived(lambda message: _mode(message.mode))),
        Column("reason", NAME, Derived(_reason_of)),
        _f("text", "String"),
        _f("strategy", NAME),
        *_INSTRUMENT,
        _f("venue_id", "UInt64"),
    ),
    _events(
        "breakers",
        (BreakerChanged,),
        Kind.AGENT,
        _f("breaker", NAME),
        Column("state", NAME, Derived(lambda message: _breaker(message.state))),
        _f("text", "String"),
        _f("wait_ns", "UInt64"),
    ),
    _events(
        "strategy_states",
        (StrategyState,),
        Kind.AGENT,
        _f("strategy", NAME),
        Column("state", "String", Derived(lambda message: message.state.hex())),
    ),
    _events(
        "reaps",
        (OrdersReaped,),
        Kind.AGENT,
        _f("canceled", "UInt64"),
        _f("left", "UInt64"),
        Column("positions", "String", Derived(lambda message: msgspec.json.encode(message.positions).decode())),
        _f("text", "String"),
    ),
    ArchiveTable(
        "latency",
        "ts",
        ("publisher", "hop", "ts"),
        (0,),
        (
            *_SENT,
            _f("hop", NAME),
            *(_f(name, "UInt64") for name in ("count", "p50_ns", "p99_ns", "p999_ns", "max_ns")),
            *_POSITION,
        ),
        (LatencyRow,),
    ),
    ArchiveTable(
        "gaps",
        "ts",
        ("publisher", "stream", "epoch", "seq"),
        tuple(Kind),
        (
            Column("ts", TIME, ArchivedTime(), NARROW),
            _f("from_seq", "UInt64"),
            _f("to_seq", "UInt64"),
            *_POSITION,
        ),
        (GapRow,),
    ),
)

TICK_TABLES = ("trades", "book_deltas", "quotes", "marks")
TABLE_OF: dict[type[msgspec.Struct], str] = {message: table.name for table in TABLES for message in table.messages}


def kind_name(stream: int) -> str:
    """Return the name of a stream's kind."""
    return _kind(stream_kind(stream))

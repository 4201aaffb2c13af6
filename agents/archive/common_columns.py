"""Columns that several tables of the archive have, and how codes become names: a code without one is written as digits."""

from collections.abc import Callable
from typing import Any

import msgspec

from agents.archive.columns import (
    CAUSES,
    LEVELS,
    NAME,
    NARROW,
    PACKED,
    RISING,
    SIDE,
    TIME,
    ArchiveTable,
    Column,
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
    Denied,
    Message,
    Released,
)
from schemas.orders import Liquidity, OrderStatus, Reason, TimeInForce, TradingMode
from schemas.streams import Kind, StreamState


def names_of(enum: Any) -> Callable[[int], str]:
    """Return a function from a code to its name; a code without a name is written as its digits."""
    names = {member.value: member.name for member in enum}
    return lambda code: names.get(code) or str(code)


status_name = names_of(OrderStatus)
reason_name = names_of(Reason)
time_in_force_name = names_of(TimeInForce)
liquidity_name = names_of(Liquidity)
state_name = names_of(StreamState)
kind_of_stream = names_of(Kind)
mode_name = names_of(TradingMode)
breaker_name = names_of(BreakerState)

DECISIONS: dict[type[Message], str] = {
    Approved: "APPROVED",
    Denied: "DENIED",
    Released: "RELEASED",
}


def field(name: str, kind: str, codec: str = PACKED, default: Any = None) -> Column:
    """Return the column of one field of the messages; `default` for messages that have no such field."""
    return Column(name, kind, OfMessage(name, default), codec)


def reason_of(message: Any) -> str:
    """Return why: a Reason by its name, or the message's own words."""
    reason = getattr(message, "reason", 0)
    return reason if isinstance(reason, str) else reason_name(reason)


def time_in_force_of(message: Any) -> str:
    """Return how long an order rests, by its name; empty of a message that is about none."""
    return time_in_force_name(message.time_in_force) if hasattr(message, "time_in_force") else ""


def figures_of(message: Any) -> str:
    """Return the figures that a denial compared, as JSON."""
    return msgspec.json.encode(message.figures).decode() if isinstance(message, Denied) else ""


def status_of(message: Any) -> str:
    """Return an order's status by its name."""
    return status_name(message.status)


SYMBOL = (Column("venue", NAME, OfLink("venue")), Column("symbol", NAME, OfLink("symbol")))
SYMBOL_OF_ORDER = (Column("venue", NAME, OfLink("venue")), Column("symbol", NAME, OfInstrument()))
POSITION = (
    Column("publisher", NAME, OfLink("publisher")),
    Column("stream", "UInt32", OfLink("stream")),
    Column("epoch", "UInt32", OfHeader("epoch")),
    Column("seq", "UInt64", OfHeader("seq"), RISING),
)
TIMES = (field("ts_event_ns", TIME, NARROW), field("ts_recv_ns", TIME, NARROW))
TIMES_OR_NONE = (field("ts_event_ns", TIME, NARROW, 0), field("ts_recv_ns", TIME, NARROW, 0))
SENT = (Column("ts", TIME, SentTime(), NARROW),)
TICK = (
    Column("flags", "UInt8", OfHeader("flags")),
    *(Column(name, "UInt64", OfHeader(name), NARROW) for name in ("origin_ns", "send_ns")),
    *POSITION,
)
EVENT = (
    Column("corr", "UInt64", OfHeader("corr")),
    *(Column(name, "UInt64", OfHeader(name), NARROW) for name in ("origin_ns", "recv_ns", "decided_ns", "send_ns")),
    *POSITION,
)
RESTS_ON = (field("causes", CAUSES, default=()),)
INSTRUMENT = (field("instrument_id", "UInt64", default=0),)
OF_SIDE = (field("side", SIDE, default=0),)
ORDER_TERMS = (
    *(field(name, "UInt64", default=0) for name in ("exec_inst", "lifetime_ms")),
    *(field(name, "Int64", default=0) for name in ("take_profit_ticks", "stop_ticks")),
    field("replaces", "String", default=""),
)
BOOK_LEVELS = (
    Column("bid_price_ticks", LEVELS, Levels("bids", 0), NARROW),
    Column("bid_qty_lots", LEVELS, Levels("bids", 1), NARROW),
    Column("ask_price_ticks", LEVELS, Levels("asks", 0), NARROW),
    Column("ask_qty_lots", LEVELS, Levels("asks", 1), NARROW),
)
BY_TICK = ("venue", "symbol", "ts_event_ns", "seq")
BY_EVENT = ("venue", "symbol", "ts", "seq")
FEEDS = (Kind.TRADE, Kind.BOOK, Kind.QUOTE, Kind.MARK, Kind.INSTRUMENT, Kind.BAR)


def ticks(name: str, message: type[Message], kind: Kind, *columns: Column) -> ArchiveTable:
    """Return a table of one type of market data, in the order of the venue's time."""
    return ArchiveTable(name, "ts_event_ns", BY_TICK, (kind,), (*SYMBOL, *TIMES, *columns, *TICK), (message,))


def events(
    name: str, messages: tuple[type[Message], ...], kind: Kind, *columns: Column, also: tuple[Kind, ...] = ()
) -> ArchiveTable:
    """Return a table of what agents decided or learnt, in the order in which it was sent; `also` on other kinds."""
    symbol = SYMBOL_OF_ORDER if kind == Kind.ORDER else SYMBOL
    return ArchiveTable(name, "ts", BY_EVENT, (kind, *also), (*symbol, *SENT, *columns, *EVENT), messages)

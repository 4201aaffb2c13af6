"""Binance's public REST, spot and USDT-M: books, trades and bars, and what time it is there.

Source: binance-spot-api-docs rest-api.md (order book, old trade lookup, aggregate trades list, klines, check server time);
Binance derivatives docs, USDS-margined futures, market data REST.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, field

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from core.decimals import pack_levels
from mesh.context import VenueCall
from schemas.messages import BookSnapshot, Kline, Trade, TradeCondition
from schemas.orders import Side
from schemas.units import DAY, HOUR, MS, SECOND, US

MILLIS_MAX = 2**63 // MS - 1
STAMP_MAX = 2**63 // US - 1
UpdateId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, Meta(ge=0, le=MILLIS_MAX)]
Stamp = Annotated[int, Meta(ge=0, le=STAMP_MAX)]
"""A time in a frame of a stream that was asked for in microseconds: in these, or in milliseconds."""
Levels = list[tuple[str, str]]
TRADES_MAX = 1_000
"""Trades, aggregates and bars in one answer."""
RETRY_AFTER_S_MAX = 3 * DAY // SECOND
"""The longest ban that the venue documents."""
_SECONDS_DIGITS_MAX = 9
_MINUTE = 60 * SECOND
MINUTES_AND_MORE = {
    **{count * _MINUTE // MS: f"{count}m" for count in (1, 3, 5, 15, 30)},
    **{count * HOUR // MS: f"{count}h" for count in (1, 2, 4, 6, 8, 12)},
    **{count * DAY // MS: f"{count}d" for count in (1, 3)},
}
"""What bars are called, by their length in milliseconds."""


class RestPaths(msgspec.Struct, frozen=True):
    """Where a venue's public REST is; `trades_by_id` where single trades can be asked for from an id on without a key."""

    depth: str
    listing: str
    time: str
    trades: str
    aggregates: str
    klines: str
    intervals: Mapping[int, str]
    trades_by_id: bool = True


class SnapshotData(msgspec.Struct, gc=False):
    """Answer of the depth endpoint; the times only on derivatives."""

    last_update_id: UpdateId = field(name="lastUpdateId")
    bids: Levels
    asks: Levels
    transaction_ms: Millis = field(name="T", default=0)


class TimeData(msgspec.Struct):
    """Answer of the time endpoint; only a venue that plays a recording tells that recording's time beside its own."""

    server_ms: Millis = field(name="serverTime")
    market_ms: Millis = field(name="marketTime", default=0)


class TradeRow(msgspec.Struct, gc=False):
    """One trade in an answer."""

    trade_id: UpdateId = field(name="id")
    price: str
    qty: str
    trade_ms: Millis = field(name="time")
    buyer_is_maker: bool = field(name="isBuyerMaker")


class AggregateRow(msgspec.Struct, gc=False):
    """One aggregate in an answer."""

    trade_id: UpdateId = field(name="a")
    price: str = field(name="p")
    qty: str = field(name="q")
    trade_ms: Millis = field(name="T")
    buyer_is_maker: bool = field(name="m")


class KlineRow(msgspec.Struct, array_like=True, gc=False):
    """One bar in an answer; what follows the number of trades is not used."""

    open_ms: Millis
    open: str
    high: str
    low: str
    close: str
    volume: str
    close_ms: Millis
    quote_volume: str
    trades: UpdateId


_SNAPSHOT = msgspec.json.Decoder(SnapshotData)
_TIME = msgspec.json.Decoder(TimeData)
_TRADES = msgspec.json.Decoder(list[TradeRow])
_AGGREGATES = msgspec.json.Decoder(list[AggregateRow])
_KLINES = msgspec.json.Decoder(list[KlineRow])


def stamp_ns(stamp: int) -> int:
    """Return a time of a stream as nanoseconds.

    Which unit it is in shows by its size: as milliseconds, microseconds since April 1970 would be after the year 2262. So a
    recording in milliseconds is read as it is, whatever was asked for.
    """
    return stamp * (MS if stamp <= MILLIS_MAX else US)


def retry_after_ns(headers: Mapping[str, str], untold_ns: int = 0) -> int:
    """Return how long the venue asks to wait (`Retry-After`, in seconds), at most as long as it may; else `untold_ns`."""
    text = headers.get("Retry-After", "")
    if not (text.isascii() and text.isdigit()):
        return untold_ns
    seconds = int(text) if len(text) <= _SECONDS_DIGITS_MAX else RETRY_AFTER_S_MAX
    return min(seconds, RETRY_AFTER_S_MAX) * SECOND


def decode_time(body: bytes) -> int:
    """Return the time (Unix nanoseconds) by which the feeds are stamped; VenueError if the answer tells none."""
    try:
        data = _TIME.decode(body)
    except DECODE_ERRORS as error:
        raise refuse(error, "time") from error
    return (data.market_ms or data.server_ms) * MS


def decode_snapshot(info: InstrumentInfo, body: bytes, ts_recv_ns: int) -> BookSnapshot:
    """Return the book in the answer of the depth endpoint; VenueError if it is not what the venue documents."""
    try:
        data = _SNAPSHOT.decode(body)
        return BookSnapshot(
            ts_event_ns=data.transaction_ms * MS,
            ts_recv_ns=ts_recv_ns,
            last_update_id=data.last_update_id,
            bids=pack_levels(data.bids, info.price, info.qty),
            asks=pack_levels(data.asks, info.price, info.qty),
        )
    except DECODE_ERRORS as error:
        raise refuse(error, f"depth snapshot of {info.symbol}") from error


def decode_trades(info: InstrumentInfo, body: bytes, ts_recv_ns: int, *, aggregated: bool) -> list[Trade]:
    """Return the trades in an answer as the feed tells them; VenueError if it is not what the venue documents."""
    condition = TradeCondition.AGGREGATED if aggregated else TradeCondition.MARKET
    try:
        rows: list[AggregateRow] | list[TradeRow] = _AGGREGATES.decode(body) if aggregated else _TRADES.decode(body)
        return [
            Trade(
                ts_event_ns=row.trade_ms * MS,
                ts_recv_ns=ts_recv_ns,
                price_ticks=info.price.parse(row.price),
                qty_lots=info.qty.parse(row.qty),
                aggressor=int(Side.SELL if row.buyer_is_maker else Side.BUY),
                trade_id=str(row.trade_id),
                condition=int(condition),
            )
            for row in rows
        ]
    except DECODE_ERRORS as error:
        raise refuse(error, f"trades of {info.symbol}") from error


def klines_call(
    path: str, intervals: Mapping[int, str], info: InstrumentInfo, interval_ms: int, count: int, end_ns: int
) -> VenueCall | None:
    """Return the call for the last `count` bars that began before `end_ns` (0: now), None without bars of that length."""
    name = intervals.get(interval_ms)
    if name is None:
        return None
    params = {"symbol": info.venue_symbol, "interval": name, "limit": str(min(count, TRADES_MAX))}
    if end_ns:
        params["endTime"] = str((end_ns - 1) // MS)
    return VenueCall("GET", path, params)


def decode_klines(info: InstrumentInfo, body: bytes) -> list[Kline]:
    """Return the bars in an answer, oldest first; VenueError if it is not what the venue documents."""
    try:
        return [
            Kline(
                row.open_ms * MS,
                info.price.parse(row.open),
                info.price.parse(row.high),
                info.price.parse(row.low),
                info.price.parse(row.close),
                info.qty.parse(row.volume),
                row.trades,
            )
            for row in _KLINES.decode(body)
        ]
    except DECODE_ERRORS as error:
        raise refuse(error, f"klines of {info.symbol}") from error

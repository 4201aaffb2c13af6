"""OKX's public REST: books, bars, and what time it is there.

Answers are `{"code","msg","data"}`; a refusal has another code than "0", with status 200 too.

Source: OKX v5 docs, REST: order book, candlesticks and their history, trades history, system time, and rate limits.
"""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, field

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.okx.frame_data import Digits, Levels, OkxTradeData, SeqId, millis_ns, only, trade_of
from core.decimals import pack_levels
from mesh.context import VenueCall, VenueReply
from schemas.errors import VenueError
from schemas.messages import BookSnapshot, Kline, Trade
from schemas.units import DAY, HOUR, MINUTE, MS, SECOND

BOOKS = "/api/v5/market/books"
CANDLES = "/api/v5/market/candles"
OLD_CANDLES = "/api/v5/market/history-candles"
OLD_TRADES = "/api/v5/market/history-trades"
TIME = "/api/v5/public/time"
DEPTH_MAX = 400
BARS_MAX = 300
OLD_BARS_MAX = 100
OLD_TRADES_MAX = 100
TOO_MANY, TOO_MANY_CODE = 429, "50011"
WINDOW_NS = 2 * SECOND
"""Of all limits of public calls."""
INTERVALS = {
    SECOND // MS: "1s",
    **{count * MINUTE // MS: f"{count}m" for count in (1, 3, 5, 15, 30)},
    **{count * HOUR // MS: f"{count}H" for count in (1, 2, 4)},
    **{count * HOUR // MS: f"{count}Hutc" for count in (6, 12)},
    **{count * DAY // MS: f"{count}Dutc" for count in (1, 2, 3)},
}
"""What bars are called, by their length in milliseconds; those that would begin by Hong Kong's day have names for UTC."""

Row = TypeVar("Row")


class OkxAnswer(msgspec.Struct, Generic[Row]):
    """An answer; `code` is "0" if `data` is what was asked for."""

    code: str
    data: list[Row]
    msg: str = ""


class OkxCodeData(msgspec.Struct):
    """The part of an answer that says whether it is one."""

    code: str = ""
    msg: str = ""


class OkxSnapshotData(msgspec.Struct, gc=False):
    """A book; only one that was asked for with `source` has its number."""

    asks: Levels
    bids: Levels
    ts: Digits
    seq_id: SeqId | None = field(name="seqId", default=None)


class OkxTimeData(msgspec.Struct):
    """The time; only a venue that plays a recording tells that recording's time beside its own."""

    ts: Digits
    market_ms: Annotated[int, Meta(ge=0, le=2**63 // MS - 1)] = field(name="marketTime", default=0)


class OkxKlineRow(msgspec.Struct, array_like=True, gc=False):
    """One bar; what follows its volume is not used."""

    open_ms: Digits
    open: str
    high: str
    low: str
    close: str
    volume: str


_CODE = msgspec.json.Decoder(OkxCodeData)
_SNAPSHOT = msgspec.json.Decoder(OkxAnswer[OkxSnapshotData])
_TIME = msgspec.json.Decoder(OkxAnswer[OkxTimeData])
_TRADES = msgspec.json.Decoder(OkxAnswer[OkxTradeData])
_KLINES = msgspec.json.Decoder(OkxAnswer[OkxKlineRow])


def rows(answer: OkxAnswer[Row]) -> list[Row]:
    """Return what was asked for; VenueError with the venue's words if it was refused."""
    if answer.code != "0":
        raise VenueError(f"code {answer.code} {answer.msg}")
    return answer.data


def time_call() -> VenueCall:
    """Return the call for the venue's time."""
    return VenueCall("GET", TIME, {})


def decode_time(body: bytes) -> int:
    """Return the time (Unix nanoseconds) by which the feeds are stamped; VenueError if the answer tells none."""
    try:
        data = only(rows(_TIME.decode(body)))
        return data.market_ms * MS or millis_ns(data.ts)
    except DECODE_ERRORS as error:
        raise refuse(error, "time") from error


def decode_own_time(body: bytes) -> int:
    """Return the venue's own time, by which requests are signed; VenueError if the answer tells none."""
    try:
        return millis_ns(only(rows(_TIME.decode(body))).ts)
    except DECODE_ERRORS as error:
        raise refuse(error, "time") from error


def snapshot_call(info: InstrumentInfo, depth: int) -> VenueCall:
    """Return the call for a book that has the number of its last update."""
    return VenueCall("GET", BOOKS, {"instId": info.venue_symbol, "sz": str(min(depth, DEPTH_MAX)), "source": "0"})


def decode_snapshot(info: InstrumentInfo, body: bytes, ts_recv_ns: int) -> BookSnapshot:
    """Return the book in an answer; VenueError if it is not what the venue documents, or has no number."""
    try:
        data = only(rows(_SNAPSHOT.decode(body)))
        if data.seq_id is None:
            raise VenueError("no seqId: no update can join it")
        return BookSnapshot(
            ts_event_ns=millis_ns(data.ts),
            ts_recv_ns=ts_recv_ns,
            last_update_id=data.seq_id,
            bids=pack_levels(data.bids, info.price, info.qty),
            asks=pack_levels(data.asks, info.price, info.qty),
        )
    except DECODE_ERRORS as error:
        raise refuse(error, f"book of {info.venue_symbol}") from error


def trades_call(info: InstrumentInfo, first_id: int, count: int) -> VenueCall:
    """Return the call for single trades from an id on: the venue gives those before an id, of three months."""
    limit = min(count, OLD_TRADES_MAX)
    params = {"instId": info.venue_symbol, "type": "1", "after": str(first_id + limit), "limit": str(limit)}
    return VenueCall("GET", OLD_TRADES, params)


def decode_trades(info: InstrumentInfo, body: bytes, ts_recv_ns: int) -> list[Trade]:
    """Return the trades in an answer, oldest first; VenueError if it is not what the venue documents."""
    try:
        return [trade_of(info, row, ts_recv_ns) for row in reversed(rows(_TRADES.decode(body)))]
    except DECODE_ERRORS as error:
        raise refuse(error, f"trades of {info.venue_symbol}") from error


def klines_call(info: InstrumentInfo, interval_ms: int, count: int, end_ns: int) -> VenueCall | None:
    """Return the call for the last `count` bars that began before `end_ns` (0: now), None without bars of that length.

    Bars before some time come from the venue's history, which reaches further back and gives fewer at once.
    """
    name = INTERVALS.get(interval_ms)
    if name is None:
        return None
    params = {"instId": info.venue_symbol, "bar": name}
    if not end_ns:
        return VenueCall("GET", CANDLES, params | {"limit": str(min(count, BARS_MAX))})
    before_ms = -(-end_ns // MS)
    return VenueCall("GET", OLD_CANDLES, params | {"after": str(before_ms), "limit": str(min(count, OLD_BARS_MAX))})


def decode_klines(info: InstrumentInfo, body: bytes) -> list[Kline]:
    """Return the bars in an answer, oldest first; the venue does not say how many trades were in one.

    Raises:
        VenueError: If the answer is not what the venue documents.
    """
    try:
        bars = [
            Kline(
                millis_ns(row.open_ms),
                info.price.parse(row.open),
                info.price.parse(row.high),
                info.price.parse(row.low),
                info.price.parse(row.close),
                info.qty.parse(row.volume),
                0,
            )
            for row in rows(_KLINES.decode(body))
        ]
    except DECODE_ERRORS as error:
        raise refuse(error, f"candles of {info.venue_symbol}") from error
    return sorted(bars, key=lambda bar: bar.open_ns)


def retry_after_ns(reply: VenueReply) -> int:
    """Return one window of the venue's limits if it refused a call for their number, 0 if it did not."""
    if reply.status == TOO_MANY:
        return WINDOW_NS
    try:
        return WINDOW_NS if _CODE.decode(reply.body).code == TOO_MANY_CODE else 0
    except DECODE_ERRORS:
        return 0

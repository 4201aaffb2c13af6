"""Bybit's public REST: trades and bars, and what time it is there.

Source: Bybit API v5 documentation, market: get server time, get kline, get recent public trades.
"""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, field

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.bybit.wire import side_of
from mesh.context import VenueCall
from schemas.errors import VenueError
from schemas.messages import Kline, Trade, TradeCondition, TradeId
from schemas.units import DAY, HOUR, MINUTE, MS

TIME = "/v5/market/time"
KLINES = "/v5/market/kline"
TRADES = "/v5/market/recent-trade"
KLINES_MAX = 1_000
TRADES_MAX = {"spot": 60, "linear": 1_000}
"""In one answer."""
INTERVALS = {
    **{count * MINUTE // MS: str(count) for count in (1, 3, 5, 15, 30)},
    **{count * HOUR // MS: str(count * 60) for count in (1, 2, 4, 6, 12)},
    DAY // MS: "D",
}
"""What bars are called, by their length in milliseconds."""
Result = TypeVar("Result")
Digits = Annotated[str, Meta(pattern="^[0-9]{1,19}$")]
_TIME_NS_MAX = 2**63 - 1


class V5Answer(msgspec.Struct, Generic[Result]):
    """What every REST answer is; with another code than 0 there is no result that counts."""

    code: int = field(name="retCode")
    result: Result
    text: str = field(name="retMsg", default="")


class ServerTime(msgspec.Struct):
    """V5Answer of the time endpoint; only a venue that plays a recording tells that recording's time beside its own."""

    nanoseconds: Digits = field(name="timeNano")
    market_ms: int = field(name="marketTime", default=0)


class RecentTrade(msgspec.Struct, gc=False):
    """One trade in an answer."""

    trade_id: TradeId = field(name="execId")
    price: str
    qty: str = field(name="size")
    taker: str = field(name="side")
    trade_ms: Digits = field(name="time")
    block: bool = field(name="isBlockTrade", default=False)


class KlineEntry(msgspec.Struct, array_like=True, gc=False):
    """One bar in an answer; the turnover behind the volume is not used."""

    open_ms: Digits
    open: str
    high: str
    low: str
    close: str
    volume: str


class ListResult(msgspec.Struct, Generic[Result]):
    """A list in an answer, newest first."""

    list: list[Result]


_TIMES = msgspec.json.Decoder(V5Answer[ServerTime])
_TRADES = msgspec.json.Decoder(V5Answer[ListResult[RecentTrade]])
_KLINES = msgspec.json.Decoder(V5Answer[ListResult[KlineEntry]])


def decode_time(body: bytes) -> int:
    """Return the time (Unix nanoseconds) by which the feeds are stamped; VenueError if the answer tells none."""
    found = _result(_TIMES, body, "time")
    return _checked_ns(found.market_ms * MS or int(found.nanoseconds))


def decode_own_time(body: bytes) -> int:
    """Return the venue's own time, by which requests are signed; VenueError if the answer tells none."""
    return _checked_ns(int(_result(_TIMES, body, "time").nanoseconds))


def _checked_ns(time_ns: int) -> int:
    if not 0 <= time_ns <= _TIME_NS_MAX:
        raise refuse(time_ns, "time")
    return time_ns


def recent_trades_call(info: InstrumentInfo, count: int) -> VenueCall:
    """Return the call for the newest trades of an instrument."""
    limit = min(count, TRADES_MAX[info.category])
    return VenueCall("GET", TRADES, {**_instrument(info), "limit": str(limit)})


def decode_trades(info: InstrumentInfo, body: bytes, ts_recv_ns: int) -> list[Trade]:
    """Return the trades in an answer, oldest first; VenueError if it is not what the venue documents."""
    what = f"trades of {info.symbol}"
    try:
        return [
            Trade(
                ts_event_ns=_time_ns(row.trade_ms),
                ts_recv_ns=ts_recv_ns,
                price_ticks=info.price.parse(row.price),
                qty_lots=info.qty.parse(row.qty),
                aggressor=int(side_of(row.taker)),
                trade_id=row.trade_id,
                condition=int(TradeCondition.OTHER if row.block else TradeCondition.MARKET),
            )
            for row in reversed(_result(_TRADES, body, what).list)
        ]
    except DECODE_ERRORS as error:
        raise refuse(error, what) from error


def klines_call(info: InstrumentInfo, interval_ms: int, count: int, end_ns: int) -> VenueCall | None:
    """Return the call for the last `count` bars that began before `end_ns` (0: now), None without bars of that length."""
    name = INTERVALS.get(interval_ms)
    if name is None:
        return None
    params = {**_instrument(info), "interval": name, "limit": str(min(count, KLINES_MAX))}
    if end_ns:
        params["end"] = str((end_ns - 1) // MS)
    return VenueCall("GET", KLINES, params)


def decode_klines(info: InstrumentInfo, body: bytes) -> list[Kline]:
    """Return the bars in an answer, oldest first; VenueError if it is not what the venue documents.

    The venue does not tell of how many trades a bar is made.
    """
    what = f"klines of {info.symbol}"
    try:
        return [
            Kline(
                _time_ns(row.open_ms),
                info.price.parse(row.open),
                info.price.parse(row.high),
                info.price.parse(row.low),
                info.price.parse(row.close),
                info.qty.parse(row.volume),
                0,
            )
            for row in reversed(_result(_KLINES, body, what).list)
        ]
    except DECODE_ERRORS as error:
        raise refuse(error, what) from error


def _result(decoder: msgspec.json.Decoder[V5Answer[Result]], body: bytes, what: str) -> Result:
    try:
        answer = decoder.decode(body)
    except DECODE_ERRORS as error:
        raise refuse(error, what) from error
    if answer.code:
        raise VenueError(f"{what}: {answer.code} {answer.text[:200]}")
    return answer.result


def _time_ns(digits: str) -> int:
    time_ns = int(digits) * MS
    if time_ns > _TIME_NS_MAX:
        raise refuse(digits, "a time in milliseconds")
    return time_ns


def _instrument(info: InstrumentInfo) -> dict[str, str]:
    return {"category": info.category, "symbol": info.venue_symbol}

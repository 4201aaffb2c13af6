"""Bybit's market-data frames, typed: whatever their layout is, and what is wrong with one.

A frame is `{"topic":NAME,"type":...,"ts":...,"data":...}`, its keys in any order. Prices and quantities become ticks and
lots without passing through a float.

An update of a book with the id 1 is the whole book: the venue's service began anew. A book of one level comes whole each
time, and again unchanged after three seconds. `seq` is one order over all topics of a symbol, so it says at which point of
one book another one is the same; update ids differ from topic to topic.

Source: Bybit API v5 documentation, websocket public streams (orderbook, trade, ticker).
"""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, field

from agents.instruments import InstrumentInfo
from agents.venues.base import Tick, refuse
from agents.venues.bybit.frames import BybitFrameReader
from agents.venues.depth_update import DepthUpdate
from core.decimals import pack_levels
from schemas.messages import BookDelta, BookSnapshot, Quote, Trade, TradeCondition, TradeId, VenueBar
from schemas.orders import Side
from schemas.units import MS

UpdateId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, Meta(ge=0, le=2**63 // MS - 1)]
Levels = list[tuple[str, str]]
Data = TypeVar("Data")

SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
RESTARTED = 1
"""The update id with which the venue's service begins."""


class TopicFrame(msgspec.Struct, Generic[Data]):
    """A frame of any topic; `cts` is when the matching engine did what a book tells of."""

    ts: Millis
    data: Data
    type: str = ""
    cts: Millis = 0


class Topic(msgspec.Struct):
    """The part of a frame that says which feed it is of."""

    topic: str = ""


class TradeEntry(msgspec.Struct, gc=False):
    """One trade of `publicTrade`; `S` is the taker's side, `BT` a block trade, which was not done on the book."""

    trade_ms: Millis = field(name="T")
    taker: str = field(name="S")
    qty: str = field(name="v")
    price: str = field(name="p")
    trade_id: TradeId = field(name="i")
    block: bool = field(name="BT", default=False)


class OrderbookData(msgspec.Struct, gc=False):
    """`orderbook`: a whole book, or what changed."""

    bids: Levels = field(name="b")
    asks: Levels = field(name="a")
    update_id: UpdateId = field(name="u")
    seq: UpdateId


class ChangedMarks(msgspec.Struct, gc=False):
    """`tickers` of a contract: what there is to say, or what of it changed; "" says that there is none."""

    mark: str | None = field(name="markPrice", default=None)
    index: str | None = field(name="indexPrice", default=None)
    funding_rate: str | None = field(name="fundingRate", default=None)
    next_funding: str | None = field(name="nextFundingTime", default=None)


class BarEntry(msgspec.Struct, gc=False):
    """One bar of `kline`; its end is its last millisecond."""

    start_ms: Millis = field(name="start")
    end_ms: Millis = field(name="end")
    open: str
    high: str
    low: str
    close: str
    volume: str
    ended: bool = field(name="confirm")


_BARS = msgspec.json.Decoder(TopicFrame[list[BarEntry]])
_TRADES = msgspec.json.Decoder(TopicFrame[list[TradeEntry]])
_BOOK = msgspec.json.Decoder(TopicFrame[OrderbookData])
_TICKER = msgspec.json.Decoder(TopicFrame[ChangedMarks])
_TOPIC = msgspec.json.Decoder(Topic)

DecodeFrame = Callable[[InstrumentInfo, BybitFrameReader, bytes, int], "Tick | DepthUpdate | list[Tick]"]


def topic_of(frame: bytes) -> str:
    """Return the topic of a frame, "" if it has none; raises one of `DECODE_ERRORS` if it is no such frame."""
    return _TOPIC.decode(frame).topic


def trades(info: InstrumentInfo, _: BybitFrameReader, frame: bytes, ts_recv_ns: int) -> Tick | list[Tick]:
    """Return the trades of a frame, the only one by itself."""
    found: list[Tick] = [
        Trade(
            ts_event_ns=each.trade_ms * MS,
            ts_recv_ns=ts_recv_ns,
            price_ticks=info.price.parse(each.price),
            qty_lots=info.qty.parse(each.qty),
            aggressor=int(side_of(each.taker)),
            trade_id=each.trade_id,
            condition=int(TradeCondition.OTHER if each.block else TradeCondition.MARKET),
        )
        for each in _TRADES.decode(frame).data
    ]
    return found[0] if len(found) == 1 else found


def book(info: InstrumentInfo, _: BybitFrameReader, frame: bytes, ts_recv_ns: int) -> BookSnapshot | DepthUpdate:
    """Return a whole book, or the update that a frame is."""
    found = _BOOK.decode(frame)
    data, ts_event_ns = found.data, (found.cts or found.ts) * MS
    sides = [pack_levels(levels, info.price, info.qty) for levels in (data.bids, data.asks)]
    if is_whole(found.type) or data.update_id == RESTARTED:
        return BookSnapshot(ts_event_ns, ts_recv_ns, data.update_id, *sides)
    return DepthUpdate(BookDelta(ts_event_ns, ts_recv_ns, data.update_id, data.update_id, *sides), check_id=data.seq)


def quote(info: InstrumentInfo, _: BybitFrameReader, frame: bytes, ts_recv_ns: int) -> Quote:
    """Return the best of each side of a book, which must be whole; 0 for a side that is empty."""
    found = _BOOK.decode(frame)
    if not is_whole(found.type):
        raise refuse(found.type, "best bid and ask are told whole")
    (bid, bid_qty), (ask, ask_qty) = (side[0] if side else ("0", "0") for side in (found.data.bids, found.data.asks))
    return Quote(
        ts_event_ns=(found.cts or found.ts) * MS,
        ts_recv_ns=ts_recv_ns,
        update_id=found.data.seq,
        bid_ticks=info.price.parse(bid),
        bid_lots=info.qty.parse(bid_qty),
        ask_ticks=info.price.parse(ask),
        ask_lots=info.qty.parse(ask_qty),
    )


def mark(info: InstrumentInfo, reader: BybitFrameReader, frame: bytes, ts_recv_ns: int) -> Tick | list[Tick]:
    """Return mark price and funding as they are after a frame; what it does not tell is as `reader` read it before.

    That is nothing, an empty list, as long as no mark price was told: a recording may begin in the middle.
    """
    found = _TICKER.decode(frame)
    data = found.data
    values = (data.mark, data.index, data.funding_rate, data.next_funding)
    told = reader.marks.after(is_whole(found.type), values, found.ts, ts_recv_ns)
    return [] if isinstance(told, list) else told


def bars(info: InstrumentInfo, _: BybitFrameReader, frame: bytes, ts_recv_ns: int) -> list[Tick]:
    """Return the bars of a frame that have ended; of how many trades each is made is not told."""
    found: list[Tick] = []
    for each in _BARS.decode(frame).data:
        if each.end_ms < each.start_ms:
            raise refuse(each.end_ms, "a bar ends after it began")
        if each.ended:
            end_ms, parse = each.end_ms + 1, info.price.parse
            prices = (parse(each.open), parse(each.high), parse(each.low), parse(each.close))
            times = (end_ms * MS, ts_recv_ns, end_ms - each.start_ms, each.start_ms * MS)
            found.append(VenueBar(*times, *prices, info.qty.parse(each.volume)))
    return found


def is_whole(what: str) -> bool:
    """Return whether a frame of that type tells all there is; VenueError if there is no such type."""
    if what not in ("snapshot", "delta"):
        raise refuse(what[:20], "a frame is a snapshot or a delta")
    return what == "snapshot"


def side_of(word: str) -> Side:
    """Return a side in the venue's word; VenueError if it is none."""
    side = SIDES.get(word)
    if side is None:
        raise refuse(word[:20], "a side is Buy or Sell")
    return side

"""OKX's market-data frames through typed decoders: in any layout, and with a word on what is wrong.

A frame of a book says what it follows (`agents.venues.okx.book_rules`); one without a number must have a checksum, and then
its time is its number. A message of trades is one taker order at one price: `count` trades, the last of them `tradeId`.

Source: OKX v5 docs, websocket: order book, trades, mark price, funding rate and index tickers channels.
"""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, field

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, Channel, FeedKind, Tick, bar_of, refuse
from agents.venues.depth_update import DepthUpdate
from agents.venues.okx.checksum import levels_checksum
from agents.venues.okx.marks import OkxMarks, rounded_e8
from agents.venues.trade_spans import TradeSpans
from core.decimals import pack_levels
from schemas.errors import VenueError
from schemas.messages import BookDelta, BookSnapshot, Kline, Quote, Trade, TradeCondition
from schemas.orders import Side
from schemas.units import MS

SeqId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
PreviousId = Annotated[int, Meta(ge=-1, le=2**63 - 1)]
Digits = Annotated[str, Meta(pattern="^(0|[1-9][0-9]{0,17})$")]
Levels = list[tuple[str, str, str, str]]
"""Price, quantity, a zero, and the number of orders."""
Data = TypeVar("Data")
MARK_PRICE, FUNDING_RATE, INDEX_TICKERS = "mark-price", "funding-rate", "index-tickers"
NUMBER_DIGITS_MAX = 18
ENDED = "1"
_MILLIS_MAX = 2**63 // MS - 1
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class OkxArgData(msgspec.Struct, frozen=True):
    """Which channel a frame is of."""

    channel: str = ""
    inst_id: str = field(name="instId", default="")
    inst_type: str = field(name="instType", default="")


class OkxArgFrame(msgspec.Struct):
    """The part of a frame that says which channel it is of, or that it is an event and of none."""

    arg: OkxArgData = OkxArgData()
    event: msgspec.Raw = msgspec.Raw()


class OkxFrame(msgspec.Struct, Generic[Data]):
    """A frame; only one of a book has an action."""

    arg: OkxArgData
    data: list[Data]
    action: str = ""


class OkxTradeData(msgspec.Struct, gc=False):
    """`trades`; before 2023 each was one trade and had no count."""

    trade_id: Annotated[str, Meta(max_length=36)] = field(name="tradeId")
    price: str = field(name="px")
    qty: str = field(name="sz")
    side: str
    ts: Digits
    count: Digits = "1"


class OkxBookData(msgspec.Struct, gc=False):
    """`books` and its kin."""

    asks: Levels
    bids: Levels
    ts: Digits
    checksum: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] = 0
    seq_id: SeqId | None = field(name="seqId", default=None)
    previous_id: PreviousId | None = field(name="prevSeqId", default=None)


class OkxTopData(msgspec.Struct, gc=False):
    """`bbo-tbt`: at most one level of each side."""

    asks: Levels
    bids: Levels
    ts: Digits
    seq_id: SeqId = field(name="seqId", default=0)


class OkxMarkData(msgspec.Struct, gc=False):
    """`mark-price`."""

    mark: str = field(name="markPx")
    ts: Digits


class OkxIndexData(msgspec.Struct, gc=False):
    """`index-tickers`."""

    index: str = field(name="idxPx")
    ts: Digits


class OkxFundingData(msgspec.Struct, gc=False):
    """`funding-rate`: the rate that is to be paid at `fundingTime`."""

    rate: str = field(name="fundingRate")
    funding_ms: Digits = field(name="fundingTime")
    ts: Digits = "0"


def is_number(text: str) -> bool:
    """Return whether an id is one of digits, and not too long to be counted with."""
    return text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX


class OkxBarRow(msgspec.Struct, array_like=True, gc=False):
    """`candle*`: one bar; volumes in other units stand between, and the last says whether it has ended (since 2023)."""

    open_ms: Digits
    open: str
    high: str
    low: str
    close: str
    volume: str
    base_volume: str = ""
    quote_volume: str = ""
    confirm: str = ""


def millis_ns(text: str) -> int:
    """Return a time in milliseconds, which is written as text, in nanoseconds; VenueError if it is beyond what is kept."""
    millis = int(text)
    if millis > _MILLIS_MAX:
        raise VenueError(f"a time of {text} ms is beyond what can be counted")
    return millis * MS


def channel_of(frame: bytes) -> str:
    """Return the name of the channel that a frame is of, empty if it is of none: an answer names one too."""
    try:
        found = _ARG.decode(frame)
    except DECODE_ERRORS:
        return ""
    return f"{found.arg.channel}:{found.arg.inst_id}" if found.arg.channel and not found.event else ""


def decode_frame(
    channel: Channel, marks: OkxMarks, frame: bytes, ts_recv_ns: int, spans: TradeSpans | None = None
) -> Tick | DepthUpdate | list[Tick]:
    """Return what a frame of `channel` says; what it says of a mark price is put into `marks`.

    That a message stands for several trades is put into `spans`.

    Raises:
        VenueError: If the frame is not what the venue documents, or not in whole ticks and lots.
    """
    try:
        if channel.kind == FeedKind.MARK:
            return _mark(marks, frame, ts_recv_ns)
        if channel.kind == FeedKind.TRADE:
            return _trades(channel.info, spans, frame, ts_recv_ns)
        if channel.kind == FeedKind.BAR:
            return _bars(channel, frame, ts_recv_ns)
        return _DECODERS[channel.kind](channel.info, frame, ts_recv_ns)
    except DECODE_ERRORS as error:
        raise refuse(error, f"frame of {channel.name}") from error


def _trades(info: InstrumentInfo, spans: TradeSpans | None, frame: bytes, ts_recv_ns: int) -> Tick | list[Tick]:
    rows = _TRADES.decode(frame).data
    found: list[Tick] = [trade_of(info, data, ts_recv_ns) for data in rows]
    if not found:
        raise VenueError("no trades in it")
    for data in rows:
        if spans is not None and int(data.count) > 1 and is_number(data.trade_id):
            spans.note(int(data.trade_id), min(int(data.count), 2**63 - 1))
    return found[0] if len(found) == 1 else found


def trade_of(info: InstrumentInfo, data: OkxTradeData, ts_recv_ns: int) -> Trade:
    """Return a trade, or what one taker order did at one price."""
    side = _SIDES.get(data.side)
    if side is None:
        raise VenueError(f"side {data.side[:20]!r} (allowed: buy, sell)")
    return Trade(
        ts_event_ns=millis_ns(data.ts),
        ts_recv_ns=ts_recv_ns,
        price_ticks=info.price.parse(data.price),
        qty_lots=info.qty.parse(data.qty),
        aggressor=int(side),
        trade_id=data.trade_id,
        condition=int(TradeCondition.AGGREGATED if int(data.count) > 1 else TradeCondition.MARKET),
    )


def _book(info: InstrumentInfo, frame: bytes, ts_recv_ns: int) -> BookSnapshot | DepthUpdate:
    decoded = _BOOKS.decode(frame)
    data = only(decoded.data)
    ts_event_ns = millis_ns(data.ts)
    if data.seq_id is None and data.checksum == 0:
        raise VenueError("neither seqId nor checksum: nothing says which book it is of")
    number = int(data.ts) if data.seq_id is None else data.seq_id
    bids, asks = pack_levels(data.bids, info.price, info.qty), pack_levels(data.asks, info.price, info.qty)
    if decoded.action == "snapshot":
        if data.checksum and levels_checksum(bids, asks, info.price, info.qty) != data.checksum:
            raise VenueError(f"checksum {data.checksum} of snapshot {number} does not hold")
        return BookSnapshot(ts_event_ns, ts_recv_ns, number, bids, asks)
    if decoded.action != "update":
        raise VenueError(f"action {decoded.action[:20]!r} (allowed: snapshot, update)")
    previous = -1 if data.previous_id is None else data.previous_id
    if (data.seq_id is None) != (previous < 0) or (data.seq_id is None and data.previous_id is not None):
        raise VenueError(f"update {number} does not say which one it follows")
    delta = BookDelta(ts_event_ns, ts_recv_ns, number, number, bids, asks)
    return DepthUpdate(delta, previous, checksum=data.checksum)


def _top(info: InstrumentInfo, frame: bytes, ts_recv_ns: int) -> Quote:
    data = only(_TOPS.decode(frame).data)
    bid, ask = _best(info, data.bids), _best(info, data.asks)
    return Quote(millis_ns(data.ts), ts_recv_ns, data.seq_id, *bid, *ask)


def _bars(channel: Channel, frame: bytes, ts_recv_ns: int) -> list[Tick]:
    """Return the bars of a frame that have ended; of how many trades each is made is not told."""
    info, found = channel.info, list[Tick]()
    for row in _BARS.decode(frame).data:
        parse = info.price.parse
        prices = (parse(row.open), parse(row.high), parse(row.low), parse(row.close))
        kline = Kline(millis_ns(row.open_ms), *prices, info.qty.parse(row.volume), 0)
        if row.confirm == ENDED:
            found.append(bar_of(kline, channel.interval_ms, ts_recv_ns))
    return found


def _best(info: InstrumentInfo, levels: Levels) -> tuple[int, int]:
    parsed = [(info.price.parse(price), info.qty.parse(qty)) for price, qty, _, _ in levels]
    return parsed[0] if parsed else (0, 0)


def _mark(marks: OkxMarks, frame: bytes, ts_recv_ns: int) -> Tick | list[Tick]:
    """Return the mark price with all that is known; nothing before it was told, and none for each move of the index."""
    channel = _ARG.decode(frame).arg.channel
    if channel == FUNDING_RATE:
        funding = only(_FUNDINGS.decode(frame).data)
        rate_e8, next_ns, ts_ns = rounded_e8(funding.rate), millis_ns(funding.funding_ms), millis_ns(funding.ts)
        marks.funding_rate_e8, marks.next_funding_ns = rate_e8, next_ns
        return marks.message(ts_ns, ts_recv_ns) if marks.mark_e8 else []
    if channel == INDEX_TICKERS:
        marks.index_e8 = rounded_e8(only(_INDICES.decode(frame).data).index)
        return []
    data = only(_MARKS.decode(frame).data)
    mark_e8, ts_ns = rounded_e8(data.mark), millis_ns(data.ts)
    marks.mark_e8 = mark_e8
    return marks.message(ts_ns, ts_recv_ns)


def only(data: list[Data]) -> Data:
    """Return what a frame holds one of; VenueError if it is none or several."""
    if len(data) != 1:
        raise VenueError(f"{len(data)} entries of data (allowed: 1)")
    return data[0]


_ARG = msgspec.json.Decoder(OkxArgFrame)
_TRADES = msgspec.json.Decoder(OkxFrame[OkxTradeData])
_BOOKS = msgspec.json.Decoder(OkxFrame[OkxBookData])
_BARS = msgspec.json.Decoder(OkxFrame[OkxBarRow])
_TOPS = msgspec.json.Decoder(OkxFrame[OkxTopData])
_MARKS = msgspec.json.Decoder(OkxFrame[OkxMarkData])
_INDICES = msgspec.json.Decoder(OkxFrame[OkxIndexData])
_FUNDINGS = msgspec.json.Decoder(OkxFrame[OkxFundingData])
_DECODERS: dict[FeedKind, Callable[[InstrumentInfo, bytes, int], Tick | DepthUpdate | list[Tick]]] = {
    FeedKind.DEPTH: _book,
    FeedKind.TICKER: _top,
}

"""Binance market data, as it is on the wire: the frames of each feed in the venue's own words, and what they say.

This reads frames in any layout, and alone says what is wrong with one; `agents.venues.binance.frames` reads the layout in
which the venue writes them. Prices and quantities become ticks and lots without passing through a float.

Source: binance-spot-api-docs web-socket-streams.md; Binance derivatives docs, USDS-margined futures, websocket market
streams.
"""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, field

from agents.instruments import InstrumentInfo
from agents.venues.base import FeedKind, Tick, parse_e8
from agents.venues.binance.history import Levels, Stamp, UpdateId, stamp_ns
from agents.venues.depth_update import DepthUpdate
from core.decimals import pack_levels
from schemas.errors import VenueError
from schemas.messages import BookDelta, MarkPrice, Quote, Trade, TradeCondition, VenueBar
from schemas.orders import Side
from schemas.units import MS

PreviousId = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Data = TypeVar("Data")

_CONDITIONS = {"MARKET": TradeCondition.MARKET, "INSURANCE_FUND": TradeCondition.INSURANCE_FUND}


class Envelope(msgspec.Struct, Generic[Data]):
    """A frame of a combined stream."""

    stream: str
    data: Data


class TradeData(msgspec.Struct, gc=False):
    """`trade`; `X` only on derivatives."""

    price: str = field(name="p")
    qty: str = field(name="q")
    trade_id: UpdateId = field(name="t")
    trade_stamp: Stamp = field(name="T")
    buyer_is_maker: bool = field(name="m")
    condition: str = field(name="X", default="MARKET")


class AggregateTradeData(msgspec.Struct, gc=False):
    """`aggTrade`: what one taker order filled at one price."""

    price: str = field(name="p")
    qty: str = field(name="q")
    trade_id: UpdateId = field(name="a")
    trade_stamp: Stamp = field(name="T")
    buyer_is_maker: bool = field(name="m")


class DepthData(msgspec.Struct, gc=False):
    """`depthUpdate`; `T` and `pu` only on derivatives."""

    event_stamp: Stamp = field(name="E")
    first_update_id: UpdateId = field(name="U")
    last_update_id: UpdateId = field(name="u")
    bids: Levels = field(name="b")
    asks: Levels = field(name="a")
    transaction_stamp: Stamp = field(name="T", default=0)
    previous_update_id: PreviousId = field(name="pu", default=-1)


class TickerData(msgspec.Struct, gc=False):
    """`bookTicker`; the times only on derivatives."""

    update_id: UpdateId = field(name="u")
    bid: str = field(name="b")
    bid_qty: str = field(name="B")
    ask: str = field(name="a")
    ask_qty: str = field(name="A")
    transaction_stamp: Stamp = field(name="T", default=0)


class MarkData(msgspec.Struct, gc=False):
    """`markPriceUpdate`; delivery contracts have an empty funding rate."""

    event_stamp: Stamp = field(name="E")
    mark: str = field(name="p")
    index: str = field(name="i", default="")
    funding_rate: str = field(name="r", default="")
    next_funding_stamp: Stamp = field(name="T", default=0)


class BarData(msgspec.Struct, gc=False):
    """The bar of a `kline`; its end is the last millisecond, or microsecond, of it."""

    open_stamp: Stamp = field(name="t")
    close_stamp: Stamp = field(name="T")
    open: str = field(name="o")
    high: str = field(name="h")
    low: str = field(name="l")
    close: str = field(name="c")
    volume: str = field(name="v")
    trades: UpdateId = field(name="n")
    ended: bool = field(name="x")


class KlineData(msgspec.Struct, gc=False):
    """`kline`."""

    bar: BarData = field(name="k")


def _trade(info: InstrumentInfo, data: TradeData, ts_recv_ns: int) -> Trade:
    condition = _CONDITIONS.get(data.condition, TradeCondition.OTHER)
    return _trade_message(info, data, ts_recv_ns, condition)


def _aggregate_trade(info: InstrumentInfo, data: AggregateTradeData, ts_recv_ns: int) -> Trade:
    return _trade_message(info, data, ts_recv_ns, TradeCondition.AGGREGATED)


def _trade_message(
    info: InstrumentInfo, data: TradeData | AggregateTradeData, ts_recv_ns: int, condition: TradeCondition
) -> Trade:
    return Trade(
        ts_event_ns=stamp_ns(data.trade_stamp),
        ts_recv_ns=ts_recv_ns,
        price_ticks=info.price.parse(data.price),
        qty_lots=info.qty.parse(data.qty),
        aggressor=Side.SELL if data.buyer_is_maker else Side.BUY,
        trade_id=str(data.trade_id),
        condition=condition,
    )


def _depth(info: InstrumentInfo, data: DepthData, ts_recv_ns: int) -> DepthUpdate:
    delta = BookDelta(
        ts_event_ns=stamp_ns(data.transaction_stamp or data.event_stamp),
        ts_recv_ns=ts_recv_ns,
        first_update_id=data.first_update_id,
        last_update_id=data.last_update_id,
        bids=pack_levels(data.bids, info.price, info.qty),
        asks=pack_levels(data.asks, info.price, info.qty),
    )
    return DepthUpdate(delta, data.previous_update_id)


def _ticker(info: InstrumentInfo, data: TickerData, ts_recv_ns: int) -> Quote:
    return Quote(
        ts_event_ns=stamp_ns(data.transaction_stamp),
        ts_recv_ns=ts_recv_ns,
        update_id=data.update_id,
        bid_ticks=info.price.parse(data.bid),
        bid_lots=info.qty.parse(data.bid_qty),
        ask_ticks=info.price.parse(data.ask),
        ask_lots=info.qty.parse(data.ask_qty),
    )


def _mark(info: InstrumentInfo, data: MarkData, ts_recv_ns: int) -> MarkPrice:
    return MarkPrice(
        ts_event_ns=stamp_ns(data.event_stamp),
        ts_recv_ns=ts_recv_ns,
        mark_e8=parse_e8(data.mark),
        index_e8=parse_e8(data.index),
        funding_rate_e8=parse_e8(data.funding_rate),
        next_funding_ns=stamp_ns(data.next_funding_stamp),
    )


def _bar(info: InstrumentInfo, data: KlineData, ts_recv_ns: int) -> list[Tick]:
    """Return the bar if it has ended; how long it was says the channel, and the bar itself by where it ends."""
    bar = data.bar
    if not bar.ended:
        return []
    if bar.close_stamp < bar.open_stamp:
        raise VenueError(f"a bar that ends at {bar.close_stamp}, before it begins")
    parse = info.price.parse
    open_ns, end_ns = stamp_ns(bar.open_stamp), stamp_ns(bar.close_stamp + 1)
    if end_ns - open_ns < MS:
        raise VenueError(f"a bar from {bar.open_stamp} to {bar.close_stamp}, which is none")
    prices = (parse(bar.open), parse(bar.high), parse(bar.low), parse(bar.close))
    volume_lots = info.qty.parse(bar.volume)
    return [VenueBar(end_ns, ts_recv_ns, (end_ns - open_ns) // MS, open_ns, *prices, volume_lots, bar.trades)]


Said = Tick | DepthUpdate | list[Tick]
Decode = Callable[[InstrumentInfo, bytes, int], Said]


def _decoder(data_type: type[Data], convert: Callable[[InstrumentInfo, Data, int], Said]) -> Decode:
    decoder = msgspec.json.Decoder(Envelope[data_type])  # type: ignore[valid-type]

    def decode(info: InstrumentInfo, frame: bytes, ts_recv_ns: int) -> Said:
        return convert(info, decoder.decode(frame).data, ts_recv_ns)

    return decode


DECODERS: dict[FeedKind, Decode] = {
    FeedKind.TRADE: _decoder(TradeData, _trade),
    FeedKind.AGGREGATE_TRADE: _decoder(AggregateTradeData, _aggregate_trade),
    FeedKind.DEPTH: _decoder(DepthData, _depth),
    FeedKind.TICKER: _decoder(TickerData, _ticker),
    FeedKind.MARK: _decoder(MarkData, _mark),
    FeedKind.BAR: _decoder(KlineData, _bar),
}

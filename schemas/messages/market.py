"""What market data publishes: trades, books, quotes, and what is traded."""

from enum import IntEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.messages.base import Count, Message, Money, PriceTicks, QtyLots, SideValue, Text, Time, TradeId


class TradeCondition(IntEnum):
    """What kind of execution a `Trade` is."""

    MARKET = 0
    INSURANCE_FUND = 1
    AGGREGATED = 2
    OTHER = 3


class Trade(Message, frozen=True):
    """One execution at the venue. `aggressor` is the taker's side; `condition` is a TradeCondition."""

    ts_event_ns: Time
    ts_recv_ns: Time
    price_ticks: PriceTicks
    qty_lots: QtyLots
    aggressor: SideValue
    trade_id: TradeId
    condition: int = 0


class BookDelta(Message, frozen=True):
    """Changed levels of one L2 book; quantity 0 deletes. Update ids are the venue's, `first` to `last` inclusive."""

    ts_event_ns: Time
    ts_recv_ns: Time
    first_update_id: Count
    last_update_id: Count
    bids: bytes
    asks: bytes


class BookSnapshot(Message, frozen=True):
    """The whole L2 book as of `last_update_id`, best level first; replaces what was known."""

    ts_event_ns: Time
    ts_recv_ns: Time
    last_update_id: Count
    bids: bytes
    asks: bytes


class Quote(Message, frozen=True):
    """Best bid and ask with their sizes (L1); 0 where a side is empty."""

    ts_event_ns: Time
    ts_recv_ns: Time
    update_id: Count
    bid_ticks: PriceTicks
    bid_lots: QtyLots
    ask_ticks: PriceTicks
    ask_lots: QtyLots


class MarkPrice(Message, frozen=True):
    """Mark and index price of a derivative and its funding rate, each times 10**8."""

    ts_event_ns: Time
    ts_recv_ns: Time
    mark_e8: Money
    index_e8: Money
    funding_rate_e8: Money
    next_funding_ns: Time


class FeedState(Message, frozen=True):
    """Health of the venue feed behind the stream that carries this message; `state` is a StreamState.

    `weaker` holds flags of Weakness: what the stream does not promise, however healthy it is.
    """

    ts_recv_ns: Time
    state: int
    reason: Text = ""
    weaker: int = 0


class Instrument(Message, frozen=True):
    """What is traded: identity, currencies, sizes and venue filters. `tick_size` and `lot_size` are decimal strings.
    A lot is so much of a contract of `contract_size_e8` in base currency, which is 1 where the venue counts that itself.

    The venue takes quantities in multiples of `qty_step_lots` and prices in multiples of `price_step_ticks`. With a
    `fault` the configuration does not fit what the venue lists, or the venue does not trade it now, and nothing can be
    ordered. Of the bounds that follow it 0 is none: of notional and position, and of the price of buys (bid) and sells
    (ask), in parts per million of the average price of the last `band_minutes` (0: of the last price); then of the price
    itself, and of the orders that may be open in the instrument at once.
    """

    instrument_id: Count
    venue_id: Count
    symbol: str
    base: str
    quote: str
    tick_size: str
    lot_size: str
    min_qty_lots: QtyLots = 1
    max_qty_lots: QtyLots = 2**62
    min_notional_e8: Money = 0
    margin: bool = False
    qty_step_lots: Annotated[int, Meta(ge=1, le=2**62)] = 1
    price_step_ticks: Annotated[int, Meta(ge=1, le=2**62)] = 1
    fault: Text = ""
    contract_size_e8: Money = 100_000_000
    max_notional_e8: Money = 0
    max_position_lots: QtyLots = 0
    bid_band_down_ppm: Count = 0
    bid_band_up_ppm: Count = 0
    ask_band_down_ppm: Count = 0
    ask_band_up_ppm: Count = 0
    band_minutes: Count = 0
    min_price_ticks: PriceTicks = 0
    max_price_ticks: PriceTicks = 0
    max_open_orders: Count = 0


class Kline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One bar of a venue: what was traded from `open_ns` on for the interval that was asked for.

    A bar without trades has the close before it as all its prices, as the venue's charts have it.
    """

    open_ns: Time
    open_ticks: PriceTicks
    high_ticks: PriceTicks
    low_ticks: PriceTicks
    close_ticks: PriceTicks
    volume_lots: QtyLots
    trades: Count


class VenueBar(Message, frozen=True):
    """A bar of the venue that has ended, as its stream told it: one that begins at `open_ns` and lasts `interval_ms`.

    Its time at the venue is its end. Otherwise as `Kline`; `trades` is 0 where the venue does not say how many there were.
    """

    ts_event_ns: Time
    ts_recv_ns: Time
    interval_ms: Annotated[int, Meta(ge=1, le=2**53)]
    open_ns: Time
    open_ticks: PriceTicks
    high_ticks: PriceTicks
    low_ticks: PriceTicks
    close_ticks: PriceTicks
    volume_lots: QtyLots
    trades: Count = 0


class KlinesRequest(Message, frozen=True):
    """Send me the venue's last `count` bars of an instrument that have ended, those that began before `end_ns` (0: now)."""

    instrument_id: Count
    interval_ms: Annotated[int, Meta(ge=1)]
    count: Annotated[int, Meta(ge=1, le=1000)]
    end_ns: Time = 0


class KlinesAnswer(Message, frozen=True):
    """Bars of one instrument, oldest first; none, and why, if they were not to be had (`trouble`).

    There may be fewer than were asked for; older ones are had by asking again. Trouble that is `lasting` stays. `missing`
    is how many the venue left out between the first and the last, each time that it was asked.
    """

    instrument_id: Count
    interval_ms: Count
    klines: tuple[Kline, ...]
    trouble: Text = ""
    lasting: bool = False
    missing: Count = 0


class VenueClock(Message, frozen=True):
    """What the venue's clock shows more than ours, and how wrong that may be; a bound of 0 is an offset not known."""

    ts_recv_ns: Time
    offset_ns: Money
    error_ns: Time

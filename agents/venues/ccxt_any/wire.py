"""The frames between the shell, which has ccxt, and the feeds, which have not: ccxt's unified structures in JSON.

Numbers are texts, as venues write them. What ccxt did not know is None or "".
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from schemas.units import MS

HEAD = b'{"channel":"'
"""Begins every frame; the channel's name follows."""

TRADES, BOOK, TICKER = "trades:", "book:", "ticker:"
"""Begin the names of channels; ccxt's symbol follows."""

MARKETS, TIME = "markets", "time"
"""Paths of the calls that the shell makes through ccxt."""


Millis = Annotated[int, msgspec.Meta(ge=0, le=2**63 // MS - 1)]


class UnifiedTrade(msgspec.Struct, gc=False):
    """One trade; `side` is the taker's."""

    id: str
    ms: Millis | None
    price: str
    qty: str
    side: str


class TradesFrame(msgspec.Struct, gc=False):
    """Trades that ccxt had not told before, oldest first."""

    channel: str
    trades: list[UnifiedTrade]


class BookFrame(msgspec.Struct, gc=False):
    """A whole book, or the levels that are otherwise than in frame `number` - 1 (quantity 0: gone)."""

    channel: str
    ms: Millis | None
    number: int
    whole: bool
    bids: Sequence[Sequence[str]]
    asks: Sequence[Sequence[str]]


class TickerFrame(msgspec.Struct, gc=False):
    """Best bid and ask; a side without a price has "" there."""

    channel: str
    ms: Millis | None
    bid: str
    bid_qty: str
    ask: str
    ask_qty: str


class MarketRow(msgspec.Struct):
    """What ccxt lists of one symbol; steps are "" where it knows none."""

    symbol: str
    category: str
    active: bool
    tick: str = ""
    lot: str = ""
    contract_size: str = ""
    min_qty: str = ""
    max_qty: str = ""
    min_notional: str = ""
    max_notional: str = ""


class Markets(msgspec.Struct):
    """The answer to a call for `MARKETS`."""

    markets: list[MarketRow]


class Time(msgspec.Struct):
    """The answer to a call for `TIME`."""

    ms: Millis


encode = msgspec.json.Encoder().encode

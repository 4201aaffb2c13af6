"""What the venue's market is, whichever source it comes from, and what all sources have in common.

A market plays its events up to a time that it is given, tells its listener of every frame and of every execution of a
resting order of the account, and lets an arriving order take. The account's rules (filters, balances, time in force)
are not here.
"""

from collections import deque
from collections.abc import Iterator
from typing import Protocol

import msgspec

from agents.paper.market.klines import KlineTape
from agents.paper.orders import VenueOrder
from schemas.orders import Side
from schemas.units import HOUR

TRADES_KEPT = 1000
FUNDING_INTERVAL_NS = 8 * HOUR
FUNDING_RATE_E8 = 10_000
"""What holders of a modelled contract pay each other: 0.01 % in 8 hours, the venues' interest rate without a premium."""


class ContractMark(msgspec.Struct, frozen=True):
    """What a contract is valued at, times 10**8; and what is paid for holding it, and when next by the market's clock.

    The rate is of its worth, times 10**8; whoever is long pays if it is above zero. 0 where it is not known.
    """

    price_e8: int
    rate_e8: int = 0
    funding_ns: int = 0


class Match(msgspec.Struct, frozen=True):
    """One execution of an arriving order."""

    price_ticks: int
    qty_lots: int
    trade_id: int


class Listener(Protocol):
    """Who is told what the market does."""

    def market_frame(self, stream: str, ticks: int, frame: bytes) -> None:
        """Take one frame of a stream, in which there are so many ticks."""
        ...

    def maker_fill(self, order: VenueOrder, match: Match) -> None:
        """Take one execution of a resting order of the account."""
        ...


class PublicTrade(msgspec.Struct, frozen=True, gc=False):
    """One trade of the market as REST tells it; an aggregate spans `first_id` to `last_id`.

    `name` is its id where that is not a number.
    """

    id: int
    price: str
    qty: str
    time_ms: int
    buyer_maker: bool
    first_id: int
    last_id: int
    name: str = ""


class Tape:
    """The last trades of one symbol, and the figures of its ticker since the market began."""

    def __init__(self) -> None:
        """Begin without trades."""
        self.trades: deque[PublicTrade] = deque(maxlen=TRADES_KEPT)
        self.first: PublicTrade | None = None
        self.count = 0
        self.klines = KlineTape()
        self.high_e8 = self.low_e8 = self.volume_e8 = self.quote_volume_e8 = 0

    def add(self, trade: PublicTrade, price_e8: int, qty_e8: int) -> None:
        """Take the next trade, with its price and its quantity, as the venue counts it, times 10**8."""
        self.trades.append(trade)
        self.first = self.first or trade
        self.high_e8 = max(self.high_e8, price_e8)
        self.low_e8 = min(self.low_e8 or price_e8, price_e8)
        self.volume_e8 += qty_e8
        self.quote_volume_e8 += price_e8 * qty_e8 // 100_000_000
        self.count += 1
        ids = (trade.first_id, trade.last_id)
        self.klines.add(trade.time_ms, price_e8, qty_e8, buyer_maker=trade.buyer_maker, ids=ids)


class DepthView(msgspec.Struct, frozen=True):
    """A book at a moment, best levels first, as texts; times are the venue's, 0 before the first update.

    `seq` is an order over several streams of a symbol, where the venue has one.
    """

    last_update_id: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    event_ms: int = 0
    transact_ms: int = 0
    seq: int = 0


class VenueMarket(Protocol):
    """A source of market events with books that orders can trade on."""

    kind: str
    symbols: tuple[str, ...]
    done: bool
    tick_count: int
    tapes: dict[str, Tape]
    listener: Listener

    def number_from(self, first_id: int) -> None:
        """Give trades, and updates of its own making, ids above `first_id`; called before the market starts."""
        ...

    def start(self, wall_ns: int) -> None:
        """Let the market's clock begin at `wall_ns`, if it has not begun."""
        ...

    def clock_ns(self, wall_ns: int) -> int:
        """Return what the clock shows that stamps the market's frames."""
        ...

    def advance(self, wall_ns: int, count_max: int) -> int | None:
        """Play at most `count_max` events that are due; return when the next one is due, None if there is none."""
        ...

    def put_off(self, duration_ns: int) -> None:
        """Have all that is to come be due `duration_ns` later, unless it is a recording, which is late then."""
        ...

    def depth(self, symbol: str, count: int) -> DepthView:
        """Return the book of `symbol` as of the last frame that was sent for it."""
        ...

    def mark(self, symbol: str) -> ContractMark | None:
        """Return the last mark of a contract, None if the market has told none."""
        ...

    def liquidity(self, symbol: str, side: Side) -> Iterator[tuple[int, int]]:
        """Yield (price_ticks, qty_lots) that an order of `side` could take now, best first."""
        ...

    def take(self, order: VenueOrder, limit_ticks: int, wall_ns: int) -> list[Match]:
        """Let `order` take up to its open quantity at `limit_ticks` or better (0: any price)."""
        ...

    def rest(self, order: VenueOrder) -> None:
        """Put the rest of `order` into the book at its price, behind what stands there."""
        ...

    def reduce(self, order: VenueOrder) -> None:
        """Make a resting order as small as it has become; it keeps its place."""
        ...

    def withdraw(self, order: VenueOrder) -> None:
        """Take a resting order out of the book."""
        ...

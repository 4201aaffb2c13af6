"""What a portfolio follows: the order events of accounts, and the marks of what they trade, guarded against wild prices.

Every quote or trade moves a mark and every order event an account, but only fills are news: those are told.

A peak that a mistaken price made would bind risk for ever, so a mark moves by these rules, and by none else:

1. A quote that is crossed, locked, one-sided or stale says nothing.
2. A quote wider than `mark_spread_max` of its middle moves the mark only as far as needed to be within the quote. If there
   is no mark yet, the last trade stands in for it, and without that the middle is a doubtful price.
3. What is within `mark_jump_max` of the mark is taken at once, as is the first price of all; of the lower of the two, so
   that a price which was let go there is let back.
4. What is further away is a doubtful price: the mark stays. The doubt begins anew with a price that is as far from the
   doubtful one as that, and ends with one that is near the mark. A doubtful price is taken when it has stood for
   `mark_confirm_ms` and a trade near it has come since, or ten times as long if none has. Where no trades are followed
   beside the stream of the mark the shorter time alone does; where it is the trades, a second one is the confirmation.

So a wild quote or print of a moment moves nothing, whatever its size, and a real crash gets through after that time: the
market trades there. The price before a restart is what the first one after it is held against.

This file is compiled (`marks.pxd` has the C types).
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from agents.instruments import InstrumentInfo
from agents.state.account import Account
from agents.state.message_fields import MARK_PRICE, QUOTE, TRADE
from core.frame import FLAG_STALE, Header
from core.stream_table import StreamTable
from mesh.context import Context
from mesh.message_handler import MessageHandler
from schemas.messages import (
    FeedState,
    FundingSettled,
    MarkPrice,
    Message,
    OrderFilled,
    Quote,
    Reconciled,
    Trade,
    Transfer,
)
from schemas.streams import Kind, StreamState, stream_kind
from schemas.units import MS

PAUSES = (StreamState.GAP, StreamState.LIVE)
"""States of a feed that leave a mark as it is."""
PPM = 1_000_000
TICKS_MAX = 2**53
"""A price of more ticks is none; so everything here fits 128 bits."""
UNCONFIRMED_TIMES = 10
"""So many times as long must a doubtful price stand that no trade confirms."""


class MarkLimits:
    """How far a mark may move at once, how wide a quote may be, and how long a doubtful price must stand."""

    def __init__(self, jump_max: float, spread_max: float, confirm_ms: int) -> None:
        """Take fractions of a price, and milliseconds."""
        self.jump_ppm = round(jump_max * PPM)
        self.spread_ppm = round(spread_max * PPM)
        self.confirm_ns = confirm_ms * MS


class Mark:
    """What an instrument is marked at, and the stream that tells it; `known` since a message of it was taken.

    `trades`, if not 0, is the stream of the trades that confirm a doubtful price. Prices are times 10**9, so that the
    middle of two ticks is exact.
    """

    def __init__(self, info: InstrumentInfo, publisher: str, stream: int, limits: MarkLimits, trades: int = 0) -> None:
        """Begin without a price."""
        self.info = info
        self.publisher = publisher
        self.stream = stream
        self.trades = trades
        self.px_e9 = 0
        self.known = False
        self.doubted_e9 = 0
        """The doubtful price, 0 while there is none."""
        self.refused = 0
        """How many quotes said nothing, and how often a doubt began."""
        self._limits = limits
        self._half_e9 = info.tick_e8 * 5
        self._tick_e9 = info.tick_e8 * 10
        self._by_trades = stream_kind(stream) == Kind.TRADE
        self._traded_e9 = 0
        self._since_ns = 0
        self._confirmed = False

    def restore(self, px_e9: int) -> None:
        """Hold the first price against that of before a restart; it is not known until then."""
        self.px_e9 = px_e9

    def take(self, header: Header, message: Message, now_ns: int) -> None:
        """Take the next message of one of the streams; a feed that only pauses leaves the mark as it was."""
        if type(message) is Trade:
            self._traded(TRADE.price_ticks.int_of(message), now_ns)
        elif type(message) is Quote:
            if not header.flags & FLAG_STALE:
                self._quoted(QUOTE.bid_ticks.int_of(message), QUOTE.ask_ticks.int_of(message), now_ns)
        elif type(message) is MarkPrice:
            mark_e9: int = MARK_PRICE.mark_e8.int_of(message)
            self._offer(mark_e9 * 10, now_ns)
        elif type(message) is FeedState and header.stream == self.stream and message.state not in PAUSES:
            self.known = False
            self.doubted_e9 = 0

    def settle(self, now_ns: int) -> None:
        """Take the doubtful price if it has stood long enough."""
        if not self.doubted_e9:
            return
        confirmed = self._confirmed or not (self.trades or self._by_trades)
        wait_ns = self._limits.confirm_ns if confirmed else UNCONFIRMED_TIMES * self._limits.confirm_ns
        if now_ns - self._since_ns >= wait_ns:
            self._set(self.doubted_e9)

    def _quoted(self, bid_ticks: int, ask_ticks: int, now_ns: int) -> None:
        if not 0 < bid_ticks < ask_ticks <= TICKS_MAX:
            self.refused += 1
            return
        twice_ticks = bid_ticks + ask_ticks
        middle_e9 = twice_ticks * self._half_e9
        spread = (ask_ticks - bid_ticks) * 2
        if spread * PPM <= self._limits.spread_ppm * twice_ticks:
            self._offer(middle_e9, now_ns)
            return
        before_e9 = self.px_e9 or self._traded_e9
        if before_e9:
            self._offer(max(bid_ticks * self._tick_e9, min(before_e9, ask_ticks * self._tick_e9)), now_ns)
        else:
            self._doubt(middle_e9, now_ns)

    def _traded(self, price_ticks: int, now_ns: int) -> None:
        if not 0 < price_ticks <= TICKS_MAX:
            return
        px_e9 = price_ticks * self._tick_e9
        if self._by_trades:
            self._offer(px_e9, now_ns)
            return
        self._traded_e9 = px_e9
        if self.doubted_e9 and self._is_near(px_e9, self.doubted_e9):
            self._confirmed = True
            self.settle(now_ns)

    def _offer(self, px_e9: int, now_ns: int) -> None:
        if px_e9 <= 0:
            return
        if self.px_e9 == 0 or self._is_near(px_e9, self.px_e9):
            self._set(px_e9)
        else:
            self._doubt(px_e9, now_ns)

    def _doubt(self, px_e9: int, now_ns: int) -> None:
        if not self.doubted_e9 or not self._is_near(px_e9, self.doubted_e9):
            self.refused += 1
            self._since_ns = now_ns
            self._confirmed = False
        elif self._by_trades:
            self._confirmed = True
        self.doubted_e9 = px_e9
        self.settle(now_ns)

    def _is_near(self, px_e9: int, other_e9: int) -> bool:
        # Of the lower price, so that whoever is let go there is let back.
        if px_e9 > other_e9:
            return (px_e9 - other_e9) * PPM <= self._limits.jump_ppm * other_e9
        return (other_e9 - px_e9) * PPM <= self._limits.jump_ppm * px_e9

    def _set(self, px_e9: int) -> None:
        self.px_e9 = px_e9
        self.known = True
        self.doubted_e9 = 0


class AccountListener(Protocol):
    """Who is told what accounts tell that is news to a portfolio."""

    def before_fill(self, account: Account, fill: OrderFilled) -> None:
        """Take note that a fill is to be booked while something that came in has no value yet."""

    def on_fill(self, account: Account, header: Header, fill: OrderFilled) -> None:
        """Take note of a fill that was booked."""

    def on_balances(self, account: Account, header: Header, message: Reconciled | Transfer | FundingSettled) -> None:
        """Take note of an agreement with the venue, of a transfer, or of funding."""


class MarkTable(MessageHandler):
    """Hands each message to the account or the mark that its stream is of."""

    def __init__(self, accounts: Mapping[tuple[str, int], Account], marks: Sequence[Mark]) -> None:
        """Follow `accounts` by (publisher, ORDER stream), and `marks`."""
        found: dict[str, dict[int, Account | Mark]] = {}
        for mark in marks:
            for stream in (mark.stream, mark.trades):
                if stream:
                    found.setdefault(mark.publisher, {})[stream] = mark
        for (publisher, stream), account in accounts.items():
            found.setdefault(publisher, {})[stream] = account
        self._by_publisher = {publisher: StreamTable(streams) for publisher, streams in found.items()}
        self._publisher_before = ""
        self._stream_before = 0
        self._mark_before: Mark | None = None

    def bind(self, ctx: Context, listener: AccountListener) -> None:
        """Take the agent's context, and who is told."""
        self._ctx = ctx
        self._listener = listener

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Book an order event, or take a mark."""
        # A tick mostly follows one of its own stream.
        if (
            header.stream == self._stream_before
            and publisher is self._publisher_before
            and self._mark_before is not None
        ):
            self._mark_before.take(header, message, self._ctx.now_ns)
            return
        streams = self._by_publisher.get(publisher)
        if streams is None:
            return
        found = streams.get(header.stream)
        if isinstance(found, Mark):
            mark: Mark = found
            self._publisher_before, self._stream_before, self._mark_before = publisher, header.stream, mark
            mark.take(header, message, self._ctx.now_ns)
        elif found is not None:
            account: Account = found
            if account.holdings.to_value and type(message) is OrderFilled:
                self._listener.before_fill(account, message)
            fill = account.apply(header, message, self._ctx.now_ns)
            if fill is not None:
                self._listener.on_fill(account, header, fill)
            elif type(message) is Reconciled or type(message) is Transfer or type(message) is FundingSettled:
                self._listener.on_balances(account, header, message)

"""What a portfolio follows: the order events of accounts, and the marks of what they trade.

Every quote or trade moves a mark and every order event an account, but only fills are news: those are told.

This file is compiled (`marks.pxd` has the C types).
"""

from collections.abc import Callable, Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.state.account import Account
from agents.state.message_fields import MARK_PRICE, QUOTE, TRADE
from core.frame import FLAG_STALE, Header
from core.stream_table import StreamTable
from mesh.context import Context
from mesh.message_handler import MessageHandler
from schemas.messages import FeedState, MarkPrice, Message, OrderFilled, Quote, Trade
from schemas.streams import StreamState


class Mark:
    """What an instrument is marked at, and the one stream that tells it; `known` since a message of it has come."""

    def __init__(self, info: InstrumentInfo, publisher: str, stream: int) -> None:
        """Begin without a price."""
        self.info = info
        self.publisher = publisher
        self.stream = stream
        self.px_e8 = 0
        self.known = False
        self._tick_e8 = info.tick_e8

    def take(self, header: Header, message: Message) -> None:
        """Take the next message of the stream; a feed that only pauses leaves the mark as it was."""
        if type(message) is Quote:
            bid_ticks, ask_ticks = QUOTE.bid_ticks.of(message), QUOTE.ask_ticks.of(message)
            if bid_ticks and ask_ticks and not header.flags & FLAG_STALE:
                self._set((bid_ticks + ask_ticks) * self._tick_e8 // 2)
        elif type(message) is Trade:
            self._set(TRADE.price_ticks.of(message) * self._tick_e8)
        elif type(message) is MarkPrice:
            self._set(MARK_PRICE.mark_e8.of(message))
        elif type(message) is FeedState:
            self.known = self.known and message.state in (StreamState.GAP, StreamState.LIVE)

    def _set(self, px_e8: int) -> None:
        self.px_e8 = px_e8
        self.known = True


class MarkTable(MessageHandler):
    """Hands each message to the account or the mark that its stream is of."""

    def __init__(self, accounts: Mapping[tuple[str, int], Account], marks: Sequence[Mark]) -> None:
        """Follow `accounts` by (publisher, ORDER stream), and `marks`."""
        found: dict[str, dict[int, Account | Mark]] = {}
        for mark in marks:
            found.setdefault(mark.publisher, {})[mark.stream] = mark
        for (publisher, stream), account in accounts.items():
            found.setdefault(publisher, {})[stream] = account
        self._by_publisher = {publisher: StreamTable(streams) for publisher, streams in found.items()}

    def bind(self, ctx: Context, booked: Callable[[Header, OrderFilled], None]) -> None:
        """Take the agent's context, and what is told of each fill when its account has booked it."""
        self._ctx = ctx
        self._booked = booked

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Book an order event, or take a mark."""
        streams = self._by_publisher.get(publisher)
        if streams is None:
            return
        found = streams.get(header.stream)
        if isinstance(found, Mark):
            mark: Mark = found
            mark.take(header, message)
        elif found is not None:
            account: Account = found
            fill = account.apply(header, message, self._ctx.now_ns)
            if fill is not None:
                self._booked(header, fill)

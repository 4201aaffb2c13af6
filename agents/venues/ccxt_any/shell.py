"""The I/O of an exchange through ccxt.pro: a loop that watches for each feed, and ccxt's own REST calls.

A feed is a connection to the agent, although ccxt has several of them over one websocket: it is up from when ccxt watches
it until a call to watch it fails, and is watched again after a while. What ccxt returns becomes frames (`unified`).

ccxt's classes read what an exchange sends without much checking, so what is not as they expect comes as an error of
Python's; all that they can raise ends the watching, is told as the reason, and proves nothing.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import ccxt

from agents.venues.ccxt_any.exchange import make
from agents.venues.ccxt_any.unified import BookChanges, NewTrades, market_row, ticker_frame
from agents.venues.ccxt_any.wire import BOOK, MARKETS, TIME, TRADES, Markets, Time, encode
from agents.venues.shell_tasks import ShellTasks
from mesh.agent_io import Inputs
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.config import VenueConfig

AGAIN_S = 0.1
AGAIN_S_MAX = 10.0
TOO_MANY_REQUESTS = 429

CCXT_ERRORS = (
    ccxt.BaseError,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
)
"""All that a call to ccxt can raise, by what it is made of."""


class CcxtShell:
    """Implements `mesh.agent_io.Shell` for the market data of one exchange."""

    def __init__(self, venue: VenueConfig) -> None:
        """Take the venue; nothing is made before `start`."""
        self._venue = venue
        self._watched: dict[str, WatchedFeed] = {}
        self._tasks = ShellTasks(venue.name)
        self._inputs: Inputs
        self._exchange: Any

    async def start(self, inputs: Inputs) -> None:
        """Get ready to carry out effects."""
        self._inputs = inputs
        self._exchange = make(self._venue)

    async def stop(self) -> None:
        """Stop watching and close ccxt's connections; nothing is delivered afterwards."""
        await self._tasks.cancel()
        self._watched.clear()
        await self._exchange.close()

    def open_socket(self, connection: str, url: str) -> None:
        """Watch the feed called `url`, again and again, until it is closed."""
        self.close_socket(connection)
        watched = self._watched[connection] = WatchedFeed(self._exchange, url)
        watched.task = self._tasks.begin(self._keep_watching(connection, watched))

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Begin a book anew, which is all that can be asked; one that was not seen yet is being begun."""
        watched = self._watched.get(connection)
        if watched is not None and watched.may_begin:
            self._tasks.begin(self._unsubscribe(watched))

    def close_socket(self, connection: str) -> None:
        """Watch the feed no more; nothing more is told of it."""
        watched = self._watched.pop(connection, None)
        if watched is not None:
            watched.task.cancel()

    def set_venue_clock(self, offset_ns: int) -> None:
        """Do nothing: nothing is signed here."""

    def call(self, call_id: int, call: VenueCall) -> None:
        """Make one of `wire`'s calls through ccxt, and deliver its end."""
        self._tasks.begin(self._call(call_id, call))

    async def _keep_watching(self, connection: str, watched: "WatchedFeed") -> None:
        wait_s = AGAIN_S
        while True:
            frames, reason = 0, await self._load_markets()
            if not reason:
                watched.begin()
                self._inputs.socket_changed(connection, True, "")
            while not reason:
                frame, reason = await watched.next()
                if frame is not None:
                    frames += 1
                    self._inputs.frame_received(connection, frame)
            wait_s = AGAIN_S if frames else min(2 * wait_s, AGAIN_S_MAX)
            self._inputs.socket_changed(connection, False, reason)
            await asyncio.sleep(wait_s)

    async def _load_markets(self) -> str:
        """Have ccxt know its symbols; return why it does not."""
        try:
            await self._exchange.load_markets()
        except CCXT_ERRORS as error:
            return text_of_error(error)
        return ""

    async def _unsubscribe(self, watched: "WatchedFeed") -> None:
        """Have ccxt begin a book anew: unsubscribe it where ccxt can, or else let go of all its websockets."""
        watched.begin()
        exchange = self._exchange
        try:
            if exchange.has.get("unWatchOrderBook"):
                await exchange.un_watch_order_book(watched.symbol)
            else:
                await exchange.close_ws_clients()
        except CCXT_ERRORS:
            # The book is not told whole by that: the agent waits, and asks again.
            return

    async def _call(self, call_id: int, call: VenueCall) -> None:
        self._inputs.venue_replied(await self._reply(call_id, call))

    async def _reply(self, call_id: int, call: VenueCall) -> VenueReply:
        try:
            body = await self._answer(call)
        except (ccxt.RateLimitExceeded, ccxt.DDoSProtection) as error:
            return VenueReply(call_id, call, CallOutcome.ANSWERED, TOO_MANY_REQUESTS, b"", text=text_of_error(error))
        except CCXT_ERRORS as error:
            return VenueReply(call_id, call, CallOutcome.UNKNOWN, text=text_of_error(error))
        return VenueReply(call_id, call, CallOutcome.ANSWERED, 200, body)

    async def _answer(self, call: VenueCall) -> bytes:
        exchange = self._exchange
        if call.path == TIME:
            return encode(Time(int(await exchange.fetch_time())))
        assert call.path == MARKETS, "the feeds make no other call"
        markets = await exchange.load_markets(exchange.markets is not None)
        wanted = [markets[symbol] for symbol in call.params["symbols"].split() if symbol in markets]
        return encode(Markets([market_row(market, exchange.precisionMode) for market in wanted]))


class WatchedFeed:
    """One feed of a symbol as ccxt watches it."""

    task: asyncio.Task[None]

    def __init__(self, exchange: Any, channel: str) -> None:
        """Take the feed by its channel's name."""
        self._exchange = exchange
        self._channel = channel
        self._kind, _, self.symbol = channel.partition(":")
        self._trades = NewTrades(channel)
        self._book = BookChanges(channel)

    @property
    def may_begin(self) -> bool:
        """Whether it is a book that was seen, so that it can be begun anew."""
        return self._channel.startswith(BOOK) and self._book.seen

    def begin(self) -> None:
        """Tell a book whole the next time."""
        self._book.begin()

    async def next(self) -> tuple[bytes | None, str]:
        """Return the next frame, None if what came says nothing new; or why it can be watched no more."""
        exchange = self._exchange
        try:
            if self._channel.startswith(TRADES):
                return self._trades.frame(await exchange.watch_trades(self.symbol)), ""
            if self._channel.startswith(BOOK):
                return self._book.frame(await exchange.watch_order_book(self.symbol)), ""
            return ticker_frame(self._channel, await self._ticker()), ""
        except CCXT_ERRORS as error:
            return None, text_of_error(error)

    async def _ticker(self) -> Mapping[str, Any]:
        """Return best bid and ask by the call that is for these, or else by the ticker, which may have them."""
        if not self._exchange.has.get("watchBidsAsks"):
            ticker: Mapping[str, Any] = await self._exchange.watch_ticker(self.symbol)
            return ticker
        while True:
            tickers: Mapping[str, Mapping[str, Any]] = await self._exchange.watch_bids_asks([self.symbol])
            if self.symbol in tickers:
                return tickers[self.symbol]


def text_of_error(error: BaseException) -> str:
    """Return an error of ccxt's for people."""
    return f"{type(error).__name__}: {error}"[:400]

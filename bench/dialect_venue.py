"""A venue on loopback in any of the paper venue's dialects: `python -m bench.dialect_venue CONFIG.json TAPE`.

The paper venue itself, with its account, signatures and streams, and a market that stands still; into it comes a trade
frame for each tick number in the tape's pipe, and a best bid and ask now and then. It notes when each frame was handed to
the socket and when the message or request of its order arrived. Limits of the venue are lifted: one order after another,
as fast as they come, is more than any account may send.
"""

import asyncio
import os
import sys
from pathlib import Path
from time import monotonic_ns, time_ns
from typing import Any, NamedTuple

import msgspec
import uvloop

from agents.paper.account.new_order import NewOrder
from agents.paper.agent import build
from agents.paper.binance.rate_limits import RateLimiter
from agents.paper.bybit.rate_limits import BybitRateLimits
from agents.paper.call import HttpReply
from agents.paper.exchange import PaperExchange
from agents.paper.okx.rate_limits import OkxRateLimits
from agents.paper.orders import VenueOrder
from agents.paper.server import PaperServer
from bench.desk import PAPER
from bench.shells import QUOTE_NS, TICKS_AT_ONCE
from bench.tape import TICK, Column, Tape
from schemas.config import Config, PaperConfig
from schemas.units import MS

LOOK_S = 0.05


class Frames(NamedTuple):
    """What one dialect sends: the names of two streams, and their frames with number and, of a trade, lots."""

    trades: str
    trade: str
    quotes: str
    quote: str


DIALECTS = {
    "binance_spot": Frames(
        "btcusdt@trade",
        '{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{ms},"s":"BTCUSDT","t":{number},"p":"90.00","q":"{qty}",'
        '"T":{ms},"m":false,"M":true}}}}',
        "btcusdt@bookTicker",
        '{{"stream":"btcusdt@bookTicker","data":{{"u":{number},"s":"BTCUSDT","b":"89.99","B":"1.00000000","a":"90.00",'
        '"A":"1.00000000"}}}}',
    ),
    "binance_usdm": Frames(
        "btcusdt@trade",
        '{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{ms},"T":{ms},"s":"BTCUSDT","t":{number},"p":"90.00",'
        '"q":"{qty}","X":"MARKET","m":false}}}}',
        "btcusdt@bookTicker",
        '{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":{number},"s":"BTCUSDT","b":"89.99",'
        '"B":"1.00000000","a":"90.00","A":"1.00000000","T":{ms},"E":{ms}}}}}',
    ),
    "bybit": Frames(
        "spot/publicTrade.BTCUSDT",
        '{{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":{ms},"data":[{{"T":{ms},"s":"BTCUSDT","S":"Buy",'
        '"v":"{qty}","p":"90.00","L":"PlusTick","i":"{number}","BT":false,"RPI":false,"seq":{number}}}]}}',
        "spot/orderbook.1.BTCUSDT",
        '{{"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":{ms},"data":{{"s":"BTCUSDT","b":[["89.99","1"]],'
        '"a":[["90.00","1"]],"u":{number},"seq":{number}}},"cts":{ms}}}',
    ),
    "okx": Frames(
        "trades:BTC-USDT",
        '{{"arg":{{"channel":"trades","instId":"BTC-USDT"}},"data":[{{"instId":"BTC-USDT","tradeId":"{number}",'
        '"px":"90","sz":"{qty}","side":"buy","ts":"{ms}","count":"1","source":"0","seqId":{number}}}]}}',
        "bbo-tbt:BTC-USDT",
        '{{"arg":{{"channel":"bbo-tbt","instId":"BTC-USDT"}},"data":[{{"asks":[["90","1","0","1"]],"bids":[["89.99","1",'
        '"0","1"]],"ts":"{ms}","seqId":{number}}}]}}',
    ),
}


class DialectVenue:
    """Plays the tape into a paper venue, and notes the orders that come."""

    def __init__(self, exchange: PaperExchange, frames: Frames, tape: Tape) -> None:
        """Have the exchange's ways in tell when something arrived."""
        self._exchange = exchange
        self._frames = frames
        self._tape = tape
        self._trades = 0
        self._quotes = 0
        self._quoted_ns = 0
        self._arrived_ns = 0
        create, http, message = exchange.trading.create, exchange.http, exchange.ws_message

        def created(new: NewOrder, wall_ns: int) -> VenueOrder:
            self._tape.ordered(new.qty_lots - 1, self._arrived_ns)
            return create(new, wall_ns)

        def asked(*call: Any) -> HttpReply:
            self._arrived_ns = monotonic_ns()
            return http(*call)

        def told(*text: Any) -> None:
            self._arrived_ns = monotonic_ns()
            message(*text)

        exchange.trading.create = created  # type: ignore[method-assign]
        exchange.http = asked  # type: ignore[method-assign]
        exchange.ws_message = told  # type: ignore[method-assign]

    @property
    def heard(self) -> bool:
        """Whether market data has subscribed to all that is sent."""
        heard = self._exchange.dialect.hub.heard
        return heard(self._frames.trades) and heard(self._frames.quotes)

    def play(self) -> None:
        """Send a frame for each tick that waits."""
        try:
            waiting = os.read(self._tape.pipe, TICKS_AT_ONCE * TICK.size)
        except BlockingIOError:
            return
        for (tick,) in TICK.iter_unpack(waiting):
            now_ns = monotonic_ns()
            if now_ns - self._quoted_ns > QUOTE_NS:
                self._quoted_ns = now_ns
                self._quotes += 1
                self._send(self._frames.quotes, self._frames.quote, self._quotes, 0)
            self._trades += 1
            self._tape.columns[Column.MD][tick] = monotonic_ns()
            self._send(self._frames.trades, self._frames.trade, self._trades, tick)

    def _send(self, stream: str, frame: str, number: int, tick: int) -> None:
        text = frame.format(number=number, qty=f"0.{tick + 1:08}", ms=time_ns() // MS)
        self._exchange.dialect.market_frame(stream, text.encode())


def lift_limits() -> None:
    """Have the dialects count nothing that an account asks."""
    for limits in (BybitRateLimits, OkxRateLimits):
        limits.charge = _charged  # type: ignore[method-assign,assignment]
    RateLimiter.charge = _charged  # type: ignore[method-assign,assignment]
    RateLimiter.charge_order = _charged  # type: ignore[attr-defined]


def _charged(*_: object, **__: object) -> None:
    """Charge nothing."""


async def serve(config: Config, tape: Tape) -> None:
    """Serve until the process is ended."""
    lift_limits()
    paper = config.agents[PAPER]
    assert isinstance(paper, PaperConfig)
    agent = build(PAPER, config)
    exchange = agent.exchange
    server = PaperServer(exchange, paper.listen)
    exchange.begin(0)
    await server.start()
    exchange.advance(0)
    exchange.halted = True
    venue = DialectVenue(exchange, DIALECTS[config.venues[0].kind], tape)
    while not venue.heard:
        await asyncio.sleep(LOOK_S)
    asyncio.get_running_loop().add_reader(tape.pipe, venue.play)
    await asyncio.Event().wait()


if __name__ == "__main__":
    config = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config, Tape(Path(sys.argv[2]))))

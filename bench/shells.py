"""The outside of the bench's agents: frames come from the tape's pipe, orders end on the tape. No websocket, no HTTP.

`FeedShell` hands the market-data agent frames as Binance sends them, byte for byte what a websocket would have delivered,
so everything from the frame on is the real path: normalise, log, publish, decide, log, send. `OrderShell` takes the calls
of the execution agent at the point where the real shell would sign and send them, and answers each create at once: the
order expired unfilled, so that every tick finds the account as the one before did.

What is left out is what picows, aiohttp and ccxt take between socket and agent; `bench.venue` measures with them.
"""

import asyncio
import os
from collections.abc import Mapping
from time import monotonic_ns, time_ns
from typing import Any

from bench.tape import TICK, Column, Tape
from core.decimals import Scale
from mesh.agent import CallOutcome, VenueCall, VenueReply
from mesh.agent_io import Inputs
from schemas.units import MS

SYMBOL = "BENCHUSDT"
PRICE = "100.00"
LOT = "0.00000001"
TICKS_AT_ONCE = 16
"""Frames taken from the pipe in one turn of the loop, as a websocket with a full buffer gives them."""

QUOTE_NS = 100_000_000
"""A best bid and ask so often, so that risk and signal find the market fresh."""

TRADE_FRAME = (
    b'{"stream":"benchusdt@trade","data":{"e":"trade","E":1700000000000,"s":"BENCHUSDT","t":%d,'
    b'"p":"100.00","q":"0.%08d","T":1700000000000,"m":false,"M":true}}'
)
"""Its trade id, and its quantity in lots: one more than the tick, so that whoever acts on it knows which one it was."""

QUOTE_FRAME = (
    b'{"stream":"benchusdt@bookTicker","data":{"u":%d,"s":"BENCHUSDT","b":"99.99","B":"1.00000000",'
    b'"a":"100.00","A":"1.00000000"}}'
)
SUBSCRIBED = b'{"id":"user-1","status":200,"result":{"subscriptionId":0}}'
EXPIRED = (
    b'{"symbol":"BENCHUSDT","orderId":%d,"clientOrderId":"%s","transactTime":1700000000000,"price":"100.00",'
    b'"origQty":"%s","executedQty":"0.00000000","status":"EXPIRED","timeInForce":"IOC","type":"LIMIT","side":"BUY",'
    b'"fills":[]}'
)
ANSWERS = {"account": b'{"balances":[{"asset":"USDT","free":"1000000000","locked":"0"}]}'}


def time_body() -> bytes:
    """Return the venue's answer to what time it is: ours, and beside it that of its frames, which stands still."""
    return b'{"serverTime":%d,"marketTime":1700000000000}' % (time_ns() // MS)


class QuietShell:
    """A shell that does nothing of its own accord."""

    async def start(self, inputs: Inputs) -> None:
        """Take where inputs go."""
        self._inputs = inputs
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Nothing is open."""

    def open_socket(self, connection: str, url: str) -> None:
        """Say that it is up."""
        self._loop.call_soon(self._inputs.socket_changed, connection, True, "")

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Say that the private stream is subscribed, which is all that is ever asked."""
        self._loop.call_soon(self._inputs.frame_received, connection, SUBSCRIBED)

    def close_socket(self, connection: str) -> None:
        """Nothing is open."""

    def set_venue_clock(self, offset_ns: int) -> None:
        """Nothing is signed."""

    def call(self, call_id: int, call: VenueCall) -> None:
        """Answer that there is nothing: no open orders, no fills, some money, our own time."""
        what = call.path.rpartition("/")[2]
        body = time_body() if what == "time" else ANSWERS.get(what, b"[]")
        self._inputs.venue_replied(VenueReply(call_id, call, CallOutcome.ANSWERED, 200, body))


class FeedShell(QuietShell):
    """Delivers a trade frame for each tick number in the pipe."""

    def __init__(self, tape: Tape) -> None:
        """Take the tape; its pipe is read once the agent has opened its socket."""
        self._tape = tape
        self._md = tape.columns[Column.MD]
        self._quoted_ns = 0
        self._quotes = 0
        self._trades = 0
        self._connection = ""

    def open_socket(self, connection: str, url: str) -> None:
        """Say that it is up, and begin to read."""
        self._connection = connection
        self._loop.call_soon(self._up)

    async def stop(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._tape.pipe)

    def _up(self) -> None:
        self._inputs.socket_changed(self._connection, True, "")
        self._loop.add_reader(self._tape.pipe, self._readable)

    def _readable(self) -> None:
        try:
            waiting = os.read(self._tape.pipe, TICKS_AT_ONCE * TICK.size)
        except BlockingIOError:
            return
        for (tick,) in TICK.iter_unpack(waiting):
            self._deliver(tick)

    def _deliver(self, tick: int) -> None:
        now_ns = monotonic_ns()
        if now_ns - self._quoted_ns > QUOTE_NS:
            self._quoted_ns = now_ns
            self._quotes += 1
            self._inputs.frame_received(self._connection, QUOTE_FRAME % self._quotes)
        self._trades += 1
        frame = TRADE_FRAME % (self._trades, tick + 1)
        self._md[tick] = monotonic_ns()
        self._inputs.frame_received(self._connection, frame)


class OrderShell(QuietShell):
    """Notes on the tape when each order leaves, and answers it at once."""

    def __init__(self, tape: Tape) -> None:
        """Take the tape."""
        self._tape = tape
        self._lots = Scale(LOT)
        self._orders = 0

    def call(self, call_id: int, call: VenueCall) -> None:
        """Take an order, or anything else that is asked."""
        now_ns = monotonic_ns()
        if call.method != "POST":
            super().call(call_id, call)
            return
        quantity = call.params["quantity"]
        self._tape.ordered(self._lots.parse(quantity) - 1, now_ns)
        self._orders += 1
        body = EXPIRED % (self._orders, call.params["newClientOrderId"].encode(), quantity.encode())
        self._inputs.venue_replied(VenueReply(call_id, call, CallOutcome.ANSWERED, 200, body))

"""A market data agent whose socket is up, and frames as the venue sends them."""

from agents.market_data.agent import build
from schemas.config import Config, InstrumentConfig, MarketDataConfig, VenueConfig
from schemas.messages import FeedState
from schemas.streams import Kind, stream_id
from tests.unit.agents.fake_context import FakeContext

MS = 1_000_000
SECOND = 1000 * MS
DEPTH = "/api/v3/depth"
TIME = "/api/v3/time"
TRADE, BOOK, QUOTE = (stream_id(kind, 1, 1) for kind in (Kind.TRADE, Kind.BOOK, Kind.QUOTE))
SPOT_FEEDS = ("trade", "depth@100ms", "bookTicker")


def config(kind="binance_spot", tick="0.01", lot="0.00001", feeds=SPOT_FEEDS, **venue):
    return Config(
        venues=(VenueConfig(id=1, name="b", kind=kind, **venue),),
        instruments=(
            InstrumentConfig(
                id=1, venue="b", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size=tick, lot_size=lot, feeds=feeds
            ),
        ),
        agents={"md": MarketDataConfig(id=1, venue="b", instruments=("BTCUSDT",))},
    )


def depth(first, last, bids=(), asks=()):
    levels = [",".join(f'["{price}","{qty}"]' for price, qty in side) for side in (bids, asks)]
    body = f'{{"E":7,"U":{first},"u":{last},"b":[{levels[0]}],"a":[{levels[1]}]}}'
    return f'{{"stream":"btcusdt@depth@100ms","data":{body}}}'.encode()


def ticker(update_id, bid, bid_qty, ask, ask_qty):
    body = f'{{"u":{update_id},"b":"{bid}","B":"{bid_qty}","a":"{ask}","A":"{ask_qty}"}}'
    return f'{{"stream":"btcusdt@bookTicker","data":{body}}}'.encode()


def trade(trade_id=1):
    return b'{"stream":"btcusdt@trade","data":{"t":%d,"p":"100.00","q":"1","T":5,"m":false}}' % trade_id


def rest_book(last, bids=(("99.00", "1"),), asks=(("101.00", "1"),)):
    levels = [",".join(f'["{price}","{qty}"]' for price, qty in side) for side in (bids, asks)]
    return f'{{"lastUpdateId":{last},"bids":[{levels[0]}],"asks":[{levels[1]}]}}'.encode()


class Desk:
    """The agent on a fake context, its socket up."""

    def __init__(self, restore=(), **more):
        self.ctx = FakeContext("md")
        self.agent = build("md", config(**more))
        self.agent.bind(self.ctx)
        for header, message in restore:
            self.agent.restore(header, message)
        self.agent.start()
        self.listing_call, self.time_call = list(self.ctx.calls)
        self.listing, self.time = self.ctx.calls.values()
        self.ctx.calls.clear()
        for connection in list(self.ctx.opened):
            self.agent.on_socket(connection, True, "")

    def frame(self, frame, connection="market"):
        self.ctx.receive(self.agent, connection, frame)

    def snapshot(self, body, **more):
        (call_id,) = self.ctx.pending("GET", DEPTH)
        self.ctx.respond(self.agent, call_id, body, **more)

    def tell_time(self, venue_ns):
        """Answer the call for the time that is out, or the first one."""
        (number,) = self.ctx.pending("GET", TIME) or (self.time_call,)
        self.ctx.calls[number] = self.time
        self.ctx.respond(self.agent, number, b'{"serverTime":%d}' % (venue_ns // MS))

    def resync(self):
        """Have the book miss an update, and join it with a snapshot again as soon as one may be asked for."""
        last = self.last_update_id = getattr(self, "last_update_id", 10) + 10
        self.frame(depth(last - 1, last))
        return last

    def rejoin(self):
        """Answer the snapshot that is asked for within ten seconds, so that the book is whole."""
        for _ in range(200):
            if self.ctx.pending("GET", DEPTH):
                self.snapshot(rest_book(self.last_update_id))
                return
            self.ctx.advance(self.agent, 50 * MS)
        raise AssertionError("no snapshot was asked for")

    def synced(self):
        self.frame(depth(9, 10))
        self.snapshot(rest_book(10))
        self.ctx.published.clear()
        return self

    def state(self, stream):
        states = [item.message.state for item in self.ctx.published if item.stream == stream and is_state(item.message)]
        return states[-1] if states else None

    def flags(self, stream):
        return [(type(m).__name__, header.flags) for s, m, header in self.ctx.published if s == stream]


def is_state(message):
    return isinstance(message, FeedState)

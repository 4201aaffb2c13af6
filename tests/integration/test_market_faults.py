"""The paper venue misbehaves in each dialect, and market data follows it: it notices, and ends with the venue's own book.

Both are driven in memory by one clock. The undisturbed end is what the venue answers to a call for its book.
"""

from collections.abc import Iterator

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.market_data.agent import build
from agents.venues.adapters import ADAPTERS
from core.decimals import pack_levels
from mesh.agent import CallOutcome, VenueCall
from schemas.config import Config, MarketDataConfig, VenueConfig
from schemas.markets import VenueKind
from schemas.messages import BookSnapshot, FeedState, Trade
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.paper.model_kit import Venue, instrument

MS = 1_000_000
STEP_S = 0.05
BOOK, TRADES = (stream_id(kind, 1, 1) for kind in (Kind.BOOK, Kind.TRADE))
SYMBOLS: dict[VenueKind, str] = {
    "binance_spot": "BTCUSDT",
    "binance_usdm": "BTCUSDT",
    "bybit": "BTCUSDT",
    "okx": "BTC-USDT",
}
DEPTHS: dict[VenueKind, str] = {
    "binance_spot": "btcusdt@depth@100ms",
    "binance_usdm": "btcusdt@depth@100ms",
    "bybit": "spot/orderbook.50.BTCUSDT",
    "okx": "books:BTC-USDT",
}
TRADED: dict[VenueKind, str] = {
    "binance_spot": "btcusdt@trade",
    "binance_usdm": "btcusdt@aggTrade",
    "bybit": "spot/publicTrade.BTCUSDT",
    "okx": "trades:BTC-USDT",
}
kinds = pytest.mark.parametrize("kind", SYMBOLS)


class Desk:
    """Market data on a fake context, and the venue that its sockets and calls reach."""

    def __init__(self, kind: VenueKind) -> None:
        table = instrument(1, SYMBOLS[kind], "linear" if kind == "binance_usdm" else "spot", lot_size="0.001")
        self.venue = Venue(kind, [table], seed=5)
        self.ctx = FakeContext("md")
        venue = VenueConfig(id=1, name="paper", kind=kind)
        agents = {"md": MarketDataConfig(id=1, venue="paper", instruments=(SYMBOLS[kind],), stale_after_ms=2_000)}
        config = Config(venues=(venue,), instruments=(table,), agents=agents)
        self.feeds = ADAPTERS[kind].feeds(venue, list(InstrumentTable(config).by_id.values()))
        self.agent = build("md", config)
        self.agent.bind(self.ctx)
        self.agent.start()
        self.numbers: dict[str, int] = {}
        self.taken: dict[int, int] = {}
        self.dialled = 0
        self.run(3)

    def run(self, seconds: float) -> None:
        """Let both go on for so long."""
        for _ in range(round(seconds / STEP_S)):
            self._step()

    def _step(self) -> None:
        self.venue.run(STEP_S)
        self.ctx.wall_ns = self.venue.wall_ns
        for connection, url in self.ctx.opened.items():
            if connection not in self.numbers:
                self.dialled += 1
                self.numbers[connection] = self.venue.open("/" + url.split("/", 3)[3], self.dialled)
                self.agent.on_socket(connection, True, "")
        self._send()
        for connection, number in list(self.numbers.items()):
            for frame in self._new_frames(number):
                if self.numbers.get(connection) == number:
                    self.ctx.receive(self.agent, connection, frame)
            if connection not in self.ctx.opened:
                del self.numbers[connection]
                self.venue.exchange.ws_close(number)
            elif number in self.venue.closed:
                del self.numbers[connection]
                self.agent.on_socket(connection, False, "closed: 1001")
        self._send()
        for call_id, call in list(self.ctx.calls.items()):
            self._answer(call_id, call)
        self.ctx.advance(self.agent, int(STEP_S * 1_000) * MS)

    def _send(self) -> None:
        sent, self.ctx.sent[:] = list(self.ctx.sent), []
        for connection, message, _ in sent:
            if connection in self.numbers:
                self.venue.say(dict(message), self.numbers[connection])

    def _new_frames(self, number: int) -> Iterator[bytes]:
        frames = self.venue.sent.get(number, [])
        while self.taken.get(number, 0) < len(frames):
            self.taken[number] = self.taken.get(number, 0) + 1
            yield frames[self.taken[number] - 1]

    def _answer(self, call_id: int, call: VenueCall) -> None:
        query = "&".join(f"{key}={value}" for key, value in call.params.items())
        reply = self.venue.exchange.http(call.method, call.path, query, {}, b"", self.venue.wall_ns)
        if reply.status == 0:
            self.ctx.respond(self.agent, call_id, b"", outcome=CallOutcome.UNKNOWN, status=0)
        else:
            self.ctx.respond(self.agent, call_id, bytes(reply.body), status=reply.status, headers=reply.headers)

    def fault(self, **fault: object) -> int:
        body = msgspec.json.encode(fault)
        return self.venue.exchange.http("POST", "/paper/fault", "", {}, body, self.venue.wall_ns).status

    def states(self, stream: int) -> list[StreamState]:
        return [StreamState(m.state) for m in self.ctx.messages(stream) if isinstance(m, FeedState)]

    def trades(self) -> list[int]:
        return [int(m.trade_id) for m in self.ctx.messages(TRADES) if isinstance(m, Trade)]

    def end(self) -> None:
        """Hold what market data has against what the venue has: the best levels, and each trade, once and all."""
        for _ in range(200):
            own, theirs = self.agent.snapshot(BOOK), self._fetched()
            if isinstance(own, BookSnapshot) and (own.bids[:160], own.asks[:160]) == (
                theirs.bids[:160],
                theirs.asks[:160],
            ):
                break
            self._step()
        else:
            raise AssertionError(f"the book is never the venue's: {self.agent.figures()}")
        assert self.states(BOOK)[-1] == StreamState.LIVE
        told = self.trades()
        assert sorted(told) == list(range(min(told), max(told) + 1))

    def _fetched(self) -> BookSnapshot:
        (info,) = (channel.info for channel in self.feeds.channels if channel.stream == BOOK)
        view = self.venue.exchange.market.depth(info.symbol, 50)
        packed = [pack_levels(side, info.price, info.qty) for side in (view.bids, view.asks)]
        return BookSnapshot(0, 0, view.last_update_id, *packed)


@kinds
def test_an_undisturbed_venue_is_followed(kind):
    desk = Desk(kind)
    desk.run(3)
    desk.end()
    assert desk.states(BOOK) == [StreamState.DOWN, StreamState.SYNCING, StreamState.LIVE]
    assert not {"book_gap", "trade_gaps", "book_unequal"} & desk.ctx.counters.keys()


@kinds
def test_a_dropped_frame_of_a_book_is_noticed(kind):
    desk = Desk(kind)
    desk.fault(fault="drop_market", stream=DEPTHS[kind])
    desk.run(5)
    assert desk.ctx.counters["book_gap"] == 1
    desk.end()


@kinds
def test_a_dropped_trade_is_noticed_where_trades_are_numbered_and_fetched(kind):
    desk = Desk(kind)
    desk.fault(fault="drop_market", stream=TRADED[kind], count=2)
    desk.run(10)
    if kind == "bybit":
        assert "trade_gaps" not in desk.ctx.counters
        return
    assert desk.ctx.counters["trades_missed"] == desk.ctx.counters["trades_filled"] == 2
    desk.end()


@kinds
def test_a_silent_venue_is_noticed_and_followed_again(kind):
    desk = Desk(kind)
    desk.fault(fault="silence", seconds=4)
    desk.run(8)
    assert StreamState.GAP in desk.states(BOOK)
    desk.run(3)
    if kind != "bybit":
        desk.end()


@kinds
def test_numbers_that_begin_anew_are_no_gap(kind):
    desk = Desk(kind)
    status = desk.fault(fault="reset_sequence", stream=DEPTHS[kind])
    assert status == (400 if kind.startswith("binance") else 200)
    desk.run(5)
    assert "book_gap" not in desk.ctx.counters
    desk.end()
    if not kind.startswith("binance"):
        book = desk.agent.snapshot(BOOK)
        assert isinstance(book, BookSnapshot)
        assert book.last_update_id < 1_000
    assert desk.fault(fault="reset_sequence", stream="no such") == 400


@kinds
def test_a_connection_that_is_cut_is_made_anew_and_nothing_is_missing(kind):
    desk = Desk(kind)
    desk.fault(fault="close_market")
    desk.run(6)
    assert StreamState.DOWN in desk.states(BOOK)[1:]
    desk.end()


@kinds
def test_an_announced_end_is_passed_without_a_gap(kind):
    desk = Desk(kind)
    desk.fault(fault="shutdown", seconds=20)
    desk.run(25)
    desk.end()
    if kind != "bybit":
        assert desk.states(BOOK) == [StreamState.DOWN, StreamState.SYNCING, StreamState.LIVE]
        assert desk.ctx.counters["connections_replaced"] == len(desk.feeds.urls())
        assert "trade_gaps" not in desk.ctx.counters


@pytest.mark.parametrize("fault", ["error_before", "error_after", "drop_reply", "rate_limit"])
@pytest.mark.parametrize(
    ("kind", "endpoint"), [("binance_spot", "/api/v3/depth"), ("okx", "GET /api/v5/market/history-trades")]
)
def test_an_endpoint_that_fails_is_asked_again(kind, endpoint, fault):
    desk = Desk(kind)
    desk.fault(fault=fault, endpoint=endpoint, count=2)
    desk.fault(fault="drop_market", stream=DEPTHS[kind] if kind == "binance_spot" else TRADED[kind])
    desk.run(12)
    desk.end()
    assert (desk.ctx.counters.get("book_gap"), desk.ctx.counters.get("trade_gaps")) == (
        (1, None) if kind == "binance_spot" else (None, 1)
    )

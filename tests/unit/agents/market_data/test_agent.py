"""Market data: one message for each frame, books only while they are proven, trouble published at once."""

import json
from collections import Counter

import pytest

from agents.market_data.agent import build
from core.book import OrderBook
from core.decimals import unpack_levels
from core.frame import FLAG_SNAPSHOT, FLAG_STALE
from mesh.agent import CallOutcome, VenueReply
from schemas.config import Config, InstrumentConfig, MarketDataConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.messages import MESSAGE_TYPES, BookDelta, BookSnapshot, FeedState, Instrument, MarkPrice, Quote, Trade
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.captures import hftbacktest_lines
from tests.unit.agents.fake_context import FakeContext

MS = 1_000_000
SECOND = 1000 * MS
DEPTH = "/api/v3/depth"
TRADE, BOOK, QUOTE = (stream_id(kind, 1, 1) for kind in (Kind.TRADE, Kind.BOOK, Kind.QUOTE))
SPOT_FEEDS = ("trade", "depth@100ms", "bookTicker")


def config(kind="binance_spot", tick="0.01", lot="0.00001", feeds=SPOT_FEEDS):
    return Config(
        venues=(VenueConfig(id=1, name="b", kind=kind),),
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

    def __init__(self, **more):
        self.ctx = FakeContext("md")
        self.agent = build("md", config(**more))
        self.agent.bind(self.ctx)
        self.agent.start()
        ((self.listing_call, self.listing),) = self.ctx.calls.items()
        self.ctx.calls.clear()
        for connection in list(self.ctx.opened):
            self.agent.on_socket(connection, True, "")

    def frame(self, frame):
        self.agent.on_frame("market", frame)

    def snapshot(self, body, **more):
        (call_id,) = self.ctx.pending("GET", DEPTH)
        self.ctx.respond(self.agent, call_id, body, **more)

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


# Recorded days


@pytest.mark.parametrize(
    ("kind", "path", "tick", "lot", "feeds", "compared_min"),
    [
        ("binance_spot", "binance-spot/hftbacktest/btcusdt_20240808.gz", "0.01", "0.000001", SPOT_FEEDS, 500),
        (
            "binance_usdm",
            "binance-usdm/hftbacktest/btcusdt_20230404.dat.gz",
            "0.10",
            "0.001",
            ("trade", "depth@0ms", "bookTicker", "markPrice@1s"),
            300,
        ),
    ],
)
def test_recorded_day_is_published_frame_by_frame_and_its_book_equals_the_ticker(
    data_dir, kind, path, tick, lot, feeds, compared_min
):
    desk = Desk(kind=kind, tick=tick, lot=lot, feeds=feeds)
    frames = Counter()
    for is_snapshot, body in hftbacktest_lines(data_dir / "raw" / path, 10**9):
        if is_snapshot:
            for call_id in list(desk.ctx.calls):
                desk.ctx.respond(desk.agent, call_id, body)
        else:
            frames[body[11 : body.index(b'"', 11)].split(b"@")[1].decode()] += 1
            desk.frame(body)
    sent = Counter(type(message).__name__ for message in desk.ctx.messages())
    assert sent["Trade"] == frames["trade"]
    assert sent["BookDelta"] == frames["depth"]
    assert sent["Quote"] == frames["bookTicker"]
    assert sent["MarkPrice"] == frames["markPrice"]
    figures = desk.agent.figures()
    assert figures["ticks"] == {"received": frames.total(), "published": frames.total()}
    (book,) = figures["books"]
    assert book["compared"] >= compared_min
    assert book["equal"] == book["compared"]
    assert desk.ctx.counters == {}


def test_a_follower_that_applies_what_is_published_has_the_same_book(data_dir):
    path = data_dir / "raw" / "binance-usdm" / "hftbacktest" / "btcusdt_20230404.dat.gz"
    desk = Desk(kind="binance_usdm", tick="0.10", lot="0.001", feeds=("depth@0ms",))
    for is_snapshot, body in hftbacktest_lines(path, 6000):
        if is_snapshot:
            for call_id in list(desk.ctx.calls):
                desk.ctx.respond(desk.agent, call_id, body)
        else:
            desk.frame(body)
    follower = OrderBook()
    for item in desk.ctx.published:
        if isinstance(item.message, BookSnapshot):
            follower.replace(item.message.bids, item.message.asks)
        elif isinstance(item.message, BookDelta) and not item.header.flags & FLAG_STALE:
            follower.apply(item.message.bids, item.message.asks)
    own = desk.agent.snapshot(BOOK)
    assert follower.snapshot() == (own.bids, own.asks)
    assert follower.bid_levels > 900


# Synchronisation


def test_start_publishes_instruments_and_that_no_feed_is_up():
    ctx = FakeContext()
    agent = build("md", config())
    agent.bind(ctx)
    agent.start()
    assert isinstance(ctx.messages(stream_id(Kind.INSTRUMENT, 1, 1))[0], Instrument)
    assert [m.state for m in ctx.messages() if is_state(m)] == [StreamState.DOWN] * 3
    assert list(ctx.opened) == ["market"]


def test_the_snapshot_is_asked_for_as_soon_as_the_socket_is_up():
    desk = Desk()
    (call,) = desk.ctx.calls.values()
    assert (call.path, call.params) == (DEPTH, {"symbol": "BTCUSDT", "limit": "1000"})


def test_updates_before_the_snapshot_are_published_stale_and_the_book_contains_them():
    desk = Desk()
    desk.frame(depth(9, 10, bids=[("98.00", "5")]))
    desk.frame(depth(11, 12, bids=[("99.50", "2")], asks=[("101.00", "0"), ("101.50", "3")]))
    desk.snapshot(rest_book(10))
    desk.frame(depth(13, 14, bids=[("99.50", "0")]))
    assert [flags for name, flags in desk.flags(BOOK) if name == "BookDelta"] == [FLAG_STALE, FLAG_STALE, 0]
    snapshot, header = next((m, h) for _, m, h in desk.ctx.published if isinstance(m, BookSnapshot))
    assert header.flags == FLAG_SNAPSHOT
    assert snapshot.last_update_id == 12
    assert unpack_levels(snapshot.bids) == [(9950, 200_000), (9900, 100_000)]
    assert unpack_levels(snapshot.asks) == [(10150, 300_000)]
    assert desk.state(BOOK) == StreamState.LIVE


def test_a_gap_is_published_before_the_update_behind_it_and_a_new_snapshot_is_fetched():
    desk = Desk().synced()
    desk.frame(depth(15, 16))
    assert desk.flags(BOOK) == [("FeedState", 0), ("BookDelta", FLAG_STALE)]
    assert desk.state(BOOK) == StreamState.SYNCING
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.snapshot(rest_book(15))
    assert desk.state(BOOK) == StreamState.LIVE
    assert desk.ctx.counters == {"book_gap": 1, "book_resync": 1}


def test_snapshot_that_is_too_old_is_fetched_again_and_ever_more_slowly():
    desk = Desk()
    desk.frame(depth(100, 110))
    times = []
    start_ns = desk.ctx.now_ns
    while len(times) < 9:
        for call_id in desk.ctx.pending("GET", DEPTH):
            times.append((desk.ctx.now_ns - start_ns) // MS)
            desk.ctx.respond(desk.agent, call_id, rest_book(50))
        desk.ctx.advance(desk.agent, 50 * MS)
    assert times == [0, 250, 750, 1750, 3750, 7750, 15750, 23750, 31750]


def test_a_venue_that_says_when_to_come_back_is_obeyed():
    desk = Desk()
    ((call_id, call),) = desk.ctx.calls.items()
    desk.ctx.calls.clear()
    desk.agent.on_venue_reply(VenueReply(call_id, call, CallOutcome.ANSWERED, 429, b"", headers={"Retry-After": "17"}))
    desk.ctx.advance(desk.agent, 16_999 * MS)
    assert desk.ctx.calls == {}
    desk.ctx.advance(desk.agent, MS)
    assert len(desk.ctx.calls) == 1


@pytest.mark.parametrize(
    "more", [{"body": b"{}"}, {"body": b"", "outcome": CallOutcome.UNKNOWN}, {"body": b"no", "status": 500}]
)
def test_snapshot_that_fails_is_fetched_again(more):
    desk = Desk()
    desk.frame(depth(9, 10))
    desk.snapshot(**more)
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.snapshot(rest_book(10))
    assert desk.state(BOOK) == StreamState.LIVE


@pytest.mark.parametrize(
    "bad",
    [
        depth(11, 12, bids=[("99.001", "1")]),
        depth(11, 12, bids=[("99.00", "0.000001")]),
        b'{"stream":"btcusdt@depth@100ms","data":{"U":11}}',
    ],
)
def test_a_depth_frame_that_is_not_understood_costs_the_book_and_not_the_process(bad):
    desk = Desk().synced()
    desk.frame(bad)
    assert desk.state(BOOK) == StreamState.SYNCING
    assert desk.ctx.counters["venue_frame_bad"] == 1
    desk.frame(depth(13, 14))
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.snapshot(rest_book(13))
    assert desk.state(BOOK) == StreamState.LIVE


def test_sides_that_cross_cost_the_book():
    desk = Desk().synced()
    desk.frame(depth(11, 12, bids=[("101.00", "1")]))
    assert desk.flags(BOOK) == [("FeedState", 0), ("BookDelta", FLAG_STALE)]
    assert "crossed" in desk.ctx.messages(BOOK)[0].reason


def test_a_price_of_zero_in_an_update_costs_the_book():
    desk = Desk().synced()
    desk.frame(depth(11, 12, bids=[("0.00", "1")]))
    assert desk.state(BOOK) == StreamState.SYNCING


def test_a_trade_frame_that_is_not_understood_marks_the_trades_until_the_next():
    desk = Desk()
    desk.frame(trade())
    desk.ctx.published.clear()
    desk.frame(b'{"stream":"btcusdt@trade","data":{"t":"x"}}')
    assert desk.state(TRADE) == StreamState.GAP
    desk.frame(trade(2))
    assert desk.state(TRADE) == StreamState.LIVE
    assert desk.agent.figures()["ticks"] == {"received": 3, "published": 2}


def test_an_update_that_came_before_changes_nothing():
    desk = Desk().synced()
    desk.frame(depth(11, 12, bids=[("99.50", "1")]))
    desk.frame(depth(11, 12, bids=[("99.50", "9")]))
    assert desk.flags(BOOK) == [("BookDelta", 0), ("BookDelta", FLAG_STALE)]
    assert unpack_levels(desk.agent.snapshot(BOOK).bids)[0] == (9950, 100_000)


# Health


def test_socket_down_marks_every_stream_and_up_begins_anew():
    desk = Desk().synced()
    desk.frame(trade())
    desk.agent.on_socket("market", False, "closed: 1006")
    assert [desk.state(stream) for stream in (TRADE, BOOK, QUOTE)] == [StreamState.DOWN] * 3
    assert desk.ctx.messages(BOOK)[-1].reason == "closed: 1006"
    desk.agent.on_socket("market", True, "")
    assert desk.state(BOOK) == StreamState.SYNCING
    desk.frame(depth(20, 21))
    desk.snapshot(rest_book(20))
    assert desk.state(BOOK) == StreamState.LIVE


def test_an_answer_that_comes_after_the_socket_went_down_is_not_used():
    desk = Desk()
    desk.frame(depth(9, 10))
    desk.agent.on_socket("market", False, "gone")
    desk.snapshot(rest_book(10))
    assert desk.state(BOOK) == StreamState.DOWN


def test_a_stream_without_frames_goes_stale_by_itself_and_lives_again_with_the_next():
    desk = Desk().synced()
    desk.frame(ticker(10, "99.00", "1", "101.00", "1"))
    for n in range(4):
        desk.ctx.advance(desk.agent, SECOND)
        desk.frame(ticker(11 + n, "99.00", "1", "101.00", "1"))
    assert desk.state(BOOK) == StreamState.GAP
    assert desk.state(QUOTE) == StreamState.LIVE
    stale = next(m for m in desk.ctx.messages(BOOK) if is_state(m))
    assert (stale.state, stale.reason) == (StreamState.GAP, "stale")


def test_a_book_that_was_stale_is_published_whole_because_its_followers_dropped_it():
    desk = Desk().synced()
    desk.ctx.advance(desk.agent, 3 * SECOND)
    desk.ctx.published.clear()
    desk.frame(depth(11, 12, bids=[("99.50", "2")]))
    assert desk.flags(BOOK) == [("BookDelta", FLAG_STALE), ("BookSnapshot", FLAG_SNAPSHOT), ("FeedState", 0)]
    assert desk.state(BOOK) == StreamState.LIVE
    assert desk.ctx.calls == {}


def test_stale_is_found_at_the_moment_it_becomes_true():
    desk = Desk().synced()
    desk.ctx.advance(desk.agent, 3 * SECOND - 1)
    assert desk.state(BOOK) is None
    desk.ctx.advance(desk.agent, 1)
    assert desk.state(BOOK) == StreamState.GAP


# Snapshots for late joiners


def test_snapshots_are_what_was_published_last():
    desk = Desk().synced()
    quote = ticker(11, "99.00", "1", "101.00", "1")
    desk.frame(quote)
    assert isinstance(desk.agent.snapshot(BOOK), BookSnapshot)
    assert desk.agent.snapshot(QUOTE) == desk.ctx.messages(QUOTE)[-1]
    assert desk.agent.snapshot(TRADE) is None
    assert desk.agent.snapshot(stream_id(Kind.BOOK, 1, 9)) is None
    assert desk.agent.snapshot(stream_id(Kind.INSTRUMENT, 1, 1)).symbol == "BTCUSDT"


def test_the_snapshot_of_a_stream_that_is_not_live_says_so():
    desk = Desk()
    assert desk.agent.snapshot(BOOK).state == StreamState.SYNCING
    desk.agent.on_socket("market", False, "gone")
    assert desk.agent.snapshot(QUOTE) == FeedState(desk.ctx.wall_ns, StreamState.DOWN, "gone")


# The book against the ticker


def test_book_and_ticker_are_compared_at_equal_ids_whichever_comes_first():
    desk = Desk().synced()
    desk.frame(ticker(12, "99.50", "2", "101.00", "1"))
    desk.frame(depth(11, 12, bids=[("99.50", "2")]))
    desk.frame(depth(13, 14, bids=[("99.60", "2")]))
    desk.frame(ticker(14, "99.60", "3", "101.00", "1"))
    desk.frame(ticker(99, "1.00", "1", "2.00", "1"))
    (book,) = desk.agent.figures()["books"]
    assert (book["compared"], book["equal"], book["unequal"]) == (2, 1, [14])


def test_mark_prices_are_published():
    desk = Desk(kind="binance_usdm", feeds=("markPrice@1s",))
    desk.frame(b'{"stream":"btcusdt@markPrice@1s","data":{"E":1,"p":"2.5","i":"2.4","r":"0.0001","T":3}}')
    assert desk.ctx.messages(stream_id(Kind.MARK, 1, 1))[-1] == MarkPrice(
        MS, desk.ctx.wall_ns, 250_000_000, 240_000_000, 10_000, 3 * MS
    )


def test_stop_says_that_the_feeds_end():
    desk = Desk().synced()
    desk.agent.stop()
    assert [desk.state(stream) for stream in (TRADE, BOOK, QUOTE)] == [StreamState.DOWN] * 3


def test_other_frames_are_counted_only():
    desk = Desk()
    before = len(desk.ctx.published)
    desk.frame(b'{"e":"serverShutdown","E":1}')
    assert len(desk.ctx.published) == before
    assert desk.ctx.counters == {"venue_frame_other": 1}


def test_configuration_that_names_what_is_not_there_is_refused():
    good = config()
    agents = {"md": MarketDataConfig(id=1, venue="b", instruments=("ETHUSDT",))}
    with pytest.raises(ConfigError, match="ETHUSDT"):
        build("md", Config(venues=good.venues, instruments=good.instruments, agents=agents))
    agents = {"md": MarketDataConfig(id=1, venue="kraken", instruments=())}
    with pytest.raises(ConfigError, match="kraken"):
        build("md", Config(venues=good.venues, instruments=good.instruments, agents=agents))


def test_message_types_on_each_stream():
    desk = Desk().synced()
    desk.frame(trade())
    desk.frame(ticker(11, "99.00", "1", "101.00", "1"))
    desk.frame(depth(11, 12))
    assert {type(m) for m in desk.ctx.messages(TRADE)} == {FeedState, Trade}
    assert {type(m) for m in desk.ctx.messages(QUOTE)} == {FeedState, Quote}
    assert {type(m) for m in desk.ctx.messages(BOOK)} == {BookDelta}


def test_ticks_of_earlier_lives_are_counted_without_reading_them():
    numbers = {cls: number for number, cls in MESSAGE_TYPES.items()}
    desk = Desk()
    assert desk.agent.restores == frozenset()
    desk.agent.passed_over(
        {numbers[Trade]: 5, numbers[BookDelta]: 7, numbers[FeedState]: 100, numbers[BookSnapshot]: 9}
    )
    assert desk.agent.figures()["published_before"] == 12


# What the venue lists


def listing(*filters, symbol="BTCUSDT"):
    return json.dumps({"symbols": [{"symbol": symbol, "filters": list(filters)}]}).encode()


PRICES = {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.10000000"}
LOTS = {"filterType": "LOT_SIZE", "minQty": "0.00100000", "maxQty": "9000.00000000", "stepSize": "0.00010000"}
MONEY = {"filterType": "NOTIONAL", "minNotional": "7.50000000", "maxNotional": "9000000.00000000"}
INSTRUMENT = stream_id(Kind.INSTRUMENT, 1, 1)


def told(desk, body=b"", **more):
    """Answer the listing call that is out, or the first one."""
    (number,) = desk.ctx.pending("GET", "/api/v3/exchangeInfo") or (desk.listing_call,)
    desk.ctx.calls[number] = desk.listing
    desk.ctx.respond(desk.agent, number, body, **more)


def test_the_venues_filters_are_asked_for_at_start_and_published():
    desk = Desk()
    assert (desk.listing.path, desk.listing.params) == ("/api/v3/exchangeInfo", {"symbols": '["BTCUSDT"]'})
    assert [m.qty_step_lots for m in desk.ctx.messages(INSTRUMENT)] == [1]
    told(desk, listing(PRICES, LOTS, MONEY))
    last = desk.ctx.messages(INSTRUMENT)[-1]
    assert (last.min_qty_lots, last.max_qty_lots, last.min_notional_e8) == (100, 900_000_000, 750_000_000)
    assert (last.qty_step_lots, last.price_step_ticks, last.fault) == (10, 10, "")
    assert desk.agent.snapshot(INSTRUMENT) == last
    assert desk.agent.figures()["listing"] == ""


def test_sizes_that_do_not_fit_the_venues_are_told_with_the_instrument():
    desk = Desk()
    told(desk, listing(PRICES | {"tickSize": "0.00500000"}, LOTS | {"stepSize": "0.00001500"}))
    fault = desk.ctx.messages(INSTRUMENT)[-1].fault
    assert "tick_size 0.01 of the configuration does not divide the venue's 0.00500000" in fault
    assert "lot_size 0.00001 of the configuration does not divide the venue's 0.00001500" in fault
    assert desk.ctx.counters["instrument_does_not_fit"] == 1
    assert desk.agent.figures()["faults"] == {"BTCUSDT": fault}


def test_an_instrument_that_the_venue_does_not_list_is_told():
    desk = Desk()
    told(desk, listing(PRICES, LOTS, symbol="ETHUSDT"))
    assert desk.ctx.messages(INSTRUMENT)[-1].fault == "BTCUSDT is not listed by the venue"


@pytest.mark.parametrize(("body", "status"), [(b"", 503), (b'{"symbols":7}', 200), (b"", 418)])
def test_a_listing_that_failed_is_asked_for_again(body, status):
    desk = Desk(feeds=("trade",))
    told(desk, body, status=status)
    assert desk.agent.figures()["listing"].startswith("exchange information")
    desk.ctx.advance(desk.agent, SECOND)
    told(desk, listing(PRICES, LOTS))
    assert desk.ctx.messages(INSTRUMENT)[-1].qty_step_lots == 10
    desk.ctx.advance(desk.agent, 3600 * SECOND)
    assert desk.ctx.pending("GET", "/api/v3/exchangeInfo")


def test_a_ban_that_one_call_is_told_of_holds_for_all():
    desk = Desk()
    told(desk, status=418, headers={"Retry-After": "60"})
    (snapshot,) = desk.ctx.pending("GET", DEPTH)
    desk.ctx.respond(desk.agent, snapshot, outcome=CallOutcome.UNKNOWN)
    desk.ctx.advance(desk.agent, 59 * SECOND)
    assert desk.ctx.calls == {}
    desk.ctx.advance(desk.agent, SECOND)
    assert {call.path for call in desk.ctx.calls.values()} == {DEPTH, "/api/v3/exchangeInfo"}


def test_a_listing_that_is_refused_for_an_unknown_symbol_is_asked_for_whole():
    desk = Desk(feeds=("trade",))
    told(desk, b'{"code":-1121,"msg":"Invalid symbol."}', status=400)
    desk.ctx.advance(desk.agent, SECOND)
    (number,) = desk.ctx.pending("GET", "/api/v3/exchangeInfo")
    assert desk.ctx.calls[number].params == {}
    told(desk, listing(PRICES, LOTS, symbol="ETHUSDT"))
    assert desk.agent.figures()["faults"] == {"BTCUSDT": "BTCUSDT is not listed by the venue"}


def test_market_data_is_healthy_only_while_the_venue_can_be_heard():
    desk = Desk()
    desk.synced()
    desk.frame(trade())
    assert desk.agent.healthy
    desk.agent.on_socket("market", False, "closed: 1006")
    assert not desk.agent.healthy

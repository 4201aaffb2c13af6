"""A line of a recording is lost, comes twice, or changes places with the next of its stream: it is noticed by the rule.

Books and numbered trades have a rule; tickers and mark prices have none. Where the venue is asked (a snapshot, the trades
that are missing), it answers with what it had at that moment, as the undisturbed recording tells it.
"""

import json
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.book import OrderBook
from schemas.units import MS
from tests.integration.binance_captures import CAPTURES, Desk, config_of, lines_of, stream_of

LINES = 900
"""Behind the snapshot, which is somewhere in the beginning."""
MARGIN_NS = 1_500 * MS
"""Behind the disturbance: time for a book to be whole again."""
LINE_NS = {"usdm 2021": 20 * MS, "coinm 2021": 20 * MS}
"""How far lines are apart, where that is more than `LINE_NS_USUAL`: shorter recordings."""
LINE_NS_USUAL = 5 * MS
NAMES = tuple(CAPTURES)
SYMBOLS = {"spot 2021": "dentusdt", "usdm 2021": "sushiusdt", "coinm 2021": "xrpusd_perp"}
"""Which instrument of a recording of several is followed: one that moves."""
TRADES = ("trade", "aggTrade")


@cache
def recording(data_dir: Path, name: str):
    """Return the configuration, the snapshot, behind how many frames it came, and the frames."""
    frames, feeds, snapshot, first = [], defaultdict(set), None, 0
    for line in lines_of(data_dir, CAPTURES[name]):
        if line.symbol:
            if line.symbol.lower() == SYMBOLS.get(name, line.symbol.lower()):
                snapshot, first = line, len(frames)
            continue
        symbol, feed = stream_of(line.body)
        if feed.startswith(("depth", *TRADES)) and symbol == SYMBOLS.get(name, symbol):
            feeds[symbol].add(feed)
            frames.append(line.body)
        if snapshot is not None and len(frames) == first + LINES:
            break
    return config_of(CAPTURES[name].kind, feeds), snapshot, first, frames


class Venue:
    """What the venue knows at each moment of the recording, kept apart from the agent's own books."""

    def __init__(self, snapshot):
        self.sides = {}
        for side in ("bids", "asks"):
            self.sides[side[0]] = dict(json.loads(snapshot)[side])
        self.last = json.loads(snapshot)["lastUpdateId"]
        self.trades = {}

    def on_frame(self, frame):
        data = json.loads(frame)["data"]
        if data["e"] == "depthUpdate" and data["u"] > self.last:
            self.last = data["u"]
            for side in "ba":
                self.sides[side].update(data[side])
        elif data["e"] in TRADES:
            self.trades[data["t" if data["e"] == "trade" else "a"]] = data

    def book(self):
        levels = {
            name: [[price, qty] for price, qty in self.sides[name[0]].items() if float(qty)]
            for name in ("bids", "asks")
        }
        return json.dumps({"lastUpdateId": self.last, **levels}).encode()

    def trades_from(self, first):
        rows = [
            {"id": t, "price": d["p"], "qty": d["q"], "time": d["T"], "isBuyerMaker": d["m"]} if "t" in d else d
            for t, d in self.trades.items()
            if t >= first
        ]
        return json.dumps(rows).encode()


def disturbed(frames, at, how):
    """Return the frames with the one at `at` lost, told twice, or told after the next of its stream."""
    other = next((n for n in range(at + 1, len(frames)) if stream_of(frames[n]) == stream_of(frames[at])), at)
    told = list(frames)
    if how == "lost":
        del told[at]
    elif how == "twice":
        told.insert(at, told[at])
    else:
        told[at], told[other] = told[other], told[at]
    return told


def run(config, snapshot, first, frames, told, line_ns):
    """Drive an agent with what is told; the venue has told `frames` by then. Return the desk and the venue."""
    desk, venue = Desk(config), Venue(snapshot.body)
    for number, frame in enumerate(told):
        if number == first:
            desk.snapshot(snapshot.symbol, snapshot.body)
        if number < len(frames):
            venue.on_frame(frames[number])
        desk.take("market", frame)
        if number >= first:
            desk.ctx.advance(desk.agent, line_ns)
            for call_id, call in list(desk.ctx.calls.items()):
                if call.path.endswith("depth"):
                    desk.ctx.respond(desk.agent, call_id, venue.book())
                elif "rades" in call.path:
                    desk.ctx.respond(desk.agent, call_id, venue.trades_from(int(call.params.get("fromId", 0))))
    for frame in frames[len(told) :]:
        venue.on_frame(frame)
    return desk, venue


def book_of(desk):
    (book,) = desk.agent._books.books.values()
    return book.levels.snapshot()


def truth(config, venue):
    """Return the venue's book in the agent's units."""
    body = venue.book()
    (info,) = {channel.info for channel in Desk(config).agent._venue_feeds.channels}
    found = Desk(config).agent._venue_feeds.decode_snapshot(info, body, 0)
    book = OrderBook()
    book.replace(found.bids, found.asks)
    return book.snapshot()


@pytest.mark.parametrize("kind", ["depth", "trade"])
@pytest.mark.parametrize("how", ["lost", "twice", "swapped"])
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_lost_doubled_or_out_of_order_is_noticed_and_all_ends_as_if_it_had_not_been(
    data_dir, name, how, kind, data
):
    config, snapshot, first, frames = recording(data_dir, name)
    line_ns = LINE_NS.get(name, LINE_NS_USUAL)
    streams = TRADES if kind == "trade" else ("depth",)
    margin = MARGIN_NS // line_ns
    places = [n for n in range(first + 20, len(frames) - margin) if stream_of(frames[n])[1].startswith(streams)]
    streams_before = {stream_of(frame) for frame in frames[: first + 20]}
    # Nobody knows what was before the first of a stream.
    firsts = {stream_of(frames[n]): n for n in reversed(places) if stream_of(frames[n]) not in streams_before}
    # What the snapshot holds already is not missed, nor is what joins it one of many.
    last = json.loads(snapshot.body)["lastUpdateId"]
    places = [n for n in places if kind != "depth" or json.loads(frames[n])["data"]["U"] > last + 1]
    at = data.draw(st.sampled_from([n for n in places if n not in firsts.values()]), "place")
    told = disturbed(frames, at, how)
    desk, venue = run(config, snapshot, first, frames, told, line_ns)
    counted = desk.ctx.counters
    if kind == "depth":
        expected = {"lost": "book_gap", "twice": "depth_old", "swapped": "book_gap"}[how]
        assert counted.get(expected, 0) >= 1, counted
    else:
        assert counted.get("trade_gaps", 0) == (0 if how == "twice" else 1), counted
        assert counted.get("trades_repeated", 0) == (0 if how == "lost" else 1), counted
    assert book_of(desk) == truth(config, venue)
    assert sorted(desk.ctx.trade_ids) == sorted(venue.trades)

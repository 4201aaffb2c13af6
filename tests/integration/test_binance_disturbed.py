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
MARGIN = 300
"""Lines behind the disturbance: time for a book to be whole again."""
LINE_NS = 5 * MS
NAMES = ("spot 2024", "usdm 2023", "usdm 2024", "coinm 2024")


@cache
def recording(data_dir: Path, name: str):
    """Return the configuration, the snapshot, behind how many frames it came, and the frames."""
    frames, feeds, snapshot, first = [], defaultdict(set), None, 0
    for line in lines_of(data_dir, CAPTURES[name]):
        if line.symbol:
            snapshot, first = line, len(frames)
            continue
        symbol, feed = stream_of(line.body)
        if feed.startswith(("depth", "trade")):
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
        elif data["e"] == "trade":
            self.trades[data["t"]] = data

    def book(self):
        levels = {
            name: [[price, qty] for price, qty in self.sides[name[0]].items() if float(qty)]
            for name in ("bids", "asks")
        }
        return json.dumps({"lastUpdateId": self.last, **levels}).encode()

    def trades_from(self, first):
        rows = [
            {"id": t, "price": d["p"], "qty": d["q"], "time": d["T"], "isBuyerMaker": d["m"]}
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


def run(config, snapshot, first, frames, told):
    """Drive an agent with what is told; the venue has told `frames` by then. Return the desk and the venue."""
    desk, venue = Desk(config), Venue(snapshot.body)
    for number, frame in enumerate(told):
        if number == first:
            desk.snapshot(snapshot.symbol, snapshot.body)
        if number < len(frames):
            venue.on_frame(frames[number])
        desk.take("market", frame)
        if number >= first:
            desk.ctx.advance(desk.agent, LINE_NS)
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
    places = [n for n in range(first + 20, len(frames) - MARGIN) if stream_of(frames[n])[1].startswith(kind)]
    at = data.draw(st.sampled_from(places), "place")
    told = disturbed(frames, at, how)
    desk, venue = run(config, snapshot, first, frames, told)
    counted = desk.ctx.counters
    if kind == "depth":
        expected = {"lost": "book_gap", "twice": "depth_old", "swapped": "book_gap"}[how]
        assert counted.get(expected, 0) >= 1, counted
    else:
        assert counted.get("trade_gaps", 0) == (0 if how == "twice" else 1), counted
        assert counted.get("trades_repeated", 0) == (0 if how == "lost" else 1), counted
    assert book_of(desk) == truth(config, venue)
    assert sorted(desk.ctx.trade_ids) == sorted(venue.trades)

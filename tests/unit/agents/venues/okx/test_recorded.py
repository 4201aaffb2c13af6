"""OKX as it was recorded in 2021 and 2022, and as it numbers its books today.

What a stream notices of a line that is missing, doubled or swapped: a book, by its numbers, or (before they were) by the
checksum of its best 25 levels; trades by theirs, in messages of several too. Best prices and mark prices have no rule.
"""

import json
import random
from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.venues.base import FeedKind
from core.book import OrderBook
from core.decimals import unpack_levels
from schemas.figures import TickFigures
from schemas.messages import BookSnapshot
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.venues.okx.okx_market import (
    CAPTURES,
    MS,
    Book,
    Desk,
    captured,
    crc,
    feeds_of,
    instrument,
    symbols_of,
    text,
)

BOOK = stream_id(Kind.BOOK, 1, 1)
FINE = {"FUN-BTC": "0.000000001"}
"""Ticks of what is finer than a configuration may say."""


@cache
def recorded(data_dir, name):
    return tuple(captured(data_dir / "raw" / "okx" / "cryptofeed" / name))


@pytest.mark.parametrize("name", CAPTURES)
def test_every_recorded_checksum_is_that_of_our_book(data_dir, name):
    frames = recorded(data_dir, name)
    symbols = symbols_of(frames)
    feeds = feeds_of(
        *(
            instrument(symbol, FINE.get(symbol, "0.00000001"), feeds=CAPTURES[name], number=number)
            for number, symbol in enumerate(symbols, 1)
        )
    )
    books = {each.stream: (feeds.book_sync(), OrderBook()) for each in feeds.channels if each.kind == FeedKind.DEPTH}
    held = 0
    for frame in frames:
        channel = feeds.channel(frame)
        if channel is None or channel.kind != FeedKind.DEPTH:
            continue
        found = feeds.reader(channel).read(frame, 1)
        sync, book = books[channel.stream]
        (data,) = json.loads(frame)["data"]
        assert data["checksum"] != 0
        if isinstance(found, BookSnapshot):
            book.replace(found.bids, found.asks)
        else:
            book.apply(found.bids, found.asks)
        held += sync.checksum_holds(book, channel.info, data["checksum"])
    assert held == sum(b'"checksum"' in frame for frame in frames) > 280


@pytest.mark.parametrize("name", CAPTURES)
def test_every_recorded_frame_is_accounted_for(data_dir, name):
    frames = recorded(data_dir, name)
    symbols = [symbol for symbol in symbols_of(frames) if symbol not in FINE]
    desk = Desk(
        *(
            instrument(symbol, "0.00000001", feeds=CAPTURES[name], number=number)
            for number, symbol in enumerate(symbols, 1)
        )
    )
    expected = Counter()
    for frame in frames:
        desk.frame(frame)
        data = json.loads(frame)
        arg = data["arg"]
        expected[data.get("event") or (arg["channel"] if arg["instId"] in symbols else "not configured")] += 1
    sent = Counter(type(message).__name__ for message in desk.ctx.messages())
    (books,) = {"books", "books-l2-tbt"} & expected.keys()
    assert sent["Trade"] == expected["trades"]
    assert sent["BookDelta"] + sent["BookSnapshot"] == expected[books]
    # A book that comes whole is no tick.
    ticks = sent["Trade"] + sent["BookDelta"]
    assert desk.agent.figures().ticks == TickFigures(received=ticks, published=ticks)
    assert desk.ctx.counters == {"venue_frame_other": expected["tickers"] + expected["not configured"]}
    told = expected["trades"] + expected[books]
    assert expected.total() == told + expected["tickers"] + expected["not configured"] + expected["subscribe"]


@pytest.mark.parametrize("name", [name for name in CAPTURES if name.startswith("2021")])
def test_the_recorded_tickers_tell_what_was_best_in_our_book(data_dir, name):
    """No capture has `bbo-tbt`; tickers of that time lag by seconds, and each tells a top that a tick-by-tick book had."""
    tops: dict[str, set[tuple[str, str, str]]] = {}
    books: dict[str, Book] = {}
    begun: dict[str, int] = {}
    compared = 0
    for frame in (json.loads(frame) for frame in recorded(data_dir, name)):
        if "data" not in frame or frame["arg"]["channel"] == "trades":
            continue
        symbol, (data,) = frame["arg"]["instId"], frame["data"]
        if "action" in frame:
            begun.setdefault(symbol, int(data["ts"]))
            book = books.setdefault(symbol, Book())
            book.take(frame)
            whole = book.whole()
            tops.setdefault(symbol, set()).update((side, *whole[side][0][:2]) for side in book.sides if whole[side])
        elif symbol in begun and int(data["ts"]) > begun[symbol] + 6_000:
            assert {("bids", data["bidPx"], data["bidSz"]), ("asks", data["askPx"], data["askSz"])} <= tops[symbol]
            compared += 1
    assert compared > 20


# What is noticed of a disturbance


@cache
def unnumbered(data_dir, symbol="BTC-USDT", name="2022-05-13_OKX.ws.1.0.gz"):
    """Return the frames of one recorded book."""
    frames = [json.loads(frame) for frame in recorded(data_dir, name) if b'"action"' in frame]
    return [frame for frame in frames if frame["arg"]["instId"] == symbol]


def numbered(frames, seed=1):
    """Return the frames as the venue numbers them today, with a quiet minute and a restart of the numbers among them."""
    rng = random.Random(seed)
    seq, found = 335226848531, []
    for place, frame in enumerate(frames):
        (data,) = frame["data"]
        previous = seq if place else -1
        seq = 4711 if place == len(frames) // 2 else seq + rng.randint(1, 40)
        found.append(frame | {"data": [data | {"checksum": 0, "seqId": seq, "prevSeqId": previous}]})
        if place == len(frames) // 3:
            quiet = {"asks": [], "bids": [], "ts": data["ts"], "checksum": 0, "seqId": seq, "prevSeqId": seq}
            found.append(frame | {"action": "update", "data": [quiet]})
    return found


def played(frames, received, *, streams_snapshots=True):
    """Return a desk that received `received` while `frames` happened; each place of the one is a list of frames."""
    channel, symbol = frames[0]["arg"]["channel"], frames[0]["arg"]["instId"]
    feed = {"books": "depth", "books-l2-tbt": "depth@10ms"}[channel]
    desk = Desk(instrument(symbol, "0.00000001", feeds=(feed,)), streams_snapshots=streams_snapshots)
    for frame, told in zip(frames, received, strict=True):
        desk.happens(frame)
        for each in told:
            desk.frame(text(each))
        desk.answer()
        desk.ctx.advance(desk.agent, 300 * MS)
    desk.settle()
    return desk


def disturbed(frames, how, place):
    """Return what is received at each place."""
    received = [[frame] for frame in frames]
    if how == "deleted":
        received[place] = []
    elif how == "doubled":
        received[place] = [frames[place]] * 2
    else:
        received[place], received[place + 1] = [], [frames[place + 1], frames[place]]
    return received


def end_of(desk):
    book = desk.agent.snapshot(BOOK)
    assert isinstance(book, BookSnapshot), desk.agent.figures()
    return book.bids, book.asks


def resyncs(desk):
    return desk.ctx.counters.get("book_resync", 0)


def fetched(desk):
    return sum(call.path == "/api/v5/market/books" for call in desk.ctx.answered)


HOW = st.sampled_from(["deleted", "doubled", "swapped"])


@cache
def books_of(data_dir, name):
    """Return the frames of each recorded book of which there are enough, whatever its instrument."""
    found = {}
    for frame in (json.loads(frame) for frame in recorded(data_dir, name) if b'"action"' in frame):
        found.setdefault(frame["arg"]["instId"], []).append(frame)
    return {symbol: frames[:120] for symbol, frames in found.items() if len(frames) > 20 and symbol not in FINE}


@pytest.mark.parametrize("name", CAPTURES)
@settings(max_examples=30)
@given(how=HOW, where=st.floats(0, 1), data=st.data())
def test_any_recorded_book_that_is_numbered_notices_and_ends_as_if_nothing_had_happened(
    data_dir, name, how, where, data
):
    books = books_of(data_dir, name)
    assert len(books) >= 3
    frames = numbered(books[data.draw(st.sampled_from(sorted(books)))])
    place = 1 + int(where * (len(frames) - 4))
    desk = played(frames, disturbed(frames, how, place))
    book = Book()
    for frame in frames:
        book.take(frame)
    (own,) = {channel.info for channel in desk.agent._venue_feeds.channels}
    whole = {
        side: [(own.price.parse(price), own.qty.parse(qty)) for price, qty, *_ in levels]
        for side, levels in book.whole().items()
        if side in ("bids", "asks")
    }
    assert [unpack_levels(side) for side in end_of(desk)] == [whole["bids"], whole["asks"]]
    told = frames[place]["data"][0]
    assert resyncs(desk) or desk.ctx.counters.get("depth_old", 0) or told["seqId"] == told["prevSeqId"]


@cache
def trades_of(data_dir, name):
    """Return the trades of the instrument of a capture that has most, as REST lists single ones."""
    found = {}
    for frame in (json.loads(frame) for frame in recorded(data_dir, name) if b'"channel":"trades"' in frame):
        found.setdefault(frame["arg"]["instId"], []).extend(frame.get("data", ()))
    return max((rows for symbol, rows in found.items() if symbol not in FINE), key=len)


@pytest.mark.parametrize("name", CAPTURES)
@settings(max_examples=60)
@given(how=HOW, data=st.data())
def test_messages_of_several_trades_are_noticed_when_they_are_missing_doubled_or_swapped(data_dir, name, how, data):
    rows = trades_of(data_dir, name)
    symbol = rows[0]["instId"]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows) - 1), min_size=4, max_size=len(rows) - 1)))
    parts = [rows[first:end] for first, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    frames = [
        {"arg": {"channel": "trades", "instId": symbol}, "data": [part[-1] | {"count": str(len(part)), "seqId": 7}]}
        for part in parts
    ]
    place = data.draw(st.integers(1, len(frames) - 3))
    desk = Desk(instrument(symbol, "0.00000001", feeds=("trade",)))
    for received in disturbed(frames, how, place):
        for frame in received:
            desk.frame(text(frame))
        for call_id, call in list(desk.ctx.calls.items()):
            if call.path == "/api/v5/market/history-trades":
                after = int(call.params["after"])
                old = [row for row in rows if int(row["tradeId"]) < after][-int(call.params["limit"]) :]
                desk.ctx.respond(desk.agent, call_id, text({"code": "0", "msg": "", "data": old[::-1]}))
    counted = [desk.ctx.counters.get(each, 0) for each in ("trade_gaps", "trades_missed", "trades_repeated")]
    missed = len(parts[place])
    assert counted == {"deleted": [1, missed, 0], "doubled": [0, 0, 1], "swapped": [1, missed, 1]}[how]
    filled = {row["tradeId"] for row in parts[place]} if how != "doubled" else set()
    told = [m.trade_id for m in desk.ctx.messages() if type(m).__name__ == "Trade"]
    assert len(told) == len(set(told))
    assert set(told) == {part[-1]["tradeId"] for part in parts} | filled


@settings(max_examples=150)
@given(how=HOW, where=st.floats(0, 1), streams=st.booleans())
def test_a_numbered_book_notices_and_ends_as_if_nothing_had_happened(data_dir, how, where, streams):
    frames = numbered(unnumbered(data_dir))
    place = 1 + int(where * (len(frames) - 4))
    calm = played(frames, [[frame] for frame in frames])
    desk = played(frames, disturbed(frames, how, place), streams_snapshots=streams)
    assert end_of(desk) == end_of(calm)
    assert resyncs(calm) == 0
    empty = frames[place]["data"][0]["seqId"] == frames[place]["data"][0]["prevSeqId"]
    if how == "doubled":
        assert (resyncs(desk), desk.ctx.counters.get("depth_old", 0)) == ((0, 0) if empty else (0, 1))
    else:
        assert resyncs(desk) == (0 if empty else 1) or how == "swapped"
        assert resyncs(desk) or desk.ctx.counters.get("depth_old", 0) or empty


@settings(max_examples=150)
@given(how=HOW, where=st.floats(0, 1))
def test_a_book_without_numbers_notices_what_its_checksum_covers(data_dir, how, where):
    frames = unnumbered(data_dir)
    place = 1 + int(where * (len(frames) - 3))
    calm = played(frames, [[frame] for frame in frames])
    desk = played(frames, disturbed(frames, how, place))
    best = 25 * 16
    assert [side[:best] for side in end_of(desk)] == [side[:best] for side in end_of(calm)]
    if how == "doubled":
        assert (resyncs(desk), desk.ctx.counters["depth_old"]) == (0, 1)
    elif how == "deleted":
        assert resyncs(desk) == shows(frames, place)
        if resyncs(desk):
            assert end_of(desk) == end_of(calm)
    else:
        assert desk.ctx.counters.get("depth_old", 0) or resyncs(desk)


def shows(frames, place):
    """Return whether the checksum of any later frame is not that of the book that lacks the one at `place`."""
    book = Book()
    for frame in frames[:place]:
        book.take(frame)
    for frame in frames[place + 1 :]:
        book.take(lenient(book, frame))
        if crc(book.sides) != frame["data"][0]["checksum"]:
            return True
    return False


def lenient(book, frame):
    """Return a frame without deletions of what is not there."""
    (data,) = frame["data"]
    sides = {
        side: [level for level in data[side] if level[1] != "0" or level[0] in book.sides[side]]
        for side in ("bids", "asks")
    }
    return frame | {"data": [data | sides]}


@pytest.mark.parametrize("seed", range(3))
def test_a_book_that_begins_without_a_snapshot_is_fetched_and_joined(data_dir, seed):
    frames = numbered(unnumbered(data_dir), seed)
    received = [[frame] for frame in frames]
    received[0] = []
    desk = played(frames, received, streams_snapshots=False)
    calm = played(frames, [[frame] for frame in frames])
    assert end_of(desk) == end_of(calm)
    assert resyncs(desk) == 0
    assert [fetched(each) for each in (desk, calm)] == [1, 0]


def test_best_prices_of_the_same_number_equal_those_of_the_book(data_dir):
    frames = numbered(unnumbered(data_dir))
    desk = Desk(instrument("BTC-USDT", "0.00000001", feeds=("depth", "bookTicker")))
    book = Book()
    for frame in frames:
        book.take(frame)
        whole = book.whole()
        top = {side: whole[side][:1] for side in ("asks", "bids")} | {"ts": whole["ts"], "seqId": whole["seqId"]}
        desk.frame(text(frame))
        desk.frame(text({"arg": {"channel": "bbo-tbt", "instId": "BTC-USDT"}, "data": [top]}))
    (figures,) = desk.agent.figures().books
    assert figures.compared == figures.equal >= len(frames) - 2
    assert desk.ctx.counters == {}


def test_a_book_that_is_good_again_is_live(data_dir):
    frames = numbered(unnumbered(data_dir))
    desk = played(frames, disturbed(frames, "deleted", 20))
    states = [item.message.state for item in desk.ctx.published if type(item.message).__name__ == "FeedState"]
    assert states[-3:] == [StreamState.LIVE, StreamState.SYNCING, StreamState.LIVE]

"""A recorded frame of Bybit that is lost, doubled or late is noticed, and the book ends as if nothing had been.

Only books have a rule: the update after the last one (`orderbook.50`, `.200`, `.1000`). The best of each side
(`orderbook.1`), trades and tickers have none: what is missing of them does not show.
"""

import json
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.market_data.agent import MarketData, build
from schemas.messages import BookSnapshot, FeedState
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.venues.bybit.bybit_market import (
    MS,
    book_frame,
    config_of,
    instrument,
    recorded_config,
    session,
)

OLD_FILE = "raw/bybit/nautilus/2024-12-01_XRPUSDT_ob500.data.zip"
"""The venue's own history of a book of 500 levels, which are those of today's topic of a thousand."""
OLD_CONFIG = config_of(instrument(1, "XRPUSDT", "linear", "0.0001", "1", ("depth@200ms",), base="XRP"))
STEP_NS = 100 * MS
STEPS_TO_RESYNC = 30
BOOKS = {
    "spot BTCUSDT": ("spot", "orderbook.200.BTCUSDT", 1, 300),
    "linear BTCUSDT": ("linear", "orderbook.200.BTCUSDT", 2, 414),
    "linear DOGEUSDT": ("linear", "orderbook.200.DOGEUSDT", 3, 380),
    "linear XRPUSDT": ("linear", "orderbook.1000.XRPUSDT", 1, 50),
}


def old_session(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the frames of the old file with the connection that they would come on."""
    with zipfile.ZipFile(data_dir / OLD_FILE) as archive:
        for frame in archive.read(archive.namelist()[0]).splitlines():
            yield "linear", frame.replace(b"orderbook.500.", b"orderbook.1000.")


class Session:
    """The frames of one recorded book, and what the book is after each."""

    def __init__(self, data_dir: Path, name: str) -> None:
        self.connection, self.topic, self.number, count = BOOKS[name]
        self.config = OLD_CONFIG if "XRP" in name else recorded_config()
        head = f'{{"topic":"{self.topic}",'.encode()
        frames = old_session(data_dir) if "XRP" in name else session(data_dir)
        self.frames = [
            frame for connection, frame in frames if connection == self.connection and frame.startswith(head)
        ]
        assert len(self.frames) == count
        self.wholes = list(self._wholes())

    def _wholes(self) -> Iterator[bytes]:
        """Yield the whole book after each frame, as the venue would send it, made of plain dictionaries."""
        sides: list[dict[str, str]] = [{}, {}]
        for frame in self.frames:
            found = json.loads(frame)
            if found["type"] == "snapshot":
                sides = [{}, {}]
            for side, levels in zip(sides, (found["data"]["b"], found["data"]["a"]), strict=True):
                side.update(levels)
                for price, qty in levels:
                    if float(qty) == 0:
                        del side[price]
            bids, asks = (sorted(side.items(), key=lambda level: float(level[0])) for side in sides)
            data = found["data"]
            yield book_frame(data["u"], "snapshot", bids[::-1], asks, self.topic, data["seq"], found["ts"])


class Run:
    """Market data on the frames of a session in some order; the venue answers a new subscription with the book as it is."""

    def __init__(self, recorded: Session, order: Sequence[int]) -> None:
        self.recorded = recorded
        self.ctx = FakeContext("md")
        self.agent: MarketData = build("md", recorded.config)
        self.agent.bind(self.ctx)
        self.agent.start()
        self.stream = stream_id(Kind.BOOK, 1, recorded.number)
        for connection in list(self.ctx.opened):
            self.agent.on_socket(connection, True, "")
        self.seen = 0
        for place in order:
            self.seen = max(self.seen, place)
            self.take(recorded.frames[place])
            self.pass_time()
        for _ in range(STEPS_TO_RESYNC):
            if not isinstance(self.agent.snapshot(self.stream), BookSnapshot):
                self.pass_time()

    def take(self, frame: bytes) -> None:
        self.ctx.receive(self.agent, self.recorded.connection, frame)

    def pass_time(self) -> None:
        """Let some time pass, acknowledge what was asked for, and send the book to whoever subscribed it anew."""
        self.ctx.advance(self.agent, STEP_NS)
        sent, self.ctx.sent[:] = list(self.ctx.sent), []
        for connection, message, _ in sent:
            answer = {"success": True, "ret_msg": "", "req_id": message["req_id"], "op": message["op"]}
            self.ctx.receive(self.agent, connection, json.dumps(answer).encode())
            if message["req_id"] == f"again:{self.recorded.connection}:{self.recorded.topic}":
                self.take(self.recorded.wholes[self.seen])

    @property
    def states(self) -> list[int]:
        return [m.state for m in self.ctx.messages(self.stream) if isinstance(m, FeedState)]

    @property
    def book(self) -> tuple[int, bytes, bytes]:
        found = self.agent.snapshot(self.stream)
        assert isinstance(found, BookSnapshot), found
        return found.last_update_id, found.bids, found.asks

    def counted(self, *names: str) -> list[int]:
        return [self.ctx.counters.get(name, 0) for name in names]


@cache
def undisturbed(data_dir: Path, name: str) -> tuple[Session, tuple[int, bytes, bytes]]:
    """Return the session and the book at its end, which is the one that the plain dictionaries give."""
    recorded = Session(data_dir, name)
    run = Run(recorded, range(len(recorded.frames)))
    assert run.states == [StreamState.DOWN, StreamState.SYNCING, StreamState.LIVE]
    assert run.counted("book_gap", "depth_old", "venue_frame_bad", "venue_frame_other") == [0, 0, 0, 0]
    ticks = run.agent.figures().ticks
    assert (ticks.received, ticks.published) == (len(recorded.frames) - 1, len(recorded.frames) - 1)
    whole = Run(recorded, [])
    whole.take(recorded.wholes[-1])
    assert whole.book == run.book
    return recorded, run.book


books = pytest.mark.parametrize("name", BOOKS)


@books
@given(data=st.data())
def test_a_lost_update_is_noticed_and_made_up_for(data_dir, name, data):
    recorded, book = undisturbed(data_dir, name)
    count = len(recorded.frames)
    lost = data.draw(st.integers(0, count - 2))
    run = Run(recorded, [place for place in range(count) if place != lost])
    assert run.book == book
    if lost:
        assert run.counted("book_gap", "book_resync") == [1, 1]
        assert run.states[-2:] == [StreamState.SYNCING, StreamState.LIVE]


@books
@given(data=st.data())
def test_a_doubled_update_is_left_out(data_dir, name, data):
    recorded, book = undisturbed(data_dir, name)
    count = len(recorded.frames)
    doubled = data.draw(st.integers(1, count - 1))
    run = Run(recorded, [*range(doubled + 1), *range(doubled, count)])
    assert run.book == book
    assert run.counted("book_gap", "depth_old") == [0, 1]


@books
def test_a_doubled_snapshot_replaces_the_book_by_itself(data_dir, name):
    recorded, book = undisturbed(data_dir, name)
    run = Run(recorded, [0, *range(len(recorded.frames))])
    assert run.book == book
    assert run.counted("book_gap", "depth_old") == [0, 0]


@books
@given(data=st.data())
def test_updates_in_the_wrong_order_are_noticed_and_made_up_for(data_dir, name, data):
    recorded, book = undisturbed(data_dir, name)
    count = len(recorded.frames)
    late = data.draw(st.integers(0, count - 2))
    run = Run(recorded, [*range(late), late + 1, late, *range(late + 2, count)])
    assert run.book == book
    assert run.counted("book_gap")[0] == (1 if late or count > 2 else 0)


@books
@given(data=st.data())
def test_a_snapshot_in_mid_stream_begins_the_book_anew(data_dir, name, data):
    recorded, book = undisturbed(data_dir, name)
    place = data.draw(st.integers(1, len(recorded.frames) - 1))
    other = recorded.wholes[place]
    recorded.frames[place], frame = other, recorded.frames[place]
    try:
        run = Run(recorded, range(len(recorded.frames)))
    finally:
        recorded.frames[place] = frame
    assert run.book == book
    assert run.counted("book_gap", "book_resync") == [0, 0]

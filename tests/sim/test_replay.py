"""Replay: every recorded message once, in the order of receipt and at its time, and the same logs from the same inputs."""

import itertools
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest

from agents.signal.strategy import Strategy
from bench.desk import desk_config, instrument
from bench.shells import SYMBOL
from bench.simulated import (
    AGENTS,
    BEGIN_NS,
    MARKET_DATA_ID,
    QUOTE_EVERY,
    QUOTES,
    TICK_NS,
    TRADES,
    ReplayedDesk,
    logged,
    quote,
    recorded,
    trade,
)
from core.frame import FLAG_STALE
from core.log import LogWriter
from mesh.agent import Agent, Handlers, Subscription
from mesh.message_handler import MessageHandler
from mesh.protocol.codec import Packer
from mesh.protocol.publication import Publisher
from mesh.sim.recording import BlockRecording, LogRecording, MessageRecording
from mesh.sim.replay import Replay
from mesh.sim.simulator import START_NS
from schemas.config import StrategyConfig
from schemas.errors import ConfigError
from schemas.messages import BookSnapshot, Trade, VenueBar
from schemas.streams import Kind, stream_id
from schemas.units import SECOND

TICKS = 2_500
EVERY = 50
BOOKS = stream_id(Kind.BOOK, 1, 1)


class Witness(Strategy):
    """Notes what it sees and when."""

    timer_ms = 700

    def __init__(self, params, market):
        super().__init__(params, market)
        self.seen = []

    def on_trade(self, instrument, trade):
        self.seen.append(("trade", self.ctx.now_ns, int(trade.trade_id), self.ctx.top(instrument)))

    def on_book(self, instrument, book):
        self.seen.append(("book", self.ctx.now_ns, book.best_bid))

    def on_bar(self, instrument, bar):
        self.seen.append(("bar", self.ctx.now_ns, bar.start_ns, bar.close_ticks))

    def on_timer(self, now_ns):
        self.seen.append(("timer", now_ns))


def witness(name="Witness"):
    return StrategyConfig(name="w", path=f"tests.sim.test_replay:{name}", instruments=(SYMBOL,))


def every(n):
    return StrategyConfig(name="nth", path="bench.strategies:EveryNth", instruments=(SYMBOL,), params={"n": n})


def logs(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def lost(replay: Replay) -> int:
    return sum(link.lost for node in replay.nodes.values() for link in node.engine.status().links)


def seen(replay: Replay, kind: str) -> list:
    found = replay.nodes["signal"].agent._runners["w"].strategy.seen
    return [each for each in found if each[0] == kind]


def replay_of(folder: Path, recordings) -> Replay:
    """Return a replay of the desk with a witness, begun."""
    return ReplayedDesk(folder, witness(), recordings).replay


def test_the_same_recordings_give_the_same_logs_byte_for_byte(tmp_path):
    ways = {
        "one": lambda: recorded(TICKS),
        "two": lambda: recorded(TICKS),
        "log": lambda: logged(TICKS, tmp_path / "log" / "md"),
    }
    found = {}
    for name, recordings in ways.items():
        (tmp_path / name).mkdir()
        desk = ReplayedDesk(tmp_path / name, every(EVERY), recordings())
        assert desk.replay.play() is False
        desk.end()
        assert desk.orders == TICKS // EVERY
        assert desk.replay.messages == TICKS + TICKS // QUOTE_EVERY
        found[name] = logs(tmp_path / name / "logs")
    assert {path.split("/")[0] for path in found["one"]} == set(AGENTS)
    assert found["one"] == found["two"] == found["log"]


def test_every_order_is_filled_and_booked_and_nothing_is_lost(tmp_path):
    desk = ReplayedDesk(tmp_path, every(EVERY), recorded(TICKS))
    desk.replay.play()
    desk.replay.run(1_000_000_000)
    nodes = desk.replay.nodes
    assert nodes["signal"].agent.figures().strategies["nth"].fills == TICKS // EVERY
    assert nodes["portfolio"].agent.figures().fills == TICKS // EVERY
    assert nodes["risk"].agent.figures().decisions.approved == TICKS // EVERY
    assert lost(desk.replay) == 0


def test_recordings_are_merged_by_the_time_of_receipt(tmp_path):
    replay = replay_of(tmp_path, recorded(400))
    replay.play()
    trades = seen(replay, "trade")
    assert [each[2] for each in trades] == list(range(400))
    begin_ns = trades[0][1]
    assert [each[1] for each in trades] == [begin_ns + number * TICK_NS for number in range(400)]
    assert all(each[3] == (quote(0).bid_ticks, quote(0).ask_ticks) for each in trades)


def test_timers_come_due_between_messages_in_recorded_time(tmp_path):
    replay = replay_of(tmp_path, recorded(2_000))
    begin_ns = replay.now_ns
    replay.play()
    found = [each for each in replay.nodes["signal"].agent._runners["w"].strategy.seen if each[1] >= begin_ns]
    times = [each[1] for each in found]
    assert times == sorted(times)
    timers = [each[1] for each in found if each[0] == "timer"]
    assert [b - a for a, b in itertools.pairwise(timers)] == [700_000_000] * (len(timers) - 1)
    assert len(timers) >= 2
    assert (timers[0] - START_NS) % 700_000_000 == 0


def test_play_stops_before_a_moment_and_goes_on_from_there(tmp_path):
    replay = replay_of(tmp_path, recorded(100))
    assert replay.play(replay.now_ns + 30 * TICK_NS)
    before = len(seen(replay, "trade"))
    assert not replay.play()
    assert before == 30
    assert [each[2] for each in seen(replay, "trade")] == list(range(100))


def test_wall_time_is_that_of_the_recording_and_never_goes_back(tmp_path):
    times = [5, 6, 4, 7]
    trades = [Trade(BEGIN_NS + ms, BEGIN_NS + ms * TICK_NS, 10_000, 1, 1, str(n)) for n, ms in enumerate(times)]
    replay = replay_of(tmp_path, [MessageRecording(TRADES, trades, sender=MARKET_DATA_ID)])
    replay.play()
    assert [each[1] - replay.now_ns for each in seen(replay, "trade")] == [ms * TICK_NS for ms in (-2, -1, -1, 0)]
    assert replay.wall_ns == BEGIN_NS + 7 * TICK_NS


def test_a_recorded_restart_of_the_publisher_loses_nothing_and_drops_the_book(tmp_path):
    md = tmp_path / "md"
    for epoch in (1, 2):
        log = LogWriter(str(md))
        publisher = Publisher(Packer(MARKET_DATA_ID), epoch, log)
        for step in range(10):
            number = (epoch - 1) * 10 + step
            if step in (0, 5):
                at_ns = trade(number).ts_recv_ns
                level = (9_000 + number).to_bytes(8, "little") + (5).to_bytes(8, "little")
                publisher.publish(BOOKS, BookSnapshot(at_ns, at_ns, 1, level, b""), 0, 0, 1, 1, 1)
            publisher.publish(QUOTES, quote(number), 0, 0, 1, 1, 1)
            publisher.publish(TRADES, trade(number), 0, 0, 1, 1, 1)
        log.close()
    replay = replay_of(tmp_path, [LogRecording(str(md))])
    assert not replay.play()
    replay.run(TICK_NS)
    assert [each[2] for each in seen(replay, "trade")] == list(range(20))
    assert [each[2] for each in seen(replay, "book")] == [9_000, 9_005, 9_010, 9_015]
    links = [link for node in replay.nodes.values() for link in node.engine.status().links if link.publisher == "md"]
    assert {link.stream: link.epoch for link in links}[TRADES] == 2
    assert lost(replay) == 0


def test_the_venues_bars_are_replayed_beside_its_trades(tmp_path):
    told = StrategyConfig(
        name="w",
        path="tests.sim.test_replay:Witness",
        instruments=(SYMBOL,),
        bar_ms=(500, 1_000),
        venue_bar_ms=1_000,
        warm_up_bars=0,
    )
    begin_ns = BEGIN_NS - BEGIN_NS % SECOND
    ends = [begin_ns + number * SECOND for number in (1, 2)]
    bars = [VenueBar(end, end, 1_000, end - SECOND, 1, 9, 1, 7 + at, 5) for at, end in enumerate(ends)]
    recordings = [*recorded(TICKS), MessageRecording(stream_id(Kind.BAR, 1, 1), bars, sender=MARKET_DATA_ID)]
    instruments = [instrument(1, SYMBOL, feeds=("trade", "bookTicker", "kline_1s"))]
    replay = ReplayedDesk(tmp_path, told, recordings, instruments).replay
    replay.play()
    told_of = seen(replay, "bar")
    assert [(each[2], each[3]) for each in told_of if each[3] < 10] == [(begin_ns, 7), (begin_ns + SECOND, 8)]
    assert len([each for each in told_of if each[3] >= 10]) >= 3, "the others are built from trades"
    assert lost(replay) == 0


def test_nothing_recorded_and_unknown_publishers_are_refused(tmp_path):
    config = desk_config(tmp_path)
    with pytest.raises(ConfigError, match="no message"):
        Replay(config, {"md": [MessageRecording(TRADES, [])]}, state_dir=tmp_path / "logs")
    with pytest.raises(ConfigError, match="nobody"):
        Replay(config, {"nobody": recorded(1)}, state_dir=tmp_path / "logs")


def test_blocks_are_replayed_with_their_flags_places_and_times(tmp_path):
    trades = [trade(number) for number in range(6)]
    times = np.array([each.ts_recv_ns for each in trades], np.int64)
    flags = np.array([0, 0, 0, FLAG_STALE, 0, 0], np.uint8)
    seqs = np.array([4, 5, 6, 7, 8, 9], np.uint64)
    blocks = [(trades[a:b], times[a:b], seqs[a:b], flags[a:b]) for a, b in ((0, 2), (2, 2), (2, 6))]
    recording = BlockRecording(TRADES, iter(blocks), sender=MARKET_DATA_ID)
    assert recording.tracker.position(TRADES) == (1, 3)
    replay = replay_of(tmp_path, [recording, BlockRecording(QUOTES, [], sender=MARKET_DATA_ID)])
    replay.play()
    assert [each[2] for each in seen(replay, "trade")] == list(range(6))
    assert replay.wall_ns == trades[-1].ts_recv_ns
    assert lost(replay) == 0


def test_a_block_whose_columns_differ_in_length_is_refused():
    with pytest.raises(ValueError, match="a time, a place and flags"):
        BlockRecording(TRADES, [([trade(1)], np.zeros(1, np.int64), np.zeros(2, np.uint64), np.zeros(1, np.uint8))])


class Prices(MessageHandler):
    """Notes what it is handed, with when it came."""

    def __init__(self, waits: bool) -> None:
        self.waits = waits
        self.seen: list[tuple[str, int, int]] = []

    def bind(self, ctx) -> None:
        self.ctx = ctx

    def can_wait(self) -> bool:
        return self.waits

    def on_message(self, publisher, header, message) -> None:
        self.seen.append((type(message).__name__, header.seq, self.ctx.now_ns))


class Looker(Agent):
    """Has prices conflated, and looks at what it knows of them at a timer."""

    LOOK_NS = 10 * TICK_NS

    def __init__(self, waits: bool) -> None:
        self.prices = Prices(waits)
        self.looks: list[tuple[int, list[tuple[str, int, int]]]] = []

    def handlers(self):
        return Handlers(self, message=self.prices)

    def bind(self, ctx) -> None:
        super().bind(ctx)
        self.prices.bind(ctx)

    def subscriptions(self):
        return [Subscription("md", stream, conflate=True) for stream in (TRADES, QUOTES)]

    def start(self) -> None:
        self.ctx.set_timer("look", self.ctx.now_ns + self.LOOK_NS)

    def on_timer(self, name) -> None:
        self.looks.append((self.ctx.now_ns, list(self.prices.seen)))
        self.ctx.set_timer(name, self.ctx.now_ns + self.LOOK_NS)


def looked(folder: Path, waits: bool) -> Looker:
    """Return what looked at 100 trades, the first and last of which a quote came with."""
    folder.mkdir()
    quotes = MessageRecording(QUOTES, [quote(0), quote(99)], sender=MARKET_DATA_ID)
    trades = MessageRecording(TRADES, [trade(number) for number in range(100)], sender=MARKET_DATA_ID)
    config = desk_config(folder, strategies=[witness()])
    looker = Looker(waits)
    replay = Replay(config, {"md": [quotes, trades]}, state_dir=folder / "logs", build=lambda name, config: looker)
    replay.start("signal")
    replay.begin()
    replay.play()
    return looker


def newest(seen: list[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    return {name: (seq, came_ns) for name, seq, came_ns in seen}


def test_who_can_wait_has_the_newest_of_what_is_conflated_before_anything_else_and_when_it_came(tmp_path):
    patient, prompt = looked(tmp_path / "patient", True), looked(tmp_path / "prompt", False)
    assert len(prompt.prices.seen) == 102
    assert len(patient.prices.seen) < 20
    assert set(patient.prices.seen) < set(prompt.prices.seen)
    assert [now_ns for now_ns, _ in patient.looks] == [now_ns for now_ns, _ in prompt.looks]
    for (_, some), (_, each) in zip(patient.looks, prompt.looks, strict=True):
        assert newest(some) == newest(each)
    assert newest(patient.prices.seen) == newest(prompt.prices.seen) == {"Trade": (100, ANY), "Quote": (2, ANY)}

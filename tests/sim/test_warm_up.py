"""Bars of a strategy in the whole mesh are the venue's klines: in its first life, after a restart, and over losses.

They are so whether they are built from trades or come from the venue's own stream.
"""

import json
from pathlib import Path

import msgspec
import pytest

from agents.instruments import InstrumentInfo
from agents.paper.rehearsal import Rehearsal
from agents.signal.bars import Bar
from agents.signal.strategy import Market, Params, Strategy
from mesh.config import load
from mesh.run.starter import write
from schemas.config import Config, SignalConfig, StrategyConfig
from schemas.streams import Kind, stream_id
from schemas.units import MS, SECOND

SYMBOL = "BTCUSDT"
LIVES: list["Watcher"] = []


class Watcher(Strategy):
    """Keeps the bars that it is told of, those of the past apart."""

    def __init__(self, params: Params, market: Market) -> None:
        super().__init__(params, market)
        self.bars: list[Bar] = []
        self.past = 0
        self.past_at_start = -1
        LIVES.append(self)

    def on_past_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        self.bars.append(bar)
        self.past += 1

    def on_start(self) -> None:
        self.past_at_start = self.past

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        self.bars.append(bar)


@pytest.fixture(params=[0, 1_000], ids=["built from trades", "the venue's"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Config:
    LIVES.clear()
    folder = tmp_path / "new"
    write(folder)
    config = load(folder / "tickmesh.toml")
    signal = config.agents["signal"]
    assert isinstance(signal, SignalConfig)
    watcher = StrategyConfig(
        name="watcher",
        path="tests.sim.test_warm_up:Watcher",
        instruments=(SYMBOL,),
        bar_ms=1_000,
        venue_bar_ms=request.param,
        warm_up_bars=20,
    )
    agents = config.agents | {"signal": msgspec.structs.replace(signal, strategies=(watcher,))}
    feeds = ("trade", "depth@100ms", "bookTicker", "kline_1s")
    instruments = tuple([msgspec.structs.replace(each, feeds=feeds) for each in config.instruments])
    return msgspec.structs.replace(config, agents=agents, instruments=instruments)


def klines(rehearsal: Rehearsal) -> dict[int, tuple[str, ...]]:
    """The venue's bars: prices by their start."""
    (venue,) = rehearsal._venues.values()
    answer = venue.exchange.http(
        "GET", "/api/v3/klines", f"symbol={SYMBOL}&interval=1s&limit=1000", {}, b"", rehearsal._simulator.wall_ns
    )
    return {row[0] * MS: tuple(row[1:6]) for row in json.loads(answer.body)}


def check(watcher: Watcher, venue: dict[int, tuple[str, ...]]) -> None:
    """Each bar is the venue's, and none is missing or told twice."""
    info = watcher.market.instruments[0]
    for bar in watcher.bars:
        prices = (bar.open_ticks, bar.high_ticks, bar.low_ticks, bar.close_ticks)
        told = tuple(float(info.price.format(price)) for price in prices), float(info.qty.format(bar.volume_lots))
        row = tuple(float(text) for text in venue[bar.start_ns])
        assert (*told[0], told[1]) == row
    starts = [bar.start_ns for bar in watcher.bars]
    assert starts == list(range(starts[0], starts[0] + len(starts) * SECOND, SECOND))


def test_restarted_agent_has_the_bars_of_the_one_that_never_was(desk: Config, tmp_path: Path) -> None:
    with Rehearsal(desk, tmp_path / "run") as rehearsal:
        rehearsal.run(30)
        rehearsal._simulator.crash("signal")
        rehearsal.run(5)
        rehearsal._simulator.start("signal")
        rehearsal.run(15)
        venue = klines(rehearsal)
        figures = rehearsal._simulator.nodes["signal"].agent.figures()
    first, second = LIVES
    assert len(first.bars) > 20
    assert second.past_at_start == 20
    assert 10 <= len(second.bars) - second.past <= 15
    for life in LIVES:
        check(life, venue)
    assert figures.bars_left_out == 0
    assert figures.strategies["watcher"].warm == ""


def test_bars_are_the_venues_over_a_link_that_loses_what_it_carries(desk: Config, tmp_path: Path) -> None:
    with Rehearsal(desk, tmp_path / "run") as rehearsal:
        rehearsal.run(10)
        rehearsal._simulator.partition("md", "signal", 3 * SECOND)
        rehearsal.run(10)
        for kind in (Kind.TRADE, Kind.BAR):
            rehearsal._simulator.deafen("md", "signal", stream_id(kind, 1, 1))
        rehearsal.run(15)
        venue = klines(rehearsal)
        figures = rehearsal._simulator.nodes["signal"].agent.figures()
    (life,) = LIVES
    assert len(life.bars) > 25
    check(life, venue)
    assert figures.bars_left_out == 0

"""`tickmesh state` of moments of a desk under faults: what an agent saw then is what it is found to have seen."""

import math
import random
from pathlib import Path

import msgspec
import pytest

from core.frame import Header, unpack
from core.log import LogReader
from mesh.anchor_store import write
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding
from mesh.history.past_run import NoInputsError
from mesh.history.places import NoEventError, place_at, place_of
from mesh.history.state_at import PastState, Way, state_after, state_at
from mesh.history.state_text import lines
from mesh.protocol.codec import decode_frame
from mesh.protocol.recorded_inputs import folder_of
from mesh.sim.simulator import START_NS, Network
from schemas.messages import StrategyState
from schemas.streams import stream_name
from tests.sim.desk import AGENTS, Desk
from tests.sim.telling import Told

FAULTY = Network(loss=0.01, duplication=0.01, request_loss=0.01)
MOMENTS = 50
ASKED = 6
"""Of each start, so many times at which the strategy told what it saw."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Return a desk that has traded for a while, with anchors, each agent killed once."""
    rng = random.Random(7)
    desk = Desk(tmp_path_factory.mktemp("desk"), 7, network=FAULTY, telling=True)
    desk.start()
    for name in AGENTS:
        desk.run(rng.uniform(1.0, 2.0))
        if name != "reaper":
            write(agent_dir(desk.config, name) / "anchors", Folding(name, desk.config).run())
        desk.run(rng.uniform(0.2, 1.0))
        desk.simulator.crash(name)
        desk.run(rng.uniform(0.0, 0.5))
        desk.simulator.start(name)
    desk.run(5.0)
    for node in desk.simulator.nodes.values():
        node.die()
    return desk


def told(desk: Desk) -> list[tuple[Header, Told]]:
    """Return what the strategy told, and where that is in the log."""
    reader = LogReader(str(agent_dir(desk.config, "signal") / "log"))
    found = []
    while frames := reader.poll(1):
        header = unpack(frames[0])
        message = decode_frame(header, frames[0])
        if isinstance(message, StrategyState) and message.strategy == "telling":
            found.append((header, msgspec.msgpack.decode(message.state, type=Told)))
    reader.close()
    return found


def check_seen(past: PastState, seen: Told, desk: Desk) -> None:
    values = dict(past.seen["indicators"]["telling"][seen.instrument]["200"])
    assert values.pop("count") > 0
    assert {name: repr(value) for name, value in values.items()} == {
        name: repr(value) for name, value in seen.indicators.items()
    }
    info = next(each for each in desk.config.instruments if each.symbol == seen.instrument)
    market = past.seen["market"][seen.instrument]
    prices = tuple(round(float(market[side]) / float(info.tick_size)) for side in ("bid", "ask"))
    assert prices == seen.top
    figures = past.figures["strategies"]["telling"]
    assert figures["fills"] == seen.fills
    held = float(figures["positions"][seen.instrument]) / float(info.lot_size)
    assert math.isclose(math.trunc(round(held, 6)), seen.position)


def test_indicators_and_top_are_what_the_strategy_itself_saw(desk: Desk) -> None:
    rng, asked = random.Random(1), told(desk)
    assert {header.epoch for header, _ in asked} == {1, 2}
    for epoch in (1, 2):
        of_start = [each for each in asked if each[0].epoch == epoch]
        for header, seen in rng.sample(of_start, ASKED):
            event = f"{stream_name(header.stream)} {header.epoch}/{header.seq}"
            check_seen(state_after("signal", desk.config, event), seen, desk)


def test_fifty_moments_of_all_agents_are_what_the_whole_fold_comes_to(desk: Desk) -> None:
    rng = random.Random(2)
    names = [name for name in AGENTS if name != "reaper"]
    for moment in range(MOMENTS):
        name = names[moment % len(names)]
        wall_ns = desk.simulator.wall_start_ns + rng.randrange(START_NS, desk.simulator.now_ns)
        past = state_at(name, desk.config, wall_ns, Way.LOGS)
        whole = Folding(name, desk.config, from_anchor=False, until=past.places)
        assert whole.fold().records == past.records
        assert msgspec.to_builtins(whole.agent.figures()) == past.figures
        if name == "md":
            assert whole.agent.seen() == past.seen


def test_what_was_run_again_knows_what_the_logs_come_to(desk: Desk) -> None:
    rng = random.Random(3)
    for _ in range(6):
        wall_ns = desk.simulator.wall_start_ns + rng.randrange(START_NS + 3_000_000_000, desk.simulator.now_ns)
        again = state_at("execution", desk.config, wall_ns)
        run = state_at("execution", desk.config, wall_ns, Way.INPUTS)
        assert run.inputs > 0
        assert again.figures["orders"] == run.figures["orders"]
        assert again.figures["open"] == run.figures["open"]


def test_a_reaper_is_run_again_as_no_log_tells_its_state(desk: Desk) -> None:
    found = state_at("reaper", desk.config, desk.simulator.wall_ns)
    assert (found.epoch, found.figures["state"]) == (2, "watching")
    assert next(lines(found)).endswith("inputs of its start 2")


def test_books_are_shown_with_their_best_levels(desk: Desk) -> None:
    found = state_at("md", desk.config, desk.simulator.wall_ns)
    (name, *_) = found.seen
    assert len(found.seen[name]["book"]["bids"]) > 5
    shown = list(lines(found))
    line = shown[shown.index(f"{name}:") + 1]
    assert found.seen[name]["book"]["bids"][4][0] in line
    assert found.seen[name]["book"]["bids"][5][0] not in line


def test_a_place_in_a_log_is_found_by_time_as_by_reading_it(desk: Desk) -> None:
    log = agent_dir(desk.config, "execution") / "log"
    begun_ns = desk.simulator.wall_start_ns + START_NS - 1
    ends = [place_at("execution", log, begun_ns + n * 1_000_000_000) for n in range(15)]
    assert ends == sorted(ends)
    assert ends[0] < ends[1]
    assert len(set(ends)) > 5


def test_what_is_not_there_is_said(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(NoEventError):
        place_of("risk", agent_dir(desk.config, "risk") / "log", "DECISION/0/1 9/1")
    with pytest.raises(NoInputsError, match="no inputs are recorded"):
        state_at("signal", desk.config, 1_000, Way.INPUTS)
    header = told(desk)[0][0]
    moved = folder_of(agent_dir(desk.config, "signal"), 1).rename(tmp_path / "away")
    try:
        with pytest.raises(NoInputsError, match="of its start 1 are not recorded"):
            state_after("signal", desk.config, f"{stream_name(header.stream)} 1/{header.seq}")
    finally:
        moved.rename(folder_of(agent_dir(desk.config, "signal"), 1))

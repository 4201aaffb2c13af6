"""Anchors of a desk under faults: what is resumed from one is what the whole log comes to, byte for byte."""

import random
from pathlib import Path

import msgspec
import pytest

from mesh.anchor import NotAnchoredError
from mesh.anchor_store import files, write
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding
from mesh.history.state_at import state_at
from mesh.sim.simulator import START_NS, Network
from schemas.config import Config
from tests.sim.desk import AGENTS, Desk
from tests.sim.test_trading import check_quiet, run_until_quiet

FAULTY = Network(loss=0.01, duplication=0.01, request_loss=0.01)
SEEDS = range(1, 9)
MOMENTS = 6
PAST_MOMENTS = 7
"""Of each seed; of all seeds they are 56."""


def anchored(config: Config) -> list[str]:
    """Return the agents that keep anchors."""
    found = []
    for name in AGENTS:
        try:
            Folding(name, config)
        except NotAnchoredError:
            continue
        found.append(name)
    return found


def check_past(desk: Desk, names: list[str], rng: random.Random) -> None:
    """Check that what agents knew at random moments is what their logs come to up to there."""
    for _ in range(PAST_MOMENTS):
        name = rng.choice([each for each in names if each != "md"])
        wall_ns = desk.simulator.wall_start_ns + rng.randrange(START_NS, desk.simulator.now_ns)
        past = state_at(name, desk.config, wall_ns)
        whole = Folding(name, desk.config, from_anchor=False, until=past.places)
        assert whole.run().records == past.records
        assert msgspec.to_builtins(whole.agent.figures()) == past.figures


def check_told(desk: Desk) -> None:
    """Check that a strategy was told each of its fills in this life, whatever its agent began from."""
    runner = desk.simulator.nodes["signal"].agent._runners["telling"]  # type: ignore[attr-defined]
    assert runner.fills > 0
    assert runner.strategy.fills == runner.fills


@pytest.mark.parametrize("seed", SEEDS)
def test_an_anchor_and_the_rest_are_the_full_fold(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    bracketed = seed % 2 == 0
    desk = Desk(tmp_path, seed, network=FAULTY, bracketed=bracketed, open_orders_max=8 if bracketed else 2, telling=True)
    names = anchored(desk.config)
    assert {"execution", "signal"} <= set(names)
    desk.start()
    for _ in range(MOMENTS):
        desk.run(rng.uniform(0.5, 3.0))
        name = rng.choice(names)
        write(agent_dir(desk.config, name) / "anchors", Folding(name, desk.config).run())
        if rng.random() < 0.7:
            desk.simulator.crash(name)
            desk.run(rng.uniform(0.0, 0.5))
            desk.simulator.start(name)
    for name in names:
        whole = Folding(name, desk.config, from_anchor=False).run()
        assert Folding(name, desk.config).run() == whole, name
    check_past(desk, names, rng)
    desk.heal()
    run_until_quiet(desk)
    check_quiet(desk)
    assert desk.violations == []
    check_told(desk)
    assert sum(len(files(agent_dir(desk.config, name) / "anchors")) for name in names) > 0

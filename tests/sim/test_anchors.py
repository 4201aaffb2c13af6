"""Anchors of a desk under faults: what is resumed from one is what the whole log comes to, byte for byte."""

import random
from pathlib import Path

import msgspec
import pytest

from agents.instruments import InstrumentTable
from core.decimals import unpack_levels
from mesh.anchor import NotAnchoredError
from mesh.anchor_store import files, write
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding
from mesh.history.state_at import Way, state_at
from mesh.sim.simulator import START_NS, Network
from schemas.config import Config
from schemas.messages import BookSnapshot
from schemas.streams import Kind, stream_id
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
        name = rng.choice(names)
        wall_ns = desk.simulator.wall_start_ns + rng.randrange(START_NS, desk.simulator.now_ns)
        past = state_at(name, desk.config, wall_ns, Way.LOGS)
        whole = Folding(name, desk.config, from_anchor=False, until=past.places)
        assert whole.run().records == past.records
        assert msgspec.to_builtins(whole.agent.figures()) == past.figures


def check_books(desk: Desk) -> None:
    """Check that the books that the log of market data comes to are those that it has."""
    live = desk.simulator.nodes["md"].agent
    folding = Folding("md", desk.config)
    folding.run()
    seen, whole = folding.agent.seen(), 0
    for number, info in InstrumentTable(desk.config).by_id.items():
        book = live.snapshot(stream_id(Kind.BOOK, info.venue.id, number))
        found = seen[info.name].get("book")
        assert (found is None) == (not isinstance(book, BookSnapshot))
        if found is not None and isinstance(book, BookSnapshot):
            sides = {"bids": unpack_levels(book.bids), "asks": unpack_levels(book.asks)}
            for side, levels in sides.items():
                expected = [(info.price.format(price), info.qty.format(lots)) for price, lots in levels]
                assert found[side] == expected
            assert found["update_id"] == book.last_update_id
            whole += 1
    assert whole > 0


def check_told(desk: Desk) -> None:
    """Check that a strategy was told each of its fills in this life, whatever its agent began from."""
    runner = desk.simulator.nodes["signal"].agent._runners["telling"]  # type: ignore[attr-defined]
    assert runner.fills > 0
    assert runner.strategy.fills == runner.fills


@pytest.mark.parametrize("seed", SEEDS)
def test_an_anchor_and_the_rest_are_the_full_fold(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    bracketed = seed % 2 == 0
    desk = Desk(
        tmp_path, seed, network=FAULTY, bracketed=bracketed, open_orders_max=8 if bracketed else 2, telling=True
    )
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
    check_books(desk)
    assert sum(len(files(agent_dir(desk.config, name) / "anchors")) for name in names) > 0

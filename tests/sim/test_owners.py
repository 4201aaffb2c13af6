"""No order rests that nobody owns (O7): whichever agents of a simulated desk die and stay dead, and whatever came before.

What follows is given a healthy network and venue: how long a cancel takes in a broken one is not the point. Execution and
its reaper dead together leave nobody who could cancel; for that there is the venue's own dead-man switch, where it has one.
"""

import os
import random
from pathlib import Path

import pytest

from tests.sim.account_oracles import ownerless_orders, refused_reductions
from tests.sim.desk import AGENTS, Desk
from tests.sim.nemesis import nemesis
from tests.sim.test_trading import check_kept, run_until_quiet

SEEDS = range(1, 101 if os.environ.get("TICKMESH_LONG") else 25)
OWNERLESS_S = 8.0
"""Silence of two seconds, the cancels, and the looks that a missing answer costs."""


def with_orders(folder: Path, seed: int, rng: random.Random) -> Desk:
    """Return a desk that faults have happened to and are over, with orders at its venue."""
    desk = Desk(folder, seed, hold_ms=60_000)
    desk.start()
    desk.run(3)
    nemesis(desk, rng, 3)
    desk.heal()
    run_until_quiet(desk)
    for _ in range(200):
        if desk.venue.exchange.trading.ledger.open:
            break
        desk.run(0.1)
    return desk


def kill_for_good(desk: Desk, rng: random.Random) -> set[str]:
    """Kill some agents, one of them one that owns orders; the reaper outlives execution."""
    owners = ["execution", "risk", "signal"]
    dead = set(rng.sample(owners, rng.randint(1, 3))) | set(rng.sample(["md", "portfolio"], rng.randint(0, 2)))
    for name in rng.sample(sorted(dead), len(dead)):
        desk.simulator.crash(name)
        if rng.random() < 0.5:
            desk.run(rng.uniform(0.0, 0.3))
    return dead


@pytest.mark.parametrize("seed", SEEDS)
def test_agents_that_stay_dead_leave_no_order_behind(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    desk = with_orders(tmp_path, seed, rng)
    dead = kill_for_good(desk, rng)
    desk.run(OWNERLESS_S)
    assert ownerless_orders(desk, dead) == [], dead
    for name in AGENTS:
        if name in dead:
            desk.simulator.start(name)
    run_until_quiet(desk)
    check_kept(desk)


def test_an_agent_that_comes_back_in_time_keeps_its_orders(tmp_path: Path) -> None:
    kept = 0
    for seed in range(1, 7):
        desk = with_orders(tmp_path / str(seed), seed, random.Random(seed))
        before = set(desk.venue.exchange.trading.ledger.open)
        desk.simulator.crash("execution")
        desk.run(0.5)
        kept += len(before & set(desk.venue.exchange.trading.ledger.open))
        desk.simulator.start("execution")
        desk.run(0.5)
        assert desk.figures("reaper").canceled == 0
        assert refused_reductions(desk) == []
    assert kept > 0

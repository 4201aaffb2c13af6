"""Amends in the whole mesh, while its agents die and its network fails.

Every invariant of `tests.sim.test_trading` holds: an order that the venue amends is on the books once, as the old one or as
the new one, and whatever it trades is booked once. A planted bug is seen.
"""

import os
import random
from pathlib import Path

import msgspec
import pytest

from agents.execution.amendments import Amendments
from schemas.messages import OrderUpdated
from schemas.orders import Reason
from schemas.units import MS
from tests.sim.account_oracles import log_of
from tests.sim.desk import Desk
from tests.sim.nemesis import cut_off, kill_agents, nemesis
from tests.sim.test_trading import FAULTY, LATENCIES_MS_MAX, check_kept, run_until_quiet

SEEDS = range(1, 201 if os.environ.get("TICKMESH_LONG") else 7)


def shrinking_desk(folder: Path, seed: int, **more: object) -> Desk:
    return Desk(folder, seed, open_orders_max=8, shrinking=True, **more)  # type: ignore[arg-type]


def amended(desk: Desk) -> int:
    """Return how many orders the venue has amended, by its own log."""
    return sum(type(event).__name__ == "PaperAmended" for event in desk.venue_log)


def replaced(desk: Desk) -> int:
    updates = (message for _, message in log_of(desk, "execution") if isinstance(message, OrderUpdated))
    return sum(message.reason == Reason.REPLACED for message in updates)


def test_a_calm_desk_makes_orders_smaller_where_they_stand(tmp_path: Path) -> None:
    desk = shrinking_desk(tmp_path, 1)
    desk.start()
    desk.run(30)
    assert amended(desk) > 20
    assert replaced(desk) >= amended(desk)
    run_until_quiet(desk)
    check_kept(desk)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_of_any_kind_leave_each_order_once(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    latency_ns_max = int(rng.choice(LATENCIES_MS_MAX) * MS)
    desk = shrinking_desk(tmp_path, seed, network=msgspec.structs.replace(FAULTY, latency_ns_max=latency_ns_max))
    desk.start()
    desk.run(8)
    nemesis(desk, rng, 12, always=(kill_agents, cut_off))
    desk.heal()
    run_until_quiet(desk)
    check_kept(desk)


def test_an_execution_that_dies_again_and_again_books_each_trade_once(tmp_path: Path) -> None:
    desk = shrinking_desk(tmp_path, 1)
    desk.start()
    for _ in range(12):
        desk.run(2.3)
        desk.simulator.crash("execution")
        desk.run(0.4)
        desk.simulator.start("execution")
    run_until_quiet(desk)
    check_kept(desk)


def test_a_new_order_beside_the_old_one_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(self, terms, old, info, corr, ttl_ms, refusal):  # type: ignore[no-untyped-def]
        self._desk.create(terms, info, corr)

    monkeypatch.setattr(Amendments, "begin", at_once)
    desk = shrinking_desk(tmp_path, 1)
    desk.start()
    desk.run(20)
    assert any("begins although" in text for text in desk.violations)

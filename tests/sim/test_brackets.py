"""Brackets and replacements in the whole mesh, while its agents die and its network fails.

Every invariant of `tests.sim.test_trading` holds, and O10: what an order has opened is closed once, and in the end no
position is without its exit and no exit without its position. Each part is shown to see a planted bug.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.execution.brackets import Bracket, Brackets
from agents.execution.replacements import Replacements
from schemas.messages import Ack, Approved, OrderInitialized
from schemas.orders import TimeInForce
from schemas.units import MS
from tests.sim.desk import Desk
from tests.sim.kept_brackets import closed_by, exits_left, unkept_brackets
from tests.sim.nemesis import cut_off, kill_agents, nemesis
from tests.sim.test_trading import FAULTY, LATENCIES_MS_MAX, check_kept, run_until_quiet

SEEDS = range(1, 401 if os.environ.get("TICKMESH_LONG") else 13)


def bracketed_desk(folder: Path, seed: int, **more: object) -> Desk:
    return Desk(folder, seed, open_orders_max=8, bracketed=True, **more)  # type: ignore[arg-type]


def under_nemesis(folder: Path, seed: int) -> Desk:
    """Return a desk with brackets that the seed's faults have happened to, and that has become quiet."""
    rng = random.Random(seed)
    latency_ns_max = int(rng.choice(LATENCIES_MS_MAX) * MS)
    desk = bracketed_desk(folder, seed, network=msgspec.structs.replace(FAULTY, latency_ns_max=latency_ns_max))
    desk.start()
    desk.run(8)
    nemesis(desk, rng, 16, always=(kill_agents, cut_off))
    desk.heal()
    run_until_quiet(desk)
    return desk


def check_brackets(desk: Desk) -> None:
    check_kept(desk)
    assert exits_left(desk) == []
    assert unkept_brackets(desk) == []
    assert desk.violations == []


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_of_any_kind_leave_no_position_without_its_exit(tmp_path: Path, seed: int) -> None:
    check_brackets(under_nemesis(tmp_path, seed))


@pytest.mark.parametrize("dead", ["signal", "risk", "execution"])
def test_an_agent_that_dies_again_and_again_leaves_every_bracket_kept(tmp_path: Path, dead: str) -> None:
    desk = bracketed_desk(tmp_path, 1)
    desk.start()
    for _ in range(20):
        desk.run(2.3)
        desk.simulator.crash(dead)
        desk.run(0.4)
        desk.simulator.start(dead)
    run_until_quiet(desk)
    assert sum(closed_by(desk).values()) > 10
    check_brackets(desk)


def test_a_calm_desk_takes_profits_stops_and_replaces(tmp_path: Path) -> None:
    desk = bracketed_desk(tmp_path, 1)
    desk.start()
    desk.run(60)
    assert min(closed_by(desk).values()) > 5
    check_brackets(desk)


def is_found_out(folder: Path, *wanted: str) -> bool:
    """Return whether a desk with a planted bug is found to break all that is wanted, with one of some seeds."""
    missing = set(wanted)
    for seed in range(1, 7):
        desk = bracketed_desk(folder / str(seed), seed)
        desk.start()
        desk.run(30)
        found = [*exits_left(desk), *unkept_brackets(desk), *desk.violations]
        missing = {words for words in missing if not any(words in text for text in found)}
        if not missing:
            return True
    return False


def test_exits_that_are_larger_than_what_was_traded_are_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Bracket.uncovered_lots.fget
    assert right is not None
    monkeypatch.setattr(Bracket, "uncovered_lots", property(lambda self: 2 * right(self)))
    assert is_found_out(
        tmp_path, "O10: 0 lots of exits are there", "lots of exits at the venue", "lots of exits rest and"
    )


def test_an_exit_without_its_parent_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def orphan(**terms: Any) -> OrderInitialized:
        return OrderInitialized(**terms | {"parent": ""})

    monkeypatch.setattr("agents.execution.brackets.OrderInitialized", orphan)
    assert is_found_out(tmp_path, "O2: on a decision that was used")


def test_an_exit_that_opens_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(**terms: Any) -> OrderInitialized:
        return OrderInitialized(**terms | {"side": -terms["side"]})

    monkeypatch.setattr("agents.execution.brackets.OrderInitialized", opening)
    assert is_found_out(tmp_path, "O2: an exit that does not reduce what")


def test_two_exits_that_both_trade_are_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(self: Brackets, bracket: Bracket) -> None:
        if not bracket.triggered:
            bracket.triggered = True
            self._exit(bracket, bracket.opened_lots, self._best_ticks(bracket) * 99 // 100, TimeInForce.IOC)

    monkeypatch.setattr(Brackets, "_stop", both)
    assert is_found_out(tmp_path, "lots of exits are there or have traded", "lots of exits at the venue")


def forget(self: Brackets, bracket: Bracket) -> None:
    del self._open[bracket.entry.client_order_id]


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ({"_take_profit": lambda self, bracket: None}, "O10: no exit rests"),
        ({"_is_over": lambda self, bracket: True, "_end": forget}, "O10: execution keeps it no more, and has not told"),
        ({"_is_reached": lambda self, bracket: False}, "O10: its stop is reached, and it is not closed"),
    ],
)
def test_a_position_without_its_exit_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: dict[str, Callable[..., Any]], found: str
) -> None:
    for name, instead in planted.items():
        monkeypatch.setattr(Brackets, name, instead)
    assert is_found_out(tmp_path, found)


def test_a_replacement_before_its_time_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(self: Replacements, terms: Approved, ttl_ms: int, decide: Callable[[Ack | None], None]) -> None:
        decide(None)

    monkeypatch.setattr(Replacements, "begin", hasty)
    assert is_found_out(tmp_path, "O2: begins although")

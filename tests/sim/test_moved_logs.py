"""A desk whose logs were moved away behind its anchors: agents, followers and readers go on as though they were not."""

import shutil
from pathlib import Path

import msgspec
import pytest

from core.log.moved import absent_in
from mesh.anchor import NotAnchoredError
from mesh.anchor_store import files, write
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding
from mesh.history.journal import Entry, Journal, Selection
from mesh.history.moving import MoveOutcome, move_before_anchor
from mesh.history.state_at import state_at
from mesh.sim.simulator import START_NS
from schemas.errors import LogAwayError, LogGoneError
from tests.sim.desk import AGENTS, SECOND, Desk
from tests.sim.test_anchors import anchored
from tests.sim.test_trading import check_quiet, positions, run_until_quiet
from tests.sim.test_verify import verdicts

SEGMENT_BYTES = 1 << 16
RUN_S = 45.0
ROUNDS_MAX = 60
TRADERS = ("execution", "risk", "portfolio")


def moved_desk(tmp_path: Path, seed: int) -> tuple[Desk, dict[str, MoveOutcome], dict[str, list[Entry]]]:
    """Return a desk that has traded, what of its logs was then moved away, and its journals as they were."""
    desk = Desk(tmp_path / "state", seed, segment_bytes=SEGMENT_BYTES, open_orders_max=8, hold_ms=200)
    desk.start()
    desk.run(RUN_S)
    names = anchored(desk.config)
    for name in names:
        write(agent_dir(desk.config, name) / "anchors", Folding(name, desk.config).run())
    before = {name: journal(desk, name) for name in AGENTS}
    moved = {name: move_before_anchor(name, desk.config, "../moved") for name in AGENTS}
    found = {name: outcome for name, outcome in moved.items() if outcome is not None}
    assert found.keys() == set(names)
    assert [outcome.wrong for outcome in found.values() if outcome.wrong] == []
    return desk, found, before


def journal(desk: Desk, name: str) -> list[Entry]:
    return list(Journal(name, agent_dir(desk.config, name) / "log").entries(Selection()))


def start_anew(desk: Desk, *, anchors: bool) -> None:
    """Crash those that trade and start them, with their anchors or without any."""
    for name in TRADERS:
        desk.simulator.crash(name)
        for path in [] if anchors else files(agent_dir(desk.config, name) / "anchors"):
            path.unlink()
    desk.run(0.3)
    for name in TRADERS:
        desk.simulator.start(name)


def knows_the_account(desk: Desk) -> bool:
    """Return whether risk and portfolio have what the venue has; `check_quiet` would read a log that is whole."""
    venue = desk.venue.exchange.figures()
    held = positions(desk, venue)
    known = [positions(desk, desk.figures(name)) == held for name in ("portfolio", "risk")]
    return all(known) and desk.figures("portfolio").fills == venue.fills


@pytest.mark.parametrize("seed", [2])
def test_a_mesh_goes_on_behind_logs_that_were_moved(seed: int, tmp_path: Path) -> None:
    desk, moved, before = moved_desk(tmp_path, seed)
    assert sum(outcome.moved for outcome in moved.values()) > 0
    assert {name: journal(desk, name) for name in AGENTS} == before
    wall_ns = desk.simulator.wall_start_ns + START_NS + int(RUN_S / 2 * SECOND)
    past = {name: state_at(name, desk.config, wall_ns) for name in TRADERS}
    for name in TRADERS:
        whole = Folding(name, desk.config, from_anchor=False, until=past[name].places)
        whole.run()
        assert msgspec.to_builtins(whole.agent.figures()) == past[name].figures
    for anchors in (True, False):
        start_anew(desk, anchors=anchors)
        desk.run(1.0)
    run_until_quiet(desk)
    check_quiet(desk)
    assert desk.violations == []
    assert desk.lost() == 0
    again = {name: move_before_anchor(name, desk.config, "../moved") for name in moved}
    assert all(outcome is not None and not outcome.moved for outcome in again.values())
    for name in TRADERS:
        assert [each for each in verdicts(tmp_path / "state", name) if not each.equal] == []


def test_without_what_was_moved_agents_start_from_their_anchors_alone(tmp_path: Path) -> None:
    desk, moved, before = moved_desk(tmp_path, 2)
    away = [name for name, outcome in moved.items() if outcome.moved]
    assert "md" in away
    shutil.move(tmp_path / "moved", tmp_path / "lost")
    start_anew(desk, anchors=True)
    for _ in range(ROUNDS_MAX):
        desk.run(0.5)
        if knows_the_account(desk):
            break
    assert knows_the_account(desk)
    assert desk.violations == []
    assert desk.lost() == 0
    assert "execution" in away
    assert "portfolio" not in away
    desk.simulator.crash("portfolio")
    for path in files(agent_dir(desk.config, "portfolio") / "anchors"):
        path.unlink()
    desk.simulator.start("portfolio")
    with pytest.raises(LogGoneError, match="the log of execution has ORDER/1/0 from"):
        desk.run(2.0)
    for name in away:
        log = agent_dir(desk.config, name) / "log"
        assert len(absent_in(log)) == moved[name].moved
        kept = Journal(name, log)
        entries = list(kept.entries(Selection()))
        assert len(kept.absent) == moved[name].moved
        assert entries[0] in before[name]
        assert entries[0] != before[name][0]
        with pytest.raises(NotAnchoredError, match="which is not there"):
            Folding(name, desk.config, from_anchor=False).run()
        desk.simulator.crash(name)
        for path in files(agent_dir(desk.config, name) / "anchors"):
            path.unlink()
        with pytest.raises(LogAwayError):
            desk.simulator.start(name)

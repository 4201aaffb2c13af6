"""One continuation of a run from a moment on, played in a folder of its own.

A backtest is played again from its beginning, and must be what it was up to the moment, byte for byte: so all is as it was,
also what no log has, such as the place of an order in its queue, and what is on its way. A live run cannot be played again;
its agents are started again at the moment on their logs as they were then, at a venue that has the account of then.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

from agents.backtest.desk import BacktestDesk
from agents.backtest.facts import Facts, facts_of
from agents.backtest.fork.changes import Changes
from agents.backtest.fork.original import OriginalRun, market_logs
from agents.backtest.fork.rest import Cut, RestOfRun, cut_of
from agents.backtest.result import LOGS, write
from agents.backtest.run import PARTS, config_sha256
from agents.backtest.sources import MarketPlayed
from agents.paper.account.account_log import PaperEvent
from core.frame import unpack
from core.log import LogReader
from mesh.sim.replay import Replay
from schemas.errors import TickmeshError
from schemas.streams import stream_name

Told = Callable[[str, int, int], None]
"""Is told which step it is, and how much of how much is done."""
Lives = Mapping[str, tuple[int, Sequence[PaperEvent]]]
"""By venue how often its paper venue had started, and the events of its account."""


class NotRepeatedError(TickmeshError):
    """A backtest does not come out as it did: this version of Tickmesh, or a strategy's code, is another."""


class Branch(msgspec.Struct, frozen=True):
    """One continuation that was played."""

    folder: Path
    facts: Facts
    cut: Cut
    wall_of_zero_ns: int
    equal: bool
    """Whether its logs are, to their end and byte for byte, those of the run."""

    @property
    def rest(self) -> RestOfRun:
        """Return what came of it after the moment."""
        return RestOfRun(self.folder / LOGS, self.cut, self.wall_of_zero_ns)


def play_on(run: OriginalRun, at_ns: int, changes: Changes, again: Sequence[str], out: Path, told: Told) -> Branch:
    """Play a backtest to a moment and on to its end; at the moment start the agents `again` anew, by what is changed.

    Raises:
        ConfigError: If an agent cannot be made of the changed configuration.
        NotRepeatedError: If it is not what it was up to the moment.
    """
    with run.market() as played, run.market() as past:
        desk = _desk(run, played, out / LOGS, starts=True)
        replay = desk.replay
        _play(replay, at_ns - replay.wall_start_ns, "to the moment", told)
        found = _first_unequal(desk.names, out / LOGS, run.logs, whole=False)
        if found:
            raise NotRepeatedError(f"{run.logs.parent}: does not come out as it did: {found}")
        cut = cut_of(out / LOGS, desk.names)
        if again:
            desk.start_again(
                again, changes.config, past.recordings, lambda done, whole: told("market before", done, whole)
            )
        branch = _to_the_end(run, desk, played, changes, out, cut, told)
    write(out, changes.config, branch.facts)
    return msgspec.structs.replace(branch, equal=not _first_unequal(desk.names, out / LOGS, run.logs, whole=True))


def play_from(run: OriginalRun, at_ns: int, changes: Changes, lives: Lives, out: Path, told: Told) -> Branch:
    """Play the rest of a live run; below `out` the logs of its agents lie as they were at the moment.

    Raises:
        ConfigError: If an agent cannot be made of the configuration.
    """
    with run.market() as played, run.market() as past:
        desk = _desk(run, played, out / LOGS, starts=False)
        replay = desk.replay
        cut = cut_of(out / LOGS, desk.names)
        _play(replay, at_ns - replay.wall_start_ns, "to the moment", told)
        desk.open(lives)
        desk.start_again(
            desk.names, changes.config, past.recordings, lambda done, whole: told("market before", done, whole)
        )
        return _to_the_end(run, desk, played, changes, out, cut, told)


def _desk(run: OriginalRun, played: MarketPlayed, folder: Path, *, starts: bool) -> BacktestDesk:
    return BacktestDesk(run.config, played.recordings, folder, seed=run.seed, clocks_ns=run.clocks_ns, starts=starts)


def _to_the_end(
    run: OriginalRun, desk: BacktestDesk, played: MarketPlayed, changes: Changes, out: Path, cut: Cut, told: Told
) -> Branch:
    replay = desk.replay
    first_ns, whole_ns = replay.now_ns, max(1, played.data.last_ns - replay.wall_ns)
    while replay.play(replay.now_ns + max(1, whole_ns // PARTS)):
        told("the rest", min(replay.now_ns - first_ns, whole_ns), whole_ns)
    told("the rest", whole_ns, whole_ns)
    desk.settle()
    data = msgspec.structs.replace(played.data, first_ns=run.first_ns, messages=replay.messages)
    sha256 = config_sha256(changes.config)
    facts = facts_of(desk, tickmesh=version("tickmesh"), seed=run.seed, config_sha256=sha256, data=data)
    replay.end()
    for name, log in market_logs(run.config, run.logs).items():
        (out / LOGS / name).symlink_to(os.path.relpath(log.parent, out / LOGS))
    return Branch(out, facts, cut, replay.wall_start_ns, equal=False)


def _play(replay: Replay, until_ns: int, step: str, told: Told) -> None:
    """Play up to a moment, or to the end if that is before."""
    first_ns = replay.now_ns
    whole_ns = max(1, until_ns - first_ns)
    part_ns = max(1, whole_ns // PARTS)
    while replay.now_ns < until_ns and replay.play(min(replay.now_ns + part_ns, until_ns)):
        told(step, replay.now_ns - first_ns, whole_ns)
    told(step, whole_ns, whole_ns)


def _first_unequal(names: Sequence[str], logs: Path, others: Path, *, whole: bool) -> str:
    """Return the earliest message of some agents that is not as it was, of one time the cause; empty if all are."""
    found = (_unequal(name, logs, others, whole=whole) for name in reversed(names))
    return min((each for each in found if each is not None), key=lambda each: each[0], default=(0, ""))[1]


def _unequal(name: str, logs: Path, others: Path, *, whole: bool) -> tuple[int, str] | None:
    """Return when and where an agent's log is not what another holds, or is not all of it if it should be."""
    if not any((others / name / "log").glob("*.log")):
        return 0, f"{name}: left no log"
    made, was = (LogReader(str(folder / name / "log")) for folder in (logs, others))
    try:
        expected = was.scan()
        for place, frame in made.scan():
            before = next(expected, (0, b""))[1]
            if frame != before:
                header = unpack(frame)
                times = [header.send_ns, unpack(before).send_ns if before else header.send_ns]
                return min(times), f"{name}: {stream_name(header.stream)}/{header.seq}, at byte {place} of its log"
        left = next(expected, None) if whole else None
        return None if left is None else (unpack(left[1]).send_ns, f"{name}: its log ends early")
    finally:
        made.close()
        was.close()

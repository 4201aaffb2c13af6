"""A fork: what a run came to from a moment on, beside what it would have come to with other settings.

OUT/unchanged/      the rest with nothing changed: of a backtest the run itself once more, unless agents were started again
OUT/changed/        the rest with what was changed
OUT/fork.json       all of it side by side, and where each parts from the other
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

from agents.backtest.desk import desk_names
from agents.backtest.fork.branch import Branch, Told, play_from, play_on
from agents.backtest.fork.changes import Changes, changed
from agents.backtest.fork.difference import Parting, first_difference
from agents.backtest.fork.live_state import account_lives, wall_of_zero_ns
from agents.backtest.fork.original import OriginalRun
from agents.backtest.fork.rest import RestFigures, RestOfRun
from agents.backtest.result import LOGS
from schemas.errors import ConfigError

FILE = "fork.json"
FORMAT = 1
WAS, UNCHANGED, CHANGED = "run", "unchanged", "changed"


class Fork(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a fork: figures from the moment on by side, and where sides part, by the names of both.

    `started_again` are the agents that were started again at the moment, in `unchanged` as in `changed`, so that these two
    differ by what was changed alone. `equal` says whether `unchanged` is the run to its end, byte for byte.
    """

    format: int = FORMAT
    tickmesh: str
    at_ns: int
    last_ns: int
    simulated: bool
    sets: list[str]
    started_again: list[str]
    currency: str
    equal: bool
    sides: dict[str, RestFigures]
    partings: dict[str, Parting | None]


def fork_backtest(run: OriginalRun, at_ns: int, sets: Sequence[str], out: Path, told: Told) -> Fork:
    """Fork a backtest at a moment of it.

    Raises:
        ConfigError: If something cannot be set, or `out` holds another fork.
        NoRunError: If the market of the run is not here any more.
        NotRepeatedError: If the backtest does not come out as it did.
    """
    changes = _begun(run, at_ns, sets, out)
    unchanged = Changes(run.config)
    first = play_on(run, at_ns, unchanged, changes.agents, out / UNCHANGED, _of(UNCHANGED, told))
    other = play_on(run, at_ns, changes, changes.agents, out / CHANGED, _of(CHANGED, told)) if sets else None
    was = RestOfRun(run.logs, first.cut, first.wall_of_zero_ns)
    return _forked(run, at_ns, sets, changes, was, first, other, out)


def fork_live(
    run: OriginalRun, at_ns: int, sets: Sequence[str], out: Path, lay_out: Callable[[Path], None], told: Told
) -> Fork:
    """Fork a live run at a moment of it; `lay_out` lays out in a folder the logs of its agents as they were then.

    Raises:
        ConfigError: If something cannot be set, or `out` holds another fork.
        NoRunError: If the run has no paper venue, or its market is not here any more.
    """
    changes = _begun(run, at_ns, sets, out)
    lives = account_lives(run.config, run.logs, at_ns)
    names = desk_names(run.config)

    def played(side: str, by: Changes) -> Branch:
        lay_out(out / side / LOGS)
        return play_from(run, at_ns, by, lives, out / side, _of(side, told))

    first = played(UNCHANGED, Changes(run.config, names))
    other = played(CHANGED, Changes(changes.config, names)) if sets else None
    was = RestOfRun(run.logs, first.cut, wall_of_zero_ns(run.config, run.logs))
    return _forked(run, at_ns, sets, Changes(changes.config, names), was, first, other, out)


def _begun(run: OriginalRun, at_ns: int, sets: Sequence[str], out: Path) -> Changes:
    """Check all that can be checked before anything is played."""
    if any((out / name).exists() for name in (UNCHANGED, CHANGED, FILE)):
        raise ConfigError(f"{out}: holds a fork already (allowed: an empty folder, or a new one)")
    assert run.first_ns < at_ns < run.last_ns, "the moment is in the run"
    return changed(run.config, sets)


def _forked(
    run: OriginalRun,
    at_ns: int,
    sets: Sequence[str],
    changes: Changes,
    was: RestOfRun,
    first: Branch,
    other: Branch | None,
    out: Path,
) -> Fork:
    """Put the sides together, and write that down."""
    sides = {WAS: was, UNCHANGED: first.rest}
    pairs = [(WAS, UNCHANGED)]
    if other is not None:
        sides[CHANGED] = other.rest
        pairs = [(UNCHANGED, CHANGED), (WAS, UNCHANGED)]
    found = Fork(
        tickmesh=version("tickmesh"),
        at_ns=at_ns,
        last_ns=run.last_ns,
        simulated=run.simulated,
        sets=list(sets),
        started_again=list(changes.agents),
        currency=first.facts.currency,
        equal=first.equal,
        sides={name: each.figures(run.config) for name, each in sides.items()},
        partings={
            f"{one}-{two}": first_difference(sides[one], sides[two], timed=run.simulated or WAS not in (one, two))
            for one, two in pairs
        },
    )
    (out / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    return found


def _of(side: str, told: Told) -> Told:
    return lambda step, done, whole: told(f"{side}: {step}", done, whole)

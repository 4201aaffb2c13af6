"""An agent as it was: at a time, or right after an event of its own, out of what was recorded alone.

There are two ways to it. The logs are folded: the agent's own and those of its publishers, up to the places that the moment
stands for, from the newest anchor that knows nothing later; that tells what everything that was logged by then comes to. Or
what had reached the agent is handed to it again (`mesh.history.past_run`); that tells also what only lived in its process.
The first is taken where a role's state is all in logs, the second where it is not; either may be asked for.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from mesh.agent import Agent
from mesh.anchor import NotAnchoredError
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding
from mesh.history.past_run import PastRun, run_to_event, run_to_time
from mesh.history.places import place_at, place_of
from mesh.protocol.recorded_inputs import starts_in
from mesh.roles import FOLDED, role_of
from schemas.config import Config

IN_PROCESS = frozenset({"reaper", "signal"})
"""Roles of which the most that is asked for is in no log: indicators, books as strategies saw them, a sweep under way."""


class Way(StrEnum):
    """How a state is come to: of `BEST`, the one that tells more of a role."""

    BEST = "best"
    LOGS = "logs"
    INPUTS = "inputs"


class PastState(msgspec.Struct, frozen=True):
    """What an agent knew: its figures as in its status, and what it saw of the market.

    Of one that was folded `places` is where each log was read to and `records` how many of its own that were; of one that
    was run again `inputs` is how many had reached it, in the start `epoch`.
    """

    agent: str
    wall_ns: int
    places: dict[str, int]
    records: int
    figures: Any
    seen: dict[str, Any] = {}
    inputs: int = 0
    epoch: int = 0


def state_at(name: str, config: Config, wall_ns: int, way: Way = Way.BEST) -> PastState:
    """Return the state of an agent at a time; of logs, when everything that was logged by then had reached it.

    Raises:
        NoInputsError: If it is to be run again, and what reached it is not recorded.
        NotAnchoredError: If it is to be folded, and its role has no state that logs come to.
        NoLogError: If its log is not here, or that of a publisher.
    """
    _check(name, config)
    if _by_inputs(name, config, way):
        return _told(name, run_to_time(name, agent_dir(config, name).parent, wall_ns))
    places = _places(name, config, wall_ns)
    places[name] = place_at(name, _log_of(name, config), wall_ns)
    return _folded(name, config, wall_ns, places)


def state_after(name: str, config: Config, event: str, way: Way = Way.BEST) -> PastState:
    """Return the state of an agent right after it published an event, named as STREAM/SEQ: `ORDER/1/0/77`.

    Raises:
        MomentError: If that is no such name.
        NoEventError: If its log does not hold it.
        NoInputsError: As `state_at`.
        NotAnchoredError: As `state_at`.
    """
    _check(name, config)
    found = place_of(name, _log_of(name, config), event)
    if _by_inputs(name, config, way):
        return _told(name, run_to_event(name, agent_dir(config, name).parent, found.header))
    return _folded(name, config, found.wall_ns, _places(name, config, found.wall_ns) | {name: found.behind})


def _check(name: str, config: Config) -> None:
    if name not in config.agents:
        raise NotAnchoredError(f"agents.{name}: there is no such agent (allowed: {', '.join(config.agents)})")


def _by_inputs(name: str, config: Config, way: Way) -> bool:
    """Return whether the agent is to be run again."""
    role = role_of(name, config)
    if way is Way.BEST and role in IN_PROCESS:
        return bool(starts_in(agent_dir(config, name))) or role not in FOLDED
    return way is Way.INPUTS


def _places(name: str, config: Config, wall_ns: int) -> dict[str, int]:
    """Return where that time is in the logs of an agent's publishers."""
    publishers = Folding(name, config).wanted()
    return {each: place_at(each, _log_of(each, config), wall_ns) for each in publishers}


def _log_of(name: str, config: Config) -> Path:
    return agent_dir(config, name) / "log"


def _folded(name: str, config: Config, wall_ns: int, places: Mapping[str, int]) -> PastState:
    folding = Folding(name, config, until=places)
    folded = folding.fold()
    seen = {} if role_of(name, config) in IN_PROCESS else folding.agent.seen()
    return PastState(name, wall_ns, dict(sorted(places.items())), folded.records, _figures(folding.agent), seen)


def _told(name: str, run: PastRun) -> PastState:
    return PastState(name, run.wall_ns, {}, 0, _figures(run.agent), run.agent.seen(), run.inputs, run.epoch)


def _figures(agent: Agent) -> Any:
    figures = agent.figures()
    return None if figures is None else msgspec.to_builtins(figures)

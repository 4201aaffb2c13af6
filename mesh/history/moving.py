"""Moving away segments of a log that nobody starts from any more: those that lie wholly before an anchor.

An anchor is durable, and so is what it was made of. What is moved lies before the newest anchor of the agent that fits, and
before where the anchors of those that follow it go on in its log. It stays in the log (`core.log.moved`): an agent, a
follower that knows nothing yet, and every command read it where it lies. The log of an agent without anchors stays, as each
of its starts reads the whole of it; so does one that retention bounds, which removes the oldest segments itself.
"""

import os
from itertools import pairwise
from pathlib import Path

import msgspec

from core.log.moved import move
from mesh.anchor import Anchor
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding
from mesh.history.journal import segment_name, segments_in
from mesh.roles import ANCHORED, role_of
from schemas.config import Config
from schemas.errors import ConfigError, LogError


class MoveOutcome(msgspec.Struct, frozen=True):
    """What came of one agent: how many segments were moved now, how many lie in `to`; `wrong` says what is in the way."""

    agent: str
    moved: int = 0
    lie_there: int = 0
    to: str = ""
    wrong: str = ""


def move_before_anchor(name: str, config: Config, to: str) -> MoveOutcome | None:
    """Move what lies before the newest anchor of an agent into the folder `to`/AGENT/log; None if its log stays.

    A relative `to` counts from the state folder.
    """
    log = agent_dir(config, name) / "log"
    agent = config.agents[name]
    if role_of(name, config) not in ANCHORED or agent.log_retention_bytes > 0 or not log.is_dir():
        return None
    target, link = _target(log, to)
    moved = 0
    try:
        for segment in _before(log, _limit(name, config)):
            if not segment.is_symlink():
                move(segment, target, link)
                moved += 1
    except (OSError, LogError) as error:
        return MoveOutcome(name, moved, _moved_in(log), str(target), str(error))
    return MoveOutcome(name, moved, _moved_in(log), str(target))


def _target(log: Path, to: str) -> tuple[Path, str]:
    """Return where the segments of a log are moved, and how their links name that.

    Raises:
        ConfigError: If that would be the log itself.
    """
    state = log.parent.parent.resolve()
    below = Path(log.parent.name, log.name)
    target = Path(os.path.normpath(state / to)) / below
    if target == log.resolve():
        raise ConfigError(f"mesh.log_moved_to: found {to!r} (allowed: another folder than mesh.state_dir)")
    relative = not Path(to).is_absolute()
    return target, os.path.relpath(target, log.resolve()) if relative else str(target)


def _before(log: Path, limit: int) -> list[Path]:
    """Return the segments that end before a position, the oldest first."""
    bases = segments_in(log)
    return [log / segment_name(base) for base, end in pairwise(bases) if end <= limit]


def _limit(name: str, config: Config) -> int:
    """Return the place in an agent's log from which on something is read at a start: by it, or by whom its anchor has."""
    own = _newest(name, config)
    if own is None:
        return 0
    places = [own.last_position]
    for other in config.agents:
        if other != name and role_of(other, config) in ANCHORED:
            found = _newest(other, config)
            places += [each.at for each in found.followed if each.publisher == name] if found else []
    return min(places)


def _newest(name: str, config: Config) -> Anchor | None:
    return Folding(name, config).newest_anchor()


def _moved_in(log: Path) -> int:
    return sum((log / segment_name(base)).is_symlink() for base in segments_in(log))

"""What is changed from a moment on: keys of a configuration, and which agents are started again for them."""

from collections.abc import Sequence

import msgspec

from agents.backtest.desk import desk_names
from agents.backtest.places import place_at, placed, value_of
from mesh.config import parse
from mesh.roles import build_agent
from schemas.config import Config
from schemas.errors import ConfigError

FIXED = frozenset({"id", "role", "group"})
"""Keys of an agent that say who it is: another would be another agent."""


class Changes(msgspec.Struct, frozen=True):
    """The configuration with what was set, and the agents that it concerns, in the order in which they start."""

    config: Config
    agents: tuple[str, ...] = ()


def changed(config: Config, sets: Sequence[str]) -> Changes:
    """Return `config` with what `sets` say, each KEY=VALUE; an empty value is a text of nothing.

    Raises:
        ConfigError: If a key is none, cannot change in the middle of a run, or its value is not allowed.
    """
    tree = msgspec.json.decode(msgspec.json.encode(config))
    ran = desk_names(config)
    for text in sets:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ConfigError(f"--set {text}: found no KEY=VALUE (allowed: such as agents.NAME.KEY=VALUE)")
        place = place_at(name, tree, "--set")
        _check(name, place, ran)
        tree = placed(tree, {name: place}, {name: value_of(value)})
    found = msgspec.structs.replace(parse(tree), mesh=config.mesh)
    names = [name for name in ran if found.desk != config.desk or found.agents[name] != config.agents[name]]
    for name in names:
        build_agent(name, found)
    return Changes(found, tuple(names))


def _check(name: str, place: Sequence[str | int], ran: Sequence[str]) -> None:
    allowed = ", ".join(f"agents.{each}" for each in ran)
    if place[0] == "backtest":
        raise ConfigError(
            f"--set {name}: what is assumed of a venue holds for a whole backtest (allowed: {allowed}, desk)"
        )
    if place[0] not in ("agents", "desk") or (place[0] == "agents" and place[1] not in ran):
        raise ConfigError(f"--set {name}: cannot change in the middle of a run (allowed: {allowed}, desk)")
    if place[0] == "agents" and place[2] in FIXED:
        raise ConfigError(f"--set {name}: says who the agent is (allowed: its other keys)")

"""Which processes a mesh consists of: one for each agent, or one for the agents that name the same group.

A process is named after its agent or its group. In a group the agents start in the order in which processes do; the
process takes the place of its last agent, so that nobody outside of it misses the first tick.
"""

from mesh.roles import role_of
from schemas.config import Config
from schemas.errors import ConfigError

START_ORDER = ("archive", "paper", "portfolio", "execution", "reaper", "risk", "signal", "market_data")
"""Stopped in reverse: the archive takes what all others still say, and no reaper finds its execution silent in the end."""


def start_order(config: Config) -> list[str]:
    """Return the agents in the order in which they are started."""
    return sorted(config.agents, key=lambda name: START_ORDER.index(role_of(name, config)))


def processes(config: Config) -> dict[str, list[str]]:
    """Return the agents of each process, by its name, all in the order of their start."""
    found: dict[str, list[str]] = {}
    for name in start_order(config):
        process = config.agents[name].group or name
        members = found.pop(process, [])
        found[process] = [*members, name]
    return found


def members(name: str, config: Config) -> list[str]:
    """Return the agents that run in the process `name`.

    Raises:
        ConfigError: If there is no process of that name.
    """
    known = processes(config)
    if name in known:
        return known[name]
    if name in config.agents:
        group = config.agents[name].group
        raise ConfigError(f"agents.{name}: runs in the group {group!r}; start that")
    allowed = dict.fromkeys(table.group or agent for agent, table in config.agents.items())
    raise ConfigError(f"agents.{name}: there is no such agent (allowed: {', '.join(allowed)})")

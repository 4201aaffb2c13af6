"""Roles by name: the mesh runs agents without knowing what they do.

A role is a module `agents.<role>` with `build(name, config) -> Agent` and, if its agent talks to the outside,
`shell(name, config, agent) -> Shell`. The names are those of the `role` keys that the configuration allows.
"""

import importlib
from types import ModuleType

from mesh.agent import Agent
from mesh.agent_io import Shell
from schemas.config import Config
from schemas.errors import ConfigError

OPENS_WHEN_BUILT = frozenset({"archive"})
"""Roles whose agents cannot be built without opening what they work on."""

ANCHORED = frozenset({"execution", "market_data", "portfolio", "risk", "signal"})
"""Roles whose agents have a state that logs alone come to (`Agent.anchored`): no other is built to make an anchor."""

FOLDED = ANCHORED | {"paper"}
"""Roles that a log can be looked back at of: a venue's account keeps every order, so an anchor would save it nothing."""


def role_of(name: str, config: Config) -> str:
    """Return the role of the agent `name`."""
    role = config.agents[name].__struct_config__.tag
    assert isinstance(role, str)
    return role


def role_module(role: str) -> ModuleType:
    """Return the module of a role."""
    return importlib.import_module(f"agents.{role}")


def build_agent(name: str, config: Config) -> Agent:
    """Make the agent `name`."""
    agent = role_module(role_of(name, config)).build(name, config)
    assert isinstance(agent, Agent)
    return agent


def build_shell(name: str, config: Config, agent: Agent) -> Shell | None:
    """Make the shell of an agent that talks to the outside, None for the others."""
    make = getattr(role_module(role_of(name, config)), "shell", None)
    return make(name, config, agent) if make else None


def has_shell(name: str, config: Config) -> bool:
    """Return whether the agent `name` talks to the outside."""
    return hasattr(role_module(role_of(name, config)), "shell")


def check_agents(config: Config) -> None:
    """Build every agent, and throw it away: what a role refuses in its own table and in those that it names.

    An archive is not built: that would open its ClickHouse.

    Raises:
        CaptureError: If a capture cannot be played.
        ConfigError: If a role refuses its settings; the message names the key.
    """
    for name in config.agents:
        if role_of(name, config) not in OPENS_WHEN_BUILT:
            try:
                build_agent(name, config)
            except ConfigError as error:
                key = f"agents.{name}"
                raise ConfigError(str(error) if str(error).startswith(key) else f"{key}: {error}") from error

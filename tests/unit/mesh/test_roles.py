"""Roles: found by the name in the configuration, and what they refuse is told with its key."""

import msgspec
import pytest

from agents.risk.agent import RiskAgent
from mesh.roles import build_agent, build_shell, check_agents, has_shell, role_module, role_of
from schemas.errors import ConfigError
from tests.unit.agents.trading_desk import config


def test_a_role_is_a_module_with_build() -> None:
    found = config()
    assert role_of("folio", found) == "portfolio"
    assert role_module("risk").__name__ == "agents.risk"
    agent = build_agent("risk", found)
    assert isinstance(agent, RiskAgent)
    assert build_shell("risk", found, agent) is None


def test_only_agents_that_talk_to_the_outside_have_a_shell() -> None:
    found = config()
    assert [name for name in found.agents if has_shell(name, found)] == ["md", "exec"]


def test_what_a_role_refuses_names_its_table() -> None:
    found = config()
    agents = dict(found.agents)
    agents["risk"] = msgspec.structs.replace(agents["risk"], execution=("md",))
    with pytest.raises(ConfigError, match=r"agents\.risk\.execution: 'md'"):
        check_agents(msgspec.structs.replace(found, agents=agents))
    check_agents(found)

"""Which processes a configuration asks for: one for each agent, one for each group."""

import pytest

from mesh.config import parse
from mesh.processes import members, processes
from schemas.config import Config
from schemas.errors import ConfigError
from tests.unit.mesh.test_config import changed


def grouped(*names: str) -> Config:
    tree = changed("agents.md.id", 1)
    for name in names:
        tree["agents"][name]["group"] = "desk"
    return parse(tree)


def test_agents_without_a_group_have_a_process_each_in_start_order() -> None:
    assert processes(grouped()) == {"book": ["book"], "exec": ["exec"], "risk": ["risk"], "md": ["md"]}


def test_a_group_is_one_process_in_the_place_of_its_last_agent() -> None:
    assert processes(grouped("exec", "md")) == {"book": ["book"], "risk": ["risk"], "desk": ["exec", "md"]}


def test_a_process_is_named_by_its_agent_or_its_group() -> None:
    config = grouped("exec", "md")
    assert members("risk", config) == ["risk"]
    assert members("desk", config) == ["exec", "md"]
    with pytest.raises(ConfigError, match=r"agents\.md: runs in the group 'desk'"):
        members("md", config)
    with pytest.raises(ConfigError, match=r"agents.nobody: there is no such agent \(allowed: desk, risk, book\)"):
        members("nobody", config)


def test_a_group_is_not_named_like_an_agent() -> None:
    with pytest.raises(ConfigError, match=r"agents\.md\.group: 'risk' is an agent's name"):
        parse(changed("agents.md.group", "risk"))


def test_agents_of_a_group_agree_on_their_process() -> None:
    tree = changed("agents.md.group", "desk")
    tree["agents"]["exec"] |= {"group": "desk", "cpus": [1]}
    with pytest.raises(ConfigError, match=r"agents.exec.cpus: found \(1,\) \(allowed: \(\), as in agents.md"):
        parse(tree)


def test_a_group_is_on_one_host() -> None:
    tree = changed("agents.md.group", "desk")
    tree["agents"]["exec"] |= {"group": "desk", "tcp": "10.0.0.2:9000"}
    with pytest.raises(ConfigError, match=r"agents\.exec\.tcp: '10.0.0.2:9000' is another host"):
        parse(tree)

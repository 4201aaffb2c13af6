"""Tuning: which settings are refused, and CPU lists as the kernel writes them."""

from pathlib import Path
from typing import Any

import pytest

from mesh.config import parse
from mesh.node.tuning import check_spinning, cpu_list, isolated_cpus, parse_cpu_list, same_host
from schemas.config import ArchiveConfig, Config
from schemas.errors import ConfigError


def config(*agents: dict[str, Any]) -> Config:
    """Return a configuration of agents a, b, c ... with these settings."""
    tables = {chr(ord("a") + i): ArchiveConfig(id=i + 1, sources=(), **each) for i, each in enumerate(agents)}
    return Config(venues=(), instruments=(), agents=tables)


SPINS: dict[str, Any] = {"idle": "busy_poll"}
BLOCKS: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("text", "cpus"),
    # Examples of the kernel's documentation of CPU lists (admin-guide/kernel-parameters), and no CPU at all.
    [("1,2,10-20\n", {1, 2, *range(10, 21)}), ("0-1", {0, 1}), ("3", {3}), ("\n", set())],
)
def test_cpu_lists_are_the_kernels(text: str, cpus: set[int]) -> None:
    assert parse_cpu_list(text) == cpus
    assert cpu_list(cpus) == text.strip().replace("1,2,", "1-2,")


def test_host_that_tells_no_isolated_cpus_has_none(tmp_path: Path) -> None:
    assert isolated_cpus(tmp_path / "isolated") == set()
    (tmp_path / "isolated").write_text("2-3\n")
    assert isolated_cpus(tmp_path / "isolated") == {2, 3}


@pytest.mark.parametrize(
    ("agents", "isolated", "available"),
    [
        ([SPINS], set(), {0}),
        ([SPINS, SPINS], set(), {0, 1}),
        ([SPINS, SPINS, BLOCKS], set(), {0, 1}),
        ([{**SPINS, "cpus": (2,)}], {2}, {0, 1, 3}),
        ([{**SPINS, "cpus": (2,)}, {**SPINS, "cpus": (3,)}], {2, 3}, {0, 1}),
    ],
)
def test_spinning_needs_a_cpu_to_spare(agents: list[dict[str, Any]], isolated: set[int], available: set[int]) -> None:
    with pytest.raises(ConfigError, match=r'agents\.a\.idle: "busy_poll" .*allowed: fewer spinning agents than CPUs'):
        check_spinning("a", config(*agents), isolated, available)


@pytest.mark.parametrize(
    ("agents", "isolated", "available"),
    [
        ([SPINS], set(), {0, 1}),
        ([SPINS, BLOCKS, BLOCKS], set(), {0, 1}),
        ([{**SPINS, "cpus": (2,)}], {2, 3}, {0, 1}),
        ([SPINS, {**SPINS, "cpus": (2,)}], {2}, {0, 1, 3}),
    ],
)
def test_spinning_is_allowed_with_a_cpu_to_spare(
    agents: list[dict[str, Any]], isolated: set[int], available: set[int]
) -> None:
    check_spinning("a", config(*agents), isolated, available)


def test_error_tells_what_was_found() -> None:
    with pytest.raises(ConfigError, match=r"for 2 agents of this host \(a, b\) on 2 available CPUs \(0-1\)"):
        check_spinning("b", config(SPINS, SPINS), set(), {0, 1})


def test_spinning_agents_do_not_share_a_cpu() -> None:
    both = config({**SPINS, "cpus": (4,)}, {**SPINS, "cpus": (4,)})
    with pytest.raises(ConfigError, match="on CPUs 4; allowed: a CPU for each"):
        check_spinning("a", both, {4, 5, 6}, {0, 1})


def test_real_time_scheduler_spins_on_isolated_cpus_only() -> None:
    fifo = {**SPINS, "scheduler": "fifo", "cpus": (1,)}
    with pytest.raises(ConfigError, match=r"agents\.a\.scheduler: .*isolated ones \(none\)"):
        check_spinning("a", config(fifo), set(), {0, 1})
    check_spinning("a", config(fifo), {1, 2}, {0})


def test_agents_of_other_hosts_are_not_counted() -> None:
    mesh = config({**SPINS, "tcp": "10.0.0.1:7000"}, {**SPINS, "tcp": "10.0.0.2:7000"}, {"tcp": "10.0.0.1:7100"}, SPINS)
    assert same_host("a", mesh) == ["a", "c"]
    assert same_host("d", mesh) == ["d"]
    check_spinning("a", mesh, set(), {0, 1})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scheduler", "rr"),
        ("priority", 50),
        ("priority", 0),
        ("idle", "spin"),
        ("memory_lock", 1),
        ("huge_pages", "always"),
        ("address_layout", "none"),
        ("cpu_latency_us_max", -2),
    ],
)
def test_setting_that_is_not_one_is_refused_by_key(key: str, value: object) -> None:
    agents = {"ar": {"role": "archive", "id": 1, "sources": [], key: value}}
    with pytest.raises(ConfigError, match=rf"agents\.ar\.{key}"):
        parse({"agents": agents})

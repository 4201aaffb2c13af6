"""`tickmesh doctor` as a command: what it prints of this host, and its exit status."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mesh.run.default_config import default_tree, toml_text
from tests.integration.live import ROOT

STATUSES = {"ok", "warn", "fail", "unknown"}


def doctor(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "mesh", "doctor", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60)


def config_in(folder: Path, **agent: Any) -> Path:
    """Write the embedded configuration with these settings for the signal agent."""
    tree = default_tree(folder / "state", 0)
    tree["agents"]["signal"] |= agent
    path = folder / "mesh.toml"
    path.write_text(toml_text(tree))
    return path


def findings(run: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    found = json.loads(run.stdout)
    assert all(set(each) == {"check", "status", "found", "wanted", "fix"} for each in found)
    assert {each["status"] for each in found} <= STATUSES
    return {each["check"]: each for each in found}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return doctor("--json", "-c", config_in(tmp_path_factory.mktemp("host")))


def test_exit_status_tells_whether_anything_failed(run: subprocess.CompletedProcess[str]) -> None:
    failed = [each for each in findings(run).values() if each["status"] == "fail"]
    assert run.returncode == (1 if failed else 0)
    assert run.stderr == ""


def test_setting_that_would_be_refused_at_start_fails(tmp_path: Path) -> None:
    # More spinning agents than any host has CPUs to spare for: one agent on a CPU that no host has.
    tree = default_tree(tmp_path / "state", 0)
    for table in tree["agents"].values():
        table["idle"] = "busy_poll"
        table["cpus"] = [4095]
    path = tmp_path / "mesh.toml"
    path.write_text(toml_text(tree))
    run = doctor("--json", "-c", path)
    assert run.returncode == 1
    found = json.loads(run.stdout)
    assert {each["status"] for each in found if each["check"] == "idle_strategy"} == {"fail"}


def test_facts_of_this_host_are_the_kernels(run: subprocess.CompletedProcess[str]) -> None:
    found = findings(run)
    source = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    if source.exists():
        assert found["clock_source"]["found"] == source.read_text().strip()
    assert found["socket_rmem_max"]["found"] == Path("/proc/sys/net/core/rmem_max").read_text().strip()
    assert found["python"]["found"] == ".".join(map(str, sys.version_info[:3]))
    assert found["libzmq"]["status"] == "ok"
    assert found["core_build"]["status"] in ("ok", "warn")


def test_port_of_an_agent_that_somebody_holds_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        found = findings(doctor("--json", "-c", config_in(tmp_path, tcp=address)))
    assert f"signal {address}" in found["ports"]["found"]


def test_without_a_configuration_the_default_mesh_is_taken() -> None:
    run = doctor()
    assert run.returncode in (0, 1)
    assert "clock_source" in run.stdout
    assert " fail, " in run.stdout.splitlines()[-1]

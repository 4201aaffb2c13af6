"""The command line: what each command refuses, and with which exit status."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mesh import embedded
from mesh.cli import cli
from schemas.errors import ExitStatus


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def write(tmp_path: Path, tree: dict[str, Any]) -> Path:
    path = tmp_path / "mesh.toml"
    path.write_text(embedded.toml_text(tree))
    return path


def test_check_tells_what_a_configuration_defines(tmp_path: Path) -> None:
    found = invoke("check", "-c", write(tmp_path, embedded.default_tree(tmp_path, 8090)))
    assert found.exit_code == ExitStatus.OK
    assert "instrument    2 ETHUSDT at paper: tick 0.01, lot 0.0001" in found.stdout
    assert "agent         3 signal: signal at ipc://" in found.stdout


def test_check_as_json_is_the_whole_configuration(tmp_path: Path) -> None:
    found = json.loads(invoke("check", "--json", "-c", write(tmp_path, embedded.default_tree(tmp_path, 8090))).stdout)
    assert found["mesh"]["beat_interval_ms"] == 100
    assert found["agents"]["risk"]["role"] == "risk"


@pytest.mark.parametrize("command", ["check", "up", "status"])
def test_wrong_key_is_named(tmp_path: Path, command: str) -> None:
    tree = embedded.default_tree(tmp_path, 8090)
    tree["agents"]["md"]["stale_after"] = 5
    found = invoke(command, "-c", write(tmp_path, tree))
    assert found.exit_code == ExitStatus.CONFIG
    assert "agents.md" in found.stderr
    assert "stale_after" in found.stderr
    assert found.stderr.startswith("tickmesh: ")
    assert found.stderr.count("\n") == 1
    assert found.stdout == ""


def test_missing_configuration_is_named(tmp_path: Path) -> None:
    found = invoke("agent", "md", "-c", tmp_path / "nothing.toml")
    assert found.exit_code == ExitStatus.CONFIG
    assert "nothing.toml" in found.stderr


@pytest.mark.parametrize("with_config", [False, True])
def test_missing_capture_is_named(tmp_path: Path, with_config: bool) -> None:
    options = ("-c", write(tmp_path, embedded.default_tree(tmp_path, 8090))) if with_config else ()
    found = invoke("up", *options, "--capture", tmp_path / "nothing.gz")
    assert found.exit_code == ExitStatus.NO_INPUT
    assert "nothing.gz" in found.stderr


def test_missing_capture_of_a_configuration_is_named(tmp_path: Path) -> None:
    tree = embedded.default_tree(tmp_path, 8090, captures=(str(tmp_path / "nothing.gz"),))
    assert invoke("up", "-c", write(tmp_path, tree)).exit_code == ExitStatus.NO_INPUT


@pytest.mark.parametrize("arguments", [("status",), ("tap", "md")])
def test_without_any_run_there_is_nobody_to_ask(arguments: tuple[str, ...]) -> None:
    found = invoke(*arguments)
    assert found.exit_code == ExitStatus.UNAVAILABLE
    assert "-c FILE" in found.stderr


def test_unknown_agent_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    found = invoke("tap", "mars", "-c", write(tmp_path, embedded.default_tree(tmp_path, 8090)))
    assert found.exit_code == ExitStatus.CONFIG
    assert "portfolio" in found.stderr


def test_usage_errors_end_with_two() -> None:
    assert invoke("up", "--speed", "0").exit_code == ExitStatus.USAGE
    assert invoke("fly").exit_code == ExitStatus.USAGE


def test_an_agent_starts_without_what_only_people_need() -> None:
    code = "import sys, mesh.cli; print(sorted({'rich', 'tomli_w', 'zmq', 'aiohttp', 'asyncio'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

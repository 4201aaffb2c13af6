"""Commands that act on trading: what they refuse, and that they end when nobody is there."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mesh.cli.commands import cli
from mesh.cli.operating import COMMANDS
from mesh.operate import operator, withdrawal
from mesh.run import default_config
from schemas.errors import ExitStatus


@pytest.fixture
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (withdrawal, operator):
        monkeypatch.setattr(module, "ANSWER_S_MAX", 0.05)
    monkeypatch.setattr(withdrawal, "REAPER_S_MAX", 0.05)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    tree = default_config.default_tree(tmp_path / "state", 8090)
    path = tmp_path / "mesh.toml"
    path.write_text(default_config.toml_text(tree))
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.mark.parametrize("command", ["halt", "reduce", "resume", "cancel", "flatten"])
@pytest.mark.parametrize(
    ("option", "name", "allowed"),
    [
        ("--strategy", "nobody", "allowed: ema_cross, book_imbalance"),
        ("--instrument", "SHIBUSDT", "allowed: BTCUSDT, ETHUSDT"),
        ("--venue", "binance", "allowed: paper"),
    ],
)
def test_a_name_that_is_none_is_refused(config_file: Path, command: str, option: str, name: str, allowed: str) -> None:
    found = invoke(command, option, name, "-c", config_file)
    assert found.exit_code == ExitStatus.CONFIG
    assert allowed in found.stderr
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("cancel", "ID", "--strategy", "ema_cross"),
        ("reset", "--reason", "x"),
        ("reset", "--peak"),
        ("halt", "--timeout", "0"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(config_file: Path, arguments: Any) -> None:
    assert invoke(*arguments, "-c", config_file).exit_code == ExitStatus.USAGE


@pytest.mark.parametrize(
    "arguments",
    [
        ("halt", "--timeout", "0.1"),
        ("reduce", "--timeout", "0.1"),
        ("resume",),
        ("cancel", "--timeout", "0.1"),
        ("cancel", "ID", "--timeout", "0.1"),
        ("flatten", "--timeout", "0.1"),
        ("reset", "--peak", "--reason", "x"),
    ],
)
def test_nobody_answers(config_file: Path, arguments: Any) -> None:
    found = invoke(*arguments, "--json", "-c", config_file)
    assert found.exit_code == ExitStatus.UNAVAILABLE
    assert json.loads(found.stdout)["done"] is False


def test_without_a_run_there_is_nothing_to_act_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert invoke("halt").exit_code == ExitStatus.UNAVAILABLE


def test_all_are_commands() -> None:
    assert {command.name for command in COMMANDS} <= set(cli.commands)

"""The command line: what each command refuses, and with which exit status."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from mesh.cli.commands import _show_records, cli
from mesh.run import default_config, run_folders
from schemas.errors import ExitStatus


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def write(tmp_path: Path, tree: dict[str, Any]) -> Path:
    path = tmp_path / "mesh.toml"
    path.write_text(default_config.toml_text(tree))
    return path


def test_check_tells_what_a_configuration_defines(tmp_path: Path) -> None:
    found = invoke("check", "-c", write(tmp_path, default_config.default_tree(tmp_path, 8090)))
    assert found.exit_code == ExitStatus.OK
    assert "instrument    2 ETHUSDT at paper: tick 0.01, lot 0.0001" in found.stdout
    assert "agent         3 signal: signal at ipc://" in found.stdout


def test_check_as_json_is_the_whole_configuration(tmp_path: Path) -> None:
    found = json.loads(
        invoke("check", "--json", "-c", write(tmp_path, default_config.default_tree(tmp_path, 8090))).stdout
    )
    assert found["mesh"]["beat_interval_ms"] == 100
    assert found["agents"]["risk"]["role"] == "risk"


def set_strategy(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda tree: tree["agents"]["signal"]["strategies"][0].update(changes)


def set_agent(name: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda tree: tree["agents"][name].update(changes)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda tree: tree["venues"][0].update(kind="binance_spott"), "venues[0].kind: found 'binance_spott'"),
        (set_strategy(path="agents.strategies.ema_cross:Nope"), "agents.signal: strategies.ema_cross.path"),
        (set_strategy(path="agents.strategies.nowhere:Nope"), "agents.signal: strategies.ema_cross.path"),
        (set_strategy(params={"fastt": 3}), "strategies.ema_cross.params: Object contains unknown field `fastt`"),
        (set_strategy(params={"fast": 9, "slow": 3}), "strategies.ema_cross.params: fast 9"),
        (set_agent("risk", limits={"order_qty_max": "1.0123456789"}), "agents.risk.limits.order_qty_max: found"),
        (set_agent("risk", log_retention_bytes=1 << 30), "agents.risk.log_retention_bytes"),
        (lambda tree: tree["instruments"][0].update(feeds=["tradee"]), "instruments[0].feeds[0]: found 'tradee'"),
        (lambda tree: tree["instruments"][0].update(feeds=["markPrice"]), "instruments.BTCUSDT.feeds: 'markPrice'"),
        (lambda tree: tree["venues"][0].update(kind="binance_coinm"), "agents.execution.venue"),
        (set_agent("paper", listen="nonsense"), "agents.paper.listen: found 'nonsense'"),
        (set_agent("archive", dsn="nonsense"), "agents.archive.dsn: found 'nonsense'"),
    ],
)
def test_check_refuses_what_an_agent_would_refuse(tmp_path: Path, change: Any, named: str) -> None:
    tree = default_config.default_tree(tmp_path, 8090)
    change(tree)
    found = invoke("check", "-c", write(tmp_path, tree))
    assert found.exit_code == ExitStatus.CONFIG
    assert named in found.stderr
    assert found.stderr.count("\n") == 1
    assert found.stdout == ""
    assert [file.name for file in tmp_path.iterdir()] == ["mesh.toml"]


def test_check_refuses_a_capture_that_is_missing_or_no_capture(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no capture\n")
    for path in (tmp_path / "nothing.gz", text):
        tree = default_config.default_tree(tmp_path, 8090, captures=(str(path),))
        found = invoke("check", "-c", write(tmp_path, tree))
        assert found.exit_code == ExitStatus.NO_INPUT
        assert path.name in found.stderr


def test_check_takes_the_configuration_of_the_newest_up(tmp_path: Path) -> None:
    run_folders.set_current(write(tmp_path, default_config.default_tree(tmp_path, 8090)))
    found = invoke("check")
    assert found.exit_code == ExitStatus.OK
    assert "agent         3 signal" in found.stdout


def test_agent_takes_the_configuration_of_the_newest_up(tmp_path: Path) -> None:
    run_folders.set_current(write(tmp_path, default_config.default_tree(tmp_path, 8090)))
    found = invoke("agent", "mars")
    assert found.exit_code == ExitStatus.CONFIG


def test_tap_tells_what_it_missed_up_to_the_last_frame_that_came(monkeypatch: pytest.MonkeyPatch) -> None:
    class FakeTap:
        def __init__(self, endpoint: str) -> None:
            self.dropped = 0
            self._reads = 0

        def read(self, timeout_s: float) -> list[str]:
            self._reads += 1
            # After the frames that were asked for, one more, which tells that two before it were dropped.
            self.dropped = 0 if self._reads == 1 else 2
            return ["first", "second"]

        def close(self) -> None:
            pass

    class Lines:
        def passes(self, record: str) -> bool:
            return True

        def line(self, record: str) -> str:
            return record

    monkeypatch.setattr("mesh.transport.tap.TapClient", FakeTap)
    command = click.Command("tap", callback=lambda: _show_records("ipc://x", Lines(), 2, False))
    found = CliRunner().invoke(command)
    assert found.stdout == "first\nsecond\n"
    assert found.stderr == "tickmesh: 2 frames shown, 2 dropped\n"


@pytest.mark.parametrize("command", ["check", "up", "status"])
def test_wrong_key_is_named(tmp_path: Path, command: str) -> None:
    tree = default_config.default_tree(tmp_path, 8090)
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
    options = ("-c", write(tmp_path, default_config.default_tree(tmp_path, 8090))) if with_config else ()
    found = invoke("up", *options, "--capture", tmp_path / "nothing.gz")
    assert found.exit_code == ExitStatus.NO_INPUT
    assert "nothing.gz" in found.stderr


def test_missing_capture_of_a_configuration_is_named(tmp_path: Path) -> None:
    tree = default_config.default_tree(tmp_path, 8090, captures=(str(tmp_path / "nothing.gz"),))
    assert invoke("up", "-c", write(tmp_path, tree)).exit_code == ExitStatus.NO_INPUT


@pytest.mark.parametrize("arguments", [("status",), ("tap", "md"), ("check",), ("agent", "md")])
def test_without_any_run_there_is_nobody_to_ask(arguments: tuple[str, ...]) -> None:
    found = invoke(*arguments)
    assert found.exit_code == ExitStatus.UNAVAILABLE
    assert "-c FILE" in found.stderr


def test_unknown_agent_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    found = invoke("tap", "mars", "-c", write(tmp_path, default_config.default_tree(tmp_path, 8090)))
    assert found.exit_code == ExitStatus.CONFIG
    assert "portfolio" in found.stderr


def test_usage_errors_end_with_two() -> None:
    assert invoke("up", "--speed", "0").exit_code == ExitStatus.USAGE


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--venue", "kraken"), "kraken"),
        (("--venue", "bybit", "-c"), "names its venues itself"),
        (("--venue", "bybit", "--capture"), "none beside --capture"),
    ],
)
def test_a_venue_that_is_not_modelled_or_has_no_meaning_is_refused(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    file = Path(write(tmp_path, default_config.default_tree(tmp_path, 8090)))
    found = invoke("up", *options, *([file] if options[-1].startswith("-") else []))
    assert found.exit_code == ExitStatus.CONFIG
    assert said in found.stderr
    assert invoke("fly").exit_code == ExitStatus.USAGE


def test_an_agent_starts_without_what_only_people_need() -> None:
    unwanted = {"rich", "tomli_w", "zmq", "aiohttp", "asyncio"}
    code = f"import sys, mesh.cli.commands; print(sorted({unwanted} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

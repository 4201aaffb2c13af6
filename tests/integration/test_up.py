"""`tickmesh up` with real processes: a whole run, its commands, and how it ends when something is wrong."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mesh.config import load
from mesh.run import default_config
from mesh.transport.client import Client
from schemas.errors import ExitStatus

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.whole_mesh, pytest.mark.timeout(300)]
DEADLINE_S = 90.0
MODEL_S = 11
"""The third line that `up` shows, one every five seconds, is in it."""

SCREEN_LINES = 45

CREDENTIALS = {"TICKMESH_PAPER_KEY": "key-of-this-test", "TICKMESH_PAPER_SECRET": "secret-of-this-test"}
USDM = "raw/binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz"
USDM_TICKS = 1468
"""1,535 recorded frames less 67 klines, which are no ticks (counted with zgrep)."""

SPOT = "raw/binance-spot/cryptofeed/2021-04-05_BINANCE-b38f7c.0.gz"
SPOT_TICKS = 11_357
"""All recorded frames (`data/MANIFEST.md`)."""


class Mesh:
    """A folder in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.config = self.state / "tickmesh.toml"
        self._environment = {**os.environ, **CREDENTIALS, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder)}

    def command(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._line(arguments), env=self._environment, capture_output=True, text=True, timeout=DEADLINE_S
        )

    @contextmanager
    def up(self, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        """Run `up` and end it if it still runs."""
        line = self._line(("up", "--state-dir", self.state, *arguments))
        with subprocess.Popen(
            line, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def wait_until_ready(self) -> None:
        """Wait until every agent answers."""
        deadline_s = time.monotonic() + DEADLINE_S
        while not self.config.exists():
            assert time.monotonic() < deadline_s, "there was no configuration within the deadline"
            time.sleep(0.1)
        config = load(self.config)
        with Client(config) as client:
            while set(client.statuses()) != set(config.agents):
                assert time.monotonic() < deadline_s, "not all agents answered within the deadline"

    def status_when(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return what `status --json` says as soon as it is as wanted."""
        deadline_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline_s:
            found = json.loads(self.command("status", "--json", "-c", self.config).stdout)
            if wanted(found):
                return dict(found)
        pytest.fail("status was never as wanted")

    def _line(self, arguments: tuple[object, ...]) -> list[str]:
        return [sys.executable, "-m", "mesh", *(str(argument) for argument in arguments)]


@pytest.fixture
def mesh(tmp_path: Path) -> Mesh:
    return Mesh(tmp_path)


def restarts(found: dict[str, Any]) -> dict[str, int]:
    return {agent["name"]: agent["restarts"] for agent in found["agents"]}


def states(found: dict[str, Any]) -> dict[str, str]:
    return {agent["name"]: agent["state"] for agent in found["agents"]}


def write_default(folder: Path, port: int, **changes: Any) -> Path:
    tree = default_config.default_tree(folder / "state", port)
    tree["agents"]["md"] |= changes
    path = folder / "mesh.toml"
    path.write_text(default_config.toml_text(tree))
    return path


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait until `up` ends well; return what it wrote."""
    out, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == ExitStatus.OK, errors
    return out, errors


def assert_whole(found: dict[str, Any]) -> None:
    """Assert what must hold of every undisturbed run."""
    ticks = found["ticks"]
    assert ticks["captured"] == ticks["published"] == ticks["archived"] > 0
    assert found["links"]
    assert {link["lost"] for link in found["links"]} == {0}
    assert all(book["compared"] == book["equal"] > 0 for book in found["books"])
    assert found["signals"] == found["decisions"]["approved"] + sum(found["decisions"]["denied"].values())
    assert found["orders"]["unknown"] == 0
    assert found["positions"] == pytest.approx(found["account"], abs=1e-9)
    assert {agent["restarts"] for agent in found["agents"]} == {0}


class ModelRun(NamedTuple):
    """A run of the model that has ended, in its folder, and what it wrote."""

    mesh: Mesh
    report: dict[str, Any]
    errors: str
    elapsed_s: float


@pytest.fixture(scope="module")
def model_run(tmp_path_factory: pytest.TempPathFactory) -> ModelRun:
    mesh = Mesh(tmp_path_factory.mktemp("model"))
    begun_s = time.monotonic()
    with mesh.up("--json", "--duration", MODEL_S) as process:
        mesh.wait_until_ready()
        out, errors = ended(process)
    return ModelRun(mesh, json.loads(out), errors, time.monotonic() - begun_s)


def test_model_run_loses_nothing_and_reports_it(model_run: ModelRun) -> None:
    mesh, found, errors, elapsed_s = model_run
    assert_whole(found)
    assert found["signals"] > 0
    refused = found["counters"].get("execution", {}).get("submits_refused", 0)
    assert found["orders"]["submitted"] == found["decisions"]["approved"] - refused
    assert found["latency_ns"]["md>signal"]["count"] > 0
    assert MODEL_S <= found["elapsed_s"] < elapsed_s
    assert found["fills"] > 0
    assert found["tops"]["ETHUSDT"]["bid"] < found["tops"]["ETHUSDT"]["ask"]
    assert {agent["name"]: agent["published_per_s"] > 0 for agent in found["agents"]}["md"]
    assert "agents 8/8 live" in errors
    assert re.search(r"tick to order p50 \d+", errors)
    assert not (mesh.state / "run.json").exists()
    assert re.search(r"BTCUSDT \d+\.\d\d/\d+\.\d\d ", errors)
    assert mesh.command("status", "-c", mesh.config).returncode == ExitStatus.UNAVAILABLE
    assert mesh.command("tap", "md", "-c", mesh.config).returncode == ExitStatus.UNAVAILABLE
    secrets = [value.encode() for value in CREDENTIALS.values()]
    for file in mesh.state.rglob("*"):
        assert not (file.is_file() and any(secret in file.read_bytes() for secret in secrets)), file


class LaterRun(NamedTuple):
    """A second run in the folder of the first: what commands said while it ran, and what it wrote."""

    mesh: Mesh
    records: subprocess.CompletedProcess[str]
    again: subprocess.CompletedProcess[str]
    whole_again: subprocess.CompletedProcess[str]
    newest: subprocess.CompletedProcess[str]
    seen: dict[str, Any]
    elapsed_s: float
    after_kill: dict[str, Any]
    out: str
    errors: str

    def line(self, name: str) -> str:
        """Return what the report tells under this name."""
        (found,) = (line for line in self.out.splitlines() if line.startswith(f"{name} "))
        return found.partition(" ")[2].strip()

    def amounts(self, name: str) -> dict[str, Decimal]:
        """Return the amounts that the report tells under this name."""
        return {symbol: Decimal(qty) for symbol, qty in (each.split(" ") for each in self.line(name).split(", "))}


@pytest.fixture(scope="module")
def later_run(model_run: ModelRun) -> LaterRun:
    """Run once more in the same folder, with risk killed meanwhile and SIGTERM at the end."""
    mesh = model_run.mesh
    begun_s = time.monotonic()
    with mesh.up() as process:
        mesh.wait_until_ready()
        records = mesh.command("tap", "md", "-c", mesh.config, "--stream", "BOOK/1", "--count", 5, "--json")
        again = mesh.command("agent", "md", "-c", mesh.config)
        whole_again = mesh.command("up", "-c", mesh.config)
        newest = mesh.command("status")
        seen = json.loads(mesh.command("status", "--json").stdout)
        elapsed_s = time.monotonic() - begun_s
        os.kill(int((mesh.state / "risk/lock").read_text()), signal.SIGKILL)
        after_kill = mesh.status_when(lambda found: restarts(found)["risk"] == 1 and states(found)["risk"] == "live")
        process.send_signal(signal.SIGTERM)
        out, errors = ended(process)
    return LaterRun(mesh, records, again, whole_again, newest, seen, elapsed_s, after_kill, out, errors)


def test_commands_find_the_run_and_leave_it_alone(later_run: LaterRun) -> None:
    run, seen = later_run, later_run.seen
    assert [json.loads(line)["type"] for line in run.records.stdout.splitlines()].count("BookDelta") >= 4
    assert run.again.returncode == ExitStatus.ALREADY_RUNNING
    assert run.whole_again.returncode == ExitStatus.ALREADY_RUNNING
    assert "already running" in run.whole_again.stderr
    assert run.newest.returncode == ExitStatus.OK
    assert "md > signal" in run.newest.stdout
    assert next(agent for agent in seen["agents"] if agent["name"] == "md")["published_per_s"] > 0
    assert 0 < seen["elapsed_s"] < run.elapsed_s
    assert seen["tops"]["BTCUSDT"]["bid"] < seen["tops"]["BTCUSDT"]["ask"]


def test_sigterm_ends_a_run_in_order_with_its_report(later_run: LaterRun) -> None:
    assert later_run.line("links").endswith(", lost 0")
    assert re.search(r"^received +.*\bmd > signal [1-9]\d*", later_run.out, re.MULTILINE)
    assert len(later_run.out.splitlines()) <= SCREEN_LINES
    assert str(later_run.mesh.state) in later_run.errors


def test_status_of_a_later_run_tells_restarts_and_only_its_own_ticks(model_run: ModelRun, later_run: LaterRun) -> None:
    first, seen, found = model_run.report, later_run.after_kill, later_run
    told = dict(re.findall(r"^agent +(\S+): live, restarts (\d+), ", found.out, re.MULTILINE))
    assert restarts(seen) == {name: int(n) for name, n in told.items()} == dict.fromkeys(told, 0) | {"risk": 1}
    ticks = re.match(r"captured \d+, published (\d+) \(.*\), archived (\d+)$", found.line("ticks"))
    assert ticks is not None
    published, archived = map(int, ticks.groups())
    assert 0 < seen["ticks"]["published"] <= published
    assert seen["ticks"]["archived"] <= archived == published
    # The agents were asked one after the other: what differs between them is far less than the first run's ticks.
    assert seen["ticks"]["published"] - seen["ticks"]["captured"] < first["ticks"]["published"] / 2
    assert found.amounts("positions") == found.amounts("account")


@pytest.mark.parametrize(
    ("capture", "speed", "ticks", "instruments"),
    [
        pytest.param(USDM, 10, USDM_TICKS, "SUSHIUSDT AKROUSDT KEEPUSDT CTKUSDT", id="usdm"),
        pytest.param(
            SPOT,
            30,
            SPOT_TICKS,
            "ZILUSDT MANAUSDT DENTUSDT AXSBNB ETHBRL BTCSTUSDT QTUMETH BTCAUD RENBTCETH NEOUSDC",
            id="spot",
        ),
    ],
)
def test_capture_of_cryptofeed_is_played_to_its_end_and_archived_tick_for_tick(
    mesh: Mesh, data_dir: Path, capture: str, speed: int, ticks: int, instruments: str
) -> None:
    with mesh.up("--capture", data_dir / capture, "--speed", speed, "--json") as process:
        out, _ = ended(process)
    found = json.loads(out)
    assert_whole(found)
    assert found["ticks"] == dict.fromkeys(("captured", "published", "archived"), ticks)
    assert {book["instrument"] for book in found["books"]} == set(instruments.split())


def test_wrong_key_ends_before_anything_is_started(mesh: Mesh, tmp_path: Path) -> None:
    found = mesh.command("up", "-c", write_default(tmp_path, 8090, stale_after=1))
    assert found.returncode == ExitStatus.CONFIG
    assert "stale_after" in found.stderr
    assert not mesh.state.exists()


def test_taken_address_is_named(mesh: Mesh, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = mesh.command("up", "-c", write_default(tmp_path, port), "--json")
    assert found.returncode == ExitStatus.ADDRESS_TAKEN
    assert found.stdout == ""
    assert found.stderr.splitlines()[-1].startswith(f"tickmesh: agent paper: 127.0.0.1:{port}: ")


def test_missing_capture_is_named(mesh: Mesh, tmp_path: Path) -> None:
    found = mesh.command("up", "--capture", tmp_path / "nothing.gz")
    assert found.returncode == ExitStatus.NO_INPUT
    assert "nothing.gz" in found.stderr

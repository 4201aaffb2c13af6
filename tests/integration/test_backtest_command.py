"""`tickmesh backtest` from a capture to a result, and what is wrong with what it is given."""

import hashlib
import json
from pathlib import Path

import pytest

from core.frame import HEADER_SIZE, unpack
from core.log import LogReader
from mesh.protocol.codec import decode
from mesh.run.default_config import make_capture
from schemas.messages import OrderFilled, Trade
from tests.integration.backtest_run import backtest, refusal, tickmesh


@pytest.fixture(scope="module")
def capture(tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("capture") / "model.gz"
    make_capture(file, seed=7, duration_s=15.0)
    return str(file)


@pytest.fixture(scope="module")
def tested(capture, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("tested") / "out"
    ended = backtest("--capture", capture, "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    assert "equity" in ended.stdout
    return out


def hashes(out: Path) -> dict[str, str]:
    files = sorted(p for p in out.rglob("*") if p.is_file() and p.suffix != ".toml")
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_result_has_what_came_of_it(tested, capture):
    found = json.loads((tested / "result.json").read_text())
    assert found["format"] == 1
    assert found["data"]["sources"][0]["sha256"] == hashlib.sha256(Path(capture).read_bytes()).hexdigest()
    assert found["data"]["last_ns"] - found["data"]["first_ns"] > 14_000_000_000
    assert found["orders"]["submitted"] == found["approved"] > 0
    assert found["venues"]["paper"]["models"]["queue"] == "risk_averse"
    assert found["venues"]["paper"]["fills"] == found["fills"] == len(published(tested, "execution", OrderFilled))
    assert found["equity_not_known"] == ""


def test_market_data_is_logged_as_it_was_recorded(tested):
    assert len(published(tested, "md", Trade)) > 10


def test_the_same_inputs_give_the_same_bytes_under_another_hash_seed(tested, capture, tmp_path):
    out = tmp_path / "again"
    ended = backtest("--capture", capture, "--out", str(out), "--json", hash_seed="4711")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == json.loads((out / "result.json").read_text())
    assert hashes(out) == hashes(tested)


def test_its_configuration_runs_again(tested, capture, tmp_path):
    out = tmp_path / "again"
    ended = backtest("-c", str(tested / "tickmesh.toml"), "--capture", capture, "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    assert json.loads((out / "result.json").read_text())["fills"] > 0


def test_an_archive_is_played_as_the_capture_that_was_imported(tested, capture, tmp_path):
    """The same orders at the same prices, whichever way the market comes."""
    config = tmp_path / "tickmesh.toml"
    text = (tested / "tickmesh.toml").read_text()
    config.write_text(text.replace(str(tested / "logs"), str(tmp_path / "state")))
    imported = tickmesh("import", "-c", str(config), capture)
    assert imported.returncode == 0, imported.stderr
    out = tmp_path / "out"
    ended = backtest("-c", str(config), "--from", "2020-01-01", "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    found, expected = (json.loads((folder / "result.json").read_text()) for folder in (out, tested))
    assert found["data"]["sources"][0]["name"].startswith("archive tickmesh ")
    assert len(published(out, "execution", OrderFilled)) > 0
    for key in ("approved", "fills", "orders", "positions", "pnl"):
        assert found[key] == expected[key], key


def test_what_is_wrong_is_named(tested, capture, tmp_path):
    config = str(tested / "tickmesh.toml")
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(Path(capture).read_bytes()[:1000])
    cases = [
        (("--capture", capture, "--out", str(tested)), 78, "holds a backtest already"),
        (("-c", config, "--capture", "nowhere.gz"), 66, "nowhere.gz"),
        (("-c", config, "--capture", str(damaged)), 66, "damaged.gz"),
        (("-c", str(tmp_path / "none.toml"), "--capture", capture), 78, "none.toml"),
        (("-c", config), 2, "--capture"),
        (("-c", config, "--capture", capture, "--from", "2020-01-01"), 2, "--capture"),
        (("-c", config, "--from", "yesterday"), 2, "yesterday"),
        (("-c", config, "--from", "2021-01-01", "--to", "2020-01-01"), 2, "is not before"),
        (("-c", config, "--from", "2021-01-01", "--archive", "md"), 78, "--archive"),
    ]
    for args, status, text in cases:
        found, said = refusal("backtest", *args, *(() if "--out" in args else ("--out", str(tmp_path / "out"))))
        assert (found, text in said) == (status, True), said
    ended = backtest(*cases[0][0])
    assert (ended.returncode, cases[0][2] in ended.stderr) == (78, True)


def published(out: Path, agent: str, kind: type) -> list:
    log = LogReader(str(out / "logs" / agent / "log"))
    found = [decode(unpack(frame).type, frame[HEADER_SIZE:]) for _, frame in log.scan()]
    return [each for each in found if isinstance(each, kind)]

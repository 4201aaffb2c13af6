"""`tickmesh parity` on runs of the paper venue, tested and live, and what is wrong with what it is given."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.integration.backtest_run import leave_result, tickmesh

LONG = bool(os.environ.get("TICKMESH_LONG"))


@pytest.fixture(scope="module")
def tested(tmp_path_factory) -> Path:
    return leave_result(tmp_path_factory.mktemp("tested"))


def parity(*args: str) -> "tuple[int, str, str]":
    ended = tickmesh("parity", *args)
    return ended.returncode, ended.stdout, ended.stderr


def test_a_backtest_has_its_own_venue_as_the_best(tested, tmp_path):
    """The desk of `up` takes: its orders tell the latency, and no queue."""
    status, said, wrong = parity(str(tested), "--out", str(tmp_path / "out"), "--orders", "3")
    assert status == 0, wrong
    assert "tickmesh" not in wrong
    found = json.loads((tmp_path / "out" / "parity.json").read_bytes())
    assert found["format"] == 1
    assert found["orders"] > 5
    assert found["market"] == "the logs of md"
    assert {name.partition("/")[2] for name in found["alike"]} == {"5ms"}
    assert found["models"][0]["simulated"] == found["real"]
    assert "do not tell which of" in said
    for line in ("real ", "risk_averse/5ms", "parity.parquet", "on the way to the venue"):
        assert line in said, said


def test_models_that_are_named_and_json(tested, tmp_path):
    status, said, wrong = parity(str(tested), "--model", "log/5ms,1ms", "--out", str(tmp_path / "out"), "--json")
    assert status == 0, wrong
    found = json.loads(said)
    assert [each["name"] for each in found["models"]] == ["log/5ms", "log/1ms"]
    assert found["best"] == "log/5ms"
    assert said == (tmp_path / "out" / "parity.json").read_text()


def test_a_run_that_has_moved_and_a_capture_for_its_market(tested, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(tested, moved)
    shutil.rmtree(moved / "logs" / "md")
    status, _, wrong = parity(str(moved), "--out", str(tmp_path / "none"))
    assert (status, "no log of market data" in wrong) == (66, True), wrong
    capture = str(tested.parent / "model.gz")
    status, said, wrong = parity(
        str(moved), "--capture", capture, "--model", "log/5ms", "--out", str(tmp_path / "out"), "--json"
    )
    assert status == 0, wrong
    assert json.loads(said)["models"][0]["distance"] == 0.0


def test_what_is_wrong_is_named(tested, tmp_path):
    bare, silent = tmp_path / "bare", tmp_path / "silent"
    bare.mkdir()
    shutil.copytree(tested, silent)
    shutil.rmtree(silent / "logs" / "execution")
    cases = [
        (("nowhere",), 66, "there is no such run"),
        ((str(bare),), 78, "holds no tickmesh.toml"),
        ((str(silent),), 66, "no order was sent"),
        ((str(tested), "--model", "fifo/1ms"), 78, "allowed: risk_averse"),
        ((str(tested), "--model", "log/1h"), 78, "allowed: measured"),
        ((str(tested), "--capture", "nowhere.gz"), 66, "nowhere.gz"),
        ((str(tested), "--capture", "x.gz", "--from", "2020-01-01"), 2, "--capture"),
        ((str(tested), "--from", "2020-01-01"), 78, "the archive holds nothing"),
    ]
    for args, status, text in cases:
        found, _, wrong = parity(*args, "--out", str(tmp_path / "out"))
        assert (found, text in wrong) == (status, True), (args, found, wrong)


@pytest.mark.skipif(not LONG, reason="imports into an archive: set TICKMESH_LONG=1")
def test_a_backtest_of_an_archive_finds_its_market_there(tested, tmp_path):
    config = tmp_path / "tickmesh.toml"
    text = (tested / "tickmesh.toml").read_text()
    config.write_text(text.replace(str(tested / "logs"), str(tmp_path / "state")))
    out = tmp_path / "out"
    for args in (
        ("import", "-c", str(config), str(tested.parent / "model.gz")),
        ("backtest", "-c", str(config), "--from", "2020-01-01", "--out", str(out)),
    ):
        ended = tickmesh(*args)
        assert ended.returncode == 0, ended.stderr
    for named in ((), ("--from", "2020-01-01")):
        folder = tmp_path / f"parity{len(named)}"
        model = ("--model", "log/5ms", "--json")
        status, said, wrong = parity(str(out), "-c", str(config), *named, *model, "--out", str(folder))
        assert status == 0, wrong
        found = json.loads(said)
        assert found["market"].startswith("archive tickmesh ")
        assert found["models"][0]["simulated"] == found["real"]

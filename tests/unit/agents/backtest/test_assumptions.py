"""What a configuration has a backtest assume: its own words before the paper venue's, and those before the whole's."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.backtest.assumptions import assumptions_of
from mesh.config import parse
from mesh.run.default_config import default_tree
from schemas.config import Config
from schemas.errors import ConfigError


def config(tmp_path: Path, backtest: dict[str, Any], *, paper: bool = True) -> Config:
    tree = default_tree(tmp_path, 1)
    tree["agents"]["paper"]["maker_fee"] = "0.0002"
    if not paper:
        del tree["agents"]["paper"]
    tree["backtest"] = backtest
    return parse(tree)


def assumed(config: Config) -> dict[str, Any]:
    return assumptions_of(config, config.venues[0], 1).named()


def test_without_a_word_it_is_the_paper_venue_s_and_the_defaults(tmp_path: Path) -> None:
    assert assumed(config(tmp_path, {})) == {
        "queue": "risk_averse",
        "feed": "recorded",
        "entry": "constant 5000 us",
        "answer": "constant 5000 us",
        "maker_fee": "0.0002",
        "taker_fee": "0.001",
        "balances": {"USDT": "1000000"},
    }


def test_a_venue_s_own_words_come_first(tmp_path: Path) -> None:
    own = {"queue": "power", "maker_fee": "0", "balances": {"USDT": "5"}, "entry": {"us": 10}}
    found = assumed(config(tmp_path, {"queue": "log", "entry": {"us": 99}, "venues": {"paper": own}}))
    assert (found["queue"], found["queue_power"], found["entry"]) == ("power", 3.0, "constant 10 us")
    assert (found["maker_fee"], found["balances"]) == ("0", {"USDT": "5"})


def test_measured_latency_is_drawn_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "hops.json"
    file.write_text(json.dumps([[100, 200, 3], [300, 400, 1]]))
    made = config(tmp_path, {"entry": {"model": "measured", "file": str(file)}})
    found = assumptions_of(made, made.venues[0], 1).entry
    assert found.text == "measured hops.json"
    assert all(100 <= found.draw() <= 400 for _ in range(100))


def test_measured_latency_is_drawn_from_the_percentiles_of_a_run_s_report(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    hop = {"count": 5, "p50": 1_000, "p99": 9_000, "p999": 20_000, "max": 50_000}
    file.write_text(json.dumps({"latency_ns": {"tick>md": hop}}))
    made = config(tmp_path, {"feed": {"model": "measured", "file": str(file), "hop": "tick>md"}})
    found = assumptions_of(made, made.venues[0], 1).feed
    assert found is not None
    assert found.text == "measured report.json tick>md"
    drawn = sorted(found.draw() for _ in range(20_000))
    assert 980 < drawn[10_000] < 1_200
    assert 8_700 < drawn[19_800] < 9_200
    assert 500 <= drawn[0] <= drawn[-1] <= 50_000


@pytest.mark.parametrize(
    ("backtest", "text"),
    [
        ({"entry": {"model": "recorded"}}, "backtest.entry.model: found 'recorded'"),
        ({"answer": {"model": "measured"}}, "backtest.answer.file: not set"),
        ({"feed": {"model": "measured", "file": "/nowhere.json"}}, "backtest.feed.file: /nowhere.json: "),
        ({"feed": {"model": "measured", "file": __file__}}, "backtest.feed.file: "),
        ({"venues": {"paper": {"entry": {"model": "recorded"}}}}, "backtest.venues.paper.entry.model"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, backtest: dict[str, Any], text: str) -> None:
    made = config(tmp_path, backtest)
    with pytest.raises(ConfigError, match=text.replace(".", r"\.")):
        assumptions_of(made, made.venues[0], 1)


def test_an_account_without_money_is_named(tmp_path: Path) -> None:
    found = config(tmp_path, {}, paper=False)
    with pytest.raises(ConfigError, match=r"backtest\.venues\.paper\.balances: not set"):
        assumptions_of(found, found.venues[0], 1)


def test_a_venue_that_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"backtest\.venues: found 'nowhere'"):
        config(tmp_path, {"venues": {"nowhere": {}}})

"""Values of a configuration by their paths."""

import pytest

from agents.backtest.places import place_at, placed, value_of
from schemas.errors import ConfigError

TREE = {
    "agents": {
        "risk": {"limits": {"position_max": "5", "rate": 2.5}},
        "signal": {"strategies": [{"name": "a", "params": {"n": 1}}]},
    }
}


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("2.5", 2.5), ("true", True), ("nan", "nan"), ("1e400", "1e400"), ("fok", "fok"), ("", "")],
)
def test_a_text_stands_for_a_number_a_truth_or_itself(text, value):
    assert (value_of(text), type(value_of(text))) == (value, type(value))


def test_a_table_of_a_list_goes_by_its_name():
    place = place_at("agents.signal.strategies.a.params.n", TREE, "--set")
    assert place == ("agents", "signal", "strategies", 0, "params", "n")
    assert placed(TREE, {"n": place}, {"n": 3})["agents"]["signal"]["strategies"][0]["params"] == {"n": 3}
    assert TREE["agents"]["signal"]["strategies"][0]["params"] == {"n": 1}


def test_what_is_a_text_stays_one():
    place = place_at("agents.risk.limits.position_max", TREE, "--set")
    assert placed(TREE, {"x": place}, {"x": 2})["agents"]["risk"]["limits"]["position_max"] == "2"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("agents.risk.limits.positon_max", "no 'positon_max' in agents.risk.limits (found: position_max, rate)"),
        ("agent.risk", "no 'agent' in the file (found: agents)"),
        ("agents.risk.limits", "a table, not a value (found in it: position_max, rate)"),
        ("agents.risk.limits.rate.x", "no 'x' in agents.risk.limits.rate (found: no keys)"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_what_there_is(path, told):
    with pytest.raises(ConfigError) as caught:
        place_at(path, TREE, "--set")
    assert str(caught.value) == f"--set {path}: {told}"

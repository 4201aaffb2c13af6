"""The grammar of a grid, where its names stand, and the variants that it makes."""

import pytest

from agents.backtest.places import placed
from agents.backtest.sweep.grid import VARIANTS_MAX, Axis, parse_axis, place_of, variants
from schemas.errors import ConfigError

TREE = {
    "desk": {"currency": "USDT"},
    "agents": {
        "md": {"role": "market_data", "gap_ms": 5},
        "signal": {
            "role": "signal",
            "strategies": [
                {"name": "cross", "params": {"fast": 3, "size": 1.5}},
                {"name": "book", "params": {"size": 2.0, "levels": 5}},
            ],
        },
        "risk": {"role": "risk", "limits": {"position_max": "1.5", "open_orders_max": 10}},
    },
    "backtest": {"queue": "power", "venues": {}},
}


def takes_all(place):
    return ""


def takes_none(place):
    return "unknown field"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("fast=3:6", (3, 4, 5, 6)),
        ("slow=8:40:16", (8, 24, 40)),
        ("slow=8:39:16", (8, 24)),
        ("x=-2:0", (-2, -1, 0)),
        ("x=0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("x=1:2:0.5", (1.0, 1.5, 2.0)),
        ("x=5", (5,)),
        ("x=5,2.5,1", (5, 2.5, 1)),
        ("q=power,log", ("power", "log")),
        ("x=true,false", (True, False)),
    ],
)
def test_values_of_an_axis(text, values):
    axis = parse_axis(text)
    assert axis.values == values
    assert [type(each) for each in axis.values] == [type(each) for each in values]


@pytest.mark.parametrize(
    "text", ["fast", "=3", "fast=", "x=3:1", "x=1:2:0", "x=1:2:-1", "x=a:b", "x=1:2:3:4", "x=1,1", "x=0:1e9", "x=0:inf"]
)
def test_what_is_no_axis_is_refused(text):
    with pytest.raises(ConfigError, match="--grid"):
        parse_axis(text)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("fast", ("agents", "signal", "strategies", 0, "params", "fast")),
        ("book.size", ("agents", "signal", "strategies", 1, "params", "size")),
        ("book.other", ("agents", "signal", "strategies", 1, "params", "other")),
        ("agents.risk.limits.position_max", ("agents", "risk", "limits", "position_max")),
        ("agents.signal.strategies.book.params.levels", ("agents", "signal", "strategies", 1, "params", "levels")),
        ("backtest.queue", ("backtest", "queue")),
    ],
)
def test_where_a_name_stands(name, place):
    assert place_of(name, TREE, takes_all) == place


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("size", "cross.size, book.size"),
        ("new", "cross.new, book.new"),
        ("none.size", "found: cross, book"),
        ("agents.risk.limits.position", "position_max, open_orders_max"),
        ("agents.risc.limits", "found: md, signal, risk"),
        ("agents.risk.limits", "a table, not a value"),
        ("agents.md.gap_ms", "made once"),
    ],
)
def test_what_a_name_may_be_is_told(name, told):
    with pytest.raises(ConfigError, match=told):
        place_of(name, TREE, takes_all)


def test_a_parameter_that_nobody_takes_is_refused_with_what_is_set():
    with pytest.raises(ConfigError, match=r"cross: unknown field.*cross: fast, size; book: size, levels"):
        place_of("fats", TREE, takes_none)


def test_values_are_set_in_a_copy_and_amounts_stay_texts():
    name = "agents.risk.limits.position_max"
    places = {name: place_of(name, TREE, takes_all), "fast": place_of("fast", TREE, takes_all)}
    found = placed(TREE, places, {name: 2.5, "fast": 9})
    assert found["agents"]["risk"]["limits"]["position_max"] == "2.5"
    assert found["agents"]["signal"]["strategies"][0]["params"] == {"fast": 9, "size": 1.5}
    assert TREE["agents"]["signal"]["strategies"][0]["params"]["fast"] == 3


def test_the_last_axis_is_the_fastest():
    assert variants([Axis("a", (1, 2)), Axis("b", ("x", "y"))]) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]


def test_draws_are_of_the_grid_each_once_and_the_same_for_a_seed():
    axes = [Axis("a", tuple(range(300))), Axis("b", tuple(range(300)))]
    drawn = variants(axes, random=50, seed=3)
    assert drawn == variants(axes, random=50, seed=3) != variants(axes, random=50, seed=4)
    assert len({tuple(each.values()) for each in drawn}) == 50
    assert drawn[0] == {"a": drawn[0]["a"], "b": drawn[0]["b"]}
    assert len(variants(axes[:1], random=1000)) == 300


def test_a_grid_has_a_limit_and_each_name_once():
    side = tuple(range(VARIANTS_MAX // 100 + 1))
    with pytest.raises(ConfigError, match=r"allowed: 10000; --random"):
        variants([Axis("a", side), Axis("b", tuple(range(100)))])
    with pytest.raises(ConfigError, match="twice"):
        variants([Axis("a", (1,)), Axis("a", (2,))])

"""A result as Markdown."""

from bench.markdown import curves, ratios, table
from bench.result import Distribution, Result, ScenarioResult, TargetLine


def result(*distributions: Distribution) -> Result:
    scenario = ScenarioResult(name="tick_to_order", title="", distributions=list(distributions))
    return Result(
        format=1,
        started="2026-01-02T03:04:05+00:00",
        seconds=1.0,
        commit="",
        machine={},
        versions={},
        settings={},
        scenarios=[scenario],
        targets=[],
    )


def closed(name: str, p50: float, p99: float) -> Distribution:
    points = [(50.0, p50), (99.0, p99), (100.0, 2 * p99)]
    return Distribution(group="closed", name=name, unit="us", count=1000, percentiles=points)


def test_targets_that_hold_are_bold_and_those_not_measured_say_why() -> None:
    lines = [
        TargetLine(
            name="log", target="<= 2", measured=1.5, reference="", holds=True, unit="us", beside={"core.naive.p50": 3.0}
        ),
        TargetLine(name="import", target="<= 110 ms", measured=161.0, reference="", holds=False, unit="ms"),
        TargetLine(name="nats", target=">= 4 x", measured=None, reference="", holds=None, why="not measured: x"),
    ]
    assert table(lines).splitlines()[2:] == [
        "| **log** | <= 2 | **1.5 us** | naive.p50 3 |",
        "| import | <= 110 ms | 161 ms |  |",
        "| nats | >= 4 x | | not measured: x |",
    ]


def test_chains_are_drawn_as_multiples_of_the_one_in_c() -> None:
    lines = ratios(result(closed("agents_ipc", 300.0, 400.0), closed("c_ipc", 100.0, 200.0), closed("other", 1, 1)))
    assert '    x-axis ["C chain", "Tickmesh"]' in lines.splitlines()
    assert "    bar [1.00, 3.00]" in lines.splitlines()


def test_curves_have_the_percentiles_of_each_chain_in_order() -> None:
    lines = curves(result(closed("agents_ipc", 300.0, 400.0), closed("c_ipc", 100.0, 200.0)))
    assert lines.splitlines()[-3:] == [
        "    line [100, 200, 200, 200, 200]",
        "    line [300, 400, 400, 400, 400]",
        "```",
    ]

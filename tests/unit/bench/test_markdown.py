"""A result as Markdown."""

from bench.markdown import curves, latencies, ratios, table, text
from bench.result import Distribution, Result, ScenarioResult, TargetLine


def result(*distributions: Distribution) -> Result:
    scenario = ScenarioResult(name="tick_to_order", title="", distributions=list(distributions))
    return Result(
        format=1,
        started="2026-01-02T03:04:05+00:00",
        seconds=1.0,
        commit="",
        machine={"processor": "P", "cpus": 2, "kernel": "6", "python": "3.11", "load_before": [0.5, 0.4, 0.3]},
        versions={},
        settings={"mode": "full"},
        method={},
        scenarios=[scenario],
        targets=[],
    )


def closed(name: str, p50: float, p99: float) -> Distribution:
    points = [(50.0, p50), (99.0, p99), (100.0, 2 * p99)]
    return Distribution(group="closed", name=name, unit="us", count=1000, percentiles=points)


def test_targets_that_hold_are_bold_and_those_not_measured_say_why() -> None:
    lines = [
        TargetLine(
            name="log",
            target="<= 2",
            measured=1.5,
            reference=None,
            holds=True,
            unit="us",
            rounds=9,
            beside={"core.naive.p50": 3.0},
        ),
        TargetLine(name="import", target="<= 110 ms", measured=161.0, reference=None, holds=False, unit="ms", rounds=3),
        TargetLine(name="nats", target=">= 4 x", measured=None, reference=None, holds=None, why="not measured: x"),
    ]
    assert table(lines).splitlines()[2:] == [
        "| **log** | <= 2 | **1.5 us** | 9 | naive.p50 3 |",
        "| import | <= 110 ms | 161 ms | 3 |  |",
        "| nats | >= 4 x | | | not measured: x |",
    ]


def test_chains_are_drawn_as_multiples_of_the_one_in_c() -> None:
    lines = ratios(result(closed("agents_ipc", 300.0, 400.0), closed("c_ipc", 100.0, 200.0), closed("other", 1, 1)))
    assert '    x-axis ["C chain", "Tickmesh"]' in lines.splitlines()
    assert "    bar [1.00, 3.00]" in lines.splitlines()


def test_curves_are_logarithms_up_to_the_maximum_and_the_table_has_the_figures() -> None:
    found = result(closed("agents_ipc", 100.0, 1000.0), closed("c_ipc", 10.0, 100.0))
    assert curves(found).splitlines()[-3:] == [
        "    line [1.00, 2.00, 2.00, 2.30, 2.30]",
        "    line [2.00, 3.00, 3.00, 3.30, 3.30]",
        "```",
    ]
    assert latencies(found).splitlines() == [
        "| tick to order, us | p50 | p90 | p99 | p99.9 | max |",
        "|---|---|---|---|---|---|",
        "| C chain | 10 | 100 | 100 | 200 | 200 |",
        "| Tickmesh | 100 | 1,000 | 1,000 | 2,000 | 2,000 |",
    ]


def test_run_without_chains_has_its_table_and_no_pictures() -> None:
    assert "mermaid" not in text(result())
    assert text(result()).startswith("P, 2 CPUs, Linux 6, Python 3.11; 2026-01-02")

"""The table of targets against the figures of a run."""

from bench.result import FORMAT, Figure, Result, ScenarioResult, TargetLine
from bench.suite import SCENARIOS
from bench.targets import TARGETS, lines


def run(**rounds: list[float]) -> dict[str, TargetLine]:
    figures = [Figure(name=name.replace("__", "."), unit="us", rounds=found) for name, found in rounds.items()]
    result = Result(
        format=FORMAT,
        started="",
        seconds=1.0,
        commit="",
        machine={},
        versions={},
        settings={},
        method={},
        scenarios=[ScenarioResult(name="any", title="Any", figures=figures)],
        targets=[],
    )
    return {line.name: line for line in lines(result)}


def test_names_are_unique_and_figures_are_of_scenarios_that_there_are() -> None:
    assert len({target.name for target in TARGETS}) == len(TARGETS)
    for target in TARGETS:
        names = [target.figure, *target.beside, *([target.reference] if target.reference else [])]
        assert {name.partition(".")[0] for name in names} <= set(SCENARIOS)


def test_ratio_to_a_reference_holds_up_to_its_bound() -> None:
    ours, theirs = [80.0, 160.0, 79.0], [50.0, 100.0, 50.0]
    line = run(tick_to_order__agents_ipc__closed__p50=ours, tick_to_order__c_ipc__closed__p50=theirs)["tick to order"]
    assert (line.measured, line.holds, line.unit) == (1.6, True, "x")
    slower = run(tick_to_order__agents_ipc__closed__p50=[81.0] * 3, tick_to_order__c_ipc__closed__p50=[50.0] * 3)
    assert slower["tick to order"].holds is False


def test_ratio_shows_both_its_sides_and_how_many_rounds_it_has() -> None:
    ours, theirs = [80.0, 90.0, 85.0], [50.0, 60.0, 52.0]
    line = run(tick_to_order__agents_ipc__closed__p50=ours, tick_to_order__c_ipc__closed__p50=theirs)["tick to order"]
    assert (line.reference, line.reference_figure) == (52.0, "tick_to_order.c_ipc.closed.p50")
    assert line.beside == {"tick_to_order.agents_ipc.closed.p50": 85.0, "tick_to_order.c_ipc.closed.p50": 52.0}
    assert line.rounds == 3


def test_so_many_times_faster_is_their_time_over_ours() -> None:
    line = run(risk__approve__round_trip__p50=[25.0], risk__nats__round_trip__p50=[110.0])["risk round trip vs NATS"]
    assert (line.measured, line.holds) == (4.4, True)


def test_rate_must_reach_its_bound() -> None:
    assert run(fanout__agents__1=[0.59])["PUB/SUB into a Python handler"].holds is False
    assert run(fanout__agents__1=[0.6])["PUB/SUB into a Python handler"].holds is True


def test_what_was_not_measured_neither_holds_nor_fails() -> None:
    line = run()["tick to order"]
    assert line.holds is None
    assert line.measured is None
    assert "tick_to_order.c_ipc.closed.p50" in line.why

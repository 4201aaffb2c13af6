"""A report as text: on one screen, with what is odd named and the rest summed."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mesh import config
from mesh.report import figures as report
from mesh.report.figures import LinkLine, Report
from mesh.report.text import ODD_MAX, text
from mesh.run import default_config
from schemas.counters import Counter
from tests.unit.mesh.report.test_figures import status

SUMMARY = {"count": 1, "p50": 1_500, "p99": 2_500, "p999": 2_500, "max": 12_000_000}


@pytest.fixture
def found(tmp_path: Path) -> Report:
    made = config.parse(default_config.default_tree(tmp_path, 8090))
    return report.build(made, {name: status(name, made) for name in made.agents})


def line(publisher: str, subscriber: str, stream: str, received: int = 10, **more: Any) -> LinkLine:
    return LinkLine(publisher, subscriber, stream, received, more.pop("repaired", 0), more.pop("lost", 0), **more)


def lines(found: Report, name: str, *, verbose: bool = False, **changes: Any) -> list[str]:
    """Return what the text has under `name`."""
    whole = text(msgspec.structs.replace(found, **changes), verbose=verbose)
    return [each.partition(" ")[2].strip() for each in whole.splitlines() if each.partition(" ")[0] == name]


def test_links_are_summed_for_each_pair_of_agents(found: Report) -> None:
    links = [
        line("md", "risk", "TRADE/1/1"),
        line("md", "risk", "BOOK/1/1", 5),
        line("risk", "archive", "ORDER/1/0", 3),
    ]
    assert lines(found, "received", links=links) == ["md > risk 15, risk > archive 3"]
    assert lines(found, "links", links=links) == ["3: received 18, repaired 0, gaps 0, lost 0"]
    assert lines(found, "link", links=links) == []


def test_many_pairs_are_several_lines_and_none_is_torn(found: Report) -> None:
    links = [line(f"publisher-{n}", "subscriber", "BOOK/1/1") for n in range(12)]
    told = lines(found, "received", links=links)
    assert len(told) > 1
    assert max(map(len, told)) <= 100
    assert " ".join(told) == ", ".join(f"publisher-{n} > subscriber 10" for n in range(12))


def test_odd_streams_are_named_the_worst_first(found: Report) -> None:
    links = [
        line("md", "risk", "TRADE/1/1", repaired=2, gaps=1),
        line("md", "risk", "BOOK/1/1"),
        line("md", "signal", "BOOK/1/1", state="down"),
        line("md", "signal", "QUOTE/1/1", lost=1),
    ]
    assert lines(found, "link", links=links) == [
        "md > signal QUOTE/1/1: received 10, repaired 0, lost 1",
        "md > signal BOOK/1/1: received 10, repaired 0, lost 0, down",
        "md > risk TRADE/1/1: received 10, repaired 2, lost 0",
    ]


def test_more_odd_streams_than_a_screen_has_room_for_are_counted(found: Report) -> None:
    links = [line("md", "risk", f"BOOK/1/{n}", repaired=n) for n in range(1, ODD_MAX + 4)]
    told = lines(found, "link", links=links)
    assert len(told) == ODD_MAX + 1
    assert told[0].startswith(f"md > risk BOOK/1/{ODD_MAX + 3}:")
    assert told[-1].startswith("and 3 more")


def test_verbose_has_every_stream_and_every_hop(found: Report) -> None:
    links = [line("md", "risk", "TRADE/1/1"), line("md", "risk", "BOOK/1/1", 5)]
    latency = {"md": SUMMARY, "md>risk": SUMMARY, "tick>risk": SUMMARY, "tick_to_order": SUMMARY}
    percentiles = "count 1, p50 1.5 us, p99 2.5 us, p999 2.5 us, max 12.0 ms"
    assert lines(found, "latency", latency_ns=latency) == [
        f"tick>risk: {percentiles}",
        f"tick_to_order: {percentiles}",
    ]
    assert lines(found, "latency", latency_ns=latency, verbose=True) == [f"{hop}: {percentiles}" for hop in latency]
    assert lines(found, "received", links=links, verbose=True) == []
    assert lines(found, "link", links=links, verbose=True) == [
        "md > risk TRADE/1/1: received 10, repaired 0, lost 0",
        "md > risk BOOK/1/1: received 5, repaired 0, lost 0",
    ]


def test_counters_are_explained_to_who_asks_for_all(found: Report) -> None:
    counters = {"md": {"repairs": 3, "of_a_later_version": 1}}
    assert lines(found, "counter", counters=counters) == []
    assert lines(found, "counter", verbose=True, counters=counters) == [
        f"md: repairs 3: {Counter.REPAIRS.description}",
        "md: of_a_later_version 1",
    ]


def test_what_holds_trading_back_is_told_by_agent(found: Report) -> None:
    trading = {"risk": ["HALTED all: operator: looks wrong", "REDUCING all: DAILY_LOSS: 11000"]}
    assert lines(found, "trading", trading=trading) == [
        "risk: HALTED all: operator: looks wrong",
        "risk: REDUCING all: DAILY_LOSS: 11000",
    ]
    assert lines(found, "trouble", trouble={"archive": ["breaker clickhouse OPEN: away"]}) == [
        "archive: breaker clickhouse OPEN: away"
    ]
    assert lines(found, "left", left=["T1"]) == ["T1"]

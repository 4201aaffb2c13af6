"""What makes a run fail, each told in one line."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from mesh import config
from mesh.report import figures as report
from mesh.report.verdict import problems
from mesh.run import default_config
from schemas.config import Config
from schemas.messages import AgentStatus
from tests.unit.mesh.report.test_figures import BOOK, FIGURES, TRADES, changed, link, status


def found(made: Config, statuses: dict[str, AgentStatus], **more: Any) -> list[str]:
    return problems(made, report.build(made, statuses, **more))


@pytest.fixture
def tree(tmp_path: Path) -> dict[str, Any]:
    return default_config.default_tree(tmp_path, 8090)


@pytest.fixture
def made(tree: dict[str, Any]) -> Config:
    return config.parse(tree)


@pytest.fixture
def statuses(made: Config) -> dict[str, AgentStatus]:
    return {name: status(name, made) for name in made.agents}


def test_whole_run_has_nothing_wrong(made: Config, statuses: dict[str, AgentStatus]) -> None:
    assert found(made, statuses, published=statuses) == []


def test_lost_messages_are_told_with_the_links_that_lost_most(made: Config, statuses: dict[str, AgentStatus]) -> None:
    links = (link(TRADES, 1, 8, lost=1), link(BOOK, 2, 7, lost=4))
    assert found(made, statuses | {"signal": status("signal", made, links=links)}) == [
        "5 messages were lost: 4 on md > signal BOOK/1/1, 1 on md > signal TRADE/1/1"
    ]


def test_messages_that_were_not_kept_are_told_apart_from_lost_ones(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    links = (msgspec.structs.replace(link(TRADES, 1, 8), skipped=3),)
    assert found(made, statuses | {"signal": status("signal", made, links=links)}) == [
        "3 messages of TRADE/1/1 were not kept any more by md when signal asked for them"
    ]


def test_silent_agent_is_named_and_what_it_alone_knows_is_not_held_against_the_others(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    del statuses["portfolio"]
    assert found(made, statuses) == ["no answer from portfolio"]


def test_ticks_that_are_not_archived_are_told(made: Config, statuses: dict[str, AgentStatus]) -> None:
    assert found(made, statuses, archived=118) == ["2 of 120 published ticks are not in the archive"]
    assert found(made, statuses, archived=121) == []


def test_archive_that_does_not_follow_all_market_data_is_not_held_against_it(
    tree: dict[str, Any], statuses: dict[str, AgentStatus]
) -> None:
    tree["agents"]["archive"]["sources"] = ["risk"]
    assert found(config.parse(tree), statuses, archived=0) == []


def test_unequal_book_is_told(made: Config, statuses: dict[str, AgentStatus]) -> None:
    (book,) = FIGURES["market_data"].books
    statuses["md"] = status("md", made, figures=changed("market_data", books=[replace(book, equal=28)]))
    assert found(made, statuses) == ["the book of BTCUSDT is not as the venue's ticker says at 2 of 30 updates"]


def test_position_that_the_paper_account_does_not_have_is_told(made: Config, statuses: dict[str, AgentStatus]) -> None:
    positions = {"BTCUSDT": "0.02", "ETHUSDT": "0"}
    statuses["portfolio"] = status("portfolio", made, figures=changed("portfolio", positions=positions))
    assert found(made, statuses) == [
        "the position in BTCUSDT is 0.02, but the account of paper holds 0.00999 BTC",
    ]


def test_positions_with_one_base_are_held_against_it_together(
    tree: dict[str, Any], statuses: dict[str, AgentStatus]
) -> None:
    tree["instruments"][1] |= {"symbol": "BTCUSD2", "base": "BTC"}
    for table in tree["agents"].values():
        for each in (table, *table.get("strategies", ())):
            if "instruments" in each:
                each["instruments"] = ["BTCUSDT", "BTCUSD2"]
    made = config.parse(tree)
    positions = {"BTCUSDT": "0.01", "BTCUSD2": "-0.00001"}
    statuses["portfolio"] = status("portfolio", made, figures=changed("portfolio", positions=positions))
    assert found(made, statuses) == []
    assert report.build(made, statuses).account == {}


def test_another_venues_account_may_change_by_other_hands(tree: dict[str, Any]) -> None:
    del tree["agents"]["paper"]
    made = config.parse(tree)
    execution = changed("execution", balances={"BTC": 3 * 10**8})
    statuses = {name: status(name, made) for name in made.agents}
    statuses["execution"] = status("execution", made, figures=execution)
    assert found(made, statuses, opening={"execution": {"BTC": 10**8}}) == []


def test_unknown_orders_are_told(made: Config, statuses: dict[str, AgentStatus]) -> None:
    statuses["execution"] = status("execution", made, figures=changed("execution", orders={"unknown": 2}))
    assert found(made, statuses) == ["the outcome of 2 orders is not known"]


def test_orders_that_are_left_open_are_told(made: Config, statuses: dict[str, AgentStatus]) -> None:
    left = [f"T{n}" for n in range(7)]
    assert found(made, statuses, left=left) == [
        "7 orders are left open at the venue: T0, T1, T2, T3, T4 and 2 more",
    ]

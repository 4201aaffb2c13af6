"""Positions of several accounts against what their venues say, told apart by names and in the report."""

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mesh import config
from mesh.report import figures as report
from mesh.report.text import text
from mesh.report.verdict import problems
from mesh.run import default_config
from schemas.config import Config
from schemas.figures import AccountEquity, PaperBalance, PnlFigures
from schemas.messages import AgentStatus
from tests.unit.mesh.report.test_figures import changed, status

VENUES = ("one", "two", "three")
COINS = {venue: f"{1 + number}" for number, venue in enumerate(VENUES)}


def tree_of_three(folder: Path) -> dict[str, Any]:
    """Return the default tree with three paper venues that trade the same symbols, the last contracts too."""
    tree = default_config.default_tree(folder, 8090)
    venue, instruments, agents = tree["venues"][0], tree["instruments"], tree["agents"]
    tree["venues"], tree["instruments"] = [], []
    for number, name in enumerate(VENUES):
        tree["venues"].append(venue | {"id": number + 1, "name": name})
        for each in instruments:
            tree["instruments"].append(each | {"id": each["id"] + 10 * number, "venue": name})
        for role in ("paper", "md", "execution", "reaper"):
            agents[f"{role}-{name}"] = copy.deepcopy(agents[role]) | {"id": 20 + 10 * number + agents[role]["id"]}
            for key, value in {"venue": name, "market_data": [f"md-{name}"], "execution": f"execution-{name}"}.items():
                if key in agents[f"{role}-{name}"]:
                    agents[f"{role}-{name}"][key] = value
    tree["venues"][-1]["kind"] = "bybit"
    tree["venues"][-1].pop("ws_api_url")
    tree["instruments"].append(
        instruments[0] | {"id": 99, "venue": "three", "symbol": "BTC-PERP", "category": "linear"}
    )
    for role in ("paper", "md", "execution", "reaper", "signal", "risk", "archive"):
        agents.pop(role)
    each_of = {"execution": [f"execution-{name}" for name in VENUES], "market_data": [f"md-{name}" for name in VENUES]}
    agents["portfolio"] |= each_of
    return tree


@pytest.fixture
def made(tmp_path: Path) -> Config:
    return msgspec.convert(tree_of_three(tmp_path), Config)


@pytest.fixture
def statuses(made: Config) -> dict[str, AgentStatus]:
    found = {name: status(name, made) for name in made.agents}
    for venue, qty in COINS.items():
        balance = PaperBalance(free="0", locked=qty, initial="0")
        contracts = {"BTC-PERP": "-0.5"} if venue == "three" else {}
        figures = changed("paper", account={"BTC": balance}, contracts=contracts)
        found[f"paper-{venue}"] = status(f"paper-{venue}", made, figures=figures)
    found["portfolio"] = portfolio(made, {"BTC-PERP": "-0.5"} | {f"{v}:BTCUSDT": qty for v, qty in COINS.items()})
    return found


def portfolio(made: Config, positions: dict[str, str], **changes: Any) -> AgentStatus:
    return status("portfolio", made, figures=changed("portfolio", positions=positions, **changes))


def account_lines(found: report.Report) -> list[str]:
    return [line.partition(" ")[2].strip() for line in text(found).splitlines() if line.startswith("accounts ")]


def test_positions_of_one_symbol_at_three_venues_are_held_against_their_own_accounts(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    built = report.build(made, statuses)
    assert problems(made, built) == []
    assert account_lines(built) == ["positions equal in 3 accounts (one, two, three)"]
    assert {name: str(qty) for name, qty in built.account.items()} == {
        "one:BTCUSDT": "1",
        "one:ETHUSDT": "0",
        "two:BTCUSDT": "2",
        "two:ETHUSDT": "0",
        "three:BTCUSDT": "3",
        "three:ETHUSDT": "0",
        "BTC-PERP": "-0.5",
    }
    assert {name: each.equal for name, each in built.accounts.items()} == dict.fromkeys(VENUES, True)


def test_what_differs_is_told_with_its_venue(made: Config, statuses: dict[str, AgentStatus]) -> None:
    wrong = {"one:BTCUSDT": "2", "two:BTCUSDT": "2", "three:BTCUSDT": "3", "BTC-PERP": "0.5"}
    statuses["portfolio"] = portfolio(made, wrong)
    built = report.build(made, statuses)
    assert problems(made, built) == [
        "the position in one:BTCUSDT is 2, but the account of one holds 1 BTC",
        "the position in BTC-PERP is 0.5, but the account of three holds -0.5",
    ]
    assert account_lines(built) == ["positions equal in 1 of 3 accounts (two), not in one, not in three"]


def test_an_account_that_is_not_a_paper_venues_is_not_compared(made: Config, statuses: dict[str, AgentStatus]) -> None:
    agents = {name: table for name, table in made.agents.items() if name != "paper-two"}
    del statuses["paper-two"]
    built = report.build(msgspec.structs.replace(made, agents=agents), statuses)
    assert account_lines(built) == ["positions equal in 2 accounts (one, three)"]
    assert built.accounts["two"].equal is None


def test_money_of_each_account_is_told_where_the_portfolio_tells_it_apart(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    money = PnlFigures(realised="1.5", unrealised="2", fees="0.25", equity="1003.25", funding="-0.5")
    accounts = {
        "one": AccountEquity(money, "1000", "0", ""),
        "two": AccountEquity(money, "1000", "0", "the venue has not told its balances yet"),
    }
    positions = {"BTC-PERP": "-0.5"} | {f"{venue}:BTCUSDT": qty for venue, qty in COINS.items()}
    statuses["portfolio"] = portfolio(made, positions, accounts=accounts)
    assert account_lines(report.build(made, statuses))[1:] == [
        "one: realised 1.5 (funding -0.5), unrealised 2, fees 0.25, equity 1003.25",
        "two: the venue has not told its balances yet",
    ]


def test_one_account_has_no_line_of_its_own(tmp_path: Path) -> None:
    alone = config.parse(default_config.default_tree(tmp_path, 8090))
    built = report.build(alone, {name: status(name, alone) for name in alone.agents})
    assert account_lines(built) == []
    assert {name: each.equal for name, each in built.accounts.items()} == {"paper": True}

"""The configuration of several venues: one desk, whose agents find each other, and what is named after its venue."""

from pathlib import Path

import pytest

from mesh import config
from mesh.roles import check_agents
from mesh.run.desk_config import desk_tree
from schemas.config import Config, PortfolioConfig, RiskConfig, SignalConfig

ALL = ("binance", "bybit", "okx")


def made(folder: Path, venues: tuple[str, ...] = ALL) -> Config:
    return config.parse(desk_tree(folder, range(8090, 8090 + len(venues)), venues))


def test_one_risk_and_one_portfolio_stand_above_an_account_at_each_venue(tmp_path: Path) -> None:
    agents = made(tmp_path).agents
    executions = tuple(f"execution-{venue}" for venue in ALL)
    risk, folio, signal = agents["risk"], agents["portfolio"], agents["signal"]
    assert isinstance(risk, RiskConfig)
    assert risk.execution == executions
    assert isinstance(folio, PortfolioConfig)
    assert folio.execution == executions
    assert isinstance(signal, SignalConfig)
    assert signal.market_data == tuple(f"md-{venue}" for venue in ALL)
    assert {f"{role}-{venue}" for role in ("paper", "md", "execution", "reaper") for venue in ALL} < agents.keys()
    assert len({agent.id for agent in agents.values()}) == len(agents) == 4 * 3 + 4


def test_every_venue_has_its_own_market_and_numbers(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert [venue.name for venue in found.venues] == list(ALL)
    assert len({each.id for each in found.instruments}) == len(found.instruments) == 8
    assert len({found.agents[f"paper-{venue}"].seed for venue in ALL}) == 3  # type: ignore[union-attr]
    assert len({venue.rest_url for venue in found.venues}) == 3


@pytest.mark.parametrize(
    ("venues", "spreads"),
    [
        (ALL, {"spread-binance-bybit", "spread-bybit-okx"}),
        (("binance", "binance-usdm"), {"spread-binance-binance-usdm"}),
        (("okx", "binance"), {"spread-okx-binance"}),
    ],
)
def test_neighbours_have_a_spread_with_a_leg_that_can_be_sold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venues: tuple[str, ...], spreads: set[str]
) -> None:
    for end in ("KEY", "SECRET", "PASSPHRASE"):
        monkeypatch.setenv(f"TICKMESH_PAPER_{end}", "x" * 16)
    found = made(tmp_path, venues)
    signal = found.agents["signal"]
    assert isinstance(signal, SignalConfig)
    assert {each.name for each in signal.strategies if each.name.startswith("spread")} == spreads
    check_agents(found)


@pytest.mark.parametrize(("venues", "count"), [(("binance", "okx"), -1), (ALL, 0)])
def test_a_strategy_of_all_venues_begins_cold_if_one_of_them_has_no_bars_for_it(
    tmp_path: Path, venues: tuple[str, ...], count: int
) -> None:
    signal = made(tmp_path, venues).agents["signal"]
    assert isinstance(signal, SignalConfig)
    assert signal.strategies[0].warm_up_bars == count

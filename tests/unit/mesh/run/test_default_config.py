"""The configuration of a run that was given none."""

import os
import socket
import tomllib
from collections.abc import Container
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from agents.venues.binance import spot, usdm
from agents.venues.bybit import history as bybit_history
from agents.venues.okx import history as okx_history
from mesh import config
from mesh.run import default_config
from mesh.run.model_venues import MODELS
from schemas.config import ArchiveConfig, Config, MarketDataConfig, PaperConfig, RiskConfig, SignalConfig
from schemas.errors import AddressTakenError, CaptureError, ConfigError

FOUND: dict[str, Any] = {
    "market": "binance-usdm",
    "ticks": 3,
    "instruments": [
        {
            "symbol": "SUSHIUSDT",
            "base": "SUSHI",
            "quote": "USDT",
            "tick_size": "0.001",
            "lot_size": "1",
            "feeds": ["depth@100ms", "aggTrade"],
        },
        {"symbol": "BTCAUD", "base": "BTC", "quote": "AUD", "tick_size": "0.01", "lot_size": "0.000001", "feeds": []},
    ],
}


BARS_OF: dict[str, Container[int]] = {
    "binance_spot": spot.PATHS.intervals,
    "binance_usdm": usdm.PATHS.intervals,
    "bybit": bybit_history.INTERVALS,
    "okx": okx_history.INTERVALS,
}
"""Lengths of the bars that a kind of venue has, in milliseconds."""


def default(tmp_path: Path, **options: Any) -> Config:
    return config.parse(default_config.default_tree(tmp_path, 8090, **options))


def test_default_has_every_role_once_against_the_paper_venue(tmp_path: Path) -> None:
    made = default(tmp_path)
    roles = [str(table.__struct_config__.tag) for table in made.agents.values()]
    assert sorted(roles) == sorted(
        ["paper", "market_data", "signal", "risk", "execution", "reaper", "portfolio", "archive"]
    )
    assert list(made.agents) == ["paper", "md", "signal", "risk", "execution", "reaper", "portfolio", "archive"]
    assert [venue.name for venue in made.venues] == ["paper"]
    assert [each.symbol for each in made.instruments] == ["BTCUSDT", "ETHUSDT"]


def test_default_survives_its_toml_file_unchanged(tmp_path: Path) -> None:
    tree = default_config.default_tree(tmp_path, 8090)
    assert config.parse(tomllib.loads(default_config.toml_text(tree))) == config.parse(tree)


def test_checked_configuration_survives_its_toml_file_unchanged(tmp_path: Path) -> None:
    made = default(tmp_path, speed=2.5)
    assert config.parse(tomllib.loads(default_config.toml_text(default_config.tree_of(made)))) == made


def test_capture_gives_market_instruments_and_balances(tmp_path: Path) -> None:
    made = default(tmp_path, captures=("a.gz",), speed=20.0, found=FOUND)
    paper = made.agents["paper"]
    assert isinstance(paper, PaperConfig)
    assert paper.captures == (os.path.abspath("a.gz"),)
    assert paper.speed == 20.0
    assert paper.balances == {"USDT": "1000000"}
    assert made.venues[0].kind == "binance_usdm"
    assert [(each.id, each.symbol, each.lot_size) for each in made.instruments] == [
        (1, "SUSHIUSDT", "1"),
        (2, "BTCAUD", "0.000001"),
    ]
    assert made.instruments[0].feeds == ("depth@100ms", "aggTrade")


def test_instruments_in_other_currencies_are_published_and_archived_but_not_traded(tmp_path: Path) -> None:
    made = default(tmp_path, captures=("a.gz",), found=FOUND)
    traded, others, archive = (made.agents[name] for name in ("md", "md-others", "archive"))
    assert isinstance(traded, MarketDataConfig)
    assert isinstance(others, MarketDataConfig)
    assert isinstance(archive, ArchiveConfig)
    assert (traded.instruments, others.instruments) == (("SUSHIUSDT",), ("BTCAUD",))
    assert archive.sources[:2] == ("md", "md-others")
    assert isinstance(made.agents["risk"], RiskConfig)
    assert made.agents["risk"].market_data == ("md",)


def test_each_strategy_trades_every_instrument(tmp_path: Path) -> None:
    signal = default(tmp_path).agents["signal"]
    assert isinstance(signal, SignalConfig)
    assert [strategy.instruments for strategy in signal.strategies] == [("BTCUSDT", "ETHUSDT")] * 2


def test_captures_and_speed_replace_those_of_a_configuration(tmp_path: Path) -> None:
    made = default(tmp_path)
    changed = default_config.with_captures(made, ["b.gz", "c.gz"], 3.0)
    assert default_config.captures_of(made) == []
    assert default_config.captures_of(changed) == [os.path.abspath("b.gz"), os.path.abspath("c.gz")]
    assert default_config.with_captures(made, [], None) is made


def test_capture_without_a_paper_venue_is_refused(tmp_path: Path) -> None:
    tree = default_config.default_tree(tmp_path, 8090)
    del tree["agents"]["paper"]
    with pytest.raises(ConfigError, match="--capture"):
        default_config.with_captures(config.parse(tree), ["b.gz"], None)


def test_missing_capture_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"nowhere\.gz"):
        default_config.check_captures([str(tmp_path / "nowhere.gz")])


def test_credentials_are_made_up_only_where_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKMESH_PAPER_KEY", "mine")
    monkeypatch.setenv("TICKMESH_PAPER_SECRET", "")
    monkeypatch.delenv("TICKMESH_PAPER_SECRET")
    default_config.provide_credentials(default(tmp_path))
    assert os.environ["TICKMESH_PAPER_KEY"] == "mine"
    assert len(os.environ["TICKMESH_PAPER_SECRET"]) == 64


def test_real_venue_gets_no_made_up_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = default_config.default_tree(tmp_path, 8090)
    del tree["agents"]["paper"]
    tree["venues"][0]["credentials"] = "TICKMESH_TEST_REAL"
    monkeypatch.delenv("TICKMESH_TEST_REAL_KEY", raising=False)
    default_config.provide_credentials(config.parse(tree))
    assert "TICKMESH_TEST_REAL_KEY" not in os.environ


def test_free_port_can_be_bound_and_is_given_to_no_connection() -> None:
    port = default_config.free_port()
    assert 1024 <= port < 32_768, "the kernel's own begin at 32768 (ip-sysctl.rst, ip_local_port_range)"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))


def test_port_that_somebody_listens_at_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = listener.getsockname()[1]
        monkeypatch.setattr(default_config, "PORTS", range(held, held + 1))
        with pytest.raises(AddressTakenError, match=f"from {held} to {held} is free"):
            default_config.free_port()


def test_orders_are_left_where_that_is_wanted(tmp_path: Path) -> None:
    made = config.parse(default_config.default_tree(tmp_path, 8090))
    found = default_config.with_orders_left(made)
    assert found.agents["execution"] == replace(made.agents["execution"], at_stop="leave")
    assert found.agents["risk"] is made.agents["risk"]


@pytest.mark.parametrize("venue", MODELS)
def test_every_modelled_venue_makes_a_configuration_that_trades(tmp_path: Path, venue: str) -> None:
    made = config.parse(default_config.default_tree(tmp_path, 8090, venue=venue))
    (table,) = made.venues
    assert table.kind == MODELS[venue][0]
    assert "execution" in made.agents
    assert len({each.symbol for each in made.instruments}) == len(made.instruments)
    assert bool(table.ws_api_url) == (venue.startswith("binance"))


def test_where_no_orders_are_taken_market_data_alone_is_published(tmp_path: Path) -> None:
    found = {
        "market": "binance-coinm",
        "instruments": [
            {"symbol": "BTCUSD_PERP", "base": "BTC", "quote": "USD", "tick_size": "0.1", "lot_size": "1"}
            | {"category": "inverse", "feeds": ["trade"]}
        ],
    }
    made = config.parse(default_config.default_tree(tmp_path, 8090, captures=["x"], found=found))
    assert set(made.agents) == {"paper", "md", "archive"}
    assert made.instruments[0].category == "inverse"


@pytest.mark.parametrize("venue", MODELS)
def test_no_strategy_asks_for_bars_that_its_venue_does_not_have(tmp_path: Path, venue: str) -> None:
    made = default(tmp_path, venue=venue)
    kind, signal = made.venues[0].kind, made.agents["signal"]
    assert isinstance(signal, SignalConfig)
    length = signal.strategies[0].bar_ms
    assert (signal.strategies[0].warm_up_bars == 0) == (length not in BARS_OF[kind])

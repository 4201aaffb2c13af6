"""Which accounts a word is about, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest

from mesh.operate.scope import find_scope, portfolios
from schemas.errors import ConfigError
from tests.unit.mesh.operate.played import desk


def add_venue(tree: dict[str, Any]) -> None:
    """Add a second venue with BTCUSDT and a desk of its own."""
    agents = tree["agents"]
    tree["venues"].append(tree["venues"][0] | {"id": 2, "name": "other"})
    tree["instruments"].append(tree["instruments"][0] | {"id": 9, "venue": "other"})
    agents["md2"] = agents["md"] | {"id": 12, "venue": "other", "instruments": ["BTCUSDT"]}
    agents["execution2"] = {"role": "execution", "id": 15, "venue": "other"}
    agents["risk2"] = agents["risk"] | {"id": 14, "market_data": ["md2"], "execution": ["execution2"]}
    strategies = [{"name": "second", "path": "a:B", "instruments": ["BTCUSDT"]}]
    own = {"id": 13, "market_data": ["md2"], "risk": "risk2", "strategies": strategies}
    agents["signal2"] = agents["signal"] | own


def test_nothing_named_is_every_account(tmp_path: Path) -> None:
    scope = find_scope(desk(tmp_path, add_venue))
    assert [(each.venue, each.execution, each.risks) for each in scope.accounts] == [
        ("paper", "execution", ("risk",)),
        ("other", "execution2", ("risk2",)),
    ]
    assert str(scope) == "everything at paper, other"


def test_a_strategy_is_of_the_account_that_it_trades(tmp_path: Path) -> None:
    scope = find_scope(desk(tmp_path, add_venue), strategy="second")
    assert [each.venue for each in scope.accounts] == ["other"]
    assert str(scope) == "strategy second at other"


def test_an_instrument_of_two_venues_needs_its_venue(tmp_path: Path) -> None:
    config = desk(tmp_path, add_venue)
    with pytest.raises(ConfigError, match=r"traded at paper, other: name one of them with --venue"):
        find_scope(config, instrument="BTCUSDT")
    scope = find_scope(config, instrument="BTCUSDT", venue="other")
    assert (scope.instrument_id, scope.symbol) == (9, "BTCUSDT")
    assert [each.venue for each in find_scope(config, instrument="ETHUSDT").accounts] == ["paper"]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"strategy": "nobody"}, r"strategy 'nobody' .*allowed: ema_cross, book_imbalance, second"),
        ({"instrument": "SHIBUSDT"}, r"instrument 'SHIBUSDT' .*allowed: BTCUSDT, ETHUSDT"),
        ({"venue": "binance"}, r"venue 'binance' .*allowed: paper, other"),
        ({"strategy": "second", "venue": "paper"}, r"strategy 'second' does not trade at paper"),
    ],
)
def test_a_name_that_is_none_is_refused_with_those_that_are(tmp_path: Path, named: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        find_scope(desk(tmp_path, add_venue), **named)


def test_without_execution_there_is_no_account(tmp_path: Path) -> None:
    def remove(tree: dict[str, Any]) -> None:
        tree["agents"] = {name: tree["agents"][name] for name in ("paper", "md")}

    config = desk(tmp_path, remove)
    with pytest.raises(ConfigError, match="no account"):
        find_scope(config)
    assert portfolios(config) == []


def one_risk(tree: dict[str, Any]) -> None:
    """Add a second venue, above which the same risk agent stands."""
    add_venue(tree)
    agents = tree["agents"]
    agents["risk"]["execution"] = ["execution", "execution2"]
    del agents["risk2"]
    agents["signal2"]["risk"] = "risk"


def test_one_account_of_several_is_told_to_risk_by_its_number(tmp_path: Path) -> None:
    config = desk(tmp_path, one_risk)
    scope = find_scope(config, venue="other")
    assert [each.venue for each in scope.accounts] == ["other"]
    assert (scope.venue_id("risk"), scope.venue_id("execution2")) == (2, 0)
    assert find_scope(config).venue_id("risk") == 0
    assert find_scope(config, venue="other", instrument="BTCUSDT").venue_id("risk") == 0
    assert find_scope(desk(tmp_path, add_venue), venue="other").venue_id("risk2") == 0


def test_an_instrument_may_be_named_with_its_venue(tmp_path: Path) -> None:
    config = desk(tmp_path, one_risk)
    assert find_scope(config, instrument="other:BTCUSDT").instrument_id == 9
    named = find_scope(config, instrument="other:BTCUSDT")
    assert named.symbol == "BTCUSDT", "by another name nothing would be held of it, and it were flat at once"
    assert [each.venue for each in find_scope(config, instrument="paper:BTCUSDT").accounts] == ["paper"]

"""The configuration file: what is wrong is refused with its key."""

import copy
import os
from pathlib import Path
from typing import Any

import pytest

from mesh.config import load, parse
from schemas.config import MarketDataConfig, RiskConfig
from schemas.errors import ConfigError, ExitStatus
from schemas.markets import feed_stream
from schemas.streams import Kind

TREE: dict[str, Any] = {
    "venues": [{"id": 1, "name": "paper", "kind": "binance_spot"}],
    "instruments": [
        {
            "id": 1,
            "venue": "paper",
            "symbol": "BTCUSDT",
            "base": "BTC",
            "quote": "USDT",
            "tick_size": "0.01",
            "lot_size": "0.00001",
        }
    ],
    "agents": {
        "md": {"role": "market_data", "id": 1, "venue": "paper", "instruments": ["BTCUSDT"]},
        "risk": {"role": "risk", "id": 3, "market_data": ["md"], "execution": ["exec"], "portfolio": "book"},
        "exec": {"role": "execution", "id": 4, "venue": "paper"},
        "book": {"role": "portfolio", "id": 5, "execution": ["exec"], "market_data": ["md"]},
    },
}

SIGNAL: dict[str, Any] = {"role": "signal", "id": 9, "market_data": ["md"], "risk": "risk"}


def changed(path: str, value: Any) -> dict[str, Any]:
    tree: Any = copy.deepcopy(TREE)
    *way, last = path.split(".")
    node = tree
    for key in way:
        node = node[int(key)] if isinstance(node, list) else node[key]
    node[last] = value
    result: dict[str, Any] = tree
    return result


def test_a_whole_file_is_read_with_its_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mesh.toml"
    file.write_text(
        """
[mesh]
beat_interval_ms = 50
[[venues]]
id = 1
name = "paper"
kind = "binance_spot"
[[instruments]]
id = 7
venue = "paper"
symbol = "BTCUSDT"
base = "BTC"
quote = "USDT"
tick_size = "0.01"
lot_size = "0.00001"
[agents.md]
role = "market_data"
id = 1
venue = "paper"
instruments = ["BTCUSDT"]
"""
    )
    config = load(file)
    assert config.mesh.beat_interval_ms == 50
    assert config.mesh.down_beats == 10
    assert isinstance(config.agents["md"], MarketDataConfig)
    assert config.instruments[0].feeds == ()


@pytest.mark.parametrize(
    ("given", "found"), [(None, ""), ("mine", "/mine"), ("../mine", "/../mine"), ("/elsewhere", "/elsewhere")]
)
def test_strategies_are_looked_for_beside_the_file_unless_it_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, found: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mesh.toml").write_text(
        "venues = []\ninstruments = []\n[mesh]\n" + (f'strategy_dir = "{given}"' if given else "")
    )
    expected = found if found == "/elsewhere" else f"{tmp_path}{found}"
    assert load("mesh.toml").mesh.strategy_dir == os.path.normpath(expected)


@pytest.mark.parametrize("path", ["", "mine.py", ":Mine", "mine:", "mine:1x", "a:b:C"])
def test_strategy_path_names_a_module_or_file_and_a_class(path: str) -> None:
    with pytest.raises(
        ConfigError, match=r"strategies\[0\]\.path: found '.*' \(allowed: module:Class or FILE\.py:Class\)"
    ):
        parse(
            changed("agents.signal", SIGNAL | {"strategies": [{"name": "x", "path": path, "instruments": ["BTCUSDT"]}]})
        )


def test_roles_get_their_own_settings() -> None:
    risk = parse(changed("agents.risk.limits", {"order_qty_max": "2.5"})).agents["risk"]
    assert isinstance(risk, RiskConfig)
    assert risk.limits.order_qty_max == "2.5"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("meshh", {}, "meshh"),
        ("mesh", {"beat_intervall_ms": 1}, "beat_intervall_ms"),
        ("agents.md.stale_after", 5, "stale_after"),
        ("agents.md.stale_after_ms", "soon", "agents.md.stale_after_ms"),
        ("agents.md.stale_after_ms", 0, "agents.md.stale_after_ms"),
        ("agents.md.role", "market-data", "agents.md.role"),
        ("agents.md.venue", "binance", "agents.md.venue"),
        ("agents.md.instruments", ["ETHUSDT"], "agents.md.instruments"),
        ("agents.risk.execution", ["md"], "agents.risk.execution"),
        ("agents.risk.limits", {"price_collar": 2.0}, "agents.risk.limits.price_collar"),
        ("agents.exec.id", 1, "agents.id"),
        ("agents.exec.tcp", "localhost", "agents.exec.tcp"),
        ("instruments.0.tick_size", "1e-2", "instruments[0].tick_size"),
        ("instruments.0.lot_size", "0.000", "instruments[0].lot_size"),
        ("venues.0.id", 256, "venues[0].id"),
        ("venues.0.kind", "binance_spott", "kind: found 'binance_spott' (allowed: 'binance_coinm', 'binance_spot', "),
        ("instruments.0.feeds", ["trade", "tradee"], "instruments[0].feeds[1]: found 'tradee' (allowed: markPrice, "),
        ("instruments.0.feeds", ["depth5@100ms"], "instruments[0].feeds[0]"),
        (
            "instruments.0.min_notional",
            "0.000000001",
            "instruments[0].min_notional: found '0.000000001' (allowed: a dec",
        ),
        (
            "agents.risk.limits",
            {"order_qty_max": "1.0123456789"},
            "agents.risk.limits.order_qty_max: found '1.01234567",
        ),
        ("agents.md.idle", "never", "agents.md.idle: found 'never' (allowed: 'block', 'busy_poll')"),
        ("agents.md.group", "A", "agents.md.group: found 'A' (allowed: empty"),
        ("agents.paper", {"role": "paper", "id": 9, "venue": "paper", "listen": "nonsense"}, "agents.paper.listen"),
        ("agents.paper", {"role": "paper", "id": 9, "venue": "paper", "listen": "h:70000"}, "agents.paper.listen"),
        ("agents.arc", {"role": "archive", "id": 9, "sources": ["md"], "dsn": "localhost"}, "agents.arc.dsn"),
        ("venues", {}, "venues"),
    ],
)
def test_what_is_not_allowed_is_refused_by_its_key(path: str, value: Any, named: str) -> None:
    with pytest.raises(ConfigError) as found:
        parse(changed(path, value))
    assert named in str(found.value)
    assert found.value.exit_status == ExitStatus.CONFIG


@pytest.mark.parametrize("dsn", ["", "http://u:p@h:8123/db?x=1", "clickhouse://h"])
def test_an_archive_may_name_a_server(dsn: str) -> None:
    parse(changed("agents.arc", {"role": "archive", "id": 9, "sources": ["md"], "dsn": dsn}))


def test_the_paper_venue_may_take_a_free_port() -> None:
    parse(changed("agents.paper", {"role": "paper", "id": 9, "venue": "paper", "listen": "[::1]:0"}))


def test_each_feed_has_its_stream() -> None:
    assert [feed_stream(feed) for feed in ("depth@100ms", "bookTicker", "aggTrade", "markPrice@1s")] == [
        Kind.BOOK,
        Kind.QUOTE,
        Kind.TRADE,
        Kind.MARK,
    ]


def test_a_missing_file_and_bad_toml_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load(tmp_path / "absent.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("[mesh\n")
    with pytest.raises(ConfigError, match=r"bad\.toml: not TOML"):
        load(bad)

"""The configuration file: read once, checked whole, refused with the key that is wrong.

msgspec checks keys, types and bounds of each table; what one table says about another (a publisher that is no agent, two
agents with one number) is checked here.
"""

import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from mesh.endpoints import host_and_port
from schemas.config import (
    BacktestConfig,
    Config,
    DeskConfig,
    ExecutionConfig,
    InstrumentConfig,
    MarketDataConfig,
    MeshConfig,
    PaperConfig,
    PortfolioConfig,
    ReaperConfig,
    RiskConfig,
    RoleConfig,
    SignalConfig,
    VenueConfig,
)
from schemas.config_types import MEANINGS, Table
from schemas.errors import ConfigError

T = TypeVar("T")

_ROLES: dict[str, tuple[type[Table], ...]] = {
    "market_data": (MarketDataConfig,),
    "risk": (RiskConfig,),
    "execution": (ExecutionConfig,),
    "portfolio": (PortfolioConfig,),
    "sources": (MarketDataConfig, SignalConfig, RiskConfig, ExecutionConfig, ReaperConfig, PortfolioConfig),
}
"""Keys that name agents, and the roles that they may name."""

_OF_PROCESS = (
    "cpus",
    "scheduler",
    "priority",
    "idle",
    "memory_lock",
    "huge_pages",
    "address_layout",
    "cpu_latency_us_max",
)
"""Keys that tune a process: the agents of a group have one."""


def load(path: str | Path) -> Config:
    """Return the checked configuration in the TOML file `path`.

    What is relative to the file's own folder is absolute in it, so that a copy elsewhere says the same.

    Raises:
        ConfigError: If the file cannot be read or anything in it is not allowed; the message names file and key.
    """
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    try:
        config = parse(tree)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    strategy_dir = Path(path).absolute().parent / config.mesh.strategy_dir
    mesh = msgspec.structs.replace(config.mesh, strategy_dir=os.path.normpath(strategy_dir))
    return msgspec.structs.replace(config, mesh=mesh)


def parse(tree: dict[str, Any]) -> Config:
    """Return the checked configuration in a tree of plain dicts and lists.

    Raises:
        ConfigError: If anything in it is not allowed; the message names the key.
    """
    known = set(Config.__struct_fields__)
    for key in tree:
        if key not in known:
            raise ConfigError(f"unknown key '{key}' (allowed: {', '.join(sorted(known))})")
    agents = _table(tree, "agents")
    config = Config(
        mesh=_convert(tree.get("mesh", {}), MeshConfig, "mesh"),
        desk=_convert(tree.get("desk", {}), DeskConfig, "desk"),
        venues=tuple(_convert(v, VenueConfig, f"venues[{i}]") for i, v in enumerate(_array(tree, "venues"))),
        instruments=tuple(
            _convert(v, InstrumentConfig, f"instruments[{i}]") for i, v in enumerate(_array(tree, "instruments"))
        ),
        agents={name: _convert(v, RoleConfig, f"agents.{name}") for name, v in agents.items()},
        backtest=_convert(tree.get("backtest", {}), BacktestConfig, "backtest"),
    )
    check(config)
    return config


def check(config: Config) -> None:
    """Check what the tables say about each other.

    Raises:
        ConfigError: If a name or number is used twice, or a name is not defined.
    """
    _unique("venues.id", (v.id for v in config.venues))
    _unique("venues.name", (v.name for v in config.venues))
    _unique("instruments.id", (i.id for i in config.instruments))
    _unique("instruments.symbol", ((i.venue, i.symbol) for i in config.instruments))
    _unique("agents.id", (a.id for a in config.agents.values()))
    _unique("agents.*.venue", (a.venue for a in config.agents.values() if isinstance(a, ExecutionConfig)))
    venues = {v.name for v in config.venues}
    for index, instrument in enumerate(config.instruments):
        _known(f"instruments[{index}].venue", instrument.venue, venues)
        for key in ("tick_size", "lot_size", "contract_size"):
            if float(getattr(instrument, key)) == 0:
                raise ConfigError(f"instruments[{index}].{key}: found 0 (allowed: more than 0)")
    for name in config.backtest.venues:
        _known("backtest.venues", name, venues)
    for name, table in config.agents.items():
        _check_agent(name, table, config, venues)
        _check_group(name, table, config)


def _check_agent(name: str, table: RoleConfig, config: Config, venues: set[str]) -> None:
    key = f"agents.{name}"
    if hasattr(table, "venue"):
        _known(f"{key}.venue", table.venue, venues)
    for field in table.__struct_fields__:
        if field in _ROLES:
            value = getattr(table, field)
            for peer in value if isinstance(value, tuple) else (value,):
                allowed = {n for n, t in config.agents.items() if isinstance(t, _ROLES[field])}
                _known(f"{key}.{field}", peer, allowed)
    symbols = {i.symbol for i in config.instruments if not hasattr(table, "venue") or i.venue == table.venue}
    for symbol in getattr(table, "instruments", ()):
        _known(f"{key}.instruments", symbol, symbols)
    there = symbols | {f"{i.venue}:{i.symbol}" for i in config.instruments}
    for index, strategy in enumerate(getattr(table, "strategies", ())):
        for symbol in strategy.instruments:
            _known(f"{key}.strategies[{index}].instruments", symbol, there if ":" in symbol else symbols)
        module, _, class_name = strategy.path.partition(":")
        if not (module and class_name.isidentifier()):
            meant = "module:Class or FILE.py:Class"
            raise ConfigError(f"{key}.strategies[{index}].path: found '{strategy.path}' (allowed: {meant})")
    if table.tcp:
        host_and_port(f"{key}.tcp", table.tcp)
    if isinstance(table, PaperConfig):
        host_and_port(f"{key}.listen", table.listen, port_min=0, port_max=65535)


def _check_group(name: str, table: RoleConfig, config: Config) -> None:
    """Check that a group is no agent's name, and that its agents agree on the process that they share."""
    if not table.group:
        return
    if table.group in config.agents:
        raise ConfigError(f"agents.{name}.group: {table.group!r} is an agent's name (allowed: any other)")
    first_name, first = next((n, t) for n, t in config.agents.items() if t.group == table.group)
    for key in _OF_PROCESS:
        found, allowed = getattr(table, key), getattr(first, key)
        if found != allowed:
            raise ConfigError(
                f"agents.{name}.{key}: found {found!r} (allowed: {allowed!r}, as in agents.{first_name} of the same group)"
            )
    if table.tcp.rpartition(":")[0] != first.tcp.rpartition(":")[0]:
        raise ConfigError(
            f"agents.{name}.tcp: {table.tcp!r} is another host than that of agents.{first_name} in its group"
        )


def _convert(value: object, kind: Any, key: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        path = path.rstrip("`")
        raise ConfigError(f"{key}{path}: {_plain(text, value, kind, path)}") from error


def _plain(text: str, value: object, kind: Any, path: str) -> str:
    """Return what msgspec says of the value at `path`; of a value out of a closed set, what was found and is allowed."""
    for pattern, meaning in MEANINGS.items():
        if text.endswith(f"matching regex {pattern!r}"):
            return f"found {_at(value, path)!r} (allowed: {meaning})"
    if text.startswith("Invalid enum value") and (allowed := _choices(value, kind, path)):
        return f"found {_at(value, path)!r} (allowed: {', '.join(map(repr, allowed))})"
    return f"{text[0].lower()}{text[1:]}"


def _steps(path: str) -> list[str | int]:
    """Return the keys and indexes of a path like `.feeds[0]`."""
    return [int(step) if step.isdecimal() else step for step in re.findall(r"[^.\[\]]+", path)]


def _at(value: Any, path: str) -> Any:
    for step in _steps(path):
        value = value[step]
    return value


def _choices(value: Any, kind: Any, path: str) -> tuple[object, ...]:
    """Return the values that the field at `path` may have, empty if they are not a closed set of literals."""
    info = inspect.type_info(kind)
    for step in _steps(path):
        if isinstance(info, inspect.UnionType):
            tagged = [each for each in info.types if isinstance(each, inspect.StructType)]
            info = next(each for each in tagged if each.tag == value.get(each.tag_field))
        if isinstance(info, inspect.StructType):
            info = next((field.type for field in info.fields if field.name == step), inspect.AnyType())
        elif isinstance(info, inspect.VarTupleType):
            info = info.item_type
        value = value[step]
    return tuple(info.values) if isinstance(info, inspect.LiteralType) else ()


def _table(tree: dict[str, Any], key: str) -> dict[str, Any]:
    value = tree.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{key}: found {type(value).__name__} (allowed: a table)")
    return value


def _array(tree: dict[str, Any], key: str) -> list[Any]:
    value = tree.get(key, [])
    if not isinstance(value, list):
        raise ConfigError(f"{key}: found {type(value).__name__} (allowed: an array of tables)")
    return value


def _unique(key: str, values: Iterable[object]) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise ConfigError(f"{key}: {value!r} is used twice (allowed: once)")
        seen.add(value)


def _known(key: str, name: str, allowed: Iterable[str]) -> None:
    names = set(allowed)
    if name not in names:
        raise ConfigError(f"{key}: found '{name}' (allowed: {', '.join(sorted(names)) or 'none is defined'})")

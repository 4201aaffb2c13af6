"""The grid of a sweep: which values each name has, where in a configuration it stands, and which variants that makes.

NAME=A:B[:STEP]     from A to B in steps, both inclusive; whole numbers or decimals
NAME=V1,V2,...      these values: numbers, true, false, or texts

NAME is a parameter of a strategy (PARAM, or STRATEGY.PARAM where several have it), or the path of a key in the
configuration, such as `agents.risk.limits.position_max`; a table of a list goes by its `name`.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec

from agents.backtest.places import Place, Value, place_at, value_of
from schemas.errors import ConfigError

VARIANTS_MAX = 10_000
"""More are not played of one grid unless so many are asked for."""
VALUES_MAX = 100_000
PATHS = ("agents", "backtest", "desk")
"""The tables whose keys may vary. Venues and instruments are what market data is of, and that is made once."""


class Axis(msgspec.Struct, frozen=True):
    """One name of a grid and the values that it takes."""

    name: str
    values: tuple[Value, ...]


def parse_axis(text: str) -> Axis:
    """Return the axis that `text` describes.

    Raises:
        ConfigError: If it is not of the grammar.
    """
    name, equals, values = text.partition("=")
    if not name or not equals or not values:
        raise ConfigError(f"--grid {text}: found no NAME=VALUES (allowed: NAME=A:B, NAME=A:B:STEP, NAME=V1,V2)")
    found = _range(text, values.split(":")) if ":" in values else tuple(value_of(each) for each in values.split(","))
    if len(set(map(repr, found))) != len(found):
        raise ConfigError(f"--grid {text}: has a value twice")
    return Axis(name, found)


def _range(text: str, parts: Sequence[str]) -> tuple[Value, ...]:
    try:
        first, last, step = (Decimal(each) for each in (*parts, "1")[:3])
    except (InvalidOperation, ValueError) as error:
        raise ConfigError(f"--grid {text}: found no numbers (allowed: NAME=A:B or NAME=A:B:STEP)") from error
    if len(parts) > 3 or not all(each.is_finite() for each in (first, last, step)) or step <= 0 or first > last:
        raise ConfigError(f"--grid {text}: not a range (allowed: A:B or A:B:STEP, A at most B, STEP above 0)")
    count = int((last - first) / step) + 1
    if count > VALUES_MAX:
        raise ConfigError(f"--grid {text}: {count} values (allowed: {VALUES_MAX})")
    whole = all(each == each.to_integral_value() for each in (first, step))
    numbers = (first + number * step for number in range(count))
    return tuple(int(each) if whole else float(each) for each in numbers)


Refusal: TypeAlias = Callable[[Place], str]
"""Says why the strategy whose parameter a place is does not take it; nothing if it does."""


def place_of(name: str, tree: Mapping[str, Any], refusal: Refusal) -> Place:
    """Return where the value called `name` stands in a configuration tree.

    Raises:
        ConfigError: If there is no such value, or it is not said which of several; tells what there is.
    """
    first, dot, rest = name.partition(".")
    if dot and first in PATHS:
        return _key(name, tree)
    there = list(_strategies(tree))
    if not there:
        raise ConfigError(f"--grid {name}: the configuration has no strategy (allowed: a path such as agents.NAME.KEY)")
    owners = [each for each in there if each[0] == first] if dot else there
    if not owners:
        known = ", ".join(own for own, _, _ in there)
        raise ConfigError(
            f"--grid {name}: no strategy is called {first!r} (found: {known}; a path begins with {', '.join(PATHS)})"
        )
    return _parameter(name, rest if dot else name, owners, refusal)


def _parameter(
    name: str, key: str, owners: Sequence[tuple[str, Place, Mapping[str, Value]]], refusal: Refusal
) -> Place:
    """Return the place of the parameter `key` of the one strategy that has it set, or else takes it."""
    found = [(own, place) for own, place, params in owners if key in params]
    refused = {}
    if not found:
        refused = {own: refusal((*place, "params", key)) for own, place, _ in owners}
        found = [(own, place) for own, place, _ in owners if not refused[own]]
    if len(found) == 1:
        return (*found[0][1], "params", key)
    if found:
        several = ", ".join(f"{own}.{key}" for own, _ in found)
        raise ConfigError(f"--grid {name}: several strategies have it (allowed: {several})")
    said = "; ".join(f"{own}: {why}" for own, why in refused.items())
    there = "; ".join(f"{own}: {', '.join(params) or 'none'}" for own, _, params in owners)
    raise ConfigError(f"--grid {name}: no strategy takes it ({said}; set in the configuration: {there})")


def _strategies(tree: Mapping[str, Any]) -> Iterator[tuple[str, Place, Mapping[str, Value]]]:
    """Yield each strategy's name, place and parameters."""
    for agent, table in tree.get("agents", {}).items():
        for index, each in enumerate(table.get("strategies", ())):
            if isinstance(each, Mapping) and "params" in each:
                yield each["name"], ("agents", agent, "strategies", index), each["params"]


def _key(name: str, tree: Mapping[str, Any]) -> Place:
    place = place_at(name, tree, "--grid")
    if len(place) > 2 and place[0] == "agents" and tree["agents"][place[1]].get("role") == "market_data":
        raise ConfigError(f"--grid {name}: is of market data, which is made once for all variants")
    return place


def variants(axes: Sequence[Axis], *, random: int = 0, seed: int = 0) -> list[dict[str, Value]]:
    """Return the variants of a grid, the last axis fastest; or as many as `random` says, drawn of it by `seed`.

    Raises:
        ConfigError: If there are more than `VARIANTS_MAX` and none are drawn, or a name is there twice.
    """
    names = [axis.name for axis in axes]
    if len(set(names)) != len(names):
        raise ConfigError(f"--grid: a name is there twice (found: {', '.join(names)})")
    count = math.prod(len(axis.values) for axis in axes)
    if not random and count > VARIANTS_MAX:
        raise ConfigError(f"--grid: {count} variants (allowed: {VARIANTS_MAX}; --random N draws N of them)")
    numbers = range(count) if not random or random >= count else _drawn(count, random, seed)
    return [_nth(axes, number) for number in numbers]


def _drawn(count: int, random: int, seed: int) -> list[int]:
    """Return `random` different numbers below `count`, in order: the same for a seed on any machine and Python."""
    found: set[int] = set()
    tried = 0
    while len(found) < random:
        digest = hashlib.sha256(f"{seed}:{tried}".encode()).digest()
        found.add(int.from_bytes(digest, "big") % count)
        tried += 1
    return sorted(found)


def _nth(axes: Sequence[Axis], number: int) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for axis in reversed(axes):
        number, index = divmod(number, len(axis.values))
        found[axis.name] = axis.values[index]
    return dict(reversed(found.items()))

"""Values in a configuration tree by their paths, such as `agents.risk.limits.position_max`.

A table of a list goes by its `name`.
"""

import copy
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from schemas.errors import ConfigError

Value: TypeAlias = int | float | str | bool
Place: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a value in a configuration tree."""


def value_of(text: str) -> Value:
    """Return what a text on the command line stands for: true, false, a number, or itself."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            found = kind(text)
        except ValueError:
            continue
        if math.isfinite(found):
            return found
    return text


def place_at(name: str, tree: Mapping[str, Any], option: str) -> Place:
    """Return where the value with the path `name` stands, which `option` of a command asked for.

    Raises:
        ConfigError: If there is no such value; tells what there is.
    """
    at: Any = tree
    place: list[str | int] = []
    keys = name.split(".")
    for number, key in enumerate(keys):
        if isinstance(at, Mapping):
            known = {str(each): each for each in at}
        elif isinstance(at, list | tuple):
            known = {str(each.get("name", i)) if isinstance(each, Mapping) else str(i): i for i, each in enumerate(at)}
        else:
            known = {}
        is_param = number and keys[number - 1] == "params" and number == len(keys) - 1
        if key not in known and not is_param:
            where = ".".join(keys[:number])
            raise ConfigError(
                f"{option} {name}: no {key!r} in {where or 'the file'} (found: {', '.join(known) or 'no keys'})"
            )
        place.append(known.get(key, key))
        at = None if key not in known else at[known[key]]
    if isinstance(at, Mapping | list | tuple):
        inside = ", ".join(map(str, at)) if isinstance(at, Mapping) else "a list"
        raise ConfigError(f"{option} {name}: a table, not a value (found in it: {inside})")
    return tuple(place)


def placed(tree: Mapping[str, Any], places: Mapping[str, Place], values: Mapping[str, Value]) -> dict[str, Any]:
    """Return a copy of a configuration tree with `values`, by name, at their places."""
    found = copy.deepcopy(dict(tree))
    for name, value in values.items():
        *way, last = places[name]
        at: Any = found
        for key in way:
            at = at[key]
        # What is a text now stays one: amounts are decimal texts.
        was = at.get(last) if isinstance(at, Mapping) else at[last]
        at[last] = str(value) if isinstance(was, str) and not isinstance(value, str | bool) else value
    return found

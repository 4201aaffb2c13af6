"""The table of a sweep: a row for each variant, the best first, in the result and as Parquet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agents.backtest.places import Value
from agents.backtest.sweep.variant import VariantOutcome
from agents.backtest.sweep.walk_forward import WalkForward
from schemas.errors import ConfigError

PARQUET, JSON = "sweep.parquet", "sweep.json"
FORMAT = 1


class Row(msgspec.Struct, frozen=True):
    """One variant: its number (0 is the configuration as it is), what it sets, its figure, and what came of it."""

    number: int
    values: dict[str, Value]
    figure: float | None
    refused: str
    result: dict[str, Any]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How far the best is to be believed; None where too little is known for a figure.

    `beat_default` is the share of variants whose figure is better than that of the configuration as it is.
    """

    variants: int
    refused: int
    beat_default: float | None
    overfit_probability: float | None
    deflated_sharpe: float | None
    walk_forward: WalkForward | None


class SweepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sweep, as `sweep.json` has it; the same whoever played the variants, and in which order."""

    format: int = FORMAT
    tickmesh: str
    seed: int
    by: str
    grid: dict[str, list[Value]]
    drawn: int
    data: dict[str, Any]
    currency: str
    judged: Judged
    rows: list[Row]

    def default(self) -> Row | None:
        """Return the row of the configuration as it is."""
        return next((row for row in self.rows if row.number == 0), None)

    def best(self) -> Row | None:
        """Return the best variant that has a figure."""
        return next((row for row in self.rows if row.number and row.figure is not None), None)


def figure_of(result: Mapping[str, Any], by: str) -> float | None:
    """Return the figure that `by` names in a result, less is better where it begins with `-`; None if it is not known.

    Raises:
        ConfigError: If there is no such figure; the message names those that are there.
    """
    flat = flattened(result)
    key = by.removeprefix("-")
    found = flat.get(key, ...)
    if found is None or (result.get("equity_not_known") and key in ("equity_change", "sharpe_of_slices")):
        return None
    number = None if found is ... or isinstance(found, bool) else number_of(found)
    if number is None:
        known = ", ".join(name for name, value in flat.items() if value is None or number_of(value) is not None)
        counted = "" if "figures" in result else ", and figures.NAME, as result.json has it"
        raise ConfigError(f"--by {by}: no figure of a result is called that (allowed: {known}{counted})")
    return number


def flattened(result: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of a tree of tables by their dotted names; lists are left out."""
    found: dict[str, Any] = {}
    for name, value in result.items():
        if isinstance(value, Mapping):
            found.update(flattened(value, f"{prefix}{name}."))
        elif not isinstance(value, list):
            found[f"{prefix}{name}"] = value
    return found


def number_of(value: object) -> float | None:
    """Return what a value says as a number: amounts are texts."""
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def rows_of(outcomes: Mapping[int, VariantOutcome], by: str) -> list[Row]:
    """Return the rows of outcomes by number: the best first, of equals the first, and last those without a figure."""
    rows = []
    for number, each in outcomes.items():
        figure = None if each.refused else figure_of(each.result, by)
        rows.append(Row(number, each.values, figure, each.refused, each.result))
    less_is_better = by.startswith("-")

    def place(row: Row) -> tuple[bool, float, int]:
        figure = row.figure or 0.0
        return row.figure is None, figure if less_is_better else -figure, row.number

    return sorted(rows, key=place)


def write_table(out: Path, result: SweepResult) -> None:
    """Write the table as JSON and as Parquet."""
    (out / JSON).write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    import pyarrow as pa
    from pyarrow import parquet

    columns = _columns(result.rows, result.by, list(result.grid))
    parquet.write_table(pa.table(columns), out / PARQUET)


def _columns(rows: Sequence[Row], by: str, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return the columns of rows: what was set, the figure, and all of the results; amounts are numbers here."""
    columns: dict[str, list[Any]] = {"number": [row.number for row in rows]}
    for name in names:
        columns[name] = _of_one_type([row.values.get(name) for row in rows])
    columns[f"by {by}"] = [row.figure for row in rows]
    columns["refused"] = [row.refused for row in rows]
    flat = [flattened(row.result) for row in rows]
    for name in dict.fromkeys(name for each in flat for name in each):
        columns.setdefault(f"result.{name}", _of_one_type([each.get(name) for each in flat]))
    return columns


def _of_one_type(values: list[Any]) -> list[Any]:
    """Return a column whose values are of one type: numbers if all of them are, else texts."""
    there = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in there) or all(type(value) is int for value in there):
        return values
    if all(not isinstance(value, bool) and number_of(value) is not None for value in there):
        return [None if value is None else number_of(value) for value in values]
    return [None if value is None else str(value) for value in values]

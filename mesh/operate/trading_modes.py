"""Trading modes as agents tell them in their figures, and which of them an operator set for a scope.

A mode is a line: `HALTED strategy=x instrument=2: operator: text`, with `all` where no scope is named, and the name of a
Reason instead of `operator` where a limit or a part of the mesh set it (`agents/state/trading_states.py`). What risk tells
of the modes of a peer stands behind the peer's name, and is nothing that could be lifted at risk.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from schemas.figures import ExecutionFigures, RiskFigures
from schemas.messages import AgentStatus
from schemas.orders import TradingMode

ALL = "all"
OPERATOR = "operator"
_LINE = re.compile(r"(?P<mode>[A-Z]+) (?P<scope>[^:]+): (?P<by>\w+): (?P<text>.*)", re.DOTALL)


class ModeLine(msgspec.Struct, frozen=True):
    """One mode: what it is of, who set it, and why."""

    mode: TradingMode
    scope: str
    by: str
    text: str


def parse(line: str) -> ModeLine | None:
    """Return what a line says, None if it is no mode."""
    found = _LINE.fullmatch(line)
    if found is None or found["mode"] not in TradingMode.__members__:
        return None
    return ModeLine(TradingMode[found["mode"]], found["scope"], found["by"], found["text"])


def scope_text(strategy: str, instrument_id: int, account: str | int = "") -> str:
    """Return a scope as it stands in a line; `account` is how that names it."""
    named = (("account", account), ("strategy", strategy), ("instrument", instrument_id))
    return " ".join(f"{name}={value}" for name, value in named if value) or ALL


def lines_of(statuses: Mapping[str, AgentStatus]) -> dict[str, list[str]]:
    """Return the lines of every agent that has any, by its name."""
    found = {name: status.figures for name, status in statuses.items()}
    told = {name: each.trading for name, each in found.items() if isinstance(each, RiskFigures | ExecutionFigures)}
    return {name: list(lines) for name, lines in told.items() if lines}


def operator_mode(lines: Iterable[str], scope: str) -> TradingMode:
    """Return the mode that an operator set for exactly that scope."""
    found = [each for each in map(parse, lines) if each is not None and (each.scope, each.by) == (scope, OPERATOR)]
    return max((each.mode for each in found), default=TradingMode.ACTIVE)

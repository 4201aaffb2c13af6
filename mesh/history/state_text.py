"""What an agent knew, as lines for people: its figures, then what it saw of the market, of books the best levels."""

from collections.abc import Iterator
from typing import Any

import msgspec

from mesh.history.moment import clock_text
from mesh.history.state_at import PastState

LEVELS = 5
"""Of each side of a book; `--json` has all."""


def lines(found: PastState) -> Iterator[str]:
    """Yield them."""
    source = (
        f"{found.inputs} inputs of its start {found.epoch}" if found.epoch else f"{found.records} records of its own"
    )
    yield f"{found.agent} at {clock_text(found.wall_ns)}, {source}"
    for name, value in (found.figures or {}).items():
        yield _line(name, value)
    for name, value in found.seen.items():
        if isinstance(value, dict):
            yield f"{name}:"
            for inner, told in value.items():
                yield f"  {_line(inner, _cut(told))}"


def _line(name: str, value: Any) -> str:
    return f"{name:16} {msgspec.json.encode(value).decode()}"


def _cut(value: Any) -> Any:
    """Leave of the sides of a book what a person looks at."""
    if not isinstance(value, dict):
        return value
    return {name: each[:LEVELS] if name in ("bids", "asks") else _cut(each) for name, each in value.items()}

"""What a backtest leaves beside its logs: `result.json`, all its facts with keys that stay.

`write` is given the folder of the backtest, whose logs are closed by then, the configuration that was run and what came of
it. The same backtest writes the same bytes.
"""

from pathlib import Path

import msgspec

from agents.backtest.facts import Facts
from schemas.config import Config

FILE = "result.json"


def write(out: Path, config: Config, facts: Facts) -> None:
    """Write the result of the backtest in the folder `out`."""
    text = msgspec.json.format(msgspec.json.encode(facts), indent=2)
    (out / FILE).write_bytes(text + b"\n")


__all__ = ["FILE", "write"]

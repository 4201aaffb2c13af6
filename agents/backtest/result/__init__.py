"""What a backtest leaves beside its logs: all its facts and figures, its tables, and a page to look at.

result.json    facts and figures, with keys that stay
*.parquet      orders, trades, equity and positions (`parquet_table` has their columns)
report.html    a page, whole in one file, that asks the network for nothing

`write` is given the folder of the backtest, whose logs are closed by then, the configuration that was run and what came of
it. The same backtest writes the same bytes: nothing of it depends on when, where or by which Python it was run.

- `run_logs`: the logs, in recorded time. `gathering`: reads them once. `order_rows`: orders and own trades.
  `parquet_table`: what rows are written to. `equity_curve`, `instrument_story`: what is kept of equity and of an
  instrument. `thinned`: lines.
- `figures`: formulas and their sources. `run_figures`: the figures as they are written.
- `charts`: what is drawn. `report`: the page.
"""

from contextlib import closing
from pathlib import Path

import msgspec

from agents.backtest.facts import Facts
from agents.backtest.result.gathering import Gathering
from agents.backtest.result.report import page
from agents.backtest.result.run_logs import RunLogs
from schemas.config import Config

FILE = "result.json"
PAGE = "report.html"
LOGS = "logs"


def write(out: Path, config: Config, facts: Facts) -> None:
    """Write the result of the backtest in the folder `out`, with its logs below `logs`."""
    gathered = Gathering(config, facts, out)
    with closing(RunLogs(out / LOGS)) as logs:
        gathered.read(logs)
    figures = gathered.figures()
    tree = {**msgspec.to_builtins(facts), "figures": msgspec.to_builtins(figures)}
    text = msgspec.json.format(msgspec.json.encode(tree), indent=2)
    (out / FILE).write_bytes(text + b"\n")
    (out / PAGE).write_text(page(gathered, figures), encoding="utf-8", newline="\n")


__all__ = ["FILE", "LOGS", "PAGE", "write"]

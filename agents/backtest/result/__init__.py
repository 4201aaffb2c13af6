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
from agents.backtest.result.run_figures import Figures
from agents.backtest.result.run_logs import RunLogs
from schemas.config import Config

FILE = "result.json"
PAGE = "report.html"
LOGS = "logs"


def write(out: Path, config: Config, facts: Facts, *, shown: bool = True) -> Figures:
    """Write the result of the backtest in the folder `out`, with its logs below `logs`, and return its figures.

    The page, most of which is the script that draws, comes only if it is to be `shown`.
    """
    gathered = Gathering(config, facts, out)
    with closing(RunLogs(out / LOGS)) as logs:
        gathered.read(logs)
    figures = gathered.figures()
    tree = {**msgspec.to_builtins(facts), "figures": msgspec.to_builtins(figures)}
    text = msgspec.json.format(msgspec.json.encode(tree), indent=2)
    (out / FILE).write_bytes(text + b"\n")
    if shown:
        (out / PAGE).write_text(page(gathered, figures), encoding="utf-8", newline="\n")
    return figures


def show(out: Path, config: Config) -> None:
    """Write the page of a backtest whose result was written without one; the rest is written again, and is the same."""
    write(out, config, msgspec.json.decode((out / FILE).read_bytes(), type=Facts))


__all__ = ["FILE", "LOGS", "PAGE", "show", "write"]

"""The command that runs the configured agents over recorded data: `tickmesh backtest`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesh.cli.options import FOLDER, archive_option, config_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import TaskID

    from schemas.config import Config

CONFIG_FILE = "tickmesh.toml"


_MARKET = (
    config_option("the desk that `up --capture` would run"),
    click.option(
        "--capture",
        "captures",
        multiple=True,
        metavar="[VENUE=]FILE",
        help="Play recorded market data; repeatable. VENUE where the configuration has several of its kind.",
    ),
    click.option(
        "--from", "from_time", default="", metavar="TIME", help="Play what the archive received then or later (UTC)."
    ),
    click.option("--to", "to_time", default="", metavar="TIME", help="Play what the archive received before."),
    archive_option,
)


def of_a_market(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command the options that say what is played: `config_file`, `captures`, `from_time`, `to_time`, `archive`."""
    for option in reversed(_MARKET):
        command = option(command)
    return command


@click.command()
@of_a_market
@click.option("--out", type=FOLDER, default="backtest", show_default=True, help="Folder of logs and result.")
@click.option("--seed", type=click.IntRange(min=0), help="Of what is drawn (default: that of the configuration).")
@click.option("--json", "as_json", is_flag=True, help="Print result.json.")
def backtest(
    config_file: Path | None,
    captures: tuple[str, ...],
    from_time: str,
    to_time: str,
    archive: str,
    out: Path,
    seed: int | None,
    as_json: bool,
) -> None:
    """Run the configured agents over recorded data, against the paper venue's matching engine, in recorded time.

    The same data, configuration and seed give the same logs and the same result, byte for byte. What is assumed (queue,
    latencies, fees) stands in the table [backtest] and in the result. Exit status 66 if a capture cannot be read, 78 if the
    configuration does not fit it.
    """
    from mesh.roles import role_module

    source = source_of(captures, from_time, to_time, archive)
    config = config_of(config_file, captures)
    progress = StepProgress()
    try:
        facts = role_module("backtest").run(config, source, out, seed=seed, told=progress.told)
    finally:
        progress.stop()
    (out / CONFIG_FILE).write_text(_text(config, out), encoding="utf-8")
    if as_json:
        click.echo((out / "result.json").read_text(encoding="utf-8"), nl=False)
    else:
        click.echo("\n".join(_summary(facts, out, progress)))


def source_of(captures: tuple[str, ...], from_time: str, to_time: str, archive: str) -> Any:
    """Return what is played."""
    from mesh.history.moment import parse_moment
    from mesh.roles import role_module

    spanned = bool(from_time or to_time)
    if bool(captures) == spanned:
        raise click.UsageError("name either captures (--capture) or a span of the archive (--from, --to)")
    backtests = role_module("backtest")
    if captures:
        return backtests.CaptureSource(captures)
    from_ns = parse_moment(from_time) if from_time else 0
    to_ns = parse_moment(to_time) if to_time else 2**63 - 1
    if from_ns >= to_ns:
        raise click.UsageError(f"--from {from_time} is not before --to {to_time}")
    return backtests.ArchiveSource(from_ns, to_ns, archive)


def config_of(config_file: Path | None, captures: tuple[str, ...]) -> Config:
    """Return the configuration that is run."""
    from mesh.config import load, parse
    from mesh.run.default_config import default_tree, describe
    from mesh.run.run_folders import load_run

    if config_file is not None or not captures:
        return load_run(config_file) if config_file is None else load(config_file)
    return parse(default_tree(Path(), 1, captures=captures, found=describe(captures)))


def _text(config: Config, out: Path) -> str:
    """Return the configuration as the text of a file whose logs are in `out`."""
    import msgspec

    from mesh.run.default_config import toml_text, tree_of

    mesh = msgspec.structs.replace(config.mesh, state_dir=str(out.absolute() / "logs"))
    return toml_text(tree_of(msgspec.structs.replace(config, mesh=mesh)))


class StepProgress:
    """A bar for each step, on standard error if that is a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description:12}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rate]}"),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[str, TaskID] = {}
        self._begun_s = 0.0
        self.messages = 0
        self.took_s = 0.0
        self._bar.start()

    def told(self, step: str, done: int, whole: int, messages: int) -> None:
        """Show how far a step is; `messages` were handed out in it."""
        now_s = time.monotonic()
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(step, total=whole, rate="")
            self._begun_s = now_s
        self.messages, self.took_s = messages, now_s - self._begun_s
        rate = f"{messages / self.took_s / 1e6:.2f} M ticks/s" if messages and self.took_s else ""
        self._bar.update(self._tasks[step], completed=done, rate=rate)

    def stop(self) -> None:
        """Leave the bars as they are."""
        self._bar.stop()


def _summary(facts: Any, out: Path, progress: StepProgress) -> list[str]:
    """Return the result for people."""
    data = facts.data
    span_s = (data.last_ns - data.first_ns) / 1e9
    rate = f", {data.messages / progress.took_s / 1e6:.2f} M/s" if progress.took_s else ""
    ended = {name: count for name, count in facts.orders.items() if count and name != "submitted"}
    lines = [
        f"played     {data.messages} messages of {span_s:.1f} s in {progress.took_s:.1f} s{rate}",
        f"signals    {facts.signals}, approved {facts.approved}, denied {_counts(facts.denied)}",
        f"orders     {facts.orders.get('submitted', 0)}: {_counts(ended)}; {facts.fills} fills",
        f"positions  {_pairs(facts.positions)}",
        f"equity     {facts.equity_opening} -> {facts.equity_final} {facts.currency}{_why(facts.equity_not_known)}",
        f"P&L        {_pairs(facts.pnl)}",
    ]
    for name, venue in facts.venues.items():
        models = venue.models
        lines.append(
            f"{name:10} queue {models['queue']}, feed {models['feed']}, entry {models['entry']}, answer {models['answer']};"
            f" fees {_pairs(venue.fees)}"
        )
    figures = json.loads((out / "result.json").read_bytes())["figures"]
    return [
        *lines,
        *_figures(figures, facts.currency),
        f"result     {out / 'result.json'}",
        f"report     {out / 'report.html'}",
    ]


def _figures(found: dict[str, Any], currency: str) -> list[str]:
    """Return the main figures of a result; what is not defined is a dash."""
    turnover = ", ".join(f"{float(amount):,.2f} {name}" for name, amount in found["turnover"].items())
    return [
        f"return     {_share(found['total_return'], 3)}, volatility {_share(found['volatility'])}, Sharpe"
        f" {_number(found['sharpe'])}, Sortino {_number(found['sortino'])} (a year, from {found['returns']} returns)",
        f"drawdown   {found['drawdown_max']} {currency}, {_share(found['drawdown_max_share'], 3)} of its peak",
        f"trading    turnover {turnover or 0}, fees {found['fees']} {currency}, fill ratio {_share(found['fill_ratio'])},"
        f" hit rate {_share(found['hit_rate'])}, profit factor {_number(found['profit_factor'])}",
    ]


def _share(value: float | None, decimals: int = 1) -> str:
    return "-" if value is None else f"{value:.{decimals}%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in found.items()) or "none"


def _pairs(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items()) or "none"


def _why(text: str) -> str:
    return f" ({text})" if text else ""

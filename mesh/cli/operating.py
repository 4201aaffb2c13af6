"""Commands that act on trading: `halt`, `reduce`, `resume`, `cancel`, `flatten`, `reset`.

Each tells what it did, and ends with 0 if all of it is done, 1 if not within the time, and 69 if no agent answered.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from mesh.cli.options import config_option

if TYPE_CHECKING:
    from mesh.operate.operator import Operator
    from mesh.operate.outcome import CommandOutcome
    from mesh.operate.scope import Scope
    from schemas.orders import TradingMode

SWEEP_S, FLATTEN_S = 10.0, 30.0
SECONDS = click.FloatRange(min=0, min_open=True)

F = TypeVar("F", bound=Callable[..., Any])

_run = (
    config_option(),
    click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object."),
)
_scope = (
    click.option("--strategy", default="", metavar="N", help="Only what this strategy trades."),
    click.option("--instrument", default="", metavar="SYM", help="Only this instrument, by its symbol."),
    click.option("--venue", default="", metavar="V", help="Only the account at this venue."),
)
_reason = click.option("--reason", default="", metavar="T", help="Why; it is logged and shown with what it did.")


def _timeout(default_s: float) -> Callable[[F], F]:
    return click.option(
        "--timeout",
        "timeout_s",
        type=SECONDS,
        default=default_s,
        show_default=True,
        metavar="S",
        help="How long to wait until it is done.",
    )


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that gives a command these options."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.command()
@_options(*_scope, _reason, _timeout(SWEEP_S), *_run)
def halt(reason: str, timeout_s: float, **where: Any) -> NoReturn:
    """Stop trading: cancel every order, confirm that it is gone, and create none until `resume`, over restarts too."""
    from schemas.orders import TradingMode

    _set_mode(TradingMode.HALTED, reason, timeout_s, where)


@click.command()
@_options(*_scope, _reason, _timeout(SWEEP_S), *_run)
def reduce(reason: str, timeout_s: float, **where: Any) -> NoReturn:
    """Let only what reduces a position trade: cancel the orders that would open one, until `resume`, over restarts too."""
    from schemas.orders import TradingMode

    _set_mode(TradingMode.REDUCING, reason, timeout_s, where)


@click.command()
@_options(*_scope, _reason, *_run)
def resume(reason: str, **where: Any) -> NoReturn:
    """Go back one step from what `halt` or `reduce` set for the same scope: HALTED to REDUCING, REDUCING to ACTIVE.

    What a limit or a breaker holds stays, and is told.
    """
    _act(where, lambda operator, scope: operator.resume(scope, reason))


@click.command()
@click.argument("order_ids", nargs=-1, metavar="[ID]...")
@_options(*_scope, _timeout(SWEEP_S), *_run)
def cancel(order_ids: tuple[str, ...], timeout_s: float, **where: Any) -> NoReturn:
    """Cancel orders by client order id, or every order of the scope, and confirm that they are gone."""
    if order_ids and (where["strategy"] or where["instrument"]):
        raise click.UsageError("orders that are named need no --strategy and no --instrument")

    def canceled(operator: "Operator", scope: "Scope") -> "CommandOutcome":
        if order_ids:
            return operator.cancel_orders(scope, order_ids, timeout_s)
        return operator.cancel(scope, timeout_s)

    _act(where, canceled)


@click.command()
@_options(*_scope, _reason, _timeout(FLATTEN_S))
@click.option("--end", "ended", is_flag=True, help="Stop closing instead; what is halted stays so.")
@_options(*_run)
def flatten(reason: str, timeout_s: float, ended: bool, **where: Any) -> NoReturn:
    """Halt the scope and close its positions, in steps at bounded prices, until the venue's account is flat."""

    def closed(operator: "Operator", scope: "Scope") -> "CommandOutcome":
        return operator.end_flatten(scope, reason) if ended else operator.flatten(scope, reason, timeout_s)

    _act(where, closed)


@click.command()
@click.option("--peak", is_flag=True, help="The highest equity, which the drawdown is measured from, is that of now.")
@click.option(
    "--day-start", is_flag=True, help="The day's first equity, which its loss is measured from, is that of now."
)
@click.option("--balances", is_flag=True, help="Book what the venue's balances differ by as a transfer.")
@click.option("--positions", is_flag=True, help="Book what the venue's positions in contracts differ by; alone.")
@click.option("--reason", required=True, metavar="T", help="Why; it is logged.")
@_options(*_run)
def reset(
    peak: bool,
    day_start: bool,
    balances: bool,
    positions: bool,
    reason: str,
    config_file: Path | None,
    as_json: bool,
) -> NoReturn:
    """Have what the portfolio measures from begin anew."""
    from mesh.operate.operator import Operator
    from mesh.operate.scope import executions, portfolios
    from mesh.run.run_folders import load_run
    from mesh.transport.client import Client
    from schemas.messages import ResetRequest

    if positions == (peak or day_start or balances):
        raise click.UsageError("name what is to begin anew: --peak, --day-start, --balances, or --positions alone")
    config = load_run(config_file)
    with Client(config) as client:
        names = executions(config) if positions else portfolios(config)
        done = Operator(client).reset(names, ResetRequest(reason, peak, day_start, balances, positions))
    _tell(done, as_json)


COMMANDS = (halt, reduce, resume, cancel, flatten, reset)


def _set_mode(mode: "TradingMode", reason: str, timeout_s: float, where: dict[str, Any]) -> NoReturn:
    _act(where, lambda operator, scope: operator.set_mode(scope, mode, reason, timeout_s))


def _act(where: dict[str, Any], what: "Callable[[Operator, Scope], CommandOutcome]") -> NoReturn:
    """Do something to the scope that the options name, and tell what came of it."""
    from mesh.operate.operator import Operator
    from mesh.operate.scope import find_scope
    from mesh.run.run_folders import load_run
    from mesh.transport.client import Client

    config = load_run(where["config_file"])
    scope = find_scope(config, **{name: where[name] for name in ("strategy", "instrument", "venue")})
    with Client(config) as client:
        done = what(Operator(client), scope)
    _tell(done, where["as_json"])


def _tell(done: "CommandOutcome", as_json: bool) -> NoReturn:
    from mesh.operate import outcome

    click.echo(outcome.encode(done) if as_json else outcome.text(done))
    sys.exit(done.exit_status)

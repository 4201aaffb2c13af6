"""The parity of a run from its folder to a result: its orders, its market, each model, and which of them fits."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import msgspec

from agents.backtest.parity.entry_hops import EntryHops, entry_hops
from agents.backtest.parity.likelihood import fits_of
from agents.backtest.parity.order_pair import OrderPair, pair_of
from agents.backtest.parity.parity_figures import difference_figures, lives_figures
from agents.backtest.parity.parity_result import FILE, ModelParity, Parity, write
from agents.backtest.parity.playing import SimulatedDay, window_ns
from agents.backtest.parity.run_market import RunMarket, archive_of_run, market_of_run
from agents.backtest.parity.run_orders import RunOrder, RunOrders, read_orders
from agents.backtest.parity.venue_models import VenueModel, parse_models, usual_models
from agents.backtest.result.run_logs import RunLogs
from agents.backtest.sources import PlayedFrom
from schemas.backtest_config import LatencyConfig
from schemas.config import Config
from schemas.errors import CaptureError, ConfigError
from schemas.units import US

BEFORE = "sent before the market begins"
Told = Callable[[int, int], None]
"""Is told how many models of how many were played."""


class ParityAsked(msgspec.Struct, frozen=True):
    """What is asked for: models as they are written (none: the usual ones), and the seed of what is drawn."""

    models: Sequence[str] = ()
    seed: int = 1


def parity(
    config: Config, folder: Path, logs: Path, source: PlayedFrom | None, out: Path, asked: ParityAsked, told: Told
) -> Parity:
    """Hold the run in `folder`, with its agents' logs below `logs`, against simulations of it; leave the result in `out`.

    Raises:
        CaptureError: If the run has no market, no orders, or none that can be compared.
        ConfigError: If a model is not known, the configuration is not that of the run, or `out` holds a result.
        UnavailableError: If an archive does not answer.
    """
    if (out / FILE).exists():
        raise ConfigError(f"{out}: holds a parity already (allowed: an empty folder, or a new one)")
    power = config.backtest.queue_power
    models = parse_models(asked.models, power)
    if not any(logs.glob("*/log")):
        raise CaptureError(f"{logs}: holds no log of any agent; name the folder of a run")
    source = source or archive_of_run(config, folder, logs)
    try:
        market = market_of_run(config, folder, logs, source, out)
        with closing(RunLogs(logs)) as read:
            found = read_orders(config, read, market.account_clocks_ns)
        orders, left_out = _comparable(found)
        if not orders:
            raise CaptureError(f"{logs}: {_nothing(found, left_out)}")
        hops = entry_hops(orders, found.step_ns)
        models = models or usual_models(hops.median_ns, max(found.step_ns.values()), power, _configured(config, orders))
        _check_measured(models, hops)
        return _played(config, market, found, orders, left_out, hops, models, out, asked.seed, told)
    finally:
        if source is not None:
            source.close()


def _played(
    config: Config,
    market: RunMarket,
    found: RunOrders,
    orders: Sequence[RunOrder],
    left_out: dict[str, int],
    hops: EntryHops,
    models: Sequence[VenueModel],
    out: Path,
    seed: int,
    told: Told,
) -> Parity:
    pairs: dict[VenueModel, list[OrderPair]] = {}
    marks_e8: dict[tuple[str, str], int] = {}
    for number, model in enumerate(models):
        told(number, len(models))
        day = SimulatedDay(config, market, orders, hops, model, seed)
        if not number:
            early = sum(each.sent_ns < day.first_ns for each in orders)
            left_out |= {BEFORE: early} if early else {}
            orders = [each for each in orders if each.sent_ns >= day.first_ns]
            if not orders:
                raise CaptureError(f"all {early} orders were {BEFORE} that is recorded: {market.text}")
        day.play()
        pairs[model] = [_pair(each, day, market, found) for each in orders]
        if not marks_e8:
            keys = {(each.account, each.info.symbol) for each in orders}
            marks_e8 = {key: day.accounts[key[0]].mark_e8(key[1]) for key in sorted(keys)}
    told(len(models), len(models))
    fits = fits_of(pairs, hops, found.step_ns)
    result = Parity(
        tickmesh=version("tickmesh"),
        market=market.text,
        seed=seed,
        orders=len(orders),
        left_out=dict(sorted(left_out.items())),
        entry_known=len(hops.by_order),
        entry_median_ns=hops.median_ns if hops.by_order else None,
        step_ns=found.step_ns,
        best=fits[0].model.name if sum(each.alike for each in fits) == 1 else None,
        alike=[each.model.name for each in fits if each.alike],
        real=lives_figures(pairs[models[0]], marks_e8, simulated=False),
        models=[
            ModelParity.of(
                each, lives_figures(pairs[each.model], marks_e8, simulated=True), difference_figures(pairs[each.model])
            )
            for each in fits
        ],
    )
    write(out, result, {each.model.name: pairs[each.model] for each in fits}, marks_e8)
    return result


def _pair(order: RunOrder, day: SimulatedDay, market: RunMarket, found: RunOrders) -> OrderPair:
    clock_ns = market.account_clocks_ns[order.account]
    life = day.lives[order.client_order_id]
    return pair_of(order, life, window_ns(order, market.last_ns), found.step_ns[order.account], clock_ns)


def _comparable(found: RunOrders) -> tuple[list[RunOrder], dict[str, int]]:
    left_out: dict[str, int] = {}
    kept = []
    for each in found.orders:
        why = each.left_out
        if why:
            left_out[why] = left_out.get(why, 0) + 1
        else:
            kept.append(each)
    return kept, left_out


def _nothing(found: RunOrders, left_out: dict[str, int]) -> str:
    if not found.orders:
        return "no order was sent in this run: there is nothing to compare"
    why = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
    return f"none of {len(found.orders)} orders can be compared: {why}"


def _configured(config: Config, orders: Iterable[RunOrder]) -> list[int]:
    """Return the constant entry latencies that a backtest of the configuration has, of the accounts that were traded."""
    found: dict[int, None] = {}
    for account in dict.fromkeys(each.account for each in orders):
        own = config.backtest.venues.get(account)
        table: LatencyConfig = (own and own.entry) or config.backtest.entry
        if table.model == "constant":
            found[int(table.us * US)] = None
    return list(found)


def _check_measured(models: Sequence[VenueModel], hops: EntryHops) -> None:
    if not hops.by_order and any(each.entry_ns is None for each in models):
        raise CaptureError(
            "no order tells when the venue took it on: name models with a constant latency (--model log/5ms)"
        )

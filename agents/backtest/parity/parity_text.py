"""A parity for people: the models beside the real venue, what is to be said of them, and the orders that differ most."""

from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.table import Table

from agents.backtest.parity.parity_figures import LivesFigures
from agents.backtest.parity.parity_result import TABLE, ModelParity, Parity
from schemas.units import MS

NOTHING = "-"


def models_table(result: Parity) -> Table:
    """Return a table with the real venue first, then each model, best first."""
    table = Table(box=None, header_style="bold")
    table.add_column("")
    for name in ("filled", "quantity", "to fill p50", "p90", "price, ticks", "bps", "P&L", "distance", "ln L", "z", ""):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row("real", *_figures(result.real), *[""] * 2, _money(result.real), *[""] * 4)
    for each in result.models:
        differs = each.difference
        table.add_row(
            each.name,
            *_figures(each.simulated),
            _number(differs.price_ticks, "+.2f"),
            _number(differs.price_bps, "+.3f"),
            _money(each.simulated),
            f"{each.distance:.4f}",
            f"{each.log_likelihood:,.1f}",
            _number(each.z, ".2f"),
            _mark(result, each),
        )
    return table


def sentences(result: Parity) -> list[str]:
    """Return what is to be said of a result."""
    lines = [f"{result.orders} orders compared on {result.market}"]
    if result.left_out:
        lines.append("left out: " + ", ".join(f"{count} {why}" for why, count in result.left_out.items()))
    median = result.entry_median_ns
    known = "nothing is known" if median is None else f"{median / MS:.3f} ms in the median"
    lines.append(f"on the way to the venue: {known}, of {result.entry_known} orders")
    if result.best is not None:
        lines.append(f"the model that fits best: {result.best}")
    else:
        lines.append(
            f"these orders do not tell which of {len(result.alike)} models fits best: {', '.join(result.alike)}"
        )
    return lines


def orders_table(result: Parity, out: Path, count: int) -> Table:
    """Return the orders whose lives are furthest apart under the first model, of the result in the folder `out`."""
    name = result.models[0].name
    rows = pq.read_table(out / f"{TABLE}.parquet", filters=pc.field("model") == name)
    places = pc.select_k_unstable(rows, k=min(count, rows.num_rows), sort_keys=[("distance", "descending")])
    found = [each for each in rows.take(places).to_pylist() if each["distance"] > 0]
    table = Table(box=None, header_style="bold", title=f"furthest apart under {name}" if found else None)
    columns = (
        "order",
        "instrument",
        "side",
        "qty",
        "price",
        "filled really",
        "simulated",
        "after",
        "simulated",
        "distance",
    )
    for column in columns if found else ():
        table.add_column(column, justify="right", no_wrap=True)
    for each in found:
        table.add_row(
            each["client_order_id"],
            each["instrument"],
            each["side"],
            *(f"{each[key].normalize():f}" for key in ("qty", "price", "real_filled_qty", "simulated_filled_qty")),
            *(_wait(each[f"{side}_time_to_fill"]) for side in ("real", "simulated")),
            f"{each['distance']:.4f}",
        )
    return table


def _figures(figures: LivesFigures) -> list[str]:
    waits = (figures.time_to_fill_p50, figures.time_to_fill_p90)
    return [
        _number(figures.fill_ratio, ".1%"),
        _number(figures.quantity_ratio, ".1%"),
        *(NOTHING if each is None else f"{each / MS:,.0f} ms" for each in waits),
    ]


def _money(figures: LivesFigures) -> str:
    return ", ".join(f"{float(amount):,.2f} {name}" for name, amount in figures.pnl.items())


def _mark(result: Parity, each: ModelParity) -> str:
    if each.name == result.best:
        return "fits best"
    return "as good" if each.alike else ""


def _number(value: float | None, form: str) -> str:
    return NOTHING if value is None else format(value, form)


def _wait(value: Any) -> str:
    return NOTHING if value is None else f"{value.total_seconds() * 1e3:,.0f} ms"

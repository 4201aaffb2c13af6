"""What a parity leaves: `parity.json`, with keys that stay, and `parity.parquet`, a row for each order under each model.

Rule of evolution: keys and columns are only ever added.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from agents.backtest.parity.likelihood import ModelFit
from agents.backtest.parity.order_pair import OrderPair, gained_e16, waited_ns
from agents.backtest.parity.parity_figures import DifferenceFigures, LivesFigures
from agents.backtest.parity.run_orders import OrderLife, RunOrder
from agents.backtest.result.parquet_table import ParquetTable, decimal_of
from schemas.messages import E8
from schemas.orders import Side

FILE = "parity.json"
TABLE = "parity"
FORMAT = 1


class ModelParity(msgspec.Struct, frozen=True, kw_only=True):
    """One model: how well it fits (`likelihood` tells how), its figures, and what differs from the real ones."""

    name: str
    queue: str
    latency: str
    log_likelihood: float
    log_likelihood_hops: float
    log_likelihood_fills: float
    distance: float
    alike: bool
    z: float | None
    simulated: LivesFigures
    difference: DifferenceFigures

    @classmethod
    def of(cls, fit: ModelFit, simulated: LivesFigures, difference: DifferenceFigures) -> "ModelParity":
        """Return what is told of a model."""
        return cls(
            name=fit.model.name,
            queue=fit.model.queue_text,
            latency=fit.model.latency,
            log_likelihood=fit.log_likelihood,
            log_likelihood_hops=fit.of_hops,
            log_likelihood_fills=fit.of_fills,
            distance=fit.distance,
            alike=fit.alike,
            z=fit.z,
            simulated=simulated,
            difference=difference,
        )


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result; `models` stand best first, and `best` is null unless the orders tell it from all others.

    `alike` are those that they do not tell apart from the best, with it. `left_out` counts by reason the orders that
    cannot be compared, `entry_known` those whose way to the venue is known.
    """

    format: int = FORMAT
    tickmesh: str
    market: str
    seed: int
    orders: int
    left_out: dict[str, int]
    entry_known: int
    entry_median_ns: int | None
    step_ns: dict[str, int]
    best: str | None
    alike: list[str]
    real: LivesFigures
    models: list[ModelParity]


def write(
    out: Path, result: Parity, pairs: Mapping[str, Sequence[OrderPair]], marks_e8: Mapping[tuple[str, str], int]
) -> None:
    """Write both files; `pairs` are by the name of a model."""
    out.mkdir(parents=True, exist_ok=True)
    with closing(ParquetTable(out, TABLE)) as table:
        for name, those in pairs.items():
            for each in those:
                table.add(_row(name, each, marks_e8[each.order.account, each.order.info.symbol]))
    text = msgspec.json.format(msgspec.json.encode(result), indent=2)
    (out / FILE).write_bytes(text + b"\n")


def _row(model: str, pair: OrderPair, mark_e8: int) -> dict[str, Any]:
    order, info = pair.order, pair.order.info
    return {
        "model": model,
        "client_order_id": order.client_order_id,
        "account": order.account,
        "instrument": info.symbol,
        "strategy": order.strategy,
        "side": Side(order.side).name,
        "price": decimal_of(info.px_e8(order.price_ticks)),
        "qty": decimal_of(info.qty_e8(order.qty_lots)),
        "sent": order.sent_ns,
        "distance": pair.distance,
        "price_difference_ticks": pair.price_difference_ticks,
        "price_difference_bps": pair.price_difference_bps,
        **_side(order, pair.real, mark_e8, "real"),
        **_side(order, pair.simulated, mark_e8, "simulated"),
    }


def _side(order: RunOrder, life: OrderLife, mark_e8: int, side: str) -> dict[str, Any]:
    info, filled = order.info, life.filled_lots
    worth = sum(each.price_ticks * each.qty_lots for each in life.parts)
    assets = list(dict.fromkeys(each.fee_asset for each in life.parts))
    row = {
        "status": life.status,
        "accepted": life.accepted_ns or None,
        "first_fill": life.first_fill_ns or None,
        "ended": life.ended_ns or None,
        "time_to_fill": waited_ns(order, life),
        "filled_qty": decimal_of(info.qty_e8(filled)),
        "average_price": decimal_of(worth * info.tick_e8 * E8 // filled, 16) if filled else None,
        "fee": decimal_of(sum(each.fee_e8 for each in life.parts)) if len(assets) == 1 else None,
        "fee_asset": assets[0] if len(assets) == 1 else None,
        "pnl": decimal_of(gained_e16(order, life, mark_e8), 16),
    }
    return {f"{side}_{name}": value for name, value in row.items()}

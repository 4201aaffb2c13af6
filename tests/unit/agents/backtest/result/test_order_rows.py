"""Rows of orders and own trades, and results of closed trades held against a book of exact fractions."""

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agents.backtest.result.order_rows import OrderRows
from agents.instruments import InstrumentTable
from core.frame import Header
from mesh.config import parse
from mesh.run.default_config import default_tree
from schemas.messages import InflowValued, Message, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import OrderStatus
from schemas.streams import Kind, stream_id

MS = 1_000_000
WALL_NS = 1_700_000_000_000_000_000
STREAM = stream_id(Kind.ORDER, 1)
E16 = 10**16


class Rows:
    """What was handed out."""

    def __init__(self, folder: Path) -> None:
        self.table = InstrumentTable(parse(default_tree(folder, 1)))
        self.info = next(iter(self.table.by_id.values()))
        self.orders: list[dict[str, Any]] = []
        self.trades: list[dict[str, Any]] = []

    def fold(self, messages: list[Message], inflows: tuple[InflowValued, ...] = ()) -> OrderRows:
        rows = OrderRows(
            self.table,
            self.info.venue.id,
            inflows,
            lambda row, state: self.orders.append(row),
            lambda row, fill: self.trades.append(row),
        )
        rows.fold(self._records(messages), lambda ns: ns + WALL_NS)
        return rows

    def _records(self, messages: list[Message]) -> Iterator[tuple[Header, Message]]:
        for seq, message in enumerate(messages, start=1):
            at_ns = seq * MS
            yield Header(stream=STREAM, type=0, sender=5, epoch=1, seq=seq, send_ns=at_ns, origin_ns=at_ns), message

    def begun(self, order: str, qty_lots: int, side: int = 1) -> OrderInitialized:
        return OrderInitialized(order, "s", self.info.id, side, qty_lots, 6_000_000, 1)

    def updated(self, order: str, status: OrderStatus, *, cum: int = 0, ms: int = 0, reason: int = 0) -> OrderUpdated:
        return OrderUpdated(order, self.info.id, status, "v1", cum, WALL_NS, WALL_NS + ms * MS, reason)

    def filled(
        self,
        order: str,
        qty_lots: int,
        px_ticks: int,
        *,
        side: int = 1,
        status: int = 4,
        fee: int = 0,
        asset: str = "",
        ms: int = 0,
    ) -> OrderFilled:
        cum, leaves = qty_lots, 0
        return OrderFilled(
            *(order, "s", self.info.id, side, status, "v1", "t1", qty_lots, px_ticks, cum, leaves, fee, asset, 2),
            *(WALL_NS, WALL_NS + ms * MS),
        )


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows(tmp_path)


def test_an_order_is_one_row_when_it_has_ended(rows: Rows) -> None:
    rows.fold(
        [
            rows.begun("a", 300),
            rows.updated("a", OrderStatus.NEW, ms=11),
            rows.filled("a", 100, 6_000_000, ms=21),
            rows.filled("a", 200, 6_000_300, status=OrderStatus.FILLED, ms=31),
        ]
    )
    (row,) = rows.orders
    lot, tick = Fraction(rows.info.config.lot_size), Fraction(rows.info.config.tick_size)
    assert (row["status"], row["side"], row["account"], row["venue_order_id"]) == ("FILLED", "BUY", "paper", "v1")
    assert (Fraction(row["qty"]), Fraction(row["filled_qty"])) == (300 * lot, 300 * lot)
    assert Fraction(row["average_price"]) == 6_000_200 * tick
    times = [row[name] - WALL_NS for name in ("created", "accepted", "first_fill", "ended")]
    assert times == [1 * MS, 11 * MS, 21 * MS, 31 * MS]
    assert row["time_to_fill"] == 20 * MS


def test_an_order_waits_for_fills_that_the_venue_has_stated(rows: Rows) -> None:
    rows.fold(
        [
            rows.begun("a", 300),
            rows.updated("a", OrderStatus.CANCELED, cum=100, ms=11),
            rows.begun("b", 300),
            rows.updated("b", OrderStatus.REJECTED, ms=12, reason=1),
            rows.filled("a", 100, 6_000_000, status=OrderStatus.CANCELED, ms=21),
        ]
    )
    assert [(row["client_order_id"], row["status"]) for row in rows.orders] == [("b", "REJECTED"), ("a", "CANCELED")]
    assert rows.orders[0]["accepted"] is None
    assert rows.orders[0]["reason"] == "ORDER_QTY_BELOW_MINIMUM"
    assert rows.orders[1]["filled_qty"] > 0


def test_an_order_that_is_open_at_the_end_is_a_row_too(rows: Rows) -> None:
    rows.fold([rows.begun("a", 300), rows.updated("a", OrderStatus.NEW, ms=11)])
    (row,) = rows.orders
    assert (row["status"], row["ended"], row["average_price"], row["time_to_fill"]) == ("NEW", None, None, None)


def test_a_closed_trade_by_hand(rows: Rows) -> None:
    """Bought 2 at 100 for a fee of 0.4, sold 1 at 110 for 0.3: 10 less 0.3 less half of 0.4."""
    lots, ticks, unit = rows_of(rows.info, "1"), rows_of(rows.info, "100", price=True), rows.info.config.quote
    rows.fold(
        [
            rows.filled("a", 2 * lots, ticks, fee=40_000_000, asset=unit),
            rows.filled("b", lots, ticks * 11 // 10, side=-1, fee=30_000_000, asset=unit),
        ]
    )
    assert [row["closed_pnl"] for row in rows.trades] == [None, Fraction("9.5")]
    assert [str(row["position"]) for row in rows.trades] == ["2.00000000", "1.00000000"]
    assert rows.trades[1]["realised_pnl"] == 10


def rows_of(info: Any, amount: str, *, price: bool = False) -> int:
    """Return an amount in lots, or a price in ticks."""
    return int(Fraction(amount) / Fraction(info.config.tick_size if price else info.config.lot_size))


def test_what_was_held_before_is_counted_as_the_portfolio_valued_it(rows: Rows) -> None:
    inflow = InflowValued(
        WALL_NS, rows.info.venue.id, 1, True, {rows.info.config.base: "2"}, {rows.info.config.base: "100"}, 0
    )
    lots, ticks = rows_of(rows.info, "1"), rows_of(rows.info, "110", price=True)
    rows.fold([rows.filled("a", lots, ticks, side=-1)], (inflow,))
    assert (rows.trades[0]["position"], rows.trades[0]["realised_pnl"], rows.trades[0]["closed_pnl"]) == (1, 10, 10)


@pytest.mark.parametrize("seed", range(30))
def test_closed_trades_and_open_fees_add_up_to_the_profit(rows: Rows, seed: int) -> None:
    """Against the worth of the account in fractions: what fills paid and brought, and what is held at its average cost."""
    rng = random.Random(seed)
    info, messages = rows.info, []
    for place in range(60):
        side, lots, ticks = rng.choice((-1, 1)), rng.randrange(1, 5_000), 6_000_000 + rng.randrange(-9_000, 9_000)
        asset = rng.choice((info.config.base, info.config.quote, ""))
        fee = {info.config.base: lots * info.lot_e8 // 1000, info.config.quote: rng.randrange(10**6), "": 0}[asset]
        messages.append(rows.filled(f"o{place}", lots, ticks, side=side, fee=fee, asset=asset))
    folded = rows.fold(list(messages))
    ledger = folded.ledgers[info.id]
    cash = held = Fraction(0)
    for row in rows.trades:
        side = 1 if row["side"] == "BUY" else -1
        cash -= side * Fraction(row["qty"]) * Fraction(row["price"])
        held += side * Fraction(row["qty"])
        if row["fee_asset"] == info.config.quote:
            cash -= Fraction(row["fee"])
        elif row["fee_asset"] == info.config.base:
            held -= Fraction(row["fee"])
        assert Fraction(row["position"]) == held
    profit = cash + Fraction(ledger.cost_e16, E16)
    assert profit == Fraction(ledger.realised_e16 - ledger.fees_e16, E16)
    closed = sum(Fraction(row["closed_pnl"]) for row in rows.trades if row["closed_pnl"] is not None)
    assert closed - Fraction(folded.borne_e16(info.id), E16) == profit

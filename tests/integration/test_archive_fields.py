"""Every field of every message in ClickHouse, read back from the embedded engine."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.archive import agent as archive
from agents.archive.database import connect, counts
from schemas.config import Config
from tests.integration.archive_feed import Harness
from tests.unit.agents.archive_samples import BOOK, BTC, ONE_OF_EACH, T0, TRADE, archive_config
from tests.unit.agents.fake_context import FakeContext

NS = "toUnixTimestamp64Nano"
ORDER_TERMS = "client_order_id, strategy, side, qty_lots, price_ticks, time_in_force"
Row = Callable[..., tuple[Any, ...]]
"""Returns the one row of a table that a condition leaves."""


def archive_samples(config: Config) -> None:
    """Archive one message of every kind."""

    async def live() -> None:
        agent = archive.build("arc", config)
        shell = archive.shell("arc", config, agent)
        context = FakeContext("arc", 6)
        agent.bind(context)
        await shell.start(Harness.__new__(Harness))
        agent.start()
        for publisher, stream, message in ONE_OF_EACH:
            context.deliver(agent, publisher, stream, message, corr=5)
        agent.stop()
        await shell.stop()

    asyncio.run(live())


def test_every_field_of_every_message_reads_back(tmp_path: Path) -> None:
    config = archive_config(str(tmp_path))
    archive_samples(config)
    client = connect("arc", config)
    try:

        def row(table: str, columns: str, where: str = "1") -> tuple[Any, ...]:
            rows = client.query(f"SELECT {columns} FROM tickmesh.{table} WHERE {where}").result_rows
            assert len(rows) == 1
            return tuple(rows[0])

        check_market_data(row)
        check_decisions(row)
        check_orders(row)
        check_account(row)
        check_agents(row)
        assert row("latency", "publisher, count", "hop = 'md>arc'") == ("arc", 10)
    finally:
        client.close()


def check_market_data(row: Row) -> None:
    assert row(
        "trades",
        f"venue, symbol, {NS}(ts_event_ns), {NS}(ts_recv_ns), price_ticks, qty_lots, aggressor, trade_id, condition",
    ) == ("binance", "BTCUSDT", T0, T0 + 1, 2_810_055, 1_234, "SELL", "900001", -3)
    assert row("trades", "publisher, stream, epoch, seq, flags") == ("md", TRADE, 1, 1, 0)
    state = ("BOOK", "DOWN", "pings unanswered", 7, T0 + 7)
    assert row("feed_states", f"kind, state, reason, weaker, {NS}(ts_recv_ns)", "kind = 'BOOK'") == state
    levels = "bid_price_ticks, bid_qty_lots, ask_price_ticks, ask_qty_lots"
    asks = ([2_810_100, 2_810_200, 2_810_300], [0, 14, 15])
    assert row("book_snapshots", f"last_update_id, {levels}") == (700, [2_810_000, 2_809_900], [11, 12], *asks)
    assert row("book_deltas", f"first_update_id, last_update_id, {levels}") == (701, 705, [], [], *asks)
    quote = (706, 2_810_001, 21, 2_810_101, 22)
    assert row("quotes", "update_id, bid_ticks, bid_lots, ask_ticks, ask_lots") == quote
    assert row("marks", f"mark_e8, index_e8, funding_rate_e8, {NS}(next_funding_ns)") == (
        2_810_055_000_000,
        2_810_044_000_000,
        -12_345,
        T0 + 12,
    )
    bar = f"interval_ms, {NS}(open_ns), open_ticks, high_ticks, low_ticks, close_ticks, volume_lots, trades"
    assert row("bars", bar) == (60_000, T0 + 15, 2_810_031, 2_810_034, 2_810_032, 2_810_033, 31, 32)
    sizes = "tick_size, lot_size, min_qty_lots, max_qty_lots, min_notional_e8, margin"
    assert row("instruments", f"instrument_id, base, quote, {sizes}") == (
        *(7, "BTC", "USDT"),
        *("0.01", "0.00001", 1, 9_000, 500_000_000, True),
    )


def check_decisions(row: Row) -> None:
    causes = "arrayMap(c -> (c.stream, c.epoch, c.seq), causes)"
    assert row(
        "signals",
        f"signal_id, strategy, symbol, side, qty_lots, price_ticks, time_in_force, confidence, reason, corr, {causes}",
    ) == (
        51,
        "ema",
        "BTCUSDT",
        "BUY",
        33,
        2_810_077,
        "IOC",
        0.625,
        "crossed up",
        5,
        [(TRADE, 1, 41), (BOOK, 1, 42)],
    )
    assert row("decisions", f"signal_id, {ORDER_TERMS}, signal_sender, signal_epoch", "decision = 'APPROVED'") == (
        *(52, "T1", "ema", "BUY", 34, 2_810_078, "GTC"),
        *(2, 9),
    )
    assert row("decisions", "signal_id, reason, figures", "decision = 'DENIED'") == (
        53,
        "MAX_POSITION",
        '{"held":4.5,"limit":5}',
    )
    assert row("decisions", "client_order_id, reason", "decision = 'RELEASED'") == ("T1", "NEVER_REACHED_VENUE")


def check_orders(row: Row) -> None:
    assert row("orders", f"symbol, {ORDER_TERMS}, external", "status = 'INITIALIZED'") == (
        *("BTCUSDT", "T1", "ema", "BUY", 34, 2_810_078, "GTC"),
        True,
    )
    assert row(
        "orders",
        f"symbol, venue_order_id, cum_qty_lots, {NS}(ts_event_ns), {NS}(ts_recv_ns), reason, text, reconciled",
        "status = 'CANCELED'",
    ) == ("ETHUSDT", "v-1", 3, T0 + 20, T0 + 21, "CANCELED_BY_VENUE", "änd", True)
    assert row(
        "fills",
        "symbol, client_order_id, strategy, side, status, venue_order_id, trade_id, last_qty_lots, last_px_ticks,"
        " cum_qty_lots, leaves_qty_lots, commission_e8, commission_asset, liquidity,"
        f" {NS}(ts_event_ns), {NS}(ts_recv_ns), reconciled",
    ) == (
        *("BTCUSDT", "T1", "ema", "SELL", "PARTIALLY_FILLED", "v-1", "61", 62, 2_810_079),
        *(63, 64, -65, "BNB", "MAKER"),
        *(T0 + 22, T0 + 23, True),
    )
    assert row("reconciliations", f"open_orders, fills_recovered, {NS}(since_ns), balances_e8, balances") == (
        *(2, 3, T0 + 24),
        {"BTC": 71, "USDT": -72},
        {"BTC": "0.00000071", "BTTC": "46116860185.5"},
    )


def check_account(row: Row) -> None:
    money = "net_qty_e8, avg_px_e8, mark_px_e8, realised_pnl_e8, unrealised_pnl_e8, fees_e8"
    assert row("positions", f"symbol, {money}, {NS}(ts_event_ns), order_seq, net_qty, avg_px, mark_px") == (
        *("BTCUSDT", -81, 82, 83, -84, 85, 86),
        *(T0 + 25, 87),
        *("-0.00000081", "0.5", "0.25"),
    )
    money = "equity_e8, realised_e8, unrealised_e8, fees_e8, day_start_equity_e8, peak_equity_e8"
    assert row("equity", f"{NS}(ts_recv_ns), {money}, transfers_e8, opening_e8") == (
        *(T0 + 26, 91, 92, -93),
        *(94, 95, 96, 97, 98),
    )
    assert row("inflows", "venue_id, order_seq, opening, amounts, marks, value_e8") == (
        *(1, 6, True),
        *({"BTC": "2"}, {"BTC": "59999.5"}, 99),
    )
    assert row("equity_resets", f"{NS}(ts_recv_ns), peak, day_start, text") == (T0 + 27, True, False, "looked at")
    assert row("transfers", f"asset, amount, {NS}(ts_event_ns), text") == ("BNB", "-0.5", T0 + 28, "withdrawn")


def check_agents(row: Row) -> None:
    assert row("venue_clocks", f"venue, {NS}(ts_recv_ns), offset_ns, error_ns") == ("binance", T0 + 30, -31, 32)
    assert row("trading_states", "mode, reason, text, strategy, instrument_id, venue_id") == (
        *("REDUCING", "DAILY_LOSS", "too much"),
        *("ema", BTC, 1),
    )
    assert row("strategy_states", "publisher, strategy, state") == ("sig", "ema", "01ff")
    assert row("breakers", "breaker, state, text, wait_ns") == ("create", "OPEN", "3 failures: timeout", 1_000)
    assert row("reaps", "canceled, left, positions, text") == (7, 1, {"BTCUSDT": "0.5"}, "execution is silent")


def test_stopping_leaves_nothing_behind_and_counts_are_asked_of_clickhouse(tmp_path: Path) -> None:
    config = archive_config(str(tmp_path), flush_rows=10_000, flush_ms=60_000)
    archive_samples(config)
    found = counts(config, "arc")
    assert sum(rows for table, rows in found.items() if table != "latency") == len(ONE_OF_EACH)

"""The whole desk in virtual time: seeds with faults keep the invariants, and the same run gives the same logs.

Invariants are those of the protocol: S1 no silent gap, S2 no doubles, S3 in order, S4 epochs never back (watched at every
message of every agent); O1 one venue order for each intent, O4 held, ordered and approved within the limits (watched at the
venue every 50 ms); O6 positions equal the sum of the unique fills and the venue's account once all is quiet, which must be
so within 30 s after the last fault; O7 no order rests that nobody owns; O8 what only reduces a position is refused by no
limit; O9 equity is that of the venue's account. The archive is not there: it needs ClickHouse's engine, which knows no
virtual time.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.paper.market.capture_summary import describe
from core.frame import HEADER_SIZE, unpack
from mesh.protocol.codec import decode
from mesh.sim.simulator import Network
from schemas.messages import Message, OrderFilled, OrderUpdated
from schemas.orders import OrderStatus, Reason
from schemas.streams import Kind
from tests.sim.account_oracles import equity_difference_e8, refused_reductions
from tests.sim.desk import AGENTS, MS, Desk
from tests.sim.nemesis import nemesis

EQUITY_ROUNDING_E8 = 2
"""Equity is rounded once, and so is what it is held against."""

ROOT = Path(__file__).parents[2]
SEEDS = range(1, 401 if os.environ.get("TICKMESH_LONG") else 51)
FAULTY = Network(loss=0.01, duplication=0.01, request_loss=0.01)
LATENCIES_MS_MAX = (0.2, 0.2, 2, 20, 200)
QUIET_S_MIN, QUIET_S_MAX = 3, 30
"""How long after the last fault a desk is looked at for the first and for the last time."""


def positions(desk: Desk, figures: Any) -> dict[str, Decimal]:
    symbols = [i.symbol for i in desk.config.instruments]
    return {s: Decimal(figures.positions.get(s, "0")) for s in symbols}


def filled_by_log(desk: Desk) -> tuple[dict[str, Decimal], int]:
    """Return by symbol the sum of the unique fills in execution's log, less commission in base, and their number."""
    instruments = {i.id: i for i in desk.config.instruments}
    held = {i.symbol: Decimal(0) for i in desk.config.instruments}
    seen: set[tuple[int, str, int]] = set()
    for fill in execution_log(desk):
        if not isinstance(fill, OrderFilled):
            continue
        key = (fill.instrument_id, fill.venue_order_id, fill.trade_id)
        assert key not in seen, f"fill {key} is in the log twice"
        seen.add(key)
        instrument = instruments[fill.instrument_id]
        held[instrument.symbol] += fill.side * fill.last_qty_lots * Decimal(instrument.lot_size)
        if fill.commission_asset == instrument.base:
            held[instrument.symbol] -= Decimal(fill.commission_e8) / 10**8
    return held, len(seen)


def execution_log(desk: Desk) -> Iterator[Message]:
    """Yield what execution has published, in order."""
    for _, frame in desk.simulator.nodes["execution"].log.scan():
        yield decode(unpack(frame).type, frame[HEADER_SIZE:])


def self_trades(desk: Desk) -> int:
    """Return how many trades the account has made with itself, by the venue's books."""
    orders = desk.venue.exchange.trading.orders.values()
    fills = [(order.listing.symbol, str(fill.trade_id)) for order in orders for fill in order.fills]
    return len(fills) - len(set(fills))


def check_quiet(desk: Desk) -> None:
    """Check O6, that every agent is live, and that nothing is left open to doubt."""
    assert [n for n in AGENTS if desk.simulator.nodes[n].engine.status().state != "live"] == []
    venue = desk.venue.exchange.figures()
    held, fills = filled_by_log(desk)
    assert positions(desk, venue) == held
    assert positions(desk, desk.figures("portfolio")) == held
    assert positions(desk, desk.figures("risk")) == held
    assert venue.fills == fills == desk.figures("portfolio").fills
    assert desk.figures("execution").orders.unknown == 0
    assert desk.figures("execution").reconciled
    difference_e8 = equity_difference_e8(desk)
    assert difference_e8 is not None
    assert abs(difference_e8) <= EQUITY_ROUNDING_E8


def run_until_quiet(desk: Desk) -> None:
    """Run until every agent is live and no figure of the account differs, for as long as that may take."""
    desk.run(QUIET_S_MIN)
    for _ in range(2 * (QUIET_S_MAX - QUIET_S_MIN)):
        if is_quiet(desk):
            return
        desk.run(0.5)


def is_quiet(desk: Desk) -> bool:
    try:
        check_quiet(desk)
    except AssertionError:
        return False
    return True


def under_nemesis(folder: Path, seed: int, **execution: str) -> Desk:
    """Return a desk that the seed's faults have happened to, and that has become quiet."""
    rng = random.Random(seed)
    latency_ns_max = int(rng.choice(LATENCIES_MS_MAX) * MS)
    network = msgspec.structs.replace(FAULTY, latency_ns_max=latency_ns_max)
    desk = Desk(folder, seed, network=network, execution=execution)
    desk.start()
    desk.run(3)
    nemesis(desk, rng, 6)
    desk.heal()
    run_until_quiet(desk)
    return desk


def check_kept(desk: Desk) -> None:
    """Check every invariant at the end of a run."""
    assert desk.violations == []
    assert desk.lost() == 0
    assert desk.venue.exchange.figures().creates_by_client_id_max <= 1
    assert refused_reductions(desk) == []
    check_quiet(desk)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_of_any_kind_keep_the_invariants(tmp_path: Path, seed: int) -> None:
    check_kept(under_nemesis(tmp_path, seed))


def test_a_calm_desk_trades_and_is_held_back_by_its_limits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 3)
    desk.start()
    desk.run(60)
    assert desk.venue.exchange.figures().fills > 10
    assert desk.figures("risk").decisions.denied.get("MAX_POSITION", 0) > 0
    assert desk.violations == []
    check_quiet(desk)


def test_an_order_placed_by_hand_is_taken_into_every_account_of_the_desk(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 3)
    desk.start()
    rng = random.Random(1)
    for _ in range(60):
        desk.run(1)
        if desk.sell_by_hand(rng):
            break
    desk.run(20)
    assert desk.figures("execution").orders.external == 1
    assert desk.violations == []
    check_quiet(desk)


def test_a_fill_that_lists_show_later_than_younger_ones_is_booked(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 2)
    desk.start()
    rng = random.Random(1)
    for _ in range(60):
        desk.run(1)
        desk.fault(fault="hide", count=1, seconds=8.0)
        desk.fault(fault="mute_user", count=5)
        if desk.sell_by_hand(rng):
            break
        desk.heal()
    desk.fault(fault="close_user")
    desk.run(50)
    assert desk.figures("execution").orders.external == 1
    check_quiet(desk)


@pytest.mark.parametrize("seed", range(1, 5))
def test_orders_that_queries_do_not_show_for_a_while_have_not_ended(tmp_path: Path, seed: int) -> None:
    desk = Desk(tmp_path, seed)
    desk.start()
    desk.run(3)
    desk.fault(fault="hide", count=30, seconds=8.0)
    desk.run(40)
    desk.heal()
    run_until_quiet(desk)
    updates = [message for message in execution_log(desk) if isinstance(message, OrderUpdated)]
    missed = {message.status for message in updates if message.reason == Reason.ORDER_NOT_FOUND}
    assert missed == {OrderStatus.UNKNOWN}
    assert desk.violations == []
    check_quiet(desk)


def test_a_desk_that_traded_with_itself_keeps_the_invariants(tmp_path: Path) -> None:
    desk = under_nemesis(tmp_path, 121, orders_over="socket")
    assert self_trades(desk) > 0
    check_kept(desk)


def test_a_desk_that_once_traded_with_itself_keeps_the_invariants(tmp_path: Path) -> None:
    check_kept(under_nemesis(tmp_path, 40, orders_over="rest"))


def test_a_desk_whose_market_log_is_short_keeps_the_invariants(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 4, network=FAULTY, market_log_bytes=1 << 18)
    desk.start()
    desk.run(20)
    nemesis(desk, random.Random(4), 8)
    desk.heal()
    run_until_quiet(desk)
    log = desk.simulator.nodes["md"].log
    stream = next(stream for stream in log.streams() if stream >> 24 == Kind.TRADE)
    assert log.first(stream)[1] > 1
    assert desk.violations == []
    assert desk.lost() == 0
    check_quiet(desk)


def test_the_same_seed_in_another_process_gives_the_same_logs_byte_for_byte(tmp_path: Path) -> None:
    other = in_another_process("logs_of_a_run", tmp_path / "b", 11)
    run = logs_of_a_run(tmp_path / "a", 11)
    assert result_of(other) == run
    assert logs_of_a_run(tmp_path / "c", 12) != run


def test_the_same_capture_in_another_process_gives_the_same_logs_byte_for_byte(tmp_path: Path, data_dir: Path) -> None:
    capture = str(data_dir / "raw/binance-spot/hftbacktest/btcusdt_20240809.gz")
    other = in_another_process("logs_of_a_capture", tmp_path / "b", capture)
    assert logs_of_a_capture(tmp_path / "a", capture) == result_of(other)


def in_another_process(function: str, folder: Path, argument: int | str) -> "subprocess.Popen[str]":
    """Start a function of this file in a process of its own, whose hashes have another seed."""
    program = (
        "import json, pathlib, tests.sim.test_trading as t; "
        f"print(json.dumps(t.{function}(pathlib.Path({str(folder)!r}), {argument!r})))"
    )
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result_of(process: "subprocess.Popen[str]") -> dict[str, str]:
    """Return what the function in that process has returned."""
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    result: dict[str, str] = json.loads(out)
    return result


def logs_of_a_capture(folder: Path, capture: str) -> dict[str, str]:
    desk = Desk(folder, 5, captures=[capture], found=describe([capture]), speed=20.0)
    desk.start()
    desk.run(4)
    assert desk.figures("md").ticks.published > 5000
    return logs(desk)


def logs_of_a_run(folder: Path, seed: int) -> dict[str, str]:
    desk = Desk(folder, seed, network=FAULTY)
    desk.start()
    desk.run(8)
    nemesis(desk, random.Random(seed), 3)
    desk.run(5)
    assert desk.venue.exchange.figures().fills > 0
    return logs(desk)


def logs(desk: Desk) -> dict[str, str]:
    """Return a hash of every frame in every agent's log, in order."""
    result = {}
    for name in AGENTS:
        digest = hashlib.blake2b()
        frames = 0
        for _, frame in desk.simulator.nodes[name].log.scan():
            digest.update(frame)
            frames += 1
        result[name] = f"{frames}:{digest.hexdigest()}"
    return result

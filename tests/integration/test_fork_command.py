"""`tickmesh fork`: with nothing changed it is the run itself, and a changed limit shows where it decides first."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agents.backtest.fork import fork_backtest, original_run
from agents.backtest.fork.rest import RestOfRun, cut_of
from schemas.messages import Approved, OrderFilled
from schemas.streams import Kind
from tests.integration.backtest_run import backtest, leave_result, tickmesh

LOT_OF = {1: 100_000, 2: 10_000}
SPOT = "raw/binance-spot/cryptofeed/2021-04-05_BINANCE-b38f7c.0.gz"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return leave_result(tmp_path_factory.mktemp("fork"), duration_s=30.0)


def moment(run: Path, share: float) -> int:
    data = json.loads((run / "result.json").read_text())["data"]
    return int(data["first_ns"] + share * (data["last_ns"] - data["first_ns"]))


def forked(run: Path, at_ns: int, out: Path, *sets: str) -> Any:
    out.mkdir()
    return fork_backtest(original_run(run), at_ns, sets, out, lambda step, done, whole: None)


@pytest.mark.parametrize("share", [0.05, 0.4, 0.77, 0.999])
def test_with_nothing_changed_it_is_the_run_byte_for_byte(run, tmp_path, share):
    found = forked(run, moment(run, share), tmp_path / "out")
    assert found.equal
    assert found.partings == {"run-unchanged": None}
    assert found.sides["run"] == found.sides["unchanged"]
    for name in ("result.json", "orders.parquet", "trades.parquet", "equity.parquet"):
        assert (tmp_path / "out/unchanged" / name).read_bytes() == (run / name).read_bytes(), name


def test_so_it_is_on_what_was_recorded(data_dir, tmp_path):
    ended = backtest("--capture", str(data_dir / SPOT), "--out", str(tmp_path / "run"))
    assert ended.returncode == 0, ended.stderr
    for share in (0.3, 0.8):
        found = forked(tmp_path / "run", moment(tmp_path / "run", share), tmp_path / f"out{share}")
        assert found.equal
        assert found.sides["run"].fills > 20


def first_over(run: Path, at_ns: int, limit_e8: int) -> int:
    """Return when an order was approved first that may bring what is held over a limit, by the run's own fills."""
    original = original_run(run)
    whole = RestOfRun(run / "logs", {name: {} for name in cut_of(run / "logs", ["risk", "execution"])}, 0)
    told = [
        event for kind in (Kind.DECISION, Kind.ORDER) for each in whole.streams(kind) for event in whole.events(*each)
    ]
    clock = next(e.message.ts_recv_ns - e.header.recv_ns for e in told if isinstance(e.message, OrderFilled))
    held: dict[int, int] = {}
    for event in sorted(told, key=lambda each: each.header.send_ns):
        message = event.message
        if isinstance(message, OrderFilled):
            lot_e8 = 100_000_000 // LOT_OF[message.instrument_id]
            bought_e8 = message.side * message.last_qty_lots * lot_e8
            base = original.config.instruments[message.instrument_id - 1].base
            fee_e8 = message.commission_e8 if message.commission_asset == base else 0
            held[message.instrument_id] = held.get(message.instrument_id, 0) + bought_e8 - fee_e8
        elif isinstance(message, Approved) and message.side > 0 and event.header.send_ns + clock > at_ns:
            reached_e8 = (
                held.get(message.instrument_id, 0) + message.qty_lots * 100_000_000 // LOT_OF[message.instrument_id]
            )
            if reached_e8 > limit_e8:
                return event.header.send_ns + clock
    raise AssertionError("no order goes over it")


def test_a_lower_limit_denies_from_the_first_order_over_it(run, tmp_path):
    at_ns = moment(run, 0.4)
    found = forked(run, at_ns, tmp_path / "out", "agents.risk.limits.position_max=1")
    assert found.started_again == ["risk"]
    # To be started again makes no difference by itself here: what parts is the limit's doing.
    assert found.partings["run-unchanged"] is None
    parting = found.partings["unchanged-changed"]
    assert (parting.agent, parting.one.type, parting.other.type) == ("risk", "Approved", "Denied")
    assert parting.other.fields["reason"] == "MAX_POSITION"
    assert parting.wall_ns == first_over(run, at_ns, 100_000_000)
    was, now = found.sides["unchanged"], found.sides["changed"]
    assert was.denied.get("MAX_POSITION", 0) == 0
    assert now.denied["MAX_POSITION"] > 0
    assert now.orders == now.approved < was.approved
    assert all(float(each) <= 1.0 for each in now.positions.values())


def test_what_is_changed_of_a_strategy_is_seen_in_its_signals(run, tmp_path):
    out = tmp_path / "out"
    at = str(moment(run, 0.4))
    key = "agents.signal.strategies.ema_cross.params.fast"
    ended = tickmesh("fork", str(run), "--at", at, "--set", f"{key}=2", "--out", str(out), "--json")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found == json.loads((out / "fork.json").read_text())
    assert found["started_again"] == ["signal"]
    assert list(found["sides"]) == ["run", "unchanged", "changed"]
    assert found["partings"]["unchanged-changed"]["agent"] == "signal"
    assert (out / "changed/report.html").is_file()


def test_it_is_shown_side_by_side(run, tmp_path):
    ended = tickmesh(
        "fork",
        str(run),
        "--at",
        str(moment(run, 0.4)),
        "--set",
        "agents.risk.limits.position_max=1",
        "--out",
        str(tmp_path),
    )
    assert ended.returncode == 0, ended.stderr
    for text in ("started again: risk", "unchanged", "MAX_POSITION", "P&L", "part at", "Denied"):
        assert text in ended.stdout


def test_a_run_that_does_not_come_out_as_it_did_is_named(run, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(run, copied)
    text = (copied / "tickmesh.toml").read_text()
    (copied / "tickmesh.toml").write_text(text.replace('position_max = "100000000"', 'position_max = "0.1"'))
    ended = tickmesh("fork", str(copied), "--at", str(moment(run, 0.99)), "--out", str(tmp_path / "out"))
    assert ended.returncode == 1
    assert "does not come out as it did: risk: DECISION/0/" in ended.stderr


def test_what_is_wrong_is_named(run, tmp_path):
    at = str(moment(run, 0.5))
    taken = tmp_path / "taken"
    (taken / "changed").mkdir(parents=True)
    cases = [
        ((str(run), "--at", "noon"), 2, "noon"),
        ((str(run), "--at", "2020-01-01"), 66, "not in the run (allowed: after 2023-11-14 22:13:15"),
        ((str(run / "logs"), "--at", at), 66, "no run"),
        ((str(run), "--at", at, "--set", "agents.risk.limits.posmax=2"), 78, "no 'posmax' in agents.risk.limits"),
        ((str(run), "--at", at, "--out", str(taken)), 78, "holds a fork already"),
    ]
    for args, status, text in cases:
        ended = tickmesh("fork", *args, *(() if "--out" in args else ("--out", str(tmp_path / "out"))))
        assert (ended.returncode, text in ended.stderr) == (status, True), ended.stderr
